/* SPDX-License-Identifier: MIT */
/*
 * A write whose buffer ends half-way into a page of the file changes the bytes it had, and no others; also when the
 * page is not in memory. Argument: a file whose pages nobody has read since boot; without one a file is made here.
 */
#include "check.h"

int main(int argc, char **argv)
{
	int fd = argc > 1 ? open(argv[1], O_RDWR) : make_file("f", 2 * PAGE);
	unsigned char *p = map_anon(2 * PAGE), buf[PAGE];

	CHECK(fd >= 0 && munmap(p + PAGE, PAGE) == 0);
	memset(p, 'x', PAGE);
	CHECK(pwrite(fd, p + PAGE - 100, PAGE, 0) == 100);
	CHECK(pread(fd, buf, PAGE, 0) == (ssize_t)PAGE);
	for (size_t i = 0; i < PAGE; i++)
		CHECK(buf[i] == (i < 100 ? 'x' : i % 251 + 1));
	FAILS(pwrite(fd, p + PAGE, PAGE, PAGE), EFAULT);
	CHECK(pread(fd, buf, PAGE, PAGE) == (ssize_t)PAGE && buf[0] == PAGE % 251 + 1 &&
	      buf[PAGE - 1] == (2 * PAGE - 1) % 251 + 1);
	return 0;
}
