/* SPDX-License-Identifier: MIT */
/*
 * What getrusage and times tell: computing is user time and calls are system time, of a process, a thread and of children that
 * were waited for; ITIMER_VIRTUAL counts the former only. Who sleeps leaves the CPU of its own accord, who is made to
 * share it does not. Blocks are counted where they come from a disk, and where they are to go to one.
 */
#include "check.h"
#include "pages.h"
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>

enum { ENOUGH = 100000, MEGABYTE = 1 << 20, SECTORS = MEGABYTE / 512, TRIES = 20 };

static char buffer[MEGABYTE];
static volatile unsigned long counter;

static long microseconds(struct timeval t)
{
	return t.tv_sec * 1000000 + t.tv_usec;
}

static struct rusage usage(int who)
{
	struct rusage u;

	CHECK(getrusage(who, &u) == 0);
	return u;
}

static long user_time(int who) { return microseconds(usage(who).ru_utime); }
static long system_time(int who) { return microseconds(usage(who).ru_stime); }

static void compute(void)
{
	for (long end = user_time(RUSAGE_SELF) + ENOUGH; user_time(RUSAGE_SELF) < end;)
		for (int i = 0; i < 1000000; i++)
			counter++;
}

static void call(void)
{
	int zero = open("/dev/zero", O_RDONLY);

	CHECK(zero >= 0);
	for (long end = system_time(RUSAGE_SELF) + ENOUGH; system_time(RUSAGE_SELF) < end;)
		CHECK(read(zero, buffer, MEGABYTE) == MEGABYTE);
	close(zero);
}

/*
 * Which of the two parts is the larger. When a host takes the CPU of its guest away for a while, that counts as whichever
 * was going on: one try of several is undisturbed.
 */
#define IN_SOME_TRY(is_so) \
	do { \
		int tries_ = 1; \
		while (!(is_so)) \
			CHECK(++tries_ <= TRIES); \
	} while (0)

static bool is_mostly(void (*work)(void), int who)
{
	struct rusage before = usage(who);

	work();
	struct rusage after = usage(who);
	long user = microseconds(after.ru_utime) - microseconds(before.ru_utime);
	long system = microseconds(after.ru_stime) - microseconds(before.ru_stime);
	CHECK((work == call ? system : user) >= ENOUGH / 2);
	return work == call ? user < system : system < user;
}

static void process_and_thread(void)
{
	static const int whose[] = { RUSAGE_SELF, RUSAGE_THREAD };

	for (int i = 0; i < 2; i++) {
		IN_SOME_TRY(is_mostly(compute, whose[i]));
		IN_SOME_TRY(is_mostly(call, whose[i]));
	}
}

static bool childs_time_is_the_kernels(void)
{
	struct tms before, after;

	CHECK(times(&before) != (clock_t)-1);
	CHILD_PASSES(call());
	CHECK(times(&after) != (clock_t)-1);
	CHECK(after.tms_cstime - before.tms_cstime >= ENOUGH / 10000 / 2);
	CHECK(system_time(RUSAGE_CHILDREN) >= ENOUGH);
	return after.tms_cutime - before.tms_cutime < after.tms_cstime - before.tms_cstime;
}

static volatile int virtual, profiled;

static void expired(int signo)
{
	if (signo == SIGPROF)
		profiled++;
	else
		virtual++;
}

static bool only_one_expires(void)
{
	const struct itimerval soon = { .it_value.tv_usec = ENOUGH / 2 };

	profiled = virtual = 0;
	CHECK(setitimer(ITIMER_VIRTUAL, &soon, NULL) == 0 && setitimer(ITIMER_PROF, &soon, NULL) == 0);
	call();
	CHECK(profiled);
	return !virtual;
}

static void timers(void)
{
	CHECK(signal(SIGVTALRM, expired) != SIG_ERR && signal(SIGPROF, expired) != SIG_ERR);
	IN_SOME_TRY(only_one_expires());
	compute();
	CHECK(virtual);
}

static void switches(void)
{
	cpu_set_t one;
	struct rusage before = usage(RUSAGE_SELF), after;

	for (int i = 0; i < 10; i++)
		usleep(1000);
	after = usage(RUSAGE_SELF);
	CHECK(after.ru_nvcsw - before.ru_nvcsw >= 10);

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	CHECK(sched_setaffinity(0, sizeof(one), &one) == 0);
	pid_t pid = fork();
	CHECK(pid >= 0);
	compute();
	if (pid == 0)
		for (;;)
			counter++;
	compute();
	CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
	CHECK(usage(RUSAGE_SELF).ru_nivcsw > after.ru_nivcsw);
}

static void blocks(void)
{
	char name[] = "/var/tmp/blocksXXXXXX";
	int fd = mkstemp(name);
	struct rusage before = usage(RUSAGE_SELF), after;

	CHECK(fd >= 0 && write(fd, buffer, MEGABYTE) == MEGABYTE);
	after = usage(RUSAGE_SELF);
	CHECK(after.ru_oublock - before.ru_oublock >= SECTORS);
	CHECK(fsync(fd) == 0 && posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
	before = usage(RUSAGE_SELF);
	CHECK(pread(fd, buffer, MEGABYTE, 0) == MEGABYTE);
	after = usage(RUSAGE_SELF);
	CHECK(after.ru_inblock - before.ru_inblock >= SECTORS);
	CHECK(pread(fd, buffer, MEGABYTE, 0) == MEGABYTE);
	CHECK(usage(RUSAGE_SELF).ru_inblock == after.ru_inblock);
	CHECK(close(fd) == 0 && unlink(name) == 0);
}

int main(void)
{
	process_and_thread();
	IN_SOME_TRY(childs_time_is_the_kernels());
	timers();
	switches();
	blocks();
	return 0;
}
