/* SPDX-License-Identifier: MIT */
/* Signals that are read: what is refused, records of each kind, their order, waiting, poll, threads, fork, a new mask. */
#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <time.h>

#include "show.h"

#define SHOW(what, call) printf(" " what " %s", shown(call))
#define BIT(signo) (1ul << ((signo) - 1))

static struct signalfd_siginfo got[8];

static int make(unsigned long mask, int flags)
{
	return (int)CALL(signalfd4, -1, &mask, 8, flags);
}

static void show_poll(int fd, int ms)
{
	struct pollfd p = { fd, POLLIN | POLLOUT | POLLRDNORM, 0 };
	int n = poll(&p, 1, ms);

	printf(" poll %d/%x", n, (unsigned)p.revents);
}

static void take(int fd, size_t len)
{
	memset(got, 0x77, sizeof got);
	long n = CALL(read, fd, got, len);
	SHOW("take", n);
	for (long i = 0; i < n / (long)sizeof got[0]; i++) {
		struct signalfd_siginfo *s = &got[i];
		printf(" {%u e%d c%d %s uid %u fd %d tid %u band %u over %u trap %u status %d int %d ptr %lx %s addr %lx lsb %u sys %d %lx %u}",
		       s->ssi_signo, s->ssi_errno, s->ssi_code,
		       s->ssi_pid == (unsigned)getpid() ? "me" : s->ssi_pid ? "other" : "0", s->ssi_uid, s->ssi_fd, s->ssi_tid,
		       s->ssi_band, s->ssi_overrun, s->ssi_trapno, s->ssi_status, s->ssi_int, (unsigned long)s->ssi_ptr,
		       s->ssi_utime + s->ssi_stime < 100 ? "short" : "long", (unsigned long)s->ssi_addr, s->ssi_addr_lsb,
		       s->ssi_syscall, (unsigned long)s->ssi_call_addr, s->ssi_arch);
	}
}

static void queue(int signo, int value)
{
	sigqueue(getpid(), signo, (union sigval){ .sival_int = value });
}

static void refused(void)
{
	unsigned long mask = BIT(SIGUSR1);
	int fd = make(mask, O_NONBLOCK), ends[2];
	char link[32], text[64] = "";

	SHOW("size", CALL(signalfd4, -1, 8, 4, 1)), SHOW("memory", CALL(signalfd4, -1, 8, 8, 1));
	SHOW("flags", CALL(signalfd4, 77, &mask, 8, 1)), SHOW("closed", CALL(signalfd4, 77, &mask, 8, 0));
	SHOW("-2", CALL(signalfd4, -2, &mask, 8, 0)), SHOW("same", CALL(signalfd4, fd, &mask, 8, 0) - fd);
	CALL(pipe2, ends, 0);
	SHOW("pipe", CALL(signalfd4, ends[0], &mask, 8, 0)), SHOW("old", CALL(signalfd, fd, &mask, 8) - fd);
	SHOW("short", CALL(read, fd, got, 127)), SHOW("none", CALL(read, fd, got, 128)), SHOW("write", CALL(write, fd, got, 128));
	SHOW("seek", CALL(lseek, fd, 0, SEEK_CUR)), SHOW("pread", CALL(pread64, fd, got, 128, 0));
	printf(" %x", (unsigned)fcntl(fd, F_GETFL));
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	SHOW("link", CALL(readlink, link, text, sizeof text - 1)), printf(" %s\n", text);
	close(fd), close(ends[0]), close(ends[1]);
}

static void records(int fd)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2, .sigev_value.sival_int = 5 };
	struct itimerspec soon = { .it_value.tv_nsec = 1 };
	timer_t timer;

	take(fd, sizeof got), show_poll(fd, 0);
	kill(getpid(), SIGUSR1), show_poll(fd, 0), take(fd, sizeof got[0]), show_poll(fd, 0);
	printf("\n two:"), kill(getpid(), SIGUSR1), kill(getpid(), SIGUSR1), raise(SIGUSR2), take(fd, sizeof got), take(fd, sizeof got);
	printf("\n queued:"), queue(SIGRTMIN + 1, 1), queue(SIGRTMIN, 2), queue(SIGRTMIN + 1, 3), take(fd, 2 * sizeof got[0] + 5);
	take(fd, sizeof got);
	printf("\n timer:"), timer_create(CLOCK_MONOTONIC, &event, &timer), timer_settime(timer, 0, &soon, NULL);
	show_poll(fd, -1), take(fd, sizeof got), timer_delete(timer);
	printf("\n child:"), fflush(stdout);
	if (!fork())
		_exit(3);
	show_poll(fd, -1), take(fd, sizeof got), wait(NULL);
	printf("\n bad memory:"), kill(getpid(), SIGUSR1), SHOW("read", CALL(read, fd, 8, 128)), take(fd, sizeof got);
	printf("\n ignored:"), signal(SIGUSR1, SIG_IGN), kill(getpid(), SIGUSR1), take(fd, sizeof got), signal(SIGUSR1, SIG_DFL);
	printf("\n not blocked: "), kill(getpid(), SIGURG), take(fd, sizeof got);
	unsigned long mask = BIT(SIGUSR2);
	printf("\n new mask:"), kill(getpid(), SIGUSR1), CALL(signalfd4, fd, &mask, 8, 0), show_poll(fd, 0), take(fd, sizeof got);
	mask = ~0ul, CALL(signalfd4, fd, &mask, 8, 0), show_poll(fd, 0), take(fd, sizeof got), printf("\n");
}

static void *in_thread(void *fd)
{
	take(*(int *)fd, sizeof got);
	return NULL;
}

static volatile sig_atomic_t caught;

static void on_signal(int signo) { caught = signo; }

static void waited_for(void)
{
	int fd = make(BIT(SIGUSR1), 0);
	pid_t me = getpid();
	pthread_t thread;

	printf("waited for:"), fflush(stdout);
	if (!fork()) {
		usleep(20000), kill(me, SIGUSR1);
		_exit(0);
	}
	take(fd, sizeof got), wait(NULL);
	printf("\n by a thread:"), pthread_create(&thread, NULL, in_thread, &fd), usleep(20000), kill(me, SIGUSR1);
	pthread_join(thread, NULL);
	printf("\n not a thread's own:"), fcntl(fd, F_SETFL, O_NONBLOCK), pthread_kill(pthread_self(), SIGUSR1);
	pthread_create(&thread, NULL, in_thread, &fd), pthread_join(thread, NULL), take(fd, sizeof got);
	printf("\n in a child:"), kill(me, SIGUSR1);
	IN_CHILD(show_poll(fd, 0), take(fd, sizeof got), kill(getpid(), SIGUSR1), take(fd, sizeof got));
	take(fd, sizeof got), fcntl(fd, F_SETFL, 0), fflush(stdout);
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t alarms;
	sigemptyset(&alarms), sigaddset(&alarms, SIGALRM), sigprocmask(SIG_UNBLOCK, &alarms, NULL);
	sigaction(SIGALRM, &action, NULL), ualarm(20000, 0);
	printf("\n interrupted:"), SHOW("read", CALL(read, fd, got, 128)), printf(" caught %d\n", caught);
	close(fd);
}

int main(void)
{
	sigset_t all;

	sigfillset(&all), sigdelset(&all, SIGURG), sigprocmask(SIG_BLOCK, &all, NULL);
	refused();
	records(make(~0ul, O_NONBLOCK));
	waited_for();
	return 0;
}
