/* SPDX-License-Identifier: MIT */
/*
 * The block map: from a block of a file to a block of the disk, through none to three indirect blocks.
 *
 *     inode: block[0..11] data   [12] -> I -> data   [13] -> I -> I -> data   [14] -> I -> I -> I -> data
 *
 * A pointer lives in a slot: a word of the inode or of an indirect block. map_locate finds the slot of a file's block;
 * everything else works on slots. Zero is a hole, in a slot of any level.
 *
 * Blocks come into the map in two steps. map_reserve takes blocks for holes and keeps them pending (pending.c); it
 * also makes the indirect blocks on the way, for they may need space too. map_commit, once the blocks hold what they
 * should, puts them into their slots. A new indirect block is zeroed before anything points to it, and both steps can
 * be repeated. Directories and long symbolic links take the same two steps, with the lock held throughout.
 *
 * Truncation clears pointers first and frees afterwards: the words of the inode in one write, then each subtree from
 * its top. An indirect block that goes loses its dirty marks (dev_discard), or a late write of it would destroy the
 * file that has the block next. What is freed is free only after the next clean (order.c).
 *
 * Every pointer read from the disk is judged before use. The walk that frees counts what it frees against the number
 * of blocks the inode says it has, so that an indirect block that points to itself ends in an error and not in a walk
 * through a thousand million words.
 */
#include "ext2.h"

#include <string.h>

#define CHUNK 64 /* pointers handled at a time */

struct slot {
	uint32_t block; /* the indirect block that holds it, 0: the inode */
	uint32_t index; /* in there */
	uint32_t room;  /* slots from here to the end of its block; of a hole where the block is missing */
	bool missing;
};

struct path {
	uint32_t depth;    /* indirect blocks to go through */
	uint32_t index[4]; /* first in the inode */
};

/* -> how many blocks a file can have by its map and by its count of sectors. */
uint64_t map_max_blocks(const struct fs *fs)
{
	uint64_t p = fs->per_block, by_map = EXT2_DIRECT + p + p * p + p * p * p;
	uint64_t by_count = 0xffffffffull >> (fs->block_shift - 9);

	by_count -= by_count / (p / 2); /* indirect blocks are counted too */
	by_map = by_map < by_count ? by_map : by_count;
	return by_map < 0xffffffffull ? by_map : 0xffffffffull;
}

static void path_make(const struct fs *fs, uint32_t block, struct path *path)
{
	uint64_t p = fs->per_block, n = block;

	path->depth = 0;
	path->index[0] = block;
	if (n < EXT2_DIRECT)
		return;
	n -= EXT2_DIRECT;
	for (uint64_t span = p; ; span *= p) {
		path->depth++;
		if (n < span || path->depth == 3)
			break;
		n -= span;
	}
	path->index[0] = EXT2_DIRECT + path->depth - 1;
	for (uint32_t i = path->depth; i > 0; i--) {
		path->index[i] = (uint32_t)(n % p);
		n /= p;
	}
}

static uint64_t slot_off(const struct fs *fs, uint32_t block, uint32_t index)
{
	return fs_off(fs, block) + index * 4ull;
}

static int check_pointer(struct fs *fs, const struct inode *inode, uint32_t block)
{
	if (block == 0 || block_is_data(fs, block))
		return 0;
	fs_complain(fs, "ext2: inode %u: block pointer %u %s", (unsigned)inode->ino, (unsigned)block,
		    block >= fs->sb.blocks_count ? "beyond the disk" : "inside the filesystem's own tables");
	return -EIO;
}

static int read_pointers(struct fs *fs, const struct inode *inode, uint32_t block, uint32_t index, uint32_t n,
			 uint32_t *pointer)
{
	if (!block) {
		memcpy(pointer, &inode->raw.block[index], n * 4);
		return 0;
	}
	if (!dev_read(fs->dev, slot_off(fs, block, index), pointer, n * 4))
		return 0;
	fs_complain(fs, "ext2: inode %u: indirect block %u cannot be read", (unsigned)inode->ino, (unsigned)block);
	return -EIO;
}

/* Changes slots in the cache; those of the inode reach it with inode_write. */
static int write_pointers(struct fs *fs, struct inode *inode, const struct slot *slot, uint32_t n,
			  const uint32_t *pointer)
{
	if (slot->block)
		return fs_write(fs, slot_off(fs, slot->block, slot->index), pointer, n * 4);
	memcpy(&inode->raw.block[slot->index], pointer, n * 4);
	return 0;
}

static int zero_block(struct fs *fs, uint32_t block)
{
	static const uint8_t zero[EXT2_BLOCK_MAX];
	int err = fs_write(fs, fs_off(fs, block), zero, fs->block_size);

	return err ? err : order_add(fs, ORDER_CONTENT, fs_off(fs, block), fs->block_size);
}

static void inode_add_blocks(struct fs *fs, struct inode *inode, uint32_t count)
{
	inode->raw.blocks += count * (fs->block_size / SECTOR);
}

static uint32_t group_goal(const struct fs *fs, const struct inode *inode)
{
	return fs_group_first(fs, (inode->ino - 1) / fs->sb.inodes_per_group);
}

/* A new indirect block, zeroed, its pointer put into `slot`. */
static int make_indirect(struct fs *fs, struct inode *inode, const struct slot *slot, uint32_t *block)
{
	uint32_t goal = inode->goal_block ? inode->goal_block : group_goal(fs, inode);
	struct extent got;
	int err = block_alloc(fs, goal, 1, &got);

	if (err)
		return err;
	err = zero_block(fs, got.block);
	if (!err)
		err = write_pointers(fs, inode, slot, 1, &got.block);
	if (err) {
		dev_discard(fs->dev, fs_off(fs, got.block), fs->block_size);
		block_free(fs, got.block, 1);
		return err;
	}
	inode_add_blocks(fs, inode, 1);
	if (inode->goal_block == got.block)
		inode->goal_block++;
	*block = got.block;
	return inode_write(fs, inode);
}

/* Finds the slot of a block of the file; makes the indirect blocks on the way, or says that one is missing. */
static int map_locate(struct fs *fs, struct inode *inode, uint32_t first, bool make, struct slot *slot)
{
	struct path path;
	int err;

	path_make(fs, first, &path);
	*slot = (struct slot){ .index = path.index[0], .room = EXT2_DIRECT - path.index[0] };
	for (uint32_t i = 1; i <= path.depth; i++) {
		uint32_t block;

		err = read_pointers(fs, inode, slot->block, slot->index, 1, &block);
		if (!err)
			err = check_pointer(fs, inode, block);
		if (err)
			return err;
		if (!block && make) {
			err = make_indirect(fs, inode, slot, &block);
			if (err)
				return err;
		}
		slot->room = fs->per_block - path.index[path.depth];
		slot->missing = !block;
		if (!block)
			return 0;
		slot->block = block;
		slot->index = path.index[i];
	}
	return 0;
}

/* How many of the pointers continue the first: consecutive blocks, or holes. */
static uint32_t run_length(const uint32_t *pointer, uint32_t n)
{
	uint32_t i = 1;

	while (i < n && pointer[i] == (pointer[0] ? pointer[0] + i : 0))
		i++;
	return i;
}

/*
 * What is at block `first` of the file, and for how many blocks, at most `max`.
 * - with `pending`, blocks that are reserved count as there; without it they are holes, which is what they read as.
 */
int map_find(struct fs *fs, struct inode *inode, uint32_t first, uint32_t max, bool pending, struct extent *e)
{
	uint32_t pointer[CHUNK], n;
	struct slot slot;
	int err = map_locate(fs, inode, first, false, &slot);

	if (err)
		return err;
	n = slot.room < max ? slot.room : max;
	e->block = 0;
	e->count = n;
	if (!slot.missing) {
		if (n > CHUNK)
			n = CHUNK;
		err = read_pointers(fs, inode, slot.block, slot.index, n, pointer);
		if (err)
			return err;
		e->block = pointer[0];
		e->count = run_length(pointer, n);
		err = check_pointer(fs, inode, pointer[0]);
		for (uint32_t i = 1; pointer[0] && i < e->count && !err; i++)
			if (!block_is_data(fs, pointer[i]))
				e->count = i; /* the next call will complain */
		if (err)
			return err;
	}
	if (!e->block && pending)
		pending_look(inode, first, e);
	return 0;
}

/* Where to look first for the disk block of block `first`: behind the block before it. */
static uint32_t choose_goal(struct fs *fs, struct inode *inode, uint32_t first)
{
	struct extent before;

	if (inode->goal_block && inode->goal_for == first)
		return inode->goal_block;
	if (first && !map_find(fs, inode, first - 1, 1, true, &before) && before.block)
		return before.block + 1;
	return group_goal(fs, inode);
}

/* Fills the hole `e` at `first` with pending blocks as far as one run goes; -> their number in e->count. */
static int reserve_run(struct fs *fs, struct inode *inode, uint32_t first, struct extent *e)
{
	struct extent got;
	struct slot slot;
	int err = map_locate(fs, inode, first, true, &slot);

	if (err)
		return err;
	err = block_alloc(fs, choose_goal(fs, inode, first), e->count < slot.room ? e->count : slot.room, &got);
	if (err)
		return err;
	err = pending_insert(inode, first, got.block, got.count);
	if (err) {
		block_free(fs, got.block, got.count);
		return err;
	}
	inode->goal_for = first + got.count;
	inode->goal_block = got.block + got.count;
	e->count = got.count;
	return 0;
}

/*
 * Makes sure that each block of the range is in the map or pending. ENOSPC, EIO, ENOMEM.
 * - after an error a part may be reserved; it stays so until it is written, truncated or the file is closed
 */
int map_reserve(struct fs *fs, struct inode *inode, uint32_t first, uint32_t count)
{
	while (count) {
		struct extent e;
		int err = map_find(fs, inode, first, count, true, &e);

		if (!err && !e.block)
			err = reserve_run(fs, inode, first, &e);
		if (err)
			return err;
		first += e.count;
		count -= e.count;
	}
	return 0;
}

/* Puts one run of pending blocks into the map. */
static int commit_run(struct fs *fs, struct inode *inode, uint32_t first, const struct extent *e)
{
	uint32_t pointer[CHUNK], done = 0;

	while (done < e->count) {
		struct slot slot;
		uint32_t n = e->count - done;
		int err = map_locate(fs, inode, first + done, true, &slot);

		if (err)
			return err;
		n = n < slot.room ? n : slot.room;
		n = n < CHUNK ? n : CHUNK;
		for (uint32_t i = 0; i < n; i++)
			pointer[i] = e->block + done + i;
		err = pending_remove(inode, first + done, n);
		if (!err)
			err = write_pointers(fs, inode, &slot, n, pointer);
		if (err)
			return err;
		inode_add_blocks(fs, inode, n);
		done += n;
	}
	return 0;
}

/*
 * Puts the pending blocks of the range into the map: their contents are on their way to the disk. EIO, ENOMEM.
 * - the caller writes the inode afterwards
 */
int map_commit(struct fs *fs, struct inode *inode, uint32_t first, uint32_t count)
{
	while (count && inode->npending) {
		struct extent e = { 0, count };
		int err = 0;

		pending_look(inode, first, &e);
		if (e.block) {
			err = commit_run(fs, inode, first, &e);
			fs->barrier = true;
		}
		if (err)
			return err;
		first += e.count;
		count -= e.count;
	}
	return 0;
}

/* ---- truncation ---- */

struct cut {
	struct fs *fs;
	struct inode *inode;
	uint32_t budget;  /* blocks that may still be freed */
	bool is_metadata; /* the contents were written through the disk's cache */
	int failed;       /* the first error */
};

/* -> false when the walk must end. */
static bool cut_block(struct cut *cut, uint32_t block, bool discard)
{
	struct fs *fs = cut->fs;
	uint32_t sectors = fs->block_size / SECTOR;
	int err;

	if (!cut->budget || cut->inode->raw.blocks < sectors) {
		fs_complain(fs, "ext2: inode %u: has more blocks than it says", (unsigned)cut->inode->ino);
		cut->budget = 0;
		cut->failed = -EIO;
		return false;
	}
	cut->budget--;
	cut->inode->raw.blocks -= sectors;
	if (discard)
		dev_discard(fs->dev, fs_off(fs, block), fs->block_size);
	err = order_free_blocks(fs, block, 1);
	if (err)
		cut->failed = err;
	return true;
}

/* Frees what a pointer that is already cleared leads to; `level` counts the indirect blocks. */
static bool cut_tree(struct cut *cut, uint32_t block, uint32_t level)
{
	uint32_t pointer[CHUNK];

	if (!block)
		return true;
	if (check_pointer(cut->fs, cut->inode, block)) {
		cut->failed = -EIO;
		return true;
	}
	for (uint32_t i = 0; level && i < cut->fs->per_block; i += CHUNK) {
		if (read_pointers(cut->fs, cut->inode, block, i, CHUNK, pointer)) {
			cut->failed = -EIO;
			break;
		}
		for (uint32_t j = 0; j < CHUNK; j++)
			if (!cut_tree(cut, pointer[j], level - 1))
				return false;
	}
	return cut_block(cut, block, level || cut->is_metadata);
}

/* Clears and frees slots [index, end) of an indirect block. */
static bool cut_slots(struct cut *cut, uint32_t block, uint32_t index, uint32_t level)
{
	static const uint32_t zero[CHUNK];
	uint32_t pointer[CHUNK];

	while (index < cut->fs->per_block) {
		struct slot slot = { .block = block, .index = index };
		uint32_t n = cut->fs->per_block - index;

		n = n < CHUNK ? n : CHUNK;
		if (read_pointers(cut->fs, cut->inode, block, index, n, pointer) ||
		    write_pointers(cut->fs, cut->inode, &slot, n, zero)) {
			cut->failed = -EIO;
			return false;
		}
		for (uint32_t i = 0; i < n; i++)
			if (!cut_tree(cut, pointer[i], level - 1))
				return false;
		index += n;
	}
	return true;
}

/* Keeps the first `keep` (>= 1) blocks of the file under an indirect block, frees the rest. */
static void cut_partly(struct cut *cut, uint32_t block, uint32_t level, uint64_t keep)
{
	uint64_t span = 1; /* blocks of the file under one slot */
	uint32_t index;

	for (uint32_t i = 1; i < level; i++)
		span *= cut->fs->per_block;
	index = (uint32_t)(keep / span);
	if (!block)
		return;
	if (check_pointer(cut->fs, cut->inode, block)) {
		cut->failed = -EIO;
		return;
	}
	if (keep % span) {
		uint32_t child;

		if (read_pointers(cut->fs, cut->inode, block, index, 1, &child)) {
			cut->failed = -EIO;
			return;
		}
		cut_partly(cut, child, level - 1, keep % span);
		index++;
	}
	cut_slots(cut, block, index, level);
}

/*
 * Frees the blocks of the file from block `keep` on, and writes the inode. -> the first error; what could be freed was.
 * - no transfer of the file may be in progress (its caller has waited), or its blocks could be reused under it
 */
int map_truncate(struct fs *fs, struct inode *inode, uint32_t keep)
{
	struct cut cut = { .fs = fs, .inode = inode, .budget = fs->sb.blocks_count };
	uint32_t old[EXT2_DIRECT + 3];
	uint64_t start = EXT2_DIRECT, span = fs->per_block;
	int err = pending_drop(fs, inode, keep);

	if (err)
		cut.failed = err;
	cut.is_metadata = (inode->raw.mode & 0170000) != 0100000;
	inode->goal_block = 0;
	memcpy(old, inode->raw.block, sizeof(old));
	for (uint32_t i = keep; i < EXT2_DIRECT; i++)
		inode->raw.block[i] = 0;
	for (uint32_t level = 1; level <= 3; level++, start += span, span *= fs->per_block)
		if (keep <= start)
			inode->raw.block[EXT2_DIRECT + level - 1] = 0;
	err = inode_write(fs, inode);
	if (err)
		return err;
	for (uint32_t i = keep; i < EXT2_DIRECT; i++)
		cut_tree(&cut, old[i], 0);
	start = EXT2_DIRECT;
	span = fs->per_block;
	for (uint32_t level = 1; level <= 3; level++, start += span, span *= fs->per_block) {
		if (keep <= start)
			cut_tree(&cut, old[EXT2_DIRECT + level - 1], level);
		else if (keep < start + span)
			cut_partly(&cut, old[EXT2_DIRECT + level - 1], level, keep - start);
	}
	err = inode_write(fs, inode);
	return cut.failed ? cut.failed : err;
}

/* ---- holes ---- */

/* Takes `count` blocks, a run that map_find gave for `first`, out of the map and frees them. */
static int punch_run(struct fs *fs, struct inode *inode, uint32_t first, const struct extent *e)
{
	static const uint32_t zero[CHUNK];
	struct cut cut = { .fs = fs, .inode = inode, .budget = e->count };
	struct slot slot;
	int err = map_locate(fs, inode, first, false, &slot);

	if (!err)
		err = write_pointers(fs, inode, &slot, e->count, zero);
	for (uint32_t i = 0; i < e->count && !err; i++)
		err = cut_block(&cut, e->block + i, false) ? cut.failed : -EIO;
	return err;
}

/*
 * Makes [first, first + count) of a regular file a hole, and writes the inode. Indirect blocks stay, though nothing may
 * be left below them. EIO, ENOMEM; what could be freed was.
 * - no transfer of the file may be in progress, as for map_truncate
 */
int map_punch(struct fs *fs, struct inode *inode, uint32_t first, uint32_t count)
{
	int failed = pending_punch(fs, inode, first, count), err = 0;

	inode->goal_block = 0;
	while (count && !err) {
		struct extent e;

		err = map_find(fs, inode, first, count, false, &e);
		if (!err && e.block)
			err = punch_run(fs, inode, first, &e);
		first += e.count;
		count -= e.count;
	}
	failed = failed ? failed : err;
	err = inode_write(fs, inode);
	return failed ? failed : err;
}
