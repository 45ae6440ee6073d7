/* SPDX-License-Identifier: MIT */
/*
 * Which VMAs become one. A program sees it in /proc/PID/maps and in how many mappings it may have, so the rule is Linux
 * 6.1's, to the letter.
 *
 * Two neighbours may be one when their flags are the same word, they show the same file or object at offsets that go
 * on, and their anonymous identities do not stand against it. The identity is what private pages would need to be found
 * by their frames: a number that a VMA takes when it gets its first private page (from a neighbour with which it could
 * be merged but for its rights, or a new one), that the parts of a split keep, and over which fork gives the child's
 * VMA a fresh one, marked as inherited. VMAs with different identities stay apart. One without may be taken in by one
 * that has one, unless that is inherited; the other way round, one without does not take in one that has.
 *
 * A range that gets other flags, or is mapped anew, meets up to two neighbours and possibly the VMA it was part of:
 *
 *      before          range                       after                       what happens
 *      |prev   |(   free or a whole VMA  )|   next|    prev ............ end   one VMA of three
 *      |prev   |(   free or a whole VMA  )|            prev .......... end     prev takes the range in
 *              |(   free or a whole VMA  )|   next|       start ..... next     next takes the range in
 *      |prev   |( range )  rest of a VMA  |            prev ..... | rest       the boundary moves up
 *      |head of a VMA   ( range )|            next|    head | ..... next       the boundary moves down
 *
 * The caller holds the space's lock. What is swallowed cannot be freed under it and goes to a list. Left out: changing
 * a VMA first and merging it with what then fits. A failed split in the middle would show another layout than Linux
 * does, and the boundary cases above would cost a VMA made and freed each time.
 */
#include "vm/vm_impl.h"

/* ---- anonymous identity ---- */

enum { ANON_INHERITED = 1, ANON_STEP = 2 };

static volatile uint64_t last_anon;

static uint64_t anon_new(void)
{
	return __atomic_add_fetch(&last_anon, ANON_STEP, __ATOMIC_RELAXED);
}

uint64_t anon_fork(uint64_t parent)
{
	return parent ? anon_new() | ANON_INHERITED : 0;
}

static bool is_own(uint64_t anon) { return anon && !(anon & ANON_INHERITED); }

/* A range with identity `anon` (0: none) may join v. */
static bool anon_fits(const struct vma *v, uint64_t anon)
{
	return v->anon == anon || (!anon && is_own(v->anon));
}

static bool follows(const struct vma *low, pgoff_t pgoff)
{
	return low->pgoff + ((low->end - low->start) >> PAGE_SHIFT) == pgoff;
}

/* high could be part of low if only the rights were the same, so it may as well have the same identity. */
static bool may_share_anon(const struct vma *low, const struct vma *high)
{
	return low->end == high->start && low->file == high->file && low->object == high->object &&
	       !((low->flags ^ high->flags) & ~VMA_PROT) && follows(low, high->pgoff);
}

void vma_make_anon(struct vma *v)
{
	struct vma *next = vma_next(v), *prev = vma_prev(v);

	if (v->anon)
		return;
	if (next && is_own(next->anon) && may_share_anon(v, next))
		v->anon = next->anon;
	else if (prev && is_own(prev->anon) && may_share_anon(prev, v))
		v->anon = prev->anon;
	else
		v->anon = anon_new();
}

/* ---- who may join ---- */

static bool same_kind(const struct vma *v, const struct piece *p)
{
	return v->flags == p->flags && v->file == p->file && v->object == p->object;
}

static bool joins_below(const struct vma *low, const struct piece *p, uint64_t anon)
{
	return low && low->end == p->start && same_kind(low, p) && follows(low, p->pgoff) && anon_fits(low, anon);
}

static bool joins_above(const struct vma *high, const struct piece *p, uint64_t anon)
{
	return high && high->start == p->end && same_kind(high, p) && anon_fits(high, anon) &&
	       high->pgoff == p->pgoff + ((p->end - p->start) >> PAGE_SHIFT);
}

/* ---- joining ---- */

/* v becomes [start, end); `gone` (two, each may be NULL) lie within that and end, last out of their object's list:
 * whoever walks it meanwhile finds a page twice rather than not at all. */
static struct vma *take_in(struct space *s, struct vma *v, vaddr_t start, vaddr_t end, struct vma *const gone[2],
                           struct list *dead)
{
	for (int i = 0; i < 2; i++)
		if (gone[i])
			vma_remove(s, gone[i]);
	vma_set_range(v, start, end, v->pgoff - ((v->start - start) >> PAGE_SHIFT));
	for (int i = 0; i < 2; i++) {
		if (!gone[i])
			continue;
		if (!v->anon)
			v->anon = gone[i]->anon;
		vma_detach(gone[i]);
		list_push_back(dead, &gone[i]->object_link);
	}
	return v;
}

struct vma *vma_merge(struct space *s, struct vma *prev, const struct piece *p, struct list *dead)
{
	if (p->flags & VMA_SPECIAL)
		return NULL;
	struct vma *next = prev ? vma_next(prev) : vma_of(rb_first(&s->vmas));
	/* The VMA whose beginning or whole the range is. */
	struct vma *mid = next && next->start == p->start ? next : NULL;
	bool whole = mid && mid->end == p->end;
	if (whole)
		next = vma_next(mid);
	bool before = joins_below(prev, p, p->anon), after = joins_above(next, p, p->anon);

	if (before && after && (!prev->anon || !next->anon || prev->anon == next->anon))
		return take_in(s, prev, prev->start, next->end, (struct vma *[]){ mid, next }, dead);
	if (before && mid && !whole) {
		vma_move_boundary(prev, mid, p->end);
		return prev;
	}
	if (before)
		return take_in(s, prev, prev->start, p->end, (struct vma *[]){ mid, NULL }, dead);
	if (after && prev && prev->end > p->start) {
		vma_move_boundary(prev, next, p->start);
		return next;
	}
	if (after)
		return take_in(s, next, p->start, next->end, (struct vma *[]){ mid, NULL }, dead);
	return NULL;
}

struct vma *vma_grow_into(struct space *s, struct vma *prev, const struct piece *p, struct list *dead)
{
	struct vma *next = prev ? vma_next(prev) : vma_of(rb_first(&s->vmas));

	if (p->flags & VMA_SPECIAL)
		return NULL;
	bool after = joins_above(next, p, 0), before = joins_below(prev, p, after ? next->anon : 0);
	if (before && after)
		return take_in(s, prev, prev->start, next->end, (struct vma *[]){ next, NULL }, dead);
	if (before)
		return take_in(s, prev, prev->start, p->end, (struct vma *[]){ NULL, NULL }, dead);
	if (after)
		return take_in(s, next, p->start, next->end, (struct vma *[]){ NULL, NULL }, dead);
	return NULL;
}

bool vma_grow_up(struct space *s, struct vma *low, const struct piece *p)
{
	return joins_below(low, p, p->anon) && take_in(s, low, low->start, p->end, (struct vma *[]){ NULL, NULL }, NULL);
}

struct vma *vma_settle(struct space *s, struct vma *v, struct list *dead)
{
	struct piece p = { v->start, v->end, v->pgoff, v->flags, v->anon, v->object, v->file };
	struct vma *into = vma_merge(s, vma_prev(v), &p, dead);

	return into ? into : v;
}

/* ---- changing flags ---- */

/* v ends at the address, and *upper is what was behind it. */
static int cut(struct space *s, struct vma *v, vaddr_t at, struct vma **upper)
{
	if (s->nvmas >= vm_tunable.max_map_count)
		return -ENOMEM;
	int err = vma_may_end(v, at);
	struct vma *rest = err ? NULL : vma_split(s, v, at);
	if (rest)
		*upper = rest;
	return rest ? 0 : err ? err : -ENOMEM;
}

int vma_edit(struct space *s, struct vma **vp, vaddr_t start, vaddr_t end, uint32_t flags, struct list *dead)
{
	struct vma *v = *vp, *upper;

	if (v->flags == flags)
		return 0;
	struct piece p = { start, end, vma_pgoff(v, start), flags, v->anon, v->object, v->file };
	struct vma *into = vma_merge(s, v->start < start ? v : vma_prev(v), &p, dead);
	if (into) {
		*vp = into;
		return 0;
	}
	int err = v->start < start ? cut(s, v, start, vp) : 0;
	v = *vp;
	if (!err && v->end > end)
		err = cut(s, v, end, &upper);
	if (!err)
		vma_set_flags(v, flags);
	return err;
}
