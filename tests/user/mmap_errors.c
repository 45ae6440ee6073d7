/* SPDX-License-Identifier: MIT */
/* mmap's errors, in the order in which Linux looks for them. */
#include "check.h"
#include <sys/resource.h>
#include <sys/syscall.h>

static void what_users_may_not(void)
{
	struct rlimit three = { 3 * PAGE, 3 * PAGE };
	unsigned char *p = map_anon(4 * PAGE);

	CHECK(setrlimit(RLIMIT_MEMLOCK, &three) == 0 && setuid(1000) == 0);
	FAILS(mlock(p, 4 * PAGE), ENOMEM);
	CHECK(mlock(p, 3 * PAGE) == 0);
	FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), EPERM);
}

int main(void)
{
	int fd = make_file("f", PAGE);

	FAILS(mmap(NULL, 0, PROT_READ, MAP_PRIVATE, fd, 0), EINVAL);
	FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 1), EINVAL);
	FAILS(mmap(NULL, PAGE, PROT_READ, 0, fd, 0), EINVAL);
	FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);
	FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 1000, 0), EBADF);
	FAILS(mmap(NULL, ~0ul, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	FAILS(mmap(NULL, 1ul << 47, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, open(".", O_RDONLY), 0), ENODEV);
	int pipes[2];
	CHECK(pipe(pipes) == 0);
	FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, pipes[0], 0), ENODEV);
	FAILS(msync((void *)0x10001, PAGE, MS_SYNC), EINVAL);
	FAILS(msync((void *)0x10000, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
	FAILS(msync((void *)0x10000, PAGE, MS_SYNC), ENOMEM);
	FAILS(mprotect((void *)0x10000, PAGE, PROT_READ), ENOMEM);
	unsigned char *hole = map_anon(3 * PAGE);
	CHECK(munmap(hole + PAGE, PAGE) == 0);
	FAILS(msync(hole, 3 * PAGE, MS_SYNC), ENOMEM);
	FAILS(msync(hole, 3 * PAGE, MS_ASYNC), ENOMEM);
	if (getuid() == 0)
		CHILD_PASSES(what_users_may_not());
	FAILS(syscall(SYS_mprotect, 0x10001, PAGE, PROT_READ), EINVAL); /* a C library may align the address */
	return 0;
}
