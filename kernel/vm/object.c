/* SPDX-License-Identifier: MIT */
/*
 * VM objects: a growing set of pages indexed by page number. The index is the page cache; there is no other. read(), write(),
 * mmap, execve and the filesystem's own metadata all come here.
 *
 * A page of an object is in one of these states (flags in struct page, guarded by the object's lock):
 *
 *      absent ──► BUSY ──► VALID, clean ──► VALID, dirty (marked in the index)
 *                  │           ▲                 │
 *                  └─► absent  └─ WRITEBACK ◄────┘      WRITE sent: the mark is cleared first, so a store meanwhile
 *                (READ failed)                          makes the page dirty again
 *
 * BUSY frames are lent to a server: nobody looks at their bytes. Everything else may be read, stored to and mapped at any
 * time. A page is dirty exactly when the index marks it, and no PTE may be writable while it is not: the first store faults,
 * asks the pager for space, sets the mark, and opens the PTE.
 *
 * Growing is serialised by a token (`extending`), not a lock, for it is held while the pager is asked for space: design rule
 * "no lock is held while waiting for a server". A waiter for the token can be killed.
 *
 * The kernel's `size` is the authority while an object lives. Bytes of the last page past the end read as zero: they are
 * zeroed when the page is filled, when the file shrinks or grows, and when the last mapping that could store there goes.
 * What a live mapping stored there is never written: pager.c sends a copy with a zero tail.
 *
 * The alternative to one lock an object, a lock a page, was left out: the BUSY state already keeps long waits off the lock.
 */
#include "vm/vm_impl.h"

struct list all_objects = LIST_INIT(all_objects);
struct spinlock registry_lock = SPINLOCK_INIT(RANK_QUEUES);

static struct cache *object_cache;

void object_init(void)
{
	object_cache = cache_create("object", sizeof(struct object));
}

struct object *object_create(enum pager_kind pager, uint64_t size)
{
	struct object *o = cache_alloc(object_cache);

	if (!o)
		return NULL;
	memset(o, 0, sizeof *o);
	spin_init(&o->lock, RANK_OBJECT);
	o->refs = 1;
	o->pager = pager;
	o->size = size;
	o->mtime_sec = -1;
	o->unsynced = true;
	page_index_init(&o->pages);
	list_init(&o->vmas);
	wait_queue_init(&o->wait);
	spin_lock(&registry_lock);
	list_push_back(&all_objects, &o->all_link);
	spin_unlock(&registry_lock);
	return o;
}

struct object *object_create_server(struct port *port, uint64_t key, uint64_t size, bool blocks)
{
	struct object *o = object_create(PAGER_SERVER, size);

	if (!o)
		return NULL;
	port_get(port);
	o->port = port;
	o->key = key;
	o->blocks = blocks;
	return o;
}

/* For whoever found the object in a list and not through a reference: fails when the last one has gone. */
bool object_try_get(struct object *o)
{
	uint32_t refs = o->refs;

	while (refs)
		if (__atomic_compare_exchange_n(&o->refs, &refs, refs + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}

void object_put(struct object *o)
{
	if (__atomic_sub_fetch(&o->refs, 1, __ATOMIC_ACQ_REL))
		return;
	spin_lock(&registry_lock);
	list_remove(&o->all_link);
	spin_unlock(&registry_lock);
	assert(list_empty(&o->vmas));
	spin_lock(&o->lock);
	pgoff_t at = 0;
	for (struct page *p; (p = page_index_next(&o->pages, &at, ~0ul)); at++)
		object_remove_locked(o, p);
	page_index_destroy(&o->pages);
	spin_unlock(&o->lock);
	if (o->port)
		port_put(o->port);
	cache_free(object_cache, o);
}

/* ---- pages in and out of the index ---- */

int object_insert_locked(struct object *o, struct page *p, pgoff_t at, uint16_t flags)
{
	assert_spin_held(&o->lock);
	int err = page_index_insert(&o->pages, at, p);
	if (err)
		return err;
	p->kind = PAGE_CACHE;
	p->flags = flags;
	p->sectors = 0;
	p->maps = 0;
	p->object = o;
	p->pgoff = at;
	__atomic_add_fetch(&vm_stat.cached_pages, 1, __ATOMIC_RELAXED);
	if (o->pager == PAGER_SERVER)
		queue_insert(p);
	return 0;
}

int object_adopt(struct object *o, struct page *first, size_t npages)
{
	int err = 0;
	size_t done = 0;

	spin_lock(&o->lock);
	for (; done < npages && !err; done += !err) {
		first[done].refs = 1;
		err = object_insert_locked(o, &first[done], done, PAGE_VALID | PAGE_RESERVED);
	}
	while (err && done--) {
		page_get(&first[done]);
		object_remove_locked(o, &first[done]);
	}
	spin_unlock(&o->lock);
	return err;
}

void object_remove_locked(struct object *o, struct page *p)
{
	assert_spin_held(&o->lock);
	if (p->flags & PAGE_QUEUED)
		queue_remove(p);
	if (page_index_marked(&o->pages, p->pgoff))
		__atomic_sub_fetch(&vm_stat.dirty_pages, 1, __ATOMIC_RELAXED);
	page_index_remove(&o->pages, p->pgoff);
	__atomic_sub_fetch(&vm_stat.cached_pages, 1, __ATOMIC_RELAXED);
	p->object = NULL;
	page_put(p);
}

bool object_dirty_locked(struct object *o, struct page *p)
{
	return page_index_marked(&o->pages, p->pgoff);
}

void object_mark_dirty_locked(struct object *o, struct page *p)
{
	assert_spin_held(&o->lock);
	p->flags |= PAGE_ACCESSED;
	if (page_index_marked(&o->pages, p->pgoff))
		return;
	page_index_mark(&o->pages, p->pgoff);
	__atomic_add_fetch(&vm_stat.dirty_pages, 1, __ATOMIC_RELAXED);
	if (o->node) {
		uint64_t now = clock_epoch_ns() + clock_now_ns();
		o->mtime_sec = (int64_t)(now / 1000000000);
		o->mtime_nsec = (int64_t)(now % 1000000000);
	}
}

/* ---- from a page to its PTEs: the object's VMAs give the addresses ---- */

/* The part of v that shows pages [first, last] of its object; false when none. */
static bool vma_window(const struct vma *v, pgoff_t first, pgoff_t last, vaddr_t *start, vaddr_t *end)
{
	pgoff_t v_last = v->pgoff + ((v->end - v->start) >> PAGE_SHIFT) - 1;

	if (first > v_last || last < v->pgoff)
		return false;
	*start = v->start + ((MAX(first, v->pgoff) - v->pgoff) << PAGE_SHIFT);
	*end = v->start + ((MIN(last, v_last) - v->pgoff + 1) << PAGE_SHIFT);
	return true;
}

void object_unmap_locked(struct object *o, pgoff_t first, pgoff_t last, bool cache_only)
{
	vaddr_t start, end;

	assert_spin_held(&o->lock);
	list_for_each(link, &o->vmas) {
		struct vma *v = list_entry(link, struct vma, object_link);
		if (!vma_window(v, first, last, &start, &end))
			continue;
		struct zap z;
		zap_init(&z, v->space);
		table_zap(&z, start, end, cache_only);
		zap_finish(&z);
	}
}

void object_protect_locked(struct object *o, pgoff_t at)
{
	vaddr_t addr, end;

	assert_spin_held(&o->lock);
	if (!o->shared_writable)
		return;
	list_for_each(link, &o->vmas) {
		struct vma *v = list_entry(link, struct vma, object_link);
		if (!vma_is_shared(v) || !vma_window(v, at, at, &addr, &end))
			continue;
		pte_t *pte = table_find(v->space, addr);
		if (!pte || !(*pte & PTE_WRITE))
			continue;
		spin_lock(&table_page(pte)->lock);
		bool open = *pte & PTE_WRITE;
		*pte &= ~(PTE_WRITE | PTE_DIRTY);
		spin_unlock(&table_page(pte)->lock);
		if (open)
			tlb_shootdown(&v->space->arch, addr, 1);
	}
}

/* Zero the bytes of the last page past the end of the file, if the page is here. */
void object_zero_tail_locked(struct object *o)
{
	size_t used = o->size & PAGE_MASK;
	struct page *p = used ? object_page_locked(o, o->size >> PAGE_SHIFT) : NULL;

	assert_spin_held(&o->lock);
	o->tail_dirty = false;
	if (p && p->flags & PAGE_VALID && !(p->flags & PAGE_BUSY))
		memset((char *)page_to_virt(p) + used, 0, PAGE_SIZE - used);
}

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

/* ---- sync ---- */

static int object_take_error(struct object *o)
{
	spin_lock(&o->lock);
	int err = o->write_error;
	o->write_error = 0;
	spin_unlock(&o->lock);
	return err;
}

void object_changed(struct object *o)
{
	spin_lock(&o->lock);
	o->unsynced = true;
	spin_unlock(&o->lock);
}

int object_sync(struct object *o, uint64_t off, uint64_t len, bool durable)
{
	if (o->pager != PAGER_SERVER || o->blocks || !len)
		return 0;
	spin_lock(&o->lock);
	bool clean = !o->pages.marked && !o->writing && !o->unsynced && !o->write_error && o->mtime_sec < 0;
	spin_unlock(&o->lock);
	if (clean)
		return 0;
	int err = pager_write(o, off, off + len < off ? ~0ul : off + len);
	if (durable && !err)
		err = pager_simple(o, PAGER_SYNC);
	int earlier = object_take_error(o);
	return err ? err : earlier;
}

int object_clean(struct object *o, uint64_t off, uint64_t len, int how)
{
	if (!o->blocks)
		return -EINVAL;
	if (!len || off >= o->size)
		return 0;
	len = MIN(len, o->size - off);
	if (how == OBJECT_WRITE) {
		int err = pager_write(o, off, off + len);
		int earlier = object_take_error(o);
		return err ? err : earlier;
	}
	pgoff_t at = off >> PAGE_SHIFT, last = (off + len - 1) >> PAGE_SHIFT;
	spin_lock(&o->lock);
	for (struct page *p; (p = page_index_next_marked(&o->pages, &at, last)); at++) {
		uint64_t base = at << PAGE_SHIFT;
		for (unsigned s = 0; s < PAGE_SIZE / 512; s++)
			if (base + s * 512 >= off && base + (s + 1) * 512 <= off + len)
				p->sectors &= (uint16_t)~(1u << s);
		if (!p->sectors) {
			page_index_unmark(&o->pages, at);
			__atomic_sub_fetch(&vm_stat.dirty_pages, 1, __ATOMIC_RELAXED);
		}
	}
	spin_unlock(&o->lock);
	return 0;
}

void object_drop_pages(struct object *o)
{
	pgoff_t at = 0;

	spin_lock(&o->lock);
	for (struct page *p; (p = page_index_next(&o->pages, &at, ~0ul)); at++)
		if (!p->maps && !(p->flags & (PAGE_BUSY | PAGE_WRITEBACK)) && !page_index_marked(&o->pages, at))
			object_remove_locked(o, p);
	spin_unlock(&o->lock);
}

/* The next object after `prev` (NULL: the first) with dirty pages, referenced; gives prev's reference back. */
static struct object *next_dirty(struct object *prev)
{
	struct object *found = NULL;

	spin_lock(&registry_lock);
	for (struct list *n = prev ? prev->all_link.next : all_objects.next; n != &all_objects && !found; n = n->next) {
		struct object *o = list_entry(n, struct object, all_link);
		if (o->pager == PAGER_SERVER && !o->blocks && (o->pages.marked || o->mtime_sec >= 0) && object_try_get(o))
			found = o;
	}
	spin_unlock(&registry_lock);
	if (prev)
		object_put(prev);
	return found;
}

int object_sync_all(void)
{
	int first = 0;

	for (struct object *o = next_dirty(NULL); o; o = next_dirty(o)) {
		int err = pager_write(o, 0, ~0ul);
		first = first ? first : err;
	}
	return first;
}
