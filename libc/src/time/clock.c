/* SPDX-License-Identifier: MIT */
/*
 * Clocks, sleeping and interval timers. Each is its system call; there is no vDSO, so each costs an entry
 * into the kernel.
 *
 * clock() is the processor time of the process in microseconds. sleep returns the seconds that were
 * left when a signal came. clock_nanosleep returns its error instead of setting errno. (timer_create and its
 * family are in timer.c.)
 */
#include "../internal.h"
#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NSEC_PER_SEC 1000000000l

int clock_gettime(clockid_t clock, struct timespec *t)
{
	return (int)call2(SYS_clock_gettime, clock, t);
}

int clock_settime(clockid_t clock, const struct timespec *t)
{
	return (int)call2(SYS_clock_settime, clock, t);
}

int clock_getres(clockid_t clock, struct timespec *t)
{
	return (int)call2(SYS_clock_getres, clock, t);
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *t, struct timespec *rest)
{
	if (clock == CLOCK_THREAD_CPUTIME_ID) /* which would stand still; the kernel says EOPNOTSUPP, POSIX this */
		return EINVAL;
	return (int)-__cancel_call(SYS_clock_nanosleep, clock, flags, (long)t, (long)rest, 0, 0);
}

int nanosleep(const struct timespec *t, struct timespec *rest)
{
	return (int)cancel3(SYS_nanosleep, t, rest, 0);
}

unsigned int sleep(unsigned int seconds)
{
	struct timespec t = { seconds, 0 };

	return nanosleep(&t, &t) < 0 ? (unsigned int)t.tv_sec : 0;
}

int usleep(useconds_t microseconds)
{
	struct timespec t = { microseconds / 1000000, microseconds % 1000000 * 1000l };

	return nanosleep(&t, NULL);
}

int gettimeofday(struct timeval *__restrict now, void *__restrict zone)
{
	return (int)call2(SYS_gettimeofday, now, zone);
}

int settimeofday(const struct timeval *now, const struct timezone *zone)
{
	return (int)call2(SYS_settimeofday, now, zone);
}

time_t time(time_t *t)
{
	struct timespec now = { 0, 0 };

	clock_gettime(CLOCK_REALTIME, &now);
	if (t)
		*t = now.tv_sec;
	return now.tv_sec;
}

int timespec_get(struct timespec *t, int base)
{
	return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, t) == 0 ? base : 0;
}

clock_t clock(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) < 0)
		return -1;
	return t.tv_sec * CLOCKS_PER_SEC + t.tv_nsec / (NSEC_PER_SEC / CLOCKS_PER_SEC);
}

double difftime(time_t a, time_t b)
{
	return (double)(a - b);
}

int getitimer(int which, struct itimerval *value)
{
	return (int)call2(SYS_getitimer, which, value);
}

int setitimer(int which, const struct itimerval *__restrict value, struct itimerval *__restrict old)
{
	return (int)call3(SYS_setitimer, which, value, old);
}

unsigned int alarm(unsigned int seconds)
{
	return (unsigned int)raw1(SYS_alarm, seconds);
}

unsigned int ualarm(unsigned int micros, unsigned int interval)
{
	const struct itimerval value = { { interval / 1000000, interval % 1000000 }, { micros / 1000000, micros % 1000000 } };
	struct itimerval old = { { 0, 0 }, { 0, 0 } };

	setitimer(ITIMER_REAL, &value, &old);
	return (unsigned int)(old.it_value.tv_sec * 1000000 + old.it_value.tv_usec);
}

int clock_getcpuclockid(pid_t pid, clockid_t *clock)
{
	struct timespec t;
	clockid_t id = (int)(~(unsigned int)pid << 3 | 2);

	if (raw2(SYS_clock_getres, id, &t) < 0)
		return ESRCH;
	*clock = id;
	return 0;
}
