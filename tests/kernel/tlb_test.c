/* SPDX-License-Identifier: MIT */
/*
 * When an operation on an address space has returned, no CPU goes by the entries it has changed. A kernel thread that
 * has the space loaded stores to (or loads from) one page all the time, on a CPU of its own; the test does something to
 * that page from another CPU and looks at the frame: it must stand still, however long the thread goes on trying.
 *
 * With one CPU there is nothing to test: the tables are loaded anew whenever the thread runs.
 */
#include "test_pager.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)
#define WATCH_TRIES 300
#define START_NS 10000000000ul
#define BATCHES 2000 /* pages of a range that takes several batches to unmap */

/* A thread that uses the first word at BASE. */
struct user {
	struct space *space;
	bool loads;
	volatile uint64_t tries, done, seen; /* accesses; those that succeeded; what the last load saw */
	volatile bool stop, ended;
};

static void user_main(void *arg)
{
	struct user *u = arg;
	uint64_t word = 0;

	thread_current()->space = u->space;
	space_load(u->space);
	while (!u->stop) {
		word = u->loads ? word : word + 1;
		size_t n = u->loads ? copy_from_user_nofault(&word, BASE, sizeof word)
		                    : copy_to_user_nofault(BASE, &word, sizeof word);
		u->tries++;
		u->done += n == sizeof word;
		if (u->loads && n == sizeof word)
			u->seen = word;
		cpu_poll();
	}
	space_load(NULL);
	thread_current()->space = NULL;
	u->ended = true;
}

/*
 * The thread is at work on another CPU when this returns true. It never gives that CPU up, and takes no interrupt
 * there; so we may not sleep before it runs, or it could get ours, with the timer that wakes us.
 */
static bool user_start(struct user *u, struct space *s, bool loads)
{
	uint64_t until = clock_now_ns() + START_NS;

	*u = (struct user){ .space = s, .loads = loads };
	if (!thread_create_kernel("user", user_main, u))
		return false;
	while (u->done < 100 && clock_now_ns() < until)
		cpu_poll();
	return u->done >= 100;
}

static void user_stop(struct user *u)
{
	u->stop = true;
	for (unsigned i = 0; i < PATIENCE && !u->ended; i++)
		pass_time();
	EXPECT(u->ended);
}

static volatile uint64_t *frame_at(struct space *s, vaddr_t addr)
{
	return phys_to_virt(pte_paddr(*table_find(s, addr)));
}

/* The frame stays as it is while the thread tries again and again. */
static bool stands_still(const struct user *u, volatile uint64_t *frame)
{
	uint64_t before = *frame, tries = u->tries, until = clock_now_ns() + START_NS;

	while (u->tries < tries + WATCH_TRIES && clock_now_ns() < until)
		cpu_poll();
	return *frame == before;
}

static bool one_cpu(void) { return cpu_count < 2; }

/* A space with npages at BASE, the first touched, and a thread that stores there; the frame is held by a reference. */
static struct space *stored_to(struct user *u, struct object *o, size_t npages, volatile uint64_t **frame)
{
	struct space *s = space_create();
	vaddr_t at = BASE;

	if (!s || space_map(s, &at, npages * PAGE_SIZE, RW, o ? MAP_SHARED | MAP_FIXED : ANON, o, 0, NULL, true) ||
	    poke(s, BASE, 0) != FAULT_DONE)
		return NULL;
	*frame = frame_at(s, BASE);
	page_get(phys_to_page(virt_to_phys((void *)*frame)));
	return user_start(u, s, false) ? s : NULL;
}

static void end(struct user *u, struct space *s, volatile uint64_t *frame)
{
	user_stop(u);
	space_put(s);
	page_put(phys_to_page(virt_to_phys((void *)frame)));
}

TEST(no_store_reaches_a_page_after_munmap)
{
	volatile uint64_t *frame;
	struct user u;

	if (one_cpu())
		return;
	struct space *s = stored_to(&u, NULL, 1, &frame);
	REQUIRE(s);
	EXPECT(space_unmap(s, BASE, PAGE_SIZE) == 0 && stands_still(&u, frame));
	end(&u, s, frame);
}

TEST(no_store_reaches_a_page_after_mprotect)
{
	volatile uint64_t *frame;
	struct user u;

	if (one_cpu())
		return;
	struct space *s = stored_to(&u, NULL, 1, &frame);
	REQUIRE(s);
	EXPECT(space_protect(s, BASE, PAGE_SIZE, PROT_READ) == 0 && stands_still(&u, frame));
	EXPECT(space_protect(s, BASE, PAGE_SIZE, RW) == 0);
	EXPECT(space_protect(s, BASE, PAGE_SIZE, PROT_NONE) == 0 && stands_still(&u, frame));
	end(&u, s, frame);
}

TEST(no_store_of_the_parent_reaches_a_page_that_fork_has_shared)
{
	volatile uint64_t *frame;
	struct user u;

	if (one_cpu())
		return;
	struct space *s = stored_to(&u, NULL, 1, &frame);
	REQUIRE(s);
	struct space *child = space_fork(s);
	REQUIRE(child);
	EXPECT(stands_still(&u, frame) && frame_at(child, BASE) == frame);
	EXPECT(vm_fault(s, BASE, FAULT_WRITE) == FAULT_DONE && frame_at(s, BASE) != frame);
	EXPECT(!stands_still(&u, frame_at(s, BASE)));
	EXPECT(stands_still(&u, frame));
	space_put(child);
	end(&u, s, frame);
}

/* What a thread loads from a page of a file that its space has from fork, in a table that both have. */
struct relatives { struct object *o; struct space *parent, *child; struct user of_parent, of_child; };

static bool relatives_start(struct relatives *r)
{
	/* in another table: the one above both stays */
	vaddr_t at = BASE, beside = BASE + PAGE_SIZE, far = BASE + (4ul << 20);

	r->o = object_create(PAGER_ZERO, PAGE_SIZE);
	r->parent = space_create();
	if (!r->o || !r->parent || space_map(r->parent, &at, PAGE_SIZE, RW, MAP_PRIVATE | MAP_FIXED, r->o, 0, NULL, true) ||
	    space_map(r->parent, &beside, PAGE_SIZE, RW, ANON, NULL, 0, NULL, true) ||
	    space_map(r->parent, &far, PAGE_SIZE, RW, ANON, NULL, 0, NULL, true) || poke(r->parent, far, 1) != FAULT_DONE ||
	    vm_fault(r->parent, BASE, FAULT_READ) != FAULT_DONE)
		return false;
	r->child = space_fork(r->parent);
	return r->child && user_start(&r->of_parent, r->parent, true) && user_start(&r->of_child, r->child, true);
}

/* No load succeeds any more, however often it is tried; one may have been under way. */
static bool sees_nothing(const struct user *u)
{
	uint64_t tries = u->tries, until = clock_now_ns() + START_NS;

	while (u->tries < tries + 2 && clock_now_ns() < until)
		cpu_poll();
	uint64_t done = u->done;
	for (tries = u->tries; u->tries < tries + WATCH_TRIES && clock_now_ns() < until;)
		cpu_poll();
	return u->done == done;
}

static void relatives_end(struct relatives *r)
{
	user_stop(&r->of_child);
	user_stop(&r->of_parent);
	space_put(r->child);
	space_put(r->parent);
	object_put(r->o);
}

TEST(truncation_through_a_shared_table_is_seen_by_every_space_that_has_it)
{
	struct relatives r;

	if (cpu_count < 3)
		return;
	REQUIRE(relatives_start(&r) && table_find(r.parent, BASE) == table_find(r.child, BASE));
	EXPECT(object_resize(r.o, 0) == 0 && sees_nothing(&r.of_parent) && sees_nothing(&r.of_child));
	relatives_end(&r);
}

TEST(reclaim_through_a_shared_table_is_seen_by_every_space_that_has_it)
{
	struct relatives r;

	if (cpu_count < 3)
		return;
	REQUIRE(relatives_start(&r) && table_find(r.parent, BASE) == table_find(r.child, BASE));
	spin_lock(&r.o->lock);
	object_unmap_locked(r.o, 0, 0, true);
	spin_unlock(&r.o->lock);
	EXPECT(sees_nothing(&r.of_parent) && sees_nothing(&r.of_child));
	relatives_end(&r);
}

TEST(a_shared_table_that_was_left_is_seen_by_no_cpu)
{
	struct relatives r;

	if (cpu_count < 3)
		return;
	REQUIRE(relatives_start(&r));
	EXPECT(space_unmap(r.child, BASE, 2 * PAGE_SIZE) == 0 && table_find(r.child, BASE) == NULL);
	EXPECT(sees_nothing(&r.of_child) && !sees_nothing(&r.of_parent));
	relatives_end(&r);
}

TEST(no_load_shows_the_old_frame_after_a_private_copy)
{
	struct user u;
	struct space *s = space_create();

	if (one_cpu()) {
		space_put(s);
		return;
	}
	vaddr_t at = BASE;
	REQUIRE(s && space_map(s, &at, PAGE_SIZE, RW, ANON, NULL, 0, NULL, true) == 0 && poke(s, BASE, 1) == FAULT_DONE);
	struct space *child = space_fork(s);
	REQUIRE(child && user_start(&u, s, true));
	EXPECT(u.seen == 1);
	EXPECT(vm_fault(s, BASE, FAULT_WRITE) == FAULT_DONE && frame_at(s, BASE) != frame_at(child, BASE));
	*frame_at(s, BASE) = 2;
	EXPECT(stands_still(&u, frame_at(child, BASE)) && u.seen == 2);
	user_stop(&u);
	space_put(child);
	space_put(s);
}

TEST(no_store_reaches_a_page_that_was_truncated_away)
{
	volatile uint64_t *frame;
	struct user u;

	if (one_cpu())
		return;
	struct object *o = object_create(PAGER_ZERO, PAGE_SIZE);
	struct space *s = stored_to(&u, o, 1, &frame);
	REQUIRE(o && s);
	EXPECT(object_resize(o, 0) == 0 && stands_still(&u, frame));
	end(&u, s, frame);
	object_put(o);
}

TEST(no_store_reaches_a_page_that_was_thrown_away)
{
	volatile uint64_t *frame;
	struct user u;

	if (one_cpu())
		return;
	struct space *s = stored_to(&u, NULL, 1, &frame);
	REQUIRE(s);
	EXPECT(space_advise(s, BASE, PAGE_SIZE, MADV_DONTNEED) == 0 && stands_still(&u, frame));
	end(&u, s, frame);
}

TEST(no_store_reaches_the_old_place_after_mremap)
{
	volatile uint64_t *frame;
	struct user u;

	if (one_cpu())
		return;
	struct space *s = stored_to(&u, NULL, 1, &frame);
	REQUIRE(s);
	vaddr_t to = BASE + 64 * PAGE_SIZE;
	EXPECT(space_remap(s, BASE, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == (int64_t)to);
	EXPECT(stands_still(&u, frame) && frame_at(s, to) == frame);
	end(&u, s, frame);
}

/* A page is sent to be written: until it is stored to by way of a fault, it does not change. */
TEST(no_store_reaches_a_page_while_it_is_written)
{
	volatile uint64_t *frame;
	struct user u;
	struct job cleaner;

	if (one_cpu())
		return;
	struct pager *g = pager_start();
	REQUIRE(g);
	struct object *o = object_create_server(g->port, 1, 4 * PAGE_SIZE, false);
	struct space *s = stored_to(&u, o, 4, &frame);
	REQUIRE(s);
	g->hold = PAGER_WRITE;
	REQUIRE(job_start(&cleaner, o, sync_data));
	struct call *write = pager_wait_held(g);
	REQUIRE(write);
	EXPECT(stands_still(&u, frame) && *(uint64_t *)g->page[0] == *frame);
	pager_let_go(g, write);
	EXPECT(job_ends(&cleaner));
	end(&u, s, frame);
	object_put(o);
	pager_stop(g);
}

/*
 * Somebody (mprotect, another munmap) has changed the entry and not flushed yet, as space->unflushed says: who cleans
 * the page or takes it away meanwhile may not go by the entry alone.
 */
TEST(no_store_reaches_a_page_that_is_written_in_the_middle_of_mprotect)
{
	volatile uint64_t *frame;
	struct user u;
	struct job cleaner;

	if (one_cpu())
		return;
	struct pager *g = pager_start();
	REQUIRE(g);
	struct object *o = object_create_server(g->port, 1, 4 * PAGE_SIZE, false);
	struct space *s = stored_to(&u, o, 4, &frame);
	REQUIRE(s);
	__atomic_add_fetch(&s->unflushed, 1, __ATOMIC_SEQ_CST);
	*table_find(s, BASE) &= ~(PTE_WRITE | PTE_DIRTY);
	g->hold = PAGER_WRITE;
	REQUIRE(job_start(&cleaner, o, sync_data));
	struct call *write = pager_wait_held(g);
	REQUIRE(write);
	EXPECT(stands_still(&u, frame));
	__atomic_sub_fetch(&s->unflushed, 1, __ATOMIC_RELEASE);
	pager_let_go(g, write);
	EXPECT(job_ends(&cleaner));
	end(&u, s, frame);
	object_put(o);
	pager_stop(g);
}

TEST(no_store_reaches_a_page_that_is_cut_off_in_the_middle_of_munmap)
{
	volatile uint64_t *frame;
	struct user u;

	if (one_cpu())
		return;
	struct object *o = object_create(PAGER_ZERO, PAGE_SIZE);
	struct space *s = stored_to(&u, o, 1, &frame);
	REQUIRE(o && s);
	pte_t *pte = table_find(s, BASE), e = *pte;
	__atomic_add_fetch(&s->unflushed, 1, __ATOMIC_SEQ_CST);
	*pte = 0;
	__atomic_sub_fetch(&s->resident, 1, __ATOMIC_RELAXED);
	table_page(pte)->resident--;
	__atomic_sub_fetch(&phys_to_page(pte_paddr(e))->maps, 1, __ATOMIC_RELEASE);
	EXPECT(object_resize(o, 0) == 0 && stands_still(&u, frame));
	__atomic_sub_fetch(&s->unflushed, 1, __ATOMIC_RELEASE);
	end(&u, s, frame);
	object_put(o);
}

/* ---- frames are given back after the flush, not before ---- */

struct taker { volatile bool begun, stop, ended; volatile unsigned spoilt; };

/* Takes frames from the allocator, and sees whether somebody else stores to them. */
static void taker_main(void *arg)
{
	struct taker *t = arg;
	struct page *held[64];

	for (t->begun = true; !t->stop;) {
		unsigned n = 0;
		for (; n < ARRAY_SIZE(held) && (held[n] = page_alloc(0, 0)); n++)
			*(volatile uint64_t *)page_to_virt(held[n]) = ~0ul;
		for (unsigned i = 0; i < 50; i++)
			cpu_poll();
		while (n--) {
			t->spoilt += *(volatile uint64_t *)page_to_virt(held[n]) != ~0ul;
			page_free(held[n], 0);
		}
		cpu_poll();
	}
	t->ended = true;
}

TEST(a_frame_is_free_only_when_no_cpu_can_store_to_it)
{
	struct taker t = { 0 };
	struct user u;
	struct space *s = space_create();

	if (cpu_count < 3) {
		space_put(s);
		return;
	}
	REQUIRE(s && thread_create_kernel("taker", taker_main, &t));
	while (!t.begun)
		cpu_poll();
	for (unsigned round = 0; round < 10; round++) {
		vaddr_t at = BASE;
		REQUIRE(space_map(s, &at, BATCHES * PAGE_SIZE, RW, ANON | MAP_POPULATE, NULL, 0, NULL, true) == 0);
		if (round == 0)
			REQUIRE(user_start(&u, s, false));
		pass_time();
		EXPECT(space_unmap(s, BASE, BATCHES * PAGE_SIZE) == 0);
	}
	t.stop = true;
	user_stop(&u);
	for (unsigned i = 0; i < PATIENCE && !t.ended; i++)
		pass_time();
	EXPECT(t.ended && !t.spoilt);
	space_put(s);
}

TEST_SUITE(tlb, "vm.tlb",
	TEST_CASE(no_store_reaches_a_page_after_munmap),
	TEST_CASE(no_store_reaches_a_page_after_mprotect),
	TEST_CASE(no_store_of_the_parent_reaches_a_page_that_fork_has_shared),
	TEST_CASE(truncation_through_a_shared_table_is_seen_by_every_space_that_has_it),
	TEST_CASE(reclaim_through_a_shared_table_is_seen_by_every_space_that_has_it),
	TEST_CASE(a_shared_table_that_was_left_is_seen_by_no_cpu),
	TEST_CASE(no_load_shows_the_old_frame_after_a_private_copy),
	TEST_CASE(no_store_reaches_a_page_that_was_truncated_away),
	TEST_CASE(no_store_reaches_a_page_that_was_thrown_away),
	TEST_CASE(no_store_reaches_the_old_place_after_mremap),
	TEST_CASE(no_store_reaches_a_page_while_it_is_written),
	TEST_CASE(no_store_reaches_a_page_that_is_written_in_the_middle_of_mprotect),
	TEST_CASE(no_store_reaches_a_page_that_is_cut_off_in_the_middle_of_munmap),
	TEST_CASE(a_frame_is_free_only_when_no_cpu_can_store_to_it));
