/* SPDX-License-Identifier: MIT */
/*
 * What a program says about how it will use a file: posix_fadvise, readahead, sync_file_range. None of it changes what
 * the file holds. How a file is read the kernel sees for itself, so NORMAL, RANDOM, SEQUENTIAL and NOREUSE are only
 * checked; WILLNEED and readahead bring pages in, a bounded number at a call; DONTNEED has dirty pages written and
 * gives up what is clean then and not mapped, whole pages only.
 */
#include "sys/file_calls.h"

#define AHEAD_MAX 512 /* pages of one call */

static struct object *pages_of_file(const struct file *f) { return f->node ? f->node->object : NULL; }

static void read_ahead(struct object *o, uint64_t off, uint64_t len)
{
	uint64_t end = len && len < INT64_MAX - off ? off + len : INT64_MAX;

	if (o->pager == PAGER_SERVER)
		object_read_ahead(o, off >> PAGE_SHIFT, MIN((end - 1 - off) / PAGE_SIZE + 1, (uint64_t)AHEAD_MAX));
}

/* Only whole pages; a last page that the file ends in counts as whole. */
static void give_up(struct object *o, uint64_t off, uint64_t len)
{
	uint64_t end = len && len < INT64_MAX - off ? off + len : INT64_MAX;
	uint64_t first = ALIGN_UP(off, PAGE_SIZE) / PAGE_SIZE, past = end >= o->size ? ~0ul >> PAGE_SHIFT : end / PAGE_SIZE;

	if (o->pager == PAGER_SERVER && first < past && !object_sync(o, off, end - off, false))
		object_drop_pages(o, first, past - 1);
}

static int64_t advise(const struct file *f, int64_t off, int64_t len, int advice)
{
	struct object *o = pages_of_file(f);

	if (f->flags & O_PATH)
		return -EBADF;
	if (f->kind == FILE_PIPE)
		return -ESPIPE;
	if (len < 0 || advice < POSIX_FADV_NORMAL || advice > POSIX_FADV_NOREUSE)
		return -EINVAL;
	if (o && off >= 0 && advice == POSIX_FADV_WILLNEED)
		read_ahead(o, (uint64_t)off, (uint64_t)len);
	else if (o && off >= 0 && advice == POSIX_FADV_DONTNEED)
		give_up(o, (uint64_t)off, (uint64_t)len);
	return 0;
}

CALL(fadvise64)
{
	struct file *file = fd_get((int)a);

	if (!file)
		return -EBADF;
	int64_t err = advise(file, (int64_t)b, (int64_t)c, (int)d);
	file_put(file);
	return err;
}

CALL(readahead)
{
	struct file *file = fd_get((int)a);

	if (!file)
		return -EBADF;
	int64_t err = !can_read(file) ? -EBADF : !pages_of_file(file) || (int64_t)c < 0 ? -EINVAL : 0;
	if (!err && c && (int64_t)b >= 0)
		read_ahead(pages_of_file(file), b, c);
	file_put(file);
	return err;
}

/* Whatever is asked, the pages are written and waited for; nothing else is made durable. */
static int64_t sync_range(const struct file *f, int64_t off, int64_t len, unsigned flags)
{
	struct object *o = pages_of_file(f);
	int64_t end;

	if (f->flags & O_PATH)
		return -EBADF;
	if (flags & ~(unsigned)(SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER))
		return -EINVAL;
	if (off < 0 || __builtin_add_overflow(off, len, &end) || end < off)
		return -EINVAL;
	if (!o)
		return f->node && S_ISDIR(f->node->mode) ? 0 : -ESPIPE;
	return flags ? object_sync(o, (uint64_t)off, len ? (uint64_t)len : UINT64_MAX - (uint64_t)off, false) : 0;
}

CALL(sync_file_range)
{
	struct file *file = fd_get((int)a);

	if (!file)
		return -EBADF;
	int64_t err = sync_range(file, (int64_t)b, (int64_t)c, (unsigned)d);
	file_put(file);
	return err;
}
