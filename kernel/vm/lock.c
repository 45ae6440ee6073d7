/* SPDX-License-Identifier: MIT */
/*
 * Memory that stays: mlock(2) and its family.
 *
 * A lock is a flag of the VMA: its pages are brought in, and reclaim leaves alone what such a VMA maps
 * (object_is_locked_locked). Private pages stay anyway as long as there is no swap. With VMA_LOCKONFAULT nothing is
 * brought in, but what has come stays.
 *
 *      mlock     check the limit ──► set the flags, VMA by VMA ──► bring the pages in, the lock of the space let go
 *                                    a hole: ENOMEM, what came before it stays locked and is not brought in
 *
 * A page that cannot be brought in (past the end of a file, PROT_NONE) is ENOMEM too, but its VMA stays locked; both
 * are Linux's. Locks do not nest, are counted in space->locked_pages (by vma_set_flags and the VMAs' ranges), and end
 * with munmap, exec and fork.
 *
 * The order of checks is Linux 6.1's. Who is root may lock everything; others up to RLIMIT_MEMLOCK.
 */
#include "vm/vm_impl.h"

#define VMA_LOCKS (uint32_t)(VMA_LOCKED | VMA_LOCKONFAULT)

/* Device memory is never locked, and nobody is told. */
static int lock_vma(struct space *s, struct vma **v, vaddr_t start, vaddr_t end, uint32_t locks, struct list *dead)
{
	uint32_t flags = ((*v)->flags & ~VMA_LOCKS) | locks;

	return (*v)->flags & VMA_SPECIAL ? 0 : vma_edit(s, v, start, end, flags, dead);
}

static int lock_range(struct space *s, vaddr_t start, vaddr_t end, uint32_t locks, struct list *dead)
{
	int err = 0;

	for (vaddr_t at = start; !err && at < end;) {
		struct vma *v = vma_find(s, at);
		if (!v || v->start > at)
			return -ENOMEM;
		vaddr_t stop = MIN(v->end, end);
		err = lock_vma(s, &v, at, stop, locks, dead);
		at = stop;
	}
	return err;
}

/* How many pages of the range are locked already. */
static uint64_t locked_within(struct space *s, vaddr_t start, vaddr_t end)
{
	uint64_t pages = 0;

	for (struct vma *v = vma_find(s, start); v && v->start < end; v = vma_next(v))
		if (v->flags & VMA_LOCKED)
			pages += (MIN(v->end, end) - MAX(v->start, start)) >> PAGE_SHIFT;
	return pages;
}

/* ---- bringing pages in ---- */

int fault_errno(enum fault_result result)
{
	switch (result) {
	case FAULT_DONE:
		return 0;
	case FAULT_OOM:
		return -ENOMEM;
	case FAULT_KILLED:
		return -EINTR;
	default:
		return -EFAULT;
	}
}

/* POSIX: a page that cannot be had is ENOMEM, too little memory is EAGAIN. */
static int bring_in(struct space *s, vaddr_t start, vaddr_t end)
{
	int err = space_bring_in(s, start, end, 0, true);

	return err == -EFAULT ? -ENOMEM : err == -ENOMEM ? -EAGAIN : err;
}

/* ---- the calls ---- */

static int change(struct space *s, vaddr_t start, vaddr_t end, uint32_t locks)
{
	struct list dead = LIST_INIT(dead);
	uint64_t npages = (end - start) >> PAGE_SHIFT;
	int err = 0;

	mutex_lock(&s->lock);
	if (locks && !space_lock_fits(s, npages) && !space_lock_fits(s, npages - locked_within(s, start, end)))
		err = -ENOMEM;
	else if (end < start)
		err = -EINVAL;
	else
		err = lock_range(s, start, end, locks, &dead);
	mutex_unlock(&s->lock);
	space_free_dead(&dead);
	return err;
}

int space_mlock(struct space *s, vaddr_t addr, size_t len, bool on_fault)
{
	vaddr_t start = ALIGN_DOWN(addr, PAGE_SIZE), end = start + ALIGN_UP(len + (addr & PAGE_MASK), PAGE_SIZE);

	if (!space_may_lock())
		return -EPERM;
	int err = change(s, start, end, on_fault ? VMA_LOCKS : VMA_LOCKED);
	return err ? err : bring_in(s, start, end);
}

int space_munlock(struct space *s, vaddr_t addr, size_t len)
{
	vaddr_t start = ALIGN_DOWN(addr, PAGE_SIZE);

	return change(s, start, start + ALIGN_UP(len + (addr & PAGE_MASK), PAGE_SIZE), 0);
}

/* Every VMA gets these locks; one that cannot be split or merged keeps what it has. */
static void change_all(struct space *s, uint32_t locks, struct list *dead)
{
	for (vaddr_t at = 0;;) {
		struct vma *v = vma_find(s, at);
		if (!v)
			return;
		at = v->end;
		(void)lock_vma(s, &v, v->start, v->end, locks, dead);
	}
}

int space_mlockall(struct space *s, int flags)
{
	uint32_t locks = flags & MCL_ONFAULT ? VMA_LOCKS : VMA_LOCKED;
	struct list dead = LIST_INIT(dead);
	int err = 0;

	if (!flags || flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) || flags == MCL_ONFAULT)
		return -EINVAL;
	if (!space_may_lock())
		return -EPERM;
	mutex_lock(&s->lock);
	if (flags & MCL_CURRENT && !space_lock_fits(s, s->total_pages - MIN(s->locked_pages, s->total_pages))) {
		err = -ENOMEM;
	} else {
		s->def_flags = (s->def_flags & ~VMA_LOCKS) | (flags & MCL_FUTURE ? locks : 0);
		if (flags & MCL_CURRENT)
			change_all(s, locks, &dead);
	}
	mutex_unlock(&s->lock);
	space_free_dead(&dead);
	if (!err && flags & MCL_CURRENT)
		space_populate(s, 0, USER_END, 0);
	return err;
}

int space_munlockall(struct space *s)
{
	struct list dead = LIST_INIT(dead);

	mutex_lock(&s->lock);
	s->def_flags &= ~VMA_LOCKS;
	change_all(s, 0, &dead);
	mutex_unlock(&s->lock);
	space_free_dead(&dead);
	return 0;
}

/* ---- for reclaim ---- */

bool object_is_locked_locked(struct object *o, pgoff_t at)
{
	assert_spin_held(&o->lock);
	list_for_each(link, &o->vmas) {
		const struct vma *v = list_entry(link, struct vma, object_link);
		if (v->flags & VMA_LOCKED && at >= v->pgoff && at - v->pgoff < (v->end - v->start) >> PAGE_SHIFT) {
			spin_lock(&v->space->links);
			const pte_t *pte = table_find(v->space, v->start + ((at - v->pgoff) << PAGE_SHIFT));
			bool mapped = pte && *pte && !(*pte & (PTE_PRIVATE | PTE_UNCOUNTED));
			spin_unlock(&v->space->links);
			if (mapped)
				return true;
		}
	}
	return false;
}
