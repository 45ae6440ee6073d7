/* SPDX-License-Identifier: MIT */
/*
 * Rename: a file gets another name, perhaps in another directory, and what had that name loses it.
 *
 *     check      kinds agree, the target is empty if it is a directory, and nothing is moved below itself
 *     names      the new name first, then the target's links, then the old name; or, within one directory and one
 *                sector, the record is changed where it stands, and there is no moment with two names or none
 *     parent     a directory that moved gets its new "..", and both parents their link counts
 *
 * That the new name reaches the disk before the old one goes is the business of order.c (dir_remove, "late"). After a
 * crash in between the file has two names, which e2fsck -p accepts, but for a directory; and a file that was replaced
 * has none until its inode follows, in the same clean: docs/limits.md. Both have to do with e2fsck -p, which stops at
 * what it would have to ask about; nothing is lost.
 *
 * An exchange (RENAME_EXCHANGE) writes both records at once where one sector holds them. Elsewhere one of the two would
 * have no name between the two writes; so it gets a third one first, which goes last, and the metadata is cleaned after
 * each step. A crash in between leaves that name behind, ".exchange" and a number.
 *
 * Two names of one file: nothing is done, as POSIX wants it. An ancestor is looked for along "..", with a bound, for on
 * a damaged disk the way may be a circle.
 */
#include "ext2.h"

#include <abi/stat.h>
#include <stdio.h>
#include <string.h>

#define SPARE_NAME 24
#define DEPTH_MAX 65536 /* of directories, when an ancestor is looked for */

static const struct name dotdot = { "..", 2 };

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
		err = dir_get(fs, dir, &inode);
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

static int check_exchange(struct fs *fs, const struct rename *r)
{
	bool moved = inode_is_dir(r->moved), target = inode_is_dir(r->target);
	int err = target ? check_not_below(fs, r->target, r->old_dir->ino) : 0;

	if (err || r->old_dir == r->new_dir || moved == target)
		return err;
	return (moved ? r->new_dir : r->old_dir)->raw.links >= EXT2_LINK_MAX ? -EMLINK : 0;
}

static int check_target(struct fs *fs, const struct rename *r)
{
	int empty;

	if (r->args->flags & FS_RENAME_NOREPLACE)
		return -EEXIST;
	if (!inode_is_dir(r->target))
		return inode_is_dir(r->moved) ? -ENOTDIR : 0;
	if (!inode_is_dir(r->moved))
		return -EISDIR;
	if (r->target == fs->root)
		return -EBUSY;
	empty = dir_is_empty(fs, r->target);
	return empty < 0 ? empty : empty ? 0 : -ENOTEMPTY;
}

static int rename_check(struct fs *fs, struct rename *r)
{
	int err;

	r->changes_parent = inode_is_dir(r->moved) && r->old_dir != r->new_dir;
	if (inode_is_dir(r->moved)) {
		err = check_not_below(fs, r->moved, r->new_dir->ino);
		if (err)
			return err;
	}
	if (r->args->flags & FS_RENAME_EXCHANGE)
		return r->target ? check_exchange(fs, r) : -ENOENT;
	if (r->target)
		return check_target(fs, r);
	if (r->changes_parent && r->new_dir->raw.links >= EXT2_LINK_MAX)
		return -EMLINK;
	return 0;
}

/* Corrects "..", which is no change of the directory's own names, and the links of both parents. */
static int move_parent(struct fs *fs, struct inode *moved, struct inode *from, struct inode *to)
{
	uint32_t mtime = moved->raw.mtime, mtime_extra = moved->raw.mtime_extra;
	struct dir_pos pos;
	int err = dir_find(fs, moved, dotdot, &pos);

	if (!err)
		err = dir_replace(fs, moved, &pos, to->ino, S_IFDIR);
	moved->raw.mtime = mtime;
	moved->raw.mtime_extra = mtime_extra;
	if (!err)
		err = inode_write(fs, moved);
	if (err)
		return err == -ENOENT ? -EIO : err;
	to->raw.links++;
	err = inode_write(fs, to);
	return err ? err : inode_drop_links(fs, from, from->raw.links > 2 ? 1 : 0);
}

/* What had the new name loses a link, or all of them if it is a directory. */
static int drop_target(struct fs *fs, struct rename *r)
{
	int err;

	if (!r->target)
		return 0;
	if (!inode_is_dir(r->target))
		return inode_drop_links(fs, r->target, 1);
	err = inode_drop_links(fs, r->target, r->target->raw.links);
	return err ? err : inode_drop_links(fs, r->new_dir, r->new_dir->raw.links > 2 ? 1 : 0);
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
		err = inode_drop_links(fs, r->moved, 0); /* its ctime */
	if (!err && r->changes_parent)
		err = move_parent(fs, r->moved, r->old_dir, r->new_dir);
	return err;
}

/* ---- exchange ---- */

/* A name that is not in the directory. */
static int spare_name(struct fs *fs, struct inode *dir, char *text, struct name *name)
{
	struct dir_pos pos;
	int err = 0;

	for (unsigned i = 0; !err; i++) {
		snprintf(text, SPARE_NAME, ".exchange%u", i);
		*name = (struct name){ text, (uint32_t)strlen(text) };
		err = dir_find(fs, dir, *name, &pos);
	}
	return err == -ENOENT ? 0 : err;
}

/* What has that name is `inode` from now on, on the disk as well. */
static int replace_named(struct fs *fs, struct inode *dir, struct name name, const struct inode *inode)
{
	struct dir_pos pos;
	int err = dir_find(fs, dir, name, &pos);

	if (!err)
		err = dir_replace(fs, dir, &pos, inode->ino, inode->raw.mode);
	return err ? err : order_clean(fs);
}

static int exchange_by_third(struct fs *fs, struct rename *r)
{
	char text[SPARE_NAME];
	struct name spare;
	struct dir_pos pos;
	int err = spare_name(fs, r->old_dir, text, &spare);

	if (!err)
		err = dir_add(fs, r->old_dir, spare, r->moved->ino, r->moved->raw.mode);
	if (!err)
		err = order_clean(fs);
	if (!err)
		err = replace_named(fs, r->old_dir, r->args->old_name, r->target);
	if (!err)
		err = replace_named(fs, r->new_dir, r->args->new_name, r->moved);
	if (!err)
		err = dir_find(fs, r->old_dir, spare, &pos);
	return err ? err : dir_remove(fs, r->old_dir, &pos, false);
}

static int exchange_names(struct fs *fs, struct rename *r)
{
	int err = r->old_dir == r->new_dir ? dir_exchange_here(fs, r->old_dir, &r->old_pos, &r->new_pos) : 0;

	return err == 0 ? exchange_by_third(fs, r) : err < 0 ? err : 0;
}

static int exchange_perform(struct fs *fs, struct rename *r)
{
	bool parents = r->old_dir != r->new_dir, moved = parents && inode_is_dir(r->moved);
	bool target = parents && inode_is_dir(r->target);
	int err = moved ? inode_gets_dir(fs, r->new_dir) : 0;

	if (!err && target)
		err = inode_gets_dir(fs, r->old_dir);
	if (!err)
		err = exchange_names(fs, r);
	if (!err)
		err = inode_drop_links(fs, r->moved, 0); /* their ctimes */
	if (!err)
		err = inode_drop_links(fs, r->target, 0);
	if (!err && moved)
		err = move_parent(fs, r->moved, r->old_dir, r->new_dir);
	if (!err && target)
		err = move_parent(fs, r->target, r->new_dir, r->old_dir);
	return err;
}

/* ---- the operation ---- */

static int rename_names(struct fs *fs, struct rename *r, struct rename_result *result)
{
	int err = dir_find_inode(fs, r->new_dir, r->args->new_name, &r->new_pos, &r->target);

	if (err == -ENOENT)
		r->target = NULL;
	else if (err)
		return err;
	if (r->target == r->moved && !(r->args->flags & FS_RENAME_NOREPLACE)) {
		inode_put(fs, r->target); /* two names of one file: both stay */
		return 0;
	}
	bool exchange = r->args->flags & FS_RENAME_EXCHANGE;

	err = rename_check(fs, r);
	if (!err)
		err = exchange ? exchange_perform(fs, r) : rename_perform(fs, r);
	if (!r->target)
		return err;
	if (!err && !exchange)
		*result = (struct rename_result){ r->target->ino, r->target->raw.links };
	inode_put(fs, r->target);
	return err;
}

int op_rename(struct fs *fs, const struct rename_args *args, struct rename_result *result)
{
	struct rename r = { .args = args };
	int err = dir_get_to_change(fs, args->old_dir, args->old_name, &r.old_dir);

	memset(result, 0, sizeof(*result));
	if (err)
		return err;
	err = dir_get_to_change(fs, args->new_dir, args->new_name, &r.new_dir);
	if (err)
		goto out_old;
	err = -EINVAL;
	if (name_is_dots(args->old_name) || name_is_dots(args->new_name))
		goto out_new;
	err = dir_find_inode(fs, r.old_dir, args->old_name, &r.old_pos, &r.moved);
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
