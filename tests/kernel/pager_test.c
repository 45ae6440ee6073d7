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
	volatile int resize_error;
	volatile uint64_t room;        /* DIRTY is refused to who asks for more pages than these */
	volatile uint32_t hold;        /* requests of this op are not answered: kept until let_go */
	struct call *volatile held;
	/* What was asked. */
	volatile uint64_t reads, pages_read, writes, bytes_written, dirties, syncs, resizes, last_size;
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

static void answer(struct pager *g, struct msg *reply)
{
	struct thread *next;

	port_answer(g->port, reply, NULL, &next);
	if (next)
		sched_ready(next);
}

static void pager_main(void *arg)
{
	struct pager *g = arg;
	struct call *c;
	uint64_t bits;

	while (port_take(g->port, MSG_DATA_MAX, UINT64_MAX, NULL, &c, &bits) == 0) {
		struct msg reply = { .token = c->m.token };
		switch (c->m.op) {
		case PAGER_READ:
			serve_read(g, c, &reply);
			break;
		case PAGER_WRITE:
			serve_write(g, c, &reply);
			break;
		case PAGER_DIRTY:
			g->dirties++;
			reply.status = c->m.arg[2] > g->room ? -ENOSPC : g->dirty_error;
			break;
		case PAGER_SYNC:
			g->syncs++;
			break;
		case PAGER_RESIZE:
			g->resizes++;
			g->last_size = c->m.arg[1];
			reply.status = g->resize_error;
			break;
		}
		if (c->m.op == g->hold) {
			g->hold = 0;
			g->held = c;
			continue;
		}
		call_put(c);
		answer(g, &reply);
	}
	g->running = false;
}

/* Answer a request that was kept. */
static void let_go(struct pager *g, struct call *c)
{
	struct msg reply = { .token = c->m.token };

	call_put(c);
	answer(g, &reply);
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
	g->room = DISK_PAGES;
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

/* Let other threads run until the pager has kept the request it was told to hold. */
static struct call *wait_held(struct pager *g)
{
	for (unsigned i = 0; i < 1000 && !g->held; i++)
		pass_time();
	struct call *c = g->held;
	g->held = NULL;
	return c;
}

/* Something done by another thread. */
struct job { struct object *object; void (*work)(struct object *o); volatile bool done; };

static void job_main(void *arg)
{
	struct job *j = arg;

	j->work(j->object);
	j->done = true;
}

static bool job_start(struct job *j, struct object *o, void (*work)(struct object *o))
{
	*j = (struct job){ o, work, false };
	return thread_create_kernel("job", job_main, j);
}

static bool job_ends(struct job *j)
{
	for (unsigned i = 0; i < 1000 && !j->done; i++)
		pass_time();
	return j->done;
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

/* The byte at `in_page` of the object's page `at`, as it lies in memory. */
static int byte_of(struct object *o, pgoff_t at, size_t in_page)
{
	spin_lock(&o->lock);
	struct page *p = object_page_locked(o, at);
	int byte = p ? ((uint8_t *)page_to_virt(p))[in_page] : -1;
	spin_unlock(&o->lock);
	return byte;
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

static void sync_durably(struct object *o) { EXPECT(object_sync(o, 0, ~0ul, true) == 0); }
static void sync_data(struct object *o) { EXPECT(object_sync(o, 0, ~0ul, false) == 0); }
static void cut_to_nothing(struct object *o) { EXPECT(object_resize(o, 0) == 0); }
static void write_third_page(struct object *o) { EXPECT(object_write(o, 2 * PAGE_SIZE, (uint64_t) "new", 3, true) == 3); }

TEST(nobody_is_told_durable_while_the_flush_of_another_is_under_way)
{
	struct pager *g = pager_start();
	struct job first, second;
	REQUIRE(g);
	struct object *o = object_create_server(g->port, 1, 4 * PAGE_SIZE, false);

	EXPECT(object_write(o, 0, (uint64_t) "new", 3, true) == 3);
	g->hold = PAGER_SYNC;
	REQUIRE(job_start(&first, o, sync_durably));
	struct call *flush = wait_held(g);
	REQUIRE(flush);
	g->hold = PAGER_SYNC;
	REQUIRE(job_start(&second, o, sync_durably));
	struct call *another = wait_held(g);
	EXPECT(another && !first.done && !second.done);
	let_go(g, flush);
	if (another)
		let_go(g, another);
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
	struct call *write = wait_held(g);
	REQUIRE(write);
	g->hold = PAGER_DIRTY; /* the writer is past its look at the size */
	REQUIRE(job_start(&writer, o, write_third_page));
	struct call *dirty = wait_held(g);
	REQUIRE(dirty && job_start(&cutter, o, cut_to_nothing));
	for (unsigned i = 0; i < 10; i++)
		pass_time(); /* it has cut and waits for the WRITE before it tells the pager */
	EXPECT(o->size == 0 && !g->resizes);
	let_go(g, dirty);
	for (unsigned i = 0; i < 10; i++)
		pass_time();
	let_go(g, write);
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
