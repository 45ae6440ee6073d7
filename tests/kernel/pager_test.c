/* SPDX-License-Identifier: MIT */
/*
 * The kernel's side of the pager protocol, against the pager of test_pager.c: what a real server rarely does (errors,
 * short answers, nonsense, death) is tried on purpose.
 */
#include "test_pager.h"

TEST(a_sequential_reader_is_read_ahead_and_a_random_one_is_not)
{
	struct pager *g = pager_start();
	REQUIRE(g);
	struct object *o = object_create_server(g->port, 1, DISK_PAGES * PAGE_SIZE, false);
	char byte;

	for (uint64_t at = 0; at < 32; at++)
		EXPECT(object_read(o, at * PAGE_SIZE, (uint64_t)&byte, 1, true) == 1 && byte == (char)(at + 1));
	EXPECT(g->reads < 8);
	object_drop_pages(o, 0, ~0ul);
	uint64_t before = g->pages_read;
	EXPECT(object_read(o, 50 * PAGE_SIZE, (uint64_t)&byte, 1, true) == 1);
	EXPECT(object_read(o, 20 * PAGE_SIZE, (uint64_t)&byte, 1, true) == 1);
	EXPECT(g->pages_read - before == 2);
	object_put(o);
	pager_stop(g);
}

TEST(sync_writes_exactly_the_dirty_pages_and_reserves_once)
{
	struct pager *g = pager_start();
	struct space *s = space_create();
	REQUIRE(g && s);
	struct object *o = object_create_server(g->port, 1, DISK_PAGES * PAGE_SIZE, false);

	EXPECT(map_object(s, o, DISK_PAGES, RW, MAP_SHARED) == 0);
	for (unsigned i = 0; i < DISK_PAGES; i++)
		EXPECT(vm_fault(s, BASE + i * PAGE_SIZE, FAULT_READ) == FAULT_DONE);
	EXPECT(g->dirties == 0);
	EXPECT(poke(s, BASE + 3 * PAGE_SIZE, 0xaa) == FAULT_DONE);
	EXPECT(poke(s, BASE + 40 * PAGE_SIZE, 0xbb) == FAULT_DONE);
	EXPECT(g->dirties == 2 && o->pages.marked == 2);
	EXPECT(space_sync(s, BASE, DISK_PAGES * PAGE_SIZE, MS_SYNC) == 0);
	EXPECT(g->bytes_written == 2 * PAGE_SIZE && g->syncs == 1 && o->pages.marked == 0);
	EXPECT(g->page[3][0] == 0xaa && g->page[40][0] == 0xbb);
	/* Clean again: the PTE was closed, the next store faults and marks, but asks for no space. */
	EXPECT(!(*table_find(s, BASE + 3 * PAGE_SIZE) & PTE_WRITE));
	EXPECT(poke(s, BASE + 3 * PAGE_SIZE, 0xcc) == FAULT_DONE);
	EXPECT(g->dirties == 2);
	EXPECT(space_sync(s, BASE, DISK_PAGES * PAGE_SIZE, MS_SYNC) == 0);
	EXPECT(g->bytes_written == 3 * PAGE_SIZE && g->page[3][0] == 0xcc);
	uint64_t syncs = g->syncs;
	EXPECT(space_sync(s, BASE, DISK_PAGES * PAGE_SIZE, MS_SYNC) == 0 && g->syncs == syncs);
	space_put(s);
	object_put(o);
	pager_stop(g);
}

TEST(what_lies_past_the_end_is_written_as_zeros)
{
	struct pager *g = pager_start();
	struct space *s = space_create();
	REQUIRE(g && s);
	struct object *o = object_create_server(g->port, 1, PAGE_SIZE + 100, false);

	EXPECT(map_object(s, o, 2, RW, MAP_SHARED) == 0);
	EXPECT(poke(s, BASE + PAGE_SIZE + 99, 0x11) == FAULT_DONE);
	EXPECT(poke(s, BASE + PAGE_SIZE + 100, 0x22) == FAULT_DONE);
	EXPECT(space_sync(s, BASE, 2 * PAGE_SIZE, MS_SYNC) == 0);
	EXPECT(g->page[1][99] == 0x11 && g->page[1][100] == 0 && g->page[1][4000] == 0);
	pte_t *pte = table_find(s, BASE + PAGE_SIZE);
	EXPECT(((uint8_t *)phys_to_virt(pte_paddr(*pte)))[100] == 0x22); /* the mapping keeps it while it lives */
	EXPECT(map_object(s, o, 2, PROT_READ, MAP_SHARED) == 0);
	EXPECT(o->shared_writable == 1);
	space_put(s);
	spin_lock(&o->lock);
	struct page *p = object_page_locked(o, 1);
	EXPECT(p && ((uint8_t *)page_to_virt(p))[100] == 0);
	spin_unlock(&o->lock);
	object_put(o);
	pager_stop(g);
}

TEST(what_lies_past_the_end_goes_with_the_last_mapping_however_the_page_was_opened)
{
	struct pager *g = pager_start();
	struct space *s = space_create();
	REQUIRE(g && s);
	struct object *o = object_create_server(g->port, 1, PAGE_SIZE + 100, false);

	/* By a read, for the page was dirty already. */
	EXPECT(object_write(o, PAGE_SIZE, (uint64_t) "x", 1, true) == 1);
	EXPECT(map_object(s, o, 2, RW, MAP_SHARED) == 0);
	EXPECT(vm_fault(s, BASE + PAGE_SIZE, FAULT_READ) == FAULT_DONE && *table_find(s, BASE + PAGE_SIZE) & PTE_WRITE);
	EXPECT(poke(s, BASE + PAGE_SIZE + 200, 0x22) == FAULT_DONE);
	EXPECT(space_unmap(s, BASE, 2 * PAGE_SIZE) == 0 && byte_of(o, 1, 200) == 0);
	/* Before the end came to lie in it. */
	EXPECT(map_object(s, o, 2, RW, MAP_SHARED) == 0);
	EXPECT(poke(s, BASE + 50, 0x11) == FAULT_DONE);
	EXPECT(object_resize(o, 100) == 0);
	EXPECT(*table_find(s, BASE) & PTE_WRITE && poke(s, BASE + 200, 0x22) == FAULT_DONE);
	EXPECT(space_unmap(s, BASE, 2 * PAGE_SIZE) == 0 && byte_of(o, 0, 50) == 0x11 && byte_of(o, 0, 200) == 0);
	EXPECT(object_sync(o, 0, ~0ul, false) == 0);
	space_put(s);
	object_put(o);
	pager_stop(g);
}

TEST(a_bad_buffer_destroys_nothing_that_is_not_in_memory)
{
	struct pager *g = pager_start();
	REQUIRE(g);
	struct object *o = object_create_server(g->port, 1, 4 * PAGE_SIZE, false);
	char byte = 0;

	EXPECT(object_write(o, PAGE_SIZE, USER_END, PAGE_SIZE, false) == -EFAULT);
	EXPECT(object_read(o, PAGE_SIZE, (uint64_t)&byte, 1, true) == 1 && byte == 2);
	object_put(o);
	pager_stop(g);
}

static void cut_to_nothing(struct object *o) { EXPECT(object_resize(o, 0) == 0); }
static void write_third_page(struct object *o)
{
	EXPECT(object_write(o, 2 * PAGE_SIZE, (uint64_t) "new", 3, true) == 3);
}

TEST(nobody_is_told_durable_while_the_flush_of_another_is_under_way)
{
	struct pager *g = pager_start();
	struct job first, second;
	REQUIRE(g);
	struct object *o = object_create_server(g->port, 1, 4 * PAGE_SIZE, false);

	EXPECT(object_write(o, 0, (uint64_t) "new", 3, true) == 3);
	g->hold = PAGER_SYNC;
	REQUIRE(job_start(&first, o, sync_durably));
	struct call *flush = pager_wait_held(g);
	REQUIRE(flush);
	g->hold = PAGER_SYNC;
	REQUIRE(job_start(&second, o, sync_durably));
	struct call *another = pager_wait_held(g);
	EXPECT(another && !first.done && !second.done);
	pager_let_go(g, flush);
	if (another)
		pager_let_go(g, another);
	EXPECT(job_ends(&first) && job_ends(&second));
	object_put(o);
	pager_stop(g);
}

TEST(a_write_that_meets_a_truncation_does_not_keep_old_blocks_alive)
{
	struct pager *g = pager_start();
	struct job cleaner, writer, cutter;
	REQUIRE(g);
	struct object *o = object_create_server(g->port, 1, 4 * PAGE_SIZE, false);

	EXPECT(object_write(o, 0, (uint64_t) "x", 1, true) == 1);
	g->hold = PAGER_WRITE;
	REQUIRE(job_start(&cleaner, o, sync_data));
	struct call *write = pager_wait_held(g);
	REQUIRE(write);
	g->hold = PAGER_DIRTY; /* the writer is past its look at the size */
	REQUIRE(job_start(&writer, o, write_third_page));
	struct call *dirty = pager_wait_held(g);
	REQUIRE(dirty && job_start(&cutter, o, cut_to_nothing));
	for (unsigned i = 0; i < 10; i++)
		pass_time(); /* it has cut and waits for the WRITE before it tells the pager */
	EXPECT(o->size == 0 && !g->resizes);
	pager_let_go(g, dirty);
	for (unsigned i = 0; i < 10; i++)
		pass_time();
	pager_let_go(g, write);
	EXPECT(job_ends(&cutter) && job_ends(&writer) && job_ends(&cleaner));
	EXPECT(g->resizes == 1 && g->last_size == 0 && o->size == 2 * PAGE_SIZE + 3);
	object_put(o);
	pager_stop(g);
}

TEST(a_cut_the_pager_has_not_heard_of_is_told_before_the_file_grows_or_is_synced)
{
	struct pager *g = pager_start();
	REQUIRE(g);
	struct object *o = object_create_server(g->port, 1, 4 * PAGE_SIZE, false);

	for (unsigned round = 0; round < 2; round++) {
		EXPECT(object_resize(o, 4 * PAGE_SIZE) == 0);
		g->resize_error = -EIO;
		EXPECT(object_resize(o, PAGE_SIZE) == -EIO && o->size == PAGE_SIZE);
		EXPECT(object_write(o, 3 * PAGE_SIZE, (uint64_t) "x", 1, true) == -EIO && o->size == PAGE_SIZE);
		g->resize_error = 0;
		g->last_size = 0;
		if (round)
			EXPECT(object_sync(o, 0, ~0ul, false) == 0);
		else
			EXPECT(object_write(o, 3 * PAGE_SIZE, (uint64_t) "x", 1, true) == 1);
		EXPECT(g->last_size == PAGE_SIZE);
	}
	object_put(o);
	pager_stop(g);
}

TEST(growth_the_pager_refuses_leaves_the_file_as_it_was_and_a_write_goes_as_far_as_there_is_room)
{
	struct pager *g = pager_start();
	struct space *s = space_create();
	REQUIRE(g && s);
	struct object *o = object_create_server(g->port, 1, PAGE_SIZE, false);
	static char text[4 * PAGE_SIZE];

	EXPECT(map_object(s, o, 2, RW, MAP_SHARED) == 0);
	g->resize_error = -EFBIG;
	EXPECT(object_resize(o, 2 * PAGE_SIZE) == -EFBIG && o->size == PAGE_SIZE);
	EXPECT(vm_fault(s, BASE + PAGE_SIZE, FAULT_READ) == FAULT_SIGBUS);
	g->resize_error = 0;
	g->room = 1;
	EXPECT(object_write(o, 0, (uint64_t)text, sizeof text, true) == sizeof text);
	g->room = 0;
	EXPECT(object_write(o, 4 * PAGE_SIZE, (uint64_t)text, sizeof text, true) == -ENOSPC && o->size == sizeof text);
	EXPECT(object_sync(o, 0, ~0ul, false) == 0);
	space_put(s);
	object_put(o);
	pager_stop(g);
}

TEST(a_read_that_fails_is_an_error_for_whoever_asked_and_can_be_tried_again)
{
	struct pager *g = pager_start();
	struct space *s = space_create();
	REQUIRE(g && s);
	struct object *o = object_create_server(g->port, 1, 4 * PAGE_SIZE, false);
	char byte;

	g->read_error = -EIO;
	EXPECT(map_object(s, o, 4, PROT_READ, MAP_PRIVATE) == 0);
	EXPECT(object_read(o, 0, (uint64_t)&byte, 1, true) == -EIO);
	EXPECT(vm_fault(s, BASE, FAULT_READ) == FAULT_SIGBUS);
	g->read_error = 0;
	g->nonsense = true;
	EXPECT(object_read(o, 0, (uint64_t)&byte, 1, true) == -EIO);
	g->nonsense = false;
	g->short_reads = 1;
	for (uint64_t at = 0; at < 4; at++)
		EXPECT(object_read(o, at * PAGE_SIZE, (uint64_t)&byte, 1, true) == 1 && byte == (char)(at + 1));
	EXPECT(vm_fault(s, BASE, FAULT_READ) == FAULT_DONE);
	space_put(s);
	object_put(o);
	pager_stop(g);
}

TEST(a_write_that_fails_keeps_the_page_dirty_and_is_reported_once)
{
	struct pager *g = pager_start();
	REQUIRE(g);
	struct object *o = object_create_server(g->port, 1, 4 * PAGE_SIZE, false);

	EXPECT(object_write(o, 0, (uint64_t) "new", 3, true) == 3);
	g->write_error = -EIO;
	EXPECT(object_sync(o, 0, ~0ul, true) == -EIO);
	EXPECT(o->pages.marked == 1);
	g->write_error = 0;
	EXPECT(object_sync(o, 0, ~0ul, true) == 0);
	EXPECT(o->pages.marked == 0 && !memcmp(g->page[0], "new", 3));
	object_put(o);
	pager_stop(g);
}

TEST(no_space_is_known_at_the_first_store)
{
	struct pager *g = pager_start();
	struct space *s = space_create();
	REQUIRE(g && s);
	struct object *o = object_create_server(g->port, 1, 2 * PAGE_SIZE, false);

	g->dirty_error = -ENOSPC;
	EXPECT(map_object(s, o, 2, RW, MAP_SHARED) == 0);
	EXPECT(vm_fault(s, BASE, FAULT_READ) == FAULT_DONE);
	EXPECT(vm_fault(s, BASE, FAULT_WRITE) == FAULT_SIGBUS);
	EXPECT(object_write(o, 0, (uint64_t) "x", 1, true) == -ENOSPC);
	EXPECT(object_write(o, 10 * PAGE_SIZE, (uint64_t) "x", 1, true) == -ENOSPC && o->size == 2 * PAGE_SIZE);
	EXPECT(o->pages.marked == 0);
	g->dirty_error = 0;
	EXPECT(poke(s, BASE, 1) == FAULT_DONE);
	EXPECT(object_sync(o, 0, ~0ul, false) == 0);
	space_put(s);
	object_put(o);
	pager_stop(g);
}

TEST(a_dead_pager_is_an_error_and_not_a_hang)
{
	struct pager *g = pager_start();
	struct space *s = space_create();
	REQUIRE(g && s);
	struct object *o = object_create_server(g->port, 1, 4 * PAGE_SIZE, false);
	char byte;

	EXPECT(map_object(s, o, 4, RW, MAP_SHARED) == 0);
	EXPECT(object_read(o, 0, (uint64_t)&byte, 1, true) == 1);
	file_put(g->right);
	g->right = NULL;
	object_drop_pages(o, 0, ~0ul);
	EXPECT(object_read(o, 0, (uint64_t)&byte, 1, true) == -EIO);
	EXPECT(vm_fault(s, BASE, FAULT_WRITE) == FAULT_SIGBUS);
	space_put(s);
	object_put(o);
	pager_stop(g);
}

TEST(a_disk_is_dirty_by_sector_and_written_on_demand)
{
	struct pager *g = pager_start();
	REQUIRE(g);
	struct object *o = object_create_server(g->port, 0, DISK_PAGES * PAGE_SIZE, true);

	EXPECT(object_write(o, 1024, (uint64_t) "meta", 4, true) == 4);
	EXPECT(object_write(o, 3 * 512 + 100, (uint64_t) "data", 4, true) == 4);
	EXPECT(object_write(o, PAGE_SIZE + 512, (uint64_t) "gone", 4, true) == 4);
	memset(g->page[0], 0x77, 1024); /* the rest of the page changes behind our back, as file data does */
	EXPECT(object_sync_all() == 0 && g->bytes_written == 0);
	EXPECT(object_clean(o, PAGE_SIZE + 512, 512, OBJECT_DISCARD) == 0);
	EXPECT(object_clean(o, 1024, 512, OBJECT_WRITE) == 0 && g->bytes_written == 512);
	EXPECT(object_clean(o, 0, DISK_PAGES * PAGE_SIZE, OBJECT_WRITE) == 0 && g->bytes_written == 1024);
	EXPECT(!memcmp(g->page[0] + 1024, "meta", 4) && !memcmp(g->page[0] + 3 * 512 + 100, "data", 4));
	EXPECT(g->page[0][0] == 0x77 && g->page[1][512] == 2 && o->pages.marked == 0);
	object_put(o);
	pager_stop(g);
}

TEST_SUITE(pager, "vm.pager",
	TEST_CASE(a_sequential_reader_is_read_ahead_and_a_random_one_is_not),
	TEST_CASE(sync_writes_exactly_the_dirty_pages_and_reserves_once),
	TEST_CASE(what_lies_past_the_end_is_written_as_zeros),
	TEST_CASE(what_lies_past_the_end_goes_with_the_last_mapping_however_the_page_was_opened),
	TEST_CASE(a_bad_buffer_destroys_nothing_that_is_not_in_memory),
	TEST_CASE(nobody_is_told_durable_while_the_flush_of_another_is_under_way),
	TEST_CASE(a_write_that_meets_a_truncation_does_not_keep_old_blocks_alive),
	TEST_CASE(a_cut_the_pager_has_not_heard_of_is_told_before_the_file_grows_or_is_synced),
	TEST_CASE(growth_the_pager_refuses_leaves_the_file_as_it_was_and_a_write_goes_as_far_as_there_is_room),
	TEST_CASE(a_read_that_fails_is_an_error_for_whoever_asked_and_can_be_tried_again),
	TEST_CASE(a_write_that_fails_keeps_the_page_dirty_and_is_reported_once),
	TEST_CASE(no_space_is_known_at_the_first_store),
	TEST_CASE(a_dead_pager_is_an_error_and_not_a_hang),
	TEST_CASE(a_disk_is_dirty_by_sector_and_written_on_demand));
