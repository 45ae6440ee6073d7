/* SPDX-License-Identifier: MIT */
/* Time of day and interval timers. */
#ifndef SYS_TIME_H
#define SYS_TIME_H

#include <bits/timespec.h>
#include <sys/cdefs.h>
#include <sys/select.h>

#define ITIMER_REAL 0
#define ITIMER_VIRTUAL 1
#define ITIMER_PROF 2

struct itimerval {
	struct timeval it_interval;
	struct timeval it_value;
};

struct timezone {
	int tz_minuteswest;
	int tz_dsttime;
};

#define timerisset(t) ((t)->tv_sec || (t)->tv_usec)
#define timerclear(t) ((t)->tv_sec = (t)->tv_usec = 0)
#define timercmp(a, b, op) \
	((a)->tv_sec == (b)->tv_sec ? (a)->tv_usec op (b)->tv_usec : (a)->tv_sec op (b)->tv_sec)
#define timeradd(a, b, sum) \
	do { \
		(sum)->tv_sec = (a)->tv_sec + (b)->tv_sec; \
		(sum)->tv_usec = (a)->tv_usec + (b)->tv_usec; \
		if ((sum)->tv_usec >= 1000000) { \
			(sum)->tv_sec++; \
			(sum)->tv_usec -= 1000000; \
		} \
	} while (0)
#define timersub(a, b, difference) \
	do { \
		(difference)->tv_sec = (a)->tv_sec - (b)->tv_sec; \
		(difference)->tv_usec = (a)->tv_usec - (b)->tv_usec; \
		if ((difference)->tv_usec < 0) { \
			(difference)->tv_sec--; \
			(difference)->tv_usec += 1000000; \
		} \
	} while (0)

__BEGIN_DECLS
int gettimeofday(struct timeval *__restrict now, void *__restrict zone);
int settimeofday(const struct timeval *now, const struct timezone *zone);
int getitimer(int which, struct itimerval *value);
int setitimer(int which, const struct itimerval *__restrict value, struct itimerval *__restrict old);
int utimes(const char *path, const struct timeval times[2]);
int futimes(int fd, const struct timeval times[2]);
__END_DECLS

#endif
