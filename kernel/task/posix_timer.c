/* SPDX-License-Identifier: MIT */
/*
 * POSIX timers (timer_create): an alarm, and a signal with siginfo that it sends.
 *
 *     set ──► due ──► its entry is queued, and the alarm rests
 *      ▲               │ the signal is taken, dropped or ignored
 *      └── forward ◄───┘ past all the times that have gone by meanwhile: the overrun
 *
 * The entry of the queue of signals is part of the timer, so that there is at most one of it, and sending needs no
 * memory. A timer is found by its number in the list of its process. One that is deleted while its signal is pending
 * leaves the list and stays until that has been taken. Setting it anew leaves a signal that is pending where it is, but
 * that one does not set the timer going then.
 *
 * Each counts as one signal queued against RLIMIT_SIGPENDING. They end with execve and with the process.
 *
 * Locks: the process's lock guards all of it. timer_cancel is called without it.
 */
#include "task/task_impl.h"

#include <abi/errno.h>
#include <abi/time.h>

#include "lib/log.h"
#include "lib/string.h"
#include "mm/mm.h"

struct posix_timer {
	struct alarm alarm;        /* first: the kernel's timer is all that its firing gets */
	struct list link;          /* p->timers */
	struct signal_entry entry;
	int id, notify, signo, tid; /* tid: SIGEV_THREAD_ID */
	uint64_t base_ns;          /* what its clock showed at boot */
	bool ending;               /* nobody finds it any more */
	int overrun;               /* of the last signal that was taken */
};

/* ---- signals ---- */

static void timer_free(struct posix_timer *t)
{
	signal_uncharge(t->entry.user);
	kfree(t);
}

static int overrun_sum(int sum, uint64_t more) { return MIN((uint64_t)sum + more, (uint64_t)INT32_MAX); }

static void entry_gone(struct signal_entry *e, struct abi_siginfo *info)
{
	struct posix_timer *t = container_of(e, struct posix_timer, entry);
	if (t->alarm.rests) {
		uint64_t passed = alarm_forward_locked(&t->alarm, !info);
		if (info)
			info->timer.overrun = t->overrun = overrun_sum(info->timer.overrun, passed - 1);
	}
	e->info.fields[0] &= UINT32_MAX; /* its overrun has been told */
	if (e->counts) /* it was deleted meanwhile, and only waited for this */
		timer_free(t);
}

static void fill_entry(struct posix_timer *t, uint64_t value)
{
	struct abi_siginfo info = { .si_signo = t->signo, .si_code = SI_TIMER };
	info.timer.id = t->id;
	info.timer.value = value;
	memcpy(&t->entry.info, &info, sizeof(t->entry.info));
}

static void due_locked(struct posix_timer *t)
{
	struct proc *p = t->alarm.proc;
	struct thread *only = t->notify == SIGEV_THREAD_ID ? thread_find_locked(p, t->tid) : NULL;
	t->alarm.rests = t->alarm.interval_ns;
	if (!t->alarm.rests)
		t->alarm.at_ns = 0;
	if (!list_empty(&t->entry.link))
		t->entry.info.fields[0] += 1ull << 32; /* one of before it was set anew is pending still: its overrun */
	else if (t->notify != SIGEV_THREAD_ID || only)
		signal_send_entry_locked(p, only, t->signo, &t->entry);
}

static void timer_fire(struct timer *timer)
{
	struct posix_timer *t = container_of(timer, struct posix_timer, alarm.timer);
	struct proc *p = t->alarm.proc;
	spin_lock(&p->lock);
	if (alarm_due_locked(&t->alarm))
		due_locked(t);
	spin_unlock(&p->lock);
}

/* ---- life ---- */

static struct posix_timer *find_locked(struct proc *p, int id)
{
	list_for_each(n, &p->timers) {
		struct posix_timer *t = list_entry(n, struct posix_timer, link);
		if (t->id == id && !t->ending)
			return t;
	}
	return NULL;
}

static int enter_locked(struct proc *p, struct posix_timer *t, const struct abi_sigevent *ev, bool by_id)
{
	if (ev->notify == SIGEV_THREAD_ID && !thread_find_locked(p, ev->tid))
		return -EINVAL;
	t->entry.user = signal_charge(p->uid, p->rlimit[RLIMIT_SIGPENDING].rlim_cur);
	if (!t->entry.user)
		return -EAGAIN;
	t->id = p->next_timer++ & INT32_MAX;
	list_push_back(&p->timers, &t->link);
	fill_entry(t, by_id ? (uint64_t)t->id : ev->value);
	return t->id;
}

int posix_timer_create(enum alarm_clock clock, int tid, const struct abi_sigevent *ev, bool by_id, uint64_t base_ns)
{
	struct proc *p = proc_current();
	struct posix_timer *t = kzalloc(sizeof(*t));
	if (!t)
		return -EAGAIN;
	alarm_init(&t->alarm, p, clock, tid, timer_fire);
	t->base_ns = base_ns;
	t->notify = ev->notify;
	t->signo = ev->signo;
	t->tid = ev->tid;
	t->entry.gone = entry_gone;
	list_init(&t->entry.link);
	spin_lock(&p->lock);
	int id = enter_locked(p, t, ev, by_id);
	spin_unlock(&p->lock);
	if (id < 0)
		kfree(t);
	return id;
}

/* Nobody finds it any more, p->lock has been let go. Its signal, if it is pending, has it from now on. */
static void end(struct proc *p, struct posix_timer *t)
{
	alarm_end(&t->alarm);
	spin_lock(&p->lock);
	list_remove(&t->link);
	t->entry.counts = !list_empty(&t->entry.link);
	if (!t->entry.counts)
		timer_free(t);
	spin_unlock(&p->lock);
}

static void end_begin_locked(struct posix_timer *t)
{
	t->ending = true;
	t->alarm.at_ns = 0;
	t->alarm.rests = false; /* nobody sets it going again */
}

int posix_timer_delete(int id)
{
	struct proc *p = proc_current();
	spin_lock(&p->lock);
	struct posix_timer *t = find_locked(p, id);
	if (t)
		end_begin_locked(t);
	spin_unlock(&p->lock);
	if (!t)
		return -EINVAL;
	end(p, t);
	return 0;
}

/* The last thread does this: nobody else is ending one. */
void posix_timers_end(struct proc *p)
{
	for (;;) {
		spin_lock(&p->lock);
		struct posix_timer *t = list_empty(&p->timers) ? NULL : list_entry(p->timers.next, struct posix_timer, link);
		if (t)
			end_begin_locked(t);
		spin_unlock(&p->lock);
		if (!t)
			return;
		end(p, t);
	}
}

void posix_timers_visit(struct proc *p, void (*visit)(struct user_count *u))
{
	list_for_each(n, &p->timers)
		visit(list_entry(n, struct posix_timer, link)->entry.user);
}

/* ---- setting and looking ---- */

/* A timer that has run out without a signal to send shows 0, another that is due shows that it is not off. */
static void show_locked(struct posix_timer *t, uint64_t *left_ns, uint64_t *interval_ns)
{
	struct alarm *a = &t->alarm;
	uint64_t now = alarm_now_locked(a), at = a->at_ns;
	if (at && at <= now && a->interval_ns)
		at += ((now - at) / a->interval_ns + 1) * a->interval_ns;
	*interval_ns = a->interval_ns;
	*left_ns = !at ? 0 : at > now ? at - now : t->notify == SIGEV_NONE ? 0 : 1;
}

int posix_timer_get(int id, uint64_t *left_ns, uint64_t *interval_ns)
{
	struct proc *p = proc_current();
	spin_lock(&p->lock);
	struct posix_timer *t = find_locked(p, id);
	if (t)
		show_locked(t, left_ns, interval_ns);
	spin_unlock(&p->lock);
	return t ? 0 : -EINVAL;
}

int posix_timer_set(int id, const struct timer_setting *new, uint64_t *old_left_ns, uint64_t *old_interval_ns)
{
	struct proc *p = proc_current();
	spin_lock(&p->lock);
	struct posix_timer *t = find_locked(p, id);
	if (t) {
		show_locked(t, old_left_ns, old_interval_ns);
		uint64_t from = new->absolute ? 0 : alarm_now_locked(&t->alarm), at = new->value_ns ? from + new->value_ns : 0;
		if (new->absolute && at && t->alarm.clock == ALARM_TIME)
			at = at > t->base_ns ? at - t->base_ns : 1;
		uint64_t interval_ns = at ? new->interval_ns : 0; /* of a timer that is stopped nothing is left */
		t->alarm.rests = false;
		t->overrun = 0;
		if (t->notify == SIGEV_NONE) {
			t->alarm.at_ns = at;
			t->alarm.interval_ns = interval_ns;
		} else {
			alarm_set_locked(&t->alarm, at, interval_ns);
		}
	}
	spin_unlock(&p->lock);
	return t ? 0 : -EINVAL;
}

int posix_timer_overrun(int id)
{
	struct proc *p = proc_current();
	spin_lock(&p->lock);
	const struct posix_timer *t = find_locked(p, id);
	int overrun = t ? t->overrun : -EINVAL;
	spin_unlock(&p->lock);
	return overrun;
}
