/* SPDX-License-Identifier: MIT */
/*
 * Alarms: a time on some clock, and how often again after it. The three interval timers of a process (setitimer), its
 * limit of CPU time (RLIMIT_CPU) and its POSIX timers (posix_timer.c) all are one of these with something to do when it
 * is due.
 *
 * The clock of an alarm is time since boot, or the CPU time of a process or thread, all of it or only that in user
 * mode. For the latter there is no hook where threads are switched: an alarm on a CPU clock is a timer on the wall's,
 * set to the earliest moment at which it could be due (what is left, divided by the CPUs that could all be working on
 * it), which looks and, too early, sets itself again. A process that sleeps is so looked at once in each such span, and
 * never more often than CPU_LOOK_NS.
 *
 * An alarm never comes due again before somebody has had the time to notice: intervals are as short as a nanosecond, and
 * a CPU that forwards one in its timer interrupt would find it due once more and not come out again. So the interval timer
 * on the wall's clock rests from being due until its signal has been taken, as on Linux (also for ever, when it is
 * ignored); a POSIX timer likewise, but where its signal is ignored it goes on, once in UNHEARD_NS at most.
 *
 * Locks: all fields are under the process's lock. An alarm that is put off is not taken out of the timers' tree; it
 * finds that it is not due. Only alarm_end, when its memory is about to go, waits for a firing that is under way, and
 * so without the lock.
 */
#include "task/task_impl.h"

#include "lib/log.h"

#define CPU_LOOK_NS 1000000ull
#define UNHEARD_NS 4000000ull /* Linux's tick */

uint64_t alarm_now_locked(const struct alarm *a)
{
	struct spent spent;
	const struct thread *t;
	switch (a->clock) {
	case ALARM_USER:
	case ALARM_CPU:
		spent = proc_spent_locked(a->proc);
		return spent.user_ns + (a->clock == ALARM_CPU ? spent.system_ns : 0);
	case ALARM_THREAD:
		t = thread_find_locked(a->proc, a->tid);
		return t ? thread_cpu_ns(t) : 0; /* one that has ended comes no further */
	default:
		return clock_now_ns();
	}
}

static void arm_locked(struct alarm *a, uint64_t now)
{
	uint64_t left = a->at_ns > now ? a->at_ns - now : 0;
	if (a->clock == ALARM_TIME)
		timer_set(&a->timer, a->at_ns);
	else
		timer_set(&a->timer, clock_now_ns() + MAX(left / cpu_count, CPU_LOOK_NS));
}

void alarm_init(struct alarm *a, struct proc *p, enum alarm_clock clock, int tid, void (*fire)(struct timer *))
{
	a->proc = p;
	a->clock = clock;
	a->tid = tid;
	a->at_ns = a->interval_ns = 0;
	a->used = a->rests = false;
	timer_init(&a->timer, fire);
}

void alarm_set_locked(struct alarm *a, uint64_t at_ns, uint64_t interval_ns)
{
	assert_spin_held(&a->proc->lock);
	a->used = true;
	a->rests = false;
	a->at_ns = at_ns;
	a->interval_ns = interval_ns;
	if (at_ns)
		arm_locked(a, alarm_now_locked(a));
}

bool alarm_due_locked(struct alarm *a)
{
	if (!a->at_ns || a->rests)
		return false;
	uint64_t now = alarm_now_locked(a);
	if (now >= a->at_ns)
		return true;
	arm_locked(a, now);
	return false;
}

uint64_t alarm_forward_locked(struct alarm *a, bool unheard)
{
	uint64_t now = alarm_now_locked(a), passed = 1;
	a->rests = false;
	if (!a->interval_ns) {
		a->at_ns = 0;
		return passed;
	}
	uint64_t until = unheard && a->interval_ns < UNHEARD_NS ? now + UNHEARD_NS : now;
	if (until > a->at_ns)
		passed += (until - a->at_ns) / a->interval_ns;
	a->at_ns += passed * a->interval_ns;
	arm_locked(a, now);
	return passed;
}

void alarm_end(struct alarm *a)
{
	if (!a->used)
		return;
	spin_lock(&a->proc->lock);
	a->at_ns = 0;
	spin_unlock(&a->proc->lock);
	timer_cancel(&a->timer);
}

/* ---- of a process ---- */

static const struct { enum alarm_clock clock; int signo; } itimers[ITIMERS] = {
	[ITIMER_REAL] = { ALARM_TIME, SIGALRM },
	[ITIMER_VIRTUAL] = { ALARM_USER, SIGVTALRM },
	[ITIMER_PROF] = { ALARM_CPU, SIGPROF },
};

static void itimer_fire(struct timer *timer)
{
	struct alarm *a = container_of(timer, struct alarm, timer);
	struct proc *p = a->proc;
	spin_lock(&p->lock);
	if (alarm_due_locked(a)) {
		if (a->clock == ALARM_TIME && a->interval_ns)
			a->rests = true;
		else
			alarm_forward_locked(a, false);
		/* CPU time is told to who uses it. */
		bool mine = a->clock != ALARM_TIME && thread_current()->proc == p;
		signal_send_kernel_locked(p, mine ? thread_current() : NULL, itimers[a - p->itimer].signo);
	}
	spin_unlock(&p->lock);
}

void proc_alarm_taken_locked(struct proc *p)
{
	if (p->itimer[ITIMER_REAL].rests)
		alarm_forward_locked(&p->itimer[ITIMER_REAL], false);
}

/* A signal each second beyond the soft limit, the end at the hard one. */
static void limit_fire(struct timer *timer)
{
	struct alarm *a = container_of(timer, struct alarm, timer);
	struct proc *p = a->proc;
	spin_lock(&p->lock);
	if (alarm_due_locked(a)) {
		uint64_t hard = p->rlimit[RLIMIT_CPU].rlim_max;
		bool over = hard < NO_DEADLINE / NSEC_PER_SEC && alarm_now_locked(a) >= hard * NSEC_PER_SEC;
		alarm_set_locked(a, a->at_ns + NSEC_PER_SEC, 0);
		signal_send_kernel_locked(p, NULL, over ? SIGKILL : SIGXCPU);
	}
	spin_unlock(&p->lock);
}

void proc_alarms_init(struct proc *p)
{
	for (int i = 0; i < ITIMERS; i++)
		alarm_init(&p->itimer[i], p, itimers[i].clock, 0, itimer_fire);
	alarm_init(&p->cpu_limit, p, ALARM_CPU, 0, limit_fire);
}

void proc_cpu_limit_locked(struct proc *p)
{
	const struct abi_rlimit *limit = &p->rlimit[RLIMIT_CPU];
	if (p->exiting) /* it has, or will have, no alarms any more: others can set the limits of a zombie too */
		return;
	uint64_t soft = MAX(MIN(limit->rlim_cur, limit->rlim_max), 1u); /* like Linux: none is 1 second */
	if (soft < NO_DEADLINE / NSEC_PER_SEC || p->cpu_limit.at_ns)
		alarm_set_locked(&p->cpu_limit, soft < NO_DEADLINE / NSEC_PER_SEC ? soft * NSEC_PER_SEC : 0, 0);
}

void proc_alarms_end(struct proc *p)
{
	for (int i = 0; i < ITIMERS; i++)
		alarm_end(&p->itimer[i]);
	alarm_end(&p->cpu_limit);
	posix_timers_end(p);
}
