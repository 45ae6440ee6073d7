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
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>

enum { ENOUGH = 100000, MEGABYTE = 1 << 20, SECTORS = MEGABYTE / 512 };

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

static void parts_of(void (*work)(void), int who, long *user, long *system)
{
	struct rusage before = usage(who);

	work();
	struct rusage after = usage(who);
	*user = microseconds(after.ru_utime) - microseconds(before.ru_utime);
	*system = microseconds(after.ru_stime) - microseconds(before.ru_stime);
}

static void process_and_thread(void)
{
	static const int whose[] = { RUSAGE_SELF, RUSAGE_THREAD };
	long user, system;

	for (int i = 0; i < 2; i++) {
		parts_of(compute, whose[i], &user, &system);
		CHECK(user >= ENOUGH / 2 && system < user);
		parts_of(call, whose[i], &user, &system);
		CHECK(system >= ENOUGH / 2 && user < system);
	}
}

static void children(void)
{
	struct tms before, after;

	CHECK(times(&before) != (clock_t)-1);
	CHILD_PASSES(call());
	CHECK(times(&after) != (clock_t)-1);
	CHECK(after.tms_cstime - before.tms_cstime >= ENOUGH / 10000 / 2);
	CHECK(after.tms_cutime - before.tms_cutime < after.tms_cstime - before.tms_cstime);
	CHECK(system_time(RUSAGE_CHILDREN) >= ENOUGH);
}

static volatile int virtual, profiled;

static void expired(int signo)
{
	if (signo == SIGPROF)
		profiled++;
	else
		virtual++;
}

static void timers(void)
{
	const struct itimerval soon = { .it_value.tv_usec = ENOUGH / 2 };

	CHECK(signal(SIGVTALRM, expired) != SIG_ERR && signal(SIGPROF, expired) != SIG_ERR);
	CHECK(setitimer(ITIMER_VIRTUAL, &soon, NULL) == 0 && setitimer(ITIMER_PROF, &soon, NULL) == 0);
	call();
	CHECK(profiled && !virtual);
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
	children();
	timers();
	switches();
	blocks();
	return 0;
}
