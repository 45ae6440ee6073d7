/* SPDX-License-Identifier: MIT */
/*
 * File operations: what the file protocol (abi/fsproto.h) asks, one function each, on inode numbers.
 *
 * Each function takes references of the inodes it needs, decides, then changes, and puts the references. Decisions come
 * before changes, so that an error in the arguments changes nothing. An error of the disk in the middle of the changes
 * may leave a link count or a name that e2fsck -p corrects.
 *
 * The order in which the changes reach the disk is the business of order.c; the order in which they are made here
 * is: a name comes before its inode has the link, and an inode loses its last link before the name goes, for a name
 * without an inode is what e2fsck -p removes, and an inode without a name is not.
 *
 * Permissions, "." and ".." as names to make or remove, links between filesystems, the sticky bit and the group that
 * a directory hands down are the kernel's part. Names are checked again all the same (name_check): a record with a bad
 * name would damage the disk.
 *
 * A directory counts one link for its name, one for its ".", and one for the ".." of each directory in it.
 */
#include "ext2.h"

#include <abi/stat.h>
#include <string.h>

static int name_check(struct name name)
{
	if (name.len == 0 || memchr(name.text, '/', name.len) || memchr(name.text, 0, name.len))
		return -EINVAL;
	if (name.len > EXT2_NAME_MAX)
		return -ENAMETOOLONG;
	return 0;
}

/* A reference to a directory. ENOTDIR, EIO. */
int dir_get(struct fs *fs, uint32_t ino, struct inode **dir)
{
	int err = inode_get(fs, ino, dir);

	if (err)
		return err;
	if (inode_is_dir(*dir))
		return 0;
	inode_put(fs, *dir);
	return -ENOTDIR;
}

/* The same, for a change: EROFS, and ENOENT when the directory itself was removed. */
int dir_get_to_change(struct fs *fs, uint32_t ino, struct name name, struct inode **dir)
{
	int err = name_check(name);

	if (!err && fs->readonly)
		err = -EROFS;
	if (!err)
		err = dir_get(fs, ino, dir);
	if (err)
		return err;
	if ((*dir)->raw.links)
		return 0;
	inode_put(fs, *dir);
	return -ENOENT;
}

/* Finds a name and its inode. */
int dir_find_inode(struct fs *fs, struct inode *dir, struct name name, struct dir_pos *pos, struct inode **inode)
{
	int err = dir_find(fs, dir, name, pos);

	return err ? err : inode_get(fs, pos->ino, inode);
}

static int must_be_absent(struct fs *fs, struct inode *dir, struct name name)
{
	struct dir_pos pos;
	int err = dir_find(fs, dir, name, &pos);

	if (err == -ENOENT)
		return 0;
	return err ? err : -EEXIST;
}

int op_lookup(struct fs *fs, uint32_t dir_ino, struct name name, struct fs_attr *attr)
{
	struct inode *dir, *inode;
	struct dir_pos pos;
	int err = name.len > EXT2_NAME_MAX ? -ENAMETOOLONG : dir_get(fs, dir_ino, &dir);

	if (err)
		return err;
	err = dir_find_inode(fs, dir, name, &pos, &inode);
	if (!err) {
		inode->lookups++;
		inode_attr(fs, inode, attr);
		inode_put(fs, inode);
	}
	inode_put(fs, dir);
	return err;
}

int op_getattr(struct fs *fs, uint32_t ino, struct fs_attr *attr)
{
	struct inode *inode;
	int err = inode_get(fs, ino, &inode);

	if (err)
		return err;
	inode_attr(fs, inode, attr);
	inode_put(fs, inode);
	return 0;
}

static void apply_attributes(struct fs *fs, struct inode *inode, const struct fs_setattr *set)
{
	struct fs_attr old;

	inode_attr(fs, inode, &old);
	if (set->mask & FS_SET_MODE)
		inode->raw.mode = (uint16_t)((inode->raw.mode & S_IFMT) | (set->mode & ~S_IFMT & 0xffff));
	inode_set_owner(inode, set->mask & FS_SET_UID ? set->uid : old.uid,
			set->mask & FS_SET_GID ? set->gid : old.gid);
	if (set->mask & FS_SET_ATIME)
		inode_set_time(fs, inode, TIME_ACCESS, &set->atime);
	if (set->mask & FS_SET_MTIME)
		inode_set_time(fs, inode, TIME_MODIFY, &set->mtime);
	if (set->mask & FS_SET_FLAGS)
		inode->raw.flags = (inode->raw.flags & ~(uint32_t)EXT2_CHANGE_FL) | (set->flags & EXT2_CHANGE_FL);
	if (set->mask & FS_SET_CTIME)
		inode_set_time(fs, inode, TIME_CHANGE, &set->ctime);
	else
		inode_touch(fs, inode, TIME_CHANGE);
}

/* Flags that this filesystem does not know cannot be set; that a file is kept in extents cannot change. */
static int check_flags(const struct inode *inode, uint32_t flags)
{
	if (flags & ~(uint32_t)EXT2_VISIBLE_FL || (!inode_is_dir(inode) && flags & EXT2_DIRS_FL))
		return -EOPNOTSUPP;
	return flags & FS_EXTENT_FL ? -EINVAL : 0;
}

int op_setattr(struct fs *fs, uint32_t ino, const struct fs_setattr *set, struct fs_attr *attr)
{
	struct inode *inode;
	int err = fs->readonly ? -EROFS : inode_get(fs, ino, &inode);

	if (err)
		return err;
	if (set->mask & FS_SET_FLAGS)
		err = check_flags(inode, set->flags);
	if (!err) {
		apply_attributes(fs, inode, set);
		err = inode_write(fs, inode);
	}
	inode_attr(fs, inode, attr);
	inode_put(fs, inode);
	return err;
}

/* Stores the target in the inode if it fits there, else in a block of its own. */
static int make_link_target(struct fs *fs, struct inode *inode, struct name target)
{
	uint8_t buf[EXT2_BLOCK_MAX];
	struct extent e;
	int err;

	inode->size = target.len;
	if (target.len < sizeof(inode->raw.block)) {
		memcpy(inode->raw.block, target.text, target.len);
		return 0;
	}
	memset(buf, 0, fs->block_size);
	memcpy(buf, target.text, target.len);
	err = map_reserve(fs, inode, 0, 1);
	if (!err)
		err = map_find(fs, inode, 0, 1, true, &e);
	if (!err)
		err = fs_write(fs, fs_off(fs, e.block), buf, fs->block_size);
	if (!err)
		err = order_add(fs, ORDER_CONTENT, fs_off(fs, e.block), fs->block_size);
	return err ? err : map_commit(fs, inode, 0, 1);
}

static void make_device(struct inode *inode, uint64_t rdev)
{
	uint32_t major = rdev >> 8 & 0xfff, minor = (uint32_t)((rdev & 0xff) | (rdev >> 12 & 0xfff00));

	if (major < 256 && minor < 256)
		inode->raw.block[0] = major << 8 | minor;
	else
		inode->raw.block[1] = (uint32_t)rdev;
}

/* Fills a new inode. Its link count stays 0, so that putting it undoes everything. */
static int make_contents(struct fs *fs, struct inode *dir, struct inode *inode, const struct create_args *args)
{
	switch (args->mode & S_IFMT) {
	case S_IFDIR:
		return dir_init(fs, inode, dir->ino);
	case S_IFLNK:
		return make_link_target(fs, inode, args->target);
	case S_IFCHR:
	case S_IFBLK:
		make_device(inode, args->rdev);
	}
	return 0;
}

static int check_create(struct fs *fs, struct inode *dir, const struct create_args *args)
{
	switch (args->mode & S_IFMT) {
	case S_IFDIR:
		if (dir->raw.links >= EXT2_LINK_MAX)
			return -EMLINK;
		break;
	case S_IFLNK:
		if (args->target.len == 0)
			return -ENOENT;
		if (args->target.len >= fs->block_size)
			return -ENAMETOOLONG;
		break;
	case S_IFREG:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		break;
	default:
		return -EINVAL;
	}
	return args->name.len ? must_be_absent(fs, dir, args->name) : S_ISREG(args->mode) ? 0 : -EINVAL;
}

/*
 * Gives a filled inode its name and then its links: adding the name may clean the metadata, and an inode with links
 * must not reach the disk before its name.
 */
static int publish(struct fs *fs, struct inode *dir, struct inode *inode, struct name name)
{
	int err = dir_add(fs, dir, name, inode->ino, inode->raw.mode);

	if (err)
		return err;
	inode->raw.links = inode_is_dir(inode) ? 2 : 1;
	err = inode_write(fs, inode);
	if (!err)
		err = inode_order(fs, inode, ORDER_FRESH);
	if (err || !inode_is_dir(inode))
		return err;
	dir->raw.links++;
	return inode_write(fs, dir);
}

static int create(struct fs *fs, struct inode *dir, const struct create_args *args, struct fs_attr *attr)
{
	struct inode *inode;
	int err = check_create(fs, dir, args);

	if (!err && S_ISDIR(args->mode))
		err = inode_gets_dir(fs, dir);
	if (!err)
		err = inode_alloc(fs, dir, args->mode & 0xffff, &inode);
	if (err)
		return err;
	inode_set_owner(inode, args->uid, args->gid);
	inode->nameless = !args->name.len;
	err = make_contents(fs, dir, inode, args);
	if (!err)
		err = inode->nameless ? inode_write(fs, inode) : publish(fs, dir, inode, args->name);
	if (!err) {
		inode->lookups++;
		inode_attr(fs, inode, attr);
	}
	inode_put(fs, inode);
	return err;
}

/* Without a name: a file that goes with its last lookup, unless a link gives it one. */
int op_create(struct fs *fs, uint32_t dir_ino, const struct create_args *args, struct fs_attr *attr)
{
	static const struct name none = { "none", 4 };
	struct inode *dir;
	int err = dir_get_to_change(fs, dir_ino, args->name.len ? args->name : none, &dir);

	if (err)
		return err;
	err = create(fs, dir, args, attr);
	inode_put(fs, dir);
	return err;
}

static int first_link(struct fs *fs, struct inode *dir, struct inode *inode, struct name name)
{
	int err = inode_before_name(fs, inode);

	inode_touch(fs, inode, TIME_CHANGE);
	if (!err)
		err = publish(fs, dir, inode, name);
	if (!err)
		inode->nameless = false;
	return err;
}

static int link_to(struct fs *fs, struct inode *dir, struct inode *inode, struct name name)
{
	int err;

	if (inode_is_dir(inode))
		return -EPERM;
	if (inode->raw.links == 0 && !inode->nameless)
		return -ENOENT;
	if (inode->raw.links >= EXT2_LINK_MAX)
		return -EMLINK;
	err = must_be_absent(fs, dir, name);
	if (err)
		return err;
	if (inode->nameless)
		return first_link(fs, dir, inode, name);
	inode->raw.links++;
	inode_touch(fs, inode, TIME_CHANGE);
	err = inode_write(fs, inode);
	if (!err)
		err = dir_add(fs, dir, name, inode->ino, inode->raw.mode);
	if (err) {
		inode->raw.links--;
		inode_write(fs, inode);
	}
	return err;
}

int op_link(struct fs *fs, uint32_t dir_ino, uint32_t ino, struct name name, struct fs_attr *attr)
{
	struct inode *dir, *inode;
	int err = dir_get_to_change(fs, dir_ino, name, &dir);

	if (err)
		return err;
	err = inode_get(fs, ino, &inode);
	if (!err) {
		err = link_to(fs, dir, inode, name);
		inode_attr(fs, inode, attr);
		inode_put(fs, inode);
	}
	inode_put(fs, dir);
	return err;
}

/* Takes `count` links; the last of them makes the inode wait for its last reference. */
int inode_drop_links(struct fs *fs, struct inode *inode, uint32_t count)
{
	inode->raw.links = inode->raw.links > count ? (uint16_t)(inode->raw.links - count) : 0;
	inode_touch(fs, inode, TIME_CHANGE);
	return inode_write(fs, inode);
}

/*
 * Removes a name and `count` links. An inode that dies of it reaches the disk before the block that forgets its name.
 */
static int remove_link(struct fs *fs, struct inode *dir, const struct dir_pos *pos, struct inode *inode, uint32_t count)
{
	uint16_t links = inode->raw.links;
	int err = links > count ? 0 : inode_before_death(fs, inode);

	if (!err)
		err = inode_drop_links(fs, inode, count);
	if (!err && inode->raw.links == 0)
		err = inode_order(fs, inode, ORDER_CONTENT);
	if (!err)
		err = dir_remove(fs, dir, pos, false);
	if (err) {
		inode->raw.links = links;
		inode_write(fs, inode);
	}
	return err;
}

static int unlink_found(struct fs *fs, struct inode *dir, const struct dir_pos *pos, struct inode *inode)
{
	return inode_is_dir(inode) ? -EISDIR : remove_link(fs, dir, pos, inode, 1);
}

static int rmdir_found(struct fs *fs, struct inode *dir, const struct dir_pos *pos, struct inode *inode)
{
	int err;

	if (!inode_is_dir(inode))
		return -ENOTDIR;
	if (inode == fs->root)
		return -EBUSY;
	err = dir_is_empty(fs, inode);
	if (err != 1)
		return err ? err : -ENOTEMPTY;
	err = remove_link(fs, dir, pos, inode, inode->raw.links);
	return err ? err : inode_drop_links(fs, dir, dir->raw.links > 2 ? 1 : 0);
}

typedef int remove_found(struct fs *, struct inode *, const struct dir_pos *, struct inode *);

static int remove_name(struct fs *fs, uint32_t dir_ino, struct name name, struct fs_attr *attr, remove_found *remove)
{
	struct inode *dir, *inode;
	struct dir_pos pos;
	int err = dir_get_to_change(fs, dir_ino, name, &dir);

	if (err)
		return err;
	err = name_is_dots(name) ? -EINVAL : dir_find_inode(fs, dir, name, &pos, &inode);
	if (!err) {
		err = remove(fs, dir, &pos, inode);
		inode_attr(fs, inode, attr);
		inode_put(fs, inode);
	}
	inode_put(fs, dir);
	return err;
}

int op_unlink(struct fs *fs, uint32_t dir, struct name name, struct fs_attr *attr)
{
	return remove_name(fs, dir, name, attr, unlink_found);
}

int op_rmdir(struct fs *fs, uint32_t dir, struct name name, struct fs_attr *attr)
{
	return remove_name(fs, dir, name, attr, rmdir_found);
}

/* ---- reading ---- */

static int read_target(struct fs *fs, struct inode *inode, char *buf, uint32_t len)
{
	struct extent e;
	int err;

	if (inode_is_fast_link(fs, inode)) {
		memcpy(buf, inode->raw.block, len);
		return 0;
	}
	err = map_find(fs, inode, 0, 1, false, &e);
	if (err)
		return err;
	if (!e.block || dev_read(fs->dev, fs_off(fs, e.block), buf, len)) {
		fs_complain(fs, "ext2: inode %u: the symbolic link cannot be read", (unsigned)inode->ino);
		return -EIO;
	}
	return 0;
}

/* -> length of the target; ENAMETOOLONG when there is not so much room. */
int op_readlink(struct fs *fs, uint32_t ino, char *buf, uint32_t room)
{
	struct inode *inode;
	int err = inode_get(fs, ino, &inode);

	if (err)
		return err;
	if (!S_ISLNK(inode->raw.mode))
		err = -EINVAL;
	else if (inode->size > room)
		err = -ENAMETOOLONG;
	else
		err = read_target(fs, inode, buf, (uint32_t)inode->size);
	if (!err)
		err = (int)inode->size;
	inode_put(fs, inode);
	return err;
}

int op_readdir(struct fs *fs, uint32_t ino, uint64_t cookie, void *buf, uint32_t room)
{
	struct inode *dir;
	int status = dir_get(fs, ino, &dir);

	if (status)
		return status;
	if (dir->raw.links) /* a removed directory is empty, "." and ".." included */
		status = dir_list(fs, dir, cookie, buf, room);
	inode_put(fs, dir);
	return status;
}

int op_statfs(struct fs *fs, struct abi_statfs *st)
{
	uint64_t tables = 0, available;

	for (uint32_t g = 0; g < fs->ngroups; g++)
		tables += fs_group_header(fs, g) + 2 + fs->inode_table_blocks;
	memset(st, 0, sizeof(*st));
	st->f_type = EXT2_SUPER_MAGIC;
	st->f_bsize = st->f_frsize = fs->block_size;
	st->f_blocks = (int64_t)(fs->sb.blocks_count - fs->sb.first_data_block - tables);
	available = (uint64_t)fs->sb.free_blocks + fs->freed_total;
	st->f_bfree = (int64_t)available;
	available = available > fs->sb.r_blocks_count ? available - fs->sb.r_blocks_count : 0;
	st->f_bavail = (int64_t)available;
	st->f_files = fs->sb.inodes_count;
	st->f_ffree = (int64_t)fs->sb.free_inodes + fs->nfreed_inodes;
	memcpy(st->f_fsid, fs->sb.uuid, sizeof(st->f_fsid));
	st->f_namelen = EXT2_NAME_MAX;
	return 0;
}
