/* SPDX-License-Identifier: MIT */
/*
 * epoll(7): a list of files that is kept, and asked which of them are ready.
 *
 *     struct epoll ──items──► item ── file, no reference: it leaves the list by being closed
 *                                └── events, data; what was new when it was last told
 *
 * It stands on poll.c: who waits is woken by any change and asks every file of the list. Linux keeps a list of those that
 * woke; with the few files that programs here have, asking all costs less than the queues that would take.
 *
 * Edge-triggered items are told only if something came in since. That is what the wait queues of their files count, as
 * each wake is one such event (file_news); a kind of file that says nothing about it counts every change of any file, so
 * that an event is told too often rather than not at all. While an epoll exists changes are counted (poll_watch).
 *
 * Items that were told go to the end of the list, so that with a short array all have their turn.
 *
 * One epoll may be in another's list, in at most LEVELS levels and PATHS paths through each, so that asking stays short;
 * no circles. Additions of such are made one at a time (nest_gate).
 *
 * Locks: an epoll's gate guards its list; it may be held while a server is asked, and is taken from the outer to the inner
 * epoll. epoll_lock guards item->file and the items that each file has (file->watched). A file that is closed takes its
 * items' file away; the item stays, dead, until the holder of the gate comes by.
 */
#include "file/epoll.h"

#define PRIVATE_BITS (EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE)
#define EXCLUSIVE_BITS (POLLIN | POLLOUT | POLLERR | POLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE)
#define IN_BITS (POLLIN | POLLPRI | POLLRDNORM | POLLRDBAND | POLLRDHUP)
#define OUT_BITS (POLLOUT | POLLWRNORM | POLLWRBAND)
#define ITEMS_MAX (1u << 17) /* of all epolls together */
#define LEVELS 5
#define PATHS 100

struct epoll {
	struct gate gate;
	struct list items;         /* (gate) */
	struct file *file;         /* (c) */
};

struct epoll_item {
	struct list link;          /* (gate) */
	struct epoll *owner;       /* (c) */
	struct file *file;         /* (epoll_lock) NULL: closed */
	struct epoll_item *next;   /* (epoll_lock) of the same file */
	int fd;                    /* (c) as which it was added */
	struct abi_epoll_event event; /* (gate) */
	struct file_news seen;     /* (gate) */
	bool fresh;                /* (gate) added or changed, and not told since */
};

static struct spinlock epoll_lock = SPINLOCK_INIT(RANK_PORT);
static struct gate nest_gate;
static uint32_t items_total;

void epoll_init(void) { gate_init(&nest_gate); }

bool is_epoll(const struct file *f) { return f->kind == FILE_EPOLL; }

/* ---- items and their files ---- */

/* Its file, referenced; NULL when that is closed or being closed. */
static struct file *item_file(struct epoll_item *item)
{
	spin_lock(&epoll_lock);
	struct file *f = item->file;
	if (f && !file_try_get(f))
		f = NULL;
	spin_unlock(&epoll_lock);
	return f;
}

void epoll_forget(struct file *f)
{
	spin_lock(&epoll_lock);
	for (struct epoll_item *item = f->watched; item; item = item->next)
		item->file = NULL;
	f->watched = NULL;
	spin_unlock(&epoll_lock);
}

static void item_detach(struct epoll_item *item)
{
	spin_lock(&epoll_lock);
	if (item->file) {
		struct epoll_item **at = &item->file->watched;
		while (*at != item)
			at = &(*at)->next;
		*at = item->next;
		item->file = NULL;
	}
	spin_unlock(&epoll_lock);
}

static void item_end(struct epoll_item *item)
{
	item_detach(item);
	list_remove(&item->link);
	kfree(item);
	__atomic_sub_fetch(&items_total, 1, __ATOMIC_RELAXED);
}

/* ---- asking ---- */

static bool is_new(const struct epoll_item *item, const struct file_news *news, unsigned now)
{
	bool in = news->in != item->seen.in, out = news->out != item->seen.out;
	uint32_t events = item->event.events;

	if (!(events & EPOLLET) || item->fresh)
		return true;
	return (in && events & IN_BITS) || (out && events & OUT_BITS) || ((in || out) && now & (POLLERR | POLLHUP));
}

/* What is to be told of it now; *news: as of before the file was asked. */
static unsigned item_ready(struct epoll_item *item, struct file_news *news)
{
	uint32_t wanted = item->event.events & ~PRIVATE_BITS;
	struct file *f = wanted ? item_file(item) : NULL;

	*news = item->seen;
	if (!f)
		return 0;
	file_news(f, news);
	unsigned now = poll_file(f) & wanted;
	file_put(f);
	return now && is_new(item, news, now) ? now : 0;
}

static unsigned epoll_poll(struct file *f)
{
	struct epoll *e = f->data;
	struct file_news news;
	unsigned found = 0;

	if (gate_enter(&e->gate))
		return 0;
	list_for_each(n, &e->items)
		if ((found = item_ready(list_entry(n, struct epoll_item, link), &news)))
			break;
	gate_leave(&e->gate);
	return found ? POLLIN | POLLRDNORM : 0;
}

static void item_told(struct epoll_item *item, const struct file_news *news, struct list *told)
{
	item->seen = *news;
	item->fresh = false;
	if (item->event.events & EPOLLONESHOT)
		item->event.events &= PRIVATE_BITS;
	list_remove(&item->link);
	list_push_back(told, &item->link);
}

/* Stores what is ready, `max` at most: how many. -EFAULT: not even one. */
static int64_t collect(struct epoll *e, vaddr_t to, unsigned max)
{
	struct list told = LIST_INIT(told);
	int64_t count = 0;

	list_for_each_safe(n, &e->items) {
		struct epoll_item *item = list_entry(n, struct epoll_item, link);
		struct abi_epoll_event event = item->event;
		struct file_news news;
		if (count >= (int64_t)max)
			break;
		if (!item->file) {
			item_end(item);
			continue;
		}
		event.events = item_ready(item, &news);
		if (!event.events)
			continue;
		if (copy_to_user(to + (uint64_t)count * sizeof event, &event, sizeof event)) {
			count = count ? count : -EFAULT;
			break;
		}
		item_told(item, &news, &told);
		count++;
	}
	list_splice_back(&e->items, &told);
	return count;
}

int64_t epoll_wait(struct file *f, vaddr_t to, unsigned max, uint64_t deadline_ns)
{
	struct epoll *e = f->data;

	for (;;) {
		uint64_t seen = poll_changes();
		int64_t n = gate_enter(&e->gate);
		if (n)
			return n;
		n = collect(e, to, max);
		gate_leave(&e->gate);
		if (n || clock_now_ns() >= deadline_ns)
			return n;
		if (poll_wait(seen, deadline_ns) == -EINTR)
			return -EINTR;
	}
}

/* ---- one epoll in another ---- */

struct nesting { const struct epoll *seek; unsigned paths, levels; bool circle; };

/* Down from e, which is `level` levels below where it began. */
static int look_down(struct epoll *e, unsigned level, struct nesting *out)
{
	out->levels = MAX(out->levels, level);
	out->circle |= e == out->seek;
	if (++out->paths > PATHS || level > LEVELS || out->circle)
		return 0;
	int err = gate_enter(&e->gate);
	if (err)
		return err;
	list_for_each(n, &e->items) {
		struct file *f = item_file(list_entry(n, struct epoll_item, link));
		if (f && is_epoll(f))
			err = look_down(f->data, level + 1, out);
		if (f)
			file_put(f);
		if (err || out->circle || out->paths > PATHS)
			break;
	}
	gate_leave(&e->gate);
	return err;
}

static void look_up_locked(const struct epoll *e, unsigned level, struct nesting *out)
{
	out->levels = MAX(out->levels, level);
	if (++out->paths > PATHS || level > LEVELS)
		return;
	for (const struct epoll_item *item = e->file->watched; item && out->paths <= PATHS; item = item->next)
		look_up_locked(item->owner, level + 1, out);
}

/* May the epoll `in` become an item of e? -ELOOP, -EINVAL: too many paths, -EINTR */
static int nest_check(struct epoll *e, struct epoll *in)
{
	struct nesting down = { .seek = e }, up = { .seek = NULL };
	int err = look_down(in, 1, &down);

	if (err)
		return err;
	spin_lock(&epoll_lock);
	look_up_locked(e, 1, &up);
	spin_unlock(&epoll_lock);
	if (down.circle || down.levels + up.levels > LEVELS)
		return -ELOOP;
	return down.paths * up.paths > PATHS ? -EINVAL : 0;
}

/* ---- changing the list ---- */

static struct epoll_item *item_find(struct epoll *e, const struct file *f, int fd)
{
	list_for_each_safe(n, &e->items) {
		struct epoll_item *item = list_entry(n, struct epoll_item, link);
		if (!item->file)
			item_end(item);
		else if (item->file == f && item->fd == fd)
			return item;
	}
	return NULL;
}

static int item_add(struct epoll *e, struct file *f, int fd, const struct abi_epoll_event *event)
{
	bool room = __atomic_add_fetch(&items_total, 1, __ATOMIC_RELAXED) <= ITEMS_MAX;
	struct epoll_item *item = room ? kzalloc(sizeof *item) : NULL;

	if (!item) {
		__atomic_sub_fetch(&items_total, 1, __ATOMIC_RELAXED);
		return room ? -ENOMEM : -ENOSPC;
	}
	item->owner = e;
	item->fd = fd;
	item->event = *event;
	item->fresh = true;
	list_push_back(&e->items, &item->link);
	spin_lock(&epoll_lock);
	item->file = f;
	item->next = f->watched;
	f->watched = item;
	spin_unlock(&epoll_lock);
	return 0;
}

static int change(struct epoll *e, int op, struct file *f, int fd, const struct abi_epoll_event *event)
{
	int err = gate_enter(&e->gate);

	if (err)
		return err;
	struct epoll_item *item = item_find(e, f, fd);
	if (op == EPOLL_CTL_ADD) {
		err = item ? -EEXIST : item_add(e, f, fd, event);
	} else if (!item) {
		err = -ENOENT;
	} else if (op == EPOLL_CTL_DEL) {
		item_end(item);
	} else if (item->event.events & EPOLLEXCLUSIVE) {
		err = -EINVAL;
	} else {
		item->event = *event;
		item->fresh = true;
	}
	gate_leave(&e->gate);
	return err;
}

static bool exclusive_valid(int op, const struct file *f, uint32_t events)
{
	return op != EPOLL_CTL_MOD && (op != EPOLL_CTL_ADD || (!is_epoll(f) && !(events & ~EXCLUSIVE_BITS)));
}

int epoll_change(struct file *ef, int op, struct file *f, int fd, struct abi_epoll_event *event)
{
	bool nests = op == EPOLL_CTL_ADD && is_epoll(f);

	if (op < EPOLL_CTL_ADD || op > EPOLL_CTL_MOD)
		return -EINVAL;
	if (op != EPOLL_CTL_DEL && event->events & EPOLLEXCLUSIVE && !exclusive_valid(op, f, event->events))
		return -EINVAL;
	event->events |= POLLERR | POLLHUP;
	int err = nests ? gate_enter(&nest_gate) : 0;
	if (err)
		return err;
	if (nests)
		err = nest_check(ef->data, f->data);
	if (!err)
		err = change(ef->data, op, f, fd, event);
	if (nests)
		gate_leave(&nest_gate);
	if (!err)
		poll_changed(); /* who waits for it sees what is ready now */
	return err;
}

/* ---- life ---- */

static void epoll_release(struct file *f)
{
	struct epoll *e = f->data;

	list_for_each_safe(n, &e->items)
		item_end(list_entry(n, struct epoll_item, link));
	kfree(e);
	poll_watch(-1);
}

static const struct file_ops epoll_ops = {
	.stat = file_anonymous_stat,
	.poll = epoll_poll,
	.release = epoll_release,
};

struct file *epoll_create(void)
{
	struct epoll *e = kzalloc(sizeof *e);
	struct file *f = e ? file_create(FILE_EPOLL, &epoll_ops, O_RDWR, e) : NULL;

	if (!f) {
		kfree(e);
		return err_ptr(-ENOMEM);
	}
	gate_init(&e->gate);
	list_init(&e->items);
	e->file = f;
	poll_watch(1);
	return f;
}
