/* SPDX-License-Identifier: MIT */
/*
 * File data: what the pager protocol (abi/pager.h) asks, in steps that let the disk be waited for without the lock.
 *
 *     READ    lock, data_plan_read,  unlock;  zero and DISK_READ the pieces;  lock, data_end_read,  unlock
 *     WRITE   lock, data_plan_write, unlock;  DISK_WRITE the pieces;          lock, data_end_write, unlock
 *
 * A plan holds a reference of the inode and counts as a transfer. Blocks must not be freed under a transfer, for the
 * next owner could have written them when the late transfer lands. So whoever resizes first waits until data_busy
 * says no (the caller's part, with its own condition), and the last reference, which alone frees an inode, can only be
 * a transfer's own. The kernel excludes the same by keeping pages in transfer BUSY; a server does not rely on it.
 *
 * The kernel is the authority on the size of a live file. It says so with every WRITE, SYNC and CLOSE, which can only
 * let the size here grow; RESIZE alone shortens. DIRTY reserves blocks but leaves the size: a crash before the data is
 * written leaves the file as it was. (The last byte behind the end in the last block: the kernel zeroes its page
 * before it resizes, and writes it.)
 *
 * A WRITE past the last block of the file is not an error: the kernel writes whole pages, a block may be smaller. A
 * new block that a WRITE covers only in part gets zeros in the other part first, by way of the disk's cache.
 */
#include "ext2.h"

#include <abi/stat.h>
#include <string.h>

bool data_busy(struct fs *fs, uint32_t ino)
{
	struct inode *inode = inode_find(fs, ino);

	return inode && inode->transfers;
}

/* A reference to the inode of a regular file. EINVAL for others: their contents are the server's own. */
static int get_file(struct fs *fs, uint32_t ino, struct inode **inode)
{
	int err = inode_get(fs, ino, inode);

	if (err)
		return err;
	if (S_ISREG((*inode)->raw.mode))
		return 0;
	inode_put(fs, *inode);
	return -EINVAL;
}

static uint64_t block_round_up(const struct fs *fs, uint64_t size)
{
	return (size + fs->block_size - 1) & ~(uint64_t)(fs->block_size - 1);
}

/* Adds a stretch to the plan, joined with the last one where they touch. */
static int plan_add(struct plan *plan, uint64_t disk_off, uint32_t loan_off, uint32_t len)
{
	struct piece *last = plan->npieces ? &plan->piece[plan->npieces - 1] : NULL;

	if (last && last->loan_off + last->len == loan_off &&
	    (disk_off ? last->disk_off && last->disk_off + last->len == disk_off : !last->disk_off)) {
		last->len += len;
		return 0;
	}
	if (plan->npieces == PIECE_MAX)
		return -EINVAL;
	plan->piece[plan->npieces++] = (struct piece){ disk_off, loan_off, len };
	return 0;
}

/* Plans bytes [off, end) of the file, which begin at `loan_off` of the loan. */
static int plan_range(struct fs *fs, struct plan *plan, uint64_t off, uint64_t end, uint32_t loan_off, bool pending)
{
	while (off < end) {
		uint32_t first = (uint32_t)(off >> fs->block_shift), within = (uint32_t)(off & (fs->block_size - 1));
		uint32_t nblocks = (uint32_t)((end + fs->block_size - 1) >> fs->block_shift) - first;
		struct extent e;
		uint64_t len;
		int err = map_find(fs, plan->inode, first, nblocks, pending, &e);

		if (err)
			return err;
		len = ((uint64_t)e.count << fs->block_shift) - within;
		len = len < end - off ? len : end - off;
		err = plan_add(plan, e.block ? fs_off(fs, e.block) + within : 0, loan_off, (uint32_t)len);
		if (err)
			return err;
		off += len;
		loan_off += (uint32_t)len;
	}
	return 0;
}

static void plan_begin(struct plan *plan, struct inode *inode)
{
	plan->inode = inode;
	plan->npieces = 0;
	inode->transfers++;
}

static void plan_end(struct fs *fs, struct plan *plan)
{
	plan->inode->transfers--;
	inode_put(fs, plan->inode);
}

/* How to fill pages. After success data_end_read must follow. EIO, EINVAL. */
int data_plan_read(struct fs *fs, uint32_t ino, uint64_t page, uint32_t npages, struct plan *plan)
{
	uint64_t off = page * EXT2_PAGE_SIZE, end = off + (uint64_t)npages * EXT2_PAGE_SIZE, mapped;
	struct inode *inode;
	int err;

	if (page > (map_max_blocks(fs) << fs->block_shift) / EXT2_PAGE_SIZE)
		return -EINVAL;
	err = get_file(fs, ino, &inode);
	if (err)
		return err;
	plan_begin(plan, inode);
	mapped = block_round_up(fs, inode->size);
	mapped = mapped < end ? mapped : end;
	if (off < mapped)
		err = plan_range(fs, plan, off, mapped, 0, false);
	else
		mapped = off;
	if (!err && mapped < end)
		err = plan_add(plan, 0, (uint32_t)(mapped - off), (uint32_t)(end - mapped));
	if (err)
		plan_end(fs, plan);
	return err;
}

void data_end_read(struct fs *fs, struct plan *plan)
{
	plan_end(fs, plan);
}

/* Zeroes [from, from + len) of a new block on the disk at once. */
static int zero_part(struct fs *fs, uint64_t from, uint32_t len)
{
	static const uint8_t zero[EXT2_BLOCK_MAX];
	int err = fs_write(fs, from, zero, len);

	return err ? err : dev_clean(fs->dev, from, len);
}

/* Zeroes what a write leaves of the block at its edge: the part before `at` or, with `behind`, from `at` on. */
static int zero_edge(struct fs *fs, struct inode *inode, uint64_t at, bool behind)
{
	uint32_t within = (uint32_t)(at & (fs->block_size - 1)), first = (uint32_t)(at >> fs->block_shift);
	struct extent mapped, all;
	int err;

	if (!within)
		return 0;
	err = map_find(fs, inode, first, 1, false, &mapped);
	if (!err)
		err = map_find(fs, inode, first, 1, true, &all);
	if (err || mapped.block || !all.block)
		return err;
	if (behind)
		return zero_part(fs, fs_off(fs, all.block) + within, fs->block_size - within);
	return zero_part(fs, fs_off(fs, all.block), within);
}

static int prepare_write(struct fs *fs, struct plan *plan, uint64_t off, uint64_t end)
{
	uint32_t first = (uint32_t)(off >> fs->block_shift);
	uint32_t last = (uint32_t)((end - 1) >> fs->block_shift);
	int err = map_reserve(fs, plan->inode, first, last - first + 1);

	if (!err)
		err = zero_edge(fs, plan->inode, off, false);
	if (!err)
		err = zero_edge(fs, plan->inode, end, true);
	return err ? err : plan_range(fs, plan, off, end, (uint32_t)(off % EXT2_PAGE_SIZE), true);
}

/*
 * Where to write a range; plan->npieces may be 0. After success data_end_write must follow. ENOSPC, EIO, EINVAL, EFBIG.
 * - blocks that no DIRTY has reserved (its server died) are taken now
 */
int data_plan_write(struct fs *fs, uint32_t ino, uint64_t off, uint32_t len, uint64_t size, struct plan *plan)
{
	uint64_t limit = block_round_up(fs, size), end = off + len;
	struct inode *inode;
	int err;

	if (fs->readonly)
		return -EROFS;
	if (off % SECTOR || len % SECTOR || end < off)
		return -EINVAL;
	if (size > (map_max_blocks(fs) << fs->block_shift))
		return -EFBIG;
	err = get_file(fs, ino, &inode);
	if (err)
		return err;
	plan_begin(plan, inode);
	end = end < limit ? end : limit;
	if (off < end)
		err = prepare_write(fs, plan, off, end);
	if (err)
		plan_end(fs, plan);
	return err;
}

static int set_stamp(struct fs *fs, struct inode *inode, const struct data_stamp *stamp, uint64_t size)
{
	bool has_time = stamp->mtime.tv_sec != -1;
	int err;

	if (size == inode->size && !has_time)
		return 0;
	err = inode_set_size(fs, inode, size);
	if (err)
		return err;
	if (has_time)
		inode_set_time(fs, inode, TIME_MODIFY | TIME_CHANGE, &stamp->mtime);
	return inode_write(fs, inode);
}

static uint64_t grown(const struct inode *inode, uint64_t size)
{
	return size > inode->size ? size : inode->size;
}

/* `status`: how the writing of the pieces went. -> that, or the error of noting it. */
int data_end_write(struct fs *fs, struct plan *plan, uint64_t off, uint32_t len, const struct data_stamp *stamp,
		   int status)
{
	struct inode *inode = plan->inode;
	uint64_t end = block_round_up(fs, off + len), limit = block_round_up(fs, stamp->size);
	uint32_t first = (uint32_t)(off >> fs->block_shift);
	bool had_pending = inode->npending;

	end = end < limit ? end : limit; /* as it was planned */
	if (!status && plan->npieces) {
		status = map_commit(fs, inode, first, (uint32_t)(end >> fs->block_shift) - first);
		if (had_pending) {
			int err = inode_write(fs, inode);

			status = status ? status : err;
		}
	}
	if (!status)
		status = set_stamp(fs, inode, stamp, grown(inode, stamp->size));
	plan_end(fs, plan);
	return status;
}

/*
 * Pages are about to become dirty: reserves blocks for what of them lies below `size`. EPERM: immutable; ENOSPC, EFBIG,
 * EROFS, EIO.
 */
int data_dirty(struct fs *fs, uint32_t ino, uint64_t page, uint64_t npages, uint64_t size)
{
	uint64_t end = (page + npages) * EXT2_PAGE_SIZE;
	uint32_t first, last;
	struct inode *inode;
	int err;

	if (fs->readonly)
		return -EROFS;
	if (size > (map_max_blocks(fs) << fs->block_shift))
		return -EFBIG;
	if (size > 0x7fffffff && fs->sb.rev_level == 0)
		return -EFBIG;
	end = end < size ? end : size;
	if (page >= (end + EXT2_PAGE_SIZE - 1) / EXT2_PAGE_SIZE)
		return 0;
	err = get_file(fs, ino, &inode);
	if (err)
		return err;
	first = (uint32_t)(page * EXT2_PAGE_SIZE >> fs->block_shift);
	last = (uint32_t)((end - 1) >> fs->block_shift);
	err = inode->raw.flags & FS_IMMUTABLE_FL ? -EPERM : map_reserve(fs, inode, first, last - first + 1);
	inode_put(fs, inode);
	return err;
}

/* A new size; blocks past it are freed. The caller has waited until the file is not busy. */
int data_resize(struct fs *fs, uint32_t ino, const struct data_stamp *stamp)
{
	uint64_t keep = block_round_up(fs, stamp->size) >> fs->block_shift;
	struct inode *inode;
	bool shrinks;
	int err;

	if (fs->readonly)
		return -EROFS;
	if (stamp->size > (map_max_blocks(fs) << fs->block_shift))
		return -EFBIG;
	err = get_file(fs, ino, &inode);
	if (err)
		return err;
	shrinks = stamp->size < inode->size || inode->npending;
	err = set_stamp(fs, inode, stamp, stamp->size);
	if (!err && shrinks)
		err = map_truncate(fs, inode, (uint32_t)keep);
	inode_put(fs, inode);
	return err;
}

/* Frees the blocks behind whole pages, which read as zeros then. The caller has waited until the file is not busy. */
int data_punch(struct fs *fs, uint32_t ino, uint64_t page, uint64_t npages)
{
	uint64_t most = map_max_blocks(fs), per_page = EXT2_PAGE_SIZE >> fs->block_shift;
	struct inode *inode;
	int err;

	if (fs->readonly)
		return -EROFS;
	if (page >= most / per_page)
		return 0;
	npages = npages < most / per_page - page ? npages : most / per_page - page;
	err = get_file(fs, ino, &inode);
	if (err)
		return err;
	err = map_punch(fs, inode, (uint32_t)(page * per_page), (uint32_t)(npages * per_page));
	inode_put(fs, inode);
	return err;
}

/*
 * The first byte from `off` on that lies in a block (in a hole), `size` when there is none. Reserved blocks are blocks.
 */
int data_seek(struct fs *fs, uint32_t ino, uint64_t off, uint64_t size, bool hole, uint64_t *found)
{
	uint64_t most = map_max_blocks(fs), block = off >> fs->block_shift;
	uint64_t end = block_round_up(fs, size) >> fs->block_shift;
	struct inode *inode;
	int err = get_file(fs, ino, &inode);

	if (err)
		return err;
	end = end < most ? end : most;
	while (block < end) {
		struct extent e;

		err = map_find(fs, inode, (uint32_t)block, (uint32_t)(end - block), true, &e);
		if (err || hole == !e.block)
			break;
		block += e.count;
	}
	*found = block << fs->block_shift;
	*found = block >= end || *found > size ? size : *found < off ? off : *found;
	inode_put(fs, inode);
	return err;
}

/* Notes size and time, as part of a SYNC: volume_sync follows. */
int data_stamp(struct fs *fs, uint32_t ino, const struct data_stamp *stamp)
{
	struct inode *inode;
	int err;

	if (fs->readonly)
		return 0;
	err = inode_get(fs, ino, &inode);
	if (err)
		return err;
	if (S_ISREG(inode->raw.mode))
		err = set_stamp(fs, inode, stamp, grown(inode, stamp->size));
	inode_put(fs, inode);
	return err;
}

/* Gives back lookups; with the last of them an inode without links is freed. atime: of sec -1, unchanged. */
int data_close(struct fs *fs, uint32_t ino, uint64_t lookups, const struct data_stamp *stamp,
	       const struct abi_timespec *atime)
{
	struct inode *inode = inode_find(fs, ino);
	int err = 0;

	if (!inode)
		return 0;
	inode->refs++;
	inode->lookups -= lookups < inode->lookups ? lookups : inode->lookups;
	if (!fs->readonly && inode->raw.links && atime->tv_sec != -1) {
		inode_set_time(fs, inode, TIME_ACCESS, atime);
		err = inode_write(fs, inode);
	}
	if (!err && !fs->readonly && S_ISREG(inode->raw.mode) && inode->raw.links)
		err = set_stamp(fs, inode, stamp, grown(inode, stamp->size));
	inode_put(fs, inode);
	return err;
}
