/* SPDX-License-Identifier: MIT */
/*
 * kernel/lib inside the kernel: what depends on the kernel's own compiler flags, its heap, or its
 * string instructions. The long property tests run on the host (tests/host/lib); here each
 * structure is shown to work where it is used, and the page index to survive the failure of each of
 * its allocations.
 *
 * Nothing here takes a lock: the structures belong to the test alone.
 */
#include <abi/errno.h>

#include "lib/log.h"
#include "lib/pageindex.h"
#include "lib/parse.h"
#include "lib/rbtree.h"
#include "lib/string.h"
#include "lib/test.h"
#include "mm/mm.h"

/* ---- lib.rbtree ---- */

#define ITEMS 128

struct item { struct rb_node node; unsigned key; bool present; };

static struct item *item_of(struct rb_node *n) { return container_of(n, struct item, node); }

static void item_insert(struct rb_tree *tree, struct item *it)
{
	struct rb_node *parent = NULL;
	int side = 0;

	for (struct rb_node *at = tree->root; at; at = at->child[side]) {
		parent = at;
		side = it->key > item_of(at)->key;
	}
	rb_insert(tree, parent, side, &it->node);
}

/* Random insertions and removals leave a red-black tree with the right items in order. */
TEST(tree_keeps_its_rules_and_order)
{
	static struct item items[ITEMS];
	struct rb_tree tree = { NULL, NULL };

	memset(items, 0, sizeof(items));
	for (unsigned op = 0; op < 4000; op++) {
		unsigned i = test_random() % ITEMS;
		items[i].key = i;
		if (items[i].present)
			rb_remove(&tree, &items[i].node);
		else
			item_insert(&tree, &items[i]);
		items[i].present = !items[i].present;
		if (op % 50 == 0)
			REQUIRE(rb_check(&tree) == NULL);
	}
	struct rb_node *at = rb_first(&tree);
	for (unsigned i = 0; i < ITEMS; i++)
		if (items[i].present) {
			REQUIRE(at == &items[i].node);
			at = rb_next(at);
		}
	EXPECT(!at);
}

static unsigned updates;
static const struct rb_node *stop; /* its value does not change */
static bool count_update(struct rb_node *n)
{
	updates++;
	return n != stop;
}

/* A change of one value updates the path to the root, as far as values change, and nothing else. */
TEST(tree_updates_the_path_to_the_root)
{
	static struct item items[ITEMS];
	struct rb_tree tree = { NULL, count_update };

	for (unsigned i = 0; i < ITEMS; i++) {
		items[i].key = i;
		item_insert(&tree, &items[i]);
	}
	struct rb_node *n = rb_first(&tree);
	unsigned depth = 0;
	for (struct rb_node *up = n; up; up = up->parent)
		depth++;
	updates = 0;
	rb_update(&tree, n);
	EXPECT(updates == depth);
	stop = n->parent;
	updates = 0;
	rb_update(&tree, n);
	EXPECT(updates == 2);
	stop = NULL;
}

TEST_SUITE(rbtree, "lib.rbtree",
	TEST_CASE(tree_keeps_its_rules_and_order),
	TEST_CASE(tree_updates_the_path_to_the_root));

/* ---- lib.pageindex ---- */

static void *entry_for(pgoff_t at) { return (void *)(at * 16 + 16); }

/*
 * What was inserted is found, what was removed is not, and the walk sees exactly the present ones.
 */
TEST(index_finds_what_was_inserted)
{
	struct page_index index;
	static bool present[600];
	uint64_t seen = 0;

	memset(present, 0, sizeof(present));
	page_index_init(&index);
	for (unsigned op = 0; op < 3000; op++) {
		pgoff_t at = test_random() % 600;
		if (present[at])
			EXPECT(page_index_remove(&index, at * 7) == entry_for(at));
		else
			REQUIRE(page_index_insert(&index, at * 7, entry_for(at)) == 0);
		present[at] = !present[at];
	}
	EXPECT(page_index_check(&index) == NULL);
	for (pgoff_t at = 0; page_index_next(&index, &at, ~0ul); at++) {
		EXPECT(at % 7 == 0 && present[at / 7]);
		seen++;
	}
	EXPECT(seen == index.count);
	page_index_destroy(&index);
}

/* The walk over marked entries visits each of them once, and no other. */
TEST(index_walks_marked_entries_only)
{
	struct page_index index;
	unsigned seen = 0;

	page_index_init(&index);
	for (pgoff_t at = 0; at < 1000; at++)
		REQUIRE(page_index_insert(&index, at, entry_for(at)) == 0);
	for (pgoff_t at = 3; at < 1000; at += 100)
		page_index_mark(&index, at);
	for (pgoff_t at = 0; page_index_next_marked(&index, &at, 999); at++, seen++)
		EXPECT(at % 100 == 3);
	EXPECT(seen == 10 && index.marked == 10);
	page_index_unmark(&index, 503);
	EXPECT(!page_index_marked(&index, 503) && page_index_check(&index) == NULL);
	page_index_destroy(&index);
}

/* An index of one page at offset 0 allocates nothing. */
TEST(index_of_one_page_needs_no_memory)
{
	struct page_index index;
	size_t before = heap_live();

	page_index_init(&index);
	EXPECT(page_index_insert(&index, 0, &index) == 0);
	EXPECT(heap_live() == before);
	EXPECT(page_index_remove(&index, 0) == &index);
}

/* Each allocation of an insertion fails in turn: -ENOMEM, nothing changed, nothing leaked. */
TEST(index_insertion_survives_every_failed_allocation)
{
	for (pgoff_t far = 64; far; far <<= 6) {
		struct page_index index;
		int err;
		uint64_t n = 0;
		page_index_init(&index);
		REQUIRE(page_index_insert(&index, 5, &index) == 0);
		size_t before = heap_live();
		do {
			failalloc_arm(++n);
			err = page_index_insert(&index, far, &far);
			if (err)
				EXPECT(err == -ENOMEM && heap_live() == before && index.count == 1);
			EXPECT(page_index_check(&index) == NULL);
		} while (err && n < 100);
		failalloc_arm(0);
		EXPECT(err == 0 && n > 1);
		EXPECT(page_index_get(&index, 5) == &index && page_index_get(&index, far) == &far);
		page_index_destroy(&index);
	}
}

TEST_SUITE(pageindex, "lib.pageindex",
	TEST_CASE(index_finds_what_was_inserted),
	TEST_CASE(index_walks_marked_entries_only),
	TEST_CASE(index_of_one_page_needs_no_memory),
	TEST_CASE(index_insertion_survives_every_failed_allocation));

/* ---- lib.printf ---- */

static bool prints(const char *want, const char *fmt, ...) printf_like(2, 3);
static bool prints(const char *want, const char *fmt, ...)
{
	char got[64];
	va_list ap;

	va_start(ap, fmt);
	kvsnprintf(got, sizeof(got), fmt, ap);
	va_end(ap);
	return strcmp(got, want) == 0;
}

/* Widths, precisions, flags and lengths mean what they mean in C. */
TEST(printf_follows_the_standard)
{
	EXPECT(prints("-5|   42|00042|42   |", "%d|%5d|%05d|%-5d|", -5, 42, 42, 42));
	EXPECT(prints("ffffffffffffffff 1F", "%lx %X", ~0ul, 31u));
	EXPECT(prints("-9223372036854775808", "%ld", (long)(1ul << 63)));
	EXPECT(prints("ab|  ab|abc", "%.2s|%4.2s|%s", "abc", "abc", "abc"));
	EXPECT(prints("0x1000 % z", "%p %% %c", (void *)0x1000, 'z'));
	EXPECT(prints("18446744073709551615", "%zu", ~(size_t)0));
}

/* A full buffer is ended with NUL and the wanted length returned. */
TEST(printf_cuts_at_the_end_of_the_buffer)
{
	char buf[6] = "zzzzz";

	EXPECT(ksnprintf(buf, 4, "%u", 123456u) == 6);
	EXPECT(strcmp(buf, "123") == 0 && buf[4] == 'z');
}

TEST_SUITE(printf, "lib.printf",
	TEST_CASE(printf_follows_the_standard),
	TEST_CASE(printf_cuts_at_the_end_of_the_buffer));

/* ---- lib.string ---- */

/* memmove copies overlapping ranges as if through a copy, in both directions. */
TEST(memmove_copes_with_overlap)
{
	char a[100], want[100];

	for (unsigned round = 0; round < 2000; round++) {
		size_t to = test_random() % 40, from = test_random() % 40, n = test_random() % 60;
		for (unsigned i = 0; i < sizeof(a); i++)
			a[i] = want[i] = (char)(i + round);
		for (size_t i = 0; i < n; i++)
			want[to + i] = (char)(from + i + round);
		memmove(a + to, a + from, n);
		REQUIRE(memcmp(a, want, sizeof(a)) == 0);
	}
}

/* memset and memcpy touch exactly the bytes they are told. */
TEST(memset_and_memcpy_stay_inside)
{
	char a[64], b[64];

	for (size_t n = 0; n <= 40; n++) {
		memset(a, 1, sizeof(a));
		memset(b, 2, sizeof(b));
		memcpy(a + 11, b, n);
		memset(b + 5, 3, n);
		for (size_t i = 0; i < sizeof(a); i++) {
			EXPECT(a[i] == (i >= 11 && i < 11 + n ? 2 : 1));
			EXPECT(b[i] == (i >= 5 && i < 5 + n ? 3 : 2));
		}
	}
}

/* The glob that selects tests knows * and ?. */
TEST(glob_matches_stars_and_question_marks)
{
	EXPECT(glob_match("vm.*", "vm.fault.cow") && glob_match("*", "") && glob_match("*cow", "vm.cow.cow"));
	EXPECT(glob_match("a?c", "abc") && !glob_match("a?c", "ac") && !glob_match("vm", "vm.fault"));
}

TEST_SUITE(string, "lib.string",
	TEST_CASE(memmove_copes_with_overlap),
	TEST_CASE(memset_and_memcpy_stay_inside),
	TEST_CASE(glob_matches_stars_and_question_marks));

/* ---- lib.parse ---- */

/* The last value of a key counts, and a key is not found within another. */
TEST(cmdline_takes_the_last_value)
{
	char buf[8];

	EXPECT(cmdline_get("a=1 b=2 a=3", "a", buf, sizeof(buf)) && strcmp(buf, "3") == 0);
	EXPECT(!cmdline_get("ba=1", "a", buf, sizeof(buf)) && !cmdline_get("a=12345678", "a", buf, sizeof(buf)));
}

/* What is no ELF file, or a piece of one, is refused. */
TEST(elf_refuses_other_files)
{
	static const char script[] = "#!/bin/sh\necho this file is long enough to hold an ELF header, but is none\n";
	struct elf_image image;

	EXPECT(elf_parse(script, sizeof(script), sizeof(script), &image) == -ENOEXEC);
	EXPECT(elf_parse("\177ELF", 4, 4, &image) == -ENOEXEC);
}

/* An archive that ends without a trailer is malformed. */
TEST(cpio_refuses_a_cut_archive)
{
	struct cpio_entry e;
	size_t pos = 0;

	EXPECT(cpio_next("070701", 6, &pos, &e) == -EINVAL && pos == 0);
	pos = 7;
	EXPECT(cpio_next("070701", 6, &pos, &e) == -EINVAL);
}

TEST_SUITE(parse, "lib.parse",
	TEST_CASE(cmdline_takes_the_last_value),
	TEST_CASE(elf_refuses_other_files),
	TEST_CASE(cpio_refuses_a_cut_archive));

/* ---- lib.log ---- */

/* Raw text is cut into lines, each with the time in front; the newest ones are in the tail. */
TEST(log_cuts_raw_text_into_lines)
{
	static char tail[1025];
	static const char *const want[] = { "] one two three\n[", "] four five six\n" };

	log_write("one two three\nfour five six", 27);
	tail[log_tail(tail, sizeof(tail) - 1)] = '\0';
	for (unsigned i = 0; i < ARRAY_SIZE(want); i++) {
		const char *at = tail;
		while (*at && strncmp(at, want[i], strlen(want[i])) != 0)
			at++;
		EXPECT(*at);
	}
}

TEST_SUITE(log, "lib.log",
	TEST_CASE(log_cuts_raw_text_into_lines));
