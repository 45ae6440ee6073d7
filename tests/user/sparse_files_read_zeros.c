/* SPDX-License-Identifier: MIT */
/* A hole reads as zeros, by read and through a mapping; a store fills only its own page. */
#include "check.h"

int main(void)
{
	int fd = open("f", O_RDWR | O_CREAT, 0644);
	struct stat st;
	char buf[10];

	CHECK(pwrite(fd, "end", 3, 5000000) == 3);
	CHECK(fstat(fd, &st) == 0 && st.st_size == 5000003 && st.st_blocks < 200);
	CHECK(pread(fd, buf, 10, 2000000) == 10 && buf[0] == 0 && buf[9] == 0);
	unsigned char *p = map(5000003, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p[1000000] == 0 && p[5000000] == 'e');
	STORE(p + 3000000, 1);
	CHECK(msync(p, 5000003, MS_SYNC) == 0);
	CHECK(fstat(fd, &st) == 0 && st.st_blocks < 300);
	CHECK(pread(fd, buf, 1, 3000000) == 1 && buf[0] == 1);
	return 0;
}
