/* SPDX-License-Identifier: MIT */
/* A store through MAP_SHARED is what read() finds, at once, and after the mapping is gone. */
#include "check.h"

int main(void)
{
	int fd = make_file("f", 3 * PAGE + 10);
	unsigned char *p = map(3 * PAGE + 10, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), byte;

	STORE(p + PAGE + 5, 200);
	CHECK(pread(fd, &byte, 1, PAGE + 5) == 1 && byte == 200);
	CHECK(munmap(p, 3 * PAGE + 10) == 0);
	CHECK(pread(fd, &byte, 1, PAGE + 5) == 1 && byte == 200);
	CHECK(close(fd) == 0);
	fd = open("f", O_RDONLY);
	CHECK(pread(fd, &byte, 1, PAGE + 5) == 1 && byte == 200);
	CHECK(pread(fd, &byte, 1, PAGE + 6) == 1 && byte == (PAGE + 6) % 251 + 1);
	return 0;
}
