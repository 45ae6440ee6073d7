/* SPDX-License-Identifier: MIT */
/* munmap takes any part of any number of mappings; what remains keeps its bytes. */
#include "check.h"

int main(void)
{
	unsigned char *p = map_anon(10 * PAGE);

	for (unsigned i = 0; i < 10; i++)
		STORE(p + i * PAGE, i + 1);
	CHECK(mprotect(p + 4 * PAGE, PAGE, PROT_READ) == 0);
	CHECK(munmap(p + 3 * PAGE, 4 * PAGE) == 0);
	CHECK(p[2 * PAGE] == 3 && p[7 * PAGE] == 8);
	DIES_BY(SIGSEGV, TOUCH(p + 3 * PAGE));
	DIES_BY(SIGSEGV, TOUCH(p + 6 * PAGE));
	CHECK(munmap(p, 10 * PAGE) == 0); /* holes do not matter */
	FAILS(munmap(p + 1, PAGE), EINVAL);
	FAILS(munmap(p, 0), EINVAL);
	return 0;
}
