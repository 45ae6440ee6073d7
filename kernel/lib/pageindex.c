/* SPDX-License-Identifier: MIT */
/*
 * The page index: a radix tree from page number to pointer. It is the page cache of an object, so a
 * lookup is on the path of every fault and every read: one shift, one mask and one load a level.
 *
 * Height 0 is the common small file: `root` is the entry of page 0 itself (or NULL), and no node
 * exists. At height h the root is a node that covers the pages below 64^h; a node of level 1 holds
 * entries, one of level l > 1 holds nodes of level l - 1.
 *
 *      height 2    root: level 2, slot i covers pages 64 i .. 64 i + 63
 *                  /       |
 *              level 1   level 1    slot j of the i-th: page 64 i + j
 *
 * Every node has two bitmaps. `present`: the slot is used. `marked`: at level 1, the entry is
 * marked; above, something below the slot is. So the walk over marked entries (the dirty pages that
 * msync wants) visits marked nodes only.
 *
 * The shape is a function of the contents: no empty node, no marked bit without a marked entry
 * below, and a height no greater than the largest page number needs. page_index_check verifies
 * this, and it is what makes "freeing the last entry frees the last node" true.
 *
 * Insertion decides first and then performs: it counts the nodes it will need, allocates all of
 * them, and only then touches the tree. So -ENOMEM leaves nothing to undo.
 *
 * The caller locks (an object's lock). Nodes come from a slab cache; allocation does not sleep.
 *
 * Rejected: a hash table over (object, page), one for the whole system as in older Unix: its lock
 * is everybody's, and it cannot enumerate an object's dirty pages in order. A B-tree: denser for
 * sparse files, much more code.
 */
#include <abi/errno.h>

#include "lib/log.h"
#include "lib/pageindex.h"
#include "lib/string.h"
#include "mm/mm.h"

#define SLOT_BITS  6
#define SLOTS      (1u << SLOT_BITS)
#define MAX_HEIGHT ((64 + SLOT_BITS - 1) / SLOT_BITS) /* 64-bit page numbers: 11 */

struct page_index_node {
	uint64_t present; /* bit i: slot[i] is used */
	uint64_t marked;  /* bit i: the entry, or something below, is marked */
	void *slot[SLOTS];
};

static struct cache *node_cache;

void page_index_boot(void)
{
	node_cache = cache_create("page_index_node", sizeof(struct page_index_node));
}

static unsigned level_shift(unsigned level) { return (level - 1) * SLOT_BITS; }
static unsigned slot_of(pgoff_t at, unsigned level)
{
	return at >> level_shift(level) & (SLOTS - 1);
}

static uint64_t bit(unsigned slot) { return 1ul << slot; }

/* Whether a tree of this height has a place for page `at`. */
static bool covers(unsigned height, pgoff_t at)
{
	return height >= MAX_HEIGHT || at >> (height * SLOT_BITS) == 0;
}

/* At height 0 `root` is no node but the entry of page 0. */
static void *lone_entry(const struct page_index *index) { return index->root; }

void page_index_init(struct page_index *index)
{
	*index = (struct page_index){ 0 };
}

void *page_index_get(const struct page_index *index, pgoff_t at)
{
	void *p = index->root;

	if (unlikely(!covers(index->height, at)))
		return NULL;
	for (unsigned level = index->height; level > 0 && p; level--)
		p = ((struct page_index_node *)p)->slot[slot_of(at, level)];
	return p;
}

/* ---- insertion: count, allocate, perform ---- */

/*
 * The height at which `at` has a place: an empty index grows from nothing, another one keeps what
 * it has.
 */
static unsigned height_for(const struct page_index *index, pgoff_t at)
{
	unsigned height = index->height;

	while (!covers(height, at))
		height++;
	return height;
}

/* How many nodes insertion at `at` into a tree of the new height must add. */
static unsigned nodes_missing(const struct page_index *index, pgoff_t at, unsigned height)
{
	unsigned level = height;
	unsigned missing = 0;
	const struct page_index_node *node;

	if (index->count == 0)
		return height;
	if (height > index->height)
		/* New roots above the old one; the new path leaves it at the topmost of them. */
		return height - index->height + (height - 1);
	for (node = index->root; level > 1; level--) {
		node = node->slot[slot_of(at, level)];
		if (!node) {
			missing = level - 1;
			break;
		}
	}
	return missing;
}

/* Nodes that insertion has in hand, chained through slot[0]. */
struct stock { struct page_index_node *first; };

static struct page_index_node *stock_take(struct stock *stock)
{
	struct page_index_node *node = stock->first;

	assert(node);
	stock->first = node->slot[0];
	node->slot[0] = NULL;
	return node;
}

static void stock_free(struct stock *stock)
{
	while (stock->first)
		cache_free(node_cache, stock_take(stock));
}

static int stock_fill(struct stock *stock, unsigned count)
{
	while (count--) {
		struct page_index_node *node = cache_alloc(node_cache);
		if (!node) {
			stock_free(stock);
			return -ENOMEM;
		}
		memset(node, 0, sizeof(*node));
		node->slot[0] = stock->first;
		stock->first = node;
	}
	return 0;
}

/* Raise the tree to `height`: what it holds becomes slot 0 of each new root. */
static void grow(struct page_index *index, unsigned height, struct stock *stock)
{
	if (index->count == 0 && height > 0) {
		index->root = stock_take(stock);
		index->height = height;
	}
	while (index->height < height) {
		struct page_index_node *root = stock_take(stock);
		root->slot[0] = index->root;
		root->present = bit(0);
		root->marked = index->marked ? bit(0) : 0;
		index->root = root;
		index->height++;
	}
}

int page_index_insert(struct page_index *index, pgoff_t at, void *entry)
{
	unsigned height = height_for(index, at);
	struct stock stock = { NULL };

	assert(entry);
	if (page_index_get(index, at))
		return -EEXIST;
	int err = stock_fill(&stock, nodes_missing(index, at, height));
	if (err)
		return err;

	grow(index, height, &stock);
	index->count++;
	if (height == 0) {
		index->root = entry;
		return 0;
	}
	struct page_index_node *node = index->root;
	for (unsigned level = height; level > 1; level--) {
		unsigned slot = slot_of(at, level);
		if (!node->slot[slot]) {
			node->slot[slot] = stock_take(&stock);
			node->present |= bit(slot);
		}
		node = node->slot[slot];
	}
	node->slot[slot_of(at, 1)] = entry;
	node->present |= bit(slot_of(at, 1));
	assert(!stock.first);
	return 0;
}

/* ---- the path to an entry, for changes that go upwards again ---- */

/* path[level] is the node of that level on the way to `at`. False when a node is missing. */
static bool path_find(const struct page_index *index, pgoff_t at,
		      struct page_index_node *path[MAX_HEIGHT + 1])
{
	struct page_index_node *node = index->root;

	for (unsigned level = index->height; level > 0; level--) {
		if (!node)
			return false;
		path[level] = node;
		node = node->slot[slot_of(at, level)];
	}
	return node;
}

/* Clear the mark of `at` in its node, and in each node above whose last mark that was. */
static void path_unmark(struct page_index *index, pgoff_t at, struct page_index_node *path[])
{
	for (unsigned level = 1; level <= index->height; level++) {
		path[level]->marked &= ~bit(slot_of(at, level));
		if (path[level]->marked)
			break;
	}
}

void page_index_mark(struct page_index *index, pgoff_t at)
{
	struct page_index_node *path[MAX_HEIGHT + 1];

	assert(page_index_get(index, at));
	if (page_index_marked(index, at))
		return;
	index->marked++;
	path_find(index, at, path);
	for (unsigned level = 1; level <= index->height; level++)
		path[level]->marked |= bit(slot_of(at, level));
}

void page_index_unmark(struct page_index *index, pgoff_t at)
{
	struct page_index_node *path[MAX_HEIGHT + 1];

	if (!page_index_marked(index, at))
		return;
	index->marked--;
	path_find(index, at, path);
	path_unmark(index, at, path);
}

bool page_index_marked(const struct page_index *index, pgoff_t at)
{
	const struct page_index_node *node = index->root;

	if (!index->marked || !covers(index->height, at))
		return false;
	for (unsigned level = index->height; level > 0; level--) {
		if (!(node->marked & bit(slot_of(at, level))))
			return false;
		node = node->slot[slot_of(at, level)];
	}
	return true;
}

/* ---- removal ---- */

/* A root with nothing but slot 0 is a level too many. */
static void shrink(struct page_index *index)
{
	while (index->height > 0 && index->root->present == bit(0)) {
		struct page_index_node *old = index->root;
		index->root = old->slot[0];
		index->height--;
		cache_free(node_cache, old);
	}
}

void *page_index_remove(struct page_index *index, pgoff_t at)
{
	struct page_index_node *path[MAX_HEIGHT + 1];
	void *entry = page_index_get(index, at);

	if (!entry)
		return NULL;
	page_index_unmark(index, at);
	index->count--;
	path_find(index, at, path);
	for (unsigned level = 1; level <= index->height; level++) {
		unsigned slot = slot_of(at, level);
		path[level]->slot[slot] = NULL;
		path[level]->present &= ~bit(slot);
		if (path[level]->present)
			break;
		cache_free(node_cache, path[level]);
	}
	if (index->count == 0) {
		index->root = NULL;
		index->height = 0;
	}
	shrink(index);
	return entry;
}

/* Free the nodes below and including `node`; as deep as the tree is high. */
static void destroy_below(struct page_index_node *node, unsigned level)
{
	if (level > 1)
		for (uint64_t bits = node->present; bits; bits &= bits - 1)
			destroy_below(node->slot[__builtin_ctzl(bits)], level - 1);
	cache_free(node_cache, node);
}

void page_index_destroy(struct page_index *index)
{
	if (index->height > 0)
		destroy_below(index->root, index->height);
	page_index_init(index);
}

/* ---- walking ---- */

/*
 * The first entry at or after *at below `node`; *at becomes its number. NULL: none, and *at is
 * spoilt.
 */
static void *next_below(const struct page_index_node *node, unsigned level, pgoff_t *at,
			bool marked)
{
	unsigned shift = level_shift(level);
	unsigned first = slot_of(*at, level);
	uint64_t bits = (marked ? node->marked : node->present) & ~0ul << first;

	for (; bits; bits &= bits - 1) {
		unsigned slot = __builtin_ctzl(bits);
		if (slot != first) /* to the first page of that slot */
			*at = (ALIGN_DOWN(*at >> shift, SLOTS) | slot) << shift;
		if (level == 1)
			return node->slot[slot];
		pgoff_t try = *at;
		void *entry = next_below(node->slot[slot], level - 1, &try, marked);
		if (entry) {
			*at = try;
			return entry;
		}
	}
	return NULL;
}

static void *next(const struct page_index *index, pgoff_t *at, pgoff_t last, bool marked)
{
	pgoff_t found = *at;
	void *entry;

	if (!(marked ? index->marked : index->count) || !covers(index->height, found))
		return NULL;
	if (index->height == 0)
		entry = lone_entry(index);
	else
		entry = next_below(index->root, index->height, &found, marked);
	if (!entry || found > last)
		return NULL;
	*at = found;
	return entry;
}

void *page_index_next(const struct page_index *index, pgoff_t *at, pgoff_t last)
{
	return next(index, at, last, false);
}

void *page_index_next_marked(const struct page_index *index, pgoff_t *at, pgoff_t last)
{
	return next(index, at, last, true);
}

/* ---- checking ---- */

struct tally { uint64_t count, marked; const char *wrong; };

static void check_below(const struct page_index_node *node, unsigned level, struct tally *t)
{
	if (!node->present)
		t->wrong = "an empty node";
	if (node->marked & ~node->present)
		t->wrong = "a mark on an empty slot";
	for (unsigned slot = 0; slot < SLOTS && !t->wrong; slot++) {
		uint64_t marked = t->marked;
		if (!(node->present & bit(slot)) != !node->slot[slot])
			t->wrong = "the present bit and the slot disagree";
		else if (!node->slot[slot])
			continue;
		else if (level > 1)
			check_below(node->slot[slot], level - 1, t);
		else if (t->count++, node->marked & bit(slot))
			t->marked++;
		if (level > 1 && !t->wrong && !(node->marked & bit(slot)) != (t->marked == marked))
			t->wrong = "a summary mark is not what lies below";
	}
}

const char *page_index_check(const struct page_index *index)
{
	struct tally t = { 0 };

	if (index->height == 0) {
		if (index->count != (lone_entry(index) ? 1 : 0) || index->marked > index->count)
			return "the counts of an index without nodes are wrong";
		return NULL;
	}
	if (!index->root)
		return "height without a root";
	if (index->root->present == bit(0))
		return "a level too many";
	check_below(index->root, index->height, &t);
	if (!t.wrong && (t.count != index->count || t.marked != index->marked))
		t.wrong = "the counts are wrong";
	return t.wrong;
}
