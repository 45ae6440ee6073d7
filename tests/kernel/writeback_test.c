/* SPDX-License-Identifier: MIT */
/*
 * What may happen while a server has been asked, and what must reach the disk: second faulters, second cleaners, stores
 * during a WRITE, the bytes behind the end of a file, holes. The pager of test_pager.c keeps a request for as long as a
 * test looks.
 */
#include "test_pager.h"

static struct space *faulting_space; /* of the jobs below */

static void fault_on_sixth_page(struct object *o)
{
	(void)o;
	EXPECT(vm_fault(faulting_space, BASE + 5 * PAGE_SIZE, FAULT_READ) == FAULT_DONE);
}

static void let_time_pass(void)
{
	for (unsigned i = 0; i < 10; i++)
		pass_time();
}

/* The byte of a mapped page, past the CPU. */
static int peek(struct space *s, vaddr_t addr)
{
	pte_t *pte = table_find(s, addr);

	return pte && *pte & PTE_PRESENT ? ((uint8_t *)phys_to_virt(pte_paddr(*pte)))[addr & PAGE_MASK] : -1;
}

TEST(every_faulter_of_a_page_that_loads_waits_and_is_woken)
{
	struct pager *g = pager_start();
	struct job first, second;
	faulting_space = space_create();
	REQUIRE(g && faulting_space);
	struct object *o = object_create_server(g->port, 1, DISK_PAGES * PAGE_SIZE, false);

	EXPECT(map_object(faulting_space, o, DISK_PAGES, PROT_READ, MAP_SHARED) == 0);
	g->hold = PAGER_READ;
	REQUIRE(job_start(&first, o, fault_on_sixth_page));
	struct call *read = pager_wait_held(g);
	REQUIRE(read && job_start(&second, o, fault_on_sixth_page));
	let_time_pass();
	EXPECT(!first.done && !second.done && peek(faulting_space, BASE + 5 * PAGE_SIZE) == -1);
	pager_let_go(g, read);
	EXPECT(job_ends(&first) && job_ends(&second));
	EXPECT(g->reads == 1 && peek(faulting_space, BASE + 5 * PAGE_SIZE) == 6);
	space_put(faulting_space);
	object_put(o);
	pager_stop(g);
}

TEST(a_store_during_a_write_makes_the_page_dirty_and_it_is_written_again_afterwards)
{
	struct pager *g = pager_start();
	struct space *s = space_create();
	struct job first, second;
	REQUIRE(g && s);
	struct object *o = object_create_server(g->port, 1, 4 * PAGE_SIZE, false);

	EXPECT(map_object(s, o, 4, RW, MAP_SHARED) == 0);
	EXPECT(poke(s, BASE, 0x11) == FAULT_DONE);
	g->hold = PAGER_WRITE;
	REQUIRE(job_start(&first, o, sync_data));
	struct call *write = pager_wait_held(g);
	REQUIRE(write);
	EXPECT(!(*table_find(s, BASE) & PTE_WRITE) && o->pages.marked == 0);
	EXPECT(poke(s, BASE, 0x22) == FAULT_DONE && o->pages.marked == 1);
	REQUIRE(job_start(&second, o, sync_data));
	let_time_pass();
	EXPECT(!second.done && g->writes == 1); /* the newer bytes must not overtake the older */
	pager_let_go(g, write);
	EXPECT(job_ends(&first) && job_ends(&second));
	EXPECT(g->writes == 2 && g->page[0][0] == 0x22 && o->pages.marked == 0);
	space_put(s);
	object_put(o);
	pager_stop(g);
}

TEST(a_sync_ends_when_the_write_of_another_has_ended)
{
	struct pager *g = pager_start();
	struct job first, second;
	REQUIRE(g);
	struct object *o = object_create_server(g->port, 1, 4 * PAGE_SIZE, false);

	EXPECT(object_write(o, 0, (uint64_t) "new", 3, true) == 3);
	g->hold = PAGER_WRITE;
	REQUIRE(job_start(&first, o, sync_data));
	struct call *write = pager_wait_held(g);
	REQUIRE(write && job_start(&second, o, sync_data));
	let_time_pass();
	EXPECT(!second.done);
	pager_let_go(g, write);
	EXPECT(job_ends(&first) && job_ends(&second));
	object_put(o);
	pager_stop(g);
}

TEST(a_write_back_that_failed_is_told_to_the_next_sync_and_only_to_it)
{
	struct pager *g = pager_start();
	REQUIRE(g);
	struct object *o = object_create_server(g->port, 1, 4 * PAGE_SIZE, false);

	EXPECT(object_write(o, 0, (uint64_t) "new", 3, true) == 3);
	g->write_error = -EIO;
	EXPECT(object_sync_all() == -EIO && o->pages.marked == 1);
	g->write_error = 0;
	EXPECT(object_sync(o, 0, ~0ul, true) == -EIO);
	EXPECT(o->pages.marked == 0 && !memcmp(g->page[0], "new", 3));
	EXPECT(object_sync(o, 0, ~0ul, true) == 0);
	object_put(o);
	pager_stop(g);
}

TEST(only_the_pages_of_the_range_are_written_the_first_and_the_last_of_it_too)
{
	struct pager *g = pager_start();
	REQUIRE(g);
	struct object *o = object_create_server(g->port, 1, 8 * PAGE_SIZE, false);

	for (uint64_t at = 0; at < 8; at++)
		EXPECT(object_write(o, at * PAGE_SIZE, (uint64_t) "new", 3, true) == 3);
	EXPECT(object_sync(o, 2 * PAGE_SIZE, 3 * PAGE_SIZE, false) == 0);
	for (uint64_t at = 0; at < 8; at++)
		EXPECT((g->page[at][0] == 'n') == (at >= 2 && at < 5));
	EXPECT(g->bytes_written == 3 * PAGE_SIZE && o->pages.marked == 5);
	EXPECT(object_sync(o, 0, ~0ul, false) == 0);
	object_put(o);
	pager_stop(g);
}

TEST(msync_writes_its_range_wherever_it_begins)
{
	struct pager *g = pager_start();
	struct space *s = space_create();
	REQUIRE(g && s);
	struct object *o = object_create_server(g->port, 1, 8 * PAGE_SIZE, false);

	EXPECT(map_object(s, o, 8, RW, MAP_SHARED) == 0);
	for (unsigned i = 0; i < 8; i++)
		EXPECT(poke(s, BASE + i * PAGE_SIZE, 0x77) == FAULT_DONE);
	EXPECT(space_sync(s, BASE + 3 * PAGE_SIZE, 2 * PAGE_SIZE, MS_SYNC) == 0);
	for (unsigned i = 0; i < 8; i++)
		EXPECT((g->page[i][0] == 0x77) == (i == 3 || i == 4));
	EXPECT(object_sync(o, 0, ~0ul, false) == 0);
	space_put(s);
	object_put(o);
	pager_stop(g);
}

TEST(a_clean_page_is_mapped_read_only_though_space_for_it_was_promised)
{
	struct pager *g = pager_start();
	struct space *a = space_create(), *b = space_create();
	REQUIRE(g && a && b);
	struct object *o = object_create_server(g->port, 1, 2 * PAGE_SIZE, false);

	EXPECT(map_object(a, o, 2, RW, MAP_SHARED) == 0 && map_object(b, o, 2, RW, MAP_SHARED) == 0);
	EXPECT(poke(a, BASE, 0x11) == FAULT_DONE);
	EXPECT(object_sync(o, 0, ~0ul, false) == 0);
	EXPECT(vm_fault(b, BASE, FAULT_READ) == FAULT_DONE && !(*table_find(b, BASE) & PTE_WRITE));
	EXPECT(poke(b, BASE, 0x22) == FAULT_DONE && o->pages.marked == 1);
	EXPECT(object_sync(o, 0, ~0ul, false) == 0 && g->page[0][0] == 0x22);
	space_put(a);
	space_put(b);
	object_put(o);
	pager_stop(g);
}

TEST(every_mapping_is_closed_when_a_page_is_cleaned_wherever_it_lies_in_it)
{
	struct pager *g = pager_start();
	struct space *s = space_create();
	REQUIRE(g && s);
	struct object *o = object_create_server(g->port, 1, 8 * PAGE_SIZE, false);
	vaddr_t first = BASE, last = BASE + 64 * PAGE_SIZE;

	/* Page 4 is the first of one mapping and the last of another. */
	EXPECT(space_map(s, &first, 4 * PAGE_SIZE, RW, MAP_SHARED | MAP_FIXED, o, 4, NULL, true) == 0);
	EXPECT(space_map(s, &last, 5 * PAGE_SIZE, RW, MAP_SHARED | MAP_FIXED, o, 0, NULL, true) == 0);
	last += 4 * PAGE_SIZE;
	EXPECT(poke(s, first, 0x11) == FAULT_DONE && poke(s, last, 0x22) == FAULT_DONE);
	EXPECT(*table_find(s, first) & PTE_WRITE && *table_find(s, last) & PTE_WRITE);
	EXPECT(object_sync(o, 0, ~0ul, false) == 0);
	EXPECT(!(*table_find(s, first) & PTE_WRITE) && !(*table_find(s, last) & PTE_WRITE));
	space_put(s);
	object_put(o);
	pager_stop(g);
}

/* ---- the end of a file ---- */

TEST(what_the_disk_holds_behind_the_end_is_never_seen)
{
	struct pager *g = pager_start();
	struct space *s = space_create();
	REQUIRE(g && s);
	struct object *o = object_create_server(g->port, 1, 100, false);

	EXPECT(map_object(s, o, 1, PROT_READ, MAP_SHARED) == 0);
	EXPECT(vm_fault(s, BASE, FAULT_READ) == FAULT_DONE);
	EXPECT(peek(s, BASE + 99) == 1 && peek(s, BASE + 100) == 0 && peek(s, BASE + PAGE_MASK) == 0);
	space_put(s);
	object_put(o);
	pager_stop(g);
}

TEST(what_was_cut_off_on_disk_does_not_come_back_when_the_file_grows)
{
	struct pager *g = pager_start();
	REQUIRE(g);
	struct object *o = object_create_server(g->port, 1, 2 * PAGE_SIZE, false);
	char bytes[2];

	EXPECT(object_resize(o, 100) == 0); /* nothing of it is in memory */
	EXPECT(object_resize(o, 2 * PAGE_SIZE) == 0);
	EXPECT(object_read(o, 99, (uint64_t)bytes, 2, true) == 2 && bytes[0] == 1 && bytes[1] == 0);
	EXPECT(object_sync(o, 0, ~0ul, false) == 0);
	object_put(o);
	pager_stop(g);
}

TEST(a_store_behind_the_old_end_asks_for_space_again_after_growth)
{
	struct pager *g = pager_start();
	struct space *s = space_create();
	REQUIRE(g && s);
	struct object *o = object_create_server(g->port, 1, 100, false);

	EXPECT(map_object(s, o, 1, RW, MAP_SHARED) == 0);
	EXPECT(poke(s, BASE, 0x11) == FAULT_DONE && g->dirties == 1);
	EXPECT(object_resize(o, PAGE_SIZE) == 0);
	EXPECT(!(*table_find(s, BASE) & PTE_WRITE));
	EXPECT(poke(s, BASE + 200, 0x22) == FAULT_DONE && g->dirties == 2);
	EXPECT(object_sync(o, 0, ~0ul, false) == 0 && g->page[0][200] == 0x22);
	space_put(s);
	object_put(o);
	pager_stop(g);
}

TEST(a_hole_is_zeros_in_memory_and_on_the_disk_and_private_copies_stay)
{
	struct pager *g = pager_start();
	struct space *s = space_create();
	REQUIRE(g && s);
	struct object *o = object_create_server(g->port, 1, 4 * PAGE_SIZE, false);

	EXPECT(map_object(s, o, 4, RW, MAP_PRIVATE) == 0);
	EXPECT(poke(s, BASE + PAGE_SIZE, 0x11) == FAULT_DONE &&
	       vm_fault(s, BASE + 2 * PAGE_SIZE, FAULT_READ) == FAULT_DONE);
	EXPECT(object_punch(o, 100, 2 * PAGE_SIZE) == 0);
	EXPECT(peek(s, BASE + PAGE_SIZE) == 0x11 && peek(s, BASE + PAGE_SIZE + 1) == 2);
	EXPECT(peek(s, BASE + 2 * PAGE_SIZE + 99) == 0 && peek(s, BASE + 2 * PAGE_SIZE + 100) == 3);
	EXPECT(object_sync(o, 0, ~0ul, false) == 0);
	EXPECT(g->page[0][99] == 1 && g->page[0][100] == 0 && g->page[0][PAGE_MASK] == 0);
	EXPECT(g->page[1][0] == 0 && g->page[1][PAGE_MASK] == 0);
	EXPECT(g->page[2][0] == 0 && g->page[2][99] == 0 && g->page[2][100] == 3 && g->page[3][0] == 4);
	EXPECT(byte_of(o, 1, 0) <= 0); /* gone, or zeros */
	object_drop_pages(o, 0, ~0ul);
	char byte = 1;
	EXPECT(object_read(o, 2 * PAGE_SIZE - 1, (uint64_t)&byte, 1, true) == 1 && byte == 0);
	space_put(s);
	object_put(o);
	pager_stop(g);
}

TEST_SUITE(writeback, "vm.writeback",
	TEST_CASE(every_faulter_of_a_page_that_loads_waits_and_is_woken),
	TEST_CASE(a_store_during_a_write_makes_the_page_dirty_and_it_is_written_again_afterwards),
	TEST_CASE(a_sync_ends_when_the_write_of_another_has_ended),
	TEST_CASE(a_write_back_that_failed_is_told_to_the_next_sync_and_only_to_it),
	TEST_CASE(only_the_pages_of_the_range_are_written_the_first_and_the_last_of_it_too),
	TEST_CASE(msync_writes_its_range_wherever_it_begins),
	TEST_CASE(a_clean_page_is_mapped_read_only_though_space_for_it_was_promised),
	TEST_CASE(every_mapping_is_closed_when_a_page_is_cleaned_wherever_it_lies_in_it),
	TEST_CASE(what_the_disk_holds_behind_the_end_is_never_seen),
	TEST_CASE(what_was_cut_off_on_disk_does_not_come_back_when_the_file_grows),
	TEST_CASE(a_store_behind_the_old_end_asks_for_space_again_after_growth),
	TEST_CASE(a_hole_is_zeros_in_memory_and_on_the_disk_and_private_copies_stay));
