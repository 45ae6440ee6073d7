/* SPDX-License-Identifier: MIT */
/*
 * Mounting: the superblock and the group descriptors.
 *
 * Both are read once, checked, and kept in memory. Their free counts change with every allocation; they go back to the
 * disk's cache only when the metadata is cleaned (fs_write_counts), for nothing of it is durable earlier anyway.
 *
 * Everything a later calculation relies on is checked here, so that no other file has to ask again whether a shift is
 * in range or a group's tables lie inside the group: block and inode sizes, blocks and inodes per group, the size of
 * the disk, and the place of each bitmap and inode table. A filesystem that fails is refused with one sentence, before
 * anything is changed. Features follow the three rules of ext2: an unknown compatible feature is ignored, an unknown
 * read-only compatible one allows reading, an unknown incompatible one nothing. Which are which: the table below.
 *
 * A writable mount clears the "valid" bit of s_state at once and makes that durable, so that a crash at any later
 * moment is seen by e2fsck; volume_unmount restores it last of all, unless damage was found meanwhile. Copies of the
 * superblock in other groups are never written: e2fsck brings them up to date when it needs to.
 *
 * Complaints about a damaged structure go to the log, 500 of them at most in one mount, for a large damaged directory
 * read in a loop would otherwise bury everything else.
 */
#include "ext2.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct ext2_super) == 1024, "superblock");
_Static_assert(sizeof(struct ext2_group) == 32, "group descriptor");
_Static_assert(sizeof(struct ext2_inode) == 160, "inode");

#define COMPLAINTS_MAX 500

struct feature { uint32_t bit; const char *name; };

static const struct feature incompat_names[] = {
	{ 0x1, "compression" }, { 0x4, "needs_recovery" }, { 0x8, "journal_dev" }, { 0x10, "meta_bg" },
	{ 0x40, "extent" }, { 0x80, "64bit" }, { 0x100, "mmp" }, { 0x200, "flex_bg" }, { 0x400, "ea_inode" },
	{ 0x1000, "dirdata" }, { 0x2000, "metadata_csum_seed" }, { 0x4000, "large_dir" },
	{ 0x8000, "inline_data" }, { 0x10000, "encrypt" }, { 0x20000, "casefold" }, { 0, NULL },
};

static const struct feature ro_compat_names[] = {
	{ 0x4, "btree_dir" }, { 0x8, "huge_file" }, { 0x10, "uninit_bg" }, { 0x20, "dir_nlink" },
	{ 0x40, "extra_isize" }, { 0x100, "quota" }, { 0x200, "bigalloc" }, { 0x400, "metadata_csum" },
	{ 0x800, "replica" }, { 0x1000, "read-only" }, { 0x2000, "project" }, { 0x4000, "shared_blocks" },
	{ 0x8000, "verity" }, { 0x10000, "orphan_present" }, { 0, NULL },
};

static const char *feature_name(const struct feature *table, uint32_t bits, char *buf, size_t len)
{
	for (; table->name; table++)
		if (bits & table->bit)
			return table->name;
	snprintf(buf, len, "0x%x", (unsigned)(bits & -bits));
	return buf;
}

void fs_complain(struct fs *fs, const char *format, ...)
{
	char line[200];
	va_list args;

	fs->damaged = true;
	if (fs->complaints > COMPLAINTS_MAX)
		return;
	if (fs->complaints++ == COMPLAINTS_MAX) {
		dev_log(fs->dev, "ext2: too many faults in this filesystem; no more of them are shown");
		return;
	}
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	dev_log(fs->dev, line);
}

/* Changes metadata in the disk's cache. */
int fs_write(struct fs *fs, uint64_t off, const void *buf, size_t len)
{
	if (fs->readonly)
		return -EROFS;
	fs->written += len;
	return dev_write(fs->dev, off, buf, len);
}

uint32_t fs_group_blocks(const struct fs *fs, uint32_t group)
{
	uint32_t left = fs->sb.blocks_count - fs_group_first(fs, group);

	return left < fs->sb.blocks_per_group ? left : fs->sb.blocks_per_group;
}

static bool is_power_of(uint32_t n, uint32_t base)
{
	while (n > 1 && n % base == 0)
		n /= base;
	return n == 1;
}

/* Blocks at the start of a group that hold the superblock's copy and what belongs to it. */
uint32_t fs_group_header(const struct fs *fs, uint32_t group)
{
	bool has = true;

	if (fs->sb.compat & EXT2_COMPAT_SPARSE_SUPER2)
		has = group == 0 || group == fs->sb.backup_groups[0] || group == fs->sb.backup_groups[1];
	else if (fs->sb.ro_compat & EXT2_RO_SPARSE_SUPER)
		has = group <= 1 || is_power_of(group, 3) || is_power_of(group, 5) || is_power_of(group, 7);
	return has ? fs->header_blocks : 0;
}

/* -> NULL, or why the geometry cannot be worked with. */
static const char *check_geometry(struct fs *fs)
{
	struct ext2_super *sb = &fs->sb;
	uint32_t bits = fs->block_size * 8;

	if (sb->first_data_block != (fs->block_size == 1024 ? 1u : 0u))
		return "the first data block is wrong";
	if (sb->blocks_per_group < 8 || sb->blocks_per_group > bits)
		return "the number of blocks in a group is wrong";
	if (sb->inodes_per_group == 0 || sb->inodes_per_group > bits)
		return "the number of inodes in a group is wrong";
	if (fs->inode_size < EXT2_INODE_OLD || fs->inode_size > 1024 || fs->inode_size > fs->block_size ||
	    (fs->inode_size & (fs->inode_size - 1)))
		return "the size of an inode is not supported";
	if (sb->blocks_count <= sb->first_data_block + 1)
		return "it has no blocks";
	if ((uint64_t)sb->blocks_count * fs->block_size > dev_size(fs->dev))
		return "it is larger than the disk";
	return NULL;
}

static const char *check_counts(struct fs *fs)
{
	struct ext2_super *sb = &fs->sb;
	uint64_t header;
	uint32_t last;

	fs->ngroups = (sb->blocks_count - sb->first_data_block - 1) / sb->blocks_per_group + 1;
	last = fs->ngroups - 1;
	if ((uint64_t)fs->ngroups * sb->inodes_per_group != sb->inodes_count)
		return "the number of inodes is wrong";
	if (fs->first_ino < EXT2_FIRST_INO || fs->first_ino > sb->inodes_per_group)
		return "the first usable inode is wrong";
	fs->inode_table_blocks = (sb->inodes_per_group * fs->inode_size + fs->block_size - 1) / fs->block_size;
	header = 1 + (fs->ngroups * sizeof(struct ext2_group) + fs->block_size - 1) / fs->block_size;
	if (sb->rev_level)
		header += sb->reserved_gdt_blocks;
	if (header > sb->blocks_per_group)
		return "the group descriptors do not fit into a group";
	fs->header_blocks = (uint32_t)header;
	if (fs_group_blocks(fs, 0) < fs->header_blocks + fs->inode_table_blocks + 2)
		return "the first group is too small for its tables";
	if (fs_group_blocks(fs, last) < fs_group_header(fs, last) + fs->inode_table_blocks + 2)
		return "the last group is too small for its tables";
	return NULL;
}

static int check_features(struct fs *fs, char *why, size_t len)
{
	uint32_t bad = fs->sb.incompat & ~EXT2_INCOMPAT_FILETYPE;
	uint32_t bad_ro = fs->sb.ro_compat & ~(EXT2_RO_SPARSE_SUPER | EXT2_RO_LARGE_FILE);
	char number[16];

	if (bad) {
		snprintf(why, len, "unsupported feature %s",
			 feature_name(incompat_names, bad, number, sizeof(number)));
		return -EINVAL;
	}
	if (bad_ro && !fs->readonly) {
		snprintf(why, len, "feature %s allows only a read-only mount",
			 feature_name(ro_compat_names, bad_ro, number, sizeof(number)));
		return -EROFS;
	}
	return 0;
}

static int check_super(struct fs *fs, char *why, size_t len)
{
	struct ext2_super *sb = &fs->sb;
	const char *wrong;
	int err;

	if (sb->magic != EXT2_SUPER_MAGIC) {
		snprintf(why, len, "no ext2 superblock magic (0x%04x instead of 0xef53)", sb->magic);
		return -EINVAL;
	}
	if (sb->rev_level > 1) {
		snprintf(why, len, "revision %u is not supported", (unsigned)sb->rev_level);
		return -EINVAL;
	}
	if (sb->rev_level == 0) { /* the fields behind are not defined there */
		sb->compat = sb->incompat = sb->ro_compat = 0;
		sb->first_ino = EXT2_FIRST_INO;
		sb->inode_size = EXT2_INODE_OLD;
	}
	err = check_features(fs, why, len);
	if (err)
		return err;
	if (sb->log_block_size > 2) {
		snprintf(why, len, "its block size is not 1024, 2048 or 4096");
		return -EINVAL;
	}
	fs->block_shift = 10 + sb->log_block_size;
	fs->block_size = 1u << fs->block_shift;
	fs->per_block = fs->block_size / 4;
	fs->inode_size = sb->inode_size;
	fs->first_ino = sb->first_ino;
	wrong = check_geometry(fs);
	if (!wrong)
		wrong = check_counts(fs);
	if (wrong) {
		snprintf(why, len, "bad superblock: %s", wrong);
		return -EINVAL;
	}
	return 0;
}

static uint64_t groups_off(const struct fs *fs)
{
	return fs_off(fs, fs->sb.first_data_block + 1);
}

static bool group_holds(const struct fs *fs, uint32_t group, uint32_t block, uint32_t count)
{
	uint32_t first = fs_group_first(fs, group) + fs_group_header(fs, group);
	uint64_t end = (uint64_t)fs_group_first(fs, group) + fs_group_blocks(fs, group);

	return block >= first && (uint64_t)block + count <= end;
}

static int load_groups(struct fs *fs, char *why, size_t len)
{
	fs->groups = malloc(fs->ngroups * sizeof(*fs->groups));
	fs->group_dirty = calloc(fs->ngroups, 1);
	if (!fs->groups || !fs->group_dirty) {
		snprintf(why, len, "no memory for %u group descriptors", (unsigned)fs->ngroups);
		return -ENOMEM;
	}
	if (dev_read(fs->dev, groups_off(fs), fs->groups, fs->ngroups * sizeof(*fs->groups))) {
		snprintf(why, len, "the group descriptors cannot be read");
		return -EIO;
	}
	for (uint32_t g = 0; g < fs->ngroups; g++) {
		struct ext2_group *group = &fs->groups[g];

		if (!group_holds(fs, g, group->block_bitmap, 1) || !group_holds(fs, g, group->inode_bitmap, 1) ||
		    !group_holds(fs, g, group->inode_table, fs->inode_table_blocks)) {
			snprintf(why, len, "bad group descriptor %u: its tables lie outside the group", (unsigned)g);
			return -EINVAL;
		}
	}
	return 0;
}

static int write_super(struct fs *fs)
{
	size_t len = fs->sb.rev_level ? sizeof(fs->sb) : offsetof(struct ext2_super, first_ino);

	return fs_write(fs, EXT2_SUPER_OFF, &fs->sb, len);
}

/* Puts the free counts that changed into the disk's cache. */
int fs_write_counts(struct fs *fs)
{
	int err;

	for (uint32_t g = 0; g < fs->ngroups; g++) {
		if (!fs->group_dirty[g])
			continue;
		err = fs_write(fs, groups_off(fs) + g * sizeof(fs->groups[g]), &fs->groups[g],
			       sizeof(fs->groups[g]));
		if (err)
			return err;
		fs->group_dirty[g] = 0;
	}
	if (!fs->sb_dirty)
		return 0;
	err = write_super(fs);
	if (!err)
		fs->sb_dirty = false;
	return err;
}

static int write_super_now(struct fs *fs)
{
	int err = write_super(fs);

	if (!err)
		err = dev_clean(fs->dev, EXT2_SUPER_OFF, sizeof(fs->sb));
	if (!err)
		err = dev_flush(fs->dev);
	fs->sb_dirty = err != 0;
	return err;
}

static int begin_writing(struct fs *fs)
{
	struct abi_timespec now;

	dev_now(fs->dev, &now);
	fs->mount_state = fs->sb.state;
	fs->sb.state &= ~EXT2_VALID_FS;
	fs->sb.mnt_count++;
	fs->sb.mtime = (uint32_t)now.tv_sec;
	return write_super_now(fs);
}

int volume_mount(struct fs *fs, struct dev *dev, bool readonly, char *why, size_t why_len)
{
	int err;

	memset(fs, 0, sizeof(*fs));
	fs->dev = dev;
	fs->readonly = readonly;
	fs->blocks_map.group = fs->inodes_map.group = ~0u;
	if (dev_size(dev) < EXT2_SUPER_OFF + sizeof(fs->sb) ||
	    dev_read(dev, EXT2_SUPER_OFF, &fs->sb, sizeof(fs->sb))) {
		snprintf(why, why_len, "the superblock cannot be read");
		return -EIO;
	}
	err = check_super(fs, why, why_len);
	if (!err)
		err = load_groups(fs, why, why_len);
	if (err)
		goto out;
	err = inode_get(fs, EXT2_ROOT_INO, &fs->root);
	if (err || (fs->root->raw.mode & 0170000) != 0040000) {
		snprintf(why, why_len, "the root directory is damaged");
		err = err ? err : -EIO;
		goto out;
	}
	if (!(fs->sb.state & EXT2_VALID_FS) || (fs->sb.state & EXT2_ERROR_FS))
		dev_log(dev, "ext2: the filesystem was not unmounted cleanly; e2fsck is recommended");
	if (readonly)
		return 0;
	err = begin_writing(fs);
	if (!err)
		return 0;
	snprintf(why, why_len, "the superblock cannot be written");
out:
	fs_release(fs);
	return err;
}

int volume_begin_writing(struct fs *fs)
{
	char why[160];

	if (!fs->readonly)
		return 0;
	if (fs->disk_readonly)
		return -EACCES;
	fs->readonly = false;
	int err = check_features(fs, why, sizeof(why));
	if (err)
		dev_log(fs->dev, why);
	else
		err = begin_writing(fs);
	fs->readonly = err;
	return err;
}

/* Everything written before is durable, and so is what finds it. */
int volume_sync(struct fs *fs)
{
	int err;

	if (fs->readonly)
		return 0;
	err = order_clean(fs);
	return err ? err : dev_flush(fs->dev);
}

/* Makes all durable and marks the disk clean. The filesystem may go on to be read. */
int volume_unmount(struct fs *fs)
{
	struct abi_timespec now;
	int err;

	if (fs->readonly)
		return 0;
	inode_drop_all(fs);
	err = volume_sync(fs); /* what was freed returns to the bitmaps after this, */
	if (!err)
		err = volume_sync(fs); /* and this writes the bitmaps */
	if (err)
		return err;
	dev_now(fs->dev, &now);
	fs->sb.wtime = (uint32_t)now.tv_sec;
	fs->sb.state = fs->mount_state;
	if (fs->damaged)
		fs->sb.state = (fs->sb.state & ~EXT2_VALID_FS) | EXT2_ERROR_FS;
	err = write_super_now(fs);
	if (err)
		fs->sb.state &= ~EXT2_VALID_FS;
	else
		fs->readonly = true;
	return err;
}

void fs_release(struct fs *fs)
{
	for (uint32_t i = 0; i < INODE_BUCKETS; i++) {
		while (fs->buckets[i]) {
			struct inode *inode = fs->buckets[i];

			fs->buckets[i] = inode->next;
			free(inode->pending);
			free(inode);
		}
	}
	free(fs->groups);
	free(fs->group_dirty);
	fs->groups = NULL;
	fs->group_dirty = NULL;
}
