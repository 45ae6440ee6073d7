/* SPDX-License-Identifier: MIT */
/*
 * Red-black trees, intrusive, with one augmented value a node (Cormen et al., ch. 13 and 14). The owner writes the
 * search loop; the tree rebalances and calls `update` on every node whose value may have changed, bottom up.
 */
#ifndef LIB_RBTREE_H
#define LIB_RBTREE_H

#include "lib/types.h"

struct rb_node {
	struct rb_node *parent, *child[2];
	bool red;
};

struct rb_tree {
	struct rb_node *root;
	/*
	 * Recompute the node's value from its own and its children's; whether it is another than before. NULL: there is
	 * none.
	 */
	bool (*update)(struct rb_node *node);
};

/* Hang `node` where the search ended: at parent->child[side] (parent NULL: the tree is empty), then rebalance. */
void rb_insert(struct rb_tree *tree, struct rb_node *parent, int side, struct rb_node *node);
void rb_remove(struct rb_tree *tree, struct rb_node *node);
/* The node's own value changed: update it and the ancestors, as far as that makes a difference. */
void rb_update(struct rb_tree *tree, struct rb_node *node);

struct rb_node *rb_first(const struct rb_tree *tree);
struct rb_node *rb_last(const struct rb_tree *tree);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);
/* rb_check: NULL, or what is wrong with the tree (colours, parents, black heights). For tests and audits. */
const char *rb_check(const struct rb_tree *tree);

#endif
