/* SPDX-License-Identifier: MIT */
/*
 * Signals that the current thread has caused by its last instruction: exceptions, bad addresses, a frame that does not
 * fit.
 *
 * Such a signal cannot wait: if it is blocked or ignored, the process ends by it. It is recorded in an entry of the
 * thread's own, so that it needs no memory; a second one before the first has been taken (they are taken first) takes
 * its place.
 *
 * A process that ends by a fault leaves a line in the log that says where.
 */
#include "task/task_impl.h"

#include "lib/log.h"
#include "lib/string.h"

/* Intel SDM vol. 3, table 6-1 */
enum { TRAP_DIVIDE = 0, TRAP_DEBUG = 1, TRAP_PAGE = 14, TRAP_X87 = 16, TRAP_SIMD = 19 };

static const char *signal_name(int signo)
{
	static const char *const name[] = {
		[SIGHUP] = "SIGHUP", [SIGINT] = "SIGINT", [SIGQUIT] = "SIGQUIT", [SIGILL] = "SIGILL",
		[SIGTRAP] = "SIGTRAP", [SIGABRT] = "SIGABRT", [SIGBUS] = "SIGBUS", [SIGFPE] = "SIGFPE",
		[SIGKILL] = "SIGKILL", [SIGSEGV] = "SIGSEGV", [SIGPIPE] = "SIGPIPE", [SIGALRM] = "SIGALRM",
		[SIGTERM] = "SIGTERM", [SIGCHLD] = "SIGCHLD", [SIGSYS] = "SIGSYS",
	};
	return (unsigned)signo < ARRAY_SIZE(name) && name[signo] ? name[signo] : "signal";
}

void signal_log_death(const struct thread *t, int signo, vaddr_t addr, vaddr_t rip)
{
	klog(LOG_WARN, "%s[%d] killed by %s (%d): address 0x%lx, instruction at 0x%lx", t->proc->name, t->proc->pid,
	     signal_name(signo), signo, addr, rip);
}

/* The entry is nobody's in particular: nothing is to be done when it has been taken. */
static void fault_entry_gone(struct signal_entry *e, struct abi_siginfo *info)
{
	(void)e, (void)info;
}

static void force_locked(struct thread *t, int signo, int code, vaddr_t addr)
{
	struct signal_entry *e = &t->fault_entry;
	if (!list_empty(&e->link))
		signal_queue_drop(&t->sigpending, SIGBIT(e->info.si_signo));
	e->gone = fault_entry_gone;
	e->info = (struct abi_siginfo_head){ .si_code = code, .fields[0] = addr };
	signal_queue_entry(&t->sigpending, e, signo);
}

void signal_force(int signo, int code, vaddr_t addr)
{
	struct thread *t = thread_current();
	struct proc *p = t->proc;
	uint64_t bit = SIGBIT(signo);
	spin_lock(&p->lock);
	bool dies = t->sigmask & bit || p->actions->of[signo - 1].handler <= HANDLER_IGNORE;
	if (!dies) {
		force_locked(t, signo, code, addr);
		__atomic_or_fetch(&t->pending, PENDING_SIGNAL, __ATOMIC_SEQ_CST);
	}
	bool first = dies && !p->exiting;
	if (dies) {
		proc_kill_threads_locked(p, signo);
		__atomic_or_fetch(&t->pending, PENDING_KILL, __ATOMIC_SEQ_CST);
	}
	spin_unlock(&p->lock);
	if (first)
		signal_log_death(t, signo, addr, arch_thread_frame(&t->arch)->rip);
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
	return e & 1 ? FPE_FLTINV : e & 4 ? FPE_FLTDIV : e & 8 ? FPE_FLTOVF : e & 0x12 ? FPE_FLTUND
	                                                                               : e & 0x20 ? FPE_FLTRES : 0;
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
