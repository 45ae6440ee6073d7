/* SPDX-License-Identifier: MIT */
/*
 * Reading, writing and resizing an object by system call. The bytes go to and from the pages of the index: a read() and a
 * mapping of the same file are the same memory.
 *
 * Each page on the way is pinned by a reference, then copied with no lock held and with page faults off. When the copy falls
 * short, the program's page is brought in and the copy goes on where it stopped. So a read() into a mapping of the very page
 * being read cannot deadlock. A page may be truncated away while it is copied: the pin keeps the frame, and the bytes go
 * nowhere.
 *
 *      write:  reserve space (DIRTY, once a page) ──► pin ──► copy ──► mark dirty, grow the size
 *
 * The size grows only after the bytes are in the page, so that a reader never sees a page that is not written yet.
 *
 * Growing and shrinking are serialised by a token (`extending`), not a lock, for it is held while the pager is asked: design
 * rule "no lock is held while waiting for a server". A waiter for the token can be killed. Writes inside the file take no token
 * and are as atomic as one page.
 */
#include "vm/vm_impl.h"

/* ---- read ---- */

/*
 * The valid page at `at`, pinned by a reference. The pager fills it if need be; a page of an object without a server is made
 * of zeros. -> 0; -EIO and the pager's other errors; -ENOMEM; -EINTR; -ENXIO past the end.
 */
static int object_pin(struct object *o, pgoff_t at, struct page **out)
{
	for (;;) {
		int err;
		spin_lock(&o->lock);
		struct page *p = object_page_locked(o, at);
		if (likely(p && (p->flags & (PAGE_BUSY | PAGE_VALID)) == PAGE_VALID)) {
			page_get(p);
			p->flags |= PAGE_ACCESSED;
			spin_unlock(&o->lock);
			*out = p;
			return 0;
		}
		bool beyond = at >= pages_of(o->size);
		spin_unlock(&o->lock);
		if (beyond)
			return -ENXIO;
		err = pager_read(o, at);
		if (err)
			return err;
	}
}

/* Copy between a pinned page and the program with page faults off; when that fails, bring the program's page in and retry. */
static int copy_page_bytes(struct page *p, size_t in_page, uint64_t buf, size_t n, bool kernel, bool to_page)
{
	char *bytes = (char *)page_to_virt(p) + in_page;

	if (kernel) {
		memcpy(to_page ? bytes : (char *)buf, to_page ? (char *)buf : bytes, n);
		return 0;
	}
	for (size_t done = 0;;) {
		done += to_page ? copy_from_user_nofault(bytes + done, buf + done, n - done)
		                : copy_to_user_nofault(buf + done, bytes + done, n - done);
		if (likely(done == n))
			return 0;
		if (user_fault_in(buf + done, !to_page))
			return done ? (int)done : -EFAULT;
	}
}

int64_t object_read(struct object *o, uint64_t off, uint64_t buf, size_t len, bool kernel)
{
	size_t done = 0;
	int err = 0;

	while (done < len) {
		uint64_t size = o->size, at = off + done;
		if (at >= size || at < off)
			break;
		size_t in_page = at & PAGE_MASK;
		size_t n = MIN(MIN(PAGE_SIZE - in_page, len - done), size - at);
		struct page *p;
		err = object_pin(o, at >> PAGE_SHIFT, &p);
		if (err)
			break;
		int part = copy_page_bytes(p, in_page, buf + done, n, kernel, false);
		page_put(p);
		if (unlikely(part)) {
			err = part < 0 ? part : -EFAULT;
			done += part > 0 ? (size_t)part : 0;
			break;
		}
		done += n;
	}
	if (err == -ENXIO) /* truncated meanwhile: the end of the file */
		err = 0;
	return done ? (int64_t)done : err;
}

/* ---- write ---- */

static int extend_begin(struct object *o)
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

static void extend_end(struct object *o)
{
	spin_lock(&o->lock);
	o->extending = false;
	spin_unlock(&o->lock);
	wait_wake_all(&o->wait);
}

/*
 * The page at `at`, pinned, for a store of [in_page, in_page + n): one that lies past the end of the file or is overwritten
 * whole needs no reading, a fresh zeroed frame will do.
 */
static int object_pin_for_write(struct object *o, pgoff_t at, size_t n, struct page **out)
{
	for (;;) {
		spin_lock(&o->lock);
		struct page *p = object_page_locked(o, at);
		bool fresh = !p && (n == PAGE_SIZE || at >= pages_of(o->size));
		spin_unlock(&o->lock);
		if (!fresh && !(o->pager == PAGER_SERVER && at >= pages_of(o->size)))
			return object_pin(o, at, out);
		if (!fresh) { /* present past the end: left by a growing write that is under way or failed */
			spin_lock(&o->lock);
			p = object_page_locked(o, at);
			if (p && p->flags & PAGE_VALID && !(p->flags & PAGE_BUSY)) {
				page_get(p);
				spin_unlock(&o->lock);
				*out = p;
				return 0;
			}
			spin_unlock(&o->lock);
			int err = pager_wait_page(o, at);
			if (err)
				return err;
			continue;
		}
		struct page *zeroed = vm_page_alloc(true);
		if (!zeroed)
			return -ENOMEM;
		page_get(zeroed); /* one for the index, one is the pin */
		spin_lock(&o->lock);
		int err = object_insert_locked(o, zeroed, at, PAGE_VALID | PAGE_ACCESSED);
		spin_unlock(&o->lock);
		if (!err) {
			*out = zeroed;
			return 0;
		}
		page_put(zeroed);
		page_put(zeroed);
		if (err != -EEXIST)
			return err;
	}
}

/* Before pages [first, last] may be dirtied the pager promises space for them, once a page. */
static int object_reserve(struct object *o, pgoff_t first, pgoff_t last, uint64_t size)
{
	if (o->pager != PAGER_SERVER || o->blocks)
		return 0;
	spin_lock(&o->lock);
	bool asked = size > o->size;
	for (pgoff_t at = first; at <= last && !asked; at++) {
		struct page *p = object_page_locked(o, at);
		asked = !p || !(p->flags & PAGE_RESERVED);
	}
	spin_unlock(&o->lock);
	return asked ? pager_reserve(o, first, last - first + 1, size) : 0;
}

/* The bytes are in the page: make that known, unless the page was truncated away meanwhile. */
static void object_commit_write(struct object *o, struct page *p, size_t in_page, size_t n, uint64_t end)
{
	spin_lock(&o->lock);
	if (p->object == o) {
		p->flags |= PAGE_RESERVED;
		object_mark_dirty_locked(o, p);
		if (o->blocks)
			for (size_t s = in_page / 512; s <= (in_page + n - 1) / 512; s++)
				p->sectors |= (uint16_t)(1u << s);
		if (end > o->size)
			o->size = end;
	}
	spin_unlock(&o->lock);
}

/* A page that was made for a write that then failed, still past the end: take it away again. */
static void object_drop_past_end(struct object *o, struct page *p)
{
	spin_lock(&o->lock);
	if (p->object == o && p->pgoff >= pages_of(o->size) && !page_index_marked(&o->pages, p->pgoff) && !p->maps)
		object_remove_locked(o, p);
	spin_unlock(&o->lock);
}

#define WRITE_CHUNK (LOAN_MAX * PAGE_SIZE) /* how much one reservation covers */

static int64_t object_write_chunk(struct object *o, uint64_t off, uint64_t buf, size_t len, bool kernel)
{
	size_t done = 0;
	int err = object_reserve(o, off >> PAGE_SHIFT, (off + len - 1) >> PAGE_SHIFT, MAX(o->size, off + len));

	while (done < len && !err) {
		uint64_t at = off + done;
		size_t in_page = at & PAGE_MASK, n = MIN(PAGE_SIZE - in_page, len - done);
		struct page *p;
		err = object_pin_for_write(o, at >> PAGE_SHIFT, n, &p);
		if (err)
			break;
		int part = copy_page_bytes(p, in_page, buf + done, n, kernel, true);
		size_t good = part == 0 ? n : part > 0 ? (size_t)part : 0;
		if (good)
			object_commit_write(o, p, in_page, good, at + good);
		else
			object_drop_past_end(o, p);
		page_put(p);
		done += good;
		if (part)
			err = part < 0 ? part : -EFAULT;
	}
	return done ? (int64_t)done : err;
}

/* Growth leaves a hole of zeros between the old end and the new; only the old last page can hold anything else. */
static void object_prepare_growth(struct object *o)
{
	spin_lock(&o->lock);
	size_t used = o->size & PAGE_MASK;
	struct page *last = used ? object_page_locked(o, o->size >> PAGE_SHIFT) : NULL;
	if (last) {
		object_zero_tail_locked(o);
		last->flags &= ~PAGE_RESERVED; /* space was promised up to the old end only */
	}
	spin_unlock(&o->lock);
}

static int64_t object_write_at(struct object *o, uint64_t off, uint64_t buf, size_t len, bool kernel)
{
	size_t done = 0;
	int64_t n = 0;

	if (off + len > o->size && off + len > off)
		object_prepare_growth(o);
	while (done < len) {
		size_t chunk = MIN(len - done, WRITE_CHUNK - ((off + done) & PAGE_MASK));
		n = object_write_chunk(o, off + done, buf + done, chunk, kernel);
		if (n <= 0)
			break;
		done += (size_t)n;
		writeback_throttle(o);
		if ((size_t)n < chunk)
			break;
	}
	return done ? (int64_t)done : n;
}

int64_t object_write(struct object *o, uint64_t off, uint64_t buf, size_t len, bool kernel)
{
	if (!len)
		return 0;
	if (o->pager == PAGER_BOOT)
		return -EROFS;
	if (off + len <= o->size)
		return object_write_at(o, off, buf, len, kernel);
	if (o->blocks)
		return -ENOSPC;
	int err = extend_begin(o);
	if (err)
		return err;
	int64_t n = object_write_at(o, off, buf, len, kernel);
	extend_end(o);
	return n;
}

int64_t object_append(struct object *o, uint64_t buf, size_t len, bool kernel, uint64_t *end)
{
	if (o->pager == PAGER_BOOT)
		return -EROFS;
	int err = extend_begin(o);
	if (err)
		return err;
	uint64_t off = o->size;
	int64_t n = len ? object_write_at(o, off, buf, len, kernel) : 0;
	*end = off + (n > 0 ? (uint64_t)n : 0);
	extend_end(o);
	return n;
}

/* ---- truncate ---- */

/*
 * The block that holds the new end may lie on the disk with old bytes behind that end. They must read as zeros should the file
 * grow again, so the page is brought in, zeroed and dirtied before the size changes.
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
	o->generation++;
	object_unmap_locked(o, keep, ~0ul >> PAGE_SHIFT, false);
	for (struct page *p; (p = page_index_next(&o->pages, &at, ~0ul)); at++)
		object_remove_locked(o, p);
	object_zero_tail_locked(o);
	spin_unlock(&o->lock);
	wait_wake_all(&o->wait);
}

static int object_wait_writes(struct object *o)
{
	int err = 0;

	spin_lock(&o->lock);
	while (o->writing && !err)
		err = wait_on(&o->wait, &o->lock, WAIT_KILLABLE, UINT64_MAX);
	spin_unlock(&o->lock);
	return err;
}

int object_resize(struct object *o, uint64_t size)
{
	if (o->pager == PAGER_BOOT || o->blocks)
		return -EROFS;
	int err = extend_begin(o);
	if (err)
		return err;
	bool shrink = size < o->size;
	if (shrink) {
		err = object_prepare_shrink(o, size);
		if (!err)
			object_cut(o, size);
	} else {
		object_prepare_growth(o);
	}
	/* Blocks are freed by RESIZE: no WRITE to them may be under way. */
	if (!err && shrink)
		err = object_wait_writes(o);
	if (!err && o->pager == PAGER_SERVER) {
		uint64_t old = o->size;
		if (!shrink)
			o->size = size;
		err = pager_simple(o, PAGER_RESIZE);
		if (err && !shrink)
			o->size = old;
	} else if (!err) {
		o->size = size;
	}
	extend_end(o);
	return err;
}
