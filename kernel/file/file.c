/* SPDX-License-Identifier: MIT */
/*
 * Open files that stand on a node: opening by path, and what a plain file and a directory do.
 *
 * A plain file has no buffer and no pages of its own: reading and writing go to the node's object, which is also what a
 * mapping of the file shows. So the path of a read(2) from the cache is sys_read, fd_get, node_read, object_read, and
 * nothing more.
 *
 * The position of an open file is guarded by its gate, not by a lock, for it stays closed while the object asks its
 * pager; that keeps two processes that share a descriptor (a shell's children) from writing over each other. Appending
 * writes take their position from the object, which serialises growth.
 *
 * open(2) with O_CREAT and an existing name opens it; the name may vanish or appear between the lookup and the server's
 * FS_CREATE, then the whole is tried again, a few times.
 */
#include <abi/mman.h>
#include <abi/mount.h>
#include <abi/signal.h>
#include <abi/termios.h>

#include "file/file_impl.h"

#define OPEN_TRIES 4
/* What open(2) asks once and F_GETFL does not show. */
#define OPEN_ONCE (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC | OPEN_EXEC)

/* ---- plain files ---- */

static int64_t node_read(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	struct object *o = f->node->object;
	int64_t n = object_read(o, (uint64_t)*pos, buf, len, false);

	if (likely(n > 0))
		*pos += n;
	if (len || o->pager == PAGER_ZERO) /* a disk's file is not looked at for nothing */
		file_accessed(f);
	return n;
}

/* How much of a write at pos may be done: RLIMIT_FSIZE, and what a position can say. */
static int64_t write_room(uint64_t pos, size_t len)
{
	uint64_t limit = proc_rlimit(RLIMIT_FSIZE);

	if (!len)
		return 0;
	if (pos >= limit) {
		signal_send_self(SIGXFSZ);
		return -EFBIG;
	}
	if (pos >= FILE_SIZE_MAX)
		return -EFBIG;
	return (int64_t)MIN(len, MIN(limit, (uint64_t)FILE_SIZE_MAX) - pos);
}

static int64_t write_bytes(struct file *f, uint64_t buf, size_t len, int64_t *pos, bool kernel)
{
	struct object *o = f->node->object;
	bool append = f->flags & O_APPEND || *pos == POS_APPEND;
	uint64_t at = append ? o->size : (uint64_t)*pos, end;
	int64_t n = unlikely(node_is_frozen(f->node)) ? -EPERM : write_room(at, len);

	if (n <= 0)
		return n;
	node_drop_setid(f->node);
	if (append) {
		n = object_append(o, buf, (size_t)n, kernel, &end);
	} else {
		n = object_write(o, at, buf, (size_t)n, kernel);
		end = at + (uint64_t)n;
	}
	if (n <= 0)
		return n;
	node_touch_mtime(f->node);
	*pos = (int64_t)end;
	if (unlikely(f->flags & (O_DSYNC | O_SYNC) || f->node->flags & FS_SYNC_FL ||
	             f->node->fs->flags & MS_SYNCHRONOUS)) {
		int err = object_sync(o, end - (uint64_t)n, (uint64_t)n, true);
		if (err)
			return err;
	}
	return n;
}

static int64_t node_write(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	return write_bytes(f, buf, len, pos, false);
}

static int64_t node_write_kernel(struct file *f, const void *buf, size_t len, int64_t *pos)
{
	return write_bytes(f, (uint64_t)buf, len, pos, true);
}

static int64_t node_ioctl(struct file *f, unsigned cmd, vaddr_t arg)
{
	if (cmd != FIONREAD)
		return -ENOTTY;
	int32_t value = (int32_t)((int64_t)f->node->object->size - f->pos); /* less than 0 past the end, as on Linux */
	return copy_to_user(arg, &value, sizeof value);
}

int file_node_stat(struct file *f, struct abi_stat *st)
{
	int err = node_refresh(f->node);

	if (!err)
		node_stat(f->node, st);
	return err;
}

int file_anonymous_stat(struct file *f, struct abi_stat *st)
{
	(void)f;
	memset(st, 0, sizeof *st);
	st->st_ino = 1;
	st->st_nlink = 1;
	st->st_mode = 0600;
	st->st_blksize = PAGE_SIZE;
	return 0;
}

static int node_sync(struct file *f, bool data_only)
{
	(void)data_only; /* sizes and the map of blocks travel with the data in any case */
	return object_sync(f->node->object, 0, UINT64_MAX, true);
}

static int node_map(struct file *f, uint64_t off, size_t len, struct object **object, pgoff_t *pgoff)
{
	(void)len;
	file_accessed(f);
	object_get(f->node->object);
	*object = f->node->object;
	*pgoff = off >> PAGE_SHIFT;
	return 0;
}

static int node_fallocate(struct file *f, unsigned mode, uint64_t off, uint64_t len)
{
	struct object *o = f->node->object;
	bool punch = mode == (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);

	if (!punch && (o->pager != PAGER_ZERO || mode & ~(unsigned)FALLOC_FL_KEEP_SIZE))
		return -EOPNOTSUPP;
	node_drop_setid(f->node);
	int err = punch ? object_punch(o, off, len) : object_allocate(o, off, len, mode & FALLOC_FL_KEEP_SIZE);
	if (!err)
		node_touch_mtime(f->node);
	return err;
}

static const struct file_ops node_file_ops = {
	.read = node_read,
	.write = node_write,
	.write_kernel = node_write_kernel,
	.ioctl = node_ioctl,
	.stat = file_node_stat,
	.sync = node_sync,
	.map = node_map,
	.fallocate = node_fallocate,
};

/* ---- directories ---- */

static int64_t dir_read(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	(void)f, (void)buf, (void)len, (void)pos;
	return -EISDIR;
}

static int dir_sync(struct file *f, bool data_only)
{
	struct filesystem *fs = f->node->fs;

	(void)data_only;
	return fs->ops->sync ? fs->ops->sync(fs) : 0;
}

static const struct file_ops dir_file_ops = {
	.read = dir_read,
	.stat = file_node_stat,
	.sync = dir_sync,
};

/* ---- O_PATH: only a place in the tree ---- */
static const struct file_ops path_file_ops = { .stat = file_node_stat };

/* ---- open ---- */

static unsigned access_of(int flags)
{
	static const unsigned by_mode[4] = { R_OK, W_OK, R_OK | W_OK, R_OK | W_OK };

	return flags & OPEN_EXEC ? X_OK : by_mode[flags & O_ACCMODE] | (flags & O_TRUNC ? W_OK : 0);
}

/* May this node be opened so? `created`: the permission bits just given to it do not bind its maker. */
static int check_open(struct node *n, int flags, bool created)
{
	unsigned access = access_of(flags);

	if (flags & O_DIRECTORY && !S_ISDIR(n->mode))
		return -ENOTDIR;
	if (S_ISLNK(n->mode))
		return -ELOOP;
	if (flags & OPEN_EXEC && (!S_ISREG(n->mode) || !n->object || n->fs->flags & MS_NOEXEC))
		return -EACCES;
	if (S_ISDIR(n->mode) && (access & W_OK || flags & O_CREAT))
		return -EISDIR;
	int err = created ? 0 : node_permission(n, access);
	if (!err && flags & O_NOATIME && !node_is_own(n))
		err = -EPERM;
	if (!err && unlikely(node_is_append(n)) && !(flags & OPEN_EXEC) &&
	    (flags & O_TRUNC || ((flags & O_ACCMODE) != O_RDONLY && !(flags & O_APPEND))))
		err = -EPERM;
	return err;
}

/* Give f its operations, by what kind of thing the node is. */
static int attach_ops(struct file *f, struct node *n)
{
	if (S_ISFIFO(n->mode))
		return pipe_open(f);
	if (n->fs->ops->open && !S_ISDIR(n->mode))
		return n->fs->ops->open(n, f);
	switch (n->mode & S_IFMT) {
	case S_IFREG:
		if (!n->object)
			return -EIO;
		f->ops = &node_file_ops;
		f->seekable = true;
		return 0;
	case S_IFDIR:
		f->ops = &dir_file_ops;
		f->seekable = true;
		return 0;
	case S_IFCHR:
	case S_IFBLK:
		if (n->fs->flags & MS_NODEV)
			return -EACCES;
		return devfs_open_rdev(f, n->rdev);
	}
	return -ENXIO; /* a socket is connected to, not opened */
}

static int truncate_on_open(struct node *n)
{
	node_drop_setid(n);
	node_touch_mtime(n);
	return object_resize(n->object, 0);
}

/* A plain file's claim, while it is open or, when it is only cut, for that moment; then O_TRUNC. */
static int open_plain(struct file *f, struct node *n, int flags, bool created)
{
	bool writes = (flags & O_ACCMODE) == O_WRONLY || (flags & O_ACCMODE) == O_RDWR, cuts = flags & O_TRUNC && !created;
	enum claim claim = flags & OPEN_EXEC ? CLAIM_EXEC : writes || cuts ? CLAIM_WRITE : CLAIM_NONE;

	int err = claim ? node_claim(n, claim) : 0;
	if (err)
		return err;
	n->written |= writes || cuts;
	err = cuts ? truncate_on_open(n) : 0;
	if (writes || claim == CLAIM_EXEC)
		f->claim = claim;
	else if (claim)
		node_unclaim(n, claim);
	return err;
}

bool node_allows_direct(const struct node *n) { return n && S_ISREG(n->mode) && n->fs->file_port; }

/* An open file on n; takes over n's reference and the name, also when it fails. */
static struct file *open_node(struct node *n, char *name, int flags, bool created)
{
	bool only_path = flags & O_PATH;
	int err = only_path ? flags & O_DIRECTORY && !S_ISDIR(n->mode) ? -ENOTDIR : 0 : check_open(n, flags, created);
	uint32_t shown = (uint32_t)(flags & ~OPEN_ONCE) | (only_path ? 0 : O_LARGEFILE);
	struct file *f = err ? NULL : file_create(FILE_NODE, &path_file_ops, shown, NULL);

	if (!f) {
		node_put(n);
		kfree(name);
		return err_ptr(err ? err : -ENOMEM);
	}
	f->node = n;
	f->path = name;
	f->flags |= flags & O_NOCTTY; /* for who attaches */
	if (!only_path)
		err = attach_ops(f, n);
	f->flags &= ~O_NOCTTY;
	if (!err && !only_path && flags & O_DIRECT && !node_allows_direct(n))
		err = -EINVAL;
	if (!err && !only_path && S_ISREG(n->mode) && n->object)
		err = open_plain(f, n, flags, created);
	if (err) {
		file_put(f);
		return err_ptr(err);
	}
	return f;
}

struct file *file_open_node(struct node *n, char *name, int flags)
{
	return open_node(n, name, flags, true);
}

/* Make the file that the walk found missing. 1: somebody else did meanwhile. */
static int create_here(struct node *dir, const char *last, uint32_t mode, struct node **out)
{
	uint32_t masked = mode & 07777 & ~cwd_umask(thread_current()->cwd);
	struct new_name make = { .name = last, .len = strlen(last),
	                         .mode = S_IFREG | node_new_mode(dir, masked) };

	if (!dir->fs->ops->create)
		return -EROFS;
	int err = node_permission(dir, W_OK | X_OK);
	if (!err)
		err = dir->fs->ops->create(dir, &make, out);
	return err == -EEXIST ? 1 : err;
}

static int open_create_try(int dirfd, const char *text, int flags, uint32_t mode, struct file **out)
{
	bool excl = flags & O_EXCL, created = false;
	char last[NAME_MAX + 1];
	struct node *child;
	struct path dir;
	int err = path_walk_create(dirfd, text, excl || flags & O_NOFOLLOW ? 0 : PATH_FOLLOW, &dir, last, &child);

	if (err)
		return err;
	if (!last[0] || !strcmp(last, ".") || !strcmp(last, ".."))
		err = excl ? -EEXIST : -EISDIR;
	else if (child && excl)
		err = -EEXIST;
	else if (!child) {
		err = create_here(dir.node, last, mode, &child);
		created = !err;
		err = err == 1 && excl ? -EEXIST : err;
	}
	char *name = err ? NULL : path_join(dir.name, last);
	path_put(&dir);
	if (!err && !name)
		err = -ENOMEM;
	if (err) {
		if (child)
			node_put(child);
		return err;
	}
	*out = open_node(child, name, flags, created);
	return 0;
}

static struct file *open_create(int dirfd, const char *text, int flags, uint32_t mode)
{
	char last[NAME_MAX + 1];
	struct path dir;
	struct file *f;
	size_t len = strlen(text);
	int err = 1;

	if (len && text[len - 1] == '/') { /* no plain file's name, if the way there exists */
		err = path_walk(dirfd, text, PATH_PARENT, &dir, last);
		if (!err)
			path_put(&dir);
		bool there = !last[0] || !strcmp(last, ".") || !strcmp(last, "..");
		return err_ptr(err ? err : there && flags & O_EXCL ? -EEXIST : -EISDIR);
	}
	for (unsigned tries = 0; err == 1 && tries < OPEN_TRIES; tries++)
		err = open_create_try(dirfd, text, flags, mode, &f);
	if (err)
		return err_ptr(err == 1 ? -EBUSY : err);
	return f;
}

/* O_TMPFILE: a file in the directory's filesystem that has no name. */
static struct file *open_nameless(int dirfd, const char *text, int flags, uint32_t mode)
{
	struct new_name make = { .len = 0 };
	unsigned access = flags & O_ACCMODE;
	struct path dir;
	struct node *n;

	if (flags & O_CREAT || (access != O_WRONLY && access != O_RDWR))
		return err_ptr(-EINVAL);
	int err = path_walk(dirfd, text, PATH_FOLLOW | PATH_DIRECTORY, &dir, NULL);
	if (err)
		return err_ptr(err);
	const struct fs_ops *ops = dir.node->fs->ops;
	make.mode = S_IFREG | node_new_mode(dir.node, mode & 07777 & ~cwd_umask(thread_current()->cwd));
	err = node_permission(dir.node, W_OK | X_OK);
	if (!err)
		err = ops->tmpfile ? ops->tmpfile(dir.node, &make, &n) : -EOPNOTSUPP;
	if (!err)
		n->linkable = !(flags & O_EXCL);
	char *name = err ? NULL : path_join(dir.name, "#");
	path_put(&dir);
	if (!err && !name) {
		node_put(n);
		err = -ENOMEM;
	}
	struct file *f = err ? err_ptr(err) : open_node(n, name, flags & ~(O_TMPFILE | O_EXCL | O_TRUNC), true);
	if (!is_err(f))
		f->flags |= O_TMPFILE; /* as F_GETFL tells it */
	return f;
}

struct file *file_open(int dirfd, const char *text, int flags, uint32_t mode)
{
	struct path at;

	if ((flags & O_TMPFILE) == O_TMPFILE && !(flags & O_PATH))
		return open_nameless(dirfd, text, flags, mode);
	if (flags & O_PATH)
		flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	if (flags & O_CREAT)
		return flags & O_DIRECTORY ? err_ptr(-EINVAL) : open_create(dirfd, text, flags, mode);
	int err = path_walk(dirfd, text, flags & O_NOFOLLOW ? 0 : PATH_FOLLOW, &at, NULL);
	if (!err)
		err = path_trim(&at);
	return err ? err_ptr(err) : open_node(at.node, at.name, flags, false);
}

/* The file behind a descriptor, opened once more. */
static struct file *reopen_exec(int fd)
{
	struct file *f = fd_get(fd);
	bool known = f && f->node && f->path;
	char *name = known ? kmalloc(strlen(f->path) + 1) : NULL;

	if (name) {
		memcpy(name, f->path, strlen(f->path) + 1);
		node_get(f->node);
	}
	struct file *opened = !f ? err_ptr(-EBADF) : !known ? err_ptr(-EACCES) : !name ? err_ptr(-ENOMEM) :
	                      open_node(f->node, name, OPEN_EXEC, false);
	if (f)
		file_put(f);
	return opened;
}

struct file *file_open_exec(int dirfd, const char *path, unsigned flags)
{
	if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return err_ptr(-EINVAL);
	if (!*path && flags & AT_EMPTY_PATH)
		return dirfd == AT_FDCWD ? err_ptr(-EACCES) : reopen_exec(dirfd);
	return file_open(dirfd, path, OPEN_EXEC | (flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0), 0);
}
