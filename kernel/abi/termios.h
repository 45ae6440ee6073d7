/* SPDX-License-Identifier: MIT */
/* The terminal: struct termios as TCGETS sees it, ioctl numbers (ioctl_tty(2)). */
#ifndef ABI_TERMIOS_H
#define ABI_TERMIOS_H

#include <abi/types.h>

#define TCGETS 0x5401
#define TCSETS 0x5402
#define TCSETSW 0x5403
#define TCSETSF 0x5404
#define TCSBRK 0x5409
#define TCXONC 0x540a
#define TCFLSH 0x540b
#define TIOCSCTTY 0x540e
#define TIOCGPGRP 0x540f
#define TIOCSPGRP 0x5410
#define TIOCOUTQ 0x5411
#define TIOCNOTTY 0x5422
#define TIOCGSID 0x5429
#define TIOCGWINSZ 0x5413
#define TIOCSWINSZ 0x5414
#define TIOCOUTQ 0x5411
#define FIONREAD 0x541b
#define FIONBIO 0x5421
#define FIOASYNC 0x5452

#define VINTR 0
#define VQUIT 1
#define VERASE 2
#define VKILL 3
#define VEOF 4
#define VTIME 5
#define VMIN 6
#define VSTART 8
#define VSTOP 9
#define VSUSP 10
#define VEOL 11
#define VREPRINT 12
#define VDISCARD 13
#define VWERASE 14
#define VLNEXT 15
#define VEOL2 16
#define TCOOFF 0
#define TCOON 1
#define TCIOFF 2
#define TCION 3
#define TCIFLUSH 0
#define TCOFLUSH 1
#define TCIOFLUSH 2
#define ABI_NCCS 19

#define BRKINT 0000002
#define INPCK  0000020
#define ISTRIP 0000040
#define ICRNL 0000400
#define INLCR 0000100
#define IGNCR 0000200
#define IXON  0002000
#define OPOST 0000001
#define ONLCR 0000004
#define CSIZE 0000060
#define CS8   0000060
#define CREAD 0000200
#define B38400 0000017
#define ISIG   0000001
#define ICANON 0000002
#define ECHO   0000010
#define ECHOE  0000020
#define ECHOK  0000040
#define ECHONL 0000100
#define NOFLSH 0000200
#define TOSTOP 0000400
#define ECHOCTL 0001000
#define ECHOKE 0004000
#define IEXTEN 0100000
#define TCSANOW 0
#define TCSADRAIN 1
#define TCSAFLUSH 2

struct abi_termios {
	uint32_t c_iflag, c_oflag, c_cflag, c_lflag;
	uint8_t c_line;
	uint8_t c_cc[ABI_NCCS];
};

struct abi_winsize { uint16_t ws_row, ws_col, ws_xpixel, ws_ypixel; };

#endif
