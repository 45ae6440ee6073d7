/* SPDX-License-Identifier: MIT */
/*
 * Seals: what may no longer be done to an object, ever (fcntl(2), F_ADD_SEALS). And giving a memory file its pages
 * beforehand.
 *
 *      F_SEAL_SEAL           no more seals
 *      F_SEAL_SHRINK, GROW   its size: object_resize, writes past the end, object_allocate
 *      F_SEAL_WRITE          its bytes: writes, holes, and shared mappings that may be stored through
 *      F_SEAL_FUTURE_WRITE   the same, but mappings made before go on
 *
 * Who trusts a seal must not see a change after it was set, so what is under way must be over by then. Sizes and holes
 * change under the object's token (`extending`), which setting a seal takes too. A mapping counts in shared_writable
 * from before its seals are looked at. A write pins its page, then looks at the seals, then stores: so F_SEAL_WRITE is
 * set first, and is taken back if a page is still pinned after a while (EBUSY; a writer may wait long for its own
 * buffer). Rejected: the token for every write to a file that can be sealed; a copy that waits for a page would hold up
 * everybody.
 */
#include "vm/vm_impl.h"

#define PIN_TRIES 15
#define PIN_WAIT_NS 10000000ull

static bool pinned_locked(struct object *o)
{
	pgoff_t at = 0;

	for (struct page *p; (p = page_index_next(&o->pages, &at, ~0ul)); at++)
		if (p->refs > 1)
			return true;
	return false;
}

static int forbid_writes_locked(struct object *o)
{
	int err = 0;

	if (o->shared_writable)
		return -EBUSY;
	o->seals |= F_SEAL_WRITE;
	for (unsigned tries = 0; !err && pinned_locked(o); tries++)
		err = tries == PIN_TRIES ? -EBUSY : wait_on(&o->wait, &o->lock, WAIT_KILLABLE, clock_now_ns() + PIN_WAIT_NS);
	if (err)
		o->seals &= ~(uint32_t)F_SEAL_WRITE;
	return err;
}

int object_add_seals(struct object *o, uint32_t seals)
{
	int err = object_extend_begin(o);

	if (err)
		return err;
	spin_lock(&o->lock);
	if (o->seals & F_SEAL_SEAL)
		err = -EPERM;
	else if (seals & F_SEAL_WRITE && !(o->seals & F_SEAL_WRITE))
		err = forbid_writes_locked(o);
	if (!err)
		o->seals |= seals;
	spin_unlock(&o->lock);
	object_extend_end(o);
	return err;
}

int object_sealed(const struct object *o, uint64_t end)
{
	if (o->seals & SEALS_WRITE)
		return -EPERM;
	return o->seals & F_SEAL_GROW && end > o->size ? -EPERM : 0;
}

int object_begin_map(struct object *o, bool write, bool *counted)
{
	spin_lock(&o->lock);
	*counted = !(o->seals & SEALS_WRITE);
	o->shared_writable += *counted;
	spin_unlock(&o->lock);
	return write && !*counted ? -EPERM : 0;
}

void object_end_map(struct object *o)
{
	spin_lock(&o->lock);
	if (--o->shared_writable == 0 && o->tail_dirty)
		object_zero_tail_locked(o);
	spin_unlock(&o->lock);
}

/* ---- allocating ---- */

static bool is_there(struct object *o, pgoff_t at)
{
	spin_lock(&o->lock);
	bool there = object_page_locked(o, at);
	spin_unlock(&o->lock);
	return there;
}

/* A page that nobody has used is not ACCESSED. One that is there already needs no room. */
static int add_untouched(struct object *o, pgoff_t at)
{
	struct page *p = is_there(o, at) ? NULL : vm_page_alloc(true);

	if (!p && is_there(o, at))
		return 0;
	if (!p)
		return -ENOMEM;
	spin_lock(&o->lock);
	int err = object_insert_locked(o, p, at, PAGE_VALID | PAGE_RESERVED | PAGE_FRESH);
	spin_unlock(&o->lock);
	if (err)
		page_put(p);
	return err == -EEXIST ? 0 : err;
}

/* The pages just added stay, or go if nobody has used them meanwhile; those of an earlier call stay in any case. */
static void settle_fresh(struct object *o, pgoff_t first, pgoff_t end, bool keep)
{
	spin_lock(&o->lock);
	for (struct page *p; first < end && (p = page_index_next(&o->pages, &first, end - 1)); first++) {
		if (!(p->flags & PAGE_FRESH))
			continue;
		p->flags &= (uint16_t)~PAGE_FRESH;
		if (!keep && !(p->flags & PAGE_ACCESSED) && p->refs == 1)
			object_remove_locked(o, p);
	}
	spin_unlock(&o->lock);
}

static int add_pages(struct object *o, pgoff_t first, pgoff_t end)
{
	int err = end - first > frames_total() ? -ENOSPC : 0;
	pgoff_t at = first;

	for (; !err && at < end; at++) {
		sched_point();
		err = thread_killed() ? -EINTR : add_untouched(o, at);
	}
	settle_fresh(o, first, at, !err);
	return err;
}

int object_allocate(struct object *o, uint64_t off, uint64_t len, bool keep_size)
{
	uint64_t end = off + len;
	int err = object_extend_begin(o);

	if (err)
		return err;
	if (o->seals & F_SEAL_GROW && end > o->size)
		err = -EPERM;
	if (!err && end > o->size)
		err = object_prepare_growth(o);
	if (!err)
		err = add_pages(o, off >> PAGE_SHIFT, pages_of(end));
	if (!err && !keep_size && end > o->size)
		err = object_extend(o, end);
	object_extend_end(o);
	return err;
}
