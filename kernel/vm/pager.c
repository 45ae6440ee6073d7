/* SPDX-License-Identifier: MIT */
/*
 * Asking pagers. The kernel's side of abi/pager.h: READ fills pages, DIRTY reserves space, WRITE cleans, RESIZE, SYNC,
 * PUNCH, SEEK.
 *
 * Frames travel as a loan. What is to happen when they come back is in the loan's release function, which runs when the
 * last holder lets go: usually in the thread that asked, right after the reply; but when that thread was killed, or the
 * filesystem died while the disk still writes to the frames, later and elsewhere. So the pages stay BUSY (or WRITEBACK)
 * for exactly as long as somebody may touch them, whoever gives up meanwhile.
 *
 *      READ   absent ──► BUSY, in the index ──► [server] ──► VALID                  or, failed: out of the index again
 *      WRITE  dirty ──► write-protected, mark cleared, WRITEBACK ──► [server] ──►   or, failed: dirty again, error kept
 *
 * No lock is held while a server is asked. Afterwards anything may have changed: the page may have been truncated away
 * (page->object is NULL then), the size may differ, another thread may have filled it. Callers look again.
 *
 * Reading ahead: when a read goes on where the last one ended, the window doubles up to LOAN_MAX pages; a read
 * elsewhere starts again at one page. So random access reads nothing in vain. Who maps the file may say which it will
 * be (madvise).
 */
#include "vm/vm_impl.h"

struct transfer {
	struct loan loan;
	struct object *object; /* referenced */
	pgoff_t first;
	uint32_t filled;       /* READ: pages the server supplied */
	struct page *copy;     /* WRITE: stands in for the last page, with a zero tail; NULL */
	uint16_t sectors[LOAN_MAX]; /* WRITE of a block object: what was dirty, should it fail */
};

static struct cache *transfer_cache;

void pager_init(void)
{
	transfer_cache = cache_create("transfer", sizeof(struct transfer));
}

static struct transfer *transfer_create(struct object *o, pgoff_t first, void (*release)(struct loan *))
{
	struct transfer *t = cache_alloc(transfer_cache);

	if (!t)
		return NULL;
	t->loan.refs = 1;
	t->loan.npages = 0;
	t->loan.result = -EIO;
	t->loan.release = release;
	t->object = o;
	t->first = first;
	t->filled = 0;
	t->copy = NULL;
	object_get(o);
	return t;
}

static void transfer_free(struct transfer *t)
{
	struct object *o = t->object;

	for (uint32_t i = 0; i < t->loan.npages; i++)
		page_put(t->loan.page[i]);
	if (t->copy)
		page_put(t->copy);
	cache_free(transfer_cache, t);
	wait_wake_all(&o->wait);
	object_put(o);
}

/* The status of a call whose transport may have failed too. A reply is a server's word: only errnos count. */
static int reply_status(int sent, const struct msg *m)
{
	if (sent)
		return sent == -EPIPE ? -EIO : sent;
	if (m->status < -4095 || m->status > 0)
		return -EIO;
	return m->status;
}

/* ---- READ ---- */

static void read_release(struct loan *loan)
{
	struct transfer *t = container_of(loan, struct transfer, loan);
	struct object *o = t->object;

	spin_lock(&o->lock);
	for (uint32_t i = 0; i < loan->npages; i++) {
		struct page *p = loan->page[i];
		if (p->object != o) /* truncated away while it was lent */
			continue;
		if (loan->result == 0 && i < t->filled) {
			p->flags = (p->flags & ~PAGE_BUSY) | PAGE_VALID;
		} else {
			object_remove_locked(o, p);
		}
	}
	pgoff_t end_page = o->size >> PAGE_SHIFT;
	if (loan->result == 0 && end_page >= t->first && end_page < t->first + loan->npages)
		object_zero_tail_locked(o);
	spin_unlock(&o->lock);
	transfer_free(t);
}

/* Sequential readers get a window that doubles; `at` is absent. */
static size_t read_window_locked(struct object *o, pgoff_t at, enum read_hint hint)
{
	bool sequential = at == o->read_next || at == 0;

	o->read_window = sequential ? MIN(MAX(o->read_window * 2, 4u), (uint32_t)LOAN_MAX) : 1;
	if (hint != READ_NORMAL)
		o->read_window = hint == READ_RANDOM ? 1 : LOAN_MAX;
	size_t n = MIN((size_t)o->read_window, pages_of(o->size) - at);
	o->read_next = at + n;
	return n;
}

/* Put a fresh BUSY frame at `at` and lend it. 0, -EEXIST (somebody was faster), -ENOMEM. */
static int lend_fresh_page(struct object *o, struct transfer *t, pgoff_t at)
{
	/*
	 * From the second page on no memory is reclaimed: that may wait for a server, which may need the pages that are
	 * BUSY here already.
	 */
	struct page *p = t->loan.npages ? page_alloc(0, 0) : vm_page_alloc(false);

	if (!p)
		return -ENOMEM;
	page_get(p); /* the index's and the loan's */
	spin_lock(&o->lock);
	bool none = at >= pages_of(o->size) || object_held_locked(o, at);
	int err = none ? -ENXIO : object_insert_locked(o, p, at, PAGE_BUSY);
	spin_unlock(&o->lock);
	if (err) {
		page_put(p);
		page_put(p);
		return err;
	}
	t->loan.page[t->loan.npages++] = p;
	return 0;
}

static int read_from_server(struct object *o, pgoff_t at, enum read_hint hint)
{
	struct transfer *t = transfer_create(o, at, read_release);

	if (!t)
		return -ENOMEM;
	spin_lock(&o->lock);
	size_t want = at < pages_of(o->size) ? read_window_locked(o, at, hint) : 1;
	spin_unlock(&o->lock);
	int err = 0;
	for (size_t i = 0; i < want && !err; i++)
		err = lend_fresh_page(o, t, at + i);
	if (!t->loan.npages) {
		loan_put(&t->loan);
		return err == -EEXIST || err == -ENXIO ? 0 : err; /* the caller looks again */
	}
	struct msg m = { .op = PAGER_READ, .arg = { o->key, at, t->loan.npages } };
	err = reply_status(port_call_kernel(o->port, &m, NULL, NULL, 0, &t->loan, CALL_TO_DEATH), &m);
	if (!err && (m.arg[0] == 0 || m.arg[0] > t->loan.npages))
		err = -EIO;
	t->filled = err ? 0 : (uint32_t)m.arg[0];
	t->loan.result = err;
	vm_count(&vm_stat.read, t->filled);
	thread_current()->read_pages += t->filled;
	loan_put(&t->loan);
	return err;
}

/* Pages the kernel itself can make: zeros, or a piece of the boot archive. */
static int read_from_kernel(struct object *o, pgoff_t at)
{
	if (o->huge_shift)
		return -ENOSPC;
	struct page *p = vm_page_alloc(o->pager == PAGER_ZERO);

	if (!p)
		return -ENOMEM;
	if (o->pager == PAGER_BOOT) {
		uint64_t off = at << PAGE_SHIFT;
		size_t n = off < o->size ? MIN(PAGE_SIZE, o->size - off) : 0;
		memcpy(page_to_virt(p), (const char *)o->boot_data + off, n);
		memset((char *)page_to_virt(p) + n, 0, PAGE_SIZE - n);
	}
	spin_lock(&o->lock);
	int err = at >= pages_of(o->size) ? -ENXIO : object_insert_locked(o, p, at, PAGE_VALID | PAGE_RESERVED);
	spin_unlock(&o->lock);
	if (err)
		page_put(p);
	return err == -EEXIST || err == -ENXIO ? 0 : err;
}

int pager_wait_page(struct object *o, pgoff_t at)
{
	int err = 0;

	spin_lock(&o->lock);
	for (;;) {
		struct page *p = object_page_locked(o, at);
		if (err || (p ? !(p->flags & PAGE_BUSY) : !object_held_locked(o, at)))
			break;
		err = wait_on(&o->wait, &o->lock, WAIT_KILLABLE, UINT64_MAX);
	}
	spin_unlock(&o->lock);
	return err;
}

int pager_read(struct object *o, pgoff_t at, enum read_hint hint)
{
	spin_lock(&o->lock);
	bool wait = object_page_locked(o, at) || object_held_locked(o, at);
	spin_unlock(&o->lock);
	if (wait)
		return pager_wait_page(o, at);
	return o->pager == PAGER_SERVER ? read_from_server(o, at, hint) : read_from_kernel(o, at);
}

void object_read_ahead(struct object *o, pgoff_t first, size_t npages)
{
	for (pgoff_t at = first; at < first + npages && at < pages_of(o->size) && frames_free() > 4 * frames_reserve(); at++) {
		spin_lock(&o->lock);
		bool absent = !object_page_locked(o, at);
		spin_unlock(&o->lock);
		if (absent && pager_read(o, at, READ_SEQUENTIAL))
			return;
	}
}

/* ---- DIRTY ---- */

/* Marks the pages of the range that are here as RESERVED once the pager has agreed. */
int pager_reserve(struct object *o, pgoff_t first, size_t npages, uint64_t size)
{
	struct msg m = { .op = PAGER_DIRTY, .arg = { o->key, first, npages, size } };
	int err = reply_status(port_call_kernel(o->port, &m, NULL, NULL, 0, NULL, CALL_TO_DEATH), &m);

	if (err)
		return err;
	spin_lock(&o->lock);
	pgoff_t at = first;
	for (struct page *p; (p = page_index_next(&o->pages, &at, first + npages - 1)); at++)
		p->flags |= PAGE_RESERVED;
	spin_unlock(&o->lock);
	return 0;
}

int object_freeze(struct object *o)
{
	pgoff_t at = 0;

	spin_lock(&o->lock);
	for (struct page *p; (p = page_index_next(&o->pages, &at, ~0ul)); at++)
		p->flags &= ~PAGE_RESERVED;
	spin_unlock(&o->lock);
	return object_sync(o, 0, UINT64_MAX, false);
}

/* The pager has taken over the time of the last store, unless there was a later one meanwhile. */
static void mtime_sent(struct object *o, int64_t sec, int64_t nsec)
{
	spin_lock(&o->lock);
	if (sec >= 0 && o->mtime_sec == sec && o->mtime_nsec == nsec) {
		if (o->node)
			o->node->mtime = o->node->ctime = (struct abi_timespec){ sec, nsec };
		o->mtime_sec = -1;
	}
	spin_unlock(&o->lock);
}

/* ---- WRITE ---- */

static void write_release(struct loan *loan)
{
	struct transfer *t = container_of(loan, struct transfer, loan);
	struct object *o = t->object;

	if (t->copy) { /* give the page itself back to the bookkeeping below */
		struct page *copy = loan->page[loan->npages - 1];
		loan->page[loan->npages - 1] = t->copy;
		t->copy = copy;
	}
	spin_lock(&o->lock);
	for (uint32_t i = 0; i < loan->npages; i++) {
		struct page *p = loan->page[i];
		p->flags &= ~PAGE_WRITEBACK;
		if (p->object != o)
			continue;
		if (loan->result) {
			object_mark_dirty_locked(o, p);
			p->flags |= PAGE_ERROR;
			p->sectors |= t->sectors[i];
		} else {
			p->flags &= ~PAGE_ERROR;
			vm_count(&vm_stat.written, 1);
		}
	}
	if (loan->result && loan->result != -EINTR && loan->result != -ENOMEM) /* those say nothing about the disk */
		o->write_error = loan->result;
	o->writing--;
	spin_unlock(&o->lock);
	transfer_free(t);
}

/* The sectors of p that a WRITE of the bytes [off, end) covers: of a block object the dirty ones, else simply all. */
static uint16_t sectors_within(struct object *o, struct page *p, uint64_t off, uint64_t end)
{
	uint64_t base = p->pgoff << PAGE_SHIFT;
	uint16_t within = 0;

	if (!o->blocks)
		return 0xff;
	for (unsigned s = 0; s < PAGE_SIZE / 512; s++)
		if (base + s * 512 >= ALIGN_DOWN(off, 512) && base + s * 512 < end)
			within |= (uint16_t)(1u << s);
	return p->sectors & within;
}

/* BEGIN: from here on a store to the page faults and makes it dirty again. */
static void begin_write_locked(struct object *o, struct transfer *t, struct page *p, uint16_t sectors)
{
	object_protect_locked(o, p->pgoff);
	p->sectors &= (uint16_t)~sectors;
	if (!p->sectors) {
		page_index_unmark(&o->pages, p->pgoff);
		__atomic_sub_fetch(&vm_stat.dirty_pages, 1, __ATOMIC_RELAXED);
	}
	p->flags |= PAGE_WRITEBACK;
	t->sectors[t->loan.npages] = sectors;
	page_get(p);
	t->loan.page[t->loan.npages++] = p;
}

/*
 * Whether p, dirty, can join the transfer: next in line, and for a block object wholly dirty on both sides of the seam.
 */
static bool joins_locked(struct transfer *t, struct page *p, pgoff_t at, uint16_t sectors)
{
	if (p->flags & (PAGE_BUSY | PAGE_WRITEBACK) || t->loan.npages == LOAN_MAX)
		return false;
	if (!t->loan.npages)
		return true;
	if (at != t->first + t->loan.npages)
		return false;
	return sectors == 0xff && t->sectors[t->loan.npages - 1] == 0xff;
}

/*
 * Collect a run of dirty pages from *at on. A page whose earlier WRITE is still under way is waited for, for its new
 * bytes must reach the disk after the old. -> pages collected; 0: no more; -EINTR. *at moves behind what was collected.
 */
static int collect_run(struct object *o, struct transfer *t, pgoff_t *at, uint64_t off, uint64_t end)
{
	pgoff_t last = (end - 1) >> PAGE_SHIFT;
	int err = 0;

	spin_lock(&o->lock);
	for (struct page *p; !err && (p = page_index_next_marked(&o->pages, at, last));) {
		uint16_t sectors = sectors_within(o, p, off, end);
		if (!t->loan.npages)
			t->first = *at;
		if (!sectors) {
			++*at;
		} else if (joins_locked(t, p, *at, sectors)) {
			begin_write_locked(o, t, p, sectors);
			++*at;
		} else if (t->loan.npages) {
			break;
		} else {
			err = wait_on(&o->wait, &o->lock, WAIT_KILLABLE, UINT64_MAX);
		}
	}
	if (t->loan.npages) {
		o->writing++;
		o->unsynced = true;
	}
	spin_unlock(&o->lock);
	return err && !t->loan.npages ? err : (int)t->loan.npages;
}

/* The last page of a file goes out as a copy whose tail is zero: a live mapping may hold bytes there. */
static int substitute_tail(struct object *o, struct transfer *t)
{
	struct page *p = t->loan.page[t->loan.npages - 1];
	size_t used = o->size & PAGE_MASK;

	if (o->blocks || !used || p->pgoff != o->size >> PAGE_SHIFT)
		return 0;
	struct page *copy = vm_page_alloc(false);
	if (!copy)
		return -ENOMEM;
	memcpy(page_to_virt(copy), page_to_virt(p), used);
	memset((char *)page_to_virt(copy) + used, 0, PAGE_SIZE - used);
	t->copy = p;
	t->loan.page[t->loan.npages - 1] = copy;
	return 0;
}

/* The byte range to write: whole pages, or for a block object the dirty sectors of the run. */
static void write_range(struct object *o, struct transfer *t, uint64_t *off, uint64_t *len)
{
	uint64_t start = t->first << PAGE_SHIFT, end = start + t->loan.npages * PAGE_SIZE;

	if (o->blocks) {
		start += (unsigned)__builtin_ctz(t->sectors[0]) * 512u;
		end -= (unsigned)(__builtin_clz((unsigned)t->sectors[t->loan.npages - 1]) - 24) * 512u;
	}
	*off = start;
	*len = end - start;
}

/*
 * One page of a block object may have several runs of dirty sectors with clean ones between, and clean ones must not be
 * written: the page goes out run by run.
 */
static int write_sector_runs(struct object *o, struct transfer *t)
{
	uint16_t left = t->sectors[0];
	int err = 0;

	while (left && !err) {
		unsigned start = (unsigned)__builtin_ctz(left), n = 0;
		while (start + n < PAGE_SIZE / 512 && left & (1u << (start + n)))
			left &= (uint16_t)~(1u << (start + n++));
		struct msg m = { .op = PAGER_WRITE, .arg = { o->key, (t->first << PAGE_SHIFT) + start * 512u, n * 512ul,
		                                             o->size, (uint64_t)-1, 0 } };
		err = reply_status(port_call_kernel(o->port, &m, NULL, NULL, 0, &t->loan, CALL_TO_DEATH), &m);
	}
	return err;
}

static int write_run(struct object *o, struct transfer *t)
{
	uint64_t off, len;
	int err = substitute_tail(o, t);

	if (err)
		return err;
	if (o->blocks && t->loan.npages == 1)
		return write_sector_runs(o, t);
	write_range(o, t, &off, &len);
	spin_lock(&o->lock);
	struct msg m = { .op = PAGER_WRITE, .arg = { o->key, off, len, o->size, (uint64_t)o->mtime_sec,
	                                             (uint64_t)o->mtime_nsec } };
	int64_t sec = o->mtime_sec, nsec = o->mtime_nsec;
	spin_unlock(&o->lock);
	err = reply_status(port_call_kernel(o->port, &m, NULL, NULL, 0, &t->loan, CALL_TO_DEATH), &m);
	if (!err)
		mtime_sent(o, sec, nsec);
	return err;
}

int pager_write(struct object *o, uint64_t off, uint64_t end)
{
	int result = 0;

	for (pgoff_t at = off >> PAGE_SHIFT;;) {
		struct transfer *t = transfer_create(o, at, write_release);
		if (!t)
			return -ENOMEM;
		int n = collect_run(o, t, &at, off, end);
		if (n <= 0) {
			t->loan.release = read_release; /* nothing was lent: nothing to undo */
			t->loan.result = -EIO;
			loan_put(&t->loan);
			result = result ? result : n;
			break;
		}
		int err = write_run(o, t);
		t->loan.result = err;
		loan_put(&t->loan);
		result = result ? result : err;
		if (err == -EINTR)
			break;
	}
	/* WRITEs that others began must have ended too before the range counts as clean. */
	spin_lock(&o->lock);
	int err = 0;
	while (o->writing && !err)
		err = wait_on(&o->wait, &o->lock, WAIT_KILLABLE, UINT64_MAX);
	spin_unlock(&o->lock);
	return result ? result : err;
}

/* ---- RESIZE, SYNC ---- */

int pager_simple(struct object *o, uint32_t op)
{
	spin_lock(&o->lock);
	struct msg m = { .op = op, .arg = { o->key, o->size, (uint64_t)o->mtime_sec, (uint64_t)o->mtime_nsec } };
	int64_t sent_sec = o->mtime_sec, sent_nsec = o->mtime_nsec;
	o->unsynced = op != PAGER_SYNC;
	o->syncing += op == PAGER_SYNC;
	spin_unlock(&o->lock);
	int err = reply_status(port_call_kernel(o->port, &m, NULL, NULL, 0, NULL, CALL_TO_DEATH), &m);

	spin_lock(&o->lock);
	o->syncing -= op == PAGER_SYNC;
	o->cut_untold &= err || op != PAGER_RESIZE;
	spin_unlock(&o->lock);
	if (!err)
		mtime_sent(o, sent_sec, sent_nsec);
	else
		object_changed(o);
	return err;
}

/* ---- PUNCH, SEEK ---- */

int pager_punch(struct object *o, pgoff_t first, size_t npages)
{
	struct msg m = { .op = PAGER_PUNCH, .arg = { o->key, first, npages } };

	object_changed(o);
	return reply_status(port_call_kernel(o->port, &m, NULL, NULL, 0, NULL, CALL_TO_DEATH), &m);
}

int pager_seek(struct object *o, uint64_t off, bool hole, uint64_t *found)
{
	struct msg m = { .op = PAGER_SEEK, .arg = { o->key, off, o->size, hole } };
	int err = reply_status(port_call_kernel(o->port, &m, NULL, NULL, 0, NULL, CALL_TO_DEATH), &m);

	*found = m.arg[0];
	return err;
}
