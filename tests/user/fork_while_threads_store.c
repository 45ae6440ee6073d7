/* SPDX-License-Identifier: MIT */
/*
 * Threads go on storing while the process forks: no store is lost in a copy, no thread sees a page as it was before
 * another thread's store, and the child's memory stands still.
 */
#include <atlas/thread.h>

#include "check.h"

#define WRITERS 2
#define PAGES 4

static struct { volatile uint64_t word[PAGE / 8]; } *area; /* private; writer i owns word i of each page */
/* shared with nobody, but never copied: what was stored last */
static volatile uint64_t *told;
static volatile int stop;

static void *writer(void *arg)
{
	uintptr_t me = (uintptr_t)arg;

	for (uint64_t n = 1; !stop; n++) {
		for (int p = 0; p < PAGES; p++) {
			if (area[p].word[me] != n - 1) {
				fprintf(stderr, "page %d: writer %lu stored %lu, finds %lu\n", p, me, n - 1, area[p].word[me]);
				exit(1);
			}
			area[p].word[me] = n;
		}
		told[me] = n;
	}
	return NULL;
}

static void *reader(void *arg)
{
	(void)arg;
	for (unsigned i = 0; !stop; i++) {
		uint64_t last = told[i % WRITERS];
		uint64_t now = area[i % PAGES].word[i % WRITERS];
		if (now < last) {
			fprintf(stderr, "page %u shows %lu after %lu was stored\n", i % PAGES, now, last);
			exit(1);
		}
	}
	return NULL;
}

static void child(void)
{
	uint64_t seen[PAGES][WRITERS];

	for (int p = 0; p < PAGES; p++)
		for (int w = 0; w < WRITERS; w++)
			seen[p][w] = area[p].word[w];
	for (volatile int spin = 0; spin < 2000; spin++)
		;
	for (int p = 0; p < PAGES; p++)
		for (int w = 0; w < WRITERS; w++)
			if (area[p].word[w] != seen[p][w])
				_exit(3);
	area[0].word[100] = 7;
	_exit(0);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 60, tid[WRITERS + 1], status;

	area = (void *)map_anon(PAGES * PAGE);
	told = (void *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (uintptr_t i = 0; i <= WRITERS; i++)
		CHECK((tid[i] = thread_create(i < WRITERS ? writer : reader, (void *)i, 0)) > 0);
	for (int i = 0; i < rounds; i++) {
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0)
			child();
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);
		CHECK(area[0].word[100] == 0);
	}
	stop = 1;
	for (int i = 0; i <= WRITERS; i++)
		CHECK(thread_join(tid[i], NULL) == 0);
	return 0;
}
