/* SPDX-License-Identifier: MIT */
/*
 * Positions and sizes: lseek, ftruncate, fallocate.
 *
 * fallocate answers for a disk as Linux does for ext2: holes can be punched, and nothing else, for a block that is
 * reserved and reads as zeros cannot be written down there. What other kinds of files can do is their own operation.
 */
#include "sys/file_calls.h"

/* ---- position ---- */

/* The object that holds the bytes of f; NULL for what has none (a directory, a device). */
static struct object *object_of(const struct file *f)
{
	return f->kind == FILE_OBJECT ? f->data : f->node ? f->node->object : NULL;
}

static int64_t size_of(const struct file *f)
{
	const struct object *o = object_of(f);

	return (int64_t)(o ? o->size : f->node->size);
}

/* SEEK_DATA, SEEK_HOLE. What has no object is data throughout, then one hole. */
static int64_t seek_extent(struct file *f, int64_t off, bool hole)
{
	struct object *o = object_of(f);

	if (off < 0 || off >= size_of(f))
		return -ENXIO;
	return o ? object_seek(o, (uint64_t)off, hole) : hole ? size_of(f) : off;
}

/* The place that whence and off name, before it is checked. */
static int64_t seek_target(struct file *f, int64_t off, unsigned whence)
{
	int64_t size = size_of(f), base = whence == SEEK_END ? size : whence == SEEK_CUR ? f->pos : 0, target;

	switch (whence) {
	case SEEK_CUR:
		if (!off) /* wherever that is */
			return base;
		/* fall through */
	case SEEK_SET:
	case SEEK_END:
		if (__builtin_add_overflow(base, off, &target) || target < 0)
			return -EINVAL;
		return (uint64_t)target > file_size_limit(f) ? -EINVAL : target;
	case SEEK_DATA:
	case SEEK_HOLE:
		return seek_extent(f, off, whence == SEEK_HOLE);
	}
	return -EINVAL;
}

static int64_t seek(struct file *f, int64_t off, unsigned whence)
{
	if (f->flags & O_PATH)
		return -EBADF;
	if (whence > SEEK_HOLE)
		return -EINVAL;
	if (kind_is_counter(f->kind))
		return 0;
	if (!f->seekable)
		return -ESPIPE;
	if (f->kind == FILE_DEVICE && !f->data) /* the kernel's own: what they give does not depend on a place */
		return f->pos = 0;
	if (f->kind == FILE_TEXT && whence >= SEEK_END)
		return -EINVAL;
	int64_t target = gate_enter(&f->pos_gate);
	if (target)
		return target;
	target = seek_target(f, off, whence);
	if (target >= 0)
		f->pos = target;
	gate_leave(&f->pos_gate);
	return target;
}

CALL(lseek)
{
	struct file *file = fd_get((int)a);

	if (!file)
		return -EBADF;
	int64_t pos = seek(file, (int64_t)b, (unsigned)c);
	file_put(file);
	return pos;
}

/* ---- size ---- */

CALL(ftruncate)
{
	struct file *file = fd_get((int)a);
	int64_t err;

	if ((int64_t)b < 0) {
		if (file)
			file_put(file);
		return -EINVAL;
	}
	if (!file)
		return -EBADF;
	if (file->flags & O_PATH)
		err = -EBADF;
	else if (!can_write(file) || !file->node || !file->node->object)
		err = -EINVAL;
	else if (node_is_append(file->node) || node_is_frozen(file->node))
		err = -EPERM;
	else
		err = node_truncate(file->node, b);
	file_put(file);
	return err;
}

/* ---- fallocate ---- */

/* Combinations that no filesystem is asked about. */
static int check_fallocate_mode(unsigned mode)
{
	const unsigned keep = FALLOC_FL_KEEP_SIZE, punch = FALLOC_FL_PUNCH_HOLE, zero = FALLOC_FL_ZERO_RANGE;
	const unsigned collapse = FALLOC_FL_COLLAPSE_RANGE, insert = FALLOC_FL_INSERT_RANGE,
		unshare = FALLOC_FL_UNSHARE_RANGE;

	if (mode & ~(keep | punch | zero | collapse | insert | unshare))
		return -EOPNOTSUPP;
	if ((mode & punch && mode & zero) || (mode & punch && !(mode & keep)))
		return -EOPNOTSUPP;
	if ((mode & collapse && mode != collapse) || (mode & insert && mode != insert))
		return -EINVAL;
	return mode & unshare && mode & ~(unshare | keep) ? -EINVAL : 0;
}

static int64_t allocate(struct file *f, unsigned mode, int64_t off, int64_t len)
{
	int64_t end;

	if (f->flags & O_PATH)
		return -EBADF;
	if (off < 0 || len <= 0)
		return -EINVAL;
	int err = check_fallocate_mode(mode);
	if (err)
		return err;
	if (!can_write(f))
		return -EBADF;
	if (f->node && (f->node->flags & FS_IMMUTABLE_FL || (mode & ~FALLOC_FL_KEEP_SIZE && node_is_append(f->node))))
		return -EPERM;
	if (f->kind == FILE_PIPE)
		return -ESPIPE;
	if (!object_of(f))
		return -ENODEV;
	if (__builtin_add_overflow(off, len, &end) || (uint64_t)end > file_size_limit(f))
		return -EFBIG;
	if (object_of(f)->pager == PAGER_ZERO && !(mode & FALLOC_FL_KEEP_SIZE))
		err = check_growth(object_of(f), (uint64_t)end);
	if (err)
		return err;
	return f->ops->fallocate ? f->ops->fallocate(f, mode, (uint64_t)off, (uint64_t)len) : -EOPNOTSUPP;
}

CALL(fallocate)
{
	struct file *file = fd_get((int)a);

	if (!file)
		return -EBADF;
	int64_t err = allocate(file, (unsigned)b, (int64_t)c, (int64_t)d);
	file_put(file);
	return err;
}
