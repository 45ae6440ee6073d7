/* SPDX-License-Identifier: MIT */
/* What is answered to arguments that few programs give: lists of groups, policies, hints, lengths near the end. */
#include <limits.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <time.h>

#include "show.h"

static void groups(void)
{
	unsigned list[6] = { 7, 3, 41, 3, 0, 9 }, got[6] = { 0 };

	printf("setgroups %s:", shown(CALL(setgroups, 6, list)));
	CALL(getgroups, 6, got);
	for (int i = 0; i < 6; i++)
		printf(" %u", got[i]);
	list[5] = UINT_MAX;
	printf(", with no group %s", shown(CALL(setgroups, 6, list)));
	printf(", none %s %s\n", shown(CALL(setgroups, 0, NULL)), shown(CALL(getgroups, 0, NULL)));
}

/* By another user, whose niceness is 0 and who may not go below it. */
static void policies(void)
{
	int none = 0;

	IN_CHILD({
		CALL(setresuid, 1000, 1000, 1000);
		printf("idle %s", shown(CALL(sched_setscheduler, 0, 5, &none)));
		printf(", and back %s", shown(CALL(sched_setscheduler, 0, 0, &none)));
		printf(", batch %s", shown(CALL(sched_setscheduler, 0, 3, &none)));
		printf(", still idle %s", shown(CALL(sched_setscheduler, 0, 5, &none)));
		printf(" %s\n", shown(CALL(sched_getscheduler, 0)));
	});
	IN_CHILD({
		CALL(setresuid, 1000, 1000, 1000);
		printf("reset on fork %s", shown(CALL(sched_setscheduler, 0, 0x40000000, &none)));
		printf(", and not %s %s\n", shown(CALL(sched_setscheduler, 0, 0, &none)), shown(CALL(sched_getscheduler, 0)));
	});
	printf("PR_SET_TSC %s %s\n", shown(CALL(prctl, PR_SET_TSC, 1)), shown(CALL(prctl, PR_SET_TSC, 3)));
}

/* Of a timer that is stopped nothing is left. */
static void stopped_timer(void)
{
	struct itimerspec setting = { { 5, 0 }, { 100, 0 } }, now;
	timer_t timer;

	if (timer_create(CLOCK_MONOTONIC, NULL, &timer) < 0)
		return;
	printf("timer %d", timer_settime(timer, 0, &setting, NULL));
	setting.it_value.tv_sec = 0;
	printf(" stopped %d", timer_settime(timer, 0, &setting, &now));
	printf(" was every %ld", (long)now.it_interval.tv_sec);
	timer_gettime(timer, &now);
	printf(" is every %ld in %ld\n", (long)now.it_interval.tv_sec, (long)now.it_value.tv_sec);
	timer_delete(timer);
}

static void transfers(const char *where)
{
	char name[64], piece[64];
	off_t last = LONG_MAX, none = 0;
	int end[2];

	snprintf(name, sizeof name, "%s/rare", where);
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600), dir = open(where, O_RDONLY);
	if (fd < 0 || dir < 0 || pipe(end) < 0 || write(fd, "bytes", 5) != 5)
		return;
	printf("%s: sendfile at the end of all %s", where, shown(CALL(sendfile, end[1], fd, &last, 10)));
	last -= 10;
	printf(", before %s", shown(CALL(sendfile, end[1], fd, &last, 10)));
	printf(", at a place of a pipe %s, from a pipe %s\n", shown(CALL(sendfile, fd, end[0], &none, 1)),
	       shown(CALL(sendfile, fd, end[0], NULL, 1)));
	printf("  getdents64 into nothing %s, into too much %s\n", shown(CALL(getdents64, dir, piece, 0)),
	       shown(CALL(getdents64, dir, piece, UINT_MAX)));
	struct rlimit small = { 100, 100 };
	IN_CHILD({
		setrlimit(RLIMIT_FSIZE, &small);
		signal(SIGXFSZ, SIG_IGN);
		printf("  beyond RLIMIT_FSIZE: fallocate %s", strcmp(where, "/tmp") ? "-" : shown(CALL(fallocate, fd, 0, 99, 2)));
		printf(", ftruncate %s\n", shown(CALL(ftruncate, fd, 101)));
	});
	unsigned long hint = 9;
	printf("  hint %s %lu", shown(CALL(fcntl, fd, F_GET_RW_HINT, &hint)), hint);
	hint = 3;
	printf(", set %s", shown(CALL(fcntl, fd, F_SET_RW_HINT, &hint)));
	hint = 9;
	printf(", now %s %lu", shown(CALL(fcntl, open(name, O_RDONLY), F_GET_RW_HINT, &hint)), hint);
	hint = 6;
	printf(", too long %s, nowhere %s\n", shown(CALL(fcntl, fd, F_SET_RW_HINT, &hint)),
	       shown(CALL(fcntl, fd, F_SET_RW_HINT, 8)));
	unlink(name);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	groups();
	policies();
	stopped_timer();
	transfers("/tmp");
	transfers("/var/tmp");
	return 0;
}
