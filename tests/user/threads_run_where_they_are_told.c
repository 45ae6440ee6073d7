/* SPDX-License-Identifier: MIT */
/* Affinities are obeyed and inherited; the other calls of the scheduler answer as Linux answers. */
#include <abi/misc.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>

#include "check.h"

static void sleep_ms(long ms) { nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL); }

static void everywhere(const cpu_set_t *all)
{
	cpu_set_t one, now;
	for (int cpu = 0; cpu < 64; cpu++) {
		if (!CPU_ISSET(cpu, all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		CHECK(sched_setaffinity(0, sizeof(one), &one) == 0);
		CHECK(sched_getcpu() == cpu);
		CHECK(sched_getaffinity(0, sizeof(now), &now) == 0 && CPU_COUNT(&now) == 1 && CPU_ISSET(cpu, &now));
		sleep_ms(2);
		sched_yield();
		CHECK(sched_getcpu() == cpu);
		CHILD_PASSES({
			for (int i = 0; i < 100; i++, sched_yield())
				CHECK(sched_getcpu() == cpu);
		});
	}
	CHECK(sched_setaffinity(0, sizeof(*all), all) == 0);
}

/* A child that never leaves its CPU is sent to each in turn. */
static void moved_by_another(const cpu_set_t *all)
{
	volatile int *seen = (volatile int *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cpu_set_t one;
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		for (;;)
			*seen = sched_getcpu();
	for (int cpu = 0; cpu < 64; cpu++) {
		if (!CPU_ISSET(cpu, all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		CHECK(sched_setaffinity(pid, sizeof(one), &one) == 0);
		*seen = -1;
		for (int tries = 0; *seen != cpu; tries++, sleep_ms(5))
			CHECK(tries < 2000);
	}
	CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
}

static void mistakes(void)
{
	cpu_set_t none;
	CPU_ZERO(&none);
	FAILS(sched_setaffinity(0, sizeof(none), &none), EINVAL);
	FAILS(sched_setaffinity(0, sizeof(none), (void *)8), EFAULT);
	FAILS(sched_setaffinity(4000000, sizeof(none), &none), ESRCH);
	FAILS(syscall(SYS_sched_getaffinity, 0, 7ul, &none), EINVAL);
	FAILS(syscall(SYS_sched_getaffinity, 4000000, sizeof(none), &none), ESRCH);
	FAILS(syscall(SYS_sched_getaffinity, 0, sizeof(none), 8), EFAULT);
	FAILS(syscall(SYS_set_robust_list, NULL, 8ul), EINVAL);
}

static void policies(void)
{
	struct { int priority; } param = { 0 };
	struct timespec slice = { -1, -1 };
	CHECK(syscall(SYS_sched_get_priority_max, SCHED_OTHER) == 0);
	CHECK(syscall(SYS_sched_get_priority_min, SCHED_OTHER) == 0);
	CHECK(syscall(SYS_sched_get_priority_max, SCHED_FIFO) == 99 && syscall(SYS_sched_get_priority_min, SCHED_RR) == 1);
	CHECK(syscall(SYS_sched_get_priority_max, SCHED_DEADLINE) == 0);
	FAILS(syscall(SYS_sched_get_priority_max, 4), EINVAL);
	FAILS(syscall(SYS_sched_get_priority_min, -1), EINVAL);
	CHECK(syscall(SYS_sched_getscheduler, 0) == SCHED_OTHER);
	FAILS(syscall(SYS_sched_getscheduler, -1), EINVAL);
	FAILS(syscall(SYS_sched_getscheduler, 4000000), ESRCH);
	CHECK(syscall(SYS_sched_setscheduler, 0, SCHED_BATCH, &param) == 0);
	CHECK(syscall(SYS_sched_getscheduler, 0) == SCHED_BATCH);
	CHILD_PASSES(CHECK(syscall(SYS_sched_getscheduler, 0) == SCHED_BATCH));
	CHECK(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER | SCHED_RESET_ON_FORK, &param) == 0);
	CHECK(syscall(SYS_sched_getscheduler, 0) == (SCHED_OTHER | SCHED_RESET_ON_FORK));
	CHILD_PASSES(CHECK(syscall(SYS_sched_getscheduler, 0) == SCHED_OTHER));
	FAILS(syscall(SYS_sched_setscheduler, 0, 4, &param), EINVAL);
	FAILS(syscall(SYS_sched_setscheduler, 0, -1, &param), EINVAL);
	FAILS(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, NULL), EINVAL);
	FAILS(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, 8), EFAULT);
	FAILS(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &param), EINVAL);
	FAILS(syscall(SYS_sched_setscheduler, 4000000, SCHED_OTHER, &param), ESRCH);
	param.priority = 1;
	FAILS(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &param), EINVAL);
	FAILS(syscall(SYS_sched_setparam, 0, &param), EINVAL);
	CHECK(syscall(SYS_sched_getparam, 0, &param) == 0 && param.priority == 0);
	FAILS(syscall(SYS_sched_getparam, 0, NULL), EINVAL);
	CHECK(syscall(SYS_sched_rr_get_interval, 0, &slice) == 0 && slice.tv_sec == 0 && slice.tv_nsec >= 0);
}

int main(void)
{
	cpu_set_t all;
	CHECK(sched_getaffinity(0, sizeof(all), &all) == 0 && CPU_COUNT(&all) >= 1);
	everywhere(&all);
	moved_by_another(&all);
	mistakes();
	policies();
	return 0;
}
