/* SPDX-License-Identifier: MIT */
/*
 * eventfd(2): a counter that is added to by writing eight bytes and taken by reading eight.
 *
 * A read waits until the counter is above 0, and takes all of it, or 1 of it when it is a semaphore; a write waits
 * until what it adds fits below the largest 64-bit number. One spin lock guards the counter and is held for a
 * comparison and a sum; the eight bytes are copied without it.
 */
#include "file/file_impl.h"

#define COUNT_MAX (UINT64_MAX - 1)

struct event {
	struct spinlock lock;
	uint64_t count;
	bool semaphore;
	struct wait_queue readable, writable;
};

/* Until there is something to take, which is taken. -EAGAIN, -EINTR. */
static int take(struct event *e, bool wait, uint64_t *out)
{
	int err = 0;

	spin_lock(&e->lock);
	while (!err && !e->count)
		err = wait ? wait_on(&e->readable, &e->lock, WAIT_SIGNALS, UINT64_MAX) : -EAGAIN;
	if (!err) {
		*out = e->semaphore ? 1 : e->count;
		e->count -= *out;
		wait_wake_all(&e->writable);
	}
	spin_unlock(&e->lock);
	return err;
}

static int add(struct event *e, bool wait, uint64_t more)
{
	int err = 0;

	spin_lock(&e->lock);
	while (!err && more > COUNT_MAX - e->count)
		err = wait ? wait_on(&e->writable, &e->lock, WAIT_SIGNALS, UINT64_MAX) : -EAGAIN;
	if (!err) {
		e->count += more;
		wait_wake_all(&e->readable);
	}
	spin_unlock(&e->lock);
	return err;
}

static int64_t event_read(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	uint64_t value;

	(void)pos;
	if (len < sizeof value)
		return -EINVAL;
	int err = take(f->data, !(f->flags & O_NONBLOCK), &value);
	if (err)
		return err;
	poll_changed();
	return copy_to_user(buf, &value, sizeof value) ? -EFAULT : (int64_t)sizeof value;
}

static int64_t event_write(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	uint64_t value;

	(void)pos;
	if (len < sizeof value)
		return -EINVAL;
	if (copy_from_user(&value, buf, sizeof value))
		return -EFAULT;
	int err = value == UINT64_MAX ? -EINVAL : add(f->data, !(f->flags & O_NONBLOCK), value);
	if (err)
		return err;
	poll_changed();
	return sizeof value;
}

static unsigned event_poll(struct file *f)
{
	struct event *e = f->data;
	uint64_t count = e->count;

	return (count ? POLLIN : 0) | (count < COUNT_MAX ? POLLOUT : 0);
}

static void event_queues(struct file *f, struct wait_queue **in, struct wait_queue **out)
{
	struct event *e = f->data;

	*in = &e->readable;
	*out = &e->writable;
}

static void event_release(struct file *f)
{
	kfree(f->data);
}

static const struct file_ops event_ops = {
	.read = event_read,
	.write = event_write,
	.stat = file_anonymous_stat,
	.poll = event_poll,
	.queues = event_queues,
	.release = event_release,
};

struct file *eventfd_create(uint32_t count, bool semaphore, uint32_t flags)
{
	struct event *e = kzalloc(sizeof *e);
	struct file *f = e ? file_create(FILE_EVENT, &event_ops, flags | O_RDWR, e) : NULL;

	if (!f) {
		kfree(e);
		return err_ptr(-ENOMEM);
	}
	spin_init(&e->lock, RANK_PORT);
	wait_queue_init(&e->readable);
	wait_queue_init(&e->writable);
	e->count = count;
	e->semaphore = semaphore;
	return f;
}
