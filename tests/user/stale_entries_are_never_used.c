/* SPDX-License-Identifier: MIT */
/*
 * Once mmap, mprotect or munmap has returned, no thread stores through the old entry any more, on whatever CPU. Three
 * threads store to one page all the time (a fault sends them back to try again); what they no longer reach must not
 * change.
 */
#include <atlas/thread.h>

#include "check.h"

#define STORERS 3

static volatile unsigned char *window;
static volatile int stop;

static void again(int signo) { (void)signo; }

static void *storer(void *arg)
{
	volatile uint64_t *word = (volatile uint64_t *)window + (uintptr_t)arg;

	for (uint64_t n = 1; !stop; n++)
		*word = n;
	return NULL;
}

/* The first words of a page, twice, with some time between: the same. */
static void expect_still(volatile uint64_t *page)
{
	uint64_t seen[STORERS];

	for (int i = 0; i < STORERS; i++)
		seen[i] = page[i];
	for (volatile int spin = 0; spin < 3000; spin++)
		;
	for (int i = 0; i < STORERS; i++)
		CHECK(page[i] == seen[i]);
}

static void remap_round(int fd, volatile uint64_t *alias[2], int n)
{
	CHECK(mmap((void *)window, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, (n & 1) * PAGE) == window);
	expect_still(alias[!(n & 1)]);
}

static void protect_round(volatile uint64_t *now)
{
	CHECK(mprotect((void *)window, PAGE, PROT_READ) == 0);
	expect_still(now);
	CHECK(mprotect((void *)window, PAGE, PROT_READ | PROT_WRITE) == 0);
}

/* Its frame is likely to be the next one given out: a late store would show in fresh memory. */
static void unmap_round(void)
{
	CHECK(mmap((void *)window, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == window);
	unsigned char *fresh = map_anon(PAGE);
	STORE(window, 1);
	CHECK(munmap((void *)window, PAGE) == 0);
	STORE(fresh + PAGE - 1, 0);
	expect_still((uint64_t *)fresh);
	for (int i = 0; i < STORERS; i++)
		CHECK(((uint64_t *)fresh)[i] == 0);
	munmap(fresh, PAGE);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 100, tid[STORERS];
	int fd = make_file("two pages", 2 * PAGE);
	volatile uint64_t *alias[2];

	signal(SIGSEGV, again);
	for (int i = 0; i < 2; i++)
		alias[i] = (void *)map(PAGE, PROT_READ, MAP_SHARED, fd, i * PAGE);
	unsigned char *area = map(16 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	window = area + 8 * PAGE;
	CHECK(mmap((void *)window, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == window);
	for (uintptr_t i = 0; i < STORERS; i++)
		CHECK((tid[i] = thread_create(storer, (void *)i, 0)) > 0);
	for (int n = 0; n < rounds; n++) {
		remap_round(fd, alias, n);
		protect_round(alias[n & 1]);
		if (n % 8 == 7)
			unmap_round();
	}
	stop = 1;
	CHECK(mmap((void *)window, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == window);
	for (int i = 0; i < STORERS; i++)
		CHECK(thread_join(tid[i], NULL) == 0);
	return 0;
}
