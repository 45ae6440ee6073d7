/* SPDX-License-Identifier: MIT */
/*
 * Calls that change or use what is mapped without moving it: mprotect, madvise, mlock, munlock, msync.
 *
 * All walk over the areas of a range from below. They differ in what a hole means:
 *
 *      mprotect, mlock    ENOMEM at the first hole; what lies before it has been changed
 *      madvise            holes are passed over and ENOMEM is the answer at the end
 *      msync              the same, but MS_ASYNC alone stops at the first hole
 *
 * A range that ends inside an area cuts it, unless the part joins its neighbour. mlock first marks everything and then
 * brings the pages in, so an answer of ENOMEM may mean that all is locked but a page could not be read.
 */
#include "spec.h"

#include <errno.h>
#include <sys/mman.h>

/* The part of area i that lies in [at, end): its end. */
static int part_end(const struct process *p, int i, int end)
{
	return p->area[i].end < end ? p->area[i].end : end;
}

/* After a change the walk goes on behind the area that now holds the part: joined, it may be longer. */
static int walk_on(const struct process *p, int i, int stop)
{
	return p->area[i].end > stop ? p->area[i].end : stop;
}

/* ---- mprotect ---- */

static int protect_part(struct world *w, int who, int *at, int end, unsigned access)
{
	struct process *p = &w->process[who];
	int i = area_find(p, *at), from = *at, stop = part_end(p, i, end);
	const struct area *a = &p->area[i];
	bool locked_copies = access & WRITE && (a->flags & (LOCKED | WRITE | SHARED)) == LOCKED;
	unsigned flags = (a->flags & ~(unsigned)ACCESS) | access;

	if (access & WRITE && a->flags & NEVER_WRITE)
		return -EACCES;
	if (access & WRITE && !(a->flags & (CHARGED | WRITE | SHARED | NORESERVE)))
		flags |= CHARGED;
	i = area_change(p, i, from, stop, flags);
	*at = walk_on(p, i, stop);
	if (locked_copies) /* that there be no fault later */
		(void)spec_populate(w, who, from, stop);
	return 0;
}

long spec_mprotect(struct world *w, int who, long addr, long len, int prot)
{
	struct process *p = &w->process[who];
	int at = (int)(addr / PAGE), end = at + pages_of(len), i = area_find(p, at);

	if ((prot & PROT_GROWSDOWN && prot & PROT_GROWSUP) || addr % PAGE)
		return -EINVAL;
	if (len == 0)
		return 0;
	if (prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM | PROT_GROWSDOWN | PROT_GROWSUP))
		return -EINVAL;
	if (i == p->areas || p->area[i].first >= end)
		return -ENOMEM;
	if (prot & PROT_GROWSDOWN) { /* from the bottom of the stack */
		at = p->area[i].first;
		if (!(p->area[i].flags & GROWSDOWN))
			return -EINVAL;
	} else if (p->area[i].first > at) {
		return -ENOMEM;
	}
	if (prot & PROT_GROWSUP)
		return -EINVAL;
	while (at < end) {
		if (!area_covers(p, at))
			return -ENOMEM;
		int err = protect_part(w, who, &at, end, (unsigned)prot & ACCESS);
		if (err)
			return err;
	}
	return 0;
}

/* ---- madvise ---- */

static bool advice_is_known(int advice)
{
	return (advice >= MADV_NORMAL && advice <= MADV_DONTNEED) || (advice >= MADV_FREE && advice <= MADV_DOFORK) ||
	       (advice >= MADV_HUGEPAGE && advice <= MADV_POPULATE_WRITE);
}

static int drop_copies(struct process *p, const struct area *a, int first, int end)
{
	if (a->flags & LOCKED)
		return -EINVAL;
	for (int page = first; page < end; page++)
		p->copy[page].own = false;
	return 0;
}

/* A hole in the file: zeros in every shared mapping; copies stay. */
static int punch(struct world *w, const struct area *a, int first, int end)
{
	if (a->flags & LOCKED || a->object == NOTHING)
		return -EINVAL;
	if (!(a->flags & SHARED))
		return -EACCES;
	struct object *o = &w->object[a->object];
	for (int page = first; page < end; page++)
		for (long g = area_page(a, page) * GRAINS, n = g + GRAINS; g < n && g < (long)o->grains; g++)
			o->byte[g] = 0;
	return 0;
}

static int populate_part(struct world *w, int who, const struct area *a, int first, int end, bool write)
{
	for (int page = first; page < end; page++) {
		if (!(a->flags & (write ? WRITE : READ)))
			return -EINVAL;
		long addr = (long)page * PAGE;
		struct outcome out = spec_load(w, who, addr);
		if (write) /* a store of what is there already */
			out = spec_store(w, who, addr, out.signal ? 0 : out.value);
		if (out.signal)
			return -EFAULT;
	}
	return 0;
}

/* The flags that an advice leaves an area with; -EINVAL: not for this area. */
static int advised(const struct area *a, int advice)
{
	unsigned f = a->flags;

	switch (advice) {
	case MADV_NORMAL: return (int)(f & ~(unsigned)(SEQUENTIAL | RANDOM));
	case MADV_SEQUENTIAL: return (int)((f & ~(unsigned)RANDOM) | SEQUENTIAL);
	case MADV_RANDOM: return (int)((f & ~(unsigned)SEQUENTIAL) | RANDOM);
	case MADV_DONTFORK: return (int)(f | DONTFORK);
	case MADV_DOFORK: return (int)(f & ~(unsigned)DONTFORK);
	case MADV_WIPEONFORK: return a->object != NOTHING ? -EINVAL : (int)(f | WIPEONFORK);
	case MADV_KEEPONFORK: return (int)(f & ~(unsigned)WIPEONFORK);
	case MADV_DONTDUMP: return (int)(f | DONTDUMP);
	case MADV_DODUMP: return (int)(f & ~(unsigned)DONTDUMP);
	case MADV_HUGEPAGE: return (int)((f & ~(unsigned)NOHUGE) | HUGE);
	case MADV_NOHUGEPAGE: return (int)((f & ~(unsigned)HUGE) | NOHUGE);
	default: return -EINVAL;
	}
}

/* One area's part [*at, end) of the advised range; *at moves on. */
static int advise_part(struct world *w, int who, int *at, int end, int advice)
{
	struct process *p = &w->process[who];
	int i = area_find(p, *at), from = *at, flags;
	const struct area *a = &p->area[i];

	*at = part_end(p, i, end);
	switch (advice) {
	case MADV_WILLNEED:
		return 0;
	case MADV_COLD:
	case MADV_PAGEOUT:
		return a->flags & LOCKED ? -EINVAL : 0;
	case MADV_FREE: /* what the pages hold afterwards is open */
		return a->flags & LOCKED || a->object != NOTHING ? -EINVAL : 0;
	case MADV_DONTNEED:
		return drop_copies(p, a, from, *at);
	case MADV_REMOVE:
		return punch(w, a, from, *at);
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
		return populate_part(w, who, a, from, *at, advice == MADV_POPULATE_WRITE);
	default:
		flags = advised(a, advice);
		if (flags < 0)
			return flags;
		i = area_change(p, i, from, *at, (unsigned)flags);
		*at = walk_on(p, i, *at);
		return 0;
	}
}

long spec_madvise(struct world *w, int who, long addr, long len, int advice)
{
	struct process *p = &w->process[who];
	int at = (int)(addr / PAGE), end = at + pages_of(len), holes = 0;

	if (!advice_is_known(advice) || addr % PAGE)
		return -EINVAL;
	while (at < end) {
		if (!area_covers(p, at)) {
			int i = area_find(p, at);
			holes = -ENOMEM;
			at = i < p->areas && p->area[i].first < end ? p->area[i].first : end;
			continue;
		}
		int err = advise_part(w, who, &at, end, advice);
		if (err)
			return err;
	}
	return holes;
}

/* ---- mlock, munlock ---- */

static int mark_locked(struct process *p, int at, int end, unsigned lock)
{
	while (at < end) {
		if (!area_covers(p, at))
			return -ENOMEM;
		int i = area_find(p, at), stop = part_end(p, i, end);
		i = area_change(p, i, at, stop, (p->area[i].flags & ~(unsigned)(LOCKED | ONFAULT)) | lock);
		at = walk_on(p, i, stop);
	}
	return 0;
}

long spec_mlock(struct world *w, int who, long addr, long len, int flags)
{
	int first = (int)(addr / PAGE), end = first + pages_of(len + addr % PAGE);

	if (flags & ~MLOCK_ONFAULT)
		return -EINVAL;
	int err = mark_locked(&w->process[who], first, end, LOCKED | (flags ? ONFAULT : 0));
	if (err)
		return err;
	return spec_populate(w, who, first, end) ? -ENOMEM : 0;
}

long spec_munlock(struct world *w, int who, long addr, long len)
{
	int first = (int)(addr / PAGE);

	return mark_locked(&w->process[who], first, first + pages_of(len + addr % PAGE), 0);
}

/* ---- msync ---- */

long spec_msync(struct world *w, int who, long addr, long len, int flags)
{
	struct process *p = &w->process[who];
	int at = (int)(addr / PAGE), end = at + pages_of(len), holes = 0;

	if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || addr % PAGE || (flags & MS_ASYNC && flags & MS_SYNC))
		return -EINVAL;
	while (at < end) {
		int i = area_find(p, at);
		if (i == p->areas || p->area[i].first >= end)
			return -ENOMEM;
		if (p->area[i].first > at) {
			holes = -ENOMEM;
			if (flags == MS_ASYNC)
				return holes;
		}
		if (flags & MS_INVALIDATE && p->area[i].flags & LOCKED)
			return -EBUSY;
		at = p->area[i].end;
	}
	return holes;
}
