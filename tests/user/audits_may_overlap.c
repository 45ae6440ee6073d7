/* SPDX-License-Identifier: MIT */
/* Several processes may audit at once while others come and go: each audit stops all CPUs, one after the other. */
#include <atlas/system.h>

#include "check.h"

#define AUDITORS 4

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 20;

	if (vm_audit() < 0) /* not Atlas */
		return 77;
	for (int i = 0; i < AUDITORS; i++) {
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid)
			continue;
		for (int r = 0; r < rounds; r++) {
			CHECK(vm_audit() == 0);
			CHILD_PASSES(STORE(map_anon(PAGE), 1));
		}
		_exit(0);
	}
	for (int i = 0, status; i < AUDITORS; i++)
		CHECK(wait(&status) > 0 && status == 0);
	return 0;
}
