/* SPDX-License-Identifier: MIT */
/* A process that brings in millions of pages by one call does not keep others from running, also on one CPU; one of them kills it. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdbool.h>
#include <time.h>

#include "check.h"

#define LEN   (8ul << 30)
#define TRIES 20

enum way { POPULATES, LOCKS, ASKS, WAYS };

static volatile int *done; /* 1: it calls; 2: it has come through */

static void call(enum way way)
{
	*done = 1;
	void *p = mmap(NULL, LEN, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | (way == POPULATES ? MAP_POPULATE : 0), -1, 0);

	if (way == LOCKS)
		mlock(p, LEN);
	if (way == ASKS)
		madvise(p, LEN, MADV_POPULATE_READ);
	*done = 2;
	for (;;)
		pause();
}

/* Whether the signal found the child in its call: when we were kept from running for long it has come through by then. */
static bool is_killed_in_it(enum way way)
{
	int status;

	*done = 0;
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		call(way);
	while (!*done)
		sched_yield();
	CHECK(nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL) == 0);
	CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	return *done == 1;
}

int main(void)
{
	done = (void *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (enum way way = POPULATES; way < WAYS; way++) {
		int tries = 1;
		while (!is_killed_in_it(way))
			CHECK(++tries <= TRIES);
	}
	return 0;
}
