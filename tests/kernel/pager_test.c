/* SPDX-License-Identifier: MIT */
/*
 * The kernel's side of the pager protocol, against a pager made for it: a kernel thread with a "disk" of a few pages that
 * counts what it is asked, and fails on command. So what a real server rarely does (errors, short answers, nonsense, death) is
 * tried on purpose.
 */
#include "ipc/ipc_impl.h"
#include "lib/test.h"
#include "vm/vm_impl.h"

#define DISK_PAGES 64
#define BASE 0x20000000ul
#define RW (PROT_READ | PROT_WRITE)

struct pager {
	struct file *right;  /* receive right */
	struct port *port;
	uint8_t *page[DISK_PAGES];
	volatile bool running;
	/* What to do. */
	volatile int read_error, write_error, dirty_error;
	volatile uint64_t short_reads; /* supply at most so many pages; 0: all */
	volatile bool nonsense;        /* answer READ with an absurd count */
	/* What was asked. */
	volatile uint64_t reads, pages_read, writes, bytes_written, dirties, syncs, resizes;
};

static void serve_read(struct pager *g, struct call *c, struct msg *reply)
{
	uint64_t first = c->m.arg[1], count = c->m.arg[2];

	g->reads++;
	reply->status = g->read_error;
	if (g->read_error)
		return;
	if (g->short_reads)
		count = MIN(count, g->short_reads);
	for (uint64_t i = 0; i < count && first + i < DISK_PAGES; i++)
		page_copy(page_to_virt(c->loan->page[i]), g->page[first + i]);
	g->pages_read += count;
	reply->arg[0] = g->nonsense ? 1000 : count;
}

static void serve_write(struct pager *g, struct call *c, struct msg *reply)
{
	uint64_t off = c->m.arg[1], len = c->m.arg[2];

	g->writes++;
	reply->status = g->write_error;
	if (g->write_error)
		return;
	g->bytes_written += len;
	for (uint64_t at = off; at < off + len; at += 512) {
		uint64_t in_loan = at - ALIGN_DOWN(off, PAGE_SIZE);
		memcpy(g->page[at / PAGE_SIZE] + at % PAGE_SIZE,
		       (char *)page_to_virt(c->loan->page[in_loan / PAGE_SIZE]) + in_loan % PAGE_SIZE, 512);
	}
}

static void pager_main(void *arg)
{
	struct pager *g = arg;
	struct call *c;
	uint64_t bits;

	while (port_take(g->port, MSG_DATA_MAX, UINT64_MAX, NULL, &c, &bits) == 0) {
		struct msg reply = { .token = c->m.token };
		struct thread *next;
		switch (c->m.op) {
		case PAGER_READ:
			serve_read(g, c, &reply);
			break;
		case PAGER_WRITE:
			serve_write(g, c, &reply);
			break;
		case PAGER_DIRTY:
			g->dirties++;
			reply.status = g->dirty_error;
			break;
		case PAGER_SYNC:
			g->syncs++;
			break;
		case PAGER_RESIZE:
			g->resizes++;
			break;
		}
		call_put(c);
		port_answer(g->port, &reply, NULL, &next);
		if (next)
			sched_ready(next);
	}
	g->running = false;
}

static struct pager *pager_start(void)
{
	struct pager *g = kzalloc(sizeof *g);

	if (!g)
		return NULL;
	g->right = port_file_create(0);
	g->port = port_from_file(g->right, true);
	for (unsigned i = 0; i < DISK_PAGES; i++) {
		g->page[i] = page_to_virt(page_alloc(0, 0));
		memset(g->page[i], (int)i + 1, PAGE_SIZE);
	}
	g->running = true;
	return thread_create_kernel("pager", pager_main, g) ? g : NULL;
}

static void pass_time(void)
{
	wait_begin(WAIT_ALWAYS);
	wait_end(NULL, clock_now_ns() + 1000000);
}

static void pager_stop(struct pager *g)
{
	if (g->right)
		file_put(g->right);
	while (g->running)
		pass_time();
	port_put(g->port);
	for (unsigned i = 0; i < DISK_PAGES; i++)
		page_free(phys_to_page(virt_to_phys(g->page[i])), 0);
	kfree(g);
}

static int map_object(struct space *s, struct object *o, size_t npages, uint32_t prot, uint32_t flags)
{
	vaddr_t at = BASE;

	return space_map(s, &at, npages * PAGE_SIZE, prot, flags | MAP_FIXED, o, 0, NULL, true);
}

static enum fault_result poke(struct space *s, vaddr_t addr, uint8_t byte)
{
	enum fault_result r = vm_fault(s, addr, FAULT_WRITE);

	if (r == FAULT_DONE)
		*((uint8_t *)phys_to_virt(pte_paddr(*table_find(s, addr))) + (addr & PAGE_MASK)) = byte;
	return r;
}

TEST(a_sequential_reader_is_read_ahead_and_a_random_one_is_not)
{
	struct pager *g = pager_start();
	REQUIRE(g);
	struct object *o = object_create_server(g->port, 1, DISK_PAGES * PAGE_SIZE, false);
	char byte;

	for (uint64_t at = 0; at < 32; at++)
		EXPECT(object_read(o, at * PAGE_SIZE, (uint64_t)&byte, 1, true) == 1 && byte == (char)(at + 1));
	EXPECT(g->reads < 8);
	object_drop_pages(o);
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
	object_drop_pages(o);
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
	TEST_CASE(a_read_that_fails_is_an_error_for_whoever_asked_and_can_be_tried_again),
	TEST_CASE(a_write_that_fails_keeps_the_page_dirty_and_is_reported_once),
	TEST_CASE(no_space_is_known_at_the_first_store),
	TEST_CASE(a_dead_pager_is_an_error_and_not_a_hang),
	TEST_CASE(a_disk_is_dirty_by_sector_and_written_on_demand));
