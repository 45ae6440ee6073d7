/* SPDX-License-Identifier: MIT */
/*
 * Waiting for one of several files (poll(2)).
 *
 * All pollers wait on one queue; whatever changes the readiness of a file that has a poll operation calls poll_changed,
 * which is one load while nobody polls. A poller notes the count of changes before it looks, and sleeps only if nothing
 * changed since: no change can fall between the look and the sleep. The server of a device is asked at each look, and
 * says when to look again (dev_poll_changed). A queue in every file was left out: few wait, and looking once more is
 * cheap.
 */
#include "file/file_impl.h"

static struct spinlock poll_lock = SPINLOCK_INIT(RANK_POLL);
static struct wait_queue poll_queue = { SPINLOCK_INIT(RANK_WAIT), LIST_INIT(poll_queue.waiters) };
static volatile unsigned pollers;
static uint64_t changes;

void poll_changed(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!pollers)
		return;
	spin_lock(&poll_lock);
	changes++;
	wait_wake_all(&poll_queue);
	spin_unlock(&poll_lock);
}

static unsigned poll_one(const struct abi_pollfd *fd)
{
	if (fd->fd < 0)
		return 0;
	struct file *f = fd_get(fd->fd);
	if (!f)
		return POLLNVAL;
	unsigned now = f->flags & O_PATH ? POLLNVAL : f->ops->poll ? f->ops->poll(f) : POLLIN | POLLOUT;
	bool counter = kind_is_counter(f->kind);
	file_put(f);
	if (now == POLLNVAL)
		return now;
	if (!counter)
		now |= (now & POLLIN ? POLLRDNORM : 0) | (now & POLLOUT ? POLLWRNORM : 0);
	return now & ((unsigned)fd->events | POLLERR | POLLHUP);
}

static int poll_scan(struct abi_pollfd *fds, unsigned count)
{
	int ready = 0;

	for (unsigned i = 0; i < count; i++) {
		fds[i].revents = (int16_t)poll_one(&fds[i]);
		ready += fds[i].revents != 0;
	}
	return ready;
}

static uint64_t changes_now(void)
{
	spin_lock(&poll_lock);
	uint64_t now = changes;
	spin_unlock(&poll_lock);
	return now;
}

static int poll_wait(uint64_t seen, uint64_t deadline_ns)
{
	int err = 0;

	spin_lock(&poll_lock);
	if (changes == seen)
		err = wait_on(&poll_queue, &poll_lock, WAIT_SIGNALS, deadline_ns);
	spin_unlock(&poll_lock);
	return err;
}

int poll_files(struct abi_pollfd *fds, unsigned count, uint64_t deadline_ns)
{
	int ready, err = 0;

	__atomic_add_fetch(&pollers, 1, __ATOMIC_SEQ_CST);
	for (;;) {
		uint64_t seen = changes_now();
		ready = poll_scan(fds, count);
		if (ready || err || clock_now_ns() >= deadline_ns)
			break;
		err = poll_wait(seen, deadline_ns);
		if (err == -EINTR)
			break;
	}
	__atomic_sub_fetch(&pollers, 1, __ATOMIC_SEQ_CST);
	return ready ? ready : err == -EINTR ? err : 0;
}
