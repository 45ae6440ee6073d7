/* SPDX-License-Identifier: MIT */
/* write() and a mapping are one: what is written appears in shared and in untouched private mappings. */
#include "check.h"

int main(void)
{
	int fd = make_file("f", 2 * PAGE);
	unsigned char *s = map(2 * PAGE, PROT_READ, MAP_SHARED, fd, 0),
		*p = map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	TOUCH(s);
	TOUCH(p);
	STORE(p + PAGE, 99);
	CHECK(pwrite(fd, "\x07", 1, 3) == 1);
	CHECK(pwrite(fd, "\x08", 1, PAGE) == 1);
	CHECK(s[3] == 7 && p[3] == 7);
	CHECK(s[PAGE] == 8 && p[PAGE] == 99);
	return 0;
}
