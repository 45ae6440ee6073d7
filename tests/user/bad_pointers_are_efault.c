/* SPDX-License-Identifier: MIT */
/* Any pointer a program can pass ends in an errno. */
#include "check.h"
#include <dirent.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

static void *const bad[] = { (void *)1, (void *)0x10000, (void *)0x7ffffffff000, (void *)0x7fffffffffff,
                             (void *)0x800000000000, (void *)0xffff800000000000, (void *)0xffffffff80000000,
                             (void *)-1 };

/* What ends with the mapping is whole; what goes on over its end is not. */
static void at_an_end(int fd)
{
	char *p = (char *)map_anon(2 * PAGE);
	char *volatile end = (char *)0x7ffffffff000, *top = end; /* of the user's half */

	CHECK(munmap(p + PAGE, PAGE) == 0);
	memcpy(p + PAGE - 2, "f", 2);
	CHECK(open(p + PAGE - 2, O_RDONLY) >= 0);
	p[PAGE - 1] = 'f';
	FAILS(open(p + PAGE - 2, O_RDONLY), EFAULT);
	/* unless the stack is there */
	mmap(top - PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	CHECK(pwrite(fd, top - 16, 16, 0) == 16);
	FAILS(pwrite(fd, top - 16, 17, 0), EFAULT);
	memset(top - 15, 0x55, 15);
	FAILS(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, top - 15), EFAULT);
	for (int i = 1; i <= 15; i++)
		CHECK(top[-i] == 0x55); /* nothing of it has been stored */
}

/* Half of it lies in a page that has to be read from the file first. */
static void over_a_page_that_is_not_there(void)
{
	unsigned char *p = map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, make_file("g", 2 * PAGE), 0);
	struct rlimit is, *limit = (void *)(p + PAGE - sizeof limit->rlim_cur);

	limit->rlim_cur = 5;
	CHECK(setrlimit(RLIMIT_CORE, limit) == 0 && getrlimit(RLIMIT_CORE, &is) == 0);
	CHECK(is.rlim_cur == 5 && is.rlim_max == limit->rlim_max);
}

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
	at_an_end(fd);
	over_a_page_that_is_not_there();
	return 0;
}
