/* SPDX-License-Identifier: MIT */
/* Every kind of clock: reading it, how fine it is, sleeping on it, timers on it; CPU clocks with numbers in them. */
#include <pthread.h>
#include <time.h>

#include "show.h"

static int cpu_clock(int number, int kind) { return (int)(~(unsigned)number << 3) | kind; }

static void show_clock(const char *name, int clock, bool may_sleep)
{
	struct timespec ts = { -1, -1 }, moment = { 0, 1 };
	int id;

	printf("  %s: read %s", name, shown(CALL(clock_gettime, clock, &ts)));
	ts.tv_nsec = -1;
	printf(" steps %s", shown(CALL(clock_getres, clock, &ts)));
	printf(" of %ld", ts.tv_nsec);
	if (may_sleep)
		printf(" sleep %s", shown(CALL(clock_nanosleep, clock, 0, &moment, 0)));
	printf(" from nowhere %s", shown(CALL(clock_nanosleep, clock, 0, 8, 0)));
	printf(" timer %s\n", shown(CALL(timer_create, clock, 0, &id)));
}

static volatile int number;
static volatile bool end;
static volatile int fired;

static void handler(int signo) { fired = signo; }

static void *spin(void *arg)
{
	number = (int)CALL(gettid);
	while (!end)
		;
	return arg;
}

static void numbered(void)
{
	const struct itimerspec soon = { { 0, 0 }, { 0, 20000000 } };
	const struct timespec moment = { 0, 1000000 };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	pthread_t t;
	int id, clock;

	signal(SIGUSR1, handler);
	pthread_create(&t, NULL, spin, NULL);
	while (!number)
		CALL(sched_yield);
	clock = cpu_clock(number, 6);
	printf("  timer of a thread %s", shown(CALL(timer_create, clock, &event, &id)));
	CALL(timer_settime, id, 0, &soon, 0);
	while (!fired)
		CALL(sched_yield);
	printf(" fired %d", fired);
	printf(" sleep %s\n", shown(CALL(clock_nanosleep, clock, 0, &moment, 0)));
	fired = 0;
	printf("  timer of the process %s", shown(CALL(timer_create, cpu_clock(getpid(), 2), &event, &id)));
	CALL(timer_settime, id, 0, &soon, 0);
	while (!fired)
		CALL(sched_yield);
	printf(" fired %d\n", fired);
	end = true;
	pthread_join(t, NULL);
}

int main(void)
{
	static const char *const names[] = { "realtime", "monotonic", "process", "thread", "raw", "realtime coarse",
		"monotonic coarse", "boot", "realtime alarm", "boot alarm", "none", "tai", "twelve" };
	struct itimerspec left;
	int id;

	for (int i = 0; i < (int)COUNT(names); i++)
		show_clock(names[i], i, i != 2);
	show_clock("own, user and system", cpu_clock(getpid(), 0), false);
	show_clock("own, user", cpu_clock(getpid(), 1), false);
	show_clock("own, scheduler's", cpu_clock(getpid(), 2), false);
	show_clock("own thread's", cpu_clock(getpid(), 6), true);
	show_clock("nobody's", cpu_clock(999999, 2), true);
	numbered();
	printf("  bad event %s", shown(CALL(timer_create, 99, 8, &id)));
	printf(" bad clock %s", shown(CALL(timer_create, 99, 0, &id)));
	printf(" nowhere %s\n", shown(CALL(timer_create, CLOCK_MONOTONIC, 0, 8)));
	CALL(alarm, 4000000000u);
	printf("  long alarm %d\n", CALL(alarm, 0) >= 3999999990);
	printf("  no timer %s\n", shown(CALL(timer_gettime, 99, &left)));
	return 0;
}
