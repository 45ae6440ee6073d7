/* SPDX-License-Identifier: MIT */
/*
 * timerfd_create(2): a timer that is read. Eight bytes say how often it has come due since the last read.
 *
 *     at_ns   when it is due next; 0 not at all
 *     ticks   how often it was due and has not been told
 *
 * What has passed is counted by whoever reads or asks (count_locked): the timer of the CPU that fires only wakes those
 * who wait for it, and is set again for the next time by the one who counts. So a timer that nobody reads costs one
 * interrupt, however short its interval, and is one event to an edge-triggered epoll.
 *
 * Time is that since boot; a clock that shows the time of day is the same plus a base, for it cannot be set.
 *
 * Locks: one spin lock for the fields. The firing takes it too, so timer_cancel is called without it.
 */
#include "file/file_impl.h"

struct timer_file {
	struct spinlock lock;
	struct timer timer;
	uint64_t base_ns;              /* (c) what its clock showed at boot */
	bool wakes;                    /* (c) a clock that wakes the machine: setting it is a privilege */
	uint64_t at_ns, interval_ns, ticks;
	struct wait_queue readable;
};

static void fire(struct timer *timer)
{
	struct timer_file *t = container_of(timer, struct timer_file, timer);

	spin_lock(&t->lock); /* no reader is between its look and its sleep */
	wait_wake_all(&t->readable);
	spin_unlock(&t->lock);
	poll_changed();
}

static void count_locked(struct timer_file *t)
{
	uint64_t now = clock_now_ns();

	if (!t->at_ns || now < t->at_ns)
		return;
	uint64_t passed = t->interval_ns ? 1 + (now - t->at_ns) / t->interval_ns : 1;
	t->ticks += passed;
	t->at_ns = t->interval_ns ? t->at_ns + passed * t->interval_ns : 0;
	if (t->at_ns)
		timer_set(&t->timer, t->at_ns);
}

static int64_t timer_read(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	struct timer_file *t = f->data;
	uint64_t ticks;
	int err = 0;

	(void)pos;
	if (len < sizeof ticks)
		return -EINVAL;
	spin_lock(&t->lock);
	for (count_locked(t); !err && !t->ticks; count_locked(t))
		err = f->flags & O_NONBLOCK ? -EAGAIN : wait_on(&t->readable, &t->lock, WAIT_SIGNALS, UINT64_MAX);
	ticks = t->ticks;
	t->ticks = 0;
	spin_unlock(&t->lock);
	if (!ticks)
		return err;
	return copy_to_user(buf, &ticks, sizeof ticks) ? -EFAULT : (int64_t)sizeof ticks;
}

static unsigned timer_poll(struct file *f)
{
	struct timer_file *t = f->data;

	spin_lock(&t->lock);
	bool due = t->ticks || (t->at_ns && clock_now_ns() >= t->at_ns);
	spin_unlock(&t->lock);
	return due ? POLLIN : 0;
}

static void timer_queues(struct file *f, struct wait_queue **in, struct wait_queue **out)
{
	(void)out;
	*in = &((struct timer_file *)f->data)->readable;
}

static void timer_release(struct file *f)
{
	struct timer_file *t = f->data;

	timer_cancel(&t->timer);
	kfree(t);
}

static const struct file_ops timer_ops = {
	.read = timer_read,
	.stat = file_anonymous_stat,
	.poll = timer_poll,
	.queues = timer_queues,
	.release = timer_release,
};

struct file *timerfd_create(uint64_t base_ns, bool wakes, uint32_t flags)
{
	struct timer_file *t = kzalloc(sizeof *t);
	struct file *f = t ? file_create(FILE_TIMER, &timer_ops, flags | O_RDWR, t) : NULL;

	if (!f) {
		kfree(t);
		return err_ptr(-ENOMEM);
	}
	spin_init(&t->lock, RANK_PORT);
	timer_init(&t->timer, fire);
	wait_queue_init(&t->readable);
	t->base_ns = base_ns;
	t->wakes = wakes;
	return f;
}

bool timerfd_wakes(const struct file *f) { return ((const struct timer_file *)f->data)->wakes; }

static void show_locked(struct timer_file *t, struct timer_setting *out)
{
	count_locked(t);
	uint64_t now = clock_now_ns();
	*out = (struct timer_setting){ .value_ns = t->at_ns > now ? t->at_ns - now : 0, .interval_ns = t->interval_ns };
}

void timerfd_get(struct file *f, struct timer_setting *out)
{
	struct timer_file *t = f->data;

	spin_lock(&t->lock);
	show_locked(t, out);
	spin_unlock(&t->lock);
}

void timerfd_set(struct file *f, const struct timer_setting *new, struct timer_setting *old)
{
	struct timer_file *t = f->data;

	spin_lock(&t->lock);
	show_locked(t, old);
	t->ticks = 0;
	t->interval_ns = new->interval_ns;
	if (!new->value_ns)
		t->at_ns = 0;
	else if (!new->absolute)
		t->at_ns = clock_now_ns() + new->value_ns;
	else
		t->at_ns = new->value_ns > t->base_ns ? new->value_ns - t->base_ns : 1;
	if (t->at_ns)
		timer_set(&t->timer, t->at_ns);
	spin_unlock(&t->lock);
}
