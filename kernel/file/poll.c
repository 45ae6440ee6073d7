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
static struct wait_queue poll_queue = { SPINLOCK_INIT(RANK_WAIT), LIST_INIT(poll_queue.waiters), 0 };
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

unsigned poll_file(struct file *f)
{
	unsigned now = f->ops->poll ? f->ops->poll(f) : POLLIN | POLLOUT;

	if (!kind_is_counter(f->kind))
		now |= (now & POLLIN ? POLLRDNORM : 0) | (now & POLLOUT ? POLLWRNORM : 0);
	return now;
}

void file_news(struct file *f, struct file_news *out)
{
	struct wait_queue *in_queue = NULL, *out_queue = NULL;

	if (!f->ops->queues) {
		out->in = out->out = (uint32_t)poll_changes();
		return;
	}
	f->ops->queues(f, &in_queue, &out_queue);
	out->in = in_queue ? in_queue->wakes : 0;
	out->out = out_queue ? out_queue->wakes : 0;
}

static unsigned poll_one(const struct abi_pollfd *fd)
{
	if (fd->fd < 0)
		return 0;
	struct file *f = fd_get(fd->fd);
	if (!f)
		return POLLNVAL;
	unsigned now = f->flags & O_PATH ? POLLNVAL : poll_file(f);
	file_put(f);
	return now == POLLNVAL ? now : now & ((unsigned)fd->events | POLLERR | POLLHUP);
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

void poll_watch(int more) { __atomic_add_fetch(&pollers, (unsigned)more, __ATOMIC_SEQ_CST); }

uint64_t poll_changes(void)
{
	spin_lock(&poll_lock);
	uint64_t now = changes;
	spin_unlock(&poll_lock);
	return now;
}

int poll_wait(uint64_t seen, uint64_t deadline_ns)
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

	poll_watch(1);
	for (;;) {
		uint64_t seen = poll_changes();
		ready = poll_scan(fds, count);
		if (ready || err || clock_now_ns() >= deadline_ns)
			break;
		err = poll_wait(seen, deadline_ns);
		if (err == -EINTR)
			break;
	}
	poll_watch(-1);
	return ready ? ready : err == -EINTR ? err : 0;
}
