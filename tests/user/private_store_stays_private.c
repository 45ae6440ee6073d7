/* SPDX-License-Identifier: MIT */
/* A store through MAP_PRIVATE changes neither the file nor any other mapping of it. */
#include "check.h"

int main(void)
{
	int fd = make_file("f", PAGE);
	unsigned char *a = map(PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0),
		*b = map(PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	unsigned char *s = map(PAGE, PROT_READ, MAP_SHARED, fd, 0), byte;

	STORE(a, 77);
	CHECK(a[0] == 77 && b[0] == 1 && s[0] == 1);
	CHECK(pread(fd, &byte, 1, 0) == 1 && byte == 1);
	CHECK(a[1] == 2);
	return 0;
}
