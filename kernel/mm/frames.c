/* SPDX-License-Identifier: MIT */
/*
 * Physical memory, by frames. A buddy allocator (Knuth, The Art of Computer Programming, vol. 1,
 * 2.5) holds free blocks of 2^0 .. 2^10 frames, each aligned to its size; a block and its buddy,
 * which differs from it in one bit of the frame number, join when both are free. In front of it
 * every CPU has a small stack of single frames, its hot list, which needs no lock: the kernel is
 * not interrupted, and no CPU touches another's. A frame just freed is the next one to be
 * allocated, while its bytes are still in the CPU's cache.
 *
 *      page_alloc(0)  <-- pop --  hot list of this CPU  <-- HOT_BATCH at once --  buddy allocator
 *      page_put       -- push ->                        -- HOT_BATCH at once -->
 *
 * What a frame is, from its struct page:
 *      PAGE_FIXED                      never ours: firmware, the kernel's image, this table, holes
 *      PAGE_FREE, order <= MAX_ORDER   first frame of a free block; link is in free_list[order]
 *      PAGE_FREE, order ORDER_NONE     inside a free block, or in a hot list
 *      another kind                    allocated; refs > 0 in the first frame of the block
 * To join a block with its buddy, the allocator looks at the buddy's order alone. That is written
 * under the lock only, while kind and refs belong to whoever has the frame and may change at any
 * moment.
 *
 * The last frames are a reserve: an allocation without ALLOC_RESERVE fails while fewer are left in
 * the buddy allocator. The paging path needs frames in order to free frames. What hot lists hold is
 * not counted as reserve; it is at most HOT_MAX a CPU.
 *
 * The table of struct page is an array over all frame numbers up to the highest usable one, holes
 * included: 56 bytes for each 4096, and from address to struct page is one multiplication. It is
 * carved from the start of the largest usable range, before the allocator exists.
 *
 * Locks: frames_lock (RANK_FRAMES) guards the free lists and the counts; a leaf. Nothing here
 * sleeps or maps memory.
 *
 * Rejected: zones (every device here reaches all memory); a bitmap of free blocks (struct page is
 * there anyway and one byte of it says the same).
 */
#include "lib/log.h"
#include "lib/string.h"
#include "mm/mm_impl.h"

#define HOT_MAX   64u /* frames in a hot list */
#define HOT_BATCH 32u /* moved between hot list and buddy allocator at once */
#define RESERVE_SHARE 64u /* 1/64 of memory is reserve */
#define RESERVE_MIN   64u /* frames */

struct hot_list {
	uint64_t count, allocated, freed; /* the latter two since boot, blocks too */
	struct page *page[HOT_MAX];
} __attribute__((aligned(64)));

struct page *page_array;

_Static_assert(sizeof(struct page) <= 64, "metadata of a frame");

static struct spinlock frames_lock = SPINLOCK_INIT(RANK_FRAMES);
static struct list free_list[MAX_ORDER + 1]; /* (f) */
static uint64_t buddy_free;                  /* (f) frames in free_list */
static uint64_t total;                       /* constant after frames_init, as are the next two */
static uint64_t reserve, least_reserve;
static pfn_t end_pfn;                        /* page_array has this many entries */
static struct hot_list hot_list[MAX_CPUS];   /* each its CPU's own */

/* ---- the buddy allocator: frames_lock held ---- */

static void block_insert(struct page *page, unsigned order)
{
	page->order = (uint8_t)order;
	list_push_front(&free_list[order], &page->link);
}

static void block_take(struct page *page)
{
	list_remove(&page->link);
	page->order = ORDER_NONE;
}

static bool block_is_free(pfn_t pfn, unsigned order)
{
	return pfn < end_pfn && page_array[pfn].order == order;
}

/* Give a block back; it joins its buddy as long as that is free and whole. */
static void buddy_put_locked(struct page *page, unsigned order)
{
	pfn_t pfn = (pfn_t)(page - page_array);

	buddy_free += 1ul << order;
	while (order < MAX_ORDER && block_is_free(pfn ^ 1ul << order, order)) {
		block_take(&page_array[pfn ^ 1ul << order]);
		pfn &= ~(1ul << order);
		order++;
	}
	block_insert(&page_array[pfn], order);
}

/*
 * A block of exactly this order, split from a larger one if need be; NULL. Upper halves go back to
 * the lists.
 */
static struct page *buddy_get_locked(unsigned order)
{
	unsigned found = order;

	while (found <= MAX_ORDER && list_empty(&free_list[found]))
		found++;
	if (found > MAX_ORDER)
		return NULL;
	struct page *page = list_first(&free_list[found], struct page, link);
	block_take(page);
	while (found > order) {
		found--;
		block_insert(page + (1ul << found), found);
	}
	buddy_free -= 1ul << order;
	return page;
}

static bool may_take_locked(uint64_t frames, unsigned flags)
{
	return buddy_free >= frames + (flags & ALLOC_RESERVE ? 0 : reserve);
}

/* ---- hot lists: no lock, this CPU's own ---- */

/* Fill an empty hot list; it stays empty when the buddy allocator has nothing to give. */
static slow_path void hot_refill(struct hot_list *hot, unsigned flags)
{
	spin_lock(&frames_lock);
	while (hot->count < HOT_BATCH && may_take_locked(1, flags)) {
		hot->page[hot->count++] = buddy_get_locked(0);
		if (flags & ALLOC_RESERVE && buddy_free < reserve)
			break; /* the reserve is taken frame by frame */
	}
	spin_unlock(&frames_lock);
}

/* Return the older half of a full hot list. */
static slow_path void hot_drain(struct hot_list *hot)
{
	spin_lock(&frames_lock);
	for (unsigned i = 0; i < HOT_BATCH; i++)
		buddy_put_locked(hot->page[i], 0);
	spin_unlock(&frames_lock);
	hot->count -= HOT_BATCH;
	memcpy(hot->page, hot->page + HOT_BATCH, hot->count * sizeof(hot->page[0]));
}

/* ---- allocation ---- */

static void page_init(struct page *page)
{
	list_init(&page->link);
	page->refs = 1;
	page->maps = 0;
	page->kind = PAGE_KERNEL;
	page->flags = 0;
	page->sectors = 0;
}

static slow_path struct page *block_alloc(unsigned order, unsigned flags)
{
	struct page *page = NULL;

	assert(order <= MAX_ORDER);
	spin_lock(&frames_lock);
	if (may_take_locked(1ul << order, flags))
		page = buddy_get_locked(order);
	spin_unlock(&frames_lock);
	if (!page)
		return NULL;
	hot_list[cpu_index()].allocated += 1ul << order;
	for (size_t i = 1; i < 1ul << order; i++)
		page[i].kind = PAGE_KERNEL;
	page_init(page);
	if (flags & ALLOC_ZERO)
		memset(page_to_virt(page), 0, PAGE_SIZE << order);
	return page;
}

struct page *page_alloc(unsigned order, unsigned flags)
{
	unsigned cpu = cpu_index();
	struct hot_list *hot = &hot_list[cpu];

	if (failalloc_hit(cpu))
		return NULL;
	if (unlikely(order > 0))
		return block_alloc(order, flags);
	if (unlikely(hot->count == 0)) {
		hot_refill(hot, flags);
		if (hot->count == 0)
			return NULL;
	}
	struct page *page = hot->page[--hot->count];
	hot->allocated++;
	assert_checked(page->kind == PAGE_FREE && page->refs == 0);
	page_init(page);
	if (flags & ALLOC_ZERO)
		page_zero(page_to_virt(page));
	return page;
}

/* page_release: the last reference to a single frame is gone. */
void page_release(struct page *page)
{
	struct hot_list *hot = &hot_list[cpu_index()];

	assert_checked(page->kind > PAGE_FIXED && page->refs == 0);
	page->kind = PAGE_FREE;
	if (unlikely(hot->count == HOT_MAX))
		hot_drain(hot);
	hot->page[hot->count++] = page;
	hot->freed++;
}

void page_free(struct page *page, unsigned order)
{
	assert(page->refs <= 1 && page->kind > PAGE_FIXED);
	page->refs = 0;
	if (order == 0) {
		page_release(page);
		return;
	}
	for (size_t i = 0; i < 1ul << order; i++)
		page[i].kind = PAGE_FREE;
	hot_list[cpu_index()].freed += 1ul << order;
	spin_lock(&frames_lock);
	buddy_put_locked(page, order);
	spin_unlock(&frames_lock);
}

/* ---- counts ---- */

static uint64_t hot_count(void)
{
	uint64_t count = 0;

	for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++)
		count += *(volatile uint64_t *)&hot_list[cpu].count;
	return count;
}

/* Exact when the other CPUs are at rest, else a moment's view. */
uint64_t frames_free(void) { return *(volatile uint64_t *)&buddy_free + hot_count(); }
uint64_t frames_total(void) { return total; }

void frames_set_reserve(uint64_t frames)
{
	reserve = MIN(MAX(frames, least_reserve), total / 4);
}

uint64_t frames_allocated(void)
{
	uint64_t n = 0;

	for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++)
		n += hot_list[cpu].allocated;
	return n;
}

uint64_t frames_freed(void)
{
	uint64_t n = 0;

	for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++)
		n += hot_list[cpu].freed;
	return n;
}
uint64_t frames_reserve(void) { return reserve; }
pfn_t frames_end(void) { return end_pfn; }

/* ---- initialisation ---- */

/*
 * The frame table goes to the start of the largest usable range; what the loader put there already
 * is skipped.
 */
static paddr_t table_place(const struct memory_range *ranges, unsigned count,
			   const struct memory_range *taken, unsigned ntaken, uint64_t len)
{
	const struct memory_range *largest = NULL;

	for (unsigned i = 0; i < count; i++)
		if (ranges[i].usable && (!largest || ranges[i].len > largest->len))
			largest = &ranges[i];
	if (!largest)
		panic("no usable memory");
	paddr_t at = ALIGN_UP(largest->base, PAGE_SIZE);
	for (unsigned i = 0; i < ntaken; i++) /* each pass clears one taken range for good */
		for (unsigned j = 0; j < ntaken; j++)
			if (taken[j].len && at < taken[j].base + taken[j].len &&
			    taken[j].base < at + len)
				at = ALIGN_UP(taken[j].base + taken[j].len, PAGE_SIZE);
	if (at + len > largest->base + largest->len)
		panic("no room for the table of frames: %lu KiB", len >> 10);
	return at;
}

static pfn_t highest_pfn(const struct memory_range *ranges, unsigned count)
{
	paddr_t end = 0;

	for (unsigned i = 0; i < count; i++)
		if (ranges[i].usable)
			end = MAX(end, ranges[i].base + ranges[i].len);
	return MIN(end, MAX_MEMORY) >> PAGE_SHIFT;
}

/* Frames of a range: only whole ones when it is to be used, each one touched when it is not. */
static void range_set_kind(const struct memory_range *range, enum page_kind kind)
{
	paddr_t end = range->base + range->len;
	pfn_t first = (kind == PAGE_FREE ? range->base + PAGE_MASK : range->base) >> PAGE_SHIFT;
	pfn_t last = (kind == PAGE_FREE ? end : end + PAGE_MASK) >> PAGE_SHIFT;

	for (pfn_t pfn = first; pfn < last && pfn < end_pfn; pfn++)
		page_array[pfn].kind = (uint8_t)kind;
}

/* Frames marked free go to the buddy allocator, as the largest aligned blocks that they form. */
static void release_free_frames(void)
{
	pfn_t pfn = 0;

	while (pfn < end_pfn) {
		unsigned order = 0;
		pfn_t run = 0;
		while (run < 1ul << MAX_ORDER && pfn + run < end_pfn &&
		       page_array[pfn + run].kind == PAGE_FREE)
			run++;
		if (run == 0) {
			pfn++;
			continue;
		}
		while (order < MAX_ORDER && !(pfn & 1ul << order) && 2ul << order <= run)
			order++;
		buddy_put_locked(&page_array[pfn], order);
		pfn += 1ul << order;
	}
}

void frames_init(const struct memory_range *ranges, unsigned count,
		 const struct memory_range *taken, unsigned ntaken)
{
	for (unsigned order = 0; order <= MAX_ORDER; order++)
		list_init(&free_list[order]);
	end_pfn = highest_pfn(ranges, count);
	struct memory_range table = { .len = end_pfn * sizeof(struct page) };
	table.base = table_place(ranges, count, taken, ntaken, table.len);
	page_array = phys_to_virt(table.base);
	memset(page_array, 0, table.len);
	for (pfn_t pfn = 0; pfn < end_pfn; pfn++) {
		page_array[pfn].kind = PAGE_FIXED;
		page_array[pfn].order = ORDER_NONE;
	}
	for (unsigned i = 0; i < count; i++)
		if (ranges[i].usable)
			range_set_kind(&ranges[i], PAGE_FREE);
	for (unsigned i = 0; i < count; i++) /* where ranges overlap, the unusable one wins */
		if (!ranges[i].usable)
			range_set_kind(&ranges[i], PAGE_FIXED);
	for (unsigned i = 0; i < ntaken; i++)
		range_set_kind(&taken[i], PAGE_FIXED);
	range_set_kind(&table, PAGE_FIXED);
	if (end_pfn > 0)
		page_array[0].kind = PAGE_FIXED; /* physical address 0 means "none" in many places */

	spin_lock(&frames_lock);
	release_free_frames();
	total = buddy_free;
	reserve = least_reserve = MAX(total / RESERVE_SHARE, RESERVE_MIN);
	spin_unlock(&frames_lock);
}

/* ---- checking ---- */

static const char *check_block(const struct page *page, unsigned order)
{
	pfn_t pfn = (pfn_t)(page - page_array);

	if (pfn & ((1ul << order) - 1) || pfn + (1ul << order) > end_pfn)
		return "a free block lies askew";
	if (page->order != order)
		return "a free block is in another order's list";
	for (size_t i = 0; i < 1ul << order; i++) {
		if (page[i].kind != PAGE_FREE || page[i].refs != 0)
			return "a frame in a free block is in use";
		if (i > 0 && page[i].order != ORDER_NONE)
			return "a free block lies within another";
	}
	if (order < MAX_ORDER && block_is_free(pfn ^ 1ul << order, order))
		return "two free buddies are not joined";
	return NULL;
}

static const char *check_locked(void)
{
	uint64_t listed = 0;
	uint64_t free = 0;

	for (unsigned order = 0; order <= MAX_ORDER; order++)
		list_for_each(n, &free_list[order]) {
			const char *wrong = check_block(list_entry(n, struct page, link), order);
			if (wrong)
				return wrong;
			listed += 1ul << order;
		}
	if (listed != buddy_free)
		return "the count of free frames is not what the lists hold";
	for (pfn_t pfn = 0; pfn < end_pfn; pfn++)
		free += page_array[pfn].kind == PAGE_FREE;
	if (cpu_count <= 1 && free != listed + hot_count())
		return "a free frame is in no list";
	return NULL;
}

const char *frames_check(void)
{
	spin_lock(&frames_lock);
	const char *wrong = check_locked();
	spin_unlock(&frames_lock);
	return wrong;
}
