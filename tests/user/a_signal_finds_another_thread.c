/* SPDX-License-Identifier: MIT */
/*
 * A signal for the process is taken by a thread that does not block it, also when the thread that was to take it blocks
 * it, or ends, just then.
 */
#include <sched.h>
#include <time.h>

#include <atlas/thread.h>

#include "check.h"

static volatile sig_atomic_t taken;
static volatile int turn;

static void handler(int signo) { (void)signo; taken++; }

/* Open to the signal for a short while at the start of each turn, then closed until the next. */
static void *door(void *arg)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	for (int mine = 1;; mine++) {
		for (int tries = 0; turn < mine; tries++)
			if (tries > 100000)
				sched_yield();
		sigprocmask(SIG_UNBLOCK, &set, NULL);
		for (volatile int spin = 0; spin < mine % 50; spin++)
			;
		sigprocmask(SIG_BLOCK, &set, NULL);
	}
	return arg;
}

/* Never blocks it, but is asleep in the kernel. */
static void *sleeper(void *arg)
{
	sigset_t set;

	sigemptyset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	for (;;)
		pause();
	return arg;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 2000;
	const struct timespec moment = { .tv_nsec = 1000000 };
	struct sigaction sa = { .sa_handler = handler };
	sigset_t set;

	CHECK(sigaction(SIGUSR1, &sa, NULL) == 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	CHECK(thread_create(door, NULL, 0) > 0);
	CHECK(thread_create(sleeper, NULL, 0) > 0);
	for (int i = 1; i <= rounds; i++) {
		turn = i;
		for (volatile int spin = 0; spin < i % 67; spin++)
			;
		CHECK(kill(getpid(), SIGUSR1) == 0);
		for (int tries = 0; tries < 31000 && taken < i; tries++) /* half a minute */
			if (tries > 1000)
				nanosleep(&moment, NULL);
		CHECK(taken == i);
	}
	return 0; /* which ends the others */
}
