/* SPDX-License-Identifier: MIT */
/*
 * Threads of one process map, fault, protect and unmap in the same stretch of addresses, start and end threads, and one
 * executes a new program or ends while the others are in the middle: the process stays whole, and ends.
 */
#include <atlas/thread.h>

#include "check.h"

#define THREADS 4
#define SPAN 64

static unsigned char *area;
static int rounds;

/* Each has every fourth page to itself; the VMAs around it are split and merged by the others all the time. */
static void *mapper(void *arg)
{
	uintptr_t me = (uintptr_t)arg;

	for (int r = 0; r < rounds; r++) {
		unsigned char *p = area + (me + THREADS * (unsigned)(r % (SPAN / THREADS))) * PAGE;
		CHECK(mmap(p, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
		CHECK(p[0] == 0);
		STORE(p, me + 1);
		CHECK(mprotect(p, PAGE, PROT_READ) == 0);
		CHECK(p[0] == me + 1);
		if (r & 1)
			CHECK(munmap(p, PAGE) == 0);
		else
			CHECK(madvise(p, PAGE, MADV_DONTNEED) == 0 && p[0] == 0);
	}
	return (void *)me;
}

static void *nothing(void *arg) { return arg; }

static void *forever(void *arg)
{
	for (;;) {
		unsigned char *p = map_anon(4 * PAGE);
		STORE(p, 1);
		munmap(p, 4 * PAGE);
	}
	return arg;
}

static void all_together(void)
{
	int tid[THREADS];
	void *result;

	area = map(SPAN * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (uintptr_t i = 0; i < THREADS; i++)
		CHECK((tid[i] = thread_create(mapper, (void *)i, 0)) > 0);
	for (int i = 0; i < rounds / 4; i++) {
		int t = thread_create(nothing, &tid, 0);
		CHECK(t > 0 && thread_join(t, &result) == 0 && result == &tid);
	}
	for (uintptr_t i = 0; i < THREADS; i++)
		CHECK(thread_join(tid[i], &result) == 0 && result == (void *)i);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "new program"))
		return 33;
	rounds = argc > 1 ? atoi(argv[1]) : 100;
	all_together();
	for (int i = 0; i < rounds / 10; i++) {
		char *again[] = { argv[0], "new program", NULL };
		int status = IN_CHILD({
			for (int t = 0; t < THREADS; t++)
				CHECK(thread_create(forever, NULL, 0) > 0);
			if (i & 1)
				execv(argv[0], again);
			_exit(33);
		});
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 33);
	}
	return 0;
}
