/* SPDX-License-Identifier: MIT */
/*
 * Names: making, removing, renaming, and what is asked or said about a file by its name. Attributes by name or
 * descriptor are in attr.c. Checks come in Linux's order as far as a program can see it: the walk's errors first, then
 * whether the name exists, whether the filesystem may be written, permissions, and what kind of thing it is.
 *
 * A name that something is mounted over can be neither made nor removed nor renamed (EEXIST, EBUSY).
 *
 * The server does each change as a whole. What is checked here before it is asked may have changed by then; the server
 * checks again what keeps its tree right, and the kernel's checks give the better error.
 */
#include "sys/file_calls.h"

#include "file/file_impl.h"

#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE 2

/* A directory and the last component of a path in it. */
struct place {
	struct path dir;
	char last[NAME_MAX + 1];
	bool slash;   /* the path ended in a slash */
	bool special; /* last is empty (the path was "/"), "." or ".." */
};

static int place_walk(int dirfd, const char *path, struct place *at)
{
	size_t len = strlen(path);

	at->slash = len && path[len - 1] == '/';
	int err = path_walk(dirfd, path, PATH_PARENT, &at->dir, at->last);
	at->special = !err && (!at->last[0] || !strcmp(at->last, ".") || !strcmp(at->last, ".."));
	return err;
}

static int place_find(int dirfd, vaddr_t text, struct place *at)
{
	char *path = path_from_user(text);

	if (is_err(path))
		return (int)ptr_err(path);
	int err = place_walk(dirfd, path, at);
	kfree(path);
	return err;
}

static void place_put(struct place *at)
{
	path_put(&at->dir);
}

/* What has that name, referenced. */
static int place_child(const struct place *at, struct node **child)
{
	size_t len = strlen(at->last);

	*child = mount_child(at->dir.node, at->last, len);
	return *child ? 0 : at->dir.node->fs->ops->lookup(at->dir.node, at->last, len, child);
}

static bool place_exists(const struct place *at)
{
	struct node *child;

	if (place_child(at, &child))
		return false;
	node_put(child);
	return true;
}

/* ---- making ---- */

/* May a name be made there? EEXIST comes before EROFS and EACCES. */
static int check_make(const struct place *at, bool is_dir)
{
	struct node *dir = at->dir.node;

	if (at->special)
		return -EEXIST;
	int err = dir->fs->readonly || !dir->fs->ops->create ? -EROFS : node_permission(dir, W_OK | X_OK);
	struct node *over = mount_child(dir, at->last, strlen(at->last));
	if (over) {
		node_put(over);
		return -EEXIST;
	}
	if (at->slash && !is_dir)
		return place_exists(at) ? -EEXIST : -ENOENT;
	return err && place_exists(at) ? -EEXIST : err;
}

static int64_t make_at(int dirfd, vaddr_t text, uint32_t mode, uint64_t rdev, const char *target)
{
	struct place at;
	struct node *made;
	int err = place_find(dirfd, text, &at);

	if (err)
		return err;
	err = check_make(&at, S_ISDIR(mode));
	bool device = S_ISBLK(mode) || (S_ISCHR(mode) && rdev); /* 0, 0 stands for a name that is hidden: anybody's */
	if (!err && device && !capable(CAP_MKNOD))
		err = place_exists(&at) ? -EEXIST : -EPERM;
	if (!err) {
		struct new_name make = { at.last, strlen(at.last), node_new_mode(at.dir.node, mode), rdev, target };
		err = at.dir.node->fs->ops->create(at.dir.node, &make, &made);
	}
	if (!err)
		node_put(made);
	place_put(&at);
	return err;
}

static uint32_t masked(uint64_t mode)
{
	return (uint32_t)mode & ~cwd_umask(thread_current()->cwd);
}

CALL(mkdir)
{
	return make_at(AT_FDCWD, a, S_IFDIR | (masked(b) & 01777), 0, NULL);
}

CALL(mkdirat)
{
	return make_at((int)a, b, S_IFDIR | (masked(c) & 01777), 0, NULL);
}

static int64_t make_node_at(int dirfd, vaddr_t text, uint32_t mode, uint32_t rdev)
{
	uint32_t type = mode & S_IFMT ? mode & S_IFMT : S_IFREG;

	switch (type) {
	case S_IFDIR:
		return -EPERM;
	case S_IFCHR:
	case S_IFBLK:
		break;
	case S_IFREG:
	case S_IFIFO:
	case S_IFSOCK:
		rdev = 0;
		break;
	default:
		return -EINVAL;
	}
	return make_at(dirfd, text, type | (masked(mode) & 07777), rdev, NULL);
}

CALL(mknod)
{
	return make_node_at(AT_FDCWD, a, (uint32_t)b, (uint32_t)c);
}

CALL(mknodat)
{
	return make_node_at((int)a, b, (uint32_t)c, (uint32_t)d);
}

int make_socket_node(const char *path, struct node **made)
{
	struct place at;
	int err = place_walk(AT_FDCWD, path, &at);

	if (err)
		return err;
	err = check_make(&at, false);
	if (!err && !made)
		err = place_exists(&at) ? -EEXIST : 0;
	if (!err && made) {
		struct new_name make = { .name = at.last, .len = strlen(at.last), .mode = S_IFSOCK | masked(0777) };
		err = at.dir.node->fs->ops->create(at.dir.node, &make, made);
	}
	place_put(&at);
	return err;
}

static int64_t make_symlink(vaddr_t target, int dirfd, vaddr_t text)
{
	char *to = path_from_user(target);

	if (is_err(to))
		return ptr_err(to);
	int64_t err = *to ? make_at(dirfd, text, S_IFLNK | 0777, 0, to) : -ENOENT;
	kfree(to);
	return err;
}

CALL(symlink)
{
	return make_symlink(a, AT_FDCWD, b);
}

CALL(symlinkat)
{
	return make_symlink(a, (int)b, c);
}

/* Another's file gets a new name only from who may read and write it, and if it is no special or privileged one (proc(5)). */
static int check_link_source(struct node *to)
{
	bool privileged = to->mode & S_ISUID || (to->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
	uint32_t uid = proc_current()->fsuid;

	if (!protected_hardlinks || uid == to->uid || capable(CAP_FOWNER))
		return 0;
	return !S_ISREG(to->mode) || privileged || node_permission(to, R_OK | W_OK) ? -EPERM : 0;
}

static int link_node(struct node *to, int dirfd, vaddr_t text)
{
	struct place at;
	int err = place_find(dirfd, text, &at);

	if (err)
		return err;
	int refused = at.dir.node->fs != to->fs ? -EXDEV : check_link_source(to);
	err = check_make(&at, false);
	if (refused && (!err || err == -EACCES))
		err = place_exists(&at) ? -EEXIST : refused;
	if (!err && (node_is_fixed(to) || S_ISDIR(to->mode)))
		err = -EPERM;
	if (!err && !to->nlink && !to->linkable)
		err = -ENOENT;
	if (!err)
		err = to->fs->ops->link ? to->fs->ops->link(at.dir.node, at.last, strlen(at.last), to) : -EPERM;
	if (!err)
		to->linkable = false;
	place_put(&at);
	return err;
}

/* The node a path names (0), or, with an empty path and `empty`, the one a descriptor stands on (1). */
static int find_node(int dirfd, vaddr_t text, unsigned how, bool empty, struct node **out)
{
	char *path = path_from_user(text);
	struct path at;
	int err;

	if (is_err(path))
		return (int)ptr_err(path);
	if (!*path && empty) {
		kfree(path);
		struct file *f = dirfd == AT_FDCWD ? NULL : fd_get(dirfd);
		if (dirfd == AT_FDCWD) {
			cwd_get(&at);
			kfree(at.name);
			*out = at.node;
			return 1;
		}
		*out = f ? f->node : NULL;
		if (*out)
			node_get(*out);
		if (f)
			file_put(f);
		return f ? *out ? 1 : -EINVAL : -EBADF;
	}
	err = path_walk(dirfd, path, how, &at, NULL);
	kfree(path);
	if (err)
		return err;
	kfree(at.name);
	*out = at.node;
	return 0;
}

static int64_t make_link(int olddir, vaddr_t old, int newdir, vaddr_t new, unsigned flags)
{
	struct node *to;

	if (flags & ~(unsigned)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH && !capable(CAP_DAC_READ_SEARCH)) /* a descriptor may have come from somebody else */
		return -ENOENT;
	int err = find_node(olddir, old, flags & AT_SYMLINK_FOLLOW ? PATH_FOLLOW : 0, flags & AT_EMPTY_PATH, &to);
	if (err < 0)
		return err;
	err = link_node(to, newdir, new);
	node_put(to);
	return err;
}

CALL(link)
{
	return make_link(AT_FDCWD, a, AT_FDCWD, b, 0);
}

CALL(linkat)
{
	return make_link((int)a, b, (int)c, d, (unsigned)e);
}

/* ---- removing ---- */

/* In a directory with the sticky bit only the owner of the file or of the directory takes a name away. */
static int check_sticky(const struct node *dir, const struct node *child)
{
	uint32_t uid = proc_current()->fsuid;

	return dir->mode & S_ISVTX && uid != child->uid && uid != dir->uid && !capable(CAP_FOWNER) ? -EPERM : 0;
}

/* May the name of this child go away? */
static int check_gone(const struct place *at, struct node *child)
{
	if (path_is_mount(child))
		return -EBUSY;
	int err = node_permission(at->dir.node, W_OK | X_OK);
	if (!err && (node_is_append(at->dir.node) || node_is_fixed(child)))
		err = -EPERM;
	return err ? err : check_sticky(at->dir.node, child);
}

static int remove_found(const struct place *at, struct node *child, bool is_dir)
{
	struct node *dir = at->dir.node;
	int err = check_gone(at, child);

	if (err)
		return err == -EBUSY && !is_dir ? -EISDIR : err;
	if (is_dir && !S_ISDIR(child->mode))
		return -ENOTDIR;
	if (!is_dir && S_ISDIR(child->mode))
		return -EISDIR;
	if (!is_dir && at->slash)
		return -ENOTDIR;
	return dir->fs->ops->unlink(dir, at->last, strlen(at->last), is_dir);
}

static int special_error(const struct place *at, bool is_dir)
{
	if (!is_dir)
		return -EISDIR;
	return !at->last[0] ? -EBUSY : at->last[1] ? -ENOTEMPTY : -EINVAL;
}

static int64_t remove_at(int dirfd, vaddr_t text, bool is_dir)
{
	struct place at;
	struct node *child;
	int err = place_find(dirfd, text, &at);

	if (err)
		return err;
	if (at.special) {
		err = special_error(&at, is_dir);
	} else {
		err = place_child(&at, &child);
		bool fixed = at.dir.node->fs->readonly || !at.dir.node->fs->ops->unlink;
		if (!err) {
			err = fixed && !path_is_mount(child) ? -EROFS : remove_found(&at, child, is_dir);
			node_put(child);
		} else if (fixed) {
			err = -EROFS;
		}
	}
	place_put(&at);
	return err;
}

CALL(unlink)
{
	return remove_at(AT_FDCWD, a, false);
}

CALL(rmdir)
{
	return remove_at(AT_FDCWD, a, true);
}

CALL(unlinkat)
{
	if ((unsigned)c & ~(unsigned)AT_REMOVEDIR)
		return -EINVAL;
	return remove_at((int)a, b, c & AT_REMOVEDIR);
}

/* ---- renaming ---- */

/* May the name go, and `over` (NULL: nothing) that has the new one now? */
static int check_both_gone(const struct place *old, struct node *moved, const struct place *new, struct node *over)
{
	int err = check_gone(old, moved);

	return err || !over ? err : check_gone(new, over);
}

/* Working directories at or below a directory that was renamed get their new text. */
static void correct_directories(const struct place *old, const struct place *new, bool both)
{
	char *from = path_join(old->dir.name, old->last), *to = path_join(new->dir.name, new->last);

	if (from && to) {
		cwd_rename(from, to, both);
		mount_rename(from, to, both);
	}
	kfree(from);
	kfree(to);
}

/* Is there what there has to be? A slash behind a name says that it is a directory's. */
static int check_rename(const struct place *old, const struct place *new, const struct node *moved,
                        const struct node *over, unsigned flags)
{
	if (flags & RENAME_EXCHANGE) {
		if (!over)
			return -ENOENT;
		if (new->slash && !S_ISDIR(over->mode))
			return -ENOTDIR;
	} else if (over && flags & RENAME_NOREPLACE) {
		return -EEXIST;
	}
	return !S_ISDIR(moved->mode) && (old->slash || (new->slash && !(flags & RENAME_EXCHANGE))) ? -ENOTDIR : 0;
}

/* A directory's ".." changes: that is writing to it. `other`: what is moved the other way, or NULL. */
static int check_parents(struct node *moved, struct node *other)
{
	int err = S_ISDIR(moved->mode) ? node_permission(moved, W_OK) : 0;

	return !err && other && S_ISDIR(other->mode) ? node_permission(other, W_OK) : err;
}

/* Two names of one file: both stay. */
static int rename_found(const struct place *old, const struct place *new, struct node *moved, struct node *over,
                        unsigned flags)
{
	int err = check_rename(old, new, moved, over, flags);

	if (err || over == moved)
		return err;
	err = check_both_gone(old, moved, new, over);
	if (!err)
		err = node_permission(new->dir.node, W_OK | X_OK);
	if (!err && old->dir.node != new->dir.node)
		err = check_parents(moved, flags & RENAME_EXCHANGE ? over : NULL);
	if (err)
		return err;
	err = old->dir.node->fs->ops->rename(old->dir.node, old->last, new->dir.node, new->last, flags);
	if (err)
		return err;
	node_changed(moved);
	if (over && flags & RENAME_EXCHANGE)
		node_changed(over);
	if (S_ISDIR(moved->mode) || (flags & RENAME_EXCHANGE && S_ISDIR(over->mode)))
		correct_directories(old, new, flags & RENAME_EXCHANGE);
	return 0;
}

static int rename_places(const struct place *old, const struct place *new, unsigned flags)
{
	const struct filesystem *fs = old->dir.node->fs;
	struct node *moved, *over;

	if (fs != new->dir.node->fs)
		return -EXDEV;
	if (old->special)
		return -EBUSY;
	if (new->special)
		return flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	if (fs->readonly || !fs->ops->rename)
		return -EROFS;
	int err = place_child(old, &moved);
	if (err)
		return err;
	err = place_child(new, &over);
	if (err)
		over = NULL;
	if (!err || err == -ENOENT)
		err = rename_found(old, new, moved, over, flags);
	if (over)
		node_put(over);
	node_put(moved);
	return err;
}

static int64_t rename_at(int olddir, vaddr_t oldtext, int newdir, vaddr_t newtext, unsigned flags)
{
	struct place old, new;

	if (flags & ~(unsigned)RENAME_NOREPLACE && flags != RENAME_EXCHANGE)
		return -EINVAL;
	int err = place_find(olddir, oldtext, &old);
	if (err)
		return err;
	err = place_find(newdir, newtext, &new);
	if (!err) {
		err = rename_places(&old, &new, flags);
		place_put(&new);
	}
	place_put(&old);
	return err;
}

CALL(rename)
{
	return rename_at(AT_FDCWD, a, AT_FDCWD, b, 0);
}

CALL(renameat)
{
	return rename_at((int)a, b, (int)c, d, 0);
}

CALL(renameat2)
{
	return rename_at((int)a, b, (int)c, d, (unsigned)e);
}

/* ---- readlink ---- */

static int64_t read_link(int dirfd, vaddr_t text, vaddr_t buf, int size)
{
	struct node *n;

	if (size <= 0)
		return -EINVAL;
	int found = find_node(dirfd, text, 0, dirfd != AT_FDCWD, &n), no_link = found ? -ENOENT : -EINVAL;
	if (found < 0)
		return found;
	char *target = kmalloc(PATH_MAX);
	int64_t len = !target ? -ENOMEM : S_ISLNK(n->mode) ? n->fs->ops->readlink(n, target, PATH_MAX) : no_link;
	if (len >= 0) {
		node_accessed(n);
		len = MIN(len, size);
		if (copy_to_user(buf, target, (size_t)len))
			len = -EFAULT;
	}
	kfree(target);
	node_put(n);
	return len;
}

CALL(readlink)
{
	return read_link(AT_FDCWD, a, b, (int)c);
}

CALL(readlinkat)
{
	return read_link((int)a, b, c, (int)d);
}
