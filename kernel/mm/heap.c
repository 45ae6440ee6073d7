/* SPDX-License-Identifier: MIT */
/*
 * The kernel heap: slabs (Bonwick, USENIX 1994). A cache serves objects of one size from slabs,
 * which are blocks of 1, 2, 4 or 8 frames cut into equal objects. kmalloc is a row of caches of the
 * powers of two up to 8192, and whole frames beyond.
 *
 *      cache_alloc <-- pop --  magazine of this CPU  <-- batch --  slabs of the cache with free objects
 *      cache_free  -- push ->  (a chain, no lock)    -- batch -->  (cache->partial, under cache->lock)
 *
 * A free object's first word points to the next free one, in a magazine as in a slab. What is known
 * of a slab is in the struct page of its first frame: the chain of free objects, how many are out
 * (used: with a caller or in a magazine), and the link in `partial`. A slab is aligned to its size,
 * as all blocks are; so the first frame follows from any address inside. A slab is in one of three
 * states:
 *
 *      full      used == per_slab        in no list
 *      partial   0 < used < per_slab     in cache->partial
 *      empty     used == 0               in cache->partial, at most one; a second goes back to frames
 *
 * Magazines need no lock because the kernel is never interrupted and never preempted: between two
 * sleeps a thread stays on its CPU.
 *
 * The checked build gives each object eight bytes more, the redzone, and fills freed objects. A
 * write behind the end is found when the object is freed; a write after free, when it is allocated
 * again; freeing twice, when the fill pattern is found in what is being freed. The panic names the
 * cache.
 *
 * Locks: cache->lock (RANK_HEAP), frames below it. Nothing sleeps.
 *
 * Rejected: merging kmalloc classes with caches of the same size (names tell a leak's owner);
 * colouring (no machine it matters on); returning the objects in other CPUs' magazines when memory
 * is short (at most 32 objects a CPU and cache).
 */
#include "lib/log.h"
#include "lib/string.h"
#include "mm/mm_impl.h"

#define CACHES_MAX      64
#define MAGAZINE_MAX    32u /* objects a CPU keeps of a cache */
#define MAGAZINE_BATCH  16u /* objects moved between magazine and slabs at once */
#define SLAB_ORDER_MAX  3
#define SLAB_OBJECTS    8   /* a slab is made large enough for so many, if SLAB_ORDER_MAX allows */
#define CLASS_SHIFT_MIN 4   /* kmalloc classes: 16 .. 8192 */
#define CLASS_SHIFT_MAX 13
#define CLASSES         (CLASS_SHIFT_MAX - CLASS_SHIFT_MIN + 1)

#define REDZONE      0xfeedc0dedeadbea7ul
#define REDZONE_SIZE (CHECKED ? sizeof(uint64_t) : 0)
#define POISON       0x6b

struct magazine {
	void *first;    /* chain of free objects */
	uint64_t count; /* objects in the chain */
	int64_t live;   /* allocated minus freed on this CPU; the sum over CPUs counts */
} __attribute__((aligned(64)));

struct cache {
	const char *name;
	uint32_t size;         /* what callers may use of an object */
	uint32_t stride;       /* from one object to the next */
	uint32_t per_slab;     /* objects */
	uint32_t order;        /* of a slab */
	struct spinlock lock;
	struct list partial;   /* (lock) slabs with free objects; their first frames */
	struct page *empty;    /* (lock) the one empty slab in `partial`, or NULL */
	uint64_t slabs;        /* (lock) */
	struct magazine magazine[MAX_CPUS]; /* each its CPU's own */
};

static struct cache caches[CACHES_MAX];
static unsigned cache_count; /* grows at boot only, on the first CPU */
static struct cache *class_cache[CLASSES];
static const char *const class_name[CLASSES] = {
	"kmalloc-16", "kmalloc-32", "kmalloc-64", "kmalloc-128", "kmalloc-256",
	"kmalloc-512", "kmalloc-1024", "kmalloc-2048", "kmalloc-4096", "kmalloc-8192",
};
static volatile int64_t block_frames; /* (atomic) frames in kmalloc blocks beyond the classes */
static volatile int64_t block_live;   /* (atomic) number of such blocks */

static void *chain_next(void *obj) { return *(void **)obj; }
static void chain_set(void *obj, void *next) { *(void **)obj = next; }

/* ---- the checked build's fills ---- */

static uint64_t *redzone_of(const struct cache *cache, void *obj)
{
	return (uint64_t *)((char *)obj + cache->stride - REDZONE_SIZE);
}

/* The first word of a free object is the chain's. */
static void fill_free(const struct cache *cache, void *obj)
{
	memset((char *)obj + sizeof(void *), POISON, cache->stride - sizeof(void *));
}

static bool fill_intact(const struct cache *cache, const void *obj)
{
	const uint8_t *byte = obj;

	for (size_t i = sizeof(void *); i < cache->stride; i++)
		if (byte[i] != POISON)
			return false;
	return true;
}

static void check_alloc(const struct cache *cache, void *obj)
{
	if (!fill_intact(cache, obj))
		panic("heap: %s object %p was written to after it was freed", cache->name, obj);
	memset(obj, POISON, sizeof(void *));
	*redzone_of(cache, obj) = REDZONE;
}

static void check_free(const struct cache *cache, void *obj)
{
	const struct page *page = phys_to_page(virt_to_phys(obj));

	if (page->cache != cache)
		panic("heap: %p is no object of cache %s", obj, cache->name);
	if (fill_intact(cache, obj))
		panic("heap: %s object %p is freed twice", cache->name, obj);
	if (*redzone_of(cache, obj) != REDZONE)
		panic("heap: %s object %p was written to beyond its end", cache->name, obj);
	fill_free(cache, obj);
}

/* ---- slabs: cache->lock held ---- */

/* The first frame of the slab that an object lies in. */
static struct page *slab_of(const struct cache *cache, const void *obj)
{
	return phys_to_page(ALIGN_DOWN(virt_to_phys(obj), PAGE_SIZE << cache->order));
}

static bool nobody(void)
{
	return false;
}

bool (*heap_on_paging_path)(void) = nobody;

static unsigned heap_flags(void)
{
	return heap_on_paging_path() ? ALLOC_RESERVE : 0;
}

/* A new slab, all objects free and chained in ascending order. */
static struct page *slab_create_locked(struct cache *cache)
{
	struct page *slab = page_alloc(cache->order, heap_flags());

	if (!slab)
		return NULL;
	for (size_t i = 0; i < 1ul << cache->order; i++)
		slab[i].cache = cache;
	slab->free_objects = NULL;
	slab->used = 0;
	char *base = page_to_virt(slab);
	for (size_t i = cache->per_slab; i-- > 0; ) {
		void *obj = base + i * cache->stride;
		if (CHECKED)
			fill_free(cache, obj);
		chain_set(obj, slab->free_objects);
		slab->free_objects = obj;
	}
	list_push_front(&cache->partial, &slab->link);
	cache->slabs++;
	cache->empty = slab;
	return slab;
}

static void slab_destroy_locked(struct cache *cache, struct page *slab)
{
	list_remove(&slab->link);
	cache->slabs--;
	page_free(slab, cache->order);
}

static void *slab_take_locked(struct cache *cache, struct page *slab)
{
	void *obj = slab->free_objects;

	slab->free_objects = chain_next(obj);
	if (slab->used++ == 0)
		cache->empty = NULL;
	if (slab->used == cache->per_slab)
		list_remove(&slab->link);
	return obj;
}

static void slab_put_locked(struct cache *cache, void *obj)
{
	struct page *slab = slab_of(cache, obj);

	if (slab->used == cache->per_slab)
		list_push_front(&cache->partial, &slab->link);
	chain_set(obj, slab->free_objects);
	slab->free_objects = obj;
	if (--slab->used > 0)
		return;
	if (cache->empty)
		slab_destroy_locked(cache, slab);
	else
		cache->empty = slab;
}

/* ---- magazines ---- */

/* Fill an empty magazine from partial slabs; make a slab only when there is no object at all. */
static slow_path void magazine_fill(struct cache *cache, struct magazine *mag)
{
	spin_lock(&cache->lock);
	while (mag->count < MAGAZINE_BATCH) {
		struct page *slab;
		if (!list_empty(&cache->partial))
			slab = list_first(&cache->partial, struct page, link);
		else if (mag->count > 0 || !(slab = slab_create_locked(cache)))
			break;
		void *obj = slab_take_locked(cache, slab);
		chain_set(obj, mag->first);
		mag->first = obj;
		mag->count++;
	}
	spin_unlock(&cache->lock);
}

static slow_path void magazine_drain(struct cache *cache, struct magazine *mag, uint64_t keep)
{
	spin_lock(&cache->lock);
	while (mag->count > keep) {
		void *obj = mag->first;
		mag->first = chain_next(obj);
		mag->count--;
		slab_put_locked(cache, obj);
	}
	spin_unlock(&cache->lock);
}

void *cache_alloc(struct cache *cache)
{
	unsigned cpu = cpu_index();
	struct magazine *mag = &cache->magazine[cpu];

	if (failalloc_hit(cpu))
		return NULL;
	if (unlikely(!mag->first)) {
		magazine_fill(cache, mag);
		if (!mag->first)
			return NULL;
	}
	void *obj = mag->first;
	mag->first = chain_next(obj);
	mag->count--;
	mag->live++;
	if (CHECKED)
		check_alloc(cache, obj);
	return obj;
}

void cache_free(struct cache *cache, void *obj)
{
	struct magazine *mag = &cache->magazine[cpu_index()];

	if (CHECKED)
		check_free(cache, obj);
	chain_set(obj, mag->first);
	mag->first = obj;
	mag->live--;
	if (unlikely(++mag->count > MAGAZINE_MAX))
		magazine_drain(cache, mag, MAGAZINE_MAX - MAGAZINE_BATCH);
}

/* ---- caches ---- */

struct cache *cache_create(const char *name, size_t size)
{
	size_t align = size % 64 == 0 ? 64 : 16;
	struct cache *cache = &caches[cache_count];

	assert(cache_count < CACHES_MAX && size > 0 && size <= 1ul << CLASS_SHIFT_MAX);
	cache_count++;
	cache->name = name;
	cache->size = (uint32_t)size;
	cache->stride = (uint32_t)ALIGN_UP(size + REDZONE_SIZE, align);
	while (cache->order < SLAB_ORDER_MAX &&
	       (PAGE_SIZE << cache->order) / cache->stride < SLAB_OBJECTS)
		cache->order++;
	cache->per_slab = (uint32_t)((PAGE_SIZE << cache->order) / cache->stride);
	spin_init(&cache->lock, RANK_HEAP);
	list_init(&cache->partial);
	return cache;
}

void heap_init(void)
{
	for (unsigned i = 0; i < CLASSES; i++)
		class_cache[i] = cache_create(class_name[i], 1ul << (CLASS_SHIFT_MIN + i));
}

/* ---- kmalloc ---- */

/*
 * Whole frames, for what is larger than any class. The block's first frame has no cache, and its
 * order in `used`.
 */
static slow_path void *block_alloc(size_t size)
{
	unsigned order = 0;

	while (order <= MAX_ORDER && PAGE_SIZE << order < size)
		order++;
	if (order > MAX_ORDER)
		return NULL;
	struct page *page = page_alloc(order, heap_flags());
	if (!page)
		return NULL;
	page->cache = NULL;
	page->used = order;
	__atomic_add_fetch(&block_frames, 1l << order, __ATOMIC_RELAXED);
	__atomic_add_fetch(&block_live, 1, __ATOMIC_RELAXED);
	return page_to_virt(page);
}

static slow_path void block_free(struct page *page)
{
	__atomic_sub_fetch(&block_frames, 1l << page->used, __ATOMIC_RELAXED);
	__atomic_sub_fetch(&block_live, 1, __ATOMIC_RELAXED);
	page_free(page, page->used);
}

/* The smallest class that holds size bytes. */
static unsigned class_of(size_t size)
{
	if (size <= 1ul << CLASS_SHIFT_MIN)
		return 0;
	return 64u - (unsigned)__builtin_clzl(size - 1) - CLASS_SHIFT_MIN;
}

void *kmalloc(size_t size)
{
	if (unlikely(size > 1ul << CLASS_SHIFT_MAX))
		return block_alloc(size);
	return cache_alloc(class_cache[class_of(size)]);
}

void *kzalloc(size_t size)
{
	void *ptr = kmalloc(size);

	if (ptr)
		memset(ptr, 0, size);
	return ptr;
}

void kfree(void *ptr)
{
	if (!ptr)
		return;
	struct page *page = phys_to_page(virt_to_phys(ptr));
	assert_checked(page->kind == PAGE_KERNEL);
	if (page->cache)
		cache_free(page->cache, ptr);
	else
		block_free(page);
}

/* ---- counts ---- */

size_t heap_bytes(void)
{
	uint64_t frames = (uint64_t)block_frames;

	for (unsigned i = 0; i < cache_count; i++)
		frames += *(volatile uint64_t *)&caches[i].slabs << caches[i].order;
	return frames * PAGE_SIZE;
}

size_t heap_live(void)
{
	int64_t live = block_live;

	for (unsigned i = 0; i < cache_count; i++)
		for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++)
			live += *(volatile int64_t *)&caches[i].magazine[cpu].live;
	return (size_t)live;
}

/* Objects in other CPUs' magazines cannot be had; their slabs stay. */
void heap_reclaim(void)
{
	for (unsigned i = 0; i < cache_count; i++) {
		struct cache *cache = &caches[i];
		magazine_drain(cache, &cache->magazine[cpu_index()], 0);
		spin_lock(&cache->lock);
		if (cache->empty) {
			slab_destroy_locked(cache, cache->empty);
			cache->empty = NULL;
		}
		spin_unlock(&cache->lock);
	}
}
