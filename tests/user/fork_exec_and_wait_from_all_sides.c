/* SPDX-License-Identifier: MIT */
/* Four processes at once fork, vfork, execute and wait: every child is reported once, with its own status. */
#include <stdbool.h>

#include "check.h"

#define PROCS 4

static pid_t start_brother(bool shares, int code)
{
	pid_t pid = shares ? vfork() : fork();

	if (pid == 0)
		_exit(code);
	return pid;
}

static void storm(char *self, int me, int rounds)
{
	for (int r = 0; r < rounds; r++) {
		char code[8];
		int want = (me * 50 + r) % 200, status;
		snprintf(code, sizeof(code), "%d", want);
		char *argv[] = { self, "child", code, NULL };
		pid_t a = fork();
		CHECK(a >= 0);
		if (a == 0) {
			execv(self, argv);
			_exit(250);
		}
		pid_t b = start_brother(r & 1, want + 1);
		CHECK(b > 0 && a != b);
		for (int i = 0; i < 2; i++) {
			pid_t got = wait(&status);
			CHECK(got == a || got == b);
			CHECK(WIFEXITED(status) && WEXITSTATUS(status) == (got == a ? want : want + 1));
		}
		FAILS(wait(&status), ECHILD);
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "child"))
		return atoi(argv[2]);
	int rounds = argc > 1 ? atoi(argv[1]) : 15;
	for (int i = 0; i < PROCS; i++) {
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0)
			storm(argv[0], i, rounds);
	}
	for (int i = 0, status; i < PROCS; i++)
		CHECK(wait(&status) > 0 && status == 0);
	return 0;
}
