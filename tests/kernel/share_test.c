/* SPDX-License-Identifier: MIT */
/*
 * Leaf tables that several spaces have: what each of them sees, what is counted, and what is not copied. The spaces
 * belong to no process; faults are made by calling vm_fault, bytes are looked at through the tables. What TLBs may
 * still show is tlb_test.c's.
 */
#include "test_pager.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)
#define SPAN (PT_ENTRIES * PAGE_SIZE)        /* what one leaf table shows */
#define LOW (BASE + SPAN - 8 * PAGE_SIZE)    /* 16 pages that lie in two tables */
#define PAGES 16

static int map_at(struct space *s, vaddr_t at, size_t npages, uint32_t flags, struct object *o)
{
	return space_map(s, &at, npages * PAGE_SIZE, RW, flags | MAP_FIXED, o, 0, NULL, true);
}

static int peek(struct space *s, vaddr_t addr)
{
	pte_t *pte = table_find(s, addr);

	return pte && *pte & PTE_PRESENT ? *((uint8_t *)phys_to_virt(pte_paddr(*pte)) + (addr & PAGE_MASK)) : -1;
}

static int load(struct space *s, vaddr_t addr)
{
	return vm_fault(s, addr, FAULT_READ) == FAULT_DONE ? peek(s, addr) : -1;
}

static uint32_t sharers(struct space *s, vaddr_t addr) { return table_page(table_find(s, addr))->refs; }
static paddr_t frame_of(struct space *s, vaddr_t addr) { return pte_paddr(*table_find(s, addr)); }

/* A space with PAGES anonymous pages at LOW, each holding its number + 1. */
static struct space *space_with_pages(void)
{
	struct space *s = space_create();
	bool made = s && !map_at(s, LOW, PAGES, ANON, NULL);

	for (unsigned i = 0; made && i < PAGES; i++)
		made = poke(s, LOW + i * PAGE_SIZE, (uint8_t)(i + 1)) == FAULT_DONE;
	if (s && !made)
		space_put(s);
	return made ? s : NULL;
}

/* The pages [first, end) are as space_with_pages made them. */
static bool untouched(struct space *s, unsigned first, unsigned end)
{
	for (unsigned i = first; i < end; i++)
		if (peek(s, LOW + i * PAGE_SIZE) != (int)i + 1)
			return false;
	return true;
}

/* ---- who has what ---- */

TEST(fork_shares_leaf_tables_and_takes_no_frame_for_them)
{
	struct space *parent = space_with_pages();
	REQUIRE(parent);
	uint64_t tables = vm_stat.table_pages;
	struct space *child = space_fork(parent);
	REQUIRE(child);

	EXPECT(vm_stat.table_pages == tables + 2); /* the child's upper ones */
	EXPECT(table_find(parent, LOW) == table_find(child, LOW) && sharers(parent, LOW) == 2);
	EXPECT(child->tables == parent->tables && space_resident(child) == PAGES && untouched(child, 0, PAGES));
	space_put(child);
	EXPECT(sharers(parent, LOW) == 1 && vm_stat.table_pages == tables);
	space_put(parent);
}

/* One VMA over the border of a gigabyte, with pages in some of its tables; in its last table another begins. */
TEST(fork_shares_what_tables_there_are_of_a_large_vma_and_no_more)
{
	static const unsigned touched[] = { 0, 1, 2, 5, 7, 8, 9, 15 }; /* tables; the border lies before 8 */
	const size_t border = PT_ENTRIES * SPAN, start = 2 * border - 8 * SPAN + 16 * PAGE_SIZE;
	struct space *parent = space_create();
	REQUIRE(parent);

	bool made = !map_at(parent, start, 15 * PT_ENTRIES, ANON, NULL) && !map_at(parent, start + 15 * SPAN, 1, ANON, NULL);
	for (unsigned i = 0; i < ARRAY_SIZE(touched); i++)
		made &= poke(parent, start + touched[i] * SPAN, (uint8_t)(i + 1)) == FAULT_DONE;
	struct space *child = made ? space_fork(parent) : NULL;
	if (child) {
		EXPECT(child->tables == parent->tables && space_resident(child) == ARRAY_SIZE(touched));
		for (unsigned i = 0; i < 16; i++)
			EXPECT(table_find(parent, start + i * SPAN) == table_find(child, start + i * SPAN));
		for (unsigned i = 0; i < ARRAY_SIZE(touched); i++)
			EXPECT(peek(child, start + touched[i] * SPAN) == (int)i + 1 && sharers(child, start + touched[i] * SPAN) == 2);
		space_put(child);
	}
	EXPECT(child != NULL);
	space_put(parent);
}

TEST(a_store_copies_the_table_it_goes_through_and_no_other)
{
	struct space *parent = space_with_pages();
	REQUIRE(parent);
	struct space *child = space_fork(parent);
	REQUIRE(child);

	EXPECT(poke(child, LOW, 0x77) == FAULT_DONE);
	EXPECT(sharers(child, LOW) == 1 && sharers(parent, LOW) == 1 && sharers(parent, LOW + 8 * PAGE_SIZE) == 2);
	EXPECT(peek(child, LOW) == 0x77 && untouched(parent, 0, PAGES) && untouched(child, 1, PAGES));
	EXPECT(frame_of(child, LOW) != frame_of(parent, LOW));
	EXPECT(frame_of(child, LOW + PAGE_SIZE) == frame_of(parent, LOW + PAGE_SIZE));
	EXPECT(!(*table_find(child, LOW + PAGE_SIZE) & PTE_WRITE) && !(*table_find(parent, LOW + PAGE_SIZE) & PTE_WRITE));
	EXPECT(space_resident(child) == PAGES && space_resident(parent) == PAGES && vm_audit() == 0);
	space_put(parent);
	EXPECT(peek(child, LOW) == 0x77 && untouched(child, 1, PAGES));
	space_put(child);
}

TEST(when_the_others_are_gone_one_fault_opens_every_page_again)
{
	struct space *parent = space_with_pages();
	REQUIRE(parent);
	struct space *child = space_fork(parent);
	REQUIRE(child);
	paddr_t first = frame_of(parent, LOW), second = frame_of(parent, LOW + PAGE_SIZE);

	space_put(child);
	EXPECT(table_is_shared(table_find(parent, LOW)));
	uint64_t allocated = frames_allocated();
	EXPECT(vm_fault(parent, LOW, FAULT_WRITE) == FAULT_DONE && frame_of(parent, LOW) == first);
	EXPECT(frames_allocated() == allocated);
	EXPECT(!table_is_shared(table_find(parent, LOW)));
	EXPECT(*table_find(parent, LOW + PAGE_SIZE) & PTE_WRITE && frame_of(parent, LOW + PAGE_SIZE) == second);
	space_put(parent);
}

TEST(the_child_keeps_the_frames_when_the_parent_ends_first)
{
	struct space *parent = space_with_pages();
	REQUIRE(parent);
	struct space *child = space_fork(parent);
	REQUIRE(child);
	paddr_t first = frame_of(parent, LOW);

	space_put(parent);
	EXPECT(untouched(child, 0, PAGES) && poke(child, LOW, 9) == FAULT_DONE && frame_of(child, LOW) == first);
	space_put(child);
}

TEST(three_generations_see_each_their_own_stores)
{
	struct space *a = space_with_pages();
	REQUIRE(a);
	struct space *b = space_fork(a);
	REQUIRE(b);
	struct space *c = space_fork(b);
	REQUIRE(c);

	EXPECT(sharers(a, LOW) == 3);
	EXPECT(poke(b, LOW, 0xb0) == FAULT_DONE && sharers(a, LOW) == 2 && sharers(b, LOW) == 1);
	struct space *d = space_fork(b);
	REQUIRE(d);
	EXPECT(poke(b, LOW + PAGE_SIZE, 0xb1) == FAULT_DONE && poke(a, LOW, 0xa0) == FAULT_DONE);
	EXPECT(peek(a, LOW) == 0xa0 && untouched(a, 1, PAGES));
	EXPECT(peek(b, LOW) == 0xb0 && peek(b, LOW + PAGE_SIZE) == 0xb1 && untouched(b, 2, PAGES));
	EXPECT(untouched(c, 0, PAGES));
	EXPECT(peek(d, LOW) == 0xb0 && untouched(d, 1, PAGES) && vm_audit() == 0);
	space_put(b);
	EXPECT(untouched(c, 0, PAGES) && peek(d, LOW) == 0xb0 && poke(d, LOW, 0xd0) == FAULT_DONE);
	EXPECT(peek(a, LOW) == 0xa0 && untouched(c, 0, PAGES));
	space_put(a);
	space_put(d);
	EXPECT(untouched(c, 0, PAGES));
	space_put(c);
}

/* ---- changes for one space ---- */

TEST(munmap_of_a_part_leaves_the_others_pages)
{
	struct space *parent = space_with_pages();
	REQUIRE(parent);
	struct space *child = space_fork(parent);
	REQUIRE(child);

	/* Whole tables' worth is only left; a part of a table is copied first. */
	EXPECT(space_unmap(child, LOW + 10 * PAGE_SIZE, 6 * PAGE_SIZE) == 0);
	EXPECT(sharers(parent, LOW) == 2 && sharers(parent, LOW + 8 * PAGE_SIZE) == 1);
	EXPECT(untouched(parent, 0, PAGES) && untouched(child, 0, 10) && peek(child, LOW + 10 * PAGE_SIZE) == -1);
	EXPECT(space_resident(child) == 10 && space_resident(parent) == PAGES && vm_audit() == 0);
	uint64_t frames = vm_stat.table_pages;
	EXPECT(space_unmap(child, LOW, 8 * PAGE_SIZE) == 0 && vm_stat.table_pages == frames && sharers(parent, LOW) == 1);
	EXPECT(untouched(parent, 0, PAGES) && untouched(child, 8, 10) && space_resident(child) == 2);
	space_put(child);
	space_put(parent);
}

TEST(pages_thrown_away_in_the_child_stay_in_the_parent)
{
	struct space *parent = space_with_pages();
	REQUIRE(parent);
	struct space *child = space_fork(parent);
	REQUIRE(child);

	EXPECT(space_advise(child, LOW + 4 * PAGE_SIZE, 8 * PAGE_SIZE, MADV_DONTNEED) == 0);
	EXPECT(load(child, LOW + 4 * PAGE_SIZE) == 0 && load(child, LOW + 11 * PAGE_SIZE) == 0);
	EXPECT(untouched(child, 0, 4) && untouched(child, 12, PAGES) && untouched(parent, 0, PAGES));
	EXPECT(space_advise(parent, LOW, PAGES * PAGE_SIZE, MADV_FREE) == 0 && untouched(parent, 0, PAGES));
	/* the parent's own now */
	EXPECT(space_drop_lazy(parent) == 8 && untouched(child, 0, 4) && untouched(child, 12, PAGES));
	space_put(child);
	space_put(parent);
}

TEST(mprotect_in_the_child_leaves_the_parent_its_rights)
{
	struct space *parent = space_with_pages();
	REQUIRE(parent);
	struct space *child = space_fork(parent);
	REQUIRE(child);

	EXPECT(space_protect(child, LOW, PAGES * PAGE_SIZE, PROT_READ) == 0);
	EXPECT(vm_fault(child, LOW, FAULT_WRITE) == FAULT_SEGV_ACCERR && poke(parent, LOW, 0x51) == FAULT_DONE);
	EXPECT(space_protect(child, LOW, PAGES * PAGE_SIZE, RW) == 0 && untouched(child, 0, PAGES));
	EXPECT(!(*table_find(child, LOW + PAGE_SIZE) & PTE_WRITE) && poke(child, LOW + PAGE_SIZE, 0x52) == FAULT_DONE);
	EXPECT(peek(parent, LOW) == 0x51 && untouched(parent, 1, PAGES) && vm_audit() == 0);
	space_put(child);
	space_put(parent);
}

TEST(mremap_moves_a_part_of_a_shared_table_by_copy_and_a_whole_one_as_it_is)
{
	struct space *parent = space_with_pages();
	REQUIRE(parent);
	vaddr_t to = BASE + 8 * SPAN + 3 * PAGE_SIZE, whole = BASE + 16 * SPAN;
	EXPECT(map_at(parent, whole, PT_ENTRIES, ANON, NULL) == 0 && poke(parent, whole, 0x31) == FAULT_DONE);
	struct space *child = space_fork(parent);
	REQUIRE(child);

	EXPECT(space_remap(child, LOW, PAGES * PAGE_SIZE, PAGES * PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
	                   to) == (int64_t)to);
	EXPECT(peek(child, to) == 1 && peek(child, to + 15 * PAGE_SIZE) == 16 && untouched(parent, 0, PAGES));
	EXPECT(space_remap(child, whole, SPAN, SPAN, MREMAP_MAYMOVE | MREMAP_FIXED,
	                   whole + SPAN) == (int64_t)(whole + SPAN));
	EXPECT(table_find(child, whole + SPAN) == table_find(parent, whole) && sharers(parent, whole) == 2 &&
	       vm_audit() == 0);
	EXPECT(poke(child, whole + SPAN, 0x32) == FAULT_DONE && peek(parent, whole) == 0x31);
	EXPECT(space_resident(child) == PAGES + 1 && space_resident(parent) == PAGES + 1);
	space_put(parent);
	EXPECT(peek(child, whole + SPAN) == 0x32);
	space_put(child);
}

TEST(what_the_child_may_not_see_lies_beside_what_it_inherits)
{
	struct space *parent = space_with_pages();
	REQUIRE(parent);
	EXPECT(space_advise(parent, LOW, PAGE_SIZE, MADV_DONTFORK) == 0);
	EXPECT(space_advise(parent, LOW + 2 * PAGE_SIZE, PAGE_SIZE, MADV_WIPEONFORK) == 0);
	vaddr_t whole = BASE + 16 * SPAN; /* a table of nothing else */
	EXPECT(map_at(parent, whole, PT_ENTRIES, ANON, NULL) == 0 && poke(parent, whole, 5) == FAULT_DONE);
	EXPECT(space_advise(parent, whole, SPAN, MADV_WIPEONFORK) == 0);
	struct space *child = space_fork(parent);
	REQUIRE(child);

	EXPECT(table_find(child, whole) == NULL && load(child, whole) == 0 && peek(parent, whole) == 5);
	EXPECT(sharers(parent, LOW) == 1 && sharers(parent, LOW + 8 * PAGE_SIZE) == 2);
	EXPECT(vm_fault(child, LOW, FAULT_READ) == FAULT_SEGV_MAPERR && load(child, LOW + 2 * PAGE_SIZE) == 0);
	EXPECT(peek(child, LOW + PAGE_SIZE) == 2 && untouched(child, 3, PAGES) && space_resident(child) == PAGES - 2);
	EXPECT(poke(parent, LOW + PAGE_SIZE, 0x99) == FAULT_DONE && peek(child, LOW + PAGE_SIZE) == 2);
	EXPECT(untouched(parent, 2, PAGES) && vm_audit() == 0);
	space_put(child);
	space_put(parent);
}

TEST(a_page_freed_lazily_before_fork_goes_when_nobody_shares_its_table)
{
	struct space *parent = space_with_pages();
	REQUIRE(parent);
	EXPECT(space_advise(parent, LOW, 2 * PAGE_SIZE, MADV_FREE) == 0);
	struct space *child = space_fork(parent);
	REQUIRE(child);

	EXPECT(space_drop_lazy(parent) == 0 && space_drop_lazy(child) == 0 && untouched(child, 0, PAGES));
	space_put(parent);
	EXPECT(poke(child, LOW, 0x66) == FAULT_DONE);
	*table_find(child, LOW) |= PTE_DIRTY; /* as the processor would: the entry was open */
	EXPECT(space_drop_lazy(child) == 1 && peek(child, LOW) == 0x66 && load(child, LOW + PAGE_SIZE) == 0);
	space_put(child);
}

/* ---- changes true for all ---- */

/*
 * An object's first 8 pages are mapped privately by the parent, read, and one of them stored to; then there is a child.
 */
struct family { struct object *o; struct space *parent, *child; };

static bool family_create(struct family *f, struct object *o, uint32_t flags)
{
	*f = (struct family){ o, space_create(), NULL };
	if (!o || !f->parent || map_at(f->parent, BASE, 8, flags, o) ||
	    map_at(f->parent, BASE + 8 * PAGE_SIZE, 1, ANON, NULL))
		return false;
	for (unsigned i = 0; i < 8; i++)
		if (vm_fault(f->parent, BASE + i * PAGE_SIZE, FAULT_READ) != FAULT_DONE)
			return false;
	if (poke(f->parent, BASE, 0x11) != FAULT_DONE || poke(f->parent, BASE + 8 * PAGE_SIZE, 1) != FAULT_DONE)
		return false;
	f->child = space_fork(f->parent);
	return f->child && sharers(f->parent, BASE) == 2;
}

static void family_end(struct family *f)
{
	space_put(f->child);
	space_put(f->parent);
	object_put(f->o);
}

TEST(truncation_takes_pages_out_of_a_shared_table_once_for_all)
{
	struct family f;

	REQUIRE(family_create(&f, object_create(PAGER_ZERO, 8 * PAGE_SIZE), MAP_PRIVATE));
	EXPECT(space_resident(f.parent) == 9 && space_resident(f.child) == 9);
	uint64_t allocated = frames_allocated();
	EXPECT(object_resize(f.o, 3 * PAGE_SIZE) == 0 && frames_allocated() == allocated);
	EXPECT(sharers(f.parent, BASE) == 2 && peek(f.child, BASE + 3 * PAGE_SIZE) == -1 && peek(f.child, BASE) == 0x11);
	EXPECT(space_resident(f.parent) == 4 && space_resident(f.child) == 4 && vm_audit() == 0);
	EXPECT(object_resize(f.o, 0) == 0 && peek(f.parent, BASE) == -1); /* private copies go too */
	EXPECT(vm_fault(f.child, BASE, FAULT_READ) == FAULT_SIGBUS && space_resident(f.child) == 1);
	EXPECT(poke(f.child, BASE + 8 * PAGE_SIZE, 2) == FAULT_DONE && peek(f.parent, BASE + 8 * PAGE_SIZE) == 1);
	EXPECT(space_resident(f.child) == 1 && space_resident(f.parent) == 1 && vm_audit() == 0);
	family_end(&f);
}

TEST(reclaim_takes_a_page_out_of_a_shared_table)
{
	struct pager *g = pager_start();
	struct family f;

	REQUIRE(g);
	REQUIRE(family_create(&f, object_create_server(g->port, 1, 8 * PAGE_SIZE, false), MAP_PRIVATE));
	uint64_t allocated = frames_allocated();
	reclaim_range(f.o, 0, 7);
	EXPECT(frames_allocated() == allocated && f.o->pages.count == 0);
	EXPECT(peek(f.child, BASE + PAGE_SIZE) == -1 && peek(f.parent, BASE + PAGE_SIZE) == -1 &&
	       peek(f.child, BASE) == 0x11);
	EXPECT(space_resident(f.child) == 2 && space_resident(f.parent) == 2);
	EXPECT(load(f.parent, BASE + PAGE_SIZE) == *g->page[1]);
	family_end(&f);
	pager_stop(g);
}

TEST(cleaning_closes_an_entry_of_a_shared_table_and_the_next_store_marks_the_page)
{
	struct pager *g = pager_start();
	struct family f;

	REQUIRE(g);
	REQUIRE(family_create(&f, object_create_server(g->port, 1, 8 * PAGE_SIZE, false), MAP_SHARED));
	EXPECT(*table_find(f.child, BASE) & PTE_WRITE && f.o->pages.marked == 1);
	uint64_t allocated = frames_allocated();
	sync_data(f.o);
	EXPECT(!(*table_find(f.child, BASE) & PTE_WRITE) && f.o->pages.marked == 0 && *g->page[0] == 0x11);
	EXPECT(sharers(f.parent, BASE) == 2 && frames_allocated() - allocated < 4);
	EXPECT(poke(f.child, BASE, 0x12) == FAULT_DONE && f.o->pages.marked == 1 && peek(f.parent, BASE) == 0x12);
	sync_data(f.o);
	EXPECT(*g->page[0] == 0x12 && !(*table_find(f.child, BASE) & PTE_WRITE));
	family_end(&f);
	pager_stop(g);
}

/* ---- no memory ---- */

static int life_of_a_family(void)
{
	struct space *s = space_with_pages(), *child = s ? space_fork(s) : NULL, *third = child ? space_fork(child) : NULL;
	int err = third ? 0 : -ENOMEM;

	if (!err)
		err = poke(child, LOW, 5) == FAULT_DONE ? 0 : -ENOMEM;
	if (!err)
		err = space_unmap(third, LOW + PAGE_SIZE, PAGE_SIZE);
	if (!err)
		err = space_protect(child, LOW + 9 * PAGE_SIZE, PAGE_SIZE, PROT_READ);
	if (!err)
		err = space_advise(s, LOW + 12 * PAGE_SIZE, PAGE_SIZE, MADV_DONTNEED);
	vaddr_t to = BASE + 8 * SPAN;
	if (!err && space_remap(third, LOW + 10 * PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
	                        to) != (int64_t)to)
		err = -ENOMEM;
	EXPECT(!s || untouched(s, 0, 12));
	if (third)
		space_put(third);
	if (s)
		space_put(s);
	if (child)
		space_put(child);
	return err;
}

TEST(every_allocation_for_a_copied_table_may_fail)
{
	unsigned failed = 0;

	for (unsigned n = 1; n < 300; n++) {
		failalloc_arm(n);
		int err = life_of_a_family();
		bool fired = failalloc_left == 0;
		failalloc_arm(0);
		EXPECT(err == 0 || err == -ENOMEM || err == -EAGAIN);
		EXPECT(vm_audit() == 0);
		failed += err != 0;
		if (!fired)
			break;
	}
	EXPECT(failed > 15);
}

/* ---- at random, against a model ---- */

#define FAMILY 4
#define UNITS 24 /* pages 0..15 at LOW anonymous, 16..23 behind them a private mapping of the object */
#define FILE_PAGES 8
#define AT(u) (LOW + (u) * PAGE_SIZE)

struct world {
	struct space *space[FAMILY];
	bool mapped[FAMILY][UNITS];
	int own[FAMILY][UNITS]; /* the byte of the private page; -1: there is none */
	struct object *o;
	uint8_t file[FILE_PAGES];
	unsigned size;
};

static int expected(const struct world *w, unsigned who, unsigned u)
{
	if (!w->mapped[who][u] || (u >= PAGES && u - PAGES >= w->size))
		return -1;
	return w->own[who][u] >= 0 ? w->own[who][u] : u >= PAGES ? w->file[u - PAGES] : 0;
}

static void step_fork(struct world *w, unsigned who, unsigned to)
{
	if (w->space[to]) {
		space_put(w->space[to]);
		w->space[to] = NULL;
	}
	if (who == to)
		return;
	w->space[to] = space_fork(w->space[who]);
	memcpy(w->mapped[to], w->mapped[who], sizeof w->mapped[to]);
	memcpy(w->own[to], w->own[who], sizeof w->own[to]);
}

static void step_range(struct world *w, unsigned who, unsigned u, unsigned n, unsigned how)
{
	struct space *s = w->space[who];

	if (how == 0)
		EXPECT(space_unmap(s, AT(u), n * PAGE_SIZE) == 0);
	else if (how == 1)
		(void)space_advise(s, AT(u), n * PAGE_SIZE, MADV_DONTNEED);
	else
		(void)(space_protect(s, AT(u), n * PAGE_SIZE, PROT_READ), space_protect(s, AT(u), n * PAGE_SIZE, RW));
	for (unsigned i = u; i < u + n; i++) {
		w->mapped[who][i] &= how != 0;
		if (how < 2)
			w->own[who][i] = -1;
	}
}

static void step_cut(struct world *w, unsigned size)
{
	EXPECT(object_resize(w->o, size * PAGE_SIZE) == 0 && object_resize(w->o, FILE_PAGES * PAGE_SIZE) == 0);
	for (unsigned i = size; i < FILE_PAGES; i++) {
		w->file[i] = 0;
		for (unsigned who = 0; who < FAMILY; who++)
			w->own[who][PAGES + i] = -1;
	}
}

static void step(struct world *w)
{
	unsigned who = (unsigned)(test_random() % FAMILY), u = (unsigned)(test_random() % UNITS);
	unsigned n = 1 + (unsigned)(test_random() % (UNITS - u)), what = (unsigned)(test_random() % 16);
	uint8_t byte = (uint8_t)test_random();

	if (!w->space[who])
		return;
	if (what < 2) {
		unsigned to = (unsigned)(test_random() % FAMILY), alive = 0;
		for (unsigned i = 0; i < FAMILY; i++)
			alive += w->space[i] != NULL;
		if (to != who || alive > 1)
			step_fork(w, who, to);
	} else if (what < 5) {
		step_range(w, who, u, MIN(n, 6u), what - 2);
	} else if (what == 5) {
		step_cut(w, (unsigned)(test_random() % FILE_PAGES));
	} else if (what == 6) {
		unsigned page = (unsigned)(test_random() % FILE_PAGES);
		EXPECT(object_write(w->o, page * PAGE_SIZE, (uint64_t)&byte, 1, true) == 1);
		w->file[page] = byte;
	} else if (what < 12) {
		EXPECT((poke(w->space[who], AT(u), byte) == FAULT_DONE) == w->mapped[who][u]);
		w->own[who][u] = w->mapped[who][u] ? byte : -1;
	} else {
		EXPECT(load(w->space[who], AT(u)) == expected(w, who, u));
	}
}

static void expect_world(struct world *w)
{
	for (unsigned who = 0; who < FAMILY; who++)
		for (unsigned u = 0; w->space[who] && u < UNITS; u++)
			EXPECT(load(w->space[who], AT(u)) == expected(w, who, u));
}

TEST(a_family_of_spaces_agrees_with_a_model_page_by_page)
{
	struct world *w = kzalloc(sizeof *w);

	REQUIRE(w && (w->o = object_create(PAGER_ZERO, FILE_PAGES * PAGE_SIZE)) && (w->space[0] = space_create()));
	w->size = FILE_PAGES;
	EXPECT(map_at(w->space[0], LOW, PAGES, ANON, NULL) == 0);
	EXPECT(map_at(w->space[0], AT(PAGES), FILE_PAGES, MAP_PRIVATE, w->o) == 0);
	memset(w->mapped[0], true, sizeof w->mapped[0]);
	memset(w->own, 0xff, sizeof w->own);
	for (unsigned i = 0; i < 20000; i++) {
		step(w);
		if (i % 500 == 0) {
			expect_world(w);
			EXPECT(vm_audit() == 0);
		}
		/* When everything has been unmapped everywhere, begin again. */
		for (unsigned who = 0; i % 200 == 0 && who < FAMILY; who++) {
			if (!w->space[who] || space_unmap(w->space[who], LOW, UNITS * PAGE_SIZE))
				continue;
			EXPECT(map_at(w->space[who], LOW, PAGES, ANON, NULL) == 0);
			EXPECT(map_at(w->space[who], AT(PAGES), FILE_PAGES, MAP_PRIVATE, w->o) == 0);
			memset(w->mapped[who], true, sizeof w->mapped[who]);
			memset(w->own[who], 0xff, sizeof w->own[who]);
			break;
		}
	}
	for (unsigned who = 0; who < FAMILY; who++)
		if (w->space[who])
			space_put(w->space[who]);
	object_put(w->o);
	kfree(w);
}

TEST_SUITE(share, "vm.share",
	TEST_CASE(fork_shares_leaf_tables_and_takes_no_frame_for_them),
	TEST_CASE(fork_shares_what_tables_there_are_of_a_large_vma_and_no_more),
	TEST_CASE(a_store_copies_the_table_it_goes_through_and_no_other),
	TEST_CASE(when_the_others_are_gone_one_fault_opens_every_page_again),
	TEST_CASE(the_child_keeps_the_frames_when_the_parent_ends_first),
	TEST_CASE(three_generations_see_each_their_own_stores),
	TEST_CASE(munmap_of_a_part_leaves_the_others_pages),
	TEST_CASE(pages_thrown_away_in_the_child_stay_in_the_parent),
	TEST_CASE(mprotect_in_the_child_leaves_the_parent_its_rights),
	TEST_CASE(mremap_moves_a_part_of_a_shared_table_by_copy_and_a_whole_one_as_it_is),
	TEST_CASE(what_the_child_may_not_see_lies_beside_what_it_inherits),
	TEST_CASE(a_page_freed_lazily_before_fork_goes_when_nobody_shares_its_table),
	TEST_CASE(truncation_takes_pages_out_of_a_shared_table_once_for_all),
	TEST_CASE(reclaim_takes_a_page_out_of_a_shared_table),
	TEST_CASE(cleaning_closes_an_entry_of_a_shared_table_and_the_next_store_marks_the_page),
	TEST_CASE(every_allocation_for_a_copied_table_may_fail),
	TEST_CASE(a_family_of_spaces_agrees_with_a_model_page_by_page));
