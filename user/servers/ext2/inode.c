/* SPDX-License-Identifier: MIT */
/*
 * Inodes: the table of live ones, their form on the disk, allocation and release.
 *
 * A live inode is one that the kernel holds lookups of, or that an operation or a transfer uses at this moment (refs).
 * It is in the hash table once; `raw` is its form on the disk, and every change goes to the disk's cache by inode_write
 * before the operation ends. When neither lookups nor refs are left it leaves the table, and if it has no links either
 * its blocks and its number are freed: this is how a file that is open outlives its name.
 *
 *     absent --inode_get--> live --last put, links > 0--> absent
 *                            | --last put, links = 0--> blocks freed, dtime set --next clean--> number free again
 *
 * An inode is judged when it is read: its number, its type, its links, its size and the flags that would change the
 * meaning of its block map. Block pointers are judged when they are followed (map.c).
 *
 * Flags: what chattr(1) sets is kept here and handed down to new inodes; obeying is the kernel's part, but for the
 * bytes of an immutable file, for which no space is promised any more (data_dirty).
 *
 * Times: seconds are 32 bits. Inodes of 256 bytes have room for nanoseconds and two more bits of seconds in the way
 * ext4 and e2fsprogs use them; they are kept there when the inode has that room.
 *
 * The number of a freed inode is given out again only after the metadata was cleaned (order.c), so that a name that
 * points to it can never be taken for a name of its successor.
 */
#include "ext2.h"

#include <abi/stat.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_CTIME 8   /* extra_isize that covers ctime_extra, */
#define ROOM_ATIME 16  /* and mtime_extra and atime_extra too */
#define EXTRA_NEW 32   /* what a new inode declares */

static uint64_t inode_off(const struct fs *fs, uint32_t ino)
{
	uint32_t group = (ino - 1) / fs->sb.inodes_per_group;
	uint64_t index = (ino - 1) % fs->sb.inodes_per_group;

	return fs_off(fs, fs->groups[group].inode_table) + index * fs->inode_size;
}

static uint32_t raw_len(const struct fs *fs)
{
	return fs->inode_size < sizeof(struct ext2_inode) ? fs->inode_size : sizeof(struct ext2_inode);
}

static bool number_is_good(const struct fs *fs, uint32_t ino)
{
	return ino == EXT2_ROOT_INO || (ino >= fs->first_ino && ino <= fs->sb.inodes_count);
}

struct inode *inode_find(struct fs *fs, uint32_t ino)
{
	struct inode *inode = fs->buckets[ino % INODE_BUCKETS];

	while (inode && inode->ino != ino)
		inode = inode->next;
	return inode;
}

static void table_insert(struct fs *fs, struct inode *inode)
{
	struct inode **bucket = &fs->buckets[inode->ino % INODE_BUCKETS];

	inode->next = *bucket;
	*bucket = inode;
}

static void table_remove(struct fs *fs, struct inode *inode)
{
	struct inode **at = &fs->buckets[inode->ino % INODE_BUCKETS];

	while (*at != inode)
		at = &(*at)->next;
	*at = inode->next;
}

bool inode_is_fast_link(const struct fs *fs, const struct inode *inode)
{
	uint32_t attribute_sectors = inode->raw.file_acl ? fs->block_size / SECTOR : 0;

	return inode->raw.blocks == attribute_sectors && inode->size < sizeof(inode->raw.block);
}

/* -> NULL, or what is wrong with it. */
static const char *judge(const struct fs *fs, const struct inode *inode)
{
	const struct ext2_inode *raw = &inode->raw;

	if (raw->links == 0)
		return "it is not in use";
	if (raw->flags & EXT2_STRANGE_FL)
		return "it has flags of an unsupported feature";
	if (inode->size > (map_max_blocks(fs) << fs->block_shift))
		return "its size is out of range";
	switch (raw->mode & S_IFMT) {
	case S_IFDIR:
		return inode->size && inode->size % fs->block_size == 0 ? NULL : "its size is not a directory's";
	case S_IFLNK:
		return inode->size && inode->size <= fs->block_size ? NULL : "its size is not a symbolic link's";
	case S_IFREG:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		return NULL;
	}
	return "its type is unknown";
}

static int load(struct fs *fs, struct inode *inode)
{
	const char *wrong;

	if (dev_read(fs->dev, inode_off(fs, inode->ino), &inode->raw, raw_len(fs))) {
		fs_complain(fs, "ext2: inode %u cannot be read", (unsigned)inode->ino);
		return -EIO;
	}
	inode->size = inode->raw.size_low;
	if (S_ISREG(inode->raw.mode))
		inode->size |= (uint64_t)inode->raw.size_high << 32;
	wrong = judge(fs, inode);
	if (wrong) {
		fs_complain(fs, "ext2: inode %u: %s", (unsigned)inode->ino, wrong);
		return -EIO;
	}
	return 0;
}

/* A reference to a live inode, read from the disk if it is not in the table. EIO, ENOMEM. */
int inode_get(struct fs *fs, uint32_t ino, struct inode **found)
{
	struct inode *inode = inode_find(fs, ino);
	int err;

	if (!inode) {
		if (!number_is_good(fs, ino)) {
			fs_complain(fs, "ext2: inode number %u is out of range", (unsigned)ino);
			return -EIO;
		}
		inode = calloc(1, sizeof(*inode));
		if (!inode)
			return -ENOMEM;
		inode->ino = ino;
		err = load(fs, inode);
		if (err) {
			free(inode);
			return err;
		}
		table_insert(fs, inode);
	}
	inode->refs++;
	*found = inode;
	return 0;
}

int inode_write(struct fs *fs, struct inode *inode)
{
	inode->raw.size_low = (uint32_t)inode->size;
	if (S_ISREG(inode->raw.mode))
		inode->raw.size_high = (uint32_t)(inode->size >> 32);
	return fs_write(fs, inode_off(fs, inode->ino), &inode->raw, raw_len(fs));
}

/* The inode's sectors must be on the disk before what later levels write. */
int inode_order(struct fs *fs, struct inode *inode, enum order_level level)
{
	return order_add(fs, level, inode_off(fs, inode->ino), raw_len(fs));
}

int inode_before_death(struct fs *fs, struct inode *inode)
{
	return order_before_death(fs, inode_off(fs, inode->ino), raw_len(fs));
}

/*
 * A nameless inode is about to get a name, which must reach the disk before its link does: not by way of a dead
 * neighbour.
 */
int inode_before_name(struct fs *fs, struct inode *inode)
{
	return order_is_dying(fs, inode_off(fs, inode->ino), raw_len(fs)) ? order_clean(fs) : 0;
}

int inode_gets_dir(struct fs *fs, struct inode *parent)
{
	return order_new_dir(fs, inode_off(fs, parent->ino), raw_len(fs));
}

/* An extended attribute block may be shared; its count goes down, and it is freed with the last owner. */
static void release_attributes(struct fs *fs, struct inode *inode)
{
	uint32_t head[2], block = inode->raw.file_acl;

	inode->raw.file_acl = 0;
	if (!block)
		return;
	if (!block_is_data(fs, block) || dev_read(fs->dev, fs_off(fs, block), head, sizeof(head)) ||
	    head[0] != EXT2_XATTR_MAGIC || head[1] == 0) {
		fs_complain(fs, "ext2: inode %u: bad extended attribute block %u", (unsigned)inode->ino,
			    (unsigned)block);
		return;
	}
	inode->raw.blocks -= fs->block_size / SECTOR;
	head[1]--;
	if (head[1]) {
		fs_write(fs, fs_off(fs, block) + 4, &head[1], 4);
		return;
	}
	dev_discard(fs->dev, fs_off(fs, block), fs->block_size);
	order_free_blocks(fs, block, 1);
}

/* Gives up everything an inode without links owns. What fails is found by e2fsck; the inode is dead all the same. */
static void release(struct fs *fs, struct inode *inode)
{
	uint32_t group = (inode->ino - 1) / fs->sb.inodes_per_group;
	struct abi_timespec now;

	if (fs->readonly)
		return;
	if (!S_ISLNK(inode->raw.mode) || !inode_is_fast_link(fs, inode))
		if (!S_ISCHR(inode->raw.mode) && !S_ISBLK(inode->raw.mode))
			map_truncate(fs, inode, 0);
	release_attributes(fs, inode);
	dev_now(fs->dev, &now);
	inode->raw.dtime = now.tv_sec > 0 ? (uint32_t)now.tv_sec : 1;
	inode->size = 0;
	if (inode_write(fs, inode))
		fs_complain(fs, "ext2: inode %u: cannot be marked as deleted", (unsigned)inode->ino);
	inode_before_death(fs, inode);
	inode_order(fs, inode, ORDER_CONTENT);
	if (S_ISDIR(inode->raw.mode) && fs->groups[group].used_dirs) {
		fs->groups[group].used_dirs--;
		fs->group_dirty[group] = 1;
	}
	order_free_inode(fs, inode->ino);
}

void inode_put(struct fs *fs, struct inode *inode)
{
	if (--inode->refs || inode->lookups || inode == fs->root)
		return;
	inode->refs = 1; /* nobody else may find it half gone */
	if (inode->raw.links == 0)
		release(fs, inode);
	pending_drop(fs, inode, 0);
	table_remove(fs, inode);
	free(inode->pending);
	free(inode);
}

/* Before unmounting: forgets all lookups, so that nothing without links is left on the disk. */
void inode_drop_all(struct fs *fs)
{
	for (uint32_t i = 0; i < INODE_BUCKETS; i++) {
		struct inode *inode = fs->buckets[i], *next;

		for (; inode; inode = next) {
			next = inode->next;
			inode->lookups = 0;
			inode->refs++;
			inode_put(fs, inode);
		}
	}
}

static void count_free(struct fs *fs, uint32_t group, int delta)
{
	struct ext2_group *g = &fs->groups[group];

	if (delta > 0 || g->free_inodes)
		g->free_inodes = (uint16_t)(g->free_inodes + delta);
	if (delta > 0 || fs->sb.free_inodes)
		fs->sb.free_inodes += (uint32_t)delta;
	fs->group_dirty[group] = 1;
	fs->sb_dirty = true;
}

/* Files go near their directory; directories to the next group that has no less room than the average. */
static uint32_t choose_group(const struct fs *fs, uint32_t start, bool is_dir)
{
	uint32_t blocks = fs->sb.free_blocks / fs->ngroups, inodes = fs->sb.free_inodes / fs->ngroups;

	for (uint32_t i = 0; is_dir && i < fs->ngroups; i++) {
		uint32_t g = (start + i) % fs->ngroups;

		if (fs->groups[g].free_inodes && fs->groups[g].free_inodes >= inodes &&
		    fs->groups[g].free_blocks >= blocks)
			return g;
	}
	return start;
}

/* -> a free bit, not beside an inode that is dying if there is such; inodes_per_group when there is none. */
static uint32_t choose_bit(struct fs *fs, uint32_t group)
{
	uint32_t n = fs->sb.inodes_per_group, first = group == 0 ? fs->first_ino - 1 : 0, bit;

	for (bit = bitmap_find_zero(&fs->inodes_map, first, n); bit < n;
	     bit = bitmap_find_zero(&fs->inodes_map, bit + 1, n))
		if (!order_is_dying(fs, inode_off(fs, group * n + bit + 1), raw_len(fs)))
			return bit;
	return bitmap_find_zero(&fs->inodes_map, first, n);
}

/* -> the number taken, 0 when the group has none. */
static int group_alloc(struct fs *fs, uint32_t group, uint32_t *ino)
{
	struct bitmap *map = &fs->inodes_map;
	uint32_t bit;
	int err = bitmap_load(fs, map, group, fs->groups[group].inode_bitmap);

	*ino = 0;
	if (err)
		return err;
	bit = choose_bit(fs, group);
	if (bit >= fs->sb.inodes_per_group)
		return 0;
	*ino = group * fs->sb.inodes_per_group + bit + 1;
	if (inode_find(fs, *ino)) { /* the bitmap is damaged: the inode lives */
		fs_complain(fs, "ext2: inode %u is in use but marked free", (unsigned)*ino);
		return -EIO;
	}
	map->bits[bit / 8] |= (uint8_t)(1u << (bit % 8));
	err = bitmap_store(fs, map, bit, 1);
	if (!err)
		count_free(fs, group, -1);
	return err;
}

static int alloc_number(struct fs *fs, uint32_t start, uint32_t *ino)
{
	for (uint32_t i = 0; i < fs->ngroups; i++) {
		uint32_t group = (start + i) % fs->ngroups;
		int err;

		if (!fs->groups[group].free_inodes)
			continue;
		err = group_alloc(fs, group, ino);
		if (err || *ino)
			return err;
	}
	return -ENOSPC;
}

/* Returns a number to its bitmap at once. */
int inode_free_number(struct fs *fs, uint32_t ino)
{
	uint32_t group = (ino - 1) / fs->sb.inodes_per_group, bit = (ino - 1) % fs->sb.inodes_per_group;
	struct bitmap *map = &fs->inodes_map;
	uint8_t mask = (uint8_t)(1u << (bit % 8));
	int err = bitmap_load(fs, map, group, fs->groups[group].inode_bitmap);

	if (err)
		return err;
	if (!(map->bits[bit / 8] & mask)) {
		fs_complain(fs, "ext2: inode %u was free already", (unsigned)ino);
		return -EIO;
	}
	map->bits[bit / 8] &= (uint8_t)~mask;
	err = bitmap_store(fs, map, bit, 1);
	if (!err)
		count_free(fs, group, 1);
	return err;
}

/* Clears what a former owner of the number left in the table, attributes inside the inode included. */
static int wipe(struct fs *fs, struct inode *inode)
{
	static const uint8_t zero[1024];
	int err = dev_read(fs->dev, inode_off(fs, inode->ino), &inode->raw, raw_len(fs));
	uint32_t generation = err ? 0 : inode->raw.generation + 1;

	if (err)
		return -EIO;
	memset(&inode->raw, 0, sizeof(inode->raw));
	inode->raw.generation = generation;
	if (fs->inode_size >= sizeof(inode->raw))
		inode->raw.extra_isize = EXTRA_NEW;
	return fs_write(fs, inode_off(fs, inode->ino), zero, fs->inode_size);
}

/* The flags that a directory hands down. */
static uint32_t inherited_flags(const struct inode *parent, uint32_t mode)
{
	uint32_t flags = parent->raw.flags & EXT2_INHERIT_FL;

	if (S_ISDIR(mode))
		return flags;
	return flags & (S_ISREG(mode) ? ~(uint32_t)EXT2_DIRS_FL : FS_NODUMP_FL | FS_NOATIME_FL);
}

/*
 * A new inode near `parent`, referenced, with its mode and times and no links: putting it frees it again.
 * Not yet written, but for zeros. ENOSPC, EIO, ENOMEM.
 */
int inode_alloc(struct fs *fs, struct inode *parent, uint32_t mode, struct inode **made)
{
	uint32_t start = (parent->ino - 1) / fs->sb.inodes_per_group, group;
	struct inode *inode = calloc(1, sizeof(*inode));
	int err;

	if (!inode)
		return -ENOMEM;
	start = choose_group(fs, start, S_ISDIR(mode));
	err = alloc_number(fs, start, &inode->ino);
	if (err == -ENOSPC && fs->nfreed_inodes) {
		err = order_clean(fs);
		if (!err)
			err = alloc_number(fs, start, &inode->ino);
	}
	if (!err) {
		err = wipe(fs, inode);
		if (err)
			inode_free_number(fs, inode->ino);
	}
	if (err) {
		free(inode);
		return err;
	}
	inode->raw.mode = (uint16_t)mode;
	inode->raw.flags = inherited_flags(parent, mode);
	inode->refs = 1;
	inode_touch(fs, inode, TIME_ACCESS | TIME_MODIFY | TIME_CHANGE);
	if (fs->inode_size >= sizeof(inode->raw)) {
		inode->raw.crtime = inode->raw.ctime;
		inode->raw.crtime_extra = inode->raw.ctime_extra;
	}
	group = (inode->ino - 1) / fs->sb.inodes_per_group;
	if (S_ISDIR(mode)) {
		fs->groups[group].used_dirs++;
		fs->group_dirty[group] = 1;
	}
	table_insert(fs, inode);
	*made = inode;
	return 0;
}

/* Sets the size in memory. EFBIG: the block map or the revision cannot express it. */
int inode_set_size(struct fs *fs, struct inode *inode, uint64_t size)
{
	if (size > (map_max_blocks(fs) << fs->block_shift))
		return -EFBIG;
	if (size > 0x7fffffff && !(fs->sb.ro_compat & EXT2_RO_LARGE_FILE)) {
		if (fs->sb.rev_level == 0)
			return -EFBIG;
		fs->sb.ro_compat |= EXT2_RO_LARGE_FILE;
		fs->sb_dirty = true;
	}
	inode->size = size;
	return 0;
}

static struct abi_timespec time_decode(uint32_t seconds, uint32_t extra, bool has_extra)
{
	struct abi_timespec t = { (int32_t)seconds, 0 };

	if (has_extra) {
		t.tv_sec += (int64_t)(extra & 3) << 32;
		t.tv_nsec = extra >> 2;
		if (t.tv_nsec > 999999999)
			t.tv_nsec = 0;
	}
	return t;
}

static uint32_t time_encode(const struct abi_timespec *t, uint32_t *extra, bool has_extra)
{
	int64_t low = (int32_t)t->tv_sec, seconds = t->tv_sec;

	if (has_extra) {
		*extra = (uint32_t)((seconds - low) >> 32 & 3) | (uint32_t)t->tv_nsec << 2;
		return (uint32_t)seconds;
	}
	if (seconds > INT32_MAX)
		seconds = INT32_MAX;
	if (seconds < INT32_MIN)
		seconds = INT32_MIN;
	return (uint32_t)seconds;
}

static bool has_extra(const struct fs *fs, const struct inode *inode, uint32_t room)
{
	return fs->inode_size >= sizeof(inode->raw) && inode->raw.extra_isize >= room;
}

void inode_set_time(struct fs *fs, struct inode *inode, int which, const struct abi_timespec *time)
{
	struct ext2_inode *raw = &inode->raw;
	bool all = has_extra(fs, inode, ROOM_ATIME);

	if (which & TIME_ACCESS)
		raw->atime = time_encode(time, &raw->atime_extra, all);
	if (which & TIME_MODIFY)
		raw->mtime = time_encode(time, &raw->mtime_extra, all);
	if (which & TIME_CHANGE)
		raw->ctime = time_encode(time, &raw->ctime_extra, has_extra(fs, inode, ROOM_CTIME));
}

void inode_touch(struct fs *fs, struct inode *inode, int which)
{
	struct abi_timespec now;

	dev_now(fs->dev, &now);
	inode_set_time(fs, inode, which, &now);
}

void inode_set_owner(struct inode *inode, uint32_t uid, uint32_t gid)
{
	inode->raw.uid_low = (uint16_t)uid;
	inode->raw.uid_high = (uint16_t)(uid >> 16);
	inode->raw.gid_low = (uint16_t)gid;
	inode->raw.gid_high = (uint16_t)(gid >> 16);
}

/* Small device numbers are kept in the old form in the first word, others in the new form in the second. */
static uint64_t device_number(const struct inode *inode)
{
	uint32_t old = inode->raw.block[0];

	return old ? (uint64_t)(old & 0xffff) : inode->raw.block[1];
}

void inode_attr(struct fs *fs, struct inode *inode, struct fs_attr *attr)
{
	const struct ext2_inode *raw = &inode->raw;
	bool all = has_extra(fs, inode, ROOM_ATIME);

	memset(attr, 0, sizeof(*attr));
	attr->ino = inode->ino;
	attr->size = inode->size;
	attr->blocks = raw->blocks + (uint64_t)pending_count(inode) * (fs->block_size / SECTOR);
	attr->nlink = raw->links;
	attr->mode = raw->mode;
	attr->flags = raw->flags & EXT2_VISIBLE_FL;
	attr->uid = raw->uid_low | (uint32_t)raw->uid_high << 16;
	attr->gid = raw->gid_low | (uint32_t)raw->gid_high << 16;
	if (S_ISCHR(raw->mode) || S_ISBLK(raw->mode))
		attr->rdev = device_number(inode);
	attr->atime = time_decode(raw->atime, raw->atime_extra, all);
	attr->mtime = time_decode(raw->mtime, raw->mtime_extra, all);
	attr->ctime = time_decode(raw->ctime, raw->ctime_extra, has_extra(fs, inode, ROOM_CTIME));
}
