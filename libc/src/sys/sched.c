/* SPDX-License-Identifier: MIT */
/*
 * Scheduling: priorities, policies, and the processors a thread may run on.
 *
 * The kernel's answers differ from the functions' in two places: it gives priorities without a sign,
 * and it fills in only the part of a processor set that it has processors for.
 */
#include "../internal.h"
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <unistd.h>

/* The kernel answers 20 minus the priority, so that no answer is negative. */
int getpriority(int which, id_t who)
{
	long result = call2(SYS_getpriority, which, who);

	return result < 0 ? -1 : (int)(20 - result);
}

int setpriority(int which, id_t who, int priority)
{
	return (int)call3(SYS_setpriority, which, who, priority);
}

int nice(int increment)
{
	int now = getpriority(PRIO_PROCESS, 0) + increment;

	if (now > 19)
		now = 19;
	if (now < -20)
		now = -20;
	if (setpriority(PRIO_PROCESS, 0, now) < 0) {
		if (errno == EACCES)
			errno = EPERM;
		return -1;
	}
	return now;
}

int sched_yield(void)
{
	return (int)call0(SYS_sched_yield);
}

int sched_get_priority_max(int policy)
{
	return (int)call1(SYS_sched_get_priority_max, policy);
}

int sched_get_priority_min(int policy)
{
	return (int)call1(SYS_sched_get_priority_min, policy);
}

int sched_getscheduler(pid_t pid)
{
	return (int)call1(SYS_sched_getscheduler, pid);
}

int sched_setscheduler(pid_t pid, int policy, const struct sched_param *param)
{
	return (int)call3(SYS_sched_setscheduler, pid, policy, param);
}

int sched_getparam(pid_t pid, struct sched_param *param)
{
	return (int)call2(SYS_sched_getparam, pid, param);
}

int sched_setparam(pid_t pid, const struct sched_param *param)
{
	return (int)call2(SYS_sched_setparam, pid, param);
}

int sched_rr_get_interval(pid_t pid, struct timespec *slice)
{
	return (int)call2(SYS_sched_rr_get_interval, pid, slice);
}

int sched_getcpu(void)
{
	unsigned int cpu;

	return call3(SYS_getcpu, &cpu, NULL, NULL) < 0 ? -1 : (int)cpu;
}

int sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set)
{
	return (int)call3(SYS_sched_setaffinity, pid, size, set);
}

/* The kernel writes only as many bytes as it has processors for and returns how many. */
int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
	long n = call3(SYS_sched_getaffinity, pid, size, set);

	if (n < 0)
		return -1;
	if ((size_t)n < size)
		memset((char *)set + n, 0, size - (size_t)n);
	return 0;
}

int __sched_count(const cpu_set_t *set)
{
	int n = 0;

	for (size_t i = 0; i < sizeof(set->__bits) / sizeof(set->__bits[0]); i++)
		for (unsigned long b = set->__bits[i]; b; b &= b - 1)
			n++;
	return n;
}

int get_nprocs(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) < 0 ? 1 : CPU_COUNT(&set);
}

int get_nprocs_conf(void)
{
	return get_nprocs();
}
