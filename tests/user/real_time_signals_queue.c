/* SPDX-License-Identifier: MIT */
/*
 * Real-time signals queue up with their siginfo and come oldest first, lowest number first; a standard one is pending
 * once and its first siginfo counts; RLIMIT_SIGPENDING bounds what is queued.
 */
#include <sys/resource.h>
#include <sys/syscall.h>

#include "check.h"

static struct { int signo, code, value; pid_t pid; uid_t uid; } seen[64];
static volatile int count;

static void note(int signo, siginfo_t *info, void *context)
{
	(void)context;
	seen[count].signo = signo;
	seen[count].code = info->si_code;
	seen[count].value = info->si_value.sival_int;
	seen[count].pid = info->si_pid;
	seen[count].uid = info->si_uid;
	count++;
}

static void queue(int signo, int value)
{
	union sigval v = { .sival_int = value };

	CHECK(sigqueue(getpid(), signo, v) == 0);
}

static void mask(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN + 1);
	sigaddset(&set, SIGRTMIN + 2);
	CHECK(sigprocmask(how, &set, NULL) == 0);
}

static void expect(int i, int signo, int code, int value)
{
	CHECK(seen[i].signo == signo);
	CHECK(seen[i].code == code);
	CHECK(code == SI_KERNEL || (seen[i].pid == getpid() && seen[i].uid == getuid()));
	CHECK(code != SI_QUEUE || seen[i].value == value);
}

static void order(void)
{
	sigset_t pending;

	count = 0;
	mask(SIG_BLOCK);
	queue(SIGRTMIN + 2, 1);
	queue(SIGRTMIN + 1, 2);
	queue(SIGRTMIN + 2, 3);
	queue(SIGRTMIN + 1, 4);
	queue(SIGUSR1, 5);
	queue(SIGUSR1, 6);
	CHECK(kill(getpid(), SIGRTMIN + 1) == 0);
	CHECK(syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1) == 0); /* another set: the thread's */
	CHECK(sigpending(&pending) == 0 && sigismember(&pending, SIGRTMIN + 1) && sigismember(&pending, SIGRTMIN + 2) &&
	      sigismember(&pending, SIGUSR1) && !sigismember(&pending, SIGUSR2));
	/*
	 * One of each number is taken before the first handler runs, in rising order, so that the last taken runs first;
	 * each number's next comes when its handler returns.
	 */
	mask(SIG_UNBLOCK);
	CHECK(count == 7);
	expect(0, SIGRTMIN + 2, SI_QUEUE, 1);
	expect(1, SIGRTMIN + 2, SI_QUEUE, 3);
	expect(2, SIGRTMIN + 1, SI_QUEUE, 2);
	expect(3, SIGRTMIN + 1, SI_QUEUE, 4);
	expect(4, SIGRTMIN + 1, SI_USER, 0);
	expect(5, SIGUSR1, SI_TKILL, 0);
	expect(6, SIGUSR1, SI_QUEUE, 5);
}

/* How many are queued for this user already, by others perhaps. */
static unsigned queued_now(void)
{
	char line[128];
	unsigned queued = 0;
	FILE *f = fopen("/proc/self/status", "r");

	CHECK(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "SigQ: %u/", &queued) == 1)
			break;
	fclose(f);
	return queued;
}

/* The number of entries that fit, then EAGAIN; kill still sets its bit, without a word. */
static void limit(void)
{
	struct rlimit few = { queued_now() + 3, queued_now() + 3 };
	union sigval v = { .sival_int = 0 };

	CHECK(setrlimit(RLIMIT_SIGPENDING, &few) == 0);
	count = 0;
	mask(SIG_BLOCK);
	for (int i = 0; i < 3; i++)
		queue(SIGRTMIN + 1, i);
	FAILS(sigqueue(getpid(), SIGRTMIN + 1, v), EAGAIN);
	FAILS(syscall(SYS_tgkill, getpid(), getpid(), SIGRTMIN + 1), EAGAIN);
	CHECK(kill(getpid(), SIGRTMIN + 2) == 0);
	CHECK(sigqueue(getpid(), SIGUSR1, v) == 0);
	mask(SIG_UNBLOCK);
	CHECK(count == 5);
	CHECK(seen[0].signo == SIGRTMIN + 2 && seen[0].code == SI_USER && seen[0].pid == 0);
	expect(1, SIGRTMIN + 1, SI_QUEUE, 0);
	expect(2, SIGRTMIN + 1, SI_QUEUE, 1);
	expect(3, SIGRTMIN + 1, SI_QUEUE, 2);
	CHECK(seen[4].signo == SIGUSR1 && seen[4].code == SI_USER && seen[4].pid == 0);
	queue(SIGRTMIN + 1, 7); /* all has been given back */
	CHECK(count == 6);
}

/* What is pending goes when it becomes ignored, and when the process does not live any more. */
static void dropped(void)
{
	mask(SIG_BLOCK);
	count = 0;
	queue(SIGRTMIN + 1, 1);
	queue(SIGRTMIN + 1, 2);
	signal(SIGRTMIN + 1, SIG_IGN);
	mask(SIG_UNBLOCK);
	CHECK(count == 0);
}

/* What a sender may claim of itself. */
static void claims(void)
{
	siginfo_t info;
	pid_t child = fork();

	CHECK(child >= 0);
	if (child == 0)
		for (;;)
			pause();
	memset(&info, 0, sizeof(info));
	info.si_code = SI_USER;
	FAILS(syscall(SYS_rt_sigqueueinfo, child, SIGUSR1, &info), EPERM);
	info.si_code = SI_TKILL;
	FAILS(syscall(SYS_rt_sigqueueinfo, child, SIGUSR1, &info), EPERM);
	FAILS(syscall(SYS_rt_tgsigqueueinfo, child, child, SIGUSR1, &info), EPERM);
	info.si_code = SI_QUEUE;
	FAILS(syscall(SYS_rt_sigqueueinfo, child, 65, &info), EINVAL);
	FAILS(syscall(SYS_rt_sigqueueinfo, 0, SIGUSR1, &info), ESRCH);
	FAILS(syscall(SYS_rt_tgsigqueueinfo, 0, child, SIGUSR1, &info), EINVAL);
	FAILS(syscall(SYS_rt_sigqueueinfo, child, SIGUSR1, NULL), EFAULT);
	info.si_code = -30; /* of no known layout: nothing may stand behind what the kernel keeps */
	memset((char *)&info + 100, 1, 1);
	FAILS(syscall(SYS_rt_sigqueueinfo, child, SIGUSR1, &info), E2BIG);
	CHECK(kill(child, SIGKILL) == 0);
	CHECK(waitpid(child, NULL, 0) == child);
}

int main(void)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO };

	action.sa_sigaction = note;
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGRTMIN + 1, &action, NULL);
	sigaction(SIGRTMIN + 2, &action, NULL);
	order();
	CHILD_PASSES(limit());
	claims();
	dropped();
	return 0;
}
