/* SPDX-License-Identifier: MIT */
/* The tail of the last page reads zero; a page wholly past the end is SIGBUS; after munmap it is SIGSEGV. */
#include "check.h"

int main(void)
{
	int fd = make_file("f", PAGE + 100);
	unsigned char *p = map(4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	CHECK(p[PAGE + 99] != 0);
	for (size_t i = PAGE + 100; i < 2 * PAGE; i++)
		CHECK(p[i] == 0);
	DIES_BY(SIGBUS, TOUCH(p + 2 * PAGE));
	DIES_BY(SIGBUS, STORE(p + 3 * PAGE, 1));
	CHECK(munmap(p, 4 * PAGE) == 0);
	DIES_BY(SIGSEGV, TOUCH(p));
	return 0;
}
