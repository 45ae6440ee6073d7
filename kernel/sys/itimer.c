/* SPDX-License-Identifier: MIT */
/*
 * System calls about interval timers and POSIX timers. task/alarm.c and task/posix_timer.c do the work; here times are
 * checked, copied and converted, and clocks get their meaning.
 */
#include <abi/errno.h>
#include <abi/signal.h>
#include <abi/time.h>

#include "sys/calls.h"
#include "sys/sys.h"
#include "sys/time.h"
#include "task/task_impl.h"
#include "vm/vm.h"

#define FAR_NS (INT64_MAX / 2) /* later than any clock will show */

/* ---- alarm, setitimer ---- */

static uint64_t left_locked(const struct alarm *a)
{
	uint64_t now = alarm_now_locked(a);
	/* one that is set, and does not wait for its signal to be taken, shows a microsecond at least */
	return !a->at_ns || a->rests ? 0 : a->at_ns > now + 1000 ? a->at_ns - now : 1000;
}

static struct abi_timeval timeval_of(uint64_t ns)
{
	return (struct abi_timeval){ ns / NSEC_PER_SEC, ns % NSEC_PER_SEC / 1000 };
}

static uint64_t timeval_ns(const struct abi_timeval *tv)
{
	return MIN((uint64_t)tv->tv_sec, FAR_NS / NSEC_PER_SEC) * NSEC_PER_SEC + tv->tv_usec * 1000;
}

static bool timeval_valid(const struct abi_timeval *tv)
{
	return tv->tv_sec >= 0 && tv->tv_usec >= 0 && tv->tv_usec < 1000000;
}

/* What is left and the interval of before, and then (set) new ones. */
static void exchange(int which, bool set, uint64_t *left_ns, uint64_t *interval_ns)
{
	struct proc *p = proc_current();
	struct alarm *a = &p->itimer[which];
	uint64_t value = *left_ns, interval = *interval_ns;
	spin_lock(&p->lock);
	*left_ns = left_locked(a);
	*interval_ns = a->interval_ns;
	if (set)
		alarm_set_locked(a, value ? alarm_now_locked(a) + value : 0, value ? interval : 0);
	spin_unlock(&p->lock);
}

static int64_t itimer_out(vaddr_t at, uint64_t left_ns, uint64_t interval_ns)
{
	struct abi_itimerval value = { timeval_of(interval_ns), timeval_of(left_ns) };
	return copy_to_user(at, &value, sizeof(value));
}

SYSCALL(getitimer)
{
	uint64_t left = 0, interval = 0;
	if ((unsigned)a >= ITIMERS)
		return -EINVAL;
	exchange(a, false, &left, &interval);
	return itimer_out(b, left, interval);
}

SYSCALL(setitimer)
{
	struct abi_itimerval new = { { 0, 0 }, { 0, 0 } };
	if (b && copy_from_user(&new, b, sizeof(new)) != 0)
		return -EFAULT;
	if (!timeval_valid(&new.it_value) || !timeval_valid(&new.it_interval) || (unsigned)a >= ITIMERS)
		return -EINVAL;
	uint64_t left = timeval_ns(&new.it_value), interval = timeval_ns(&new.it_interval);
	exchange(a, true, &left, &interval);
	return c ? itimer_out(c, left, interval) : 0;
}

SYSCALL(alarm)
{
	uint64_t left = (uint32_t)a * NSEC_PER_SEC, interval = 0;
	exchange(ITIMER_REAL, true, &left, &interval);
	uint64_t seconds = left / NSEC_PER_SEC, rest = left % NSEC_PER_SEC;
	return seconds + ((!seconds && rest) || rest >= NSEC_PER_SEC / 2); /* nearest, but something is never nothing */
}

/* ---- timer_create and its family ---- */

static int sigevent_read(struct abi_sigevent *ev, vaddr_t at)
{
	*ev = (struct abi_sigevent){ .signo = SIGALRM, .notify = SIGEV_SIGNAL };
	if (!at)
		return 0;
	if (copy_from_user(ev, at, sizeof(*ev)) != 0)
		return -EFAULT;
	if (ev->notify == SIGEV_NONE)
		return 0;
	bool known = ev->notify == SIGEV_SIGNAL || ev->notify == SIGEV_THREAD || ev->notify == SIGEV_THREAD_ID;
	return known && ev->signo >= 1 && ev->signo <= ABI_NSIG ? 0 : -EINVAL;
}

/* A CPU clock with a number in it: of this process or one of its threads. Those of other processes have no timers. */
static int timer_cpu_clock(int clock, enum alarm_clock *kind, int *tid)
{
	struct proc *p = proc_current();
	int number = cpu_clock_number(clock), part = clock & 3;
	if (part > CPU_CLOCK_SCHED)
		return -EINVAL;
	if (!(clock & CPU_CLOCK_THREAD)) {
		*kind = part == CPU_CLOCK_VIRT ? ALARM_USER : ALARM_CPU;
		return !number || number == p->pid ? 0 : -EINVAL;
	}
	*kind = ALARM_THREAD;
	*tid = number ? number : *tid;
	spin_lock(&p->lock);
	bool exists = thread_find_locked(p, *tid);
	spin_unlock(&p->lock);
	return exists ? 0 : -EINVAL;
}

/* What a timer's alarm counts. -EINVAL: there is no such clock; -EOPNOTSUPP: none that timers can have. */
static int timer_clock(int clock, enum alarm_clock *kind, int *tid)
{
	*tid = thread_current()->tid;
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_BOOTTIME_ALARM:
	case CLOCK_TAI:
		*kind = ALARM_TIME;
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		*kind = ALARM_CPU;
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		*kind = ALARM_THREAD;
		return 0;
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
		return -EOPNOTSUPP;
	default:
		return clock < 0 ? timer_cpu_clock(clock, kind, tid) : -EINVAL;
	}
}

SYSCALL(timer_create)
{
	struct abi_sigevent ev;
	enum alarm_clock kind = ALARM_TIME;
	int tid, bad_event = sigevent_read(&ev, b), err = bad_event == -EFAULT ? bad_event : timer_clock(a, &kind, &tid);
	if (!err)
		err = bad_event;
	if (err)
		return err;
	int32_t id = posix_timer_create(kind, tid, &ev, !b, clock_base_ns(a));
	if (id < 0)
		return id;
	if (copy_to_user(c, &id, sizeof(id)) == 0)
		return 0;
	(void)posix_timer_delete(id);
	return -EFAULT;
}

SYSCALL(timer_delete) { return posix_timer_delete(a); }
SYSCALL(timer_getoverrun) { return posix_timer_overrun(a); }

static int64_t timer_out(vaddr_t at, uint64_t left_ns, uint64_t interval_ns)
{
	struct abi_itimerspec value = { timespec_of(interval_ns), timespec_of(left_ns) };
	return copy_to_user(at, &value, sizeof(value));
}

SYSCALL(timer_gettime)
{
	uint64_t left, interval;
	int err = posix_timer_get(a, &left, &interval);
	return err ? err : timer_out(b, left, interval);
}

SYSCALL(timer_settime)
{
	struct timer_setting new = { .absolute = b & TIMER_ABSTIME };
	uint64_t left, interval;
	if (!c)
		return -EINVAL;
	int err = timespec_read(c + offsetof(struct abi_itimerspec, it_interval), &new.interval_ns);
	if (!err)
		err = timespec_read(c + offsetof(struct abi_itimerspec, it_value), &new.value_ns);
	if (!err)
		err = posix_timer_set(a, &new, &left, &interval);
	return err || !d ? err : timer_out(d, left, interval);
}
