/* SPDX-License-Identifier: MIT */
/*
 * Terminals: modes, flushing, the foreground group, and the question whether there is one.
 *
 * struct termios is the kernel's structure (19 control characters, no speeds), unlike glibc's, which
 * is longer; a program compiled here passes it straight through. isatty asks for the modes, as all
 * of Unix does, and leaves ENOTTY behind when the answer is no.
 *
 * ttyname can only look where terminals usually are: /proc when there is one, else /dev/console.
 */
#include "../internal.h"
#include <abi/termios.h>
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static_assert(sizeof(struct termios) == sizeof(struct abi_termios), "termios is the kernel's");
static_assert(sizeof(struct winsize) == sizeof(struct abi_winsize), "winsize is the kernel's");

int tcgetattr(int fd, struct termios *t)
{
	return ioctl(fd, TCGETS, t);
}

int tcsetattr(int fd, int when, const struct termios *t)
{
	if (when < TCSANOW || when > TCSAFLUSH) {
		errno = EINVAL;
		return -1;
	}
	return ioctl(fd, TCSETS + (unsigned int)when, t);
}

int tcflow(int fd, int action)
{
	return ioctl(fd, TCXONC, action);
}

int tcflush(int fd, int queue)
{
	return ioctl(fd, TCFLSH, queue);
}

/* TCSBRK with an argument that is not zero waits until output has drained, and sends no break. */
int tcdrain(int fd)
{
	return ioctl(fd, TCSBRK, 1);
}

int tcsendbreak(int fd, int duration)
{
	(void)duration;
	return ioctl(fd, TCSBRK, 0);
}

pid_t tcgetpgrp(int fd)
{
	pid_t group;

	return ioctl(fd, TIOCGPGRP, &group) < 0 ? -1 : group;
}

int tcsetpgrp(int fd, pid_t group)
{
	return ioctl(fd, TIOCSPGRP, &group);
}

pid_t tcgetsid(int fd)
{
	int session;

	return ioctl(fd, TIOCGSID, &session) < 0 ? -1 : session;
}

void cfmakeraw(struct termios *t)
{
	t->c_iflag &= ~(tcflag_t)(BRKINT | INLCR | IGNCR | ICRNL | ISTRIP | IXON);
	t->c_oflag &= ~(tcflag_t)OPOST;
	t->c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	t->c_cflag = (t->c_cflag & ~(tcflag_t)CSIZE) | CS8;
	t->c_cc[VMIN] = 1;
	t->c_cc[VTIME] = 0;
}

speed_t cfgetispeed(const struct termios *t)
{
	return cfgetospeed(t);
}

speed_t cfgetospeed(const struct termios *t)
{
	return t->c_cflag & CBAUD;
}

int isatty(int fd)
{
	struct termios t;

	return tcgetattr(fd, &t) == 0;
}

int ttyname_r(int fd, char *name, size_t size)
{
	char link[32];
	ssize_t n;

	if (!isatty(fd))
		return errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, name, size);
	if (n < 0)
		return strlcpy(name, "/dev/console", size) < size ? 0 : ERANGE;
	if ((size_t)n == size)
		return ERANGE;
	name[n] = '\0';
	return 0;
}

char *ttyname(int fd)
{
	static char name[64];
	int error = ttyname_r(fd, name, sizeof(name));

	if (!error)
		return name;
	errno = error;
	return NULL;
}

char *ctermid(char *name)
{
	static char own[16];

	return strcpy(name ? name : own, "/dev/tty");
}
