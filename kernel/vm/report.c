/* SPDX-License-Identifier: MIT */
/*
 * The report a killed program leaves in the log: what it did, where, what was mapped there or what lay nearest, and why
 * the access was refused. For the student who reads it; nothing else depends on it. Takes the space's lock to look.
 */
#include "vm/vm_impl.h"

/* ---- the report ---- */

static const char *const verbs[] = { [FAULT_READ] = "read from", [FAULT_WRITE] = "write to", [FAULT_EXEC] = "jump to" };

static const char *name_of(struct space *s, const struct vma *v)
{
	if (v->file && v->file->path)
		return v->file->path;
	if (v->start <= s->brk && v->end >= s->brk_start)
		return "[heap]";
	if (v->start <= s->stack_start && v->end >= s->stack_start && s->stack_start)
		return "[stack]";
	return v->object ? "[shared anonymous]" : "[anonymous]";
}

static void describe(struct space *s, const char *what, const struct vma *v)
{
	if (v)
		klog(LOG_WARN, "  %s %016lx-%016lx %c%c%c%c %s", what, v->start, v->end, v->flags & VMA_READ ? 'r' : '-',
		     v->flags & VMA_WRITE ? 'w' : '-', v->flags & VMA_EXEC ? 'x' : '-', vma_is_shared(v) ? 's' : 'p',
		     name_of(s, v));
}

static const char *reason(struct space *s, const struct vma *v, vaddr_t addr, enum fault_access access,
                          enum fault_result why)
{
	if (why == FAULT_SIGBUS && v && v->object && vma_pgoff(v, addr) >= pages_of(v->object->size))
		return "the page lies wholly past the end of the file (SIGBUS)";
	if (why == FAULT_SIGBUS)
		return "the pager could not supply the page or space for it (SIGBUS)";
	if (why == FAULT_SEGV_ACCERR)
		return access == FAULT_WRITE  ? "the mapping does not allow writing (SIGSEGV)"
		       : access == FAULT_EXEC ? "the mapping does not allow execution (SIGSEGV)"
		                              : "the mapping allows no access at all (SIGSEGV)";
	if (addr < MMAP_MIN)
		return "near address 0: a null pointer was followed (SIGSEGV)";
	if (addr >= USER_END)
		return "not a user address (SIGSEGV)";
	struct vma *next = vma_find(s, addr);
	if (next && next->flags & VMA_GROWSDOWN && next->start - addr < 2 * s->stack_limit)
		return "nothing is mapped there; below the stack, which may not grow so far (SIGSEGV)";
	return "nothing is mapped there (SIGSEGV)";
}

static void report(struct space *s, vaddr_t addr, enum fault_access access, enum fault_result why, vaddr_t rip)
{
	struct proc *p = proc_current();

	mutex_lock(&s->lock);
	struct vma *v = vma_find(s, addr);
	struct vma *at = v && v->start <= addr ? v : NULL;
	klog(LOG_WARN, "page fault: %s (pid %d) at %016lx tried to %s %016lx", p->name, p->pid, rip, verbs[access], addr);
	klog(LOG_WARN, "  refused: %s", reason(s, at, addr, access, why));
	describe(s, "mapped there:", at);
	if (!at) {
		struct vma *below = v ? vma_prev(v) : s->highest;
		describe(s, "nearest below:", below);
		describe(s, "nearest above:", v);
	}
	mutex_unlock(&s->lock);
}

/* ---- the signal ---- */

enum { ERROR_PRESENT = 1, ERROR_WRITE = 2, ERROR_FETCH = 16 }; /* Intel SDM vol. 3, 4.7 */

static bool will_be_caught(int signo)
{
	struct thread *t = thread_current();

	return t->proc->actions->of[signo - 1].handler > 1 && !(t->sigmask & 1ul << (signo - 1));
}

/* The one place where a fault's result becomes a signal. */
static void deliver(struct trap_frame *frame, vaddr_t addr, enum fault_access access, enum fault_result result)
{
	int signo = SIGSEGV, code = SEGV_MAPERR;

	switch (result) {
	case FAULT_DONE:
	case FAULT_KILLED:
		return;
	case FAULT_SEGV_MAPERR:
		break;
	case FAULT_SEGV_ACCERR:
		code = SEGV_ACCERR;
		break;
	case FAULT_SIGBUS:
		signo = SIGBUS;
		code = BUS_ADRERR;
		break;
	case FAULT_OOM:
		/* Never a server on the paging path: it gets SIGBUS, which it survives, and one request fails. */
		if (thread_current()->pager) {
			signo = SIGBUS;
			code = BUS_ADRERR;
			break;
		}
		oom_kill();
		return; /* and the access is tried again */
	}
	if (!will_be_caught(signo))
		report(thread_current()->space, addr, access, result, frame->rip);
	/* Whether the kernel has mapped an address of its own is not the program's business. */
	signal_fault(signo, code, addr, frame->vector, frame->error | (addr >= USER_END ? ERROR_PRESENT : 0));
}

void user_page_fault(struct trap_frame *frame, vaddr_t addr)
{
	enum fault_access access = frame->error & ERROR_FETCH   ? FAULT_EXEC
	                           : frame->error & ERROR_WRITE ? FAULT_WRITE
	                                                        : FAULT_READ;
	enum fault_result result = FAULT_SEGV_MAPERR;

	if (likely(addr < USER_END))
		result = vm_fault(thread_current()->space, addr, access);
	if (unlikely(result != FAULT_DONE))
		deliver(frame, addr, access, result);
}
