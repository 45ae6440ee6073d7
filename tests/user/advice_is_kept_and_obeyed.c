/* SPDX-License-Identifier: MIT */
/*
 * madvise: DONTNEED gives zeros, DONTFORK and WIPEONFORK show in the child, POPULATE brings pages in, and errors leave
 * done what came before.
 */
#define _GNU_SOURCE
#include "check.h"

static unsigned resident(void *p, unsigned npages)
{
	unsigned char vec[64];
	unsigned n = 0;

	CHECK(mincore(p, npages * PAGE, vec) == 0);
	for (unsigned i = 0; i < npages; i++)
		n += vec[i] & 1;
	return n;
}

int main(void)
{
	unsigned char *p = map_anon(8 * PAGE);

	for (int i = 0; i < 8; i++)
		STORE(p + i * PAGE, i + 1);
	CHECK(madvise(p + PAGE, 2 * PAGE, MADV_DONTNEED) == 0);
	CHECK(p[0] == 1 && p[PAGE] == 0 && p[2 * PAGE] == 0 && p[3 * PAGE] == 4);
	/* A hole is told, and what lies behind it is done. */
	CHECK(munmap(p + 4 * PAGE, PAGE) == 0);
	FAILS(madvise(p + 3 * PAGE, 3 * PAGE, MADV_DONTNEED), ENOMEM);
	CHECK(p[3 * PAGE] == 0 && p[5 * PAGE] == 0 && p[6 * PAGE] == 7);
	CHECK(madvise(p + 4 * PAGE, 0, MADV_DONTNEED) == 0);
	FAILS(madvise(p + 1, PAGE, MADV_DONTNEED), EINVAL);
	FAILS(madvise(p, PAGE, 5), EINVAL);
	FAILS(madvise(p, ~0ul, MADV_DONTNEED), EINVAL);

	CHECK(madvise(p + 6 * PAGE, PAGE, MADV_WIPEONFORK) == 0 && madvise(p + 7 * PAGE, PAGE, MADV_DONTFORK) == 0);
	CHILD_PASSES(CHECK(p[0] == 1 && p[6 * PAGE] == 0));
	DIES_BY(SIGSEGV, TOUCH(p + 7 * PAGE));
	CHECK(p[6 * PAGE] == 7 && p[7 * PAGE] == 8);
	CHECK(madvise(p + 6 * PAGE, PAGE, MADV_KEEPONFORK) == 0 && madvise(p + 7 * PAGE, PAGE, MADV_DOFORK) == 0);
	CHILD_PASSES(CHECK(p[6 * PAGE] == 7 && p[7 * PAGE] == 8));
	FAILS(mlock(p + 4 * PAGE, PAGE), ENOMEM);

	unsigned char *q = map_anon(16 * PAGE);
	CHECK(madvise(q, 16 * PAGE, 22 /* MADV_POPULATE_READ */) == 0 || errno == EINVAL);
	CHECK(madvise(q, 16 * PAGE, 23 /* MADV_POPULATE_WRITE */) == 0 && resident(q, 16) == 16);
	CHECK(mprotect(q, PAGE, PROT_READ) == 0);
	FAILS(madvise(q, PAGE, 23), EINVAL);
	int fd = make_file("f", PAGE);
	unsigned char *f = map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	FAILS(madvise(f, 2 * PAGE, 23), EFAULT);
	FAILS(madvise(f, PAGE, MADV_FREE), EINVAL);
	FAILS(madvise(f, PAGE, MADV_WIPEONFORK), EINVAL);
	/* The file's bytes go, and with them what the mapping shows. */
	STORE(f, 99);
	CHECK(madvise(f, PAGE, MADV_REMOVE) == 0 && f[0] == 0);
	char c = 1;
	CHECK(pread(fd, &c, 1, 0) == 1 && c == 0);
	return 0;
}
