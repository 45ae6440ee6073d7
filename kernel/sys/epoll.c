/* SPDX-License-Identifier: MIT */
/* System calls of epoll(7): arguments in Linux's order of checks. file/epoll.c does the work. */
#include <abi/time.h>

#include "file/epoll.h"
#include "sys/calls.h"
#include "sys/file_calls.h"
#include "sys/time.h"
#include "task/task_impl.h"

static int64_t make_epoll(unsigned flags)
{
	int full = flags & ~(unsigned)O_CLOEXEC ? -EINVAL : fd_room();

	return full ? full : fd_give(epoll_create(), flags & O_CLOEXEC);
}

CALL(epoll_create)
{
	return (int)a <= 0 ? -EINVAL : make_epoll(0);
}

CALL(epoll_create1)
{
	return make_epoll((unsigned)a);
}

/* A descriptor that can be read or written; NULL: EBADF. */
static struct file *file_of(int fd)
{
	struct file *f = fd_get(fd);

	if (!f || !(f->flags & O_PATH))
		return f;
	file_put(f);
	return NULL;
}

CALL(epoll_ctl)
{
	struct abi_epoll_event event = { 0, 0 };

	if ((int)b != EPOLL_CTL_DEL && copy_from_user(&event, d, sizeof event))
		return -EFAULT;
	struct file *ef = file_of((int)a), *file = ef ? file_of((int)c) : NULL;
	int64_t err = !file ? -EBADF : !file->ops->poll ? -EPERM : file == ef || !is_epoll(ef) ? -EINVAL : 0;
	if (!err)
		err = epoll_change(ef, (int)b, file, (int)c, &event);
	if (file)
		file_put(file);
	if (ef)
		file_put(ef);
	return err;
}

static int64_t wait_for(int fd, vaddr_t to, int max, uint64_t deadline)
{
	if (max <= 0 || max > INT32_MAX / (int)sizeof(struct abi_epoll_event))
		return -EINVAL;
	if (!user_range(to, (size_t)max * sizeof(struct abi_epoll_event)))
		return -EFAULT;
	struct file *file = file_of(fd);
	int64_t n = !file ? -EBADF : !is_epoll(file) ? -EINVAL : epoll_wait(file, to, (unsigned)max, deadline);
	if (file)
		file_put(file);
	return n;
}

static uint64_t deadline_in(int32_t ms)
{
	return ms < 0 ? UINT64_MAX : clock_now_ns() + (uint64_t)ms * 1000000;
}

CALL(epoll_wait)
{
	return wait_for((int)a, b, (int)c, deadline_in((int32_t)d));
}

static int64_t wait_masked(int fd, vaddr_t to, int max, uint64_t deadline, vaddr_t mask, uint64_t size)
{
	int64_t n = wait_mask_begin(mask, size);

	if (n)
		return n;
	n = wait_for(fd, to, max, deadline);
	wait_mask_end(n);
	return n;
}

CALL(epoll_pwait)
{
	return wait_masked((int)a, b, (int)c, deadline_in((int32_t)d), e, f);
}

CALL(epoll_pwait2)
{
	uint64_t deadline;
	int err = wait_deadline_read(d, &deadline);

	return err ? err : wait_masked((int)a, b, (int)c, deadline, e, f);
}
