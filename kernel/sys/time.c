/* SPDX-License-Identifier: MIT */
/*
 * System calls about time, and random bytes.
 *
 * There is one clock, nanoseconds since boot (CLOCK_MONOTONIC and its relatives); the time of day is that plus what
 * the battery clock said at boot, and cannot be set. CPU clocks count what the scheduler gave, in user mode and
 * kernel together. A sleep that is broken off by a stop and continue goes on to its first deadline (ERESTARTBLOCK);
 * one that is broken off by a handler tells what is left.
 */
#include <abi/capability.h>
#include <abi/errno.h>
#include <abi/misc.h>
#include <abi/time.h>

#include "sys/calls.h"
#include "sys/file_calls.h"
#include "sys/sys.h"
#include "sys/time.h"
#include "task/task_impl.h"
#include "vm/vm.h"

#define RANDOM_PIECE 256
#define COARSE_NS 4000000
#define CPU_SLEEP_NS 1000000ull /* a sleep on a CPU clock looks at it no more often */

struct abi_timespec timespec_of(uint64_t ns)
{
	return (struct abi_timespec){ ns / NSEC_PER_SEC, ns % NSEC_PER_SEC };
}

uint64_t clock_base_ns(int clock)
{
	bool wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_REALTIME_ALARM ||
	            clock == CLOCK_TAI;
	return wall ? clock_epoch_ns() : 0;
}

static bool thread_clock_read(int tid, uint64_t *ns)
{
	struct proc *p = proc_current();
	spin_lock(&p->lock);
	const struct thread *t = thread_find_locked(p, tid);
	if (t)
		*ns = thread_cpu_ns(t);
	spin_unlock(&p->lock);
	return t;
}

static bool other_clock_read(int clock, uint64_t *ns)
{
	int number = cpu_clock_number(clock), part = clock & 3;
	if (part > CPU_CLOCK_SCHED)
		return false;
	if (clock & CPU_CLOCK_THREAD)
		return thread_clock_read(number ? number : thread_current()->tid, ns);
	mutex_lock(&proc_tree_lock);
	struct proc *p = number ? proc_find_locked(number) : proc_current();
	struct spent spent = { .user_ns = 0 };
	if (p)
		spent = proc_spent(p);
	mutex_unlock(&proc_tree_lock);
	*ns = spent.user_ns + (part == CPU_CLOCK_VIRT ? 0 : spent.system_ns);
	return p;
}

/* What a clock shows; false when there is no such clock. */
static bool clock_read(int clock, uint64_t *ns)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_TAI:
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		*ns = clock_base_ns(clock) + clock_now_ns();
		return true;
	case CLOCK_PROCESS_CPUTIME_ID:
		*ns = proc_cpu_ns(proc_current());
		return true;
	case CLOCK_THREAD_CPUTIME_ID:
		*ns = thread_cpu_ns(thread_current());
		return true;
	default:
		return clock < 0 && other_clock_read(clock, ns);
	}
}

SYSCALL(clock_gettime)
{
	uint64_t ns;
	if (!clock_read(a, &ns))
		return -EINVAL;
	struct abi_timespec ts = timespec_of(ns);
	return copy_to_user(b, &ts, sizeof(ts));
}

SYSCALL(clock_getres)
{
	bool coarse = (int)a == CLOCK_REALTIME_COARSE || (int)a == CLOCK_MONOTONIC_COARSE;
	coarse |= (int)a < 0 && (a & 3) != CPU_CLOCK_SCHED;
	/* as coarse as Linux says; we read the same clock for all */
	struct abi_timespec ts = { 0, coarse ? COARSE_NS : 1 };
	uint64_t ns;
	if (!clock_read(a, &ns))
		return -EINVAL;
	return b ? copy_to_user(b, &ts, sizeof(ts)) : 0;
}

SYSCALL(gettimeofday)
{
	uint64_t ns = clock_epoch_ns() + clock_now_ns();
	struct abi_timeval tv = { ns / NSEC_PER_SEC, ns % NSEC_PER_SEC / 1000 };
	int zone[2] = { 0, 0 };
	if (a && copy_to_user(a, &tv, sizeof(tv)) != 0)
		return -EFAULT;
	return b ? copy_to_user(b, zone, sizeof(zone)) : 0;
}

SYSCALL(time)
{
	int64_t now = (clock_epoch_ns() + clock_now_ns()) / NSEC_PER_SEC;
	return a && copy_to_user(a, &now, sizeof(now)) != 0 ? -EFAULT : now;
}

/* ---- sleeping ---- */

int timespec_ns(const struct abi_timespec *ts, uint64_t *ns)
{
	if (ts->tv_sec < 0 || ts->tv_nsec < 0 || (uint64_t)ts->tv_nsec >= NSEC_PER_SEC)
		return -EINVAL;
	bool far = (uint64_t)ts->tv_sec >= INT64_MAX / NSEC_PER_SEC;
	*ns = far ? INT64_MAX : ts->tv_sec * NSEC_PER_SEC + ts->tv_nsec;
	return 0;
}

int timespec_read(vaddr_t at, uint64_t *ns)
{
	struct abi_timespec ts;
	return copy_from_user(&ts, at, sizeof(ts)) != 0 ? -EFAULT : timespec_ns(&ts, ns);
}

/* Until the deadline. rem: where to store what is left when a signal comes first; 0 none. */
static int64_t sleep_until(uint64_t deadline, vaddr_t rem)
{
	struct thread *t = thread_current();
	wait_begin(WAIT_SIGNALS);
	if (wait_end(NULL, deadline) == -ETIMEDOUT)
		return 0;
	uint64_t now = clock_now_ns();
	struct abi_timespec left = timespec_of(deadline > now ? deadline - now : 0);
	if (rem && copy_to_user(rem, &left, sizeof(left)) != 0)
		return -EFAULT;
	t->restart_deadline = deadline;
	return -ERESTARTBLOCK;
}

/* The deadline of a sleep that goes on after a stop. */
bool deadline_resumed(uint64_t *deadline)
{
	struct thread *t = thread_current();
	bool yes = t->restarting;
	t->restarting = false;
	if (yes)
		*deadline = t->restart_deadline;
	return yes;
}

SYSCALL(nanosleep)
{
	uint64_t ns, deadline;
	if (deadline_resumed(&deadline))
		return sleep_until(deadline, b);
	int err = timespec_read(a, &ns);
	return err ? err : sleep_until(clock_now_ns() + ns, b);
}

static bool sleeps_on_itself(int clock)
{
	int number = cpu_clock_number(clock);
	return clock & CPU_CLOCK_THREAD && (!number || number == thread_current()->tid);
}

/* Which clocks can be slept on. */
static int sleep_check(int clock)
{
	uint64_t ns;
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
	case CLOCK_PROCESS_CPUTIME_ID:
		return 0;
	case CLOCK_REALTIME_ALARM:
	case CLOCK_BOOTTIME_ALARM:
		return capable(CAP_WAKE_ALARM) ? 0 : -EPERM;
	default:
		if (!clock_read(clock, &ns))
			return -EINVAL;
		return clock >= 0 ? -EOPNOTSUPP : sleeps_on_itself(clock) ? -EINVAL : 0;
	}
}

/* Until so much CPU time has been used, looking whenever it could be so; for ever when its user ends first. */
static int64_t sleep_cpu(int clock, uint64_t until, bool absolute, vaddr_t rem)
{
	for (;;) {
		uint64_t used = 0;
		bool lives = clock_read(clock, &used);
		uint64_t left = until > used ? until - used : 0;
		if (lives && !left)
			return 0;
		wait_begin(WAIT_SIGNALS);
		if (wait_end(NULL, lives ? clock_now_ns() + MAX(left / cpu_count, CPU_SLEEP_NS) : NO_DEADLINE) == -ETIMEDOUT)
			continue;
		struct abi_timespec ts = timespec_of(left);
		if (!absolute && rem && copy_to_user(rem, &ts, sizeof(ts)) != 0)
			return -EFAULT;
		return -ERESTARTNOHAND;
	}
}

SYSCALL(clock_nanosleep)
{
	uint64_t ns, deadline, used = 0;
	bool absolute = b & TIMER_ABSTIME;
	if (deadline_resumed(&deadline)) /* whatever the arguments say by now */
		return sleep_until(deadline, absolute ? 0 : d);
	int err = (int)a < 0 ? 0 : sleep_check(a); /* of CPU clocks with numbers the time is read first, as on Linux */
	if (!err)
		err = timespec_read(c, &ns);
	if (!err && (int)a < 0)
		err = sleep_check(a);
	if (err)
		return err;
	if ((int)a == CLOCK_PROCESS_CPUTIME_ID || (int)a < 0) {
		clock_read(a, &used);
		return sleep_cpu(a, absolute ? ns : used + ns, absolute, d);
	}
	uint64_t base = clock_base_ns(a);
	deadline = !absolute ? clock_now_ns() + ns : ns > base ? ns - base : 0;
	return sleep_until(deadline, absolute ? 0 : d);
}

/* ---- random ---- */

SYSCALL(getrandom)
{
	uint8_t piece[RANDOM_PIECE];
	uint32_t flags = c;
	if (flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE) || (flags & GRND_RANDOM && flags & GRND_INSECURE))
		return -EINVAL;
	uint64_t len = MIN(b, INT32_MAX), done = 0;
	if (!user_range(a, len))
		return -EFAULT;
	while (done < len) {
		size_t n = MIN(len - done, sizeof(piece));
		random_bytes(piece, n);
		size_t copied = copy_to_user_prefix(a + done, piece, n);
		done += copied;
		if (copied < n)
			return done ? (int64_t)done : -EFAULT;
		if (thread_interrupted())
			break;
	}
	return done;
}
