/* SPDX-License-Identifier: MIT */
/* Timers that are read: what is refused, what a setting returns of the one before, expirations counted, poll, fork. */
#include <poll.h>
#include <sys/timerfd.h>

#include "show.h"

#define SHOW(what, call) printf(" " what " %s", shown(call))

static struct itimerspec setting(long s, long ns, long every_s, long every_ns)
{
	return (struct itimerspec){ .it_value = { s, ns }, .it_interval = { every_s, every_ns } };
}

static void show_poll(int fd, int ms)
{
	struct pollfd p = { fd, POLLIN | POLLOUT | POLLRDNORM, 0 };
	int n = poll(&p, 1, ms);

	printf(" poll %d/%x", n, (unsigned)p.revents);
}

static void take(int fd)
{
	unsigned long n = 99;

	SHOW("take", CALL(read, fd, &n, 8));
	printf("=%lu", n);
}

/* How long it still takes is not shown, only whether. */
static void look(int fd)
{
	struct itimerspec s = setting(9, 9, 9, 9);

	SHOW("get", CALL(timerfd_gettime, fd, &s));
	printf(s.it_value.tv_sec || s.it_value.tv_nsec ? "(runs" : "(rests");
	printf(" every %ld.%09ld)", s.it_interval.tv_sec, s.it_interval.tv_nsec);
}

static void set(int fd, int flags, struct itimerspec s)
{
	struct itimerspec old = setting(9, 9, 9, 9);

	SHOW("set", CALL(timerfd_settime, fd, flags, &s, &old));
	printf("(before: %s every %ld.%09ld)", old.it_value.tv_sec || old.it_value.tv_nsec ? "ran" : "rested",
	       old.it_interval.tv_sec, old.it_interval.tv_nsec);
}

static void refused(void)
{
	struct itimerspec s = setting(1, 0, 0, 0), bad = setting(1, 1000000000, 0, 0), negative = setting(1, 0, -1, 0);
	int fd, ends[2];
	char text[64];

	printf("clocks");
	for (int clock = -2; clock < 13; clock++) {
		fd = (int)CALL(timerfd_create, clock, 0);
		printf(" %s", shown_ok(fd));
		if (fd >= 0)
			close(fd);
	}
	for (int flags = 1; flags; flags <<= 1) {
		fd = (int)CALL(timerfd_create, CLOCK_MONOTONIC, flags);
		if (fd >= 0)
			printf(" flag %x: %x", (unsigned)flags, (unsigned)fcntl(fd, F_GETFL)), close(fd);
	}
	fd = (int)CALL(timerfd_create, CLOCK_MONOTONIC, O_NONBLOCK);
	CALL(pipe2, ends, 0);
	printf("\nset");
	SHOW("bad", CALL(timerfd_settime, -1, 4, &bad, 0)), SHOW("memory", CALL(timerfd_settime, -1, 4, 8, 0));
	SHOW("flags", CALL(timerfd_settime, fd, 4, &s, 0)), SHOW("ns", CALL(timerfd_settime, fd, 0, &bad, 0));
	SHOW("negative", CALL(timerfd_settime, fd, 0, &negative, 0)), SHOW("closed", CALL(timerfd_settime, 77, 0, &s, 0));
	SHOW("pipe", CALL(timerfd_settime, ends[0], 0, &s, 0)), SHOW("get", CALL(timerfd_gettime, ends[0], &s));
	SHOW("closed", CALL(timerfd_gettime, 77, &s)), SHOW("memory", CALL(timerfd_gettime, fd, 8));
	SHOW("old", CALL(timerfd_settime, fd, 0, &s, 8)), look(fd);
	printf("\nfile");
	SHOW("short", CALL(read, fd, text, 7)), SHOW("none", CALL(read, fd, text, 8)), SHOW("write", CALL(write, fd, text, 8));
	SHOW("seek", CALL(lseek, fd, 0, SEEK_CUR)), SHOW("pread", CALL(pread64, fd, text, 8, 0));
	SHOW("map", CALL(mmap, 0, PAGE, PROT_READ, MAP_SHARED, fd, 0)), SHOW("fsync", CALL(fsync, fd));
	SHOW("ftruncate", CALL(ftruncate, fd, 0));
	char link[32];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	memset(text, 0, sizeof text);
	SHOW("link", CALL(readlink, link, text, sizeof text - 1)), printf(" %s\n", text);
	close(fd), close(ends[0]), close(ends[1]);
}

static void counted(int clock)
{
	int fd = (int)CALL(timerfd_create, clock, O_NONBLOCK), kept = fcntl(fd, F_GETFL), status;
	struct timespec t;

	printf("clock %d:", clock), look(fd), take(fd), show_poll(fd, 0);
	set(fd, 0, setting(0, 1, 0, 0)), show_poll(fd, -1), look(fd), show_poll(fd, 0), take(fd), take(fd), show_poll(fd, 0);
	set(fd, 0, setting(1000, 0, 3, 7)), look(fd), set(fd, 0, setting(0, 0, 5, 5)), look(fd);
	set(fd, 0, setting(0, 1, 100000, 0)), show_poll(fd, -1), look(fd), take(fd), take(fd);
	printf("\n absolute:"), set(fd, TFD_TIMER_ABSTIME, setting(0, 1, 4000000000, 0)), show_poll(fd, -1), take(fd), look(fd);
	clock_gettime(clock, &t);
	set(fd, TFD_TIMER_ABSTIME, setting(t.tv_sec + 1000, 0, 0, 0)), take(fd), look(fd);
	set(fd, TFD_TIMER_ABSTIME, setting(t.tv_sec > 1000 ? t.tv_sec - 100 : 0, 1, 0, 0)), show_poll(fd, -1);
	take(fd), take(fd);
	set(fd, 0, setting(0, 1, 0, 0)), show_poll(fd, -1), set(fd, 0, setting(1000, 0, 0, 0)), take(fd);
	set(fd, 3, setting(0x7fffffffffffffff, 999999999, 0x7fffffffffffffff, 0)), take(fd), look(fd);
	printf("\n waited for:"), fcntl(fd, F_SETFL, kept & ~O_NONBLOCK);
	set(fd, 0, setting(0, 3000000, 0, 0)), take(fd), fflush(stdout);
	set(fd, 0, setting(0, 3000000, 0, 0));
	IN_CHILD(take(fd), printf(" in the child"));
	fcntl(fd, F_SETFL, kept), printf(" then"), take(fd), printf("\n");
	set(fd, 0, setting(0, 1000, 0, 1000)), fflush(stdout);
	fcntl(fd, F_SETFL, kept & ~O_NONBLOCK);
	for (unsigned long n = 0, sum = 0; sum < 10; sum += n)
		if (read(fd, &n, 8) != 8 || !n)
			printf(" nothing read\n"), sum = 10;
	close(fd), wait(&status);
	printf(" ten and more\n");
}

int main(void)
{
	refused();
	counted(CLOCK_MONOTONIC);
	counted(CLOCK_REALTIME);
	counted(CLOCK_BOOTTIME);
	return 0;
}
