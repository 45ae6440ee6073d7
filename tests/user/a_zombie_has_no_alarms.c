/* SPDX-License-Identifier: MIT */
/* The limits of a process that has ended can be set until it is waited for. Its limit of CPU time then ends nobody, now or later. */
#define _GNU_SOURCE
#include <sys/resource.h>
#include <time.h>

#include "check.h"

#define ZOMBIES 64

static void leave_zombie(void)
{
	const struct rlimit second = { 1, RLIM_INFINITY };
	struct rlimit now;
	siginfo_t info;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0)
		_exit(0);
	CHECK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0 && info.si_pid == pid);
	CHECK(prlimit(pid, RLIMIT_CPU, &second, NULL) == 0);
	CHECK(prlimit(pid, RLIMIT_CPU, NULL, &now) == 0 && now.rlim_cur == 1);
	CHECK(waitpid(pid, NULL, 0) == pid);
}

int main(void)
{
	for (int i = 0; i < ZOMBIES; i++)
		leave_zombie();
	/* Other processes come to be where those were, and time passes. */
	for (int i = 0; i < ZOMBIES; i++)
		CHILD_PASSES(nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL));
	return 0;
}
