/* SPDX-License-Identifier: MIT */
/* mincore tells touched pages from untouched ones, knows the page cache, and refuses holes and bad vectors. */
#define _GNU_SOURCE
#include "check.h"
#include <sys/syscall.h>

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
	FAILS(syscall(SYS_mincore, p, 4 * PAGE, vec), ENOMEM);
	return 0;
}
