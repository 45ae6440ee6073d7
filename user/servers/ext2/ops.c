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

#define DEPTH_MAX 65536 /* of directories, when an ancestor is looked for */

static const struct name dotdot = { "..", 2 };

static int name_check(struct name name)
{
	if (name.len == 0 || memchr(name.text, '/', name.len) || memchr(name.text, 0, name.len))
		return -EINVAL;
	if (name.len > EXT2_NAME_MAX)
		return -ENAMETOOLONG;
	return 0;
}

static bool is_dots(struct name name)
{
	return name.text[0] == '.' && (name.len == 1 || (name.len == 2 && name.text[1] == '.'));
}

static bool is_dir(const struct inode *inode)
{
	return S_ISDIR(inode->raw.mode);
}

/* A reference to a directory. ENOTDIR, EIO. */
static int get_dir(struct fs *fs, uint32_t ino, struct inode **dir)
{
	int err = inode_get(fs, ino, dir);

	if (err)
		return err;
	if (is_dir(*dir))
		return 0;
	inode_put(fs, *dir);
	return -ENOTDIR;
}

/* The same, for a change: EROFS, and ENOENT when the directory itself was removed. */
static int get_dir_to_change(struct fs *fs, uint32_t ino, struct name name, struct inode **dir)
{
	int err = name_check(name);

	if (!err && fs->readonly)
		err = -EROFS;
	if (!err)
		err = get_dir(fs, ino, dir);
	if (err)
		return err;
	if ((*dir)->raw.links)
		return 0;
	inode_put(fs, *dir);
	return -ENOENT;
}

/* Finds a name and its inode. */
static int find(struct fs *fs, struct inode *dir, struct name name, struct dir_pos *pos, struct inode **inode)
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
	int err = name.len > EXT2_NAME_MAX ? -ENAMETOOLONG : get_dir(fs, dir_ino, &dir);

	if (err)
		return err;
	err = find(fs, dir, name, &pos, &inode);
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
	if (set->mask & FS_SET_CTIME)
		inode_set_time(fs, inode, TIME_CHANGE, &set->ctime);
	else
		inode_touch(fs, inode, TIME_CHANGE);
}

int op_setattr(struct fs *fs, uint32_t ino, const struct fs_setattr *set, struct fs_attr *attr)
{
	struct inode *inode;
	int err = fs->readonly ? -EROFS : inode_get(fs, ino, &inode);

	if (err)
		return err;
	apply_attributes(fs, inode, set);
	err = inode_write(fs, inode);
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
	return must_be_absent(fs, dir, args->name);
}

/*
 * Gives a filled inode its name and then its links: adding the name may clean the metadata, and an inode with links must
 * not reach the disk before its name.
 */
static int publish(struct fs *fs, struct inode *dir, struct inode *inode, struct name name)
{
	int err = dir_add(fs, dir, name, inode->ino, inode->raw.mode);

	if (err)
		return err;
	inode->raw.links = is_dir(inode) ? 2 : 1;
	err = inode_write(fs, inode);
	if (!err)
		err = inode_order(fs, inode, ORDER_FRESH);
	if (err || !is_dir(inode))
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
	err = make_contents(fs, dir, inode, args);
	if (!err)
		err = publish(fs, dir, inode, args->name);
	if (!err) {
		inode->lookups++;
		inode_attr(fs, inode, attr);
	}
	inode_put(fs, inode);
	return err;
}

int op_create(struct fs *fs, uint32_t dir_ino, const struct create_args *args, struct fs_attr *attr)
{
	struct inode *dir;
	int err = get_dir_to_change(fs, dir_ino, args->name, &dir);

	if (err)
		return err;
	err = create(fs, dir, args, attr);
	inode_put(fs, dir);
	return err;
}

static int link_to(struct fs *fs, struct inode *dir, struct inode *inode, struct name name)
{
	int err;

	if (is_dir(inode))
		return -EPERM;
	if (inode->raw.links == 0)
		return -ENOENT;
	if (inode->raw.links >= EXT2_LINK_MAX)
		return -EMLINK;
	err = must_be_absent(fs, dir, name);
	if (err)
		return err;
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
	int err = get_dir_to_change(fs, dir_ino, name, &dir);

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
static int drop_links(struct fs *fs, struct inode *inode, uint32_t count)
{
	inode->raw.links = inode->raw.links > count ? (uint16_t)(inode->raw.links - count) : 0;
	inode_touch(fs, inode, TIME_CHANGE);
	return inode_write(fs, inode);
}

/* Removes a name and `count` links. An inode that dies of it reaches the disk before the block that forgets its name. */
static int remove_link(struct fs *fs, struct inode *dir, const struct dir_pos *pos, struct inode *inode, uint32_t count)
{
	uint16_t links = inode->raw.links;
	int err = links > count ? 0 : inode_before_death(fs, inode);

	if (!err)
		err = drop_links(fs, inode, count);
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
	return is_dir(inode) ? -EISDIR : remove_link(fs, dir, pos, inode, 1);
}

static int rmdir_found(struct fs *fs, struct inode *dir, const struct dir_pos *pos, struct inode *inode)
{
	int err;

	if (!is_dir(inode))
		return -ENOTDIR;
	if (inode == fs->root)
		return -EBUSY;
	err = dir_is_empty(fs, inode);
	if (err != 1)
		return err ? err : -ENOTEMPTY;
	err = remove_link(fs, dir, pos, inode, inode->raw.links);
	return err ? err : drop_links(fs, dir, dir->raw.links > 2 ? 1 : 0);
}

typedef int remove_found(struct fs *, struct inode *, const struct dir_pos *, struct inode *);

static int remove_name(struct fs *fs, uint32_t dir_ino, struct name name, struct fs_attr *attr, remove_found *remove)
{
	struct inode *dir, *inode;
	struct dir_pos pos;
	int err = get_dir_to_change(fs, dir_ino, name, &dir);

	if (err)
		return err;
	err = is_dots(name) ? -EINVAL : find(fs, dir, name, &pos, &inode);
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

/* ---- rename ---- */

struct rename {
	const struct rename_args *args;
	struct inode *old_dir, *new_dir, *moved, *target; /* target: what has the new name now, or NULL */
	struct dir_pos old_pos, new_pos;
	bool changes_parent; /* a directory gets another ".." */
};

/* -> 0 when `dir` does not lie below `ancestor`, -EINVAL when it does. */
static int check_not_below(struct fs *fs, const struct inode *ancestor, uint32_t dir)
{
	for (uint32_t depth = 0; dir != EXT2_ROOT_INO; depth++) {
		struct inode *inode;
		struct dir_pos pos;
		int err;

		if (dir == ancestor->ino)
			return -EINVAL;
		if (depth == DEPTH_MAX)
			return -EIO;
		err = get_dir(fs, dir, &inode);
		if (err)
			return err;
		err = dir_find(fs, inode, dotdot, &pos);
		inode_put(fs, inode);
		if (err)
			return err == -ENOENT ? -EIO : err;
		dir = pos.ino;
	}
	return ancestor->ino == EXT2_ROOT_INO ? -EINVAL : 0;
}

static int check_target(struct fs *fs, const struct rename *r)
{
	int empty;

	if (r->args->flags & FS_RENAME_NOREPLACE)
		return -EEXIST;
	if (!is_dir(r->target))
		return is_dir(r->moved) ? -ENOTDIR : 0;
	if (!is_dir(r->moved))
		return -EISDIR;
	if (r->target == fs->root)
		return -EBUSY;
	empty = dir_is_empty(fs, r->target);
	return empty < 0 ? empty : empty ? 0 : -ENOTEMPTY;
}

static int rename_check(struct fs *fs, struct rename *r)
{
	int err;

	r->changes_parent = is_dir(r->moved) && r->old_dir != r->new_dir;
	if (is_dir(r->moved)) {
		err = check_not_below(fs, r->moved, r->new_dir->ino);
		if (err)
			return err;
	}
	if (r->target)
		return check_target(fs, r);
	if (r->changes_parent && r->new_dir->raw.links >= EXT2_LINK_MAX)
		return -EMLINK;
	return 0;
}

/* Corrects "..", and the links of both parents. */
static int move_parent(struct fs *fs, struct rename *r)
{
	struct dir_pos pos;
	int err = dir_find(fs, r->moved, dotdot, &pos);

	if (!err)
		err = dir_replace(fs, r->moved, &pos, r->new_dir->ino, S_IFDIR);
	if (err)
		return err == -ENOENT ? -EIO : err;
	r->new_dir->raw.links++;
	err = inode_write(fs, r->new_dir);
	return err ? err : drop_links(fs, r->old_dir, r->old_dir->raw.links > 2 ? 1 : 0);
}

/* What had the new name loses a link, or all of them if it is a directory. */
static int drop_target(struct fs *fs, struct rename *r)
{
	int err;

	if (!r->target)
		return 0;
	if (!is_dir(r->target))
		return drop_links(fs, r->target, 1);
	err = drop_links(fs, r->target, r->target->raw.links);
	return err ? err : drop_links(fs, r->new_dir, r->new_dir->raw.links > 2 ? 1 : 0);
}

/* The new name, then the old one. -> when the same record can have the new name, neither of the two. */
static int change_names(struct fs *fs, struct rename *r)
{
	int err = 0;

	if (!r->target && r->old_dir == r->new_dir)
		err = dir_rename_here(fs, r->old_dir, &r->old_pos, r->args->new_name);
	if (err)
		return err < 0 ? err : 0;
	if (r->target)
		err = dir_replace(fs, r->new_dir, &r->new_pos, r->moved->ino, r->moved->raw.mode);
	else
		err = dir_add(fs, r->new_dir, r->args->new_name, r->moved->ino, r->moved->raw.mode);
	if (!err)
		err = drop_target(fs, r);
	return err ? err : dir_remove(fs, r->old_dir, &r->old_pos, true);
}

static int rename_perform(struct fs *fs, struct rename *r)
{
	int err = r->changes_parent ? inode_gets_dir(fs, r->new_dir) : 0;

	if (!err)
		err = change_names(fs, r);
	if (!err)
		err = drop_links(fs, r->moved, 0); /* its ctime */
	if (!err && r->changes_parent)
		err = move_parent(fs, r);
	return err;
}

static int rename_names(struct fs *fs, struct rename *r, struct rename_result *result)
{
	int err = find(fs, r->new_dir, r->args->new_name, &r->new_pos, &r->target);

	if (err == -ENOENT)
		r->target = NULL;
	else if (err)
		return err;
	if (r->target == r->moved && !(r->args->flags & FS_RENAME_NOREPLACE)) {
		inode_put(fs, r->target); /* two names of one file: both stay */
		return 0;
	}
	err = rename_check(fs, r);
	if (!err)
		err = rename_perform(fs, r);
	if (!r->target)
		return err;
	if (!err)
		*result = (struct rename_result){ r->target->ino, r->target->raw.links };
	inode_put(fs, r->target);
	return err;
}

int op_rename(struct fs *fs, const struct rename_args *args, struct rename_result *result)
{
	struct rename r = { .args = args };
	int err = get_dir_to_change(fs, args->old_dir, args->old_name, &r.old_dir);

	memset(result, 0, sizeof(*result));
	if (err)
		return err;
	err = get_dir_to_change(fs, args->new_dir, args->new_name, &r.new_dir);
	if (err)
		goto out_old;
	err = -EINVAL;
	if (is_dots(args->old_name) || is_dots(args->new_name))
		goto out_new;
	err = find(fs, r.old_dir, args->old_name, &r.old_pos, &r.moved);
	if (err)
		goto out_new;
	err = rename_names(fs, &r, result);
	inode_put(fs, r.moved);
out_new:
	inode_put(fs, r.new_dir);
out_old:
	inode_put(fs, r.old_dir);
	return err;
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
	int status = get_dir(fs, ino, &dir);

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
