/* SPDX-License-Identifier: MIT */
/* Terminal modes. */
#ifndef TERMIOS_H
#define TERMIOS_H

#include <abi/termios.h>
#include <bits/types.h>
#include <sys/cdefs.h>

typedef unsigned char cc_t;
typedef unsigned int speed_t;
typedef unsigned int tcflag_t;

#define NCCS ABI_NCCS
#define TCIFLUSH 0
#define TCOFLUSH 1
#define TCIOFLUSH 2

struct termios {
	tcflag_t c_iflag, c_oflag, c_cflag, c_lflag;
	cc_t c_line;
	cc_t c_cc[NCCS];
};

__BEGIN_DECLS
int tcgetattr(int fd, struct termios *t);
int tcsetattr(int fd, int when, const struct termios *t);
int tcflush(int fd, int queue);
int tcflow(int fd, int action);
int tcdrain(int fd);
int tcsendbreak(int fd, int duration);
pid_t tcgetpgrp(int fd);
int tcsetpgrp(int fd, pid_t group);
pid_t tcgetsid(int fd);
void cfmakeraw(struct termios *t);
speed_t cfgetispeed(const struct termios *t);
speed_t cfgetospeed(const struct termios *t);
__END_DECLS

#endif
