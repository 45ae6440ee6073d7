/* SPDX-License-Identifier: MIT */
/*
 * kernel/mm on the host: 32 MiB of the test program are physical memory, with holes as firmware
 * makes them, and the test is whichever CPU it says. Random allocations are compared with a table
 * of who owns each frame or byte, and the allocator's own checker runs between them.
 */
#include "host.h"

#include <abi/errno.h>

#include "arch.h"
#include "mm/mm.h"

#define MEMORY  (32ul << 20)
#define FRAMES  (MEMORY >> PAGE_SHIFT)
#define HELD_MAX 2000

char host_memory[MEMORY] __attribute__((aligned(4096)));
unsigned host_cpu;
unsigned cpu_count = 1;

static unsigned locks_held;

void cpu_poll(void) { }
void lock_check_acquire(const void *lock, uint8_t rank)
{
	(void)lock, (void)rank;
	locks_held++;
}
void lock_check_release(const void *lock)
{
	(void)lock;
	locks_held--;
}

static const struct memory_range ranges[] = {
	{ 0, 0x9fc00, true },
	{ 0x9fc00, 0x400, false },
	{ 0xf0000, 0x10000, false },
	{ 0x100000, MEMORY - 0x100000 - 0x20000, true },
	{ 0x800800, 0x900, false }, /* overlaps a usable one, with ragged ends */
};
static const struct memory_range taken[] = {
	{ 0x100000, 0x123456, true },  /* the image */
	{ 0x1000000, 0x40001, true },  /* the boot archive */
};

static bool is_taken(paddr_t pa)
{
	for (unsigned i = 0; i < 2; i++)
		if (pa + PAGE_SIZE > taken[i].base && pa < taken[i].base + taken[i].len)
			return true;
	for (unsigned i = 0; i < 5; i++)
		if (!ranges[i].usable && pa + PAGE_SIZE > ranges[i].base && pa < ranges[i].base + ranges[i].len)
			return true;
	return pa == 0;
}

/* ---- frames ---- */

static void frames_start_with_all_usable_memory(void)
{
	frames_init(ranges, ARRAY_SIZE(ranges), taken, ARRAY_SIZE(taken));
	heap_init();
	CHECK(frames_check() == NULL);
	CHECK(frames_free() == frames_total() && frames_total() > 7000 && frames_total() < FRAMES);
	CHECK(frames_reserve() >= 64);
	for (pfn_t pfn = 0; pfn < FRAMES - 0x20; pfn++)
		if (is_taken(pfn << PAGE_SHIFT))
			CHECK(page_array[pfn].kind == PAGE_FIXED);
}

struct held { struct page *page; unsigned order; };
static struct held held[HELD_MAX];
static unsigned held_count;
static bool owned[FRAMES];

static void take(unsigned order, unsigned flags)
{
	struct page *page = page_alloc(order, flags);

	if (!page)
		return;
	pfn_t pfn = page_to_phys(page) >> PAGE_SHIFT;
	CHECK(pfn % (1ul << order) == 0 && page->refs == 1 && page->kind == PAGE_KERNEL && page->flags == 0);
	for (pfn_t i = pfn; i < pfn + (1ul << order); i++) {
		CHECK(!owned[i] && !is_taken(i << PAGE_SHIFT));
		owned[i] = true;
	}
	const uint64_t *bytes = page_to_virt(page);
	if (flags & ALLOC_ZERO)
		for (size_t i = 0; i < (PAGE_SIZE << order) / 8; i += 64)
			CHECK(bytes[i] == 0);
	memset(page_to_virt(page), 0xaa, PAGE_SIZE << order);
	held[held_count++] = (struct held){ page, order };
}

static void give_back(unsigned i)
{
	struct held h = held[i];
	pfn_t pfn = page_to_phys(h.page) >> PAGE_SHIFT;

	held[i] = held[--held_count];
	for (pfn_t j = pfn; j < pfn + (1ul << h.order); j++)
		owned[j] = false;
	if (h.order == 0 && host_below(2))
		page_put(h.page);
	else
		page_free(h.page, h.order);
}

static uint64_t held_frames(void)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < held_count; i++)
		n += 1ul << held[i].order;
	return n;
}

static void give_back_all(void)
{
	while (held_count > 0)
		give_back(held_count - 1);
	CHECK(frames_free() == frames_total() && frames_check() == NULL);
}

static void frames_random_operations(void)
{
	for (unsigned op = 0; op < 150000; op++) {
		host_cpu = (unsigned)host_below(3);
		bool more = host_below(100) < (op / 10000 % 2 ? 55 : 45);
		if (more && held_count < HELD_MAX)
			take(host_below(3) ? 0 : (unsigned)host_below(6), host_below(8) ? 0 : ALLOC_ZERO);
		else if (held_count > 0)
			give_back((unsigned)host_below(held_count));
		if (op % 2000 == 0) {
			CHECK(frames_check() == NULL);
			CHECK(frames_free() + held_frames() == frames_total());
		}
		CHECK(locks_held == 0);
	}
	give_back_all();
}

/* Take single frames on every CPU in turn until there are none; how many. */
static uint64_t take_all(unsigned flags)
{
	uint64_t before = frames_free();

	for (host_cpu = 0; host_cpu < 3; host_cpu++) {
		struct page *page;
		while ((page = page_alloc(0, flags)))
			owned[page_to_phys(page) >> PAGE_SHIFT] = true;
	}
	host_cpu = 0;
	return before - frames_free();
}

/* Ordinary allocations stop at the reserve; the paging path gets the rest, to the last frame. */
static void frames_keep_a_reserve(void)
{
	CHECK(take_all(0) == frames_total() - frames_reserve());
	CHECK(page_alloc(1, 0) == NULL && page_alloc(0, 0) == NULL);
	CHECK(take_all(ALLOC_RESERVE) == frames_reserve() && frames_free() == 0);
	for (pfn_t pfn = 0; pfn < FRAMES; pfn++)
		if (owned[pfn]) {
			owned[pfn] = false;
			page_put(&page_array[pfn]);
		}
	CHECK(frames_free() == frames_total() && frames_check() == NULL);
}

/*
 * All frames were taken singly and freed in order: but for the last few, which are hot, buddies
 * have joined again.
 */
static void frames_join_to_the_largest_block(void)
{
	take(10, 0);
	CHECK(held_count == 1 && frames_free() == frames_total() - 1024);
	give_back_all();
}

/* ---- heap ---- */

struct block { unsigned char *at; size_t size; unsigned char fill; struct cache *cache; };
static struct block blocks[HELD_MAX];
static unsigned block_count;
static struct cache *odd_cache;  /* a size that is no power of two */
static struct cache *fpu_cache;  /* a multiple of 64 */

static void block_take(void)
{
	struct block b = { .size = host_below(4) ? 1 + host_below(600) : 1 + host_below(20000),
	                   .fill = (unsigned char)host_random() };
	uint64_t kind = host_below(8);

	if (kind == 0) {
		b.cache = odd_cache;
		b.size = 200;
	} else if (kind == 1) {
		b.cache = fpu_cache;
		b.size = 832;
	}
	b.at = b.cache ? cache_alloc(b.cache) : kmalloc(b.size);
	if (!b.at)
		return;
	CHECK((uintptr_t)b.at % 16 == 0);
	if (b.cache == fpu_cache || (!b.cache && b.size >= 64))
		CHECK((uintptr_t)b.at % 64 == 0);
	memset(b.at, b.fill, b.size);
	blocks[block_count++] = b;
}

static void block_give_back(unsigned i)
{
	struct block b = blocks[i];

	blocks[i] = blocks[--block_count];
	for (size_t j = 0; j < b.size; j++)
		CHECK(b.at[j] == b.fill);
	if (b.cache)
		cache_free(b.cache, b.at);
	else
		kfree(b.at);
}

static void heap_random_operations(void)
{
	if (!odd_cache) {
		odd_cache = cache_create("odd", 200);
		fpu_cache = cache_create("fpu", 832);
	}
	for (unsigned op = 0; op < 150000; op++) {
		host_cpu = (unsigned)host_below(3);
		bool more = host_below(100) < (op / 10000 % 2 ? 56 : 44);
		if (more && block_count < HELD_MAX)
			block_take();
		else if (block_count > 0)
			block_give_back((unsigned)host_below(block_count));
		if (op % 2000 == 0) {
			CHECK(heap_live() == block_count);
			CHECK(frames_free() + heap_bytes() / PAGE_SIZE == frames_total());
		}
		CHECK(locks_held == 0);
	}
	while (block_count > 0)
		block_give_back(block_count - 1);
}

/* When nothing is in use, every CPU's magazines and all empty slabs go back. */
static void heap_reclaim_returns_every_frame(void)
{
	for (host_cpu = 0; host_cpu < 3; host_cpu++)
		heap_reclaim();
	host_cpu = 0;
	CHECK(heap_live() == 0);
	heap_reclaim();
	CHECK(heap_bytes() == 0 && frames_free() == frames_total() && frames_check() == NULL);
}

static void heap_refuses_absurd_sizes(void)
{
	CHECK(kmalloc(SIZE_MAX) == NULL);
	CHECK(kmalloc((4ul << 20) + 1) == NULL);
	void *zero = kmalloc(0);
	CHECK(zero != NULL);
	kfree(zero);
	kfree(NULL);
	unsigned char *z = kzalloc(9000);
	CHECK(z != NULL);
	for (unsigned i = 0; i < 9000; i++)
		CHECK(z[i] == 0);
	kfree(z);
}

static void write_beyond(void *arg)
{
	struct cache *cache = arg;
	char *obj = cache_alloc(cache);

	obj[200] = 'x';
	cache_free(cache, obj);
}

static void free_twice(void *arg)
{
	char *obj = cache_alloc(arg);

	cache_free(arg, obj);
	cache_free(arg, obj);
}

static void write_after_free(void *arg)
{
	char *obj = cache_alloc(arg);

	cache_free(arg, obj);
	obj[100] = 'x';
	cache_alloc(arg);
}

static void free_to_wrong_cache(void *arg)
{
	cache_free(fpu_cache, cache_alloc(arg));
}

/* The checked build panics at each misuse; the plain build is not asked. */
static void heap_misuse_is_found(void)
{
	static void (*const misuse[])(void *) = { write_beyond, free_twice, write_after_free, free_to_wrong_cache };

	for (unsigned i = 0; CHECKED && i < ARRAY_SIZE(misuse); i++) {
		struct cache *cache = cache_create("victim", 200);
		CHECK(host_panics(misuse[i], cache));
	}
}

/* ---- stacks ---- */

static paddr_t mapped[8192 * (KSTACK_PAGES + 1)];
static unsigned mapped_count;
static unsigned fail_kmap_in;

int kmap(vaddr_t va, paddr_t pa, unsigned flags)
{
	size_t i = (va - KSTACK_BASE) / PAGE_SIZE;

	if (fail_kmap_in && --fail_kmap_in == 0)
		return -ENOMEM;
	CHECK(flags == KMAP_WRITE && i < ARRAY_SIZE(mapped) && !mapped[i] && i % (KSTACK_PAGES + 1) != 0);
	mapped[i] = pa;
	mapped_count++;
	return 0;
}

void kunmap(vaddr_t va, size_t npages)
{
	size_t first = (va - KSTACK_BASE) / PAGE_SIZE;

	for (size_t i = first; i < first + npages; i++) {
		CHECK(i < ARRAY_SIZE(mapped) && mapped[i]);
		mapped[i] = 0;
		mapped_count--;
	}
}

static void check_stack(void *stack)
{
	size_t first = ((vaddr_t)stack - KSTACK_BASE) / PAGE_SIZE;

	CHECK(!mapped[first - 1]); /* the guard */
	for (size_t i = first; i < first + KSTACK_PAGES; i++)
		CHECK(mapped[i] && phys_to_page(mapped[i])->refs == 1);
}

static void kstacks_are_mapped_above_a_guard_page(void)
{
	static void *stack[200];
	unsigned count = 0;
	uint64_t before = frames_free();

	for (unsigned op = 0; op < 20000; op++) {
		host_cpu = (unsigned)host_below(3);
		if (host_below(2) && count < 200) {
			failalloc_arm(host_below(4) ? 0 : 1 + host_below(5));
			fail_kmap_in = host_below(4) ? 0 : 1 + (unsigned)host_below(4);
			stack[count] = kstack_alloc();
			failalloc_arm(0);
			fail_kmap_in = 0;
			if (!stack[count])
				continue;
			check_stack(stack[count++]);
		} else if (count > 0) {
			unsigned i = (unsigned)host_below(count);
			check_stack(stack[i]);
			kstack_free(stack[i]);
			stack[i] = stack[--count];
		}
		CHECK(mapped_count == count * KSTACK_PAGES + kstack_frames());
		CHECK(frames_free() + mapped_count == before && locks_held == 0);
	}
	while (count > 0)
		kstack_free(stack[--count]);
	CHECK(frames_free() + kstack_frames() == before && kstack_frames() <= (3 * 4 + 32) * KSTACK_PAGES);
}

/* ---- failure on demand ---- */

static void failalloc_fails_exactly_the_nth(void)
{
	uint64_t before = failalloc_count();

	failalloc_arm(3);
	void *a = kmalloc(10);
	void *b = kmalloc(10);
	CHECK(a && b && !kmalloc(10));
	void *c = kmalloc(10);
	CHECK(c && failalloc_left == 0 && failalloc_count() >= before + 4);
	failalloc_arm(1);
	CHECK(!page_alloc(0, ALLOC_RESERVE));
	failalloc_arm(1);
	CHECK(!kmalloc(100000));
	kfree(a);
	kfree(b);
	kfree(c);
}

static const struct host_test tests[] = {
	HOST_TEST(frames_start_with_all_usable_memory),
	HOST_TEST(frames_random_operations),
	HOST_TEST(frames_keep_a_reserve),
	HOST_TEST(frames_join_to_the_largest_block),
	HOST_TEST(heap_random_operations),
	HOST_TEST(heap_reclaim_returns_every_frame),
	HOST_TEST(heap_refuses_absurd_sizes),
	HOST_TEST(failalloc_fails_exactly_the_nth),
	HOST_TEST(kstacks_are_mapped_above_a_guard_page),
	HOST_TEST(heap_misuse_is_found), /* last: it leaves the damage behind */
};

int main(int argc, char **argv)
{
	return host_main(tests, ARRAY_SIZE(tests), argc, argv);
}
