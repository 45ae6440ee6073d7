/* SPDX-License-Identifier: MIT */
/* Clocks and the calendar. The local time zone is UTC. */
#ifndef TIME_H
#define TIME_H

#include <abi/time.h>
#include <bits/timespec.h>
#include <bits/types.h>
#include <stddef.h>
#include <sys/cdefs.h>

#define CLOCKS_PER_SEC 1000000l
#define TIME_UTC 1

struct tm {
	int tm_sec;
	int tm_min;
	int tm_hour;
	int tm_mday;
	int tm_mon;
	int tm_year;
	int tm_wday;
	int tm_yday;
	int tm_isdst;
	long tm_gmtoff;
	const char *tm_zone;
};

struct itimerspec {
	struct timespec it_interval;
	struct timespec it_value;
};

struct sigevent;

__BEGIN_DECLS
extern char *tzname[2];
extern long timezone;
extern int daylight;

time_t time(time_t *t);
clock_t clock(void);
double difftime(time_t a, time_t b);
int clock_gettime(clockid_t clock, struct timespec *t);
int clock_settime(clockid_t clock, const struct timespec *t);
int clock_getres(clockid_t clock, struct timespec *t);
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *t, struct timespec *rest);
int nanosleep(const struct timespec *t, struct timespec *rest);
int clock_getcpuclockid(pid_t pid, clockid_t *clock);
int timer_create(clockid_t clock, struct sigevent *__restrict event, timer_t *__restrict timer);
int timer_delete(timer_t timer);
int timer_settime(timer_t timer, int flags, const struct itimerspec *__restrict value,
                  struct itimerspec *__restrict old);
int timer_gettime(timer_t timer, struct itimerspec *value);
int timer_getoverrun(timer_t timer);
int timespec_get(struct timespec *t, int base);

struct tm *gmtime(const time_t *t);
struct tm *gmtime_r(const time_t *__restrict t, struct tm *__restrict tm);
struct tm *localtime(const time_t *t);
struct tm *localtime_r(const time_t *__restrict t, struct tm *__restrict tm);
time_t mktime(struct tm *tm);
time_t timegm(struct tm *tm);
char *asctime(const struct tm *tm);
char *asctime_r(const struct tm *__restrict tm, char *__restrict text);
char *ctime(const time_t *t);
char *ctime_r(const time_t *t, char *text);
size_t strftime(char *__restrict text, size_t size, const char *__restrict format,
		const struct tm *__restrict tm);
void tzset(void);
__END_DECLS

#endif
