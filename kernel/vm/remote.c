/* SPDX-License-Identifier: MIT */
/*
 * Another process's memory, for process_vm_readv(2) and process_vm_writev(2).
 *
 * The other space need not be loaded: its tables give the frame, the frame is in the kernel's own map. What a page of
 * it is takes the path that its own process would take (vm_fault in the other space): unpopulated memory is filled, a
 * copy-on-write page is copied, a page of a file becomes dirty by its first store. But nobody's rights are widened: a
 * range that may not be read or written by its owner may not be by another either, device memory never, and no stack
 * grows for it.
 *
 *      space lock ──► object lock ──► entry good? ──► copy, page faults off ──► unlock
 *           ▲                             │ no              │ short
 *           └────── fault in there ◄──────┘                 └──► fault in here, go on
 *
 * The bytes move while the other space is locked, and the object that the page may belong to: the entry stays what it
 * was, and a store that comes through it cannot fall between a page's being made clean and its being written
 * (vm/object.c). Both copies have page faults off, so the two spaces may be one. Rejected: a reference to the page and
 * no lock, as Linux has it; a page could be cleaned or forked under the copy, which then needs marks of its own.
 */
#include "vm/vm_impl.h"

enum outcome { ALL_COPIED, FAULT_THERE, FAULT_HERE, FORBIDDEN };

struct remote {
	struct space *space;
	bool write; /* to the other's memory */
};

static bool allowed(const struct vma *v, vaddr_t addr, bool write)
{
	return v && v->start <= addr && v->flags & (write ? VMA_WRITE : VMA_READ) && !(v->flags & (VMA_IO | VMA_PFNMAP));
}

/* *done bytes of the n at addr, which lie in one page, have been copied so far. The space and the object are locked. */
static enum outcome copy_locked(const struct remote *r, vaddr_t addr, vaddr_t buf, size_t n, size_t *done)
{
	pte_t *pte = table_find(r->space, addr);

	if (!pte || !(*pte & PTE_PRESENT) || (r->write && (!(*pte & PTE_WRITE) || table_is_shared(pte))))
		return FAULT_THERE;
	if (r->write) /* as the processor would: what was freed lazily is wanted again */
		__atomic_or_fetch(pte, PTE_DIRTY | PTE_ACCESSED, __ATOMIC_RELAXED);
	char *bytes = (char *)phys_to_virt(pte_paddr(*pte)) + (addr & PAGE_MASK);
	*done += r->write ? copy_from_user_nofault(bytes + *done, buf + *done, n - *done)
	                  : copy_to_user_nofault(buf + *done, bytes + *done, n - *done);
	return *done == n ? ALL_COPIED : FAULT_HERE;
}

static enum outcome copy_once(const struct remote *r, vaddr_t addr, vaddr_t buf, size_t n, size_t *done)
{
	struct space *s = r->space;
	enum outcome outcome = FORBIDDEN;

	mutex_lock(&s->lock);
	struct vma *v = vma_find(s, addr);
	if (allowed(v, addr, r->write)) {
		if (v->object)
			spin_lock(&v->object->lock);
		outcome = copy_locked(r, addr, buf, n, done);
		if (v->object)
			spin_unlock(&v->object->lock);
	}
	mutex_unlock(&s->lock);
	return outcome;
}

/* A part of one page of the other space. */
static size_t copy_part(const struct remote *r, vaddr_t addr, vaddr_t buf, size_t n)
{
	size_t done = 0;

	while (!thread_killed()) {
		switch (copy_once(r, addr, buf, n, &done)) {
		case ALL_COPIED:
		case FORBIDDEN:
			return done;
		case FAULT_THERE:
			if (vm_fault(r->space, addr, r->write ? FAULT_WRITE : FAULT_READ) != FAULT_DONE)
				return done;
			break;
		case FAULT_HERE:
			if (user_fault_in(buf + done, !r->write))
				return done;
			break;
		}
	}
	return done;
}

size_t space_copy(struct space *s, vaddr_t addr, vaddr_t buf, size_t len, bool write)
{
	const struct remote r = { s, write };
	size_t done = 0, n;

	while (done < len) {
		size_t part = MIN(len - done, PAGE_SIZE - ((addr + done) & PAGE_MASK));
		n = copy_part(&r, addr + done, buf + done, part);
		done += n;
		if (n < part)
			break;
	}
	return done;
}
