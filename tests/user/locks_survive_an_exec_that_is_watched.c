/* SPDX-License-Identifier: MIT */
/*
 * A process keeps its locks on files when it executes a program, also while others look at its descriptors through
 * /proc: a look makes nobody an owner of them.
 */
#include <dirent.h>

#include "check.h"

#define EXECS 300

static struct flock whole(short type)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET };
}

/* Lists, and asks about, the descriptors of the parent until it is gone. */
static void watch(pid_t parent)
{
	char dir[32], name[64], text[256];

	snprintf(dir, sizeof(dir), "/proc/%d/fdinfo", (int)parent);
	while (getppid() == parent) {
		DIR *d = opendir(dir);
		struct dirent *e;
		while (d && (e = readdir(d))) {
			snprintf(name, sizeof(name), "%s/%.20s", dir, e->d_name);
			int fd = open(name, O_RDONLY);
			if (fd >= 0 && read(fd, text, sizeof(text)) < 0)
				errno = 0; /* it has been closed meanwhile */
			close(fd);
		}
		if (d)
			closedir(d);
	}
	_exit(0);
}

static void is_locked(int fd)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		struct flock lock = whole(F_WRLCK);
		_exit(fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type == F_WRLCK && lock.l_pid == getppid() ? 0 : 1);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(status == 0);
}

int main(int argc, char **argv)
{
	char left[16], number[16];
	int fd = argc > 2 ? atoi(argv[2]) : open("file", O_RDWR | O_CREAT, 0644);
	int execs = argc > 1 ? atoi(argv[1]) : EXECS;

	CHECK(fd >= 0);
	if (argc < 2) {
		pid_t self = getpid();
		struct flock lock = whole(F_WRLCK);
		CHECK(fcntl(fd, F_SETLK, &lock) == 0);
		for (int i = 0; i < 3; i++)
			if (!fork())
				watch(self);
	}
	if (execs % 10 == 0)
		is_locked(fd);
	if (!execs)
		return 0;
	snprintf(left, sizeof(left), "%d", execs - 1);
	snprintf(number, sizeof(number), "%d", fd);
	execl("/proc/self/exe", argv[0], left, number, NULL);
	CHECK(!"executed");
}
