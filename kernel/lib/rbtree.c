/* SPDX-License-Identifier: MIT */
/*
 * Red-black trees (Cormen, Leiserson, Rivest, Stein: Introduction to Algorithms, chapter 13), with
 * augmentation (chapter 14). The address space keeps its VMAs in one, with the largest gap below
 * each node as the augmented value.
 *
 * The rules, which rb_check verifies:
 *   - the root is black; a red node has no red child;
 *   - every path from a node down to a missing child passes the same number of black nodes;
 *   - a child's parent pointer points back.
 * So no path is more than twice as long as another, and a search costs O(log n).
 *
 *            y                x       rotate(tree, y, 1) turns the left picture into the right
 *           / \              / \      one, rotate(tree, x, 0) the right one into the left one.
 *          x   c    <--->   a   y     The order a x b y c stays.
 *         / \                  / \
 *        a   b                b   c
 *
 * Left and right are written once: a side is 0 or 1, and 1 - side is the other one. A missing child
 * is NULL and counts as black.
 *
 * Augmentation: a node's value depends on itself and its two children only. Every structural change
 * starts at one node and all changed nodes lie on the path from it to the root or are the two nodes
 * of a rotation. So insert and remove first make the change, then update the path upwards, as far as
 * values change, and only then rebalance; a rotation updates its two nodes, and what lies above them
 * has the same set of nodes below it as before, so it needs nothing.
 *
 * The tree takes no lock and allocates nothing: the nodes are embedded in what the owner keeps in
 * the tree. There is no search function; the owner writes the loop, which is shorter than a
 * callback and costs no indirect call.
 *
 * Rejected: AVL trees, which are a little flatter but need as much code; parent pointers packed
 * with the colour, which save 8 bytes and cost the reader more.
 */
#include "lib/rbtree.h"

static bool is_red(const struct rb_node *n) { return n && n->red; }

/* Which child of its parent n is. */
static int side_of(const struct rb_node *n) { return n->parent->child[1] == n; }

static void update(struct rb_tree *tree, struct rb_node *n)
{
	if (tree->update)
		tree->update(n);
}

/* Upwards until a node keeps its value: what lies above sees no difference. Or until `end`, which is not updated. */
static void update_below(struct rb_tree *tree, struct rb_node *node, const struct rb_node *end)
{
	while (tree->update && node != end && tree->update(node))
		node = node->parent;
}

void rb_update(struct rb_tree *tree, struct rb_node *node)
{
	update_below(tree, node, NULL);
}

/* Put `new` (may be NULL) where `old` hangs, as seen from above. */
static void replace_child(struct rb_tree *tree, struct rb_node *old, struct rb_node *new)
{
	struct rb_node *parent = old->parent;

	if (!parent)
		tree->root = new;
	else
		parent->child[side_of(old)] = new;
	if (new)
		new->parent = parent;
}

/* Turn `top` down to `side`; its other child, which must exist, takes its place. */
static void rotate(struct rb_tree *tree, struct rb_node *top, int side)
{
	struct rb_node *up = top->child[1 - side];
	struct rb_node *middle = up->child[side];

	replace_child(tree, top, up);
	up->child[side] = top;
	top->parent = up;
	top->child[1 - side] = middle;
	if (middle)
		middle->parent = top;
	update(tree, top);
	update(tree, up);
}

/*
 * The new node is red, so black heights are right; its parent may be red too. Either the uncle is
 * red as well, then both turn black, the grandparent red, and the question moves up two levels; or
 * one or two rotations end it.
 */
static void insert_rebalance(struct rb_tree *tree, struct rb_node *n)
{
	while (is_red(n->parent)) {
		struct rb_node *parent = n->parent;
		struct rb_node *grand = parent->parent; /* exists: a red node is not the root */
		int side = side_of(parent);
		struct rb_node *uncle = grand->child[1 - side];

		if (is_red(uncle)) {
			parent->red = false;
			uncle->red = false;
			grand->red = true;
			n = grand;
			continue;
		}
		if (side_of(n) != side) { /* inner grandchild: make it the outer one */
			rotate(tree, parent, side);
			parent = n;
		}
		parent->red = false;
		grand->red = true;
		rotate(tree, grand, 1 - side);
		break;
	}
	tree->root->red = false;
}

void rb_insert(struct rb_tree *tree, struct rb_node *parent, int side, struct rb_node *node)
{
	node->parent = parent;
	node->child[0] = node->child[1] = NULL;
	node->red = true;
	if (parent)
		parent->child[side] = node;
	else
		tree->root = node;
	update(tree, node);
	rb_update(tree, parent);
	insert_rebalance(tree, node);
}

/*
 * The side `side` of `parent` lacks one black node. The sibling exists, for its side has at least
 * one black node.
 *   sibling red:             rotate it up; now the sibling is black
 *   both nephews black:      make the sibling red; the whole subtree lacks one: move up,
 *                            or, if parent is red, blacken it
 *   the outer nephew black:  rotate the inner nephew up, so that the outer one is red
 *   the outer nephew red:    rotate the sibling up and blacken the nephew: done
 */
static void remove_rebalance(struct rb_tree *tree, struct rb_node *parent, int side)
{
	while (parent) {
		struct rb_node *sibling = parent->child[1 - side];

		if (sibling->red) {
			sibling->red = false;
			parent->red = true;
			rotate(tree, parent, side);
			sibling = parent->child[1 - side];
		}
		if (!is_red(sibling->child[0]) && !is_red(sibling->child[1])) {
			sibling->red = true;
			if (parent->red) {
				parent->red = false;
				return;
			}
			if (!parent->parent)
				return;
			side = side_of(parent);
			parent = parent->parent;
			continue;
		}
		if (!is_red(sibling->child[1 - side])) {
			sibling->child[side]->red = false;
			sibling->red = true;
			rotate(tree, sibling, 1 - side);
			sibling = parent->child[1 - side];
		}
		sibling->red = parent->red;
		parent->red = false;
		sibling->child[1 - side]->red = false;
		rotate(tree, parent, side);
		return;
	}
}

/*
 * Let `next`, already taken out of the tree, stand where `node` stands, with its children and
 * colour.
 */
static void take_place(struct rb_tree *tree, struct rb_node *node, struct rb_node *next)
{
	next->red = node->red;
	for (int side = 0; side < 2; side++) {
		next->child[side] = node->child[side];
		if (next->child[side])
			next->child[side]->parent = next;
	}
	replace_child(tree, node, next);
}

/*
 * A node with two children gives its place to its successor, which has no left child. So the node
 * cut out has one child at most, which moves up into its place.
 */
void rb_remove(struct rb_tree *tree, struct rb_node *node)
{
	struct rb_node *cut = node->child[0] && node->child[1] ? rb_next(node) : node;
	struct rb_node *child = cut->child[0] ? cut->child[0] : cut->child[1];
	struct rb_node *parent = cut->parent;
	int side = parent ? side_of(cut) : 0;
	bool black_lost = !cut->red;

	replace_child(tree, cut, child);
	if (cut != node) {
		take_place(tree, node, cut);
		if (parent == node)
			parent = cut;
	}
	update_below(tree, parent, cut == node ? NULL : cut);
	if (cut != node) { /* its value was that of its old place: no measure of what changes here */
		update(tree, cut);
		rb_update(tree, cut->parent);
	}
	if (!black_lost)
		return;
	if (is_red(child))
		child->red = false;
	else
		remove_rebalance(tree, parent, side);
}

/* ---- walking in order ---- */

static struct rb_node *outermost(struct rb_node *n, int side)
{
	while (n && n->child[side])
		n = n->child[side];
	return n;
}

/*
 * The neighbour of n on `side`: the innermost node below that side, or the first ancestor we lie on
 * the other side of.
 */
static struct rb_node *neighbour(const struct rb_node *n, int side)
{
	if (n->child[side])
		return outermost(n->child[side], 1 - side);
	while (n->parent && side_of(n) == side)
		n = n->parent;
	return n->parent;
}

struct rb_node *rb_first(const struct rb_tree *tree) { return outermost(tree->root, 0); }
struct rb_node *rb_last(const struct rb_tree *tree) { return outermost(tree->root, 1); }
struct rb_node *rb_next(const struct rb_node *node) { return neighbour(node, 1); }
struct rb_node *rb_prev(const struct rb_node *node) { return neighbour(node, 0); }

/* ---- checking ---- */

/*
 * The number of black nodes on any path below n, or -1 and *wrong. Recursion is as deep as the
 * tree: 2 log n.
 */
static int check_below(const struct rb_node *n, const char **wrong)
{
	if (!n)
		return 0;
	for (int side = 0; side < 2; side++) {
		const struct rb_node *child = n->child[side];
		if (child && child->parent != n)
			*wrong = "a child's parent pointer points elsewhere";
		else if (n->red && is_red(child))
			*wrong = "a red node has a red child";
	}
	if (*wrong)
		return -1;
	int left = check_below(n->child[0], wrong);
	int right = check_below(n->child[1], wrong);
	if (!*wrong && left != right)
		*wrong = "black heights differ";
	return left + !n->red;
}

const char *rb_check(const struct rb_tree *tree)
{
	const char *wrong = NULL;

	if (!tree->root)
		return NULL;
	if (tree->root->parent)
		return "the root has a parent";
	if (tree->root->red)
		return "the root is red";
	check_below(tree->root, &wrong);
	return wrong;
}
