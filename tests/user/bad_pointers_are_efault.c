/* SPDX-License-Identifier: MIT */
/* Any pointer a program can pass ends in an errno. */
#include "check.h"
#include <dirent.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

static void *const bad[] = { (void *)1, (void *)0x10000, (void *)0x7ffffffff000, (void *)0x7fffffffffff,
                             (void *)0x800000000000, (void *)0xffff800000000000, (void *)0xffffffff80000000, (void *)-1 };

int main(void)
{
	int fd = make_file("f", PAGE), dir = open(".", O_RDONLY), pipes[2];

	CHECK(pipe(pipes) == 0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		void *p = bad[i];
		FAILS(pread(fd, p, 10, 0), EFAULT);
		FAILS(write(fd, p, 10), EFAULT);
		FAILS(write(pipes[1], p, 10), EFAULT);
		FAILS(syscall(SYS_open, p, O_RDONLY), EFAULT);
		FAILS(syscall(SYS_fstat, fd, p), EFAULT);
		FAILS(syscall(SYS_getdents64, dir, p, 500), EFAULT);
		FAILS(syscall(SYS_pipe, p), EFAULT);
		FAILS(syscall(SYS_rt_sigaction, SIGUSR1, p, NULL, 8), EFAULT);
		FAILS(syscall(SYS_clock_gettime, CLOCK_REALTIME, p), EFAULT);
		FAILS(syscall(SYS_nanosleep, p, NULL), EFAULT);
		FAILS(syscall(SYS_uname, p), EFAULT);
		FAILS(syscall(SYS_execve, p, NULL, NULL), EFAULT);
		FAILS(syscall(SYS_readv, fd, p, 1), EFAULT);
		FAILS(syscall(SYS_getcwd, p, 100), EFAULT);
	}
	return 0;
}
