/* SPDX-License-Identifier: MIT */
/*
 * mremap and remap_file_pages.
 *
 * mremap does one of four things with [old, old + old_len):
 *
 *      shrink     new_len <= old_len: the rest is unmapped; nothing is asked about what is mapped there
 *      grow       in place, when the range ends where its area does and what follows is free
 *      move       with MAYMOVE, to a place of the kernel's choice, or with FIXED to one that is cleared first
 *      copy       old_len 0 of a shared mapping: a second one; nothing is unmapped
 *
 * With DONTUNMAP a move leaves the old range mapped, without its pages. Pages go with the move, and the family with
 * them: what is mapped at the new place is the old area's continuation and joins neighbours as such. Only private
 * anonymous memory that never was stored to forgets where it was born, so that it can be joined with its new
 * neighbours; but with
 * DONTUNMAP it joins nobody if the old area would be among them.
 *
 * FIXED clears the new place, and shortens the old, before the old range is looked at: both are done even when the call
 * then fails.
 */
#include "spec.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

struct move {
	int old, old_pages, to, new_pages; /* to -1: elsewhere */
	bool keep;
};

/* What growing and moving ask of the old range: one area holds it all. */
static int check_range(struct process *p, const struct move *m)
{
	if (!area_covers(p, m->old))
		return -EFAULT;
	const struct area *a = &p->area[area_find(p, m->old)];
	if (m->old_pages == 0 && !area_is_shared(a))
		return -EINVAL;
	return m->old_pages > a->end - m->old ? -EFAULT : 0;
}

/* The old range after its pages went away with DONTUNMAP: it is not locked any more. */
static void leave_empty(struct process *p, const struct move *m)
{
	struct area *a = &p->area[area_find(p, m->old)];

	a->flags &= ~(unsigned)(LOCKED | ONFAULT);
	if (a->first == m->old && a->end == m->old + m->old_pages) {
		a->family = NONE;
		a->offset = a->object == NOTHING ? a->first : a->offset; /* as if it were new */
	}
}

static long move_to(struct world *w, int who, const struct move *m)
{
	struct process *p = &w->process[who];
	struct area a = p->area[area_find(p, m->old)];
	struct copy pages[ARENA_PAGES] = { 0 };
	bool born_again = a.object == NOTHING && a.family == NONE;

	if (m->keep && a.flags & LOCKED) { /* the old range is to be an area of its own */
		area_cut(p, m->old);
		area_cut(p, m->old + m->old_pages);
		a = p->area[area_find(p, m->old)];
	}
	memcpy(pages, &p->copy[m->old], sizeof(pages[0]) * (size_t)m->old_pages);
	for (int i = 0; i < m->old_pages; i++)
		p->copy[m->old + i].own = false;
	if (m->to >= 0) {
		a.offset = born_again ? m->to : area_page(&a, m->old);
		a.first = m->to;
		a.end = m->to + m->new_pages;
		if (m->keep)
			area_add_apart(p, a, m->old);
		else
			area_add(p, a);
		memcpy(&p->copy[m->to], pages, sizeof(pages[0]) * (size_t)m->old_pages);
	}
	if (m->keep)
		leave_empty(p, m);
	else if (m->old_pages)
		area_clear(p, m->old, m->old + m->old_pages);
	if (m->to >= 0 && a.flags & LOCKED && m->new_pages > m->old_pages)
		(void)spec_populate(w, who, m->to + m->old_pages, m->to + m->new_pages);
	return m->to >= 0 ? (long)m->to * PAGE : ELSEWHERE;
}

static long shrink(struct process *p, const struct move *m)
{
	area_clear(p, m->old + m->new_pages, m->old + m->old_pages);
	return (long)m->old * PAGE;
}

static bool grow_in_place(struct world *w, int who, const struct move *m)
{
	struct process *p = &w->process[who];
	int end = m->old + m->old_pages, new_end = m->old + m->new_pages, i = area_find(p, m->old), next = i + 1;
	struct area more = p->area[i];

	if (more.end != end || (next < p->areas && p->area[next].first < new_end) || new_end > ARENA_PAGES)
		return false;
	more.offset = area_page(&more, end);
	more.first = end;
	more.end = new_end;
	area_add(p, more);
	if (more.flags & LOCKED)
		(void)spec_populate(w, who, end, new_end);
	return true;
}

/* FIXED and DONTUNMAP: the new address counts, at least as a hint. */
static long remap_to(struct world *w, int who, struct move *m, bool fixed, long to)
{
	struct process *p = &w->process[who];
	int page = (int)(to / PAGE);

	if (to % PAGE || (m->old + m->old_pages > page && page + m->new_pages > m->old))
		return -EINVAL;
	if (fixed)
		area_clear(p, page, page + m->new_pages);
	if (m->old_pages > m->new_pages) {
		area_clear(p, m->old + m->new_pages, m->old + m->old_pages);
		m->old_pages = m->new_pages;
	}
	int err = check_range(p, m);
	if (err)
		return err;
	m->to = fixed ? page : spec_place(p, to, m->new_pages);
	return move_to(w, who, m);
}

long spec_mremap(struct world *w, int who, long old, long old_len, long new_len, int flags, long to)
{
	struct process *p = &w->process[who];
	struct move m = { .old = (int)(old / PAGE), .old_pages = pages_of(old_len), .to = -1,
	                  .new_pages = pages_of(new_len), .keep = flags & MREMAP_DONTUNMAP };

	if (flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP))
		return -EINVAL;
	if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) && !(flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if (flags & MREMAP_DONTUNMAP && old_len != new_len)
		return -EINVAL;
	if (old % PAGE || m.new_pages == 0)
		return -EINVAL;
	if (!area_covers(p, m.old))
		return -EFAULT;
	if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
		return remap_to(w, who, &m, flags & MREMAP_FIXED, to);
	if (m.old_pages >= m.new_pages)
		return shrink(p, &m);
	int err = check_range(p, &m);
	if (err)
		return err;
	if (grow_in_place(w, who, &m))
		return old;
	return flags & MREMAP_MAYMOVE ? move_to(w, who, &m) : -ENOMEM;
}

/* ---- remap_file_pages ---- */

/* Whether [first, end) shows one object, shared and alike, without a hole. */
static bool is_one_window(struct process *p, int first, int end)
{
	int i = area_find(p, first);
	const struct area *a = &p->area[i];

	if (!area_covers(p, first) || !(a->flags & SHARED))
		return false;
	for (; p->area[i].end < end; i++)
		if (i + 1 == p->areas || p->area[i + 1].first != p->area[i].end || p->area[i + 1].object != a->object ||
		    p->area[i + 1].fd != a->fd || p->area[i + 1].flags != a->flags)
			return false;
	return true;
}

/* The old way to show other pages of a file in a part of its mapping: the same as mapping that part anew. */
long spec_remap_file_pages(struct world *w, int who, long addr, long len, int prot, long offset, int flags)
{
	struct process *p = &w->process[who];
	int first = (int)(addr / PAGE), pages = (int)(len / PAGE);

	if (prot || pages == 0 || !is_one_window(p, first, first + pages))
		return -EINVAL;
	struct area a = p->area[area_find(p, first)];
	a.flags &= ACCESS | SHARED | LOCKED;
	a.first = first;
	a.end = first + pages;
	a.offset = offset;
	(void)spec_map_object(w, who, a, !(flags & MAP_NONBLOCK));
	return 0;
}
