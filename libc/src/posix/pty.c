/* SPDX-License-Identifier: MIT */
/*
 * Pseudo-terminals: the master's side is opened at /dev/ptmx, the slave's is /dev/pts/N, whose number the master knows.
 * The name belongs to who opened the master, so there is nothing to grant.
 */
#include <abi/termios.h>
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utmp.h>

int posix_openpt(int flags)
{
	return open("/dev/ptmx", flags);
}

int grantpt(int fd)
{
	int index;

	return ioctl(fd, TIOCGPTN, &index);
}

int unlockpt(int fd)
{
	int locked = 0;

	return ioctl(fd, TIOCSPTLCK, &locked);
}

int ptsname_r(int fd, char *name, size_t size)
{
	int index;

	if (ioctl(fd, TIOCGPTN, &index) < 0)
		return errno;
	return (size_t)snprintf(name, size, "/dev/pts/%d", index) < size ? 0 : ERANGE;
}

char *ptsname(int fd)
{
	static char name[24];
	int error = ptsname_r(fd, name, sizeof(name));

	if (!error)
		return name;
	errno = error;
	return NULL;
}

int openpty(int *master, int *slave, char *name, const struct termios *t, const struct winsize *size)
{
	char path[24];
	int m = posix_openpt(O_RDWR | O_NOCTTY);

	if (m < 0)
		return -1;
	int s = unlockpt(m) < 0 || ptsname_r(m, path, sizeof(path)) ? -1 : open(path, O_RDWR | O_NOCTTY);
	if (s < 0) {
		close(m);
		return -1;
	}
	if (t)
		tcsetattr(s, TCSANOW, t);
	if (size)
		ioctl(s, TIOCSWINSZ, size);
	if (name)
		snprintf(name, sizeof(path), "%s", path);
	*master = m;
	*slave = s;
	return 0;
}

int login_tty(int fd)
{
	setsid();
	if (ioctl(fd, TIOCSCTTY, 0) < 0)
		return -1;
	for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
		dup2(fd, i);
	if (fd > STDERR_FILENO)
		close(fd);
	return 0;
}

pid_t forkpty(int *master, char *name, const struct termios *t, const struct winsize *size)
{
	int slave;

	if (openpty(master, &slave, name, t, size) < 0)
		return -1;
	pid_t pid = fork();
	if (pid == 0) {
		close(*master);
		if (login_tty(slave) < 0)
			_exit(1);
		return 0;
	}
	close(slave);
	if (pid < 0)
		close(*master);
	return pid;
}
