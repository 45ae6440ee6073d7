/* SPDX-License-Identifier: MIT */
/* What sys/file.c, path.c and mount.c share: the head of a call, and path names from user memory. */
#ifndef SYS_FILE_CALLS_H
#define SYS_FILE_CALLS_H

#include "sys/sys.h"

#include <abi/errno.h>

#include "file/file.h"
#include "lib/string.h"
#include "vm/vm.h"

/* CALL(name) { ... a, b, c, d, e, f ... }: the raw arguments, of which a call uses some. */
#define UNUSED __attribute__((unused))
#define CALL(name) \
	int64_t sys_##name(UNUSED uint64_t a, UNUSED uint64_t b, UNUSED uint64_t c, UNUSED uint64_t d, UNUSED uint64_t e, \
	                   UNUSED uint64_t f)

/* path_from_user: a kmalloc'ed copy, or -EFAULT, -ENAMETOOLONG, -ENOMEM by err_ptr. */
char *path_from_user(vaddr_t text);
/*
 * make_socket_node: a name for bind(2), as mknod(2) makes it; *made is referenced. NULL: only look whether it could be
 * made. -EEXIST, what mknod(2) says.
 */
int make_socket_node(const char *path, struct node **made);
int64_t fd_duplicate(int fd, int at_least, bool cloexec); /* dup(2), F_DUPFD */
/* node_truncate: ftruncate(2), once the right to do it has been checked. */
/* check_growth: 0, or -EFBIG and SIGXFSZ: it would grow beyond RLIMIT_FSIZE. */
int check_growth(const struct object *o, uint64_t size);
int node_truncate(struct node *n, uint64_t size);

#define IO_MAX 0x7ffff000ul /* bytes of one call: MAX_RW_COUNT of Linux */

static inline bool user_range(vaddr_t addr, size_t len)
{
	return len <= USER_END && addr <= USER_END - len;
}

/* A position may not pass the largest even by what could be read there. Only what has a position is given one. */
static inline bool past_end(const int64_t *pos, size_t len)
{
	return pos && (uint64_t)*pos + len > INT64_MAX;
}

static inline int64_t read_at(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	if (unlikely(!can_read(f)))
		return -EBADF;
	if (unlikely(!f->ops->read))
		return -EINVAL;
	if (unlikely(!user_range(buf, len)))
		return -EFAULT;
	if (unlikely(past_end(pos, len)))
		return -EINVAL;
	return f->ops->read(f, buf, MIN(len, IO_MAX), pos);
}

static inline int64_t write_at(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	if (unlikely(!can_write(f)))
		return -EBADF;
	if (unlikely(!f->ops->write))
		return -EINVAL;
	if (unlikely(!user_range(buf, len)))
		return -EFAULT;
	if (unlikely(past_end(pos, len)))
		return -EINVAL;
	return f->ops->write(f, buf, MIN(len, IO_MAX), pos);
}

#endif
