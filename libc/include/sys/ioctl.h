/* SPDX-License-Identifier: MIT */
/* ioctl and the terminal's window size. */
#ifndef SYS_IOCTL_H
#define SYS_IOCTL_H

#include <abi/ioctl.h>
#include <abi/termios.h>
#include <sys/cdefs.h>

struct winsize {
	unsigned short ws_row, ws_col, ws_xpixel, ws_ypixel;
};

__BEGIN_DECLS
int ioctl(int fd, unsigned long request, ...);
__END_DECLS

#endif
