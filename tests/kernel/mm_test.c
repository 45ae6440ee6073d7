/* SPDX-License-Identifier: MIT */
/*
 * kernel/mm on the real machine: its memory map, its page tables, its per-CPU data. The long random
 * runs are on the host (tests/host/lib/mm_test.c). Other CPUs may be idle or busy meanwhile, so
 * counts are compared with some slack only where they take part; the runner compares what each test
 * leaves behind.
 */
#include "lib/log.h"
#include "lib/string.h"
#include "lib/test.h"
#include "arch.h"
#include "mm/mm.h"

/* ---- mm.frames ---- */

/* A block is aligned to its size, has one reference, and its bytes are ours. */
TEST(blocks_are_aligned_and_owned)
{
	for (unsigned order = 0; order <= 6; order++) {
		struct page *page = page_alloc(order, 0);
		REQUIRE(page);
		EXPECT((page_to_phys(page) >> PAGE_SHIFT) % (1ul << order) == 0);
		EXPECT(page->refs == 1 && page->kind == PAGE_KERNEL && page->flags == 0 && page->maps == 0);
		memset(page_to_virt(page), 0x5a, PAGE_SIZE << order);
		page_free(page, order);
	}
	EXPECT(frames_check() == NULL);
}

/* ALLOC_ZERO clears what the last owner left. */
TEST(zeroed_frames_are_zero)
{
	for (unsigned round = 0; round < 2; round++) {
		struct page *page = page_alloc(0, ALLOC_ZERO);
		REQUIRE(page);
		const uint64_t *word = page_to_virt(page);
		uint64_t sum = 0;
		for (size_t i = 0; i < PAGE_SIZE / 8; i++)
			sum |= word[i];
		EXPECT(sum == 0);
		memset(page_to_virt(page), 0xff, PAGE_SIZE);
		page_put(page);
	}
}

/* The last reference frees the frame, an earlier one does not. */
TEST(last_reference_frees_the_frame)
{
	struct page *page = page_alloc(0, 0);

	REQUIRE(page);
	page_get(page);
	page_put(page);
	EXPECT(page->kind == PAGE_KERNEL && page->refs == 1);
	page_put(page);
	EXPECT(page->kind == PAGE_FREE);
}

/* 300 frames taken and returned in another order: nothing is lost, buddies join again. */
TEST(many_frames_come_back)
{
	static struct page *page[300];

	for (unsigned i = 0; i < ARRAY_SIZE(page); i++)
		page[i] = page_alloc(0, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(page); i++) {
		unsigned j = i * 7 % ARRAY_SIZE(page);
		EXPECT(page[j]);
		if (page[j])
			page_put(page[j]);
	}
	EXPECT(frames_check() == NULL);
}

/* Without ALLOC_RESERVE memory ends at the reserve; with it there is more. All of it comes back. */
TEST(reserve_is_for_the_paging_path)
{
	struct list chain;
	struct page *page;

	list_init(&chain);
	while ((page = page_alloc(0, 0)))
		list_push_back(&chain, &page->link);
	page = page_alloc(0, ALLOC_RESERVE);
	EXPECT(page != NULL && page_alloc(4, 0) == NULL);
	EXPECT(frames_free() + 1 >= frames_reserve());
	if (page)
		page_put(page);
	while (!list_empty(&chain)) {
		page = list_first(&chain, struct page, link);
		list_remove(&page->link);
		page_put(page);
	}
	EXPECT(frames_check() == NULL);
}

TEST_SUITE(frames, "mm.frames",
	TEST_CASE(blocks_are_aligned_and_owned),
	TEST_CASE(zeroed_frames_are_zero),
	TEST_CASE(last_reference_frees_the_frame),
	TEST_CASE(many_frames_come_back),
	TEST_CASE(reserve_is_for_the_paging_path));

/* ---- mm.heap ---- */

/* Objects of every size are disjoint, aligned, and keep their bytes. */
TEST(objects_keep_their_bytes)
{
	static uint8_t *obj[200];
	size_t size[200];

	for (unsigned i = 0; i < ARRAY_SIZE(obj); i++) {
		size[i] = 1 + test_random() % (i % 10 ? 700 : 12000);
		obj[i] = kmalloc(size[i]);
		REQUIRE(obj[i]);
		EXPECT((uintptr_t)obj[i] % (size[i] < 64 ? 16 : 64) == 0);
		memset(obj[i], (int)i, size[i]);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(obj); i++) {
		size_t same = 0;
		while (same < size[i] && obj[i][same] == (uint8_t)i)
			same++;
		EXPECT(same == size[i]);
		kfree(obj[i]);
	}
}

/* kzalloc's bytes are zero even when the object was used before. */
TEST(kzalloc_clears)
{
	for (unsigned round = 0; round < 3; round++) {
		uint8_t *obj = kzalloc(100);
		REQUIRE(obj);
		for (unsigned i = 0; i < 100; i++)
			EXPECT(obj[i] == 0);
		memset(obj, 0xee, 100);
		kfree(obj);
	}
}

/* Sizes that cannot be are refused, nothing and NULL are fine. */
TEST(absurd_sizes_are_refused)
{
	EXPECT(kmalloc(~0ul) == NULL && kmalloc(1ul << 40) == NULL);
	void *nothing = kmalloc(0);
	EXPECT(nothing);
	kfree(nothing);
	kfree(NULL);
}

/* The n-th allocation fails, the ones before and after it do not. */
TEST(the_nth_allocation_fails_once)
{
	failalloc_arm(2);
	void *first = kmalloc(50);
	void *second = kmalloc(50);
	void *third = kmalloc(50);
	EXPECT(first && !second && third);
	kfree(first);
	kfree(third);
	failalloc_arm(1);
	EXPECT(page_alloc(0, 0) == NULL);
	failalloc_arm(1);
	EXPECT(kmalloc(1 << 16) == NULL);
	failalloc_arm(1);
	EXPECT(kstack_alloc() == NULL);
}

TEST_SUITE(heap, "mm.heap",
	TEST_CASE(objects_keep_their_bytes),
	TEST_CASE(kzalloc_clears),
	TEST_CASE(absurd_sizes_are_refused),
	TEST_CASE(the_nth_allocation_fails_once));

/* ---- mm.kstack ---- */

/* Stacks can be written from the first byte to the last and do not share memory. */
TEST(stacks_are_memory_of_their_own)
{
	void *stack[12];

	for (unsigned i = 0; i < ARRAY_SIZE(stack); i++) {
		stack[i] = kstack_alloc();
		REQUIRE(stack[i]);
		memset(stack[i], (int)i, KSTACK_PAGES * PAGE_SIZE);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(stack); i++) {
		const uint8_t *byte = stack[i];
		EXPECT(byte[0] == i && byte[KSTACK_PAGES * PAGE_SIZE - 1] == i);
		kstack_free(stack[i]);
	}
}

/* The stack freed last is the one allocated next: no mapping changes. */
TEST(a_freed_stack_is_used_again)
{
	void *a = kstack_alloc();

	REQUIRE(a);
	kstack_free(a);
	void *b = kstack_alloc();
	EXPECT(a == b);
	kstack_free(b);
}

/* Each allocation behind a new stack fails in turn; nothing stays mapped or allocated. */
TEST(stack_creation_survives_every_failed_allocation)
{
	static void *spare[48]; /* more than a CPU and the common pool keep */
	void *stack;
	uint64_t n = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(spare); i++) /* use the spares up */
		spare[i] = kstack_alloc();
	do {
		failalloc_arm(++n);
		stack = kstack_alloc();
	} while (!stack && n < 20);
	failalloc_arm(0);
	EXPECT(stack && n > KSTACK_PAGES);
	if (stack)
		kstack_free(stack);
	for (unsigned i = 0; i < ARRAY_SIZE(spare); i++)
		if (spare[i])
			kstack_free(spare[i]);
}

TEST_SUITE(kstack, "mm.kstack",
	TEST_CASE(stacks_are_memory_of_their_own),
	TEST_CASE(a_freed_stack_is_used_again),
	TEST_CASE(stack_creation_survives_every_failed_allocation));
