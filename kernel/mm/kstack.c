/* SPDX-License-Identifier: MIT */
/*
 * Kernel stacks. Each lies in a slot of its own in the region at KSTACK_BASE, above a page that is
 * never mapped, so that an overflow is a fault at once and not a silent write into a neighbour:
 *
 *      KSTACK_BASE   | guard | 4 pages | guard | 4 pages | ...
 *                    |<---- slot 0 --->|<---- slot 1 --->|
 *                            ^ what kstack_alloc returns
 *
 * A slot is FREE (nothing mapped, in the free stack of slot numbers or beyond slots_used), or
 * MAPPED (four frames). A mapped slot belongs to a thread, or waits for the next one in a CPU's spare
 * list or, when that is full, in the pool of all CPUs: fork and exit are frequent, and a spare costs no
 * page-table edit and no TLB shootdown. The pool is there because a child often ends on another CPU
 * than its parent's: without it one CPU would make stacks all the time and another unmap them, each
 * with a shootdown of every CPU. Only when the pool is full too is a stack unmapped.
 *
 * The frames are single ones, chained through their link; slot_frames remembers the first, for the
 * page tables are the architecture's and are not read back here.
 *
 * Spare lists need no lock, as every per-CPU list of the kernel. slots_lock (RANK_KMAP) guards the
 * pool and the slot numbers and is let go before kmap, which has a lock of the same rank. The page tables of the
 * region are never freed; 512 pages need one, so they stay under 0.2 % of the stacks at their peak.
 *
 * Rejected: stacks from the physmap, which need no mapping but have no guard page either.
 */
#include "lib/log.h"
#include "mm/mm_impl.h"

#define SLOTS_MAX  8192u
#define SLOT_SIZE  ((KSTACK_PAGES + 1) * PAGE_SIZE)
#define SPARES_MAX 4u
#define POOL_MAX   32u

struct spares {
	uint64_t count;
	void *stack[SPARES_MAX];
} __attribute__((aligned(64)));

static struct spares spares[MAX_CPUS];        /* each its CPU's own */
static struct page *slot_frames[SLOTS_MAX];   /* of a MAPPED slot: its first frame; the owner's */
static struct spinlock slots_lock = SPINLOCK_INIT(RANK_KMAP);
static uint16_t free_slot[SLOTS_MAX];         /* (slots_lock) a stack of FREE slots */
static unsigned free_slots;                   /* (slots_lock) */
static void *pool[POOL_MAX];                  /* (slots_lock) spares of all CPUs */
static volatile unsigned pooled;              /* (slots_lock) */
static unsigned slots_used;                   /* (slots_lock) slots from here on were never used */

static vaddr_t slot_stack(unsigned slot) { return KSTACK_BASE + slot * SLOT_SIZE + PAGE_SIZE; }
static unsigned stack_slot(const void *stack)
{
	return (unsigned)(((vaddr_t)stack - KSTACK_BASE) / SLOT_SIZE);
}

static bool slot_get(unsigned *slot)
{
	bool found = true;

	spin_lock(&slots_lock);
	if (free_slots > 0)
		*slot = free_slot[--free_slots];
	else if (slots_used < SLOTS_MAX)
		*slot = slots_used++;
	else
		found = false;
	spin_unlock(&slots_lock);
	return found;
}

static void slot_put(unsigned slot)
{
	spin_lock(&slots_lock);
	free_slot[free_slots++] = (uint16_t)slot;
	spin_unlock(&slots_lock);
}

/* Free a chain of frames; *first is one of the ring. */
static void frames_put(struct page *first)
{
	struct page *page;

	do {
		page = list_entry(first->link.next, struct page, link);
		list_remove(&page->link);
		page_put(page);
	} while (page != first);
}

/* KSTACK_PAGES frames in a ring through their links; NULL. */
static struct page *frames_get(void)
{
	struct page *first = page_alloc(0, 0);

	for (unsigned i = 1; first && i < KSTACK_PAGES; i++) {
		struct page *page = page_alloc(0, 0);
		if (!page) {
			frames_put(first);
			return NULL;
		}
		list_push_back(&first->link, &page->link);
	}
	return first;
}

/* Map the ring of frames at `stack`, all or nothing. */
static bool stack_map(vaddr_t stack, struct page *first)
{
	struct page *page = first;

	for (unsigned i = 0; i < KSTACK_PAGES; i++) {
		if (kmap(stack + i * PAGE_SIZE, page_to_phys(page), KMAP_WRITE) != 0) {
			kunmap(stack, i);
			return false;
		}
		page = list_entry(page->link.next, struct page, link);
	}
	return true;
}

static void *stack_create(void)
{
	unsigned slot;
	struct page *frames = frames_get();

	if (!frames)
		return NULL;
	if (!slot_get(&slot))
		goto out_frames;
	if (!stack_map(slot_stack(slot), frames))
		goto out_slot;
	slot_frames[slot] = frames;
	return (void *)slot_stack(slot);
out_slot:
	slot_put(slot);
out_frames:
	frames_put(frames);
	return NULL;
}

static void stack_destroy(void *stack)
{
	unsigned slot = stack_slot(stack);
	struct page *frames = slot_frames[slot];

	slot_frames[slot] = NULL;
	kunmap((vaddr_t)stack, KSTACK_PAGES);
	slot_put(slot);
	frames_put(frames);
}

static void *pool_get(void)
{
	void *stack = NULL;

	if (!pooled)
		return NULL;
	spin_lock(&slots_lock);
	if (pooled)
		stack = pool[--pooled];
	spin_unlock(&slots_lock);
	return stack;
}

static bool pool_put(void *stack)
{
	spin_lock(&slots_lock);
	bool room = pooled < POOL_MAX;
	if (room)
		pool[pooled++] = stack;
	spin_unlock(&slots_lock);
	return room;
}

void *kstack_alloc(void)
{
	unsigned cpu = cpu_index();
	struct spares *own = &spares[cpu];

	if (failalloc_hit(cpu))
		return NULL;
	if (own->count > 0)
		return own->stack[--own->count];
	void *stack = pool_get();
	return stack ? stack : stack_create();
}

void kstack_free(void *stack)
{
	struct spares *own = &spares[cpu_index()];

	assert(slot_stack(stack_slot(stack)) == (vaddr_t)stack);
	if (own->count < SPARES_MAX)
		own->stack[own->count++] = stack;
	else if (!pool_put(stack))
		stack_destroy(stack);
}

uint64_t kstack_frames(void)
{
	uint64_t count = pooled;

	for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++)
		count += *(volatile uint64_t *)&spares[cpu].count;
	return count * KSTACK_PAGES;
}
