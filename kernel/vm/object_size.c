/* SPDX-License-Identifier: MIT */
/*
 * The size of an object: who may change it, growing and cutting.
 *
 * Growing and shrinking are serialised by a token (`extending`), not a lock, for it is held while the pager is asked:
 * design rule "no lock is held while waiting for a server". A waiter for the token can be killed.
 *
 *      cut:    bring in and dirty the page of the new end ──► size, pages out of every mapping ──► tell the pager
 *      grow:   zero what lies behind the old end          ──► size                             ──► tell the pager
 *
 * A truncation whose thread is killed has cut the pages, but perhaps not told the pager. `cut_untold` remembers that;
 * before the file grows again, is synced or leaves memory, the pager is told, so that the old bytes cannot come back.
 *
 * What a driver offers is cut to nothing when the driver dies, so that its pages leave every mapping by the same way.
 */
#include "vm/vm_impl.h"

int object_extend_begin(struct object *o)
{
	int err = 0;

	spin_lock(&o->lock);
	while (o->extending && !err)
		err = wait_on(&o->wait, &o->lock, WAIT_KILLABLE, UINT64_MAX);
	if (!err)
		o->extending = true;
	spin_unlock(&o->lock);
	return err;
}

void object_extend_end(struct object *o)
{
	spin_lock(&o->lock);
	o->extending = false;
	spin_unlock(&o->lock);
	wait_wake_all(&o->wait);
}

int object_wait_writes(struct object *o)
{
	int err = 0;

	spin_lock(&o->lock);
	while (o->writing && !err)
		err = wait_on(&o->wait, &o->lock, WAIT_KILLABLE, UINT64_MAX);
	spin_unlock(&o->lock);
	return err;
}

/* The pager hears of an end that came nearer. It frees the blocks past it: no WRITE to them may be under way. */
int object_tell_cut(struct object *o)
{
	int err = o->cut_untold ? object_wait_writes(o) : 0;

	return err || !o->cut_untold ? err : pager_simple(o, PAGER_RESIZE);
}

int object_settle_size(struct object *o)
{
	int err = object_extend_begin(o);

	if (err)
		return err;
	err = object_tell_cut(o);
	object_extend_end(o);
	return err;
}

/*
 * Growth leaves a hole of zeros between the old end and the new; only the old last page can hold anything else. And the
 * disk could, if the pager has not heard yet that the file was cut.
 */
int object_prepare_growth(struct object *o)
{
	int err = object_tell_cut(o);

	if (err)
		return err;
	spin_lock(&o->lock);
	size_t used = o->size & PAGE_MASK;
	struct page *last = used ? object_page_locked(o, o->size >> PAGE_SHIFT) : NULL;
	if (last) {
		object_zero_tail_locked(o);
		last->flags &= ~PAGE_RESERVED; /* space was promised up to the old end only: the next store asks again */
		object_protect_locked(o, last->pgoff);
	}
	spin_unlock(&o->lock);
	return 0;
}

/* ---- truncate ---- */

/*
 * The block that holds the new end may lie on the disk with old bytes behind that end. They must read as zeros should
 * the file grow again, so the page is brought in, zeroed and dirtied before the size changes.
 */
static int object_prepare_shrink(struct object *o, uint64_t size)
{
	struct page *p;

	if (!(size & PAGE_MASK) || o->pager != PAGER_SERVER)
		return 0;
	int err = object_pin(o, size >> PAGE_SHIFT, &p);
	if (err)
		return err == -ENXIO ? 0 : err;
	err = object_reserve(o, size >> PAGE_SHIFT, size >> PAGE_SHIFT, o->size);
	if (!err) {
		spin_lock(&o->lock);
		if (p->object == o) {
			p->flags |= PAGE_RESERVED;
			object_mark_dirty_locked(o, p);
		}
		spin_unlock(&o->lock);
	}
	page_put(p);
	return err;
}

static void object_cut(struct object *o, uint64_t size)
{
	pgoff_t keep = pages_of(size), at = keep;

	spin_lock(&o->lock);
	o->size = size;
	o->cut_untold = o->pager == PAGER_SERVER;
	object_unmap_locked(o, keep, ~0ul >> PAGE_SHIFT, false);
	for (struct page *p; (p = page_index_next(&o->pages, &at, ~0ul)); at++)
		object_remove_locked(o, p);
	object_zero_tail_locked(o);
	spin_unlock(&o->lock);
	wait_wake_all(&o->wait);
}

int object_extend(struct object *o, uint64_t size)
{
	spin_lock(&o->lock);
	int err = size > o->size && o->seals & F_SEAL_GROW ? -EPERM : 0;
	if (!err)
		o->size = size;
	spin_unlock(&o->lock);
	return err;
}

/* The pager may refuse (EFBIG, ENOSPC): then nobody may keep what was seen past the old end. */
static int object_grow(struct object *o, uint64_t size)
{
	uint64_t old = o->size;
	int err = object_extend(o, size);

	if (err || o->pager != PAGER_SERVER)
		return err;
	err = pager_simple(o, PAGER_RESIZE);
	if (err)
		object_cut(o, old);
	return err;
}

int object_resize(struct object *o, uint64_t size)
{
	if (o->pager == PAGER_BOOT || o->blocks)
		return -EROFS;
	int err = object_extend_begin(o);
	if (err)
		return err;
	uint64_t old = o->size;
	if (o->seals & (size < old ? F_SEAL_SHRINK : size > old ? F_SEAL_GROW : 0)) {
		err = -EPERM;
	} else if (size < old) {
		err = object_prepare_shrink(o, size);
		if (!err) {
			object_cut(o, size);
			err = object_tell_cut(o);
		}
	} else {
		err = object_prepare_growth(o);
		if (!err)
			err = object_grow(o, size);
	}
	object_extend_end(o);
	return err;
}

void object_cover(struct object *o, uint64_t end)
{
	spin_lock(&o->lock);
	o->size = MAX(o->size, end);
	spin_unlock(&o->lock);
}

/* ---- what a driver offers ---- */

int object_offer(struct object *o, struct port *port)
{
	if (o->pager != PAGER_ZERO && o->pager != PAGER_DEVICE)
		return -EINVAL;
	spin_lock(&o->lock);
	bool first = !o->port, other = o->port && o->port != port;
	if (first) {
		port_get(port);
		o->port = port;
	}
	spin_unlock(&o->lock);
	return other ? -EBUSY : 0;
}

static struct object *next_offered(const struct port *port)
{
	struct object *found = NULL;

	spin_lock(&registry_lock);
	for (struct list *n = all_objects.next; n != &all_objects && !found; n = n->next) {
		struct object *o = list_entry(n, struct object, all_link);
		if (o->port == port && o->pager != PAGER_SERVER && o->size && object_try_get(o))
			found = o;
	}
	spin_unlock(&registry_lock);
	return found;
}

/* Without the token: the driver is ending and may not wait, and whoever else holds its memory has lost it for good. */
void object_revoke(struct port *port)
{
	for (struct object *o; (o = next_offered(port)); object_put(o)) {
		spin_lock(&o->lock);
		o->seals |= F_SEAL_GROW;
		spin_unlock(&o->lock);
		object_cut(o, 0);
	}
}
