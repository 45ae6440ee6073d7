/* SPDX-License-Identifier: MIT */
/*
 * Which thread takes a signal: the first one, or the one that the sender named, or the one that has caused it. What a
 * thread has caused (SIGPIPE, SIGXFSZ) stays with it when it blocks that, also when others do not.
 */
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include "show.h"

static int first;
static volatile int second, taker, code;

static void handler(int signo, siginfo_t *info, void *context)
{
	int tid = (int)CALL(gettid);

	(void)signo, (void)context;
	code = info->si_code;
	taker = tid == first ? 1 : tid == second ? 2 : 3;
}

static void handle(int signo)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART };

	sigaction(signo, &sa, NULL);
}

static void show_taker(const char *what)
{
	for (int i = 0; i < 500 && !taker; i++)
		poll(NULL, 0, 5);
	printf("  %s: thread %d, code %d\n", what, taker, code);
	taker = 0;
}

static void block(int how, int signo)
{
	unsigned long set = 1ul << (signo - 1);

	CALL(rt_sigprocmask, how, &set, 0, 8);
}

/* The thread blocks it: is it pending here, and nowhere else? */
static void show_pending(const char *what, long result, int signo)
{
	unsigned long set = 1ul << (signo - 1);
	const struct timespec now = { 0, 0 };
	siginfo_t info = { .si_code = 99 };

	printf("  %s: %s", what, shown(result));
	printf(" waiting %s", shown(CALL(rt_sigtimedwait, &set, &info, &now, 8)));
	printf(" code %d own %d taken by %d\n", info.si_code, info.si_pid == getpid(), taker);
}

static void caused(void)
{
	const struct rlimit limit = { 10, 10 };
	int ends[2], pair[2], fd;

	CALL(pipe, ends);
	CALL(socketpair, AF_UNIX, SOCK_STREAM, 0, pair);
	close(ends[0]), close(pair[0]);
	block(SIG_BLOCK, SIGPIPE), block(SIG_BLOCK, SIGXFSZ);
	show_pending("pipe", CALL(write, ends[1], "x", 1), SIGPIPE);
	show_pending("socket", CALL(write, pair[1], "x", 1), SIGPIPE);
	show_pending("socket, quiet", CALL(sendto, pair[1], "x", 1, MSG_NOSIGNAL, 0, 0), SIGPIPE);
	signal(SIGPIPE, SIG_DFL);
	show_pending("deadly elsewhere", CALL(write, ends[1], "x", 1), SIGPIPE);
	fd = open("file", O_CREAT | O_RDWR, 0600);
	setrlimit(RLIMIT_FSIZE, &limit);
	show_pending("size", CALL(pwrite64, fd, "x", 1, 100), SIGXFSZ);
	show_pending("truncate", CALL(ftruncate, fd, 100), SIGXFSZ);
	handle(SIGPIPE);
	block(SIG_UNBLOCK, SIGPIPE);
	CALL(write, ends[1], "x", 1);
	show_taker("not blocked");
}

static void *other(void *arg)
{
	const struct itimerval soon = { { 0, 0 }, { 0, 30000 } };
	siginfo_t info = { .si_code = SI_QUEUE };
	pid_t p;

	second = (int)CALL(gettid);
	CALL(kill, getpid(), SIGUSR1), show_taker("to the process");
	CALL(kill, second, SIGUSR1), show_taker("to the thread's number");
	CALL(tkill, second, SIGUSR1), show_taker("to the thread");
	CALL(rt_sigqueueinfo, getpid(), SIGUSR1, &info), show_taker("queued");
	setitimer(ITIMER_REAL, &soon, NULL), show_taker("timer");
	setitimer(ITIMER_PROF, &soon, NULL);
	while (!taker)
		;
	show_taker("timer of CPU time");
	p = fork();
	if (!p)
		_exit(0);
	show_taker("end of the thread's child");
	waitpid(p, NULL, 0);
	caused();
	return arg;
}

int main(void)
{
	static const int signals[] = { SIGUSR1, SIGALRM, SIGPROF, SIGCHLD, SIGPIPE, SIGXFSZ };
	pthread_t t;

	setvbuf(stdout, NULL, _IONBF, 0);
	first = (int)CALL(gettid);
	for (unsigned i = 0; i < COUNT(signals); i++)
		handle(signals[i]);
	pthread_create(&t, NULL, other, NULL);
	pthread_join(t, NULL);
	return 0;
}
