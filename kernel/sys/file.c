/* SPDX-License-Identifier: MIT */
/*
 * Descriptors: reading, writing, duplicating, and what else takes a descriptor. Checks come in Linux's order, for a
 * program may see which of two errors it gets: EBADF (no descriptor, or not open for this), EINVAL (no such operation),
 * EFAULT (the buffer is not in user space), then what the file says. A buffer that is only partly there gives a short
 * count.
 *
 * A file with a position is used through its gate, which is held during the whole operation, as Linux holds f_pos_lock.
 */
#include "sys/file_calls.h"

#include "lib/log.h"

/* ---- read and write ---- */

typedef int64_t move_fn(struct file *f, vaddr_t buf, size_t len, int64_t *pos); /* read_at or write_at, inlined */

/* At the file's own position, if it has one. */
static inline __attribute__((always_inline)) int64_t move_on(int fd, vaddr_t buf, size_t len, move_fn *move)
{
	struct file *file = fd_get(fd);
	int64_t n;

	if (unlikely(!file))
		return -EBADF;
	if (file->seekable) {
		n = gate_enter(&file->pos_gate);
		if (likely(!n)) {
			n = move(file, buf, len, &file->pos);
			gate_leave(&file->pos_gate);
		}
	} else {
		n = move(file, buf, len, NULL);
	}
	file_put(file);
	return n;
}

static inline __attribute__((always_inline)) int64_t move_there(int fd, vaddr_t buf, size_t len, int64_t pos, move_fn *move)
{
	if (pos < 0)
		return -EINVAL;
	struct file *file = fd_get(fd);
	if (unlikely(!file))
		return -EBADF;
	int64_t n = file->seekable ? move(file, buf, len, &pos) : file->flags & O_PATH ? -EBADF : -ESPIPE;
	file_put(file);
	return n;
}

CALL(read)
{
	return move_on((int)a, b, c, read_at);
}

CALL(write)
{
	return move_on((int)a, b, c, write_at);
}

CALL(pread64)
{
	return move_there((int)a, b, c, (int64_t)d, read_at);
}

CALL(pwrite64)
{
	return move_there((int)a, b, c, (int64_t)d, write_at);
}

/* ---- open, close, duplicate ---- */

char *path_from_user(vaddr_t text)
{
	char *path = kmalloc(PATH_MAX);

	if (!path)
		return err_ptr(-ENOMEM);
	long n = copy_string_from_user(path, text, PATH_MAX);
	if (n >= 0)
		return path;
	kfree(path);
	return err_ptr(n);
}

/* Flags that mean something: open(2) overlooks others, and F_GETFL does not show them. */
#define OPEN_KNOWN \
	(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_DSYNC | O_SYNC | O_ASYNC | O_DIRECT | \
	 O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | O_TMPFILE)

static int64_t open_at(int dirfd, vaddr_t text, int flags, uint32_t mode)
{
	if ((flags & (O_TMPFILE | O_PATH)) == (O_TMPFILE & ~O_DIRECTORY))
		return -EINVAL;
	char *path = path_from_user(text);

	if (is_err(path))
		return ptr_err(path);
	int full = fd_room(); /* before a file is made or cut for nothing */
	struct file *f = full ? err_ptr(full) : file_open(dirfd, path, flags & OPEN_KNOWN, mode);
	kfree(path);
	return fd_give(f, flags & O_CLOEXEC);
}

CALL(open)
{
	return open_at(AT_FDCWD, a, (int)b, (uint32_t)c);
}

CALL(openat)
{
	return open_at((int)a, b, (int)c, (uint32_t)d);
}

CALL(creat)
{
	return open_at(AT_FDCWD, a, O_CREAT | O_WRONLY | O_TRUNC, (uint32_t)b);
}

CALL(close)
{
	return fd_close((int)a);
}

CALL(close_range)
{
	unsigned flags = (unsigned)c;

	if (flags & ~(unsigned)(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC) || (unsigned)a > (unsigned)b)
		return -EINVAL;
	return fd_close_range((unsigned)a, (unsigned)b, flags & CLOSE_RANGE_CLOEXEC, flags & CLOSE_RANGE_UNSHARE);
}

int64_t fd_duplicate(int fd, int at_least, bool cloexec)
{
	struct file *f = fd_get(fd);

	if (!f)
		return -EBADF;
	int copy = fd_install(f, at_least, cloexec);
	if (copy < 0)
		file_put(f);
	return copy;
}

CALL(dup)
{
	return fd_duplicate((int)a, 0, false);
}

CALL(dup2)
{
	return fd_dup_to((int)a, (int)b, false);
}

CALL(dup3)
{
	if (c & ~(uint64_t)O_CLOEXEC || (int)a == (int)b)
		return -EINVAL;
	return fd_dup_to((int)a, (int)b, c & O_CLOEXEC);
}

static int64_t make_pipe(vaddr_t user, uint64_t flags)
{
	struct file *end[2];

	if (flags & ~(uint64_t)(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
		return -EINVAL;
	int err = files_room();
	if (!err)
		err = pipe_create((uint32_t)flags & (O_NONBLOCK | O_DIRECT), end);
	return err ? err : fd_give_pair(end, flags & O_CLOEXEC, user);
}

CALL(pipe)
{
	return make_pipe(a, 0);
}

CALL(pipe2)
{
	return make_pipe(a, (uint32_t)b);
}

/* ---- eventfd ---- */

static int64_t make_event(uint64_t count, unsigned flags)
{
	if (flags & ~(unsigned)(EFD_SEMAPHORE | O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	int full = fd_room();
	struct file *f = full ? err_ptr(full) : eventfd_create((uint32_t)count, flags & EFD_SEMAPHORE, flags & O_NONBLOCK);
	return fd_give(f, flags & O_CLOEXEC);
}

CALL(eventfd)
{
	return make_event(a, 0);
}

CALL(eventfd2)
{
	return make_event(a, (unsigned)b);
}

/* ---- directories ---- */

static int64_t read_directory(int fd, vaddr_t buf, uint32_t len, bool old)
{
	struct file *file = fd_get(fd);

	if (!file)
		return -EBADF;
	int64_t n = file->flags & O_PATH ? -EBADF : dir_getdents(file, buf, len, old);
	file_put(file);
	return n;
}

CALL(getdents64)
{
	return read_directory((int)a, b, (uint32_t)c, false);
}

CALL(getdents)
{
	return read_directory((int)a, b, (uint32_t)c, true);
}

/* ---- durability ---- */

static int64_t sync_fd(int fd, bool data_only)
{
	struct file *file = fd_get(fd);

	if (!file)
		return -EBADF;
	int64_t err = file->flags & O_PATH ? -EBADF : file->ops->sync ? file->ops->sync(file, data_only) : -EINVAL;
	file_put(file);
	return err;
}

CALL(fsync)
{
	return sync_fd((int)a, false);
}

CALL(fdatasync)
{
	return sync_fd((int)a, true);
}

CALL(sync)
{
	mount_sync_all();
	return 0;
}

CALL(syncfs)
{
	struct file *file = fd_get((int)a);

	if (!file)
		return -EBADF;
	int64_t err = file->flags & O_PATH ? -EBADF : 0;
	file_put(file);
	if (!err)
		mount_sync_all();
	return err;
}
