/* SPDX-License-Identifier: MIT */
/*
 * Files that tell their owner by a signal that they may be ready: F_SETOWN, F_SETSIG and O_ASYNC of fcntl(2).
 *
 *     file ── owner ──► whom, which signal; as which descriptor
 *               └─ list of all that are armed (O_ASYNC is set)
 *
 * It stands on what poll(2) and epoll stand on: each change of a pipe or a socket is a wake of one of its two queues,
 * and these count (file_news). Whoever changed one looks through the armed files for those whose count has moved
 * (file_changed), which is one load while there are none. So two changes may be one signal, as signals may; a file whose
 * change was seen is told once.
 *
 *     pipe     bytes came in, or the last writer went    POLL_IN
 *              bytes were taken, or the last reader went POLL_OUT
 *     socket   something came in                         POLL_IN; POLL_HUP when nothing goes either way any more
 *              there is room, and there was none         POLL_OUT
 *
 * Other files may have an owner, to whom nothing is told, and do not keep O_ASYNC. Terminals are among them: what comes in
 * is known to their server, who says only that something changed (docs/limits.md).
 *
 * Locks: async_lock guards the list and what stands in the owners. Under it files are asked what holds, for which a socket
 * takes a lock of its own; it is let go before a signal is sent. Rejected: a list in each pipe and socket, for the few
 * files that ever have an owner.
 */
#include <abi/signal.h>

#include "file/file_impl.h"

struct file_owner {
	struct list link;           /* (async_lock) among the armed; empty */
	struct file *file;          /* (c) */
	struct signal_owner to;     /* (async_lock) */
	int fd, signo;              /* (async_lock) signo 0: SIGIO, and nothing about the file */
	struct file_news seen;      /* (async_lock) */
	bool full;                  /* (async_lock) a socket that had no room when it was last looked at */
};

static struct spinlock async_lock = SPINLOCK_INIT(RANK_QUEUES);
static struct list armed = LIST_INIT(armed);
static volatile unsigned narmed;

/* The file's owner, made when there is none. NULL: no memory. */
static struct file_owner *owner_of(struct file *f)
{
	struct file_owner *new, *none = NULL;

	if (f->owner)
		return f->owner;
	new = kzalloc(sizeof *new);
	if (!new)
		return NULL;
	new->file = f;
	list_init(&new->link);
	if (__atomic_compare_exchange_n(&f->owner, &none, new, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return new;
	kfree(new);
	return none;
}

void async_forget(struct file *f)
{
	spin_lock(&async_lock);
	if (!list_empty(&f->owner->link)) {
		list_remove(&f->owner->link);
		narmed--;
	}
	spin_unlock(&async_lock);
	kfree(f->owner);
}

/* ---- who is told, and how ---- */

static struct signal_owner owner_now(const struct file *f)
{
	struct signal_owner to = { .kind = F_OWNER_TID };

	spin_lock(&async_lock);
	if (f->owner)
		to = f->owner->to;
	spin_unlock(&async_lock);
	return to;
}

int async_set_owner(struct file *f, int kind, int number)
{
	struct signal_owner to;
	int err = signal_owner_set(&to, kind, number);

	if (err || (!number && !f->owner))
		return err;
	struct file_owner *o = owner_of(f);
	if (!o)
		return -ENOMEM;
	spin_lock(&async_lock);
	o->to = to;
	spin_unlock(&async_lock);
	return 0;
}

int async_get_owner(const struct file *f, int *kind)
{
	struct signal_owner to = owner_now(f);

	*kind = to.kind;
	return signal_owner_number(&to);
}

void async_get_users(const struct file *f, uint32_t users[2])
{
	struct signal_owner to = owner_now(f);

	users[0] = to.uid;
	users[1] = to.euid;
}

int async_set_signal(struct file *f, uint64_t signo)
{
	if (signo > ABI_NSIG)
		return -EINVAL;
	if (!signo && !f->owner)
		return 0;
	struct file_owner *o = owner_of(f);
	if (!o)
		return -ENOMEM;
	o->signo = (int)signo;
	return 0;
}

int async_get_signal(const struct file *f) { return f->owner ? f->owner->signo : 0; }

/* ---- O_ASYNC ---- */

static int arm(struct file *f, int fd)
{
	struct file_owner *o = owner_of(f);
	struct file_news news;

	if (!o)
		return -ENOMEM;
	file_news(f, &news);
	bool full = !(poll_file(f) & POLLOUT);
	spin_lock(&async_lock);
	o->fd = fd;
	o->seen = news;
	o->full = full;
	if (list_empty(&o->link)) {
		list_push_back(&armed, &o->link);
		narmed++;
	}
	spin_unlock(&async_lock);
	return 0;
}

static void disarm(struct file *f)
{
	spin_lock(&async_lock);
	if (f->owner && !list_empty(&f->owner->link)) {
		list_remove(&f->owner->link);
		list_init(&f->owner->link);
		narmed--;
	}
	spin_unlock(&async_lock);
}

bool async_is_known(const struct file *f)
{
	return f->kind == FILE_PIPE || f->kind == FILE_SOCKET;
}

int async_set(struct file *f, int fd, bool on)
{
	int err = 0;

	if (on)
		err = arm(f, fd);
	else
		disarm(f);
	if (!err)
		f->flags = on ? f->flags | O_ASYNC : f->flags & ~(uint32_t)O_ASYNC;
	return err;
}

/* ---- news ---- */

enum { NEWS_IN = 1, NEWS_OUT = 2, NEWS_END = 4 };

static unsigned news_locked(struct file_owner *o)
{
	struct file *f = o->file;
	struct file_news now;

	file_news(f, &now);
	unsigned what = (now.in != o->seen.in ? NEWS_IN : 0) | (now.out != o->seen.out ? NEWS_OUT : 0);
	o->seen = now;
	if (f->kind == FILE_PIPE)
		return what;
	unsigned ready = poll_file(f);
	bool was_full = o->full;
	o->full = !(ready & POLLOUT);
	if (!was_full || o->full)
		what &= ~(unsigned)NEWS_OUT;
	if (!(ready & (POLLIN | POLLHUP)))
		what &= ~(unsigned)NEWS_IN;
	return what & NEWS_IN && ready & POLLHUP ? (what & ~(unsigned)NEWS_IN) | NEWS_END : what;
}

/* An armed file of which there is news, referenced, and its owner as of now; NULL: none. */
static struct file *next_news(struct file_owner *copy, unsigned *what)
{
	struct file *found = NULL;

	spin_lock(&async_lock);
	list_for_each(n, &armed) {
		struct file_owner *o = list_entry(n, struct file_owner, link);
		*what = news_locked(o);
		if (!*what || !file_try_get(o->file))
			continue;
		found = o->file;
		*copy = *o;
		break;
	}
	spin_unlock(&async_lock);
	return found;
}

static void tell(const struct file_owner *o, int code, int64_t band)
{
	struct abi_siginfo news = { .si_signo = o->signo, .si_code = code };

	news.poll.band = band;
	news.poll.fd = o->fd;
	signal_send_owner(&o->to, &news);
}

void file_changed(void)
{
	struct file_owner owner;
	struct file *f;
	unsigned what;

	poll_changed();
	while (unlikely(narmed) && (f = next_news(&owner, &what))) {
		if (what & NEWS_IN)
			tell(&owner, POLL_IN, POLLIN | POLLRDNORM);
		if (what & NEWS_END)
			tell(&owner, POLL_HUP, POLLHUP | POLLERR);
		if (what & NEWS_OUT)
			tell(&owner, POLL_OUT, POLLOUT | POLLWRNORM | POLLWRBAND);
		file_put(f);
	}
}
