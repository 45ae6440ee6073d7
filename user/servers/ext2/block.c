/* SPDX-License-Identifier: MIT */
/*
 * Blocks: the block bitmap of each group, allocation and release, and the judgement of a block pointer.
 *
 * A bitmap block is read into memory whole and changed there and in the disk's cache together (bitmap_store). One of
 * each kind is kept: allocation runs through a group before it goes to the next, so the one used last is nearly always
 * the one wanted. The inode bitmaps (inode.c) use the same functions.
 *
 * Allocation gives a run of blocks: as many as wanted, or as many as follow the first one found. The search begins at
 * the goal (the block after the file's previous one), so that a file written in order lies in order; else the first
 * free bit of the group, else the next group. Free counts in the descriptors let full groups be passed without a look.
 * When nothing is left but freed blocks wait for the next clean (order.c), the metadata is cleaned and the search made
 * once more.
 *
 * A damaged bitmap may show the group's own tables as free. Their bits are set in the copy in memory, so they are
 * never given away; and no pointer to them is ever accepted (block_is_data). A bit that is set already when it should
 * be freed, and the other way round, is a complaint in the log and otherwise ignored.
 *
 * Blocks reserved for the administrator (s_r_blocks_count) are kept out of the number "available" of statfs but are not
 * refused here, for a page that becomes dirty does not say whose it is.
 */
#include "ext2.h"

#include <string.h>

static bool bit_test(const uint8_t *bits, uint32_t n)
{
	return bits[n / 8] >> (n % 8) & 1;
}

static void bit_set(uint8_t *bits, uint32_t n)
{
	bits[n / 8] |= (uint8_t)(1u << (n % 8));
}

static void bit_clear(uint8_t *bits, uint32_t n)
{
	bits[n / 8] &= (uint8_t)~(1u << (n % 8));
}

static bool group_tables_hold(const struct fs *fs, uint32_t group, uint32_t block)
{
	const struct ext2_group *g = &fs->groups[group];

	return block - fs_group_first(fs, group) < fs_group_header(fs, group) || block == g->block_bitmap ||
	       block == g->inode_bitmap || block - g->inode_table < fs->inode_table_blocks;
}

/* May a file or directory own this block? False for anything beyond the disk or inside the tables. */
bool block_is_data(const struct fs *fs, uint32_t block)
{
	uint32_t first = fs->sb.first_data_block;

	if (block <= first || block >= fs->sb.blocks_count)
		return false;
	return !group_tables_hold(fs, (block - first) / fs->sb.blocks_per_group, block);
}

int bitmap_load(struct fs *fs, struct bitmap *map, uint32_t group, uint32_t block)
{
	if (map->group == group)
		return 0;
	map->group = ~0u;
	if (dev_read(fs->dev, fs_off(fs, block), map->bits, fs->block_size)) {
		fs_complain(fs, "ext2: group %u: its bitmap (block %u) cannot be read", (unsigned)group,
			    (unsigned)block);
		return -EIO;
	}
	map->group = group;
	map->block = block;
	return 0;
}

/* Puts the bytes that hold the bits into the disk's cache. */
int bitmap_store(struct fs *fs, struct bitmap *map, uint32_t first, uint32_t count)
{
	uint32_t from = first / 8, to = (first + count - 1) / 8 + 1;
	int err = fs_write(fs, fs_off(fs, map->block) + from, map->bits + from, to - from);

	if (err)
		map->group = ~0u; /* the copy is ahead of the cache: read again */
	return err;
}

/* -> the first clear bit of [from, end), or end. */
uint32_t bitmap_find_zero(const struct bitmap *map, uint32_t from, uint32_t end)
{
	while (from < end) {
		if (from % 8 == 0 && map->bits[from / 8] == 0xff)
			from += 8;
		else if (bit_test(map->bits, from))
			from++;
		else
			return from;
	}
	return end;
}

static void mark_range(struct bitmap *map, uint32_t first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		bit_set(map->bits, first + i);
}

/* Loads a block bitmap; the group's own tables count as used whatever it says. */
static int load_blocks(struct fs *fs, uint32_t group)
{
	uint32_t first = fs_group_first(fs, group);
	struct ext2_group *g = &fs->groups[group];
	int err;

	if (fs->blocks_map.group == group)
		return 0;
	err = bitmap_load(fs, &fs->blocks_map, group, g->block_bitmap);
	if (err)
		return err;
	mark_range(&fs->blocks_map, 0, fs_group_header(fs, group));
	mark_range(&fs->blocks_map, g->block_bitmap - first, 1);
	mark_range(&fs->blocks_map, g->inode_bitmap - first, 1);
	mark_range(&fs->blocks_map, g->inode_table - first, fs->inode_table_blocks);
	return 0;
}

static void count_free(struct fs *fs, uint32_t group, int32_t delta)
{
	struct ext2_group *g = &fs->groups[group];
	int64_t in_group = (int64_t)g->free_blocks + delta, in_all = (int64_t)fs->sb.free_blocks + delta;

	g->free_blocks = in_group < 0 ? 0 : (uint16_t)in_group;
	fs->sb.free_blocks = in_all < 0 ? 0 : (uint32_t)in_all;
	fs->group_dirty[group] = 1;
	fs->sb_dirty = true;
}

/* -> 1 when a run was taken in the group, 0 when it is full. */
static int group_alloc(struct fs *fs, uint32_t group, uint32_t from, uint32_t want, struct extent *got)
{
	struct bitmap *map = &fs->blocks_map;
	uint32_t end = fs_group_blocks(fs, group), bit, n = 0;
	int err = load_blocks(fs, group);

	if (err)
		return err;
	bit = bitmap_find_zero(map, from, end);
	if (bit == end)
		bit = bitmap_find_zero(map, 0, end);
	if (bit == end)
		return 0;
	while (n < want && bit + n < end && !bit_test(map->bits, bit + n))
		bit_set(map->bits, bit + n++);
	err = bitmap_store(fs, map, bit, n);
	if (err)
		return err;
	count_free(fs, group, -(int32_t)n);
	got->block = fs_group_first(fs, group) + bit;
	got->count = n;
	return 1;
}

static int alloc_anywhere(struct fs *fs, uint32_t goal, uint32_t want, struct extent *got)
{
	uint32_t first = fs->sb.first_data_block, group, from;
	int status = 0, failed = 0;

	if (goal < first || goal >= fs->sb.blocks_count)
		goal = first;
	group = (goal - first) / fs->sb.blocks_per_group;
	from = (goal - first) % fs->sb.blocks_per_group;
	for (uint32_t i = 0; i < fs->ngroups; i++) {
		if (fs->groups[group].free_blocks) {
			status = group_alloc(fs, group, from, want, got);
			if (status > 0)
				return 0;
			if (status < 0)
				failed = status;
		}
		group = group + 1 == fs->ngroups ? 0 : group + 1;
		from = 0;
	}
	return failed ? failed : -ENOSPC;
}

/* Takes between 1 and `want` consecutive blocks, at or after `goal` if possible. ENOSPC, EIO. */
int block_alloc(struct fs *fs, uint32_t goal, uint32_t want, struct extent *got)
{
	int err;

	if (fs->readonly)
		return -EROFS;
	err = alloc_anywhere(fs, goal, want, got);
	if (err != -ENOSPC || !fs->nfreed_blocks)
		return err;
	err = order_clean(fs);
	return err ? err : alloc_anywhere(fs, goal, want, got);
}

static int group_free(struct fs *fs, uint32_t group, uint32_t bit, uint32_t count)
{
	uint32_t cleared = 0;
	int err = load_blocks(fs, group);

	if (err)
		return err;
	for (uint32_t i = 0; i < count; i++) {
		if (bit_test(fs->blocks_map.bits, bit + i)) {
			bit_clear(fs->blocks_map.bits, bit + i);
			cleared++;
		}
	}
	if (cleared != count)
		fs_complain(fs, "ext2: group %u: %u of the blocks freed from %u on were free already",
			    (unsigned)group, (unsigned)(count - cleared),
			    (unsigned)(fs_group_first(fs, group) + bit));
	err = bitmap_store(fs, &fs->blocks_map, bit, count);
	if (!err)
		count_free(fs, group, (int32_t)cleared);
	return err;
}

/* Returns blocks to their bitmaps at once; each was judged by block_is_data before. */
int block_free(struct fs *fs, uint32_t first, uint32_t count)
{
	int failed = 0;

	while (count) {
		uint32_t group = (first - fs->sb.first_data_block) / fs->sb.blocks_per_group;
		uint32_t bit = first - fs_group_first(fs, group);
		uint32_t n = fs_group_blocks(fs, group) - bit;
		int err = group_free(fs, group, bit, n < count ? n : count);

		if (n > count)
			n = count;
		if (err)
			failed = err;
		first += n;
		count -= n;
	}
	return failed;
}
