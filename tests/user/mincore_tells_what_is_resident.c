/* SPDX-License-Identifier: MIT */
/*
 * mincore tells touched pages from untouched ones, shows the page cache to who may know, and refuses holes and bad
 * vectors.
 */
#define _GNU_SOURCE
#include "check.h"
#include <sys/syscall.h>

static void the_cache_is_shown_to_the_owner(void)
{
	int fd = open("sparse", O_RDWR | O_CREAT, 0644);
	CHECK(fd >= 0 && ftruncate(fd, 600 * PAGE) == 0);
	unsigned char *f = map(600 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0), vec[600];

	STORE(f + 520 * PAGE, 1);
	CHECK(pwrite(fd, f + 520 * PAGE, PAGE, 3 * PAGE) == (ssize_t)PAGE);
	CHECK(syscall(SYS_mincore, f, 600 * PAGE, vec) == 0);
	for (int i = 0; i < 100; i++)
		CHECK((vec[i] & 1) == (i == 3));
	CHECK(vec[520] & 1);
	if (getuid() != 0)
		return;
	CHILD_PASSES({
		CHECK(setuid(1000) == 0);
		CHECK(syscall(SYS_mincore, f, 600 * PAGE, vec) == 0);
		for (int i = 0; i < 600; i++)
			CHECK(vec[i] & 1);
	});
}

int main(void)
{
	unsigned char *p = map_anon(4 * PAGE), vec[4];

	STORE(p + PAGE, 1);
	CHECK(syscall(SYS_mincore, p, 4 * PAGE, vec) == 0);
	CHECK(!(vec[0] & 1) && vec[1] & 1 && !(vec[2] & 1) && !(vec[3] & 1));
	int fd = make_file("f", 2 * PAGE);
	unsigned char *f = map(2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(syscall(SYS_mincore, f, 2 * PAGE, vec) == 0 && vec[0] & 1 && vec[1] & 1);
	FAILS(syscall(SYS_mincore, p + 1, PAGE, vec), EINVAL);
	FAILS(syscall(SYS_mincore, p, PAGE, 1), EFAULT);
	CHECK(munmap(p + 2 * PAGE, PAGE) == 0);
	memset(vec, 9, 4);
	FAILS(syscall(SYS_mincore, p, 4 * PAGE, vec), ENOMEM);
	CHECK(vec[0] == 0 && vec[1] == 1 && vec[2] == 9 && vec[3] == 9); /* what lies below the hole has been told */
	CHECK(mprotect(p, 2 * PAGE, PROT_NONE) == 0);
	CHECK(syscall(SYS_mincore, p, PAGE + 1, vec) == 0 && vec[0] == 0 && vec[1] == 1);
	CHECK(syscall(SYS_mincore, p + 2 * PAGE, 0, vec) == 0);
	FAILS(syscall(SYS_mincore, p, 1ul << 63, vec), ENOMEM);
	FAILS(syscall(SYS_mincore, p, PAGE, -1ul), EFAULT);
	the_cache_is_shown_to_the_owner();
	return 0;
}
