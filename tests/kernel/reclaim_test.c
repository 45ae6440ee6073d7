/* SPDX-License-Identifier: MIT */
/*
 * Reclaim under pressure: the frames of the machine are taken until there are none, and then more are asked for. What
 * is clean may go; what is dirty is written first; what somebody holds or a WRITE carries stays; what goes leaves every
 * mapping.
 */
#include "test_pager.h"

/* Everything the allocator gives without reclaiming, chained by the frames' own links. */
static void take_all(struct list *taken)
{
	for (struct page *p; (p = page_alloc(0, 0));)
		list_push_back(taken, &p->link);
}

static void give_back(struct list *taken)
{
	for (struct list *l; (l = list_pop_front(taken));)
		page_free(list_entry(l, struct page, link), 0);
}

static bool in_memory(struct object *o, pgoff_t at)
{
	spin_lock(&o->lock);
	bool there = object_page_locked(o, at);
	spin_unlock(&o->lock);
	return there;
}

/* More memory is wanted until page `at` of the object has gone. */
static bool press_until_gone(struct object *o, pgoff_t at)
{
	struct list taken = LIST_INIT(taken);
	struct page *p = NULL;

	take_all(&taken);
	for (unsigned i = 0; i < 100000 && in_memory(o, at) && (p = vm_page_alloc(false)); i++)
		list_push_back(&taken, &p->link);
	give_back(&taken);
	return !in_memory(o, at);
}

static struct object *read_whole(struct pager *g)
{
	struct object *o = object_create_server(g->port, 1, DISK_PAGES * PAGE_SIZE, false);
	char byte;

	for (uint64_t at = 0; o && at < DISK_PAGES; at++)
		EXPECT(object_read(o, at * PAGE_SIZE, (uint64_t)&byte, 1, true) == 1 && byte == (char)(at + 1));
	return o;
}

TEST(a_dirty_page_is_written_before_it_goes)
{
	struct pager *g = pager_start();
	REQUIRE(g);
	struct object *o = read_whole(g);
	char byte = 0;

	EXPECT(object_write(o, 3 * PAGE_SIZE, (uint64_t) "x", 1, true) == 1);
	EXPECT(press_until_gone(o, 20));
	EXPECT(in_memory(o, 3) ? byte_of(o, 3, 0) == 'x' : g->page[3][0] == 'x');
	EXPECT(object_read(o, 3 * PAGE_SIZE, (uint64_t)&byte, 1, true) == 1 && byte == 'x');
	EXPECT(object_sync(o, 0, ~0ul, false) == 0);
	object_put(o);
	pager_stop(g);
}

TEST(a_page_that_somebody_holds_stays)
{
	struct pager *g = pager_start();
	REQUIRE(g);
	struct object *o = read_whole(g);

	spin_lock(&o->lock);
	struct page *p = object_page_locked(o, 5);
	page_get(p);
	spin_unlock(&o->lock);
	EXPECT(press_until_gone(o, 20));
	EXPECT(in_memory(o, 5) && byte_of(o, 5, 0) == 6);
	page_put(p);
	EXPECT(press_until_gone(o, 5));
	object_put(o);
	pager_stop(g);
}

TEST(a_page_that_goes_leaves_its_mappings_and_private_copies_stay)
{
	struct pager *g = pager_start();
	struct space *s = space_create();
	REQUIRE(g && s);
	struct object *o = read_whole(g);
	vaddr_t copy = BASE + DISK_PAGES * PAGE_SIZE;

	EXPECT(map_object(s, o, DISK_PAGES, PROT_READ, MAP_SHARED) == 0);
	EXPECT(space_map(s, &copy, 8 * PAGE_SIZE, RW, MAP_PRIVATE | MAP_FIXED, o, 0, NULL, true) == 0);
	EXPECT(vm_fault(s, BASE + 7 * PAGE_SIZE, FAULT_READ) == FAULT_DONE);
	EXPECT(poke(s, copy + 7 * PAGE_SIZE, 0x11) == FAULT_DONE);
	EXPECT(press_until_gone(o, 7));
	EXPECT(*table_find(s, BASE + 7 * PAGE_SIZE) == 0);
	pte_t *pte = table_find(s, copy + 7 * PAGE_SIZE);
	EXPECT(*pte & PTE_PRIVATE && *(uint8_t *)phys_to_virt(pte_paddr(*pte)) == 0x11);
	space_put(s);
	object_put(o);
	pager_stop(g);
}

TEST(a_page_that_a_mapping_has_locked_stays)
{
	struct pager *g = pager_start();
	struct space *s = space_create();
	REQUIRE(g && s);
	struct object *o = read_whole(g);

	EXPECT(map_object(s, o, DISK_PAGES, PROT_READ, MAP_SHARED) == 0);
	EXPECT(space_mlock(s, BASE + 7 * PAGE_SIZE, PAGE_SIZE, false) == 0);
	EXPECT(press_until_gone(o, 20) && in_memory(o, 7));
	EXPECT(space_munlock(s, BASE + 7 * PAGE_SIZE, PAGE_SIZE) == 0 && press_until_gone(o, 7));
	space_put(s);
	object_put(o);
	pager_stop(g);
}

TEST(a_page_under_write_back_stays_until_it_has_ended)
{
	struct pager *g = pager_start();
	struct job cleaner;
	REQUIRE(g);
	struct object *o = read_whole(g);

	EXPECT(object_write(o, 9 * PAGE_SIZE, (uint64_t) "x", 1, true) == 1);
	g->hold = PAGER_WRITE;
	REQUIRE(job_start(&cleaner, o, sync_data));
	struct call *write = pager_wait_held(g);
	REQUIRE(write);
	EXPECT(press_until_gone(o, 20) && in_memory(o, 9));
	pager_let_go(g, write);
	EXPECT(job_ends(&cleaner));
	object_put(o);
	pager_stop(g);
}

TEST_SUITE(reclaim, "vm.reclaim",
	TEST_CASE(a_dirty_page_is_written_before_it_goes),
	TEST_CASE(a_page_that_somebody_holds_stays),
	TEST_CASE(a_page_that_goes_leaves_its_mappings_and_private_copies_stay),
	TEST_CASE(a_page_that_a_mapping_has_locked_stays),
	TEST_CASE(a_page_under_write_back_stays_until_it_has_ended));
