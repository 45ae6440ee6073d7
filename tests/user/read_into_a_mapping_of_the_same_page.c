/* SPDX-License-Identifier: MIT */
/* read() into a mapping of the very page being read, and write() out of it, both touched for the first time. */
#include "check.h"

int main(void)
{
	int fd = make_file("f", 2 * PAGE);
	unsigned char *p = map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	CHECK(pread(fd, p, PAGE, 0) == (ssize_t)PAGE);
	CHECK(p[10] == 11);
	CHECK(pwrite(fd, p + PAGE, PAGE, PAGE) == (ssize_t)PAGE);
	CHECK(p[PAGE + 10] == (PAGE + 10) % 251 + 1);
	return 0;
}
