/* SPDX-License-Identifier: MIT */
/* System calls about signals that are read (file/signalfd.c). */
#include "sys/calls.h"
#include "sys/file_calls.h"
#include "task/task_impl.h"

/* fd -1: a new one. */
static int64_t make_signals(int fd, vaddr_t set, uint64_t size, unsigned flags)
{
	uint64_t mask;

	if (size != sizeof mask)
		return -EINVAL;
	if (copy_from_user(&mask, set, sizeof mask))
		return -EFAULT;
	if (flags & ~(unsigned)(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	mask &= ~SIGMASK_UNBLOCKABLE;
	if (fd == -1) {
		int full = fd_room();
		return full ? full : fd_give(signalfd_create(mask, flags & O_NONBLOCK), flags & O_CLOEXEC);
	}
	struct file *file = fd_get(fd);
	bool is_path = file && file->flags & O_PATH, right = file && file->kind == FILE_SIGNALS;
	if (right)
		signalfd_set_mask(file, mask);
	if (file)
		file_put(file);
	return right ? fd : !file || is_path ? -EBADF : -EINVAL;
}

CALL(signalfd)
{
	return make_signals((int)a, b, c, 0);
}

CALL(signalfd4)
{
	return make_signals((int)a, b, c, (unsigned)d);
}
