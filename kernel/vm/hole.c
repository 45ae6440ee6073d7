/* SPDX-License-Identifier: MIT */
/*
 * Holes in objects: making one (fallocate's PUNCH_HOLE) and finding one (lseek's SEEK_DATA, SEEK_HOLE).
 *
 * A punched range reads as zeros at once, through read() and through every mapping of the object; copies that a private
 * mapping has made stay, as on Linux.
 *
 *      ┌── part of a page ──┬──────── whole pages ────────┬── part of a page ──┐
 *      zeroed in the page,  unmapped everywhere, taken out    zeroed in the page,
 *      if it holds anything of the index, the pager frees     if it holds anything
 *
 * Between the pages' leaving the index and the pager's word that it has freed what was behind them, nobody may read
 * them in again: he would get the old bytes. So the whole pages are held (object->held_first, held_end): pager.c makes
 * no page there, and who wants one waits. The token that serialises changes of size (`extending`) is held throughout,
 * so there is one held range at most.
 *
 * A page at the edge that is all zeros in the range already is left alone: storing zeros would give a hole a block.
 *
 * Where data lies the pager knows, for it has reserved space for every dirty page; without a server the index knows.
 * Rejected: writing zeros instead of freeing (the disk would fill), and telling the pager first (a WRITE under way
 * could put the old bytes back).
 */
#include "vm/vm_impl.h"

static bool all_zero(const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (bytes[i])
			return false;
	return true;
}

/* The bytes of p become zeros; false: the page has left the object meanwhile, look again. */
static bool zero_in_page(struct object *o, struct page *p, size_t from, size_t n)
{
	spin_lock(&o->lock);
	bool here = p->object == o;
	if (here) {
		memset((char *)page_to_virt(p) + from, 0, n);
		if (o->pager == PAGER_SERVER) {
			p->flags |= PAGE_RESERVED;
			object_mark_dirty_locked(o, p);
		}
	}
	spin_unlock(&o->lock);
	return here;
}

bool object_is_hole(struct object *o, pgoff_t at)
{
	if (likely(o->pager != PAGER_ZERO))
		return false;
	spin_lock(&o->lock);
	bool absent = !object_page_locked(o, at);
	spin_unlock(&o->lock);
	return absent;
}

/* Zero a part of one page. */
static int punch_part(struct object *o, uint64_t off, size_t n)
{
	pgoff_t at = off >> PAGE_SHIFT;
	size_t from = off & PAGE_MASK;

	for (bool done = object_is_hole(o, at); !done;) {
		struct page *p;
		int err = object_pin(o, at, &p);
		if (err)
			return err;
		done = all_zero((char *)page_to_virt(p) + from, n);
		if (!done)
			err = object_reserve(o, at, at, o->size);
		if (!done && !err)
			done = zero_in_page(o, p, from, n);
		page_put(p);
		if (err)
			return err;
	}
	return 0;
}

static void hold(struct object *o, pgoff_t first, pgoff_t end)
{
	pgoff_t at = first;

	spin_lock(&o->lock);
	o->held_first = first;
	o->held_end = end;
	object_unmap_locked(o, first, end - 1, true);
	for (struct page *p; (p = page_index_next(&o->pages, &at, end - 1)); at++)
		object_remove_locked(o, p);
	spin_unlock(&o->lock);
}

static void let_go(struct object *o)
{
	spin_lock(&o->lock);
	o->held_first = o->held_end = 0;
	spin_unlock(&o->lock);
	wait_wake_all(&o->wait);
}

static int punch_pages(struct object *o, pgoff_t first, pgoff_t end)
{
	int err = 0;

	hold(o, first, end);
	if (o->pager == PAGER_SERVER)
		err = object_wait_writes(o);
	if (o->pager == PAGER_SERVER && !err)
		err = pager_punch(o, first, end - first);
	let_go(o);
	return err;
}

/* The token is held. [off, end) lies within the file, except that it may end with the last page. */
static int punch_range(struct object *o, uint64_t off, uint64_t end)
{
	uint64_t first = ALIGN_UP(off, PAGE_SIZE), last = ALIGN_DOWN(end, PAGE_SIZE);
	int err = 0;

	if (first > last)
		return punch_part(o, off, end - off);
	if (off < first)
		err = punch_part(o, off, first - off);
	if (!err && last < end)
		err = punch_part(o, last, end - last);
	if (!err && first < last)
		err = punch_pages(o, first >> PAGE_SHIFT, last >> PAGE_SHIFT);
	return err;
}

int object_punch(struct object *o, uint64_t off, uint64_t len)
{
	if (o->pager == PAGER_BOOT || o->pager == PAGER_DEVICE || o->blocks)
		return -EOPNOTSUPP;
	int err = object_extend_begin(o);
	if (err)
		return err;
	err = o->seals & SEALS_WRITE ? -EPERM : object_tell_cut(o);
	uint64_t end = len < o->size - off ? off + len : ALIGN_UP(o->size, PAGE_SIZE);
	if (!err && off < o->size)
		err = punch_range(o, off, end);
	object_extend_end(o);
	return err;
}

/* ---- finding ---- */

/* A page that fallocate has put there is a hole until somebody uses it. */
static bool is_data(const struct page *p)
{
	return p && p->flags & PAGE_ACCESSED;
}

static uint64_t seek_in_index(struct object *o, uint64_t off, bool hole)
{
	pgoff_t at = off >> PAGE_SHIFT, end = pages_of(o->size), next;

	spin_lock(&o->lock);
	if (hole) {
		while (at < end && is_data(object_page_locked(o, at)))
			at++;
	} else {
		struct page *p;
		for (next = at; (p = page_index_next(&o->pages, &next, end - 1)) && !is_data(p);)
			next++;
		at = p ? next : end;
	}
	spin_unlock(&o->lock);
	return at << PAGE_SHIFT;
}

int64_t object_seek(struct object *o, uint64_t off, bool hole)
{
	uint64_t size = o->size, found;

	if (off >= size)
		return -ENXIO;
	if (o->pager == PAGER_SERVER && !o->blocks) {
		int err = pager_seek(o, off, hole, &found);
		if (err)
			return err;
	} else if (o->pager == PAGER_ZERO) {
		found = seek_in_index(o, off, hole);
	} else {
		found = hole ? size : off;
	}
	found = MAX(found, off);
	if (found >= size)
		return hole ? (int64_t)size : -ENXIO;
	return (int64_t)found;
}
