/* SPDX-License-Identifier: MIT */
/*
 * What a command of ioctl(2) is made of, if it was made by these macros: so the kernel knows how many bytes behind the
 * argument a driver that it has never heard of wants to read or store. Older commands (terminals, framebuffers) are
 * bare numbers.
 *
 *      31 30   29          16   15     8   7      0
 *      direction   size           type      number
 */
#ifndef ABI_IOCTL_H
#define ABI_IOCTL_H

#define _IOC_NONE  0u
#define _IOC_WRITE 1u /* the caller's bytes go to the driver */
#define _IOC_READ  2u

#define _IOC(direction, type, number, size) \
	((unsigned)(direction) << 30 | (unsigned)(size) << 16 | (unsigned)(type) << 8 | (unsigned)(number))
#define _IO(type, number)        _IOC(_IOC_NONE, type, number, 0)
#define _IOR(type, number, of)   _IOC(_IOC_READ, type, number, sizeof(of))
#define _IOW(type, number, of)   _IOC(_IOC_WRITE, type, number, sizeof(of))
#define _IOWR(type, number, of)  _IOC(_IOC_READ | _IOC_WRITE, type, number, sizeof(of))

#define _IOC_DIR(command)  ((command) >> 30 & 3u)
#define _IOC_SIZE(command) ((command) >> 16 & 0x3fffu)
#define _IOC_TYPE(command) ((command) >> 8 & 0xffu)
#define _IOC_NR(command)   ((command) & 0xffu)

#endif
