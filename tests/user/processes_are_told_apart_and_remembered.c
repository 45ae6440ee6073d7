/* SPDX-License-Identifier: MIT */
/*
 * prctl and priorities: what a process sets of itself it can ask for again; a parent's end is told by a signal; a
 * subreaper gets the orphans; no new privileges means none; niceness is inherited and only root lowers it.
 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "check.h"

#ifndef PR_SET_CHILD_SUBREAPER
#define PR_SET_CHILD_SUBREAPER 36
#endif

#define NOBODY 4194304 /* no process has a number so large */

static int number(int option)
{
	int value = -1;

	CHECK(syscall(SYS_prctl, option, &value, 0, 0, 0) == 0);
	return value;
}

static void switches(void)
{
	CHECK(syscall(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0) == 1);
	CHECK(syscall(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0) == 0);
	CHECK(syscall(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	FAILS(syscall(SYS_prctl, PR_SET_DUMPABLE, 2, 0, 0, 0), EINVAL);
	CHECK(syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
	CHECK(syscall(SYS_prctl, PR_GET_KEEPCAPS, 0, 0, 0, 0) == 0);
	CHECK(syscall(SYS_prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0);
	CHECK(syscall(SYS_prctl, PR_GET_KEEPCAPS, 0, 0, 0, 0) == 1);
	FAILS(syscall(SYS_prctl, PR_SET_KEEPCAPS, 2, 0, 0, 0), EINVAL);
	CHECK(syscall(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
	FAILS(syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
	FAILS(syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0), EINVAL);
	CHECK(syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHILD_PASSES(CHECK(syscall(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1));
	CHECK(syscall(SYS_prctl, PR_CAPBSET_READ, 0, 0, 0, 0) == 1);
	FAILS(syscall(SYS_prctl, PR_CAPBSET_READ, 64, 0, 0, 0), EINVAL);
	CHECK(syscall(SYS_prctl, PR_GET_SECCOMP, 0, 0, 0, 0) == 0);
	CHECK(syscall(SYS_prctl, PR_GET_TIMERSLACK, 0, 0, 0, 0) == 50000);
	CHECK(syscall(SYS_prctl, PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0);
	CHECK(syscall(SYS_prctl, PR_GET_THP_DISABLE, 0, 0, 0, 0) == 1);
	FAILS(syscall(SYS_prctl, 12345, 0, 0, 0, 0), EINVAL);
}

/* The child of a process that ends hears of it, its own child does not. */
static void at_the_parents_end(void)
{
	int fd[2];
	char byte;

	FAILS(syscall(SYS_prctl, PR_SET_PDEATHSIG, 65, 0, 0, 0), EINVAL);
	CHECK(pipe(fd) == 0);
	CHILD_PASSES({
		pid_t pid = fork();
		if (pid == 0) {
			CHECK(syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0);
			CHECK(number(PR_GET_PDEATHSIG) == SIGKILL);
			CHILD_PASSES(CHECK(number(PR_GET_PDEATHSIG) == 0));
			CHECK(write(fd[1], "", 1) == 1);
			for (;;)
				pause();
		}
		CHECK(read(fd[0], &byte, 1) == 1);
	});
	close(fd[1]);
	CHECK(read(fd[0], &byte, 1) == 0); /* the last writer is dead */
	close(fd[0]);
}

static void orphans(void)
{
	int fd[2], status;
	pid_t orphan = 0;

	CHECK(syscall(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
	CHECK(number(PR_GET_CHILD_SUBREAPER) == 1);
	CHECK(pipe(fd) == 0);
	CHILD_PASSES({
		CHECK(number(PR_GET_CHILD_SUBREAPER) == 0);
		pid_t pid = fork();
		if (pid == 0) {
			while (getppid() != *(volatile pid_t *)&orphan && getppid() != 0) {
				pid_t now = getpid();
				CHECK(write(fd[1], &now, sizeof(now)) == sizeof(now));
				pause();
			}
			_exit(0);
		}
	});
	CHECK(read(fd[0], &orphan, sizeof(orphan)) == sizeof(orphan));
	CHECK(kill(orphan, SIGTERM) == 0);
	CHECK(waitpid(orphan, &status, 0) == orphan && WTERMSIG(status) == SIGTERM);
}

static void priorities(void)
{
	CHECK(getpriority(PRIO_PROCESS, 0) == 0);
	CHECK(setpriority(PRIO_PROCESS, 0, 5) == 0);
	CHECK(getpriority(PRIO_PROCESS, getpid()) == 5);
	CHILD_PASSES(CHECK(getpriority(PRIO_PROCESS, 0) == 5));
	CHECK(setpriority(PRIO_PROCESS, 0, 100) == 0 && getpriority(PRIO_PROCESS, 0) == 19);
	CHECK(setpriority(PRIO_PROCESS, 0, -100) == 0 && getpriority(PRIO_PROCESS, 0) == -20);
	CHECK(setpriority(PRIO_PROCESS, 0, 3) == 0);
	FAILS(setpriority(3, 0, 0), EINVAL);
	FAILS(setpriority(-1, 0, 0), EINVAL);
	FAILS(setpriority(PRIO_PROCESS, NOBODY, 0), ESRCH);
	FAILS(syscall(SYS_getpriority, PRIO_PGRP, NOBODY), ESRCH);
	CHECK(syscall(SYS_getpriority, PRIO_PROCESS, 0) == 17);
	CHILD_PASSES({
		CHECK(setuid(1234) == 0);
		FAILS(setpriority(PRIO_PROCESS, 0, 2), EACCES);
		CHECK(setpriority(PRIO_PROCESS, 0, 4) == 0);
		FAILS(setpriority(PRIO_PROCESS, getppid(), 4), EPERM);
		FAILS(syscall(SYS_kill, getppid(), 0), EPERM);
	});
}

int main(void)
{
	priorities();
	at_the_parents_end();
	orphans();
	switches();
	return 0;
}
