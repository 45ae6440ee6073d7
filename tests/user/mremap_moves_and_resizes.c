/* SPDX-License-Identifier: MIT */
/*
 * mremap grows in place or by moving, shrinks, moves to a fixed place, duplicates shared mappings, and keeps every
 * byte.
 */
#define _GNU_SOURCE
#include "check.h"
#include <sys/syscall.h>

#define MAYMOVE 1
#define FIXED 2
#define DONTUNMAP 4

static void *remap(void *old, size_t old_len, size_t new_len, int flags, void *new)
{
	return (void *)syscall(SYS_mremap, old, old_len, new_len, flags, new);
}

#define TABLE (512 * PAGE)

/*
 * Three tables' worth and a half, some pages of it touched, go to where whole tables can move, and to where they
 * cannot.
 */
static void many_pages_move(int flags, size_t shift)
{
	size_t len = 3 * TABLE + TABLE / 2;
	unsigned char *p = map(len, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
	unsigned char *room = map(len + 2 * TABLE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char *to = (unsigned char *)(((uintptr_t)room + TABLE - 1) / TABLE * TABLE +
	                                      (uintptr_t)p % TABLE % (TABLE / 2) + shift);

	for (size_t i = 0; i < len / PAGE; i += i % 7 + 1)
		p[i * PAGE] = (unsigned char)(i % 255 + 1);
	CHECK(remap(p, len, len, MAYMOVE | FIXED, to) == to);
	for (size_t i = 0, next = 0; i < len / PAGE; i++) {
		CHECK(to[i * PAGE] == (i == next ? i % 255 + 1 : 0));
		next += i == next ? i % 7 + 1 : 0;
	}
	DIES_BY(SIGSEGV, TOUCH(p));
	CHECK(munmap(to, len) == 0);
	CHECK(munmap(room, len + 2 * TABLE) == 0);
}

int main(void)
{
	unsigned char *p = map_anon(9 * PAGE), *q; /* the ninth page is a barrier */

	memset(p, 1, 8 * PAGE);
	CHECK(munmap(p + 4 * PAGE, 4 * PAGE) == 0);
	CHECK(remap(p, 4 * PAGE, 6 * PAGE, 0, NULL) == p); /* the gap behind is free */
	CHECK(p[4 * PAGE - 1] == 1 && p[4 * PAGE] == 0);
	FAILS(remap(p, 6 * PAGE, 64 * PAGE, 0, NULL), ENOMEM);
	q = remap(p, 6 * PAGE, 64 * PAGE, MAYMOVE, NULL);
	CHECK(q != MAP_FAILED && q != p && q[0] == 1 && q[4 * PAGE - 1] == 1 && q[63 * PAGE] == 0);
	DIES_BY(SIGSEGV, TOUCH(p));
	CHECK(remap(q, 64 * PAGE, 2 * PAGE, 0, NULL) == q && q[0] == 1);
	DIES_BY(SIGSEGV, TOUCH(q + 2 * PAGE));

	unsigned char *target = map_anon(4 * PAGE);
	memset(target, 9, 4 * PAGE);
	CHECK(remap(q, 2 * PAGE, 2 * PAGE, MAYMOVE | FIXED, target + PAGE) == target + PAGE);
	CHECK(target[0] == 9 && target[PAGE] == 1 && target[3 * PAGE] == 9);
	FAILS(remap(target, 2 * PAGE, 2 * PAGE, MAYMOVE | FIXED, target + PAGE), EINVAL);
	FAILS(remap(target, PAGE, PAGE, FIXED, q), EINVAL);
	FAILS(remap(target + 1, PAGE, PAGE, 0, NULL), EINVAL);
	FAILS(remap(target, PAGE, 0, 0, NULL), EINVAL);
	FAILS(remap((void *)0x10000, PAGE, PAGE, 0, NULL), EFAULT);
	FAILS(remap(target, 0, PAGE, MAYMOVE, NULL), EINVAL);
	FAILS(remap(target, 0x7ffff7fdd000, PAGE, 0, NULL), EINVAL); /* past the end of what a program can have */
	FAILS(remap(target, -PAGE, PAGE, MAYMOVE, NULL), EINVAL);
	FAILS(remap(target, PAGE, 1ul << 47, MAYMOVE, NULL), ENOMEM);

	int fd = make_file("f", 4 * PAGE);
	unsigned char *s = map(4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	STORE(s + PAGE, 77);
	unsigned char *twin = remap(s, 0, 2 * PAGE, MAYMOVE, NULL);
	CHECK(twin != MAP_FAILED && twin != s && twin[PAGE] == 77);
	STORE(twin, 78);
	CHECK(s[0] == 78);
	unsigned char *moved = remap(s, 4 * PAGE, 4 * PAGE, MAYMOVE | FIXED, map_anon(4 * PAGE));
	CHECK(moved[PAGE] == 77 && moved[2 * PAGE] == (2 * PAGE) % 251 + 1);
	CHECK(ftruncate(fd, PAGE) == 0);
	DIES_BY(SIGBUS, TOUCH(moved + PAGE));

	for (size_t shift = 0; shift < 2 * PAGE; shift += PAGE) {
		many_pages_move(MAP_PRIVATE, shift);
		many_pages_move(MAP_SHARED, shift);
	}
	unsigned char *a = map_anon(2 * PAGE);
	memset(a, 5, 2 * PAGE);
	unsigned char *b = remap(a, 2 * PAGE, 2 * PAGE, MAYMOVE | DONTUNMAP, NULL);
	CHECK(b != MAP_FAILED && b[0] == 5 && a[0] == 0 && a[PAGE] == 0);
	return 0;
}
