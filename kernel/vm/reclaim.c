/* SPDX-License-Identifier: MIT */
/*
 * Reclaim and write-back: memory for those who ask when there is none, and dirty pages to the disk in time.
 *
 * Every page that a server can supply again is on one queue, oldest at the front. Reclaim takes from the front: a page
 * used since it was queued (PAGE_ACCESSED) goes to the back once (the second chance), a dirty one is left for
 * write-back, a clean one leaves every mapping, the index, and memory. Private pages and pages of server-less objects
 * stay: there is no swap.
 *
 *      queue ──front──► accessed? ──► back of the queue
 *                       dirty?    ──► back; its object is cleaned when too little was clean
 *                       clean     ──► unmap, out of the index, free
 *
 * From the queue's side the locks are met in the wrong order (queue, then object), so: take references under the
 * queue's lock, let it go, lock the object, look again.
 *
 * Two threads do this in the background: `reclaim` keeps some frames free so that allocations which cannot wait
 * succeed, `writeback` cleans everything dirty every five seconds (dirty_writeback_centisecs). A thread that finds no
 * memory reclaims by itself, and then waits while others are ending; one on the paging path (thread->pager) never
 * waits for another server: it takes from the reserve instead.
 */
#include "vm/vm_impl.h"

#define RECLAIM_BATCH 64
#define PAGER_RETRIES 200
#define PAGER_RETRY_NS 10000000ul
#define RECLAIM_REST_NS 5000000ul
#define ENDING_RETRIES 16 /* a second in all */
#define ENDING_RETRY_FIRST_NS 1000000ul
#define ENDING_RETRY_MOST_NS 100000000ul

static struct spinlock queue_lock = SPINLOCK_INIT(RANK_QUEUES);
static struct list queue = LIST_INIT(queue); /* struct page.link */
static uint64_t queued;
static struct wait_queue reclaim_wait, writeback_wait;
static struct spinlock writeback_lock = SPINLOCK_INIT(RANK_PORT); /* between a look at the period and the wait */
static bool started;
static struct thread *reclaimer;

static bool thread_is_reclaimer(void) { return thread_current() == reclaimer; }

void queue_insert(struct page *p)
{
	spin_lock(&queue_lock);
	p->flags |= PAGE_QUEUED;
	list_push_back(&queue, &p->link);
	queued++;
	spin_unlock(&queue_lock);
}

void queue_remove(struct page *p)
{
	spin_lock(&queue_lock);
	p->flags &= ~PAGE_QUEUED;
	list_remove(&p->link);
	queued--;
	spin_unlock(&queue_lock);
}

/* A space after `prev` (NULL: the first) with pages freed lazily, referenced; gives prev's reference back. */
static struct space *next_lazy(struct space *prev)
{
	struct space *found = NULL;

	spin_lock(&registry_lock);
	for (struct list *n = prev ? prev->all_link.next : all_spaces.next; n != &all_spaces && !found; n = n->next) {
		struct space *s = list_entry(n, struct space, all_link);
		if (s->lazy && space_try_get(s))
			found = s;
	}
	spin_unlock(&registry_lock);
	if (prev)
		space_put(prev);
	return found;
}

/* The front page and its object, both referenced; the page goes to the back meanwhile. NULL: the queue is empty. */
static struct page *queue_next(struct object **object)
{
	struct page *found = NULL;

	spin_lock(&queue_lock);
	for (uint64_t tries = queued; tries && !found; tries--) {
		struct page *p = list_entry(list_pop_front(&queue), struct page, link);
		list_push_back(&queue, &p->link);
		/* A queued page is in an index, so its object is alive or about to take it off the queue. */
		*object = p->object;
		if (*object && object_try_get(*object)) {
			page_get(p);
			found = p;
		}
	}
	spin_unlock(&queue_lock);
	return found;
}

/* Evict p if nobody needs it: 1 done, 0 not now. */
static unsigned evict(struct object *o, struct page *p)
{
	unsigned done = 0;

	spin_lock(&o->lock);
	if (p->object == o && p->flags & PAGE_ACCESSED) {
		p->flags &= ~PAGE_ACCESSED;
	} else if (p->object == o && p->flags & PAGE_VALID && !(p->flags & (PAGE_BUSY | PAGE_WRITEBACK)) &&
	           !object_dirty_locked(o, p) && p->refs == 2 && !(p->maps && object_is_locked_locked(o, p->pgoff))) {
		if (p->maps)
			object_unmap_locked(o, p->pgoff, p->pgoff, true);
		if (!p->maps && p->refs == 2) {
			object_remove_locked(o, p);
			done = 1;
		}
	}
	spin_unlock(&o->lock);
	return done;
}

void reclaim_range(struct object *o, pgoff_t first, pgoff_t last)
{
	for (pgoff_t at = first; at <= last; at++) {
		spin_lock(&o->lock);
		struct page *p = page_index_next(&o->pages, &at, last);
		if (p && p->maps <= 1) {
			p->flags &= (uint16_t)~PAGE_ACCESSED;
			page_get(p);
		} else if (p) {
			p = NULL;
		} else {
			at = last;
		}
		spin_unlock(&o->lock);
		if (p) {
			vm_count(&vm_stat.stolen, evict(o, p));
			page_put(p);
		}
	}
}

/* What processes have freed lazily; pages. */
static uint64_t reclaim_lazy(void)
{
	uint64_t freed = 0;

	for (struct space *s = next_lazy(NULL); s; s = next_lazy(s))
		freed += space_drop_lazy(s);
	return freed;
}

/* Look at up to `scan` pages; how many were freed. */
static unsigned reclaim_scan(uint64_t scan, unsigned want)
{
	bool direct = !thread_is_reclaimer();
	uint64_t left = scan;
	unsigned freed = 0;

	for (; left && freed < want; left--) {
		struct object *o;
		struct page *p = queue_next(&o);
		if (!p)
			break;
		freed += evict(o, p);
		page_put(p);
		object_put(o);
	}
	vm_count(&vm_stat.scanned, scan - left);
	vm_count(&vm_stat.stolen, freed);
	if (direct) {
		vm_count(&vm_stat.scanned_direct, scan - left);
		vm_count(&vm_stat.stolen_direct, freed);
	}
	return freed;
}

/* Two rounds of the clock; if that frees too little, clean what is dirty and go round again. */
static unsigned reclaim(unsigned want, bool may_write)
{
	unsigned freed = (unsigned)MIN(reclaim_lazy(), (uint64_t)want);

	if (freed < want)
		freed += reclaim_scan(2 * queued, want - freed);

	if (freed < want && may_write && vm_stat.dirty_pages) {
		object_sync_all();
		freed += reclaim_scan(2 * queued, want - freed);
	}
	if (freed < want && may_write)
		freed += node_cache_shrink(RECLAIM_BATCH);
	heap_reclaim();
	return freed;
}

void vm_rest(uint64_t ns)
{
	struct spinlock lock = SPINLOCK_INIT(RANK_PORT);
	struct wait_queue nobody_wakes;

	wait_queue_init(&nobody_wakes);
	spin_lock(&lock);
	wait_on(&nobody_wakes, &lock, WAIT_KILLABLE, clock_now_ns() + ns);
	spin_unlock(&lock);
}

/*
 * A server on the paging path must not fail for want of a frame, for it is what makes frames free: it takes from the
 * reserve, and when even that is gone it waits for the others rather than giving up.
 */
static struct page *alloc_for_pager(unsigned flags)
{
	struct page *p = page_alloc(0, flags | ALLOC_RESERVE);

	for (int tries = 0; unlikely(!p) && tries < PAGER_RETRIES && !thread_killed(); tries++) {
		if (!reclaim(RECLAIM_BATCH, false))
			vm_rest(PAGER_RETRY_NS);
		p = page_alloc(0, flags | ALLOC_RESERVE);
	}
	return p;
}

struct page *vm_page_alloc(bool zero)
{
	unsigned flags = zero ? ALLOC_ZERO : 0;
	struct page *p;

	if (thread_current()->pager) {
		p = alloc_for_pager(flags);
	} else {
		p = page_alloc(0, flags);
		if (unlikely(!p))
			vm_count(&vm_stat.stalls, 1);
		for (int tries = 0; unlikely(!p) && tries < 4 && !thread_killed(); tries++) {
			unsigned freed = reclaim(RECLAIM_BATCH, true);
			p = page_alloc(0, flags);
			if (!p && !freed)
				break;
		}
		/*
		 * Memory of processes that are ending is on its way back: nobody else need end for want of it. Thousands
		 * may wait, and must not keep the CPUs from those who end.
		 */
		uint64_t ns = ENDING_RETRY_FIRST_NS;
		for (int tries = 0; unlikely(!p) && tries < ENDING_RETRIES && procs_ending && !thread_killed(); tries++) {
			vm_rest(ns);
			ns = MIN(2 * ns, ENDING_RETRY_MOST_NS);
			p = page_alloc(0, flags);
		}
	}
	if (started)
		reclaim_poke();
	return p;
}

uint64_t writeback_threshold(bool background)
{
	uint64_t bytes = background ? vm_tunable.dirty_background_bytes : vm_tunable.dirty_bytes;
	uint32_t ratio = background ? vm_tunable.dirty_background_ratio : vm_tunable.dirty_ratio;

	return bytes ? bytes / PAGE_SIZE : frames_total() * ratio / 100;
}

/*
 * Dirty pages may fill a share of memory and no more: beyond it whoever dirties them cleans them, so a fast writer runs
 * at the speed of the disk, and reclaim finds clean pages. Half-way there the write-back thread begins.
 */
void writeback_throttle(struct object *o)
{
	uint64_t dirty = vm_stat.dirty_pages;

	if (likely(dirty <= writeback_threshold(true)) || thread_current()->pager || o->blocks)
		return;
	if (dirty > writeback_threshold(false))
		pager_write(o, 0, ~0ul);
	else
		wait_wake_one(&writeback_wait);
}

/* ---- on demand ---- */

/* An object with pages after `prev` (NULL: the first), referenced; gives prev's reference back. */
static struct object *next_cached(struct object *prev)
{
	struct object *found = NULL;

	spin_lock(&registry_lock);
	for (struct list *n = prev ? prev->all_link.next : all_objects.next; n != &all_objects && !found; n = n->next) {
		struct object *o = list_entry(n, struct object, all_link);
		if (o->pager == PAGER_SERVER && !o->blocks && o->pages.count && object_try_get(o))
			found = o;
	}
	spin_unlock(&registry_lock);
	if (prev)
		object_put(prev);
	return found;
}

void vm_drop_caches(bool pages, bool nodes)
{
	for (struct object *o = pages ? next_cached(NULL) : NULL; o; o = next_cached(o))
		object_drop_pages(o, 0, ~0ul);
	while (nodes && node_cache_shrink(RECLAIM_BATCH))
		;
	heap_reclaim();
	vm_count(&vm_stat.drop_pagecache, pages);
	vm_count(&vm_stat.drop_slab, nodes);
}

/* ---- the threads ---- */

static bool on_paging_path(void)
{
	struct thread *t = thread_current();

	return t && t->pager;
}

/* The cache keeps growing; frames for the heap and for faults should be free without waiting. */
static bool memory_is_low(void)
{
	return frames_free() < 3 * frames_reserve();
}

void reclaim_poke(void)
{
	if (unlikely(memory_is_low()))
		wait_wake_one(&reclaim_wait);
}

static void reclaim_main(void *arg)
{
	struct spinlock lock = SPINLOCK_INIT(RANK_PORT);
	(void)arg;

	thread_current()->pager = true;
	reclaimer = thread_current();
	for (;;) {
		spin_lock(&lock);
		if (!memory_is_low())
			wait_on(&reclaim_wait, &lock, WAIT_ALWAYS, UINT64_MAX);
		spin_unlock(&lock);
		/*
		 * When the whole queue gave little, rest, and let no poke cut it short: what is left of the cache is what
		 * running programs fault in, and its page taken again at once keeps a thread from ever executing the
		 * instruction it faulted on.
		 */
		if (reclaim(RECLAIM_BATCH, true) < RECLAIM_BATCH)
			vm_rest(RECLAIM_REST_NS);
	}
}

static uint64_t writeback_deadline(void)
{
	uint32_t centis = vm_tunable.dirty_writeback_centisecs;

	return centis ? clock_now_ns() + centis * 10000000ul : UINT64_MAX;
}

static void writeback_main(void *arg)
{
	(void)arg;

	thread_current()->pager = true;
	for (;;) {
		spin_lock(&writeback_lock);
		int err = wait_on(&writeback_wait, &writeback_lock, WAIT_ALWAYS, writeback_deadline());
		spin_unlock(&writeback_lock);
		if (err != -ETIMEDOUT || vm_tunable.dirty_writeback_centisecs) /* else it has been set to 0 meanwhile */
			object_sync_all();
	}
}

void writeback_now(void)
{
	spin_lock(&writeback_lock);
	wait_wake_one(&writeback_wait);
	spin_unlock(&writeback_lock);
}

void reclaim_start(void)
{
	wait_queue_init(&reclaim_wait);
	wait_queue_init(&writeback_wait);
	heap_on_paging_path = on_paging_path;
	if (!thread_create_kernel("reclaim", reclaim_main, NULL) ||
	    !thread_create_kernel("writeback", writeback_main, NULL))
		panic("no memory for the reclaim threads");
	started = true;
}
