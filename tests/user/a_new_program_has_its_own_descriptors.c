/* SPDX-License-Identifier: MIT */
/*
 * execve takes a process out of a descriptor table that it shares (CLONE_FILES): what the new program opens and
 * closes, and what execve itself closes, stays as it was for the others.
 */
#include "check.h"

#include <sched.h>
#include <sys/syscall.h>

#define KEPT 20
#define CLOSED_BY_EXEC 21
#define OPENED_BEFORE 22
#define OPENED_AFTER 23

static int new_program(void)
{
	FAILS(fcntl(CLOSED_BY_EXEC, F_GETFD), EBADF);
	CHECK(fcntl(OPENED_BEFORE, F_GETFD) == 0);
	CHECK(close(KEPT) == 0);
	CHECK(dup2(0, OPENED_AFTER) == OPENED_AFTER);
	return 0;
}

int main(int argc, char **argv)
{
	int status;

	if (argc > 1)
		return new_program();
	char *const again[] = { argv[0], "new", NULL };
	CHECK(dup2(0, KEPT) == KEPT);
	CHECK(dup2(0, CLOSED_BY_EXEC) == CLOSED_BY_EXEC);
	CHECK(fcntl(CLOSED_BY_EXEC, F_SETFD, FD_CLOEXEC) == 0);
	long child = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	CHECK(child >= 0);
	if (!child) {
		dup2(0, OPENED_BEFORE);
		execve("/proc/self/exe", again, NULL);
		_exit(2);
	}
	CHECK(waitpid((pid_t)child, &status, 0) == child);
	CHECK(status == 0);
	CHECK(fcntl(OPENED_BEFORE, F_GETFD) == 0);
	CHECK(fcntl(KEPT, F_GETFD) == 0);
	CHECK(fcntl(CLOSED_BY_EXEC, F_GETFD) == FD_CLOEXEC);
	FAILS(fcntl(OPENED_AFTER, F_GETFD), EBADF);
	return 0;
}
