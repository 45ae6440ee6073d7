/* SPDX-License-Identifier: MIT */
/* A descriptor's offset is common to parent and child; closing in one leaves the other's open. */
#include "check.h"

int main(void)
{
	int fd = make_file("f", 100);
	unsigned char byte;

	CHECK(lseek(fd, 10, SEEK_SET) == 10);
	CHILD_PASSES({
		CHECK(read(fd, &byte, 1) == 1 && byte == 11);
		CHECK(close(fd) == 0);
	});
	CHECK(read(fd, &byte, 1) == 1 && byte == 12);
	int copy = dup(fd);
	CHECK(lseek(copy, 0, SEEK_SET) == 0 && lseek(fd, 0, SEEK_CUR) == 0);
	return 0;
}
