/* SPDX-License-Identifier: MIT */
/* Bytes stored past the end of a file are not in the file, neither at once, nor when it grows, nor after a sync. */
#include "check.h"

int main(void)
{
	int fd = make_file("f", 100);
	unsigned char *p = map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), buf[PAGE];
	struct stat st;

	memset(p + 50, 'x', 2000);
	CHECK(msync(p, PAGE, MS_SYNC) == 0);
	CHECK(fstat(fd, &st) == 0 && st.st_size == 100);
	CHECK(pread(fd, buf, PAGE, 0) == 100);
	CHECK(ftruncate(fd, 1000) == 0);
	CHECK(pread(fd, buf, PAGE, 0) == 1000 && buf[99] == 'x' && buf[100] == 0 && buf[999] == 0);
	CHECK(p[100] == 0 && p[999] == 0);
	return 0;
}
