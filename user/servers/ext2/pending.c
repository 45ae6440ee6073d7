/* SPDX-License-Identifier: MIT */
/*
 * Pending blocks: taken from the bitmap for a page that became dirty, not yet written and so not yet in the map.
 *
 * A file's pending blocks are runs sorted by the block of the file, in one array; a file written in order has one run.
 * Between DIRTY and the end of WRITE the file's map on the disk still shows a hole there, so a crash in between leaves
 * a hole and never the bytes of a file deleted earlier. The price is this array, and that a server that dies forgets it
 * (e2fsck then frees the blocks).
 *
 *     file blocks   0 1 2 3 4 5 6 7 8 9
 *     map           a b c . . . . . d .      . hole
 *     pending             [x x x] [y]        x 3 blocks from 3 on, y 1 block from 7 on
 *
 * The functions that grow the array may fail for lack of memory and then change nothing.
 */
#include "ext2.h"

#include <stdlib.h>
#include <string.h>

/* -> index of the first run that ends behind `block`. */
static uint32_t search(const struct inode *inode, uint32_t block)
{
	uint32_t low = 0, high = inode->npending;

	while (low < high) {
		uint32_t middle = (low + high) / 2;
		const struct run *r = &inode->pending[middle];

		if (r->first + r->count <= block)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* `e` is a hole of the map that begins at `first`: makes it the pending blocks there, or the hole before the next. */
void pending_look(const struct inode *inode, uint32_t first, struct extent *e)
{
	uint32_t i = search(inode, first), left;
	const struct run *r;

	if (i == inode->npending)
		return;
	r = &inode->pending[i];
	if (r->first > first) {
		left = r->first - first;
	} else {
		left = r->first + r->count - first;
		e->block = r->block + (first - r->first);
	}
	if (e->count > left)
		e->count = left;
}

static int make_room(struct inode *inode)
{
	uint32_t room = inode->pending_room ? inode->pending_room * 2 : 4;
	struct run *grown;

	if (inode->npending < inode->pending_room)
		return 0;
	grown = realloc(inode->pending, room * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	inode->pending = grown;
	inode->pending_room = room;
	return 0;
}

static void insert_at(struct inode *inode, uint32_t i, struct run run)
{
	memmove(&inode->pending[i + 1], &inode->pending[i], (inode->npending - i) * sizeof(run));
	inode->pending[i] = run;
	inode->npending++;
}

static void remove_at(struct inode *inode, uint32_t i)
{
	inode->npending--;
	memmove(&inode->pending[i], &inode->pending[i + 1], (inode->npending - i) * sizeof(struct run));
}

int pending_insert(struct inode *inode, uint32_t first, uint32_t block, uint32_t count)
{
	uint32_t i = search(inode, first);
	struct run *before = i ? &inode->pending[i - 1] : NULL;
	int err;

	if (before && before->first + before->count == first && before->block + before->count == block) {
		before->count += count;
		return 0;
	}
	err = make_room(inode);
	if (!err)
		insert_at(inode, i, (struct run){ first, block, count });
	return err;
}

/* Takes [first, first + count), which lies within one run, out of the array. */
int pending_remove(struct inode *inode, uint32_t first, uint32_t count)
{
	uint32_t i = search(inode, first), end = first + count;
	struct run *r = &inode->pending[i], tail;
	int err;

	tail = (struct run){ end, r->block + (end - r->first), r->first + r->count - end };
	if (r->first == first) {
		if (tail.count)
			*r = tail;
		else
			remove_at(inode, i);
		return 0;
	}
	if (tail.count) {
		err = make_room(inode);
		if (err)
			return err;
		insert_at(inode, i + 1, tail);
	}
	inode->pending[i].count = first - inode->pending[i].first;
	return 0;
}

/* Frees the pending blocks from block `keep` of the file on. Nothing ever pointed to them: they are free at once. */
int pending_drop(struct fs *fs, struct inode *inode, uint32_t keep)
{
	int failed = 0;

	while (inode->npending) {
		struct run *r = &inode->pending[inode->npending - 1];
		uint32_t cut = r->first >= keep ? 0 : keep - r->first;
		int err;

		if (cut >= r->count)
			break;
		err = block_free(fs, r->block + cut, r->count - cut);
		if (err)
			failed = err;
		r->count = cut;
		if (!cut)
			inode->npending--;
	}
	return failed;
}

/* Frees the pending blocks among [first, first + count). */
int pending_punch(struct fs *fs, struct inode *inode, uint32_t first, uint32_t count)
{
	int failed = 0;

	while (count && inode->npending) {
		struct extent e = { 0, count };
		int err = 0;

		pending_look(inode, first, &e);
		if (e.block)
			err = pending_remove(inode, first, e.count);
		if (e.block && !err)
			err = block_free(fs, e.block, e.count);
		failed = failed ? failed : err;
		first += e.count;
		count -= e.count;
	}
	return failed;
}

uint32_t pending_count(const struct inode *inode)
{
	uint32_t total = 0;

	for (uint32_t i = 0; i < inode->npending; i++)
		total += inode->pending[i].count;
	return total;
}
