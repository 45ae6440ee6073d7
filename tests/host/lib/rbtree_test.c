/* SPDX-License-Identifier: MIT */
/* Red-black trees against a table of what should be in them. */
#include "host.h"

#include "lib/rbtree.h"
#include "pure.h"

#define KEYS 400

/* The augmented value is the largest weight below, as the VMA tree's largest gap. */
struct item { struct rb_node node; unsigned key; uint64_t weight, heaviest; bool present; };

static struct item items[KEYS];

static struct item *item_of(struct rb_node *n) { return container_of(n, struct item, node); }

static bool update(struct rb_node *n)
{
	struct item *it = item_of(n);

	uint64_t before = it->heaviest;

	it->heaviest = it->weight;
	for (int side = 0; side < 2; side++)
		if (n->child[side])
			it->heaviest = MAX(it->heaviest, item_of(n->child[side])->heaviest);
	return it->heaviest != before;
}

static void insert(struct rb_tree *tree, struct item *it)
{
	struct rb_node *parent = NULL;
	struct rb_node *at = tree->root;
	int side = 0;

	while (at) {
		parent = at;
		side = it->key > item_of(at)->key;
		at = at->child[side];
	}
	rb_insert(tree, parent, side, &it->node);
	it->present = true;
}

static uint64_t check_values(struct rb_node *n)
{
	if (!n)
		return 0;
	uint64_t left = check_values(n->child[0]);
	uint64_t right = check_values(n->child[1]);
	uint64_t heaviest = MAX(item_of(n)->weight, MAX(left, right));
	CHECK(item_of(n)->heaviest == heaviest);
	return heaviest;
}

/* The tree holds exactly the present items, in order, seen from both ends. */
static void check_contents(const struct rb_tree *tree)
{
	struct rb_node *up = rb_first(tree);
	struct rb_node *down = rb_last(tree);

	CHECK(rb_check(tree) == NULL);
	for (unsigned i = 0; i < KEYS; i++) {
		if (items[i].present) {
			CHECK(up == &items[i].node);
			up = rb_next(up);
		}
		if (items[KEYS - 1 - i].present) {
			CHECK(down == &items[KEYS - 1 - i].node);
			down = rb_prev(down);
		}
	}
	CHECK(!up && !down);
	check_values(tree->root);
}

static void random_run(unsigned ops, unsigned keys, unsigned check_every)
{
	struct rb_tree tree = { NULL, update };

	memset(items, 0, sizeof(items));
	for (unsigned i = 0; i < KEYS; i++)
		items[i].key = i;
	for (unsigned op = 0; op < ops; op++) {
		struct item *it = &items[host_below(keys)];
		it->weight = it->present ? it->weight : host_below(1000);
		if (!it->present) {
			insert(&tree, it);
		} else if (host_below(3) == 0) {
			it->weight = host_below(1000);
			rb_update(&tree, &it->node);
		} else {
			rb_remove(&tree, &it->node);
			it->present = false;
		}
		if (op % check_every == 0)
			check_contents(&tree);
	}
	check_contents(&tree);
}

void rbtree_random_operations_on_few_keys(void)
{
	random_run(40000, 12, 1);
}

void rbtree_random_operations_on_many_keys(void)
{
	random_run(400000, KEYS, 97);
}

/* A tree of n nodes is no higher than 2 log2(n + 1), even when the keys come in order. */
void rbtree_stays_flat_when_keys_come_in_order(void)
{
	struct rb_tree tree = { NULL, NULL };
	unsigned height = 0;

	for (unsigned i = 0; i < KEYS; i++) {
		items[i].key = i;
		insert(&tree, &items[i]);
	}
	CHECK(rb_check(&tree) == NULL);
	for (unsigned i = 0; i < KEYS; i++) {
		unsigned depth = 1;
		for (struct rb_node *n = &items[i].node; n->parent; n = n->parent)
			depth++;
		height = MAX(height, depth);
	}
	CHECK(height <= 17);
}

void rbtree_check_finds_damage(void)
{
	struct rb_tree tree = { NULL, NULL };

	for (unsigned i = 0; i < 64; i++) {
		items[i].key = i;
		insert(&tree, &items[i]);
	}
	struct rb_node *n = rb_first(&tree);
	n->red = !n->red;
	CHECK(rb_check(&tree) != NULL);
	n->red = !n->red;
	CHECK(rb_check(&tree) == NULL);
	struct rb_node *parent = n->parent;
	n->parent = rb_last(&tree);
	CHECK(rb_check(&tree) != NULL);
	n->parent = parent;
}
