/* SPDX-License-Identifier: MIT */
/* A buffer that ends in unmapped memory gives a short count, and EFAULT only when nothing was done. */
#include "check.h"

int main(void)
{
	int fd = make_file("f", 3 * PAGE);
	unsigned char *p = map_anon(2 * PAGE);

	CHECK(munmap(p + PAGE, PAGE) == 0);
	CHECK(pread(fd, p + PAGE - 100, 2000, 0) == 100);
	CHECK(p[PAGE - 1] == 100);
	FAILS(pread(fd, p + PAGE, 100, 0), EFAULT);
	FAILS(pwrite(fd, p + PAGE, 100, 0), EFAULT);
	return 0;
}
