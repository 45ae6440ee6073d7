/* SPDX-License-Identifier: MIT */
/*
 * Areas: the lines of /proc/PID/maps. This page says when two neighbours are one area and when one is cut into two.
 *
 * A range that is about to get new flags, or to be mapped, may join the neighbour below, the one above, or both:
 *
 *      | low |  range  | high |
 *
 * It joins a neighbour that touches it, has the same flags, shows the same object through the same descriptor so that
 * the pages go on counting across the border, and takes its family (fits). What remains is the order in which the two
 * sides are looked at, and it matters when low and high are of different families:
 *
 *      mmap           looks up first; low joins too only if it takes high's family
 *      all others     look down first; high joins too only if low and high are of one family, or one has none
 *
 * Cutting never changes anything but the number of areas, and an area that has been cut is joined again only by a call
 * that goes over the border: a store that gives two neighbours one family joins nothing.
 */
#include "spec.h"

#include <string.h>

int area_find(const struct process *p, int page)
{
	int i = 0;

	while (i < p->areas && p->area[i].end <= page)
		i++;
	return i;
}

bool area_covers(const struct process *p, int page)
{
	int i = area_find(p, page);

	return i < p->areas && p->area[i].first <= page;
}

bool area_is_shared(const struct area *a)
{
	return a->flags & (SHARED | NEVER_WRITE);
}

long area_page(const struct area *a, int page)
{
	return a->offset + page - a->first;
}

static void insert(struct process *p, int i, struct area a)
{
	memmove(&p->area[i + 1], &p->area[i], sizeof(a) * (size_t)(p->areas - i));
	p->area[i] = a;
	p->areas++;
}

static void delete(struct process *p, int i)
{
	p->areas--;
	memmove(&p->area[i], &p->area[i + 1], sizeof(struct area) * (size_t)(p->areas - i));
}

void area_cut(struct process *p, int page)
{
	int i = area_find(p, page);

	if (i == p->areas || p->area[i].first >= page)
		return;
	struct area upper = p->area[i];
	upper.offset = area_page(&upper, page);
	upper.first = page;
	p->area[i].end = page;
	insert(p, i + 1, upper);
}

void area_clear(struct process *p, int first, int end)
{
	if (first >= end)
		return;
	area_cut(p, first);
	area_cut(p, end);
	int i = area_find(p, first);
	while (i < p->areas && p->area[i].first < end)
		delete(p, i);
	for (int page = first; page < end; page++)
		p->copy[page].own = false;
}

/* ---- joining ---- */

/* Whether pages of this family may be counted to the neighbour. */
static bool fits(int family, const struct area *neighbour)
{
	bool one_has_none = family == NONE || neighbour->family == NONE;

	return family == neighbour->family || (one_has_none && neighbour->family > NONE);
}

static bool goes_on(const struct area *low, const struct area *high)
{
	return low->end == high->first && low->flags == high->flags && low->object == high->object && low->fd == high->fd &&
	       area_page(low, low->end) == high->offset;
}

/* Index of the neighbour that a range may join; -1: none. */
static int low_neighbour(struct process *p, const struct area *a)
{
	int i = area_find(p, a->first - 1);

	return a->first > 0 && i < p->areas && goes_on(&p->area[i], a) ? i : -1;
}

static int high_neighbour(struct process *p, const struct area *a)
{
	int i = area_find(p, a->end);

	return i < p->areas && goes_on(a, &p->area[i]) ? i : -1;
}

/* The range becomes part of its neighbours; an area without a family takes the other's. */
static void join(struct process *p, struct area a, int low, int high)
{
	if (low >= 0) {
		a.offset = p->area[low].offset;
		a.first = p->area[low].first;
		a.family = p->area[low].family != NONE ? p->area[low].family : a.family;
	}
	if (high >= 0) {
		a.end = p->area[high].end;
		a.family = a.family != NONE ? a.family : p->area[high].family;
		delete(p, high);
	}
	if (low >= 0)
		delete(p, low);
	insert(p, area_find(p, a.first), a);
}

void area_add_new(struct process *p, struct area a)
{
	int low = low_neighbour(p, &a), high = high_neighbour(p, &a);

	if (high >= 0 && !fits(a.family, &p->area[high]))
		high = -1;
	if (low >= 0 && !fits(high >= 0 ? p->area[high].family : a.family, &p->area[low]))
		low = -1;
	join(p, a, low, high);
}

/* The neighbours that the range joins by the rule of all calls but mmap. */
static void neighbours(struct process *p, const struct area *a, int *low, int *high)
{
	*low = low_neighbour(p, a);
	*high = high_neighbour(p, a);
	if (*low >= 0 && !fits(a->family, &p->area[*low]))
		*low = -1;
	if (*high >= 0 && !fits(a->family, &p->area[*high]))
		*high = -1;
	if (*low >= 0 && *high >= 0) {
		int below = p->area[*low].family, above = p->area[*high].family;
		if (below != above && below != NONE && above != NONE)
			*high = -1;
	}
}

void area_add(struct process *p, struct area a)
{
	int low, high;

	neighbours(p, &a, &low, &high);
	join(p, a, low, high);
}

void area_add_apart(struct process *p, struct area a, int page)
{
	int low, high, from = area_find(p, page);

	neighbours(p, &a, &low, &high);
	bool with_source = low == from || high == from;
	join(p, a, with_source ? -1 : low, with_source ? -1 : high);
}

int area_change(struct process *p, int i, int first, int end, unsigned flags)
{
	struct area changed = p->area[i];

	if (changed.flags == flags)
		return i;
	changed.offset = area_page(&changed, first);
	changed.first = first;
	changed.end = end;
	changed.flags = flags;
	area_cut(p, first);
	area_cut(p, end);
	delete(p, area_find(p, first));
	area_add(p, changed);
	return area_find(p, first);
}

/* ---- objects ---- */

void objects_sweep(struct world *w)
{
	for (int o = FILES; o < OBJECTS; o++)
		w->object[o].used = false;
	for (int who = 0; who < PROCESSES; who++)
		for (int i = 0; w->process[who].alive && i < w->process[who].areas; i++)
			if (w->process[who].area[i].object >= 0)
				w->object[w->process[who].area[i].object].used = true;
}

int object_new(struct world *w, int pages)
{
	int o = FILES;

	objects_sweep(w);
	while (w->object[o].used)
		o++;
	memset(&w->object[o], 0, sizeof(w->object[o]));
	w->object[o].grains = (unsigned)(pages * GRAINS);
	return o;
}
