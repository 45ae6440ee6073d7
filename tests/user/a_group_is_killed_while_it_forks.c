/* SPDX-License-Identifier: MIT */
/*
 * A signal to a process group reaches all of it, also who is being forked at that moment: nobody is left that could fork again.
 * Arguments: rounds.
 */
#include <sys/prctl.h>

#include "check.h"

#define HOPPERS 3

static volatile struct shared { int hops, killed, escaped; } *shared;

/* Every process hands over to its child and ends. After kill() has returned nobody begins a fork that succeeds. */
static void hop(void)
{
	for (;;) {
		int killed = shared->killed;
		pid_t pid = fork();
		if (pid > 0)
			_exit(0);
		if (pid == 0 && killed) {
			shared->escaped = 1;
			_exit(0);
		}
		shared->hops++;
	}
}

static void round_of(void)
{
	pid_t group = 0;

	shared->killed = shared->hops = 0;
	for (int i = 0; i < HOPPERS; i++) {
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0) {
			setpgid(0, group);
			hop();
		}
		group = group ? group : pid;
		CHECK(setpgid(pid, group) == 0 || errno == ESRCH);
	}
	while (shared->hops < 10)
		;
	CHECK(kill(-group, SIGKILL) == 0);
	shared->killed = 1;
	while (wait(NULL) > 0)
		;
	CHECK(errno == ECHILD && !shared->escaped);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 40;

	shared = (void *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
	for (int i = 0; i < rounds; i++)
		round_of();
	return 0;
}
