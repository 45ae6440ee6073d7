/* SPDX-License-Identifier: MIT */
/* A mapping outlives the descriptor and the name; the data is there until the last mapping goes. */
#include "check.h"

int main(void)
{
	int fd = make_file("f", 2 * PAGE);
	unsigned char *p = map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	CHECK(close(fd) == 0 && unlink("f") == 0);
	FAILS(open("f", O_RDONLY), ENOENT);
	CHECK(p[PAGE + 1] == (PAGE + 1) % 251 + 1);
	STORE(p, 3);
	CHECK(p[0] == 3 && msync(p, 2 * PAGE, MS_SYNC) == 0);
	return 0;
}
