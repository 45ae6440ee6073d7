/* SPDX-License-Identifier: MIT */
/*
 * The report a killed program leaves in the log: what it did, where, what was mapped there or what lay nearest, and why
 * the access was refused. For the student who reads it; nothing else depends on it. Takes the space's lock to look.
 */
#include "vm/vm_impl.h"

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

void fault_report(struct space *s, vaddr_t addr, enum fault_access access, enum fault_result why, vaddr_t rip)
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
