/* SPDX-License-Identifier: MIT */
/*
 * Virtual memory from inside the kernel: address spaces against a model, the cases of the fault table, objects, and
 * every allocation failing in turn. The spaces here belong to no process and are never loaded: faults are made by
 * calling vm_fault, and bytes are looked at through the page tables.
 */
#include "lib/test.h"
#include "vm/vm_impl.h"

#define BASE 0x10000000ul
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)
#define RW (PROT_READ | PROT_WRITE)

static int map_at(struct space *s, vaddr_t at, size_t npages, uint32_t prot, uint32_t flags, struct object *o,
                  pgoff_t pgoff)
{
	return space_map(s, &at, npages * PAGE_SIZE, prot, flags | MAP_FIXED, o, pgoff, NULL, true);
}

/* The byte a program would see; -1 when nothing is mapped there yet. */
static int peek(struct space *s, vaddr_t addr)
{
	pte_t *pte = table_find(s, addr);

	return pte && *pte & PTE_PRESENT ? *((uint8_t *)phys_to_virt(pte_paddr(*pte)) + (addr & PAGE_MASK)) : -1;
}

/* A store by the program: fault as the CPU would, then the byte. */
static enum fault_result poke(struct space *s, vaddr_t addr, uint8_t byte)
{
	pte_t *pte = table_find(s, addr);

	if (!pte || !(*pte & PTE_PRESENT) || !(*pte & PTE_WRITE) || table_is_shared(pte)) {
		enum fault_result r = vm_fault(s, addr, FAULT_WRITE);
		if (r != FAULT_DONE)
			return r;
		pte = table_find(s, addr);
	}
	*((uint8_t *)phys_to_virt(pte_paddr(*pte)) + (addr & PAGE_MASK)) = byte;
	return FAULT_DONE;
}

static int load(struct space *s, vaddr_t addr)
{
	return vm_fault(s, addr, FAULT_READ) == FAULT_DONE ? peek(s, addr) : -1;
}

/* ---- vm.space ---- */

#define WINDOW 64

static void expect_model(struct space *s, const int *model)
{
	for (unsigned i = 0; i < WINDOW; i++) {
		struct vma *v = vma_find(s, BASE + i * PAGE_SIZE);
		int prot = v && v->start <= BASE + i * PAGE_SIZE ? (int)(v->flags & VMA_PROT) : -1;
		EXPECT(prot == model[i]);
	}
	EXPECT(vma_check(s) == NULL);
}

TEST(random_maps_unmaps_and_protects_agree_with_a_model_page_by_page)
{
	static int model[WINDOW];
	struct space *s = space_create();

	REQUIRE(s);
	memset(model, 0xff, sizeof model);
	for (unsigned i = 0; i < 20000; i++) {
		unsigned first = test_random() % WINDOW, n = 1 + test_random() % (WINDOW - first), prot = test_random() % 4;
		vaddr_t addr = BASE + first * PAGE_SIZE;
		switch (test_random() % 4) {
		case 0:
			EXPECT(map_at(s, addr, n, prot, ANON, NULL, 0) == 0);
			for (unsigned p = first; p < first + n; p++)
				model[p] = (int)prot;
			break;
		case 1:
			EXPECT(space_unmap(s, addr, n * PAGE_SIZE) == 0);
			for (unsigned p = first; p < first + n; p++)
				model[p] = -1;
			break;
		case 2: {
			int err = space_protect(s, addr, n * PAGE_SIZE, prot);
			unsigned p = first;
			for (; p < first + n && model[p] >= 0; p++)
				model[p] = (int)prot;
			EXPECT(err == (p < first + n ? -ENOMEM : 0));
			break;
		}
		case 3:
			poke(s, addr, (uint8_t)i);
			break;
		}
		if (i % 64 == 0)
			expect_model(s, model);
	}
	expect_model(s, model);
	EXPECT(space_unmap(s, BASE, WINDOW * PAGE_SIZE) == 0);
	EXPECT(s->nvmas == 0 && s->total_pages == 0 && s->resident == 0 && s->tables == 0);
	space_put(s);
}

TEST(neighbours_that_look_the_same_are_one_vma)
{
	struct space *s = space_create();

	REQUIRE(s);
	EXPECT(map_at(s, BASE, 1, RW, ANON, NULL, 0) == 0);
	EXPECT(map_at(s, BASE + 2 * PAGE_SIZE, 1, RW, ANON, NULL, 0) == 0);
	EXPECT(s->nvmas == 2);
	EXPECT(map_at(s, BASE + PAGE_SIZE, 1, RW, ANON, NULL, 0) == 0);
	EXPECT(s->nvmas == 1);
	EXPECT(space_protect(s, BASE + PAGE_SIZE, PAGE_SIZE, PROT_READ) == 0);
	EXPECT(s->nvmas == 3);
	EXPECT(space_protect(s, BASE + PAGE_SIZE, PAGE_SIZE, RW) == 0);
	EXPECT(s->nvmas == 1);
	space_put(s);
}

TEST(a_mapping_without_a_hint_takes_the_highest_gap_that_fits)
{
	struct space *s = space_create();
	vaddr_t a = 0, b = 0, c = 0, d = 0;
	uint32_t flags = MAP_PRIVATE | MAP_ANONYMOUS;

	REQUIRE(s);
	EXPECT(space_map(s, &a, 4 * PAGE_SIZE, RW, flags, NULL, 0, NULL, true) == 0);
	EXPECT(a == MMAP_TOP - 4 * PAGE_SIZE);
	EXPECT(space_map(s, &b, 4 * PAGE_SIZE, PROT_READ, flags, NULL, 0, NULL, true) == 0);
	EXPECT(b == a - 4 * PAGE_SIZE);
	EXPECT(space_unmap(s, a + PAGE_SIZE, 2 * PAGE_SIZE) == 0);
	EXPECT(space_map(s, &c, 2 * PAGE_SIZE, PROT_NONE, flags, NULL, 0, NULL, true) == 0);
	EXPECT(c == a + PAGE_SIZE);
	EXPECT(space_map(s, &d, 3 * PAGE_SIZE, PROT_NONE, flags, NULL, 0, NULL, true) == 0);
	EXPECT(d == b - 3 * PAGE_SIZE);
	space_put(s);
}

TEST(noreplace_refuses_what_fixed_would_replace)
{
	struct space *s = space_create();
	vaddr_t at = BASE + PAGE_SIZE;

	REQUIRE(s);
	EXPECT(map_at(s, BASE, 4, RW, ANON, NULL, 0) == 0);
	EXPECT(poke(s, at, 7) == FAULT_DONE);
	EXPECT(space_map(s, &at, PAGE_SIZE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, NULL, 0, NULL,
	                 true) == -EEXIST);
	EXPECT(peek(s, at) == 7);
	EXPECT(map_at(s, at, 1, RW, ANON, NULL, 0) == 0);
	EXPECT(load(s, at) == 0);
	space_put(s);
}

TEST(an_untouched_terabyte_costs_no_page_tables)
{
	struct space *s = space_create();
	vaddr_t at = 0;

	REQUIRE(s);
	uint64_t before = frames_free();
	EXPECT(space_map(s, &at, 1ul << 40, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, NULL, 0, NULL, true) == 0);
	EXPECT(before - frames_free() <= 1);
	EXPECT(s->tables == 0);
	space_put(s);
}

TEST(populating_ends_with_the_range_though_its_vma_goes_on)
{
	struct space *s = space_create();

	REQUIRE(s);
	EXPECT(map_at(s, BASE, 8, RW, ANON, NULL, 0) == 0);
	EXPECT(map_at(s, BASE, 4, RW, ANON | MAP_POPULATE, NULL, 0) == 0);
	EXPECT(s->nvmas == 1 && s->resident == 4); /* frames of its own, not the page of zeros */
	space_put(s);
}

TEST(the_break_grows_shrinks_and_stops_at_a_mapping)
{
	struct space *s = space_create();

	REQUIRE(s);
	s->brk_start = s->brk = BASE + 100;
	EXPECT(space_brk(s, BASE + 3 * PAGE_SIZE) == BASE + 3 * PAGE_SIZE);
	EXPECT(poke(s, BASE + PAGE_SIZE, 1) == FAULT_DONE);
	EXPECT(space_brk(s, BASE) == BASE + 3 * PAGE_SIZE);
	EXPECT(map_at(s, BASE + 5 * PAGE_SIZE, 1, RW, ANON, NULL, 0) == 0);
	EXPECT(space_brk(s, BASE + 5 * PAGE_SIZE) == BASE + 3 * PAGE_SIZE);
	EXPECT(space_brk(s, BASE + 100) == BASE + 100);
	EXPECT(s->nvmas == 1);
	space_put(s);
}

/* ---- vm.fault ---- */

TEST(reading_untouched_memory_costs_no_frame_and_writing_it_gives_one_of_zeros)
{
	struct space *s = space_create();

	REQUIRE(s);
	EXPECT(map_at(s, BASE, 2, RW, ANON, NULL, 0) == 0);
	EXPECT(load(s, BASE) == 0 && s->resident == 0);
	EXPECT(poke(s, BASE, 5) == FAULT_DONE && s->resident == 1);
	EXPECT(peek(s, BASE) == 5 && peek(s, BASE + 1) == 0);
	EXPECT(*(char *)page_to_virt(zero_page) == 0);
	space_put(s);
}

TEST(faults_outside_of_mappings_and_against_their_rights_are_refused)
{
	struct space *s = space_create();

	REQUIRE(s);
	EXPECT(map_at(s, BASE, 1, PROT_READ, ANON, NULL, 0) == 0);
	EXPECT(map_at(s, BASE + PAGE_SIZE, 1, PROT_NONE, ANON, NULL, 0) == 0);
	EXPECT(map_at(s, BASE + 2 * PAGE_SIZE, 1, PROT_WRITE, ANON, NULL, 0) == 0);
	EXPECT(vm_fault(s, BASE, FAULT_WRITE) == FAULT_SEGV_ACCERR);
	EXPECT(load(s, BASE) == 0); /* whether a page may be executed is asked once it is there */
	EXPECT(vm_fault(s, BASE, FAULT_EXEC) == FAULT_SEGV_ACCERR);
	EXPECT(vm_fault(s, BASE + PAGE_SIZE, FAULT_READ) == FAULT_SEGV_ACCERR);
	EXPECT(vm_fault(s, BASE + 2 * PAGE_SIZE, FAULT_READ) == FAULT_DONE);
	EXPECT(vm_fault(s, BASE + 3 * PAGE_SIZE, FAULT_READ) == FAULT_SEGV_MAPERR);
	EXPECT(vm_fault(s, BASE - 1, FAULT_WRITE) == FAULT_SEGV_MAPERR);
	space_put(s);
}

TEST(after_fork_a_store_copies_once_and_the_last_owner_keeps_the_frame)
{
	struct space *parent = space_create();

	REQUIRE(parent);
	EXPECT(map_at(parent, BASE, 1, RW, ANON, NULL, 0) == 0);
	EXPECT(poke(parent, BASE, 1) == FAULT_DONE);
	struct space *child = space_fork(parent);
	REQUIRE(child);
	paddr_t shared = pte_paddr(*table_find(parent, BASE));
	EXPECT(pte_paddr(*table_find(child, BASE)) == shared && child->resident == 1);
	EXPECT(poke(child, BASE, 2) == FAULT_DONE);
	EXPECT(peek(parent, BASE) == 1 && peek(child, BASE) == 2);
	EXPECT(poke(parent, BASE, 3) == FAULT_DONE);
	EXPECT(pte_paddr(*table_find(parent, BASE)) == shared); /* the only owner left: no copy */
	space_put(child);
	EXPECT(peek(parent, BASE) == 3);
	space_put(parent);
}

/* munmap has taken the entry and not flushed yet; then the file is cut. */
TEST(a_page_cut_off_in_the_middle_of_munmap_is_free_only_after_it)
{
	struct space *s = space_create();
	struct object *o = object_create(PAGER_ZERO, PAGE_SIZE);
	struct zap z;

	REQUIRE(s && o);
	EXPECT(map_at(s, BASE, 1, RW, MAP_SHARED, o, 0) == 0 && load(s, BASE) == 0);
	struct page *p = phys_to_page(pte_paddr(*table_find(s, BASE)));
	zap_init(&z, s);
	table_zap(&z, BASE, BASE + PAGE_SIZE, false);
	EXPECT(object_resize(o, 0) == 0 && p->object == NULL && p->refs == 1 && p->maps == 1);
	zap_finish(&z);
	EXPECT(p->refs == 0 && p->maps == 0);
	space_put(s);
	object_put(o);
}

TEST(stores_to_a_shared_mapping_are_seen_by_the_object_and_by_others)
{
	struct space *a = space_create(), *b = space_create();
	struct object *o = object_create(PAGER_ZERO, 2 * PAGE_SIZE);
	char byte = 0;

	REQUIRE(a && b && o);
	EXPECT(map_at(a, BASE, 2, RW, MAP_SHARED, o, 0) == 0);
	EXPECT(map_at(b, BASE, 1, PROT_READ, MAP_SHARED, o, 1) == 0);
	EXPECT(poke(a, BASE + PAGE_SIZE, 9) == FAULT_DONE);
	EXPECT(load(b, BASE) == 9);
	EXPECT(object_read(o, PAGE_SIZE, (uint64_t)&byte, 1, true) == 1 && byte == 9);
	EXPECT(vm_fault(a, BASE + 2 * PAGE_SIZE, FAULT_READ) == FAULT_SEGV_MAPERR);
	space_put(a);
	space_put(b);
	object_put(o);
}

TEST(a_private_file_mapping_copies_on_its_first_store_and_the_object_stays)
{
	struct space *s = space_create();
	struct object *o = object_create(PAGER_ZERO, PAGE_SIZE);
	char byte = 4;

	REQUIRE(s && o);
	EXPECT(object_write(o, 0, (uint64_t)&byte, 1, true) == 1);
	EXPECT(map_at(s, BASE, 1, RW, MAP_PRIVATE, o, 0) == 0);
	EXPECT(load(s, BASE) == 4);
	EXPECT(poke(s, BASE, 6) == FAULT_DONE);
	EXPECT(object_read(o, 0, (uint64_t)&byte, 1, true) == 1 && byte == 4);
	EXPECT(peek(s, BASE) == 6);
	EXPECT(space_advise(s, BASE, PAGE_SIZE, MADV_DONTNEED) == 0);
	EXPECT(load(s, BASE) == 4);
	space_put(s);
	object_put(o);
}

TEST(a_page_past_the_end_of_the_object_is_a_bus_error)
{
	struct space *s = space_create();
	struct object *o = object_create(PAGER_ZERO, PAGE_SIZE + 1);

	REQUIRE(s && o);
	EXPECT(map_at(s, BASE, 3, RW, MAP_SHARED, o, 0) == 0);
	EXPECT(load(s, BASE + PAGE_SIZE) == 0);
	EXPECT(vm_fault(s, BASE + 2 * PAGE_SIZE, FAULT_READ) == FAULT_SIGBUS);
	EXPECT(vm_fault(s, BASE + 2 * PAGE_SIZE, FAULT_WRITE) == FAULT_SIGBUS);
	space_put(s);
	object_put(o);
}

TEST(truncation_takes_pages_from_every_mapping_private_copies_too)
{
	struct space *a = space_create(), *b = space_create();
	struct object *o = object_create(PAGER_ZERO, 3 * PAGE_SIZE);

	REQUIRE(a && b && o);
	EXPECT(map_at(a, BASE, 3, RW, MAP_SHARED, o, 0) == 0);
	EXPECT(map_at(b, BASE, 3, RW, MAP_PRIVATE, o, 0) == 0);
	for (unsigned i = 0; i < 3; i++) {
		EXPECT(poke(a, BASE + i * PAGE_SIZE + 100, 1) == FAULT_DONE);
		EXPECT(poke(b, BASE + i * PAGE_SIZE + 100, 2) == FAULT_DONE);
	}
	EXPECT(object_resize(o, PAGE_SIZE + 50) == 0);
	EXPECT(peek(a, BASE + 2 * PAGE_SIZE) == -1 && peek(b, BASE + 2 * PAGE_SIZE) == -1);
	EXPECT(vm_fault(b, BASE + 2 * PAGE_SIZE, FAULT_READ) == FAULT_SIGBUS);
	EXPECT(peek(a, BASE + PAGE_SIZE + 100) == 0); /* the tail of the last page is zeroed */
	EXPECT(object_resize(o, 3 * PAGE_SIZE) == 0);
	EXPECT(load(a, BASE + 2 * PAGE_SIZE + 100) == 0 && load(b, BASE + 2 * PAGE_SIZE + 100) == 0);
	space_put(a);
	space_put(b);
	object_put(o);
}

TEST(a_stack_grows_to_its_limit_and_keeps_its_distance)
{
	struct space *s = space_create();
	vaddr_t top = BASE + (64ul << 20);

	REQUIRE(s);
	s->stack_limit = 1ul << 20;
	EXPECT(map_at(s, top - PAGE_SIZE, 1, RW, ANON | MAP_GROWSDOWN, NULL, 0) == 0);
	EXPECT(poke(s, top - 10 * PAGE_SIZE, 1) == FAULT_DONE);
	EXPECT(vma_find(s, top - 1)->start == top - 10 * PAGE_SIZE);
	EXPECT(vm_fault(s, top - s->stack_limit - PAGE_SIZE, FAULT_WRITE) == FAULT_SEGV_MAPERR);
	EXPECT(map_at(s, top - 10 * PAGE_SIZE - STACK_GAP - 2 * PAGE_SIZE, 1, RW, ANON, NULL, 0) == 0);
	EXPECT(poke(s, top - 11 * PAGE_SIZE, 1) == FAULT_DONE);
	EXPECT(vm_fault(s, top - 12 * PAGE_SIZE, FAULT_WRITE) == FAULT_SEGV_MAPERR);
	space_put(s);
}

TEST(no_access_keeps_the_page_and_gives_it_back)
{
	struct space *s = space_create();

	REQUIRE(s);
	EXPECT(map_at(s, BASE, 1, RW, ANON, NULL, 0) == 0);
	EXPECT(poke(s, BASE, 8) == FAULT_DONE);
	EXPECT(space_protect(s, BASE, PAGE_SIZE, PROT_NONE) == 0);
	EXPECT(peek(s, BASE) == -1 && s->resident == 1);
	EXPECT(vm_fault(s, BASE, FAULT_READ) == FAULT_SEGV_ACCERR);
	EXPECT(space_protect(s, BASE, PAGE_SIZE, RW) == 0);
	EXPECT(peek(s, BASE) == 8);
	space_put(s);
}

/* From here to leave() the current thread is the space's program: its stores go through the processor, and its TLB. */
static void enter(struct space *s)
{
	thread_current()->space = s;
	space_load(s);
}

static void leave(void)
{
	space_load(NULL);
	thread_current()->space = NULL;
}

/* npages of anonymous memory, each with a '1' that the processor has stored; the space is loaded. */
static struct space *entered_with_ones(size_t npages)
{
	struct space *s = space_create();

	if (!s || map_at(s, BASE, npages, RW, ANON, NULL, 0))
		return NULL;
	enter(s);
	for (size_t i = 0; i < npages; i++)
		EXPECT(copy_to_user(BASE + i * PAGE_SIZE, "1", 1) == 0);
	return s;
}

/*
 * Of three pages freed lazily the first is stored to by its program, the second by way of another process, the third by
 * nobody.
 */
TEST(what_was_freed_lazily_and_stored_to_since_is_kept)
{
	struct space *s = entered_with_ones(4);

	REQUIRE(s);
	EXPECT(space_advise(s, BASE, 3 * PAGE_SIZE, MADV_FREE) == 0);
	EXPECT(copy_to_user(BASE, "2", 1) == 0);
	EXPECT(space_copy(s, BASE + PAGE_SIZE, BASE + 3 * PAGE_SIZE, 1, true) == 1);
	leave();
	EXPECT(space_drop_lazy(s) == 1);
	EXPECT(peek(s, BASE) == '2' && peek(s, BASE + PAGE_SIZE) == '1' && peek(s, BASE + 2 * PAGE_SIZE) == -1);
	EXPECT(peek(s, BASE + 3 * PAGE_SIZE) == '1');
	space_put(s);
}

/*
 * Its frame would not become free: the child has it, by the table of both, or, once the child has stored to another
 * page, by its own.
 */
TEST(what_a_child_still_needs_is_not_freed_lazily)
{
	struct space *s = entered_with_ones(2), *child = s ? space_fork(s) : NULL;

	leave();
	REQUIRE(child);
	EXPECT(space_advise(s, BASE, PAGE_SIZE, MADV_FREE) == 0 && space_drop_lazy(s) == 0);
	EXPECT(poke(child, BASE + PAGE_SIZE, 'c') == FAULT_DONE);
	EXPECT(space_advise(s, BASE, PAGE_SIZE, MADV_FREE) == 0 && space_drop_lazy(s) == 0);
	EXPECT(load(s, BASE) == '1' && load(child, BASE) == '1');
	space_put(child);
	EXPECT(load(s, BASE) == '1');
	space_put(s);
}

TEST(what_was_freed_lazily_and_stored_to_outlives_a_fork)
{
	struct space *s = entered_with_ones(1);

	REQUIRE(s);
	EXPECT(space_advise(s, BASE, PAGE_SIZE, MADV_FREE) == 0 && copy_to_user(BASE, "2", 1) == 0);
	struct space *child = space_fork(s);
	leave();
	REQUIRE(child);
	space_drop_lazy(s);
	space_drop_lazy(child);
	EXPECT(load(s, BASE) == '2' && load(child, BASE) == '2');
	space_put(child);
	space_drop_lazy(s);
	EXPECT(load(s, BASE) == '2');
	space_put(s);
}

/* ---- vm.object ---- */

TEST(appends_follow_each_other_and_reads_stop_at_the_end)
{
	struct object *o = object_create(PAGER_ZERO, 0);
	uint64_t end = 0;
	char text[8] = { 0 };

	REQUIRE(o);
	EXPECT(object_append(o, (uint64_t) "abc", 3, true, &end) == 3 && end == 3);
	EXPECT(object_append(o, (uint64_t) "defg", 4, true, &end) == 4 && end == 7);
	EXPECT(object_read(o, 2, (uint64_t)text, 8, true) == 5 && !memcmp(text, "cdefg", 5));
	EXPECT(object_read(o, 7, (uint64_t)text, 8, true) == 0);
	EXPECT(object_write(o, 3 * PAGE_SIZE, (uint64_t) "x", 1, true) == 1 && o->size == 3 * PAGE_SIZE + 1);
	EXPECT(object_read(o, 2 * PAGE_SIZE, (uint64_t)text, 4, true) == 4 && text[0] == 0);
	object_put(o);
}

TEST(a_growing_write_that_fails_leaves_no_page_behind_the_end)
{
	struct object *o = object_create(PAGER_ZERO, PAGE_SIZE);

	REQUIRE(o);
	EXPECT(object_write(o, PAGE_SIZE, USER_END, 10, false) == -EFAULT);
	EXPECT(object_write(o, 3 * PAGE_SIZE + 5, USER_END, 10, false) == -EFAULT);
	EXPECT(o->size == PAGE_SIZE && o->pages.count == 0);
	object_put(o);
}

/* ---- vm.failure ---- */

#define DIRTY_FRAMES 256

/* Frames that the allocator will give out next hold other people's bytes. */
static void spoil_free_frames(void)
{
	static struct page *held[DIRTY_FRAMES];
	unsigned n = 0;

	for (; n < DIRTY_FRAMES && (held[n] = page_alloc(0, 0)); n++)
		memset(page_to_virt(held[n]), 0xaa, PAGE_SIZE);
	while (n--)
		page_free(held[n], 0);
}

TEST(fresh_anonymous_memory_is_zero_even_when_its_frame_had_to_be_waited_for)
{
	struct space *s = space_create();

	REQUIRE(s);
	EXPECT(map_at(s, BASE, 16, RW, ANON, NULL, 0) == 0);
	for (unsigned n = 0; n < 16; n++) {
		spoil_free_frames();
		failalloc_arm(n); /* 0: none fails */
		EXPECT(vm_fault(s, BASE + n * PAGE_SIZE, FAULT_WRITE) == FAULT_DONE);
		failalloc_arm(0);
		for (size_t at = 0; at < PAGE_SIZE; at += 64)
			EXPECT(peek(s, BASE + n * PAGE_SIZE + at) == 0);
	}
	space_put(s);
}

TEST(skipping_empty_entries_finds_the_next_one_in_use)
{
	pte_t *table = kzalloc(PAGE_SIZE);

	EXPECT(table != NULL);
	for (unsigned i = 0; i < PT_ENTRIES; i += 1 + i % 37)
		table[i] = PTE_HELD;
	for (unsigned start = 0; start <= PT_ENTRIES; start++)
		for (unsigned end = start; end <= PT_ENTRIES; end += 1 + end % 19) {
			unsigned next = start;
			while (next < end && !table[next])
				next++;
			EXPECT(pte_skip(table, start, end) == next);
		}
	kfree(table);
}

static int life_of_a_space(void)
{
	struct space *s = space_create(), *child = NULL;
	struct object *o = object_create(PAGER_ZERO, 4 * PAGE_SIZE);
	int err = s && o ? 0 : -ENOMEM;

	if (!err)
		err = map_at(s, BASE, 4, RW, ANON, NULL, 0);
	if (!err)
		err = map_at(s, BASE + (1ul << 30), 4, RW, MAP_SHARED, o, 0);
	if (!err && poke(s, BASE + PAGE_SIZE, 1) != FAULT_DONE)
		err = -ENOMEM;
	if (!err && poke(s, BASE + (1ul << 30), 1) != FAULT_DONE)
		err = -ENOMEM;
	if (!err)
		err = space_protect(s, BASE + PAGE_SIZE, PAGE_SIZE, PROT_READ);
	if (!err && !(child = space_fork(s)))
		err = -ENOMEM;
	if (!err)
		err = space_unmap(s, BASE + 2 * PAGE_SIZE, PAGE_SIZE);
	if (child)
		space_put(child);
	if (s)
		space_put(s);
	if (o)
		object_put(o);
	return err;
}

TEST(every_allocation_may_fail_and_nothing_is_lost)
{
	unsigned failed = 0;

	for (unsigned n = 1; n < 200; n++) {
		failalloc_arm(n);
		int err = life_of_a_space();
		bool fired = failalloc_left == 0;
		failalloc_arm(0);
		EXPECT(err == 0 || err == -ENOMEM);
		failed += err != 0;
		if (!fired)
			break;
	}
	EXPECT(failed > 5);
}

TEST_SUITE(space, "vm.space",
	TEST_CASE(random_maps_unmaps_and_protects_agree_with_a_model_page_by_page),
	TEST_CASE(neighbours_that_look_the_same_are_one_vma),
	TEST_CASE(a_mapping_without_a_hint_takes_the_highest_gap_that_fits),
	TEST_CASE(noreplace_refuses_what_fixed_would_replace),
	TEST_CASE(an_untouched_terabyte_costs_no_page_tables),
	TEST_CASE(populating_ends_with_the_range_though_its_vma_goes_on),
	TEST_CASE(skipping_empty_entries_finds_the_next_one_in_use),
	TEST_CASE(the_break_grows_shrinks_and_stops_at_a_mapping));
TEST_SUITE(fault, "vm.fault",
	TEST_CASE(reading_untouched_memory_costs_no_frame_and_writing_it_gives_one_of_zeros),
	TEST_CASE(faults_outside_of_mappings_and_against_their_rights_are_refused),
	TEST_CASE(after_fork_a_store_copies_once_and_the_last_owner_keeps_the_frame),
	TEST_CASE(a_page_cut_off_in_the_middle_of_munmap_is_free_only_after_it),
	TEST_CASE(stores_to_a_shared_mapping_are_seen_by_the_object_and_by_others),
	TEST_CASE(a_private_file_mapping_copies_on_its_first_store_and_the_object_stays),
	TEST_CASE(a_page_past_the_end_of_the_object_is_a_bus_error),
	TEST_CASE(truncation_takes_pages_from_every_mapping_private_copies_too),
	TEST_CASE(a_stack_grows_to_its_limit_and_keeps_its_distance),
	TEST_CASE(no_access_keeps_the_page_and_gives_it_back),
	TEST_CASE(what_was_freed_lazily_and_stored_to_since_is_kept),
	TEST_CASE(what_a_child_still_needs_is_not_freed_lazily),
	TEST_CASE(what_was_freed_lazily_and_stored_to_outlives_a_fork));
TEST_SUITE(object, "vm.object",
	TEST_CASE(appends_follow_each_other_and_reads_stop_at_the_end),
	TEST_CASE(a_growing_write_that_fails_leaves_no_page_behind_the_end));
TEST_SUITE(failure, "vm.failure",
	TEST_CASE(fresh_anonymous_memory_is_zero_even_when_its_frame_had_to_be_waited_for),
	TEST_CASE(every_allocation_may_fail_and_nothing_is_lost));
