/* SPDX-License-Identifier: MIT */
/*
 * The work before each return to user mode: taking signals, default actions, handlers, stops, and interrupted system
 * calls.
 *
 *   take one ──► handler: a frame on the user's stack (sigframe.c)
 *            └─► default: terminate, stop, nothing
 *
 * Order: what the thread has caused itself, then what is directed at it, then what is directed at the process; the
 * lowest number first, of one number the oldest.
 *
 * Stopping: the thread that takes the stop signal sets p->stopped and tells the parent; every other thread comes here
 * by a kick and waits at stop_wait. SIGCONT clears p->stopped where it is sent; the first thread to go on tells the
 * parent. A stop signal of the terminal's does nothing in an orphaned process group, which nobody could set going
 * again; to know that takes the tree lock, so p->lock is let go meanwhile, and p->stopping tells whether a SIGCONT came
 * in between.
 *
 * An interrupted system call returned one of the ERESTART codes, or EINTR; calls_restart() rewinds it to the SYSCALL
 * instruction or makes it EINTR, according to what the signal did. A call that waits until some time remembers the
 * deadline in the thread: when it is entered again it waits for the rest only.
 */
#include "task/task_impl.h"

#include <abi/errno.h>
#include <abi/wait.h>

#include "lib/log.h"
#include "lib/string.h"
#include "sys/sys.h"

/* ---- taking ---- */

#define SYNCHRONOUS (SIGBIT(SIGSEGV) | SIGBIT(SIGBUS) | SIGBIT(SIGILL) | SIGBIT(SIGTRAP) | SIGBIT(SIGFPE) | SIGBIT(SIGSYS))

int signal_take_locked(struct thread *t, uint64_t these, struct abi_siginfo *info)
{
	uint64_t own = t->sigpending.set & these, from = own ? own : t->proc->sigpending.set & these;
	if (!from)
		return 0;
	if (from & SYNCHRONOUS)
		from &= SYNCHRONOUS;
	int signo = __builtin_ctzll(from) + 1;
	signal_queue_take(own ? &t->sigpending : &t->proc->sigpending, signo, info);
	if (signo == SIGALRM && !own)
		proc_alarm_taken_locked(t->proc);
	return signo;
}

int signal_wait(uint64_t these, bool wait, uint64_t deadline, struct abi_siginfo *info)
{
	struct thread *t = thread_current();
	struct proc *p = t->proc;
	int ended = -EAGAIN;
	spin_lock(&p->lock);
	int signo = signal_take_locked(t, these, info);
	t->sigwait = signo || !wait ? 0 : these;
	signal_recompute(t);
	spin_unlock(&p->lock);
	if (signo || !wait)
		return signo ? signo : -EAGAIN;
	wait_begin(WAIT_SIGNALS);
	ended = wait_end(NULL, deadline);
	spin_lock(&p->lock);
	t->sigwait = 0;
	signo = signal_take_locked(t, these, info);
	signal_recompute(t);
	spin_unlock(&p->lock);
	return signo ? signo : ended == -ETIMEDOUT ? -EAGAIN : -EINTR;
}

/* ---- stopping ---- */

/* -> whether the parent is to be told */
static bool stop_locked(struct proc *p, int signo)
{
	if (p->exiting || p->stopped || !p->stopping)
		return false;
	p->stopping = false;
	p->stopped = true;
	p->stop_report = signo << 8 | 0x7f;
	signal_kick_all_locked(p);
	return true;
}

/* A stop signal has been taken, and p->stopping set with it. */
static void stop_take(struct proc *p, int signo)
{
	if (signo != SIGSTOP && session_group_orphaned(p))
		return;
	spin_lock(&p->lock);
	bool tell = stop_locked(p, signo);
	spin_unlock(&p->lock);
	if (tell)
		child_tell_stopped(p, signo);
}

static void stop_here(struct thread *t)
{
	struct proc *p = t->proc;
	spin_lock(&p->lock);
	while (p->stopped && !thread_killed())
		wait_on(&p->stop_wait, &p->lock, WAIT_KILLABLE, NO_DEADLINE);
	bool tell = p->continued && !thread_killed();
	p->continued = false;
	signal_recompute(t);
	spin_unlock(&p->lock);
	if (tell)
		child_tell_continued(p);
}

/* ---- handlers ---- */

/* An interrupted system call, after the signals: rewind it, or let the program see EINTR. */
static void calls_restart(struct trap_frame *f, struct thread *t, const struct abi_sigaction *handled)
{
	if (f->vector != SYSCALL_VECTOR)
		return;
	int64_t code = -(int64_t)f->rax;
	if (code != ERESTARTSYS && code != ERESTARTNOINTR && code != ERESTARTNOHAND && code != ERESTARTBLOCK)
		return;
	bool again = code == ERESTARTNOINTR || (code == ERESTARTSYS && handled && handled->flags & SA_RESTART);
	if (handled && !again) {
		f->rax = -EINTR;
		return;
	}
	t->restarting = code == ERESTARTBLOCK;
	f->rax = f->error;
	f->rip -= 2; /* the length of SYSCALL */
}

/* There is no room for the frame: another chance for a handler of SIGSEGV, on a stack of its own perhaps. */
static void frame_failed(struct trap_frame *f, struct thread *t, int signo)
{
	if (signo != SIGSEGV) {
		signal_force(SIGSEGV, SI_KERNEL, 0);
		return;
	}
	signal_log_death(t, SIGSEGV, f->rsp, f->rip);
	proc_exit(SIGSEGV);
}

static void handler_enter(struct trap_frame *f, struct thread *t, int signo, const struct abi_sigaction *sa,
                          const struct abi_siginfo *info)
{
	uint64_t mask = t->restore_sigmask ? t->saved_sigmask : t->sigmask;
	calls_restart(f, t, sa);
	t->restarting = false;
	t->restore_sigmask = false;
	if (signal_frame_push(f, signo, sa, info, mask) != 0) {
		frame_failed(f, t, signo);
		return;
	}
	if (t->altstack.ss_flags & SS_AUTODISARM)
		t->altstack = (struct abi_stack){ .ss_flags = SS_DISABLE };
	uint64_t block = sa->mask | (sa->flags & SA_NODEFER ? 0 : SIGBIT(signo));
	signal_set_mask(t->sigmask | block);
}

/* Takes one signal and acts on it; false when there was none. */
static bool deliver_one(struct trap_frame *f, struct thread *t)
{
	struct proc *p = t->proc;
	struct abi_siginfo info;
	struct abi_sigaction sa;
	spin_lock(&p->lock);
	int signo = signal_take_locked(t, ~t->sigmask, &info);
	if (!signo) {
		signal_recompute(t);
		spin_unlock(&p->lock);
		return false;
	}
	struct abi_sigaction *action = &p->actions->of[signo - 1];
	spin_lock(&p->actions->lock);
	sa = *action;
	enum signal_effect effect = signal_effect_locked(p, signo);
	if (effect == SIGNAL_HANDLED && sa.flags & SA_RESETHAND)
		action->handler = HANDLER_DEFAULT;
	spin_unlock(&p->actions->lock);
	p->stopping |= effect == SIGNAL_STOPS;
	spin_unlock(&p->lock);
	if (effect == SIGNAL_HANDLED)
		handler_enter(f, t, signo, &sa, &info);
	else if (effect == SIGNAL_STOPS)
		stop_take(p, signo);
	else if (effect == SIGNAL_KILLS)
		proc_exit(signo);
	return true;
}

void thread_exit_work(struct trap_frame *f)
{
	struct thread *t = thread_current();
	bool signals = t->pending & PENDING_SIGNAL;
	for (;;) {
		if (cpu_this()->resched)
			sched_resched();
		if (t->pending & PENDING_KILL)
			thread_exit();
		if (!(t->pending & PENDING_SIGNAL))
			break;
		signals = true;
		if (t->proc->stopped || t->proc->continued)
			stop_here(t);
		else
			deliver_one(f, t);
	}
	if (!signals)
		return;
	calls_restart(f, t, NULL);
	if (t->restore_sigmask) {
		t->restore_sigmask = false;
		signal_set_mask(t->saved_sigmask);
	}
}
