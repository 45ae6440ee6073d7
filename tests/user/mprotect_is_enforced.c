/* SPDX-License-Identifier: MIT */
/* mprotect takes rights away and gives them back, to part of a mapping, and keeps the bytes. */
#include "check.h"

int main(void)
{
	unsigned char *p = map_anon(3 * PAGE);

	memset(p, 5, 3 * PAGE);
	CHECK(mprotect(p + PAGE, PAGE, PROT_READ) == 0);
	DIES_BY(SIGSEGV, STORE(p + PAGE, 1));
	STORE(p, 6);
	CHECK(p[PAGE] == 5);
	CHECK(mprotect(p + PAGE, PAGE, PROT_NONE) == 0);
	DIES_BY(SIGSEGV, TOUCH(p + PAGE));
	FAILS(write(open("f", O_CREAT | O_RDWR, 0600), p + PAGE, 1), EFAULT);
	CHECK(mprotect(p, 3 * PAGE, PROT_READ | PROT_WRITE) == 0);
	CHECK(p[PAGE] == 5 && p[0] == 6);
	STORE(p + PAGE, 7);
	DIES_BY(SIGSEGV, ((void (*)(void))p)()); /* data is not code */
	CHECK(munmap(p + PAGE, PAGE) == 0);
	FAILS(mprotect(p, 3 * PAGE, PROT_READ), ENOMEM);
	return 0;
}
