/* SPDX-License-Identifier: MIT */
/* System calls about timers that are read (file/timerfd.c): arguments checked, in Linux's order, copied and converted. */
#include <abi/capability.h>
#include <abi/time.h>

#include "sys/calls.h"
#include "sys/file_calls.h"
#include "sys/time.h"
#include "task/task_impl.h"

/* -EINVAL, -EPERM */
static int clock_check(int clock, bool *wakes)
{
	*wakes = clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM;
	if (*wakes)
		return capable(CAP_WAKE_ALARM) ? 0 : -EPERM;
	return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME ? 0 : -EINVAL;
}

CALL(timerfd_create)
{
	bool wakes;
	int err = (uint32_t)b & ~(unsigned)(O_CLOEXEC | O_NONBLOCK) ? -EINVAL : clock_check((int)a, &wakes);

	if (!err)
		err = fd_room();
	return err ? err : fd_give(timerfd_create(clock_base_ns((int)a), wakes, b & O_NONBLOCK), b & O_CLOEXEC);
}

/* err_ptr(-EBADF, -EINVAL) */
static struct file *timer_file(int fd)
{
	struct file *f = fd_get(fd);
	bool is_path = f && f->flags & O_PATH;

	if (f && f->kind == FILE_TIMER)
		return f;
	if (f)
		file_put(f);
	return err_ptr(!f || is_path ? -EBADF : -EINVAL);
}

static int64_t setting_out(vaddr_t at, const struct timer_setting *s)
{
	struct abi_itimerspec value = { timespec_of(s->interval_ns), timespec_of(s->value_ns) };

	return copy_to_user(at, &value, sizeof value);
}

CALL(timerfd_gettime)
{
	struct timer_setting now;
	struct file *file = timer_file((int)a);

	if (is_err(file))
		return ptr_err(file);
	timerfd_get(file, &now);
	file_put(file);
	return setting_out(b, &now);
}

CALL(timerfd_settime)
{
	struct timer_setting new = { .absolute = b & TFD_TIMER_ABSTIME }, old;
	struct abi_itimerspec value;

	if (copy_from_user(&value, c, sizeof value))
		return -EFAULT;
	if ((uint32_t)b & ~(unsigned)(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET) ||
	    timespec_ns(&value.it_interval, &new.interval_ns) || timespec_ns(&value.it_value, &new.value_ns))
		return -EINVAL;
	struct file *file = timer_file((int)a);
	if (is_err(file))
		return ptr_err(file);
	int64_t err = timerfd_wakes(file) && !capable(CAP_WAKE_ALARM) ? -EPERM : 0;
	if (!err)
		timerfd_set(file, &new, &old);
	file_put(file);
	return err || !d ? err : setting_out(d, &old);
}
