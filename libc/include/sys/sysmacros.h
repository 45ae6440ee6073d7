/* SPDX-License-Identifier: MIT */
/* Device numbers: 12 and 20 bits of major and minor in the order Linux packs them. */
#ifndef SYS_SYSMACROS_H
#define SYS_SYSMACROS_H

#define major(dev) \
	((unsigned)(((unsigned long)(dev) >> 31 >> 1 & 0xfffff000) | ((dev) >> 8 & 0x00000fff)))
#define minor(dev) ((unsigned)(((unsigned long)(dev) >> 12 & 0xffffff00) | ((dev) & 0x000000ff)))
#define makedev(maj, min) \
	(((maj) & 0xfffff000ul) << 32 | ((maj) & 0x00000ffful) << 8 | ((min) & 0xffffff00ul) << 12 | \
	 ((min) & 0x000000fful))

#endif
