/* SPDX-License-Identifier: MIT */
/*
 * Signals: masks, sending, and choosing the thread that is to take one.
 *
 *   send ──► ignored? ──► dropped
 *        ──► deadly (SIGKILL, or default action "terminate" and not blocked) ──► every thread PENDING_KILL
 *        ──► queue of the process or of one thread (sigqueue.c) ──► PENDING_SIGNAL of a thread that does not block it
 *   the way out to user mode takes it: sigwork.c
 *
 * PENDING_SIGNAL is a hint, set too often rather than too seldom: thread_interrupted() computes the truth, so that a
 * wait is not broken off for a signal that another thread has meanwhile taken.
 *
 * A deadly signal ends the process where it is sent, not where it is taken, so that it reaches threads in killable
 * waits too. Only SIGKILL does so to a stopped process; others wait there for SIGCONT, like all signals. Process 1 is
 * not killed by signals that it does not handle, and kill(-1) spares the servers.
 *
 * A thread in sigtimedwait takes what it waits for although it blocks it (thread.sigwait); whether a signal is ignored
 * or deadly depends on the mask alone, as if it did not wait.
 *
 * Locks: p->lock guards queues and masks; the actions, which processes may share, have a lock inside it (actions.c), and
 * what another process makes of them is pending here until it is taken. Sending needs the receiver to stay: it is the
 * current process, or the caller holds the tree lock.
 */
#include "task/task_impl.h"

#include <abi/errno.h>

#include "file/file.h"
#include "lib/log.h"

volatile uint32_t signal_files;

#define DEFAULT_IGNORED (SIGBIT(SIGCHLD) | SIGBIT(SIGCONT) | SIGBIT(SIGURG) | SIGBIT(SIGWINCH))
#define DEFAULT_STOP (SIGBIT(SIGSTOP) | SIGBIT(SIGTSTP) | SIGBIT(SIGTTIN) | SIGBIT(SIGTTOU))

/* What the thread does not take now. */
static uint64_t blocked(const struct thread *t) { return t->sigmask & ~t->sigwait; }

static uint64_t deliverable(const struct thread *t)
{
	return (t->sigpending.set | t->proc->sigpending.set) & ~blocked(t);
}

bool thread_killed(void)
{
	return thread_current()->pending & PENDING_KILL;
}

bool thread_interrupted(void)
{
	struct thread *t = thread_current();
	if (likely(!t->pending) || !t->proc)
		return false;
	if (t->pending & PENDING_KILL || t->proc->stopped)
		return true;
	return deliverable(t);
}

void thread_kick(struct thread *t)
{
	if (t == thread_current())
		return;
	if (t->wake == WAKE_WAITING) {
		bool ends = t->wait_how == WAIT_SIGNALS || (t->wait_how == WAIT_KILLABLE && t->pending & PENDING_KILL);
		if (ends)
			thread_wake(t, WAKE_SIGNAL);
	} else if (t->on_cpu && t->cpu != cpu_index()) {
		smp_kick(t->cpu);
	} else if (t->pending & PENDING_KILL) {
		sched_hurry(t);
	}
}

static void set_pending(struct thread *t)
{
	__atomic_or_fetch(&t->pending, PENDING_SIGNAL, __ATOMIC_SEQ_CST);
	thread_kick(t);
}

void signal_recompute(struct thread *t)
{
	assert_spin_held(&t->proc->lock);
	if (deliverable(t) || t->proc->stopped)
		__atomic_or_fetch(&t->pending, PENDING_SIGNAL, __ATOMIC_SEQ_CST);
	else
		__atomic_and_fetch(&t->pending, (uint8_t)~PENDING_SIGNAL, __ATOMIC_SEQ_CST);
}

void signal_kick_all_locked(struct proc *p)
{
	list_for_each(n, &p->threads)
		set_pending(list_entry(n, struct thread, proc_link));
}

/* ---- sending ---- */

static void clear_pending_locked(struct proc *p, uint64_t bits)
{
	signal_queue_drop(&p->sigpending, bits);
	list_for_each(n, &p->threads)
		signal_queue_drop(&list_entry(n, struct thread, proc_link)->sigpending, bits);
}

/* SIGCONT and the stop signals cancel each other when they are sent, whatever becomes of them. */
static void job_control_locked(struct proc *p, int signo)
{
	if (DEFAULT_STOP & SIGBIT(signo))
		clear_pending_locked(p, SIGBIT(SIGCONT));
	if (signo != SIGCONT)
		return;
	clear_pending_locked(p, DEFAULT_STOP);
	p->stopping = false;
	if (!p->stopped)
		return;
	p->stopped = false;
	p->continued = true;
	p->stop_report = STOP_REPORT_CONTINUED;
	wait_wake_all(&p->stop_wait);
}

static bool blocked_everywhere_locked(struct proc *p, struct thread *only, uint64_t bit)
{
	if (only)
		return only->sigmask & bit;
	list_for_each(n, &p->threads)
		if (!(list_entry(n, struct thread, proc_link)->sigmask & bit))
			return false;
	return true;
}

enum signal_effect signal_effect_locked(const struct proc *p, int signo)
{
	uint64_t handler = p->actions->of[signo - 1].handler, bit = SIGBIT(signo);
	if (handler == HANDLER_IGNORE)
		return SIGNAL_NOTHING;
	if (handler != HANDLER_DEFAULT)
		return SIGNAL_HANDLED;
	if (DEFAULT_IGNORED & bit || p == proc_one)
		return SIGNAL_NOTHING;
	return DEFAULT_STOP & bit ? SIGNAL_STOPS : SIGNAL_KILLS;
}

void signal_set_action(int signo, const struct abi_sigaction *sa, struct abi_sigaction *old)
{
	struct proc *p = proc_current();
	spin_lock(&p->lock);
	actions_exchange(p->actions, signo, sa, old);
	if (sa) {
		bool defaults = sa->handler == HANDLER_DEFAULT && DEFAULT_IGNORED & SIGBIT(signo);
		if (sa->handler == HANDLER_IGNORE || defaults) /* what is pending is ignored, too */
			clear_pending_locked(p, SIGBIT(signo));
	}
	spin_unlock(&p->lock);
}

/* Who can take it now: `only`; or a thread that does not block it, `prefer` before the others, then the oldest. */
static struct thread *receiver_locked(struct proc *p, struct thread *only, struct thread *prefer, uint64_t bit)
{
	if (only)
		return blocked(only) & bit ? NULL : only;
	if (prefer && !(blocked(prefer) & bit))
		return prefer;
	list_for_each(n, &p->threads) {
		struct thread *t = list_entry(n, struct thread, proc_link);
		if (!(blocked(t) & bit))
			return t;
	}
	return NULL;
}

void signal_hand_over_locked(struct proc *p, uint64_t bits)
{
	assert_spin_held(&p->lock);
	for (bits &= p->sigpending.set; bits; bits &= bits - 1) {
		struct thread *t = receiver_locked(p, NULL, NULL, bits & -bits);
		if (t)
			set_pending(t);
	}
}

void signal_set_mask(uint64_t mask)
{
	struct thread *t = thread_current();
	spin_lock(&t->proc->lock);
	uint64_t blocked = mask & ~SIGMASK_UNBLOCKABLE & ~t->sigmask;
	t->sigmask = mask & ~SIGMASK_UNBLOCKABLE;
	signal_recompute(t);
	signal_hand_over_locked(t->proc, blocked);
	spin_unlock(&t->proc->lock);
}

/*
 * What sending does before anything is pending; only: the thread it is directed at, NULL: the process. -> is it to be
 * pending?
 */
static bool begin_locked(struct proc *p, struct thread *only, int signo)
{
	assert_spin_held(&p->lock);
	if (p->exiting)
		return false;
	job_control_locked(p, signo);
	enum signal_effect effect = signal_effect_locked(p, signo);
	if (effect == SIGNAL_HANDLED || effect == SIGNAL_STOPS || blocked_everywhere_locked(p, only, SIGBIT(signo)))
		return true;
	if (effect == SIGNAL_KILLS && p->stopped && signo != SIGKILL)
		return true;
	if (effect == SIGNAL_KILLS)
		proc_kill_threads_locked(p, signo);
	return false;
}

static void tell_receiver_locked(struct proc *p, struct thread *only, struct thread *prefer, int signo)
{
	if (unlikely(signal_files))
		poll_changed();
	struct thread *t = receiver_locked(p, only, prefer, SIGBIT(signo));
	if (t)
		set_pending(t);
}

/* 0, -EAGAIN */
static int send_locked(struct proc *p, struct thread *only, struct thread *prefer, int signo,
                       const struct abi_siginfo *info)
{
	if (!begin_locked(p, only, signo))
		return 0;
	int err = signal_queue_add(only ? &only->sigpending : &p->sigpending, p, signo, info);
	if (!err)
		tell_receiver_locked(p, only, prefer, signo);
	return err;
}

void signal_send_entry_locked(struct proc *p, struct thread *only, int signo, struct signal_entry *e)
{
	if (!begin_locked(p, only, signo)) {
		e->gone(e, NULL);
		return;
	}
	signal_queue_entry(only ? &only->sigpending : &p->sigpending, e, signo);
	tell_receiver_locked(p, only, NULL, signo);
}

int signal_send_proc_at(struct proc *p, int tid, int signo, const struct abi_siginfo *info)
{
	if (signo <= 0 || signo > ABI_NSIG)
		return -EINVAL;
	spin_lock(&p->lock);
	int err = send_locked(p, NULL, tid ? thread_find_locked(p, tid) : NULL, signo, info);
	spin_unlock(&p->lock);
	return err;
}

int signal_send_proc(struct proc *p, int signo, const struct abi_siginfo *info)
{
	return signal_send_proc_at(p, 0, signo, info);
}

void signal_send_kernel_locked(struct proc *p, struct thread *prefer, int signo)
{
	(void)send_locked(p, NULL, prefer, signo, NULL); /* standard signals are never refused */
}

void signal_send_self(int signo)
{
	struct thread *t = thread_current();
	struct abi_siginfo info = { .si_signo = signo, .si_code = SI_USER };
	info.child.pid = t->proc->pid;
	info.child.uid = t->proc->uid;
	spin_lock(&t->proc->lock);
	(void)send_locked(t->proc, t, NULL, signo, &info);
	spin_unlock(&t->proc->lock);
}

static bool may_signal(const struct proc *p, int signo)
{
	const struct proc *self = proc_current();
	if (!self || self == p || capable(CAP_KILL) || (signo == SIGCONT && self->sid == p->sid))
		return true;
	return self->euid == p->uid || self->euid == p->suid || self->uid == p->uid || self->uid == p->suid;
}

int signal_check(const struct proc *p, int signo, const struct abi_siginfo *info)
{
	if (signo < 0 || signo > ABI_NSIG)
		return -EINVAL;
	return info->si_code > 0 || may_signal(p, signo) ? 0 : -EPERM; /* as the kernel's only to oneself: sys/signal.c */
}

int signal_send_thread_locked(struct thread *t, int signo, const struct abi_siginfo *info)
{
	assert_spin_held(&t->proc->lock);
	int err = signal_check(t->proc, signo, info);
	return err || !signo ? err : send_locked(t->proc, t, NULL, signo, info);
}

int signal_send_checked(struct proc *p, int tid, int signo, const struct abi_siginfo *info)
{
	int err = signal_check(p, signo, info);
	return err || !signo ? err : signal_send_proc_at(p, tid, signo, info);
}

/* The same to one of several: none of them may fork meanwhile and leave out the child (fork.c). */
static int send_member_locked(struct proc *p, int signo, const struct abi_siginfo *info)
{
	int err = signal_send_checked(p, 0, signo, info);
	p->group_signals++;
	return err;
}

/* To every process of a group: 0 if one could be signalled, else the last reason. */
static int send_group_locked(int pgid, int signo, const struct abi_siginfo *info)
{
	int result = -ESRCH;
	list_for_each(n, &proc_all) {
		struct proc *p = list_entry(n, struct proc, all_link);
		int err = p->pgid == pgid ? send_member_locked(p, signo, info) : result;
		if (err == 0 || result != 0)
			result = err;
	}
	return result;
}

/* To all but the first, the servers and the caller. As on Linux it is no failure that none may be signalled. */
static int send_all_locked(int signo, const struct abi_siginfo *info)
{
	int result = -ESRCH;
	list_for_each(n, &proc_all) {
		struct proc *p = list_entry(n, struct proc, all_link);
		if (p == proc_one || p == proc_current() || p->server)
			continue;
		int err = send_member_locked(p, signo, info);
		if (err != -EPERM || result == -ESRCH)
			result = err == -EPERM ? 0 : err;
	}
	return result;
}

int signal_send_group(int pgid, int signo, const struct abi_siginfo *info)
{
	mutex_lock(&proc_tree_lock);
	int err = send_group_locked(pgid, signo, info);
	mutex_unlock(&proc_tree_lock);
	return err;
}

int signal_send_pid(int pid, int signo, const struct abi_siginfo *info)
{
	struct proc *self = proc_current();
	int err = -ESRCH;
	if (pid == self->pid) /* which need not be looked for, and stays */
		return signal_send_checked(self, pid, signo, info);
	mutex_lock(&proc_tree_lock);
	if (pid > 0) {
		struct proc *p = proc_of_thread_locked(pid);
		if (p)
			err = signal_send_checked(p, pid, signo, info);
	} else if (pid == -1) {
		err = send_all_locked(signo, info);
	} else {
		err = send_group_locked(pid == 0 ? self->pgid : -pid, signo, info);
	}
	mutex_unlock(&proc_tree_lock);
	return err;
}
