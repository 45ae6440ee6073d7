/* SPDX-License-Identifier: MIT */
/*
 * VM objects: a growing set of pages indexed by page number. The index is the page cache; there is no other. read(),
 * write(), mmap, execve and the filesystem's own metadata all come here.
 *
 * A page of an object is in one of these states (flags in struct page, guarded by the object's lock):
 *
 *      absent ──► BUSY ──► VALID, clean ──► VALID, dirty (marked in the index)
 *                  │           ▲                 │
 *                  └─► absent  └─ WRITEBACK ◄────┘      WRITE sent: the mark is cleared first, so a store meanwhile
 *                (READ failed)                          makes the page dirty again
 *
 * BUSY frames are lent to a server: nobody looks at their bytes. Everything else may be read, stored to and mapped at
 * any time. A page is dirty exactly when the index marks it, and no PTE may be writable while it is not: the first
 * store faults, asks the pager for space, sets the mark, and opens the PTE.
 *
 * The kernel's `size` is the authority while an object lives. Bytes of the last page past the end read as zero: they
 * are zeroed when the page is filled, when the file shrinks or grows, and when the last mapping that could store there
 * goes. What a live mapping stored there is never written: pager.c sends a copy with a zero tail.
 *
 * The alternative to one lock an object, a lock a page, was left out: the BUSY state already keeps long waits off the
 * lock.
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
	static volatile uint64_t last_id;
	struct object *o = cache_alloc(object_cache);

	if (!o)
		return NULL;
	memset(o, 0, sizeof *o);
	spin_init(&o->lock, RANK_OBJECT);
	o->refs = 1;
	o->id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
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
	commit_release(o->charged);
	if (o->quota)
		quota_put(o->quota);
	if (o->port)
		port_put(o->port);
	cache_free(object_cache, o);
}

/* ---- pages in and out of the index ---- */

int object_insert_locked(struct object *o, struct page *p, pgoff_t at, uint16_t flags)
{
	assert_spin_held(&o->lock);
	if (!commit_take_page(o))
		return -ENOSPC; /* as a full filesystem in memory says it */
	int err = page_index_insert(&o->pages, at, p);
	if (err) {
		commit_drop_page(o);
		return err;
	}
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
	commit_drop_page(o);
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
	vm_count(&vm_stat.dirty_pages, 1);
	vm_count(&vm_stat.dirtied, 1);
	thread_current()->dirtied_pages += o->pager == PAGER_SERVER;
}

void object_touch_locked(struct object *o)
{
	uint64_t now = clock_epoch_ns() + clock_now_ns();

	assert_spin_held(&o->lock);
	o->mtime_sec = (int64_t)(now / 1000000000);
	o->mtime_nsec = (int64_t)(now % 1000000000);
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
		spin_lock(&v->space->links);
		table_zap(&z, start, end, cache_only);
		zap_finish(&z);
		spin_unlock(&v->space->links);
	}
}

/*
 * One mapping's entry of a page, if it has one; space->links is held. Of a shared table nobody's TLB lets anybody
 * store.
 */
static void protect_entry(struct space *s, vaddr_t addr)
{
	pte_t *pte = table_find(s, addr);

	if (!pte)
		return;
	if (!(*pte & PTE_WRITE)) {
		if (unlikely(s->unflushed))
			tlb_shootdown(&s->arch, addr, 1);
		return;
	}
	spin_lock(&table_page(pte)->lock);
	bool open = *pte & PTE_WRITE;
	*pte &= ~(PTE_WRITE | PTE_DIRTY);
	spin_unlock(&table_page(pte)->lock);
	if (open)
		tlb_shootdown(&s->arch, addr, 1);
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
		spin_lock(&v->space->links);
		protect_entry(v->space, addr);
		spin_unlock(&v->space->links);
	}
}

/* Zero the bytes of the last page past the end of the file, if the page is here. */
void object_zero_tail_locked(struct object *o)
{
	size_t used = o->size & PAGE_MASK;
	struct page *p = used ? object_page_locked(o, o->size >> PAGE_SHIFT) : NULL;

	assert_spin_held(&o->lock);
	o->tail_dirty = o->shared_writable; /* entries that are open stay open */
	if (p && p->flags & PAGE_VALID && !(p->flags & PAGE_BUSY))
		memset((char *)page_to_virt(p) + used, 0, PAGE_SIZE - used);
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
	bool clean = !o->pages.marked && !o->writing && !o->unsynced && !o->syncing && !o->write_error && o->mtime_sec < 0;
	bool cut = o->cut_untold;
	spin_unlock(&o->lock);
	if (clean && !cut)
		return 0;
	int err = cut ? object_settle_size(o) : 0;
	if (err)
		return err;
	err = pager_write(o, off, off + len < off ? ~0ul : off + len);
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

void object_drop_pages(struct object *o, pgoff_t first, pgoff_t last)
{
	pgoff_t at = first;

	spin_lock(&o->lock);
	for (struct page *p; (p = page_index_next(&o->pages, &at, last)); at++)
		if (!p->maps && p->refs == 1 && !(p->flags & (PAGE_BUSY | PAGE_WRITEBACK)) && !page_index_marked(&o->pages, at))
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
