/* SPDX-License-Identifier: MIT */
/* Giving up the processor, clone's flags, processor sets. */
#ifndef SCHED_H
#define SCHED_H

#include <abi/misc.h>
#include <bits/timespec.h>
#include <bits/types.h>
#include <sys/cdefs.h>

#define CPU_SETSIZE 1024

struct sched_param {
	int sched_priority;
};

typedef struct {
	unsigned long __bits[CPU_SETSIZE / 64];
} cpu_set_t;

#define CPU_ZERO(set) ((void)__builtin_memset((set), 0, sizeof(cpu_set_t)))
#define CPU_SET(cpu, set) ((void)((set)->__bits[(cpu) / 64] |= 1ul << ((cpu) % 64)))
#define CPU_CLR(cpu, set) ((void)((set)->__bits[(cpu) / 64] &= ~(1ul << ((cpu) % 64))))
#define CPU_ISSET(cpu, set) ((int)((set)->__bits[(cpu) / 64] >> ((cpu) % 64) & 1))
#define CPU_COUNT(set) __sched_count(set)

__BEGIN_DECLS
int sched_yield(void);
int sched_get_priority_max(int policy);
int sched_get_priority_min(int policy);
int sched_getscheduler(pid_t pid);
int sched_setscheduler(pid_t pid, int policy, const struct sched_param *param);
int sched_getparam(pid_t pid, struct sched_param *param);
int sched_setparam(pid_t pid, const struct sched_param *param);
int sched_rr_get_interval(pid_t pid, struct timespec *slice);
int sched_getcpu(void);
int sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set);
int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set);
int clone(int (*fn)(void *), void *stack, int flags, void *arg, ...); /* pid_t *, void *tls, pid_t * */
int unshare(int flags);
int __sched_count(const cpu_set_t *set);
__END_DECLS

#endif
