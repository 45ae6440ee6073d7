/* SPDX-License-Identifier: MIT */
/*
 * When memory is gone, the process that has most of it ends by SIGKILL, whoever it was that wanted more; the rest goes on,
 * and what it wanted it gets. oom_score_adj says otherwise: -1000 protects, 1000 offers. Parts are percents of the
 * memory that is there at the beginning.
 */
#define _GNU_SOURCE
#include "check.h"
#include <sched.h>
#include <stdbool.h>

static size_t available; /* bytes */

static size_t memory_available(void)
{
	char line[128];
	unsigned long kib = 0;
	FILE *f = fopen("/proc/meminfo", "r");

	CHECK(f);
	while (!kib && fgets(line, sizeof line, f))
		sscanf(line, "MemAvailable: %lu", &kib);
	fclose(f);
	CHECK(kib > 1000);
	return kib * 1024;
}

static unsigned char *reserve(size_t percent)
{
	return map(available / 100 * percent, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

static void take(size_t percent)
{
	unsigned char *p = reserve(percent);

	for (size_t at = 0; at < available / 100 * percent; at += PAGE)
		STORE(p + at, 1);
}

/* A child that has so much, and waits. */
static pid_t holder(size_t percent, const char *adj)
{
	int ready[2];
	char byte;

	CHECK(pipe(ready) == 0);
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		oom_score_adj(adj);
		take(percent);
		CHECK(write(ready[1], "", 1) == 1);
		for (;;)
			pause();
	}
	CHECK(read(ready[0], &byte, 1) == 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static bool lives(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG) == 0;
}

static void was_killed(pid_t pid)
{
	int status;

	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void end(pid_t pid)
{
	CHECK(lives(pid));
	kill(pid, SIGKILL);
	was_killed(pid);
}

static void the_largest_ends_and_the_smaller_goes_on(void)
{
	pid_t small = holder(1, "0"), large = holder(60, "0");

	CHILD_PASSES(oom_score_adj("0"); take(55));
	was_killed(large);
	end(small);
}

static void a_copy_of_the_kernel_goes_on_too(void)
{
	pid_t large = holder(60, "0");

	CHILD_PASSES({
		oom_score_adj("0");
		int zeros = open("/dev/zero", O_RDONLY);
		CHECK(read(zeros, reserve(55), available / 100 * 55) == (ssize_t)(available / 100 * 55));
	});
	was_killed(large);
}

static void who_is_protected_stays(void)
{
	pid_t large = holder(60, "-1000");

	DIES_BY(SIGKILL, oom_score_adj("0"); take(55));
	end(large);
}

static void who_is_offered_goes_first(void)
{
	pid_t large = holder(50, "0"), offered = holder(20, "1000");

	CHILD_PASSES(oom_score_adj("0"); take(45));
	was_killed(offered);
	end(large);
}

static int wait_for_ever(void *arg)
{
	for (;;)
		pause();
	return *(int *)arg;
}

/* Two processes with one memory: it comes free when both end. */
static void who_shares_the_memory_ends_too(void)
{
	int ends[2];
	char byte;

	CHECK(pipe2(ends, O_CLOEXEC) == 0);
	pid_t large = fork();
	CHECK(large >= 0);
	if (large == 0) {
		oom_score_adj("0");
		static char stack[16384];
		close(ends[0]);
		CHECK(clone(wait_for_ever, stack + sizeof stack, CLONE_VM, stack) > 0);
		take(60);
		CHECK(write(ends[1], "", 1) == 1);
		wait_for_ever(NULL);
	}
	close(ends[1]);
	CHECK(read(ends[0], &byte, 1) == 1);
	CHILD_PASSES(oom_score_adj("0"); take(55));
	was_killed(large);
	CHECK(read(ends[0], &byte, 1) == 0); /* nobody has the other end any more */
	close(ends[0]);
}

int main(void)
{
	if (geteuid() != 0)
		return 77;
	oom_score_adj("-1000");
	available = memory_available();
	the_largest_ends_and_the_smaller_goes_on();
	a_copy_of_the_kernel_goes_on_too();
	who_is_protected_stays();
	who_is_offered_goes_first();
	who_shares_the_memory_ends_too();
	return 0;
}
