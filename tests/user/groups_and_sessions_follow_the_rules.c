/* SPDX-License-Identifier: MIT */
/*
 * setpgid, setsid and kill by group: who may move whom, what exists, what an orphaned group's stopped members get, and
 * that a stop signal of the terminal's does nothing there.
 */
#include <sys/syscall.h>

#include "check.h"

#define NOBODY 4194304 /* no process has a number so large */
#define SAY_FD 50 /* where a new program finds the first pipe */

static int pipes[2][2];

static void say(int n, char c) { CHECK(write(pipes[n][1], &c, 1) == 1); }

static char hear(int n)
{
	char c = 0;

	CHECK(read(pipes[n][0], &c, 1) == 1);
	return c;
}

static pid_t child_that(void (*does)(void))
{
	fflush(NULL);
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		does();
		_exit(0);
	}
	return pid;
}

static void passes(pid_t pid)
{
	int status;

	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(status == 0);
}

static void sleeps(void)
{
	for (;;)
		pause();
}

static void execs(void)
{
	char *argv[] = { (char *)"/proc/self/exe", (char *)"wait", NULL };

	execv(argv[0], argv);
	_exit(99);
}

static void new_session(void)
{
	CHECK(setsid() == getpid());
	CHECK(getsid(0) == getpid() && getpgrp() == getpid());
	FAILS(setsid(), EPERM);
	FAILS(setpgid(0, 0), EPERM); /* the leader of a session keeps its group */
	say(0, 's');
	CHECK(hear(1) == 'd');
}

static void leader_of_a_group(void)
{
	CHECK(setpgid(0, 0) == 0);
	FAILS(setsid(), EPERM);
	CHECK(getpgid(0) == getpid() && getsid(0) != getpid());
}

static void rules(void)
{
	FAILS(setpgid(0, -1), EINVAL);
	FAILS(setpgid(NOBODY, 0), ESRCH);
	FAILS(setpgid(getppid(), 0), ESRCH); /* neither itself nor a child */
	FAILS(getpgid(NOBODY), ESRCH);
	FAILS(getsid(NOBODY), ESRCH);
	pid_t a = child_that(sleeps), b = child_that(sleeps);
	FAILS(setpgid(a, NOBODY), EPERM);
	CHECK(setpgid(a, a) == 0 && getpgid(a) == a);
	CHECK(setpgid(b, a) == 0 && getpgid(b) == a);
	CHECK(kill(-a, 0) == 0);
	FAILS(kill(-b, 0), ESRCH);
	CHECK(kill(-a, SIGKILL) == 0);
	CHECK(waitpid(-a, NULL, 0) > 0 && waitpid(-a, NULL, 0) > 0);
	FAILS(waitpid(-a, NULL, 0), ECHILD);
	FAILS(kill(-a, 0), ESRCH);
	a = child_that(execs);
	CHECK(hear(0) == 'x');
	FAILS(setpgid(a, a), EACCES);
	CHECK(kill(a, SIGKILL) == 0 && waitpid(a, NULL, 0) == a);
	a = child_that(new_session);
	CHECK(hear(0) == 's');
	FAILS(setpgid(a, a), EPERM);
	FAILS(setpgid(0, a), EPERM); /* a group of another session */
	say(1, 'd');
	passes(a);
	passes(child_that(leader_of_a_group));
}

static volatile int hangups;

static void hangup(int signo)
{
	(void)signo;
	hangups++;
}

static void member(void)
{
	signal(SIGHUP, hangup);
	CHECK(hear(1) == 'g');
	say(0, 'r');
	kill(getpid(), SIGSTOP);
	say(0, hangups == 1 ? 'h' : 'n');
	while (getppid() != 1)
		usleep(1000);
	/* Nobody in its session could set it going again. */
	raise(SIGTSTP);
	raise(SIGTTIN);
	raise(SIGTTOU);
	say(0, 't');
}

/* Its own child stops in another group of the session; then it ends, and the group is orphaned. */
static void parent_that_leaves(void)
{
	int status;
	pid_t pid = child_that(member);

	CHECK(setpgid(pid, pid) == 0);
	say(1, 'g');
	CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
}

static void orphaned(void)
{
	passes(child_that(parent_that_leaves));
	CHECK(hear(0) == 'r');
	CHECK(hear(0) == 'h'); /* SIGHUP and SIGCONT came */
	CHECK(hear(0) == 't');
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		CHECK(write(SAY_FD, "x", 1) == 1);
		sleeps();
	}
	CHECK(pipe(pipes[0]) == 0 && pipe(pipes[1]) == 0);
	CHECK(dup2(pipes[0][1], SAY_FD) == SAY_FD);
	rules();
	orphaned();
	return 0;
}
