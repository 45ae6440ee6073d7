/* SPDX-License-Identifier: MIT */
/*
 * remap_file_pages: a range of a shared mapping shows other pages of its file, and keeps its rights; nothing else may
 * be asked for.
 */
#define _GNU_SOURCE
#include "check.h"

#define N 6

/* The file's byte at the beginning of a page, see make_file. */
static unsigned char first_of(size_t page) { return (unsigned char)(page * PAGE % 251 + 1); }

static void in_reverse(int fd)
{
	/* two addresses of it may be one */
	volatile unsigned char *p = map(N * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	unsigned char byte;

	for (size_t i = 0; i < N; i++)
		CHECK(remap_file_pages((void *)(p + i * PAGE), PAGE, 0, N - 1 - i, 0) == 0);
	for (size_t i = 0; i < N; i++)
		CHECK(p[i * PAGE] == first_of(N - 1 - i));
	p[0] = 0xee;
	CHECK(pread(fd, &byte, 1, (N - 1) * PAGE) == 1 && byte == 0xee);
	CHECK(pwrite(fd, "\1", 1, (N - 1) * PAGE) == 1 && p[0] == 1);
	/* Two pages at once over ranges that are out of order; the same page twice. */
	CHECK(remap_file_pages((void *)(p + PAGE), 2 * PAGE, 0, 0, 0) == 0 &&
	      remap_file_pages((void *)(p + 3 * PAGE), PAGE, 0, 1, 0) == 0);
	CHECK(p[PAGE] == first_of(0) && p[2 * PAGE] == first_of(1) && p[3 * PAGE] == first_of(1));
	p[2 * PAGE] = 7;
	CHECK(p[3 * PAGE] == 7);
	CHECK(pwrite(fd, &(unsigned char){ first_of(1) }, 1, PAGE) == 1);
	munmap((void *)p, N * PAGE);
}

static void past_the_end(int fd)
{
	unsigned char *p = map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	CHECK(remap_file_pages(p, PAGE, 0, N + 10, 0) == 0);
	DIES_BY(SIGBUS, TOUCH(p));
	CHECK(p[PAGE] == first_of(1));
	munmap(p, 2 * PAGE);
}

/* Start and length are cut to whole pages; anonymous shared memory has pages in an order too. */
static void arguments(int fd)
{
	unsigned char *p = map(N * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	CHECK(remap_file_pages(p + 5, PAGE + 5, 0, 2, 0) == 0 && p[0] == first_of(2) && p[PAGE] == first_of(1));
	FAILS(remap_file_pages(p, PAGE, PROT_READ, 0, 0), EINVAL);
	FAILS(remap_file_pages(p, PAGE - 1, 0, 0, 0), EINVAL);
	FAILS(remap_file_pages(p, (N + 1) * PAGE, 0, 0, 0), EINVAL);
	FAILS(remap_file_pages(p, PAGE, 0, -1ul, 0), EINVAL);
	munmap(p, N * PAGE);
	p = map(N * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	FAILS(remap_file_pages(p, PAGE, 0, 1, 0), EINVAL);
	munmap(p, N * PAGE);
	FAILS(remap_file_pages(p, PAGE, 0, 1, 0), EINVAL);
	p = map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	p[0] = 3;
	CHECK(remap_file_pages(p + PAGE, PAGE, 0, 0, 0) == 0 && p[PAGE] == 3);
	munmap(p, 2 * PAGE);
}

static void rights_stay(int fd)
{
	unsigned char *p = map(2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);

	CHECK(remap_file_pages(p, PAGE, 0, 3, 0) == 0 && p[0] == first_of(3));
	DIES_BY(SIGSEGV, STORE(p, 1));
	CHECK(mprotect(p, PAGE, PROT_READ | PROT_WRITE) == 0);
	munmap(p, 2 * PAGE);
}

int main(void)
{
	int fd = make_file("f", N * PAGE);

	in_reverse(fd);
	past_the_end(fd);
	arguments(fd);
	rights_stay(fd);
	return 0;
}
