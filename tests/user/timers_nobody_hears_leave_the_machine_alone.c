/* SPDX-License-Identifier: MIT */
/*
 * Timers with intervals down to a nanosecond whose signals are ignored or blocked do not keep a CPU from its programs. An
 * interval timer on the wall's clock goes on when its signal has been taken: ignored, it has nothing left, and blocked, it
 * comes once.
 */
#include <stdbool.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>

#include "check.h"

#define MANY 50

static volatile int count;

static void note(int signo)
{
	(void)signo;
	count++;
}

/* What a CPU that is busy with timers never comes to the end of. */
static void work(void)
{
	volatile unsigned n = 0;

	while (n < 3000000)
		n++;
}

static void each(int timers, long interval_ns)
{
	const struct itimerspec soon = { { 0, interval_ns }, { 0, interval_ns } };
	struct sigevent tell = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	timer_t timer[MANY];

	for (int i = 0; i < timers; i++) {
		CHECK(timer_create(CLOCK_MONOTONIC, &tell, &timer[i]) == 0);
		CHECK(timer_settime(timer[i], 0, &soon, NULL) == 0);
	}
	work();
	for (int i = 0; i < timers; i++)
		CHECK(timer_delete(timer[i]) == 0);
}

static void posix_timers(void)
{
	sigset_t usr1;

	signal(SIGUSR1, SIG_IGN);
	each(1, 1);
	each(MANY, 20000);
	signal(SIGUSR1, note);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	each(MANY, 1);
}

static void one_that_is_read(void)
{
	const struct itimerspec soon = { { 0, 1 }, { 0, 1 } };
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);

	CHECK(fd >= 0 && timerfd_settime(fd, 0, &soon, NULL) == 0);
	work();
	close(fd);
}

static bool nothing_left(void)
{
	struct itimerval left;

	CHECK(getitimer(ITIMER_REAL, &left) == 0 && left.it_interval.tv_usec == 1);
	return !left.it_value.tv_sec && !left.it_value.tv_usec;
}

static void interval_timer(void)
{
	const struct itimerval soon = { { 0, 1 }, { 0, 1 } }, off = { { 0, 0 }, { 0, 0 } };
	sigset_t alarm, pending;

	signal(SIGALRM, SIG_IGN);
	CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
	work();
	while (!nothing_left())
		usleep(1000);
	signal(SIGALRM, note);
	usleep(20000);
	CHECK(count == 0 && nothing_left());
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	sigprocmask(SIG_BLOCK, &alarm, NULL);
	CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
	work();
	do
		CHECK(sigpending(&pending) == 0);
	while (!sigismember(&pending, SIGALRM));
	CHECK(nothing_left() && count == 0);
	sigprocmask(SIG_UNBLOCK, &alarm, NULL);
	while (count < 3)
		usleep(1000);
	CHECK(setitimer(ITIMER_REAL, &off, NULL) == 0);
}

int main(void)
{
	posix_timers();
	count = 0;
	one_that_is_read();
	interval_timer();
	return 0;
}
