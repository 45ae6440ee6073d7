/* SPDX-License-Identifier: MIT */
/*
 * Sending to and receiving from a socket, whose halves and messages socket.c draws.
 *
 * The pair's spin lock is never held while bytes are copied. So that two receivers do not get the bytes of a stream in
 * the wrong order, a half's gate is held from taking a message off the list to putting its rest back; it is let go to
 * wait. Who looked in between saw nothing, and is woken by the putting back. To peek is to take and put back all: of a
 * stream as much as there is, of the others one message.
 *
 * Each sender's own message is all it has allocated while it waits for room.
 */
#include "file/socket_impl.h"

#define STREAM_PIECE 32768u

static size_t cost_of(const struct message *m) { return m->len + MESSAGE_COST + m->nsent * sizeof *m->file; }

static void files_put(struct file **file, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		file_put(file[i]);
	kfree(file);
}

void transfer_put(struct transfer *t)
{
	files_put(t->file, t->nfiles);
	t->file = NULL;
	t->nfiles = 0;
}

static void message_free(struct message *m)
{
	files_put(m->file, m->nfiles);
	kfree(m);
}

void messages_free(struct list *messages)
{
	for (struct list *link; (link = list_pop_front(messages));)
		message_free(list_entry(link, struct message, link));
}

/* ---- sending ---- */

/* A message of the next bytes. err_ptr(-ENOMEM), err_ptr(-EFAULT). */
static struct message *message_make(const struct transfer *t, uint64_t from, size_t len)
{
	struct message *m = kmalloc(sizeof *m + len);

	if (!m)
		return err_ptr(-ENOMEM);
	m->len = len;
	m->at = 0;
	m->nsent = m->nfiles = 0;
	m->file = NULL;
	if (t->kernel)
		memcpy(m->bytes, (const void *)from, len);
	else if (copy_from_user(m->bytes, from, len)) {
		kfree(m);
		return err_ptr(-EFAULT);
	}
	return m;
}

/*
 * Why nothing can be sent. A DGRAM's first such attempt ends the connection: what has come from the other side goes to
 * *lost.
 */
static int unsendable_locked(struct side *s, struct list *lost)
{
	struct half *h = theirs(s);

	if (s->pair->type != SOCK_DGRAM || h->writer_gone || s->pair->open == 2)
		return -EPIPE;
	if (h->refused)
		return -ENOTCONN;
	h->refused = true;
	list_splice_back(lost, &mine(s)->messages);
	return -ECONNREFUSED;
}

/* Until m fits; then it belongs to the receiver. -EPIPE, -ECONNRESET, -ECONNREFUSED, -ENOTCONN, -EAGAIN, -EINTR. */
static int queue(struct side *s, struct message *m, bool wait)
{
	struct list lost = LIST_INIT(lost);
	struct half *h = theirs(s);
	int err = 0;

	spin_lock(&s->pair->lock);
	for (;;) {
		if (mine(s)->reset && s->pair->type == SOCK_SEQPACKET) {
			mine(s)->reset = false;
			err = -ECONNRESET;
		} else if (h->writer_gone || h->reader_gone) {
			err = unsendable_locked(s, &lost);
		} else if (!h->used || h->used + cost_of(m) <= HALF_MAX) {
			break;
		} else {
			err = wait ? wait_on(&h->writable, &s->pair->lock, WAIT_SIGNALS, UINT64_MAX) : -EAGAIN;
		}
		if (err)
			break;
	}
	if (!err) {
		list_push_back(&h->messages, &m->link);
		h->used += cost_of(m);
		wait_wake_all(&h->readable);
	}
	spin_unlock(&s->pair->lock);
	messages_free(&lost);
	if (!err)
		poll_changed();
	return err;
}

/* One message, of which the descriptors are a part. */
static int64_t send_message(struct side *s, struct transfer *t, uint64_t from, size_t len, bool wait)
{
	struct message *m = message_make(t, from, len);

	if (is_err(m))
		return ptr_err(m);
	m->nsent = m->nfiles = t->nfiles;
	m->file = t->file;
	int err = queue(s, m, wait);
	if (err) {
		kfree(m); /* the descriptors stay the caller's */
		return err;
	}
	t->nfiles = 0;
	t->file = NULL;
	return (int64_t)len;
}

/* Nothing is sent over a stream: only whether something could be counts. */
static int check_open(struct side *s)
{
	spin_lock(&s->pair->lock);
	bool gone = theirs(s)->writer_gone || theirs(s)->reader_gone;
	spin_unlock(&s->pair->lock);
	return gone ? -EPIPE : 0;
}

int64_t socket_send(struct file *f, struct transfer *t)
{
	struct side *s = f->data;
	bool stream = s->pair->type == SOCK_STREAM, wait = !(f->flags & O_NONBLOCK || t->flags & MSG_DONTWAIT);
	size_t done = 0;
	int64_t n = 0;

	if (!stream && t->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (!stream && t->len > HALF_MAX - MESSAGE_COST)
		return -EMSGSIZE;
	if (!stream)
		n = send_message(s, t, t->addr, t->len, wait);
	else if (!t->len)
		n = check_open(s);
	while (stream && done < t->len) {
		n = send_message(s, t, t->addr + done, MIN(t->len - done, (size_t)STREAM_PIECE), wait);
		if (n < 0)
			break;
		done += (size_t)n;
	}
	if (n == -EPIPE && !done && stream && !(t->flags & MSG_NOSIGNAL) && proc_current())
		signal_send_self(SIGPIPE);
	return done ? (int64_t)done : n;
}

/* ---- receiving ---- */

/* The first message, taken off; NULL: there is none. -ECONNRESET by err_ptr. */
static struct message *first(struct side *s, bool *ended)
{
	struct half *h = mine(s);

	spin_lock(&s->pair->lock);
	struct list *link = list_pop_front(&h->messages);
	bool reset = !link && h->reset;
	if (reset)
		h->reset = false;
	*ended = ended_locked(s);
	spin_unlock(&s->pair->lock);
	return reset ? err_ptr(-ECONNRESET) : link ? list_entry(link, struct message, link) : NULL;
}

static int wait_for_message(struct side *s)
{
	struct half *h = mine(s);
	int err = 0;

	spin_lock(&s->pair->lock);
	if (list_empty(&h->messages) && !h->reset && !ended_locked(s))
		err = wait_on(&h->readable, &s->pair->lock, WAIT_SIGNALS, UINT64_MAX);
	spin_unlock(&s->pair->lock);
	return err;
}

/* The first message with the gate held; NULL: the end. By err_ptr, the gate open: -EAGAIN, -EINTR, -ECONNRESET. */
static struct message *take(struct side *s, bool wait)
{
	struct half *h = mine(s);
	bool ended;

	for (;;) {
		int err = gate_enter(&h->gate);
		if (err)
			return err_ptr(err);
		struct message *m = first(s, &ended);
		if (m && !is_err(m))
			return m;
		gate_leave(&h->gate);
		if (m || (ended && (wait || s->pair->type != SOCK_DGRAM)))
			return m;
		err = wait ? wait_for_message(s) : -EAGAIN;
		if (err)
			return err_ptr(err);
	}
}

/* After it has been looked at: back in front, or gone. */
static void finish(struct side *s, struct message *m, bool back)
{
	struct half *h = mine(s);

	spin_lock(&s->pair->lock);
	if (back) {
		list_push_front(&h->messages, &m->link);
		wait_wake_all(&h->readable);
		h->readable.wakes--; /* for epoll nothing has come in */
	} else {
		h->used -= cost_of(m);
		wait_wake_all(&h->writable);
	}
	spin_unlock(&s->pair->lock);
	gate_leave(&h->gate);
	poll_changed();
	if (!back)
		message_free(m);
}

/* The descriptors of m go to t; of a message that is only looked at, copies do. -ENOMEM */
static int take_files(struct transfer *t, struct message *m, bool peek)
{
	if (!m->nfiles)
		return 0;
	if (!peek) {
		t->file = m->file;
		t->nfiles = m->nfiles;
		m->file = NULL;
		m->nfiles = 0;
		return 0;
	}
	t->file = kmalloc(m->nfiles * sizeof *t->file);
	if (!t->file)
		return -ENOMEM;
	for (; t->nfiles < m->nfiles; t->nfiles++)
		file_get(t->file[t->nfiles] = m->file[t->nfiles]);
	return 0;
}

/* One piece into what is left of t; how much of it there was. */
static int64_t receive_piece(struct side *s, struct transfer *t, size_t done, bool wait)
{
	bool stream = s->pair->type == SOCK_STREAM, peek = t->flags & MSG_PEEK;
	struct message *m = take(s, wait);

	if (is_err(m))
		return ptr_err(m);
	if (!m)
		return 0;
	size_t there = m->len - m->at, n = MIN(there, t->len - done);
	int err = t->scatter(t, done, m->bytes + m->at, n) ? -EFAULT : take_files(t, m, peek);
	if (err) {
		finish(s, m, stream || peek);
		return err;
	}
	m->at += peek ? 0 : n;
	t->cut = !stream && n < there;
	bool more = peek || (stream && m->at < m->len);
	finish(s, m, more);
	return !stream && t->flags & MSG_TRUNC ? (int64_t)there : (int64_t)n;
}

/* The gate is held: the next one behind those that have been taken; NULL. */
static struct message *take_next(struct side *s)
{
	spin_lock(&s->pair->lock);
	struct list *link = list_pop_front(&mine(s)->messages);
	spin_unlock(&s->pair->lock);
	return link ? list_entry(link, struct message, link) : NULL;
}

/* What a stream has for the buffer, up to a message with descriptors, which are copied. It all stays there. */
static int64_t peek_stream(struct side *s, struct transfer *t, bool wait)
{
	struct list seen = LIST_INIT(seen);
	struct message *m = take(s, wait);
	size_t done = 0;
	int err = 0;

	if (!m || is_err(m))
		return ptr_err(m);
	while (m) {
		size_t n = MIN(m->len - m->at, t->len - done);
		list_push_back(&seen, &m->link);
		err = t->scatter(t, done, m->bytes + m->at, n) ? -EFAULT : take_files(t, m, true);
		done += err ? 0 : n;
		m = err || t->nfiles || done == t->len ? NULL : take_next(s);
	}
	spin_lock(&s->pair->lock);
	list_splice_back(&seen, &mine(s)->messages);
	list_splice_back(&mine(s)->messages, &seen);
	wait_wake_all(&mine(s)->readable);
	spin_unlock(&s->pair->lock);
	gate_leave(&mine(s)->gate);
	poll_changed();
	return done ? (int64_t)done : err;
}

static bool has_message(struct side *s)
{
	spin_lock(&s->pair->lock);
	bool has = !list_empty(&mine(s)->messages);
	spin_unlock(&s->pair->lock);
	return has;
}

/* A stream goes on until the buffer is full, nothing more is there, or descriptors have come along. */
int64_t socket_receive(struct file *f, struct transfer *t)
{
	struct side *s = f->data;
	bool stream = s->pair->type == SOCK_STREAM, wait = !(f->flags & O_NONBLOCK || t->flags & MSG_DONTWAIT);
	int64_t n = 0;
	size_t done = 0;

	if (!stream && t->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (stream && t->flags & MSG_PEEK)
		return peek_stream(s, t, wait);
	do {
		n = receive_piece(s, t, done, wait && (!done || t->flags & MSG_WAITALL));
		if (n > 0)
			done += (size_t)n;
	} while (stream && n > 0 && done < t->len && !t->nfiles && (t->flags & MSG_WAITALL || has_message(s)));
	return done ? (int64_t)done : n;
}
