/* SPDX-License-Identifier: MIT */
/*
 * Loads and stores, and whatever else touches a page: the kernel's own copies, MAP_POPULATE, mlock.
 *
 * A touch finds its area, or grows one downwards to it, and then fails in this order:
 *
 *      nothing mapped                        SIGSEGV, SEGV_MAPERR
 *      no access, or a store without WRITE   SIGSEGV, SEGV_ACCERR    (any access at all lets x86 load)
 *      past the last page of the object      SIGBUS,  BUS_ADRERR
 *
 * A private store gives the area its family before the object is asked, so even one that ends in SIGBUS does. It then
 * makes the page a copy of what the object shows, and from now on the process sees its copy. si_addr is the very byte.
 */
#include "spec.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#define STACK_GUARD 256 /* pages kept free below an area that grows: more than the arena has */

enum touch { TOUCHED, UNMAPPED, FORBIDDEN, PAST_END };

/* ---- families ---- */

/* Neighbours that mprotect could make one: all but their access is alike. */
static bool could_join(const struct area *low, const struct area *high)
{
	return low->end == high->first && ((low->flags ^ high->flags) & ~(unsigned)ACCESS) == 0 &&
	       low->object == high->object && low->fd == high->fd && area_page(low, low->end) == high->offset;
}

/* The first private store: a neighbour's family if that is founded by a store too and they could join, or a new one. */
void area_take_family(struct world *w, struct process *p, int i)
{
	struct area *a = &p->area[i];

	if (a->family != NONE)
		return;
	if (i + 1 < p->areas && a[1].family > NONE && could_join(a, a + 1))
		a->family = a[1].family;
	else if (i > 0 && a[-1].family > NONE && could_join(a - 1, a))
		a->family = a[-1].family;
	else
		a->family = ++w->families;
}

/* ---- one page ---- */

static bool past_end(const struct world *w, const struct area *a, int page)
{
	return a->object != NOTHING && area_page(a, page) * GRAINS >= (long)w->object[a->object].grains;
}

/* What the object shows there, without regard to copies. */
static uint8_t object_byte(const struct world *w, const struct area *a, long addr)
{
	if (a->object == NOTHING)
		return 0;
	return w->object[a->object].byte[area_page(a, (int)(addr / PAGE)) * GRAINS + addr % PAGE / GRAIN];
}

uint8_t page_byte(const struct world *w, int who, long addr)
{
	const struct process *p = &w->process[who];
	int page = (int)(addr / PAGE);

	if (p->copy[page].own)
		return p->copy[page].byte[addr % PAGE / GRAIN];
	return object_byte(w, &p->area[area_find(p, page)], addr);
}

bool page_is_readable(const struct world *w, int who, int page)
{
	const struct process *p = &w->process[who];
	const struct area *a = &p->area[area_find(p, page)];

	return area_covers(p, page) && a->flags & ACCESS && !past_end(w, a, page);
}

/*
 * Area i is the first above the page. It grows unless the area below it, which must keep its distance, is in the arena.
 */
static bool grow_down(struct world *w, struct process *p, int i, int page)
{
	struct area *a = &p->area[i];

	if (i == p->areas || !(a->flags & GROWSDOWN))
		return false;
	bool keeps_distance = i > 0 && !(a[-1].flags & GROWSDOWN) && a[-1].flags & ACCESS;
	if (keeps_distance && page - a[-1].end < STACK_GUARD)
		return false;
	area_take_family(w, p, i);
	a->offset -= a->first - page;
	a->first = page;
	return true;
}

static void make_copy(struct world *w, struct process *p, const struct area *a, int page)
{
	struct copy *c = &p->copy[page];

	for (int g = 0; !c->own && g < GRAINS; g++)
		c->byte[g] = object_byte(w, a, (long)page * PAGE + g * GRAIN);
	c->own = true;
}

static enum touch touch(struct world *w, int who, int page, bool write)
{
	struct process *p = &w->process[who];
	int i = area_find(p, page);

	if (!area_covers(p, page) && !grow_down(w, p, i, page))
		return UNMAPPED;
	struct area *a = &p->area[i];
	if (!(a->flags & ACCESS) || (write && !(a->flags & WRITE)))
		return FORBIDDEN;
	bool private_store = write && !(a->flags & SHARED);
	if (private_store)
		area_take_family(w, p, i);
	if (past_end(w, a, page))
		return PAST_END;
	if (private_store)
		make_copy(w, p, a, page);
	return TOUCHED;
}

/* ---- loads and stores ---- */

static struct outcome outcome_of(enum touch t, long addr)
{
	struct outcome none = { 0 };

	switch (t) {
	case UNMAPPED: return (struct outcome){ .signal = SIGSEGV, .code = SEGV_MAPERR, .address = addr };
	case FORBIDDEN: return (struct outcome){ .signal = SIGSEGV, .code = SEGV_ACCERR, .address = addr };
	case PAST_END: return (struct outcome){ .signal = SIGBUS, .code = BUS_ADRERR, .address = addr };
	default: return none;
	}
}

struct outcome spec_load(struct world *w, int who, long addr)
{
	struct outcome out = outcome_of(touch(w, who, (int)(addr / PAGE), false), addr);

	if (!out.signal)
		out.value = page_byte(w, who, addr);
	return out;
}

struct outcome spec_store(struct world *w, int who, long addr, uint8_t value)
{
	struct process *p = &w->process[who];
	int page = (int)(addr / PAGE);
	struct outcome out = outcome_of(touch(w, who, page, true), addr);

	if (out.signal)
		return out;
	const struct area *a = &p->area[area_find(p, page)];
	if (p->copy[page].own)
		p->copy[page].byte[addr % PAGE / GRAIN] = value;
	else
		w->object[a->object].byte[area_page(a, page) * GRAINS + addr % PAGE / GRAIN] = value;
	return out;
}

/*
 * Brings pages in beforehand: as by stores where a store would make a copy, otherwise as by loads. Areas whose pages
 * are locked as they come are left alone. The first page that cannot be touched ends it.
 */
int spec_populate(struct world *w, int who, int first, int end)
{
	struct process *p = &w->process[who];

	for (int page = first; page < end; page++) {
		const struct area *a = &p->area[area_find(p, page)];
		if (!area_covers(p, page) || a->flags & ONFAULT)
			continue;
		if (touch(w, who, page, (a->flags & (WRITE | SHARED)) == WRITE) != TOUCHED)
			return -EFAULT;
	}
	return 0;
}
