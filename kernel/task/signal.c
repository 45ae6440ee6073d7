/* SPDX-License-Identifier: MIT */
/*
 * Signals: sending, choosing a thread, default actions, and the work before each return to user mode.
 *
 *   send ──► ignored? ──► dropped
 *        ──► deadly (SIGKILL, or default action "terminate" and not blocked) ──► every thread PENDING_KILL
 *        ──► pending set of the process or of one thread ──► PENDING_SIGNAL of a thread that does not block it
 *   exit to user mode ──► take one ──► handler: a frame on the user's stack (sigframe.c)
 *                                  └─► default: terminate, stop, nothing
 *
 * A signal is pending at most once, the first siginfo counts; that is POSIX for standard signals, and here also for
 * real-time ones (docs/limits.md). PENDING_SIGNAL is a hint, set too often rather than too seldom:
 * thread_interrupted() computes the truth, so that a wait is not broken off for a signal that another thread has
 * meanwhile taken.
 *
 * A deadly signal ends the process where it is sent, not where it is taken, so that it reaches threads in killable
 * waits too. Process 1 is not killed by signals that it does not handle.
 *
 * Stopping: the thread that takes the stop signal sets p->stopped and tells the parent; every other thread comes here
 * by a kick and waits at stop_wait. SIGCONT clears p->stopped where it is sent; the first thread to go on tells the
 * parent.
 *
 * An interrupted system call returned one of the ERESTART codes, or EINTR; calls_restart() rewinds it to the SYSCALL
 * instruction or makes it EINTR, according to what the signal did.
 *
 * Locks: p->lock guards sets, masks and actions. Sending needs the receiver to stay: it is the current process, or
 * the caller holds the tree lock.
 */
#include "task/task_impl.h"

#include <abi/errno.h>

#include "lib/log.h"
#include "lib/string.h"
#include "sys/sys.h"

#define HANDLER_DEFAULT 0
#define HANDLER_IGNORE 1

enum { TRAP_DIVIDE = 0, TRAP_DEBUG = 1, TRAP_PAGE = 14, TRAP_X87 = 16, TRAP_SIMD = 19 }; /* Intel SDM vol. 3, table 6-1 */

#define DEFAULT_IGNORED (SIGBIT(SIGCHLD) | SIGBIT(SIGCONT) | SIGBIT(SIGURG) | SIGBIT(SIGWINCH))
#define DEFAULT_STOP (SIGBIT(SIGSTOP) | SIGBIT(SIGTSTP) | SIGBIT(SIGTTIN) | SIGBIT(SIGTTOU))

const char *signal_name(int signo)
{
	static const char *const name[] = {
		[SIGHUP] = "SIGHUP", [SIGINT] = "SIGINT", [SIGQUIT] = "SIGQUIT", [SIGILL] = "SIGILL",
		[SIGTRAP] = "SIGTRAP", [SIGABRT] = "SIGABRT", [SIGBUS] = "SIGBUS", [SIGFPE] = "SIGFPE",
		[SIGKILL] = "SIGKILL", [SIGSEGV] = "SIGSEGV", [SIGPIPE] = "SIGPIPE", [SIGALRM] = "SIGALRM",
		[SIGTERM] = "SIGTERM", [SIGCHLD] = "SIGCHLD", [SIGSYS] = "SIGSYS",
	};
	return (unsigned)signo < ARRAY_SIZE(name) && name[signo] ? name[signo] : "signal";
}

bool signal_default_ignores(int signo) { return DEFAULT_IGNORED & SIGBIT(signo); }
bool signal_default_stops(int signo) { return DEFAULT_STOP & SIGBIT(signo); }

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
	return (t->sigpending | t->proc->sigpending) & ~t->sigmask;
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
	if ((t->sigpending | t->proc->sigpending) & ~t->sigmask || t->proc->stopped)
		__atomic_or_fetch(&t->pending, PENDING_SIGNAL, __ATOMIC_SEQ_CST);
	else
		__atomic_and_fetch(&t->pending, (uint8_t)~PENDING_SIGNAL, __ATOMIC_SEQ_CST);
}


/* ---- sending ---- */

static void note_set(struct signal_note *n, const struct abi_siginfo *info)
{
	*n = (struct signal_note){ .code = SI_KERNEL };
	if (!info)
		return;
	n->code = info->si_code;
	if (info->si_signo == SIGSEGV || info->si_signo == SIGBUS || info->si_signo == SIGFPE || info->si_signo == SIGILL ||
	    info->si_signo == SIGTRAP) {
		if (info->si_code > 0) {
			n->addr = info->fault.addr;
			return;
		}
	}
	n->pid = info->child.pid;
	n->uid = info->child.uid;
	n->status = info->child.status;
	n->utime = info->child.utime;
	n->stime = info->child.stime;
}

static void note_get(const struct signal_note *n, int signo, struct abi_siginfo *info)
{
	memset(info, 0, sizeof(*info));
	info->si_signo = signo;
	info->si_code = n->code;
	bool fault = signo == SIGSEGV || signo == SIGBUS || signo == SIGFPE || signo == SIGILL || signo == SIGTRAP;
	if (fault && n->code > 0) {
		info->fault.addr = n->addr;
		return;
	}
	info->child.pid = n->pid;
	info->child.uid = n->uid;
	if (signo == SIGCHLD) {
		info->child.status = n->status;
		info->child.utime = n->utime;
		info->child.stime = n->stime;
	}
}

static void clear_pending_locked(struct proc *p, uint64_t bits)
{
	p->sigpending &= ~bits;
	list_for_each(n, &p->threads)
		list_entry(n, struct thread, proc_link)->sigpending &= ~bits;
}

/* SIGCONT and the stop signals cancel each other when they are sent, whatever becomes of them. */
static void job_control_locked(struct proc *p, int signo)
{
	if (signal_default_stops(signo))
		clear_pending_locked(p, SIGBIT(SIGCONT));
	if (signo != SIGCONT)
		return;
	clear_pending_locked(p, DEFAULT_STOP);
	if (!p->stopped)
		return;
	p->stopped = false;
	p->continued = true;
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

/* What the signal will do if it is taken now. */
enum effect { EFFECT_NONE, EFFECT_HANDLE, EFFECT_STOP, EFFECT_DIE };

static enum effect effect_locked(struct proc *p, int signo)
{
	uint64_t handler = p->actions[signo - 1].handler;
	if (handler == HANDLER_IGNORE)
		return EFFECT_NONE;
	if (handler != HANDLER_DEFAULT)
		return EFFECT_HANDLE;
	if (signal_default_ignores(signo) || p == proc_one)
		return EFFECT_NONE;
	return signal_default_stops(signo) ? EFFECT_STOP : EFFECT_DIE;
}

/* Who can take it now: `only`, or the current thread if it is of p, or the first that does not block it. */
static struct thread *receiver_locked(struct proc *p, struct thread *only, uint64_t bit)
{
	struct thread *self = thread_current();
	if (only)
		return only->sigmask & bit ? NULL : only;
	if (self->proc == p && !(self->sigmask & bit) && !list_empty(&self->proc_link))
		return self;
	list_for_each(n, &p->threads) {
		struct thread *t = list_entry(n, struct thread, proc_link);
		if (!(t->sigmask & bit))
			return t;
	}
	return NULL;
}

void signal_hand_over_locked(struct proc *p, uint64_t bits)
{
	assert_spin_held(&p->lock);
	for (bits &= p->sigpending; bits; bits &= bits - 1) {
		struct thread *t = receiver_locked(p, NULL, bits & -bits);
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

/* only: the thread it is directed at, NULL: the process. */
static void send_locked(struct proc *p, struct thread *only, int signo, const struct abi_siginfo *info)
{
	uint64_t bit = SIGBIT(signo);
	if (p->exiting)
		return;
	job_control_locked(p, signo);
	enum effect effect = effect_locked(p, signo);
	bool blocked = blocked_everywhere_locked(p, only, bit);
	if (effect == EFFECT_NONE && !blocked)
		return;
	if (effect == EFFECT_DIE && !blocked) {
		proc_kill_threads_locked(p, signo);
		return;
	}
	uint64_t *set = only ? &only->sigpending : &p->sigpending;
	if (!(*set & bit))
		note_set(only ? &only->note[signo - 1] : &p->note[signo - 1], info);
	*set |= bit;
	struct thread *t = receiver_locked(p, only, bit);
	if (t)
		set_pending(t);
}

int signal_send_proc(struct proc *p, int signo, const struct abi_siginfo *info)
{
	if (signo <= 0 || signo > ABI_NSIG)
		return -EINVAL;
	spin_lock(&p->lock);
	send_locked(p, NULL, signo, info);
	spin_unlock(&p->lock);
	return 0;
}

static bool may_signal(struct proc *p, int signo)
{
	struct proc *self = proc_current();
	if (!self || self->euid == 0 || (signo == SIGCONT && self->sid == p->sid))
		return true;
	return self->euid == p->uid || self->euid == p->suid || self->uid == p->uid || self->uid == p->suid;
}

int signal_send_thread_locked(struct thread *t, int signo, const struct abi_siginfo *info)
{
	assert_spin_held(&t->proc->lock);
	if (signo < 0 || signo > ABI_NSIG)
		return -EINVAL;
	if (!may_signal(t->proc, signo))
		return -EPERM;
	if (signo)
		send_locked(t->proc, t, signo, info);
	return 0;
}

static int send_checked_locked(struct proc *p, int signo, const struct abi_siginfo *info)
{
	if (signo < 0 || signo > ABI_NSIG)
		return -EINVAL;
	if (!may_signal(p, signo))
		return -EPERM;
	return signo ? signal_send_proc(p, signo, info) : 0;
}

/* To every process that matches: 0 if one could be signalled, else the last reason. */
static int send_many_locked(int pgid, bool all, int signo, const struct abi_siginfo *info)
{
	int result = -ESRCH;
	list_for_each(n, &proc_all) {
		struct proc *p = list_entry(n, struct proc, all_link);
		if (all ? p == proc_one || p == proc_current() : p->pgid != pgid)
			continue;
		int err = send_checked_locked(p, signo, info);
		if (err == 0 || result != 0)
			result = err;
	}
	return result;
}

int signal_send_group(int pgid, int signo, const struct abi_siginfo *info)
{
	mutex_lock(&proc_tree_lock);
	int err = send_many_locked(pgid, false, signo, info);
	mutex_unlock(&proc_tree_lock);
	return err;
}

int signal_send_pid(int pid, int signo, const struct abi_siginfo *info)
{
	int err = -ESRCH;
	mutex_lock(&proc_tree_lock);
	if (pid > 0) {
		struct proc *p = proc_find_locked(pid);
		if (p)
			err = send_checked_locked(p, signo, info);
	} else {
		err = send_many_locked(pid == 0 ? proc_current()->pgid : -pid, pid == -1, signo, info);
	}
	mutex_unlock(&proc_tree_lock);
	return err;
}

/* ---- faults: signals that the current thread has caused by its last instruction ---- */

static void log_death(struct thread *t, int signo, vaddr_t addr, vaddr_t rip)
{
	klog(LOG_WARN, "%s[%d] killed by %s (%d): address 0x%lx, instruction at 0x%lx", t->proc->name, t->proc->pid,
	     signal_name(signo), signo, addr, rip);
}

void signal_force(int signo, int code, vaddr_t addr)
{
	struct thread *t = thread_current();
	struct proc *p = t->proc;
	uint64_t bit = SIGBIT(signo);
	spin_lock(&p->lock);
	bool dies = t->sigmask & bit || p->actions[signo - 1].handler <= HANDLER_IGNORE;
	if (!dies) {
		t->sigpending |= bit;
		t->note[signo - 1] = (struct signal_note){ .code = code, .addr = addr };
		__atomic_or_fetch(&t->pending, PENDING_SIGNAL, __ATOMIC_SEQ_CST);
	}
	bool first = dies && !p->exiting;
	if (dies) {
		proc_kill_threads_locked(p, signo);
		__atomic_or_fetch(&t->pending, PENDING_KILL, __ATOMIC_SEQ_CST);
	}
	spin_unlock(&p->lock);
	if (first)
		log_death(t, signo, addr, arch_thread_frame(&t->arch)->rip);
}

void signal_fault(int signo, int code, vaddr_t addr, uint64_t trapno, uint64_t error)
{
	struct thread *t = thread_current();
	t->fault_trapno = trapno;
	t->fault_error = error;
	if (trapno == TRAP_PAGE)
		t->fault_cr2 = addr;
	signal_force(signo, code, addr);
}

/* Which of the six exceptions a program hears of when there are several; 0: none is pending after all. */
static int fpe_code(bool x87)
{
	unsigned e = fpu_exceptions(x87);
	return e & 1 ? FPE_FLTINV : e & 4 ? FPE_FLTDIV : e & 8 ? FPE_FLTOVF : e & 0x12 ? FPE_FLTUND : e & 0x20 ? FPE_FLTRES : 0;
}

void user_exception(struct trap_frame *f)
{
	static const struct { uint8_t signo, code, has_addr; } map[32] = {
		[TRAP_DIVIDE] = { SIGFPE, FPE_INTDIV, 1 }, [TRAP_DEBUG] = { SIGTRAP, TRAP_TRACE, 1 },
		[3] = { SIGTRAP, SI_KERNEL, 0 },           [4] = { SIGSEGV, SI_KERNEL, 0 },
		[5] = { SIGSEGV, SI_KERNEL, 0 },           [6] = { SIGILL, ILL_ILLOPN, 1 },
		[9] = { SIGFPE, SI_KERNEL, 0 },            [10] = { SIGSEGV, SI_KERNEL, 0 },
		[11] = { SIGBUS, SI_KERNEL, 0 },           [12] = { SIGBUS, SI_KERNEL, 0 },
		[13] = { SIGSEGV, SI_KERNEL, 0 },          [TRAP_X87] = { SIGFPE, 0, 1 },
		[17] = { SIGBUS, BUS_ADRALN, 0 },          [TRAP_SIMD] = { SIGFPE, 0, 1 },
	};
	unsigned vector = f->vector;
	if (vector >= ARRAY_SIZE(map) || !map[vector].signo)
		panic("exception %u in user mode at 0x%lx", vector, f->rip);
	int code = map[vector].code;
	if (vector == TRAP_DEBUG)
		code = arch_debug_status() & DEBUG_STEP ? TRAP_TRACE : TRAP_BRKPT;
	if (vector == TRAP_X87 || vector == TRAP_SIMD)
		code = fpe_code(vector == TRAP_X87);
	if (code)
		signal_fault(map[vector].signo, code, map[vector].has_addr ? f->rip : 0, vector, f->error);
}

/* ---- taking ---- */

int signal_take_locked(struct thread *t, struct abi_siginfo *info)
{
	struct proc *p = t->proc;
	uint64_t own = t->sigpending & ~t->sigmask, shared = p->sigpending & ~t->sigmask;
	const uint64_t synchronous = SIGBIT(SIGSEGV) | SIGBIT(SIGBUS) | SIGBIT(SIGILL) | SIGBIT(SIGTRAP) | SIGBIT(SIGFPE);
	uint64_t from = own & synchronous ? own & synchronous : own ? own : shared;
	if (!from)
		return 0;
	int signo = __builtin_ctzll(from) + 1;
	note_get(own ? &t->note[signo - 1] : &p->note[signo - 1], signo, info);
	*(own ? &t->sigpending : &p->sigpending) &= ~SIGBIT(signo);
	return signo;
}

/*
 * The whole process stops; the threads wait in stop_here. In one go with taking the signal out of the set: a SIGCONT finds
 * either the signal pending or the process stopped. -> whether the parent is to be told
 */
static bool stop_locked(struct proc *p)
{
	if (p->exiting || p->stopped)
		return false;
	p->stopped = true;
	list_for_each(n, &p->threads)
		set_pending(list_entry(n, struct thread, proc_link));
	return true;
}

static void stop_tell(struct proc *p, int signo)
{
	mutex_lock(&proc_tree_lock);
	p->stop_report = signo << 8 | 0x7f;
	proc_notify_parent(p, CLD_STOPPED, signo);
	mutex_unlock(&proc_tree_lock);
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
	if (!tell)
		return;
	mutex_lock(&proc_tree_lock);
	p->stop_report = 0xffff;
	proc_notify_parent(p, CLD_CONTINUED, SIGCONT);
	mutex_unlock(&proc_tree_lock);
}

/* An interrupted system call, after the signals: rewind it, or let the program see EINTR. */
static void calls_restart(struct trap_frame *f, struct thread *t, const struct abi_sigaction *handled)
{
	if (f->vector != SYSCALL_VECTOR)
		return;
	int64_t code = -(int64_t)f->rax;
	if (code != ERESTARTSYS && code != ERESTARTNOHAND && code != ERESTARTSLEEP)
		return;
	if (handled && (code != ERESTARTSYS || !(handled->flags & SA_RESTART))) {
		f->rax = -EINTR;
		return;
	}
	t->restarting = code == ERESTARTSLEEP;
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
	log_death(t, SIGSEGV, f->rsp, f->rip);
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
	int signo = signal_take_locked(t, &info);
	if (!signo) {
		signal_recompute(t);
		spin_unlock(&p->lock);
		return false;
	}
	sa = p->actions[signo - 1];
	enum effect effect = effect_locked(p, signo);
	if (effect == EFFECT_HANDLE && sa.flags & SA_RESETHAND)
		p->actions[signo - 1].handler = HANDLER_DEFAULT;
	bool stops = effect == EFFECT_STOP && stop_locked(p);
	spin_unlock(&p->lock);
	if (effect == EFFECT_HANDLE)
		handler_enter(f, t, signo, &sa, &info);
	else if (stops)
		stop_tell(p, signo);
	else if (effect == EFFECT_DIE)
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

void signal_reset_for_exec(struct proc *p)
{
	struct thread *t = thread_current();
	spin_lock(&p->lock);
	for (int i = 0; i < ABI_NSIG; i++) {
		uint64_t handler = p->actions[i].handler == HANDLER_IGNORE ? HANDLER_IGNORE : HANDLER_DEFAULT;
		p->actions[i] = (struct abi_sigaction){ .handler = handler };
	}
	t->altstack = (struct abi_stack){ .ss_flags = SS_DISABLE };
	spin_unlock(&p->lock);
}
