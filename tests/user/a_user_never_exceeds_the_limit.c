/* SPDX-License-Identifier: MIT */
/*
 * Processes of one user make processes and threads as fast as they can, all at once: in the end there are exactly as many
 * as RLIMIT_NPROC says, and all can be ended.
 */
#include "check.h"
#include "pages.h"
#include <atlas/system.h>
#include <pthread.h>
#include <sys/resource.h>

enum { LIMIT = 24, MAKERS = 4, ROUNDS = 12, USER = 4321 };

static struct { volatile int living, ready, done, go; } *shared;

static void *park(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void one_more(int *refused, int failed)
{
	CHECK(!failed || failed == EAGAIN);
	if (failed) {
		++*refused;
		usleep(100); /* on Linux one that is being refused counts for a moment, and others are refused because of it */
	} else {
		__atomic_add_fetch(&shared->living, 1, __ATOMIC_SEQ_CST);
	}
}

static void make(void)
{
	int refused = 0;
	pthread_t thread;

	__atomic_add_fetch(&shared->ready, 1, __ATOMIC_SEQ_CST);
	while (!shared->go)
		sched_yield();
	for (int i = 0; refused < 10; i++) {
		if (i % 2) {
			one_more(&refused, pthread_create(&thread, NULL, park, NULL));
			continue;
		}
		pid_t pid = fork();
		if (pid == 0)
			park(NULL);
		one_more(&refused, pid < 0 ? errno : 0);
	}
	__atomic_add_fetch(&shared->done, 1, __ATOMIC_SEQ_CST);
	park(NULL);
}

static void round_of_it(void)
{
	struct rlimit limit = { LIMIT, LIMIT };

	shared->living = MAKERS;
	shared->ready = shared->done = shared->go = 0;
	pid_t group = fork();
	CHECK(group >= 0);
	if (group == 0) {
		CHECK(setpgid(0, 0) == 0 && setrlimit(RLIMIT_NPROC, &limit) == 0 && setuid(USER) == 0);
		for (int i = 1; i < MAKERS && fork(); i++)
			;
		make();
	}
	while (shared->ready < MAKERS)
		usleep(1000);
	for (shared->go = 1; shared->done < MAKERS;)
		usleep(1000);
	if (shared->living != LIMIT) {
		fprintf(stderr, "%d are living, %d may\n", shared->living, LIMIT);
		exit(1);
	}
	CHECK(kill(-group, SIGKILL) == 0 && waitpid(group, NULL, 0) == group);
	while (kill(-group, 0) == 0)
		usleep(1000);
}

int main(void)
{
	long before = 0;

	shared = (void *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < ROUNDS; i++) {
		round_of_it();
		if (i == 2)
			before = free_pages();
	}
	CHECK(vm_audit() < 0 || (vm_audit() == 0 && pages_lost(before, LOOK_PATIENTLY) < 40));
	return 0;
}
