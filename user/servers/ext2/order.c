/* SPDX-License-Identifier: MIT */
/*
 * The order in which metadata reaches the disk, so that after a crash e2fsck -p repairs by itself.
 *
 * Changes collect in the disk's cache; order_clean writes them in five steps, each complete before the next:
 *
 *   1. ORDER_CONTENT  blocks that something is about to point to (new indirect blocks, new directory blocks) and the
 *                     inodes that lost their last link; also the data of files, already written by then
 *   2. ORDER_NAME     directory blocks with new names
 *   3. ORDER_DIRS     the inodes of directories that are new or have grown
 *   4. everything else: inodes with their links and block pointers, bitmaps, counts, old names that go
 *   5. what was freed returns to the bitmaps, in the cache: only now can it be given to somebody else. This reaches
 *      the disk with the next clean.
 *
 * What e2fsck meets after a crash between two steps: a name whose inode is not there yet or not any more (it removes
 * the name), link counts and free counts that differ (it corrects them), blocks marked in use that nobody has (it frees
 * them). What it must never meet, for it would ask its user: a block that belongs to two files, an indirect block full
 * of somebody else's bytes, or a file with links and blocks that no directory names.
 *
 * A rename must not lose its old name before the new one is on the disk. The block of the old name is noted as
 * ORDER_LATE: if it is in the list of step 2 because of another change, everything is cleaned before it changes, and
 * while it is noted it does not enter that list. While anything is late no step is done alone, for the file that a
 * rename has replaced has no name from step 2 on and is dead only with step 4.
 *
 * A file is found by the inode of its directory (step 3), the name in it (2) and its own inode (4). Of two directories
 * one of which is new in the other, both would be in step 3, in no order; so the outer one is cleaned before it gets
 * the inner (order_new_dir).
 *
 * Step 1 writes dead inodes by sectors, and a sector holds several inodes. One that is new there (ORDER_FRESH: its name
 * is not on the disk yet) would get there before its name. So names are cleaned before an inode dies beside a fresh
 * one, and a number beside an inode that waits for step 1 is passed over when a new one is wanted.
 *
 * Blocks and inodes freed wait in two arrays of fixed size. When one is full the metadata is cleaned then and there;
 * therefore whoever frees has already cleared the pointer, in the cache. Blocks that never had a pointer (pending ones,
 * see map.c) are freed at once.
 *
 * Rejected: a journal (ext2 has none; later), writing each change at once (one disk write for every operation), and a
 * graph of dependencies between sectors as soft updates keep it. One case is left open by that: docs/limits.md.
 */
#include "ext2.h"

#include <string.h>

static int clean_level(struct fs *fs, enum order_level level)
{
	int err = 0;

	if (!fs->norder[level] && !fs->barrier)
		return 0;
	for (uint32_t i = 0; i < fs->norder[level] && !err; i++)
		err = dev_clean(fs->dev, fs->order[level][i].off, fs->order[level][i].len);
	if (!err)
		err = dev_flush(fs->dev);
	if (err)
		return err;
	fs->norder[level] = 0;
	fs->barrier = false;
	return 0;
}

static int clean_first(struct fs *fs)
{
	int err = clean_level(fs, ORDER_CONTENT);

	if (!err)
		err = clean_level(fs, ORDER_NAME);
	if (err)
		return err;
	fs->norder[ORDER_FRESH] = 0;
	return clean_level(fs, ORDER_DIRS);
}

/* Steps 1 to 3 ahead of time; all of them where these alone would leave a replaced file without a name. */
static int clean_early(struct fs *fs)
{
	return fs->norder[ORDER_LATE] ? order_clean(fs) : clean_first(fs);
}

static bool order_holds(const struct fs *fs, enum order_level level, uint64_t off, uint32_t len)
{
	for (uint32_t i = 0; i < fs->norder[level]; i++) {
		const struct range *r = &fs->order[level][i];

		if (off < r->off + r->len && r->off < off + len)
			return true;
	}
	return false;
}

static bool order_knows(const struct fs *fs, enum order_level level, uint64_t off, uint32_t len)
{
	for (uint32_t i = fs->norder[level]; i-- > 0;)
		if (fs->order[level][i].off == off && fs->order[level][i].len == len)
			return true;
	return false;
}

/*
 * Says when bytes that are about to change (ORDER_NAME, ORDER_LATE) or have been changed (ORDER_CONTENT) may reach the
 * disk. May clean metadata, so the caller's structures must be consistent as far as they are in the cache.
 */
int order_add(struct fs *fs, enum order_level level, uint64_t off, uint32_t len)
{
	int err = 0;

	if (order_knows(fs, level, off, len))
		return 0;
	if ((level == ORDER_NAME && order_holds(fs, ORDER_LATE, off, len)) ||
	    (level == ORDER_LATE && order_holds(fs, ORDER_NAME, off, len)))
		err = order_clean(fs);
	if (!err && fs->norder[level] == ORDER_MAX)
		err = level == ORDER_LATE ? order_clean(fs) : clean_early(fs);
	if (err)
		return err;
	fs->order[level][fs->norder[level]++] = (struct range){ off, len };
	return 0;
}

static uint64_t sector_of(uint64_t off)
{
	return off / SECTOR * SECTOR;
}

/* An inode is about to lose its last link: the names of fresh ones in its sectors go to the disk first. */
int order_before_death(struct fs *fs, uint64_t off, uint32_t len)
{
	uint64_t first = sector_of(off), end = sector_of(off + len - 1) + SECTOR;

	for (uint32_t i = 0; i < fs->norder[ORDER_FRESH]; i++) {
		const struct range *r = &fs->order[ORDER_FRESH][i];

		if (r->off != off && r->off < end && first < r->off + r->len)
			return clean_early(fs);
	}
	return 0;
}

/* A directory whose inode is at `off` is about to get a directory. */
int order_new_dir(struct fs *fs, uint64_t off, uint32_t len)
{
	return order_knows(fs, ORDER_DIRS, off, len) ? order_clean(fs) : 0;
}

/* Would a new inode at `off` share a sector with something that step 1 is going to write? */
bool order_is_dying(struct fs *fs, uint64_t off, uint32_t len)
{
	uint64_t first = sector_of(off);

	return order_holds(fs, ORDER_CONTENT, first, (uint32_t)(sector_of(off + len - 1) + SECTOR - first));
}

/* Step 5. A bitmap that cannot be read costs its blocks until e2fsck finds them. */
static void return_freed(struct fs *fs)
{
	uint32_t nblocks = fs->nfreed_blocks, ninodes = fs->nfreed_inodes;

	fs->nfreed_blocks = fs->nfreed_inodes = fs->freed_total = 0;
	for (uint32_t i = 0; i < nblocks; i++)
		block_free(fs, fs->freed_blocks[i].first, fs->freed_blocks[i].count);
	for (uint32_t i = 0; i < ninodes; i++)
		inode_free_number(fs, fs->freed_inodes[i]);
}

/* Writes all changed metadata. After an error what was not written is still dirty, and nothing freed was returned. */
int order_clean(struct fs *fs)
{
	int err;

	if (fs->readonly)
		return -EROFS;
	if (!fs->written && !fs->nfreed_blocks && !fs->nfreed_inodes)
		return 0;
	err = fs_write_counts(fs);
	if (!err)
		err = clean_first(fs);
	if (!err)
		err = dev_clean(fs->dev, 0, dev_size(fs->dev));
	if (err)
		return err;
	fs->norder[ORDER_LATE] = 0;
	fs->written = 0;
	if (fs->nfreed_blocks || fs->nfreed_inodes) {
		err = dev_flush(fs->dev); /* the pointers are gone from the disk before their blocks are reused */
		if (err)
			return err;
		return_freed(fs);
	}
	return 0;
}

/* Blocks that nothing in the cache points to any more. */
int order_free_blocks(struct fs *fs, uint32_t first, uint32_t count)
{
	struct freed *last = fs->nfreed_blocks ? &fs->freed_blocks[fs->nfreed_blocks - 1] : NULL;
	int err;

	if (last && last->first + last->count == first) {
		last->count += count;
	} else if (last && first + count == last->first) {
		last->first = first;
		last->count += count;
	} else {
		if (fs->nfreed_blocks == FREED_MAX) {
			err = order_clean(fs);
			if (err)
				return err; /* in use until e2fsck frees them */
		}
		fs->freed_blocks[fs->nfreed_blocks++] = (struct freed){ first, count };
	}
	fs->freed_total += count;
	return 0;
}

int order_free_inode(struct fs *fs, uint32_t ino)
{
	int err;

	if (fs->nfreed_inodes == FREED_MAX) {
		err = order_clean(fs);
		if (err)
			return err;
	}
	fs->freed_inodes[fs->nfreed_inodes++] = ino;
	return 0;
}
