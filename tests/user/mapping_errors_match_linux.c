/* SPDX-License-Identifier: MIT */
/* Errors of mmap and mprotect that depend on the order of Linux's checks, and on what is mapped. */
#include "check.h"
#include <sys/syscall.h>

#ifndef MAP_SHARED_VALIDATE
#define MAP_SHARED_VALIDATE 3
#endif

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define SEM 0x8 /* PROT_SEM */

static long protect(void *p, size_t len, long prot) { return syscall(SYS_mprotect, p, len, prot); }

int main(void)
{
	int fd = make_file("f", PAGE);
	unsigned char *p = map_anon(3 * PAGE);
	void *high;

	FAILS(mmap(NULL, PAGE, PROT_READ, MAP_SHARED_VALIDATE | MAP_ANONYMOUS, -1, 0), EINVAL);
	FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_GROWSDOWN, fd, 0), EINVAL);
	FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, (off_t)(1ul << 63)), EOVERFLOW);
	FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, (off_t)-PAGE), EOVERFLOW);
	high = (void *)syscall(SYS_mmap, NULL, PAGE, PROT_READ, ANON, -1, -PAGE); /* the offset means nothing */
	CHECK(high != MAP_FAILED && munmap(high, PAGE) == 0);
	FAILS(mmap((void *)0x7ffffffff001, PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0), ENOMEM);
	FAILS(mmap(p + 1, PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0), EINVAL);
	FAILS(mmap(NULL, 1ul << 42, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), ENOMEM);
	high = mmap((void *)(1ul << 40), PAGE, PROT_READ, ANON | MAP_32BIT, -1, 0);
	CHECK(high != MAP_FAILED && (uintptr_t)high < 1ul << 31);

	CHECK(protect(p, 0, 0x100) == 0);
	CHECK(protect(p, PAGE, PROT_READ | SEM) == 0);
	FAILS(protect(p, PAGE, 0x100), EINVAL);
	FAILS(protect(p + 1, PAGE, 0x100), EINVAL);
	FAILS(protect(p, ~0ul, PROT_READ), ENOMEM);
	FAILS(protect(p, PAGE, PROT_READ | 0x01000000), EINVAL); /* PROT_GROWSDOWN, and this does not */
	FAILS(protect(p, PAGE, PROT_READ | 0x02000000), EINVAL);
	CHECK(munmap(p + PAGE, PAGE) == 0);
	FAILS(protect(p, 3 * PAGE, PROT_NONE), ENOMEM);
	DIES_BY(SIGSEGV, TOUCH(p)); /* what came before the hole has changed */
	STORE(p + 2 * PAGE, 1);     /* what came after has not */
	FAILS(munmap(p, 0), EINVAL);
	FAILS(munmap(p, ~0ul), EINVAL);
	CHECK(munmap(p, 3 * PAGE) == 0 && munmap(p, 3 * PAGE) == 0);
	return 0;
}
