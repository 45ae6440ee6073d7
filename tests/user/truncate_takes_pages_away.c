/* SPDX-License-Identifier: MIT */
/* Truncation takes pages from live mappings, private copies too; growing again shows zeros. */
#include "check.h"

int main(void)
{
	int fd = make_file("f", 3 * PAGE);
	unsigned char *s = map(3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	unsigned char *p = map(3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	STORE(p + 2 * PAGE, 55);
	STORE(s + PAGE + 500, 66);
	CHECK(ftruncate(fd, PAGE + 400) == 0);
	DIES_BY(SIGBUS, TOUCH(s + 2 * PAGE));
	DIES_BY(SIGBUS, TOUCH(p + 2 * PAGE));
	CHECK(s[PAGE + 399] == (PAGE + 399) % 251 + 1 && s[PAGE + 400] == 0 && s[PAGE + 500] == 0);
	CHECK(ftruncate(fd, 3 * PAGE) == 0);
	CHECK(s[PAGE + 500] == 0 && s[2 * PAGE] == 0 && p[2 * PAGE] == 0);
	return 0;
}
