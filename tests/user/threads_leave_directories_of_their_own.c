/* SPDX-License-Identifier: MIT */
/* Threads that have a working directory of their own, which is removed, let go of it while their process ends. */
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>

#include "check.h"

#define THREADS 6
#define ROUNDS  25

static pthread_barrier_t together;

static void *stand_alone(void *number)
{
	char name[16];

	snprintf(name, sizeof name, "d%d", (int)(long)number);
	CHECK(unshare(CLONE_FS) == 0 && mkdir(name, 0700) == 0 && chdir(name) == 0);
	snprintf(name, sizeof name, "../d%d", (int)(long)number);
	CHECK(rmdir(name) == 0);
	pthread_barrier_wait(&together);
	syscall(SYS_exit, 0);
	return NULL;
}

static void end_together(void)
{
	pthread_t thread;

	CHECK(pthread_barrier_init(&together, NULL, THREADS) == 0);
	for (long i = 1; i < THREADS; i++)
		CHECK(pthread_create(&thread, NULL, stand_alone, (void *)i) == 0);
	stand_alone((void *)0);
}

int main(void)
{
	for (int round = 0; round < ROUNDS; round++)
		CHILD_PASSES(end_together());
	return 0;
}
