/* SPDX-License-Identifier: MIT */
/*
 * What a parent hears of children that stop, go on and end, and when; what waitid stores when it fails; whose children
 * __WNOTHREAD means; and that the number of any thread names its process.
 */
#include <poll.h>
#include <pthread.h>
#include <sys/prctl.h>

#include "show.h"

#define WAITID(type, id, info, options) CALL(waitid, type, id, info, options, 0)

static void rest(int ms) { poll(NULL, 0, ms); }

static pid_t child(void (*body)(void))
{
	pid_t p = fork();

	if (p)
		return p;
	body();
	_exit(7);
}

static void sleeps(void)
{
	for (;;)
		pause();
}

static void ends(void) {}

static void show_wait(const char *what, int type, int id, int options)
{
	siginfo_t info;

	memset(&info, 0xff, sizeof info);
	printf("  %s: %s", what, shown(WAITID(type, id, &info, options)));
	printf(" signal %d error %d code %d status %d %s\n", info.si_signo, info.si_errno, info.si_code, info.si_status,
	       info.si_pid == 0 ? "nobody" : info.si_pid == -1 ? "untouched" : "somebody");
}

/* A call that fails says so in siginfo, too; and a bad address counts more than there being nobody. */
static void failures(void)
{
	show_wait("nobody", P_ALL, 0, WEXITED);
	show_wait("no option", P_ALL, 0, 0);
	show_wait("bad option", P_ALL, 0, WEXITED | 0x1000);
	show_wait("bad type", 9, 0, WEXITED);
	show_wait("pid 0", P_PID, 0, WEXITED);
	printf("  none %s", shown(WAITID(P_ALL, 0, 0, WEXITED)));
	printf(" bad address %s", shown(WAITID(P_ALL, 0, 8, WEXITED)));
	printf(" and no option %s\n", shown(WAITID(P_ALL, 0, 8, 0)));
}

static void stops(void)
{
	pid_t p = child(sleeps);

	kill(p, SIGSTOP);
	show_wait("stopped, left", P_PID, p, WSTOPPED | WNOWAIT);
	show_wait("stopped", P_PID, p, WSTOPPED | WNOHANG);
	show_wait("no more", P_PID, p, WSTOPPED | WNOHANG);
	kill(p, SIGCONT);
	show_wait("goes on, at once", P_PID, p, WCONTINUED | WNOHANG);
	rest(50);
	show_wait("only once", P_PID, p, WCONTINUED | WNOHANG);
	kill(p, SIGSTOP);
	show_wait("stopped, left", P_PID, p, WSTOPPED | WNOWAIT);
	kill(p, SIGCONT);
	show_wait("is over", P_PID, p, WSTOPPED | WNOHANG);
	kill(p, SIGSTOP);
	show_wait("stopped", P_PID, p, WSTOPPED);
	kill(p, SIGTERM);
	kill(p, SIGSEGV);
	rest(50);
	show_wait("deadly signals wait for SIGCONT", P_PID, p, WEXITED | WSTOPPED | WNOHANG);
	kill(p, SIGCONT);
	show_wait("end", P_PID, p, WEXITED);
	p = child(sleeps);
	kill(p, SIGSTOP);
	show_wait("stopped", P_PID, p, WSTOPPED | WNOWAIT);
	kill(p, SIGKILL);
	show_wait("but SIGKILL", P_PID, p, WEXITED | WSTOPPED | WCONTINUED);
}

static void *wait_here(void *arg) { return (void *)CALL(wait4, arg, 0, __WNOTHREAD, 0); }
static void *make_child(void *arg) { return (void *)(long)child((void (*)(void))arg); }

static void is_told(void)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	rest(1000);
}

static void *make_told(void *arg)
{
	pid_t p = child(is_told);

	rest(100);
	(void)arg;
	return (void *)(long)p;
}

static void threads(void)
{
	pthread_t t;
	void *result;
	pid_t p = child(ends);
	int status;

	pthread_create(&t, NULL, wait_here, (void *)(long)p);
	pthread_join(t, &result);
	printf("  another thread's child: %s\n", shown((long)result));
	printf("  one's own: %d\n", CALL(wait4, p, 0, __WNOTHREAD, 0) == p);
	pthread_create(&t, NULL, make_child, (void *)ends);
	pthread_join(t, &result);
	rest(100);
	printf("  of a thread that has ended: %d\n", CALL(wait4, result, 0, __WNOTHREAD, 0) == (long)result);
	pthread_create(&t, NULL, make_told, NULL);
	pthread_join(t, &result);
	waitpid((pid_t)(long)result, &status, 0);
	printf("  told of the end of that thread: %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : -1);
}

static volatile int number;

static void *sleeper(void *arg)
{
	number = (int)CALL(gettid);
	sleeps();
	return arg;
}

static void numbers(void)
{
	struct rlimit limit;
	siginfo_t info = { .si_code = SI_QUEUE };
	pthread_t t;

	pthread_create(&t, NULL, sleeper, NULL);
	while (!number)
		rest(1);
	printf("  group %d session %d", CALL(getpgid, number) == getpgrp(), CALL(getsid, number) == getsid(0));
	printf(" set %s", shown(CALL(setpgid, number, 0)));
	printf(" kill %s", shown(CALL(kill, number, 0)));
	printf(" queue %s", shown(CALL(rt_sigqueueinfo, number, 0, &info)));
	printf(" limit %s", shown(CALL(prlimit64, number, RLIMIT_NOFILE, 0, &limit)));
	printf(" priority %s", shown(CALL(getpriority, 0, number)));
	printf(" %s", shown(CALL(setpriority, 0, number, 0)));
	printf(" wait %s", shown(CALL(wait4, number, 0, 0, 0)));
	printf(" group of that number %s\n", shown(CALL(kill, -number, 0)));
}

static void orders(void)
{
	printf("  limit of nobody %s", shown(CALL(prlimit64, 999999, 99, 0, 0)));
	printf(" from nowhere %s", shown(CALL(prlimit64, 0, 99, 8, 0)));
	printf(" of nothing %s", shown(CALL(prlimit64, 0, 99, 0, 0)));
	printf(" to nowhere %s %s\n", shown(CALL(getrlimit, RLIMIT_NOFILE, 0)), shown(CALL(getrlimit, 99, 0)));
	printf("  group -1 %s", shown(CALL(setpgid, 0, -1)));
	printf(" of -1 %s", shown(CALL(setpgid, -1, 0)));
	printf(" of -1 to 1 %s\n", shown(CALL(setpgid, -1, 1)));
}

int main(void)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	printf("failures\n"), failures();
	printf("stops\n"), stops();
	printf("threads\n"), threads();
	printf("numbers\n"), numbers();
	printf("orders\n"), orders();
	return 0;
}
