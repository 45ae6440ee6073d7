/* SPDX-License-Identifier: MIT */
/*
 * Reading and writing an object by system call. The bytes go to and from the pages of the index: a read() and a
 * mapping of the same file are the same memory.
 *
 * Each page on the way is pinned by a reference, then copied with no lock held and with page faults off. When the copy
 * falls short, the program's page is brought in and the copy goes on where it stopped. So a read() into a mapping of
 * the very page being read cannot deadlock. A page may be truncated away while it is copied: the pin keeps the frame,
 * and the bytes go nowhere.
 *
 *      write:  reserve space (DIRTY, once a page) ──► pin ──► copy ──► mark dirty, grow the size
 *
 * The size grows only after the bytes are in the page, so that a reader never sees a page that is not written yet.
 *
 * Growing and shrinking are serialised by a token (object_size.c). Writes inside the file take no token and are as
 * atomic as one page; one that finds the file cut short under it takes the token for the rest.
 */
#include "vm/vm_impl.h"

/* ---- read ---- */

int object_pin(struct object *o, pgoff_t at, struct page **out)
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
		err = pager_read(o, at, READ_NORMAL);
		if (err)
			return err;
	}
}

/*
 * Copy between a pinned page and the program with page faults off; when that fails, bring the program's page in and
 * retry.
 */
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
		if (object_is_hole(o, at >> PAGE_SHIFT)) {
			page_get(zero_page);
			p = zero_page;
		} else {
			err = object_pin(o, at >> PAGE_SHIFT, &p);
		}
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

/*
 * The page at `at`, pinned, for a store to a part of it: inside the file the page as it is, past the end (only a
 * growing write may go there) one of zeros. -ENXIO: the file was cut short and this write does not hold the token.
 */
static int object_pin_for_write(struct object *o, pgoff_t at, bool grow, struct page **out)
{
	for (;;) {
		spin_lock(&o->lock);
		struct page *p = object_page_locked(o, at);
		bool beyond = at >= pages_of(o->size), valid = p && (p->flags & (PAGE_BUSY | PAGE_VALID)) == PAGE_VALID;
		if (beyond && grow && valid) { /* left by a growing write that failed */
			page_get(p);
			*out = p;
		}
		spin_unlock(&o->lock);
		if (!beyond)
			return object_pin(o, at, out);
		if (!grow)
			return -ENXIO;
		if (valid)
			return 0;
		if (p) {
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
int object_reserve(struct object *o, pgoff_t first, pgoff_t last, uint64_t size)
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

/*
 * The bytes up to `end` are in the page: make that known, unless the page was truncated away meanwhile. False: they lie
 * past the end of a file that was cut short, and this write does not hold the token to make it longer.
 */
static bool commit_write_locked(struct object *o, struct page *p, size_t in_page, size_t n, uint64_t end, bool grow)
{
	if (p->object != o)
		return true;
	if (end > o->size && !grow) {
		object_zero_tail_locked(o);
		return false;
	}
	p->flags |= PAGE_RESERVED;
	if (o->pager == PAGER_SERVER)
		object_mark_dirty_locked(o, p);
	if (o->blocks)
		for (size_t s = in_page / 512; s <= (in_page + n - 1) / 512; s++)
			p->sectors |= (uint16_t)(1u << s);
	if (end > o->size)
		o->size = end;
	return true;
}

/* A page that was made for a write that then failed, still past the end: take it away again. */
static void object_drop_past_end(struct object *o, struct page *p)
{
	spin_lock(&o->lock);
	if (p->object == o && p->pgoff >= pages_of(o->size) && !page_index_marked(&o->pages, p->pgoff) && !p->maps)
		object_remove_locked(o, p);
	spin_unlock(&o->lock);
}

/*
 * A page inside the file that is not in memory and is overwritten whole needs no reading. The bytes come first, into a
 * frame that nobody knows: a reader finds the old page or the new one, and a program whose buffer ends half-way has
 * destroyed nothing.
 * -> PAGE_SIZE; 0: it must be done the other way; -ENOMEM
 */
static int write_whole_page(struct object *o, pgoff_t at, uint64_t buf, bool kernel, bool grow)
{
	uint64_t end = (at + 1) << PAGE_SHIFT;

	spin_lock(&o->lock);
	bool absent = at < pages_of(o->size) && !object_page_locked(o, at) && !object_held_locked(o, at);
	spin_unlock(&o->lock);
	if (!absent)
		return 0;
	struct page *p = vm_page_alloc(false);
	if (!p)
		return -ENOMEM;
	bool done = copy_page_bytes(p, 0, buf, PAGE_SIZE, kernel, true) == 0;
	spin_lock(&o->lock);
	done = done && !object_sealed(o, end) && at < pages_of(o->size) && (grow || end <= o->size) &&
	       !object_held_locked(o, at) &&
	       !object_insert_locked(o, p, at, PAGE_VALID | PAGE_ACCESSED) &&
	       commit_write_locked(o, p, 0, PAGE_SIZE, end, grow);
	spin_unlock(&o->lock);
	if (!done)
		page_put(p);
	return done ? PAGE_SIZE : 0;
}

/* The bytes [at, at + n), which lie in one page: how many were written, or -errno. */
static int write_piece(struct object *o, uint64_t at, uint64_t buf, size_t n, bool kernel, bool grow)
{
	size_t in_page = at & PAGE_MASK;
	struct page *p;
	int err = object_sealed(o, at + n);

	if (!err && n == PAGE_SIZE)
		err = write_whole_page(o, at >> PAGE_SHIFT, buf, kernel, grow);
	if (err)
		return err;
	err = object_pin_for_write(o, at >> PAGE_SHIFT, grow, &p);
	if (err)
		return err;
	int part = object_sealed(o, at + n); /* pinned: who seals now waits for us */
	if (!part)
		part = copy_page_bytes(p, in_page, buf, n, kernel, true);
	if (part == 0)
		part = (int)n;
	if (part > 0) {
		spin_lock(&o->lock);
		if (!commit_write_locked(o, p, in_page, (size_t)part, at + (size_t)part, grow))
			part = -ENXIO;
		spin_unlock(&o->lock);
	} else {
		object_drop_past_end(o, p);
	}
	page_put(p);
	return part;
}

#define WRITE_CHUNK (LOAN_MAX * PAGE_SIZE) /* how much one reservation covers */

static int64_t object_write_chunk(struct object *o, uint64_t off, uint64_t buf, size_t len, bool kernel, bool grow)
{
	size_t done = 0;
	int err = object_reserve(o, off >> PAGE_SHIFT, (off + len - 1) >> PAGE_SHIFT,
	                         grow ? MAX(o->size, off + len) : o->size);

	while (done < len && !err) {
		uint64_t at = off + done;
		size_t n = MIN(PAGE_SIZE - (at & PAGE_MASK), len - done);
		int part = write_piece(o, at, buf + done, n, kernel, grow);
		if (part > 0)
			done += (size_t)part;
		if (part < (int)n)
			err = part < 0 ? part : -EFAULT;
	}
	return done ? (int64_t)done : err;
}

static int64_t object_write_at(struct object *o, uint64_t off, uint64_t buf, size_t len, bool kernel, bool grow)
{
	size_t done = 0, most = WRITE_CHUNK;
	int64_t n = 0;

	if (grow && off + len > o->size)
		n = object_prepare_growth(o);
	while (done < len && n >= 0) {
		size_t chunk = MIN(len - done, most - ((off + done) & PAGE_MASK));
		n = object_write_chunk(o, off + done, buf + done, chunk, kernel, grow);
		if (n == -ENOSPC && most > PAGE_SIZE) { /* not for all of it: as far as it goes */
			most = PAGE_SIZE;
			n = 0;
			continue;
		}
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
	int64_t done = 0;

	if (!len)
		return 0;
	if (o->pager == PAGER_BOOT)
		return -EROFS;
	if (off + len <= o->size) {
		done = object_write_at(o, off, buf, len, kernel, false);
		if (done == (int64_t)len || o->blocks || (done < 0 && done != -ENXIO))
			return done;
		done = MAX(done, 0); /* the file may have been cut short meanwhile */
	} else if (o->blocks) {
		return -ENOSPC;
	}
	int err = object_extend_begin(o);
	if (err)
		return done ? done : err;
	int64_t n = object_write_at(o, off + (uint64_t)done, buf + (uint64_t)done, len - (size_t)done, kernel, true);
	object_extend_end(o);
	return done ? done + MAX(n, 0) : n;
}

int64_t object_append(struct object *o, uint64_t buf, size_t len, bool kernel, uint64_t *end)
{
	if (o->pager == PAGER_BOOT)
		return -EROFS;
	int err = object_extend_begin(o);
	if (err)
		return err;
	uint64_t off = o->size;
	int64_t n = len ? object_write_at(o, off, buf, len, kernel, true) : 0;
	*end = off + (n > 0 ? (uint64_t)n : 0);
	object_extend_end(o);
	return n;
}
