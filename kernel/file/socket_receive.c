/* SPDX-License-Identifier: MIT */
/*
 * Receiving from a socket. For a stream the borders of messages mean nothing, but that descriptors sent with one
 * (SCM_RIGHTS) arrive with its first byte, and that messages of several senders are told apart by who asks for
 * credentials. For SEQPACKET and DGRAM one message is received by one call, and what does not fit is lost.
 *
 * sockets_lock is never held while bytes are copied. So that two receivers do not get the bytes of a stream in the
 * wrong order, a socket's gate is held from taking a message off the list to putting its rest back; it is let go to
 * wait. Who looked in between saw nothing, and is woken by the putting back. To peek is to take and put back all: of
 * a stream as much as there is, of the others one message.
 */
#include "file/socket_impl.h"

int scatter_to_segments(const struct transfer *t, size_t at, const char *bytes, size_t n)
{
	int err = 0;

	for (const struct abi_iovec *s = t->where; !err && n; s++) {
		size_t part = at < s->iov_len ? MIN(s->iov_len - at, n) : 0;
		err = part ? copy_to_user(s->iov_base + at, bytes, part) : 0;
		at -= MIN(at, s->iov_len);
		bytes += part;
		n -= part;
	}
	return err;
}

/* The first message, taken off; NULL: there is none. By err_ptr an error, which for packets comes before them. */
static struct message *first(struct socket *s, bool *ended)
{
	spin_lock(&sockets_lock);
	int err = s->type == SOCK_STREAM && !list_empty(&s->messages) ? 0 : socket_error_locked(s);
	struct list *link = err ? NULL : list_pop_front(&s->messages);
	*ended = s->shut & SHUT_IN;
	spin_unlock(&sockets_lock);
	return err ? err_ptr(err) : link ? list_entry(link, struct message, link) : NULL;
}

static int wait_for_message(struct socket *s, uint64_t deadline)
{
	int err = 0;

	spin_lock(&sockets_lock);
	if (list_empty(&s->messages) && !s->error && !(s->shut & SHUT_IN))
		err = socket_wait_locked(&s->readable, deadline);
	spin_unlock(&sockets_lock);
	return err;
}

/* The first message with the gate held; NULL: the end. By err_ptr, the gate open: -EAGAIN, -EINTR, -ECONNRESET. */
static struct message *take(struct socket *s, uint64_t deadline)
{
	bool ended;

	for (;;) {
		int err = gate_enter(&s->gate);
		if (err)
			return err_ptr(err);
		struct message *m = first(s, &ended);
		if (m && !is_err(m))
			return m;
		gate_leave(&s->gate);
		if (m || (ended && (deadline || s->type != SOCK_DGRAM)))
			return m;
		err = deadline ? wait_for_message(s, deadline) : -EAGAIN;
		if (err)
			return err_ptr(err);
	}
}

/* There is room for strangers' packets again. */
static void drained_locked(struct socket *s)
{
	if (s->type != SOCK_DGRAM)
		return;
	wait_wake_all(&s->drained);
	if (s->npackets == PACKETS_MAX)
		list_for_each(link, &s->followers)
			wait_wake_all(&list_entry(link, struct socket, follow_link)->writable);
}

/* After it has been looked at: back in front, or gone. */
static void finish(struct socket *s, struct message *m, bool back)
{
	spin_lock(&sockets_lock);
	if (back) {
		list_push_front(&s->messages, &m->link);
		wait_wake_all(&s->readable);
		s->readable.wakes--; /* for epoll nothing has come in */
	} else {
		s->npackets -= s->npackets > 0;
		drained_locked(s);
	}
	spin_unlock(&sockets_lock);
	gate_leave(&s->gate);
	if (!back)
		message_free(m);
	file_changed();
}

/* The descriptors of m go to t; of a message that is only looked at, copies do. -ENOMEM */
static int take_files(struct transfer *t, struct message *m, bool peek)
{
	if (!m->nfiles)
		return 0;
	if (!peek) {
		spin_lock(&sockets_lock);
		flight_end_locked(m);
		spin_unlock(&sockets_lock);
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

/* From whom it is, by name and number. */
static void tell_sender(const struct socket *s, struct transfer *t, const struct message *m)
{
	t->cred = m->cred;
	t->tell_cred = s->pass_cred;
	if (!t->name)
		return;
	spin_lock(&sockets_lock);
	*t->name = m->sender->name;
	spin_unlock(&sockets_lock);
}

static bool same_sender(const struct transfer *t, const struct message *m)
{
	return t->cred.pid == m->cred.pid && t->cred.uid == m->cred.uid && t->cred.gid == m->cred.gid;
}

/* The bytes of m that fit, and what goes with the first of them. */
static int deliver(const struct socket *s, struct transfer *t, struct message *m, size_t done, size_t n, bool peek)
{
	if (t->scatter(t, done, m->bytes + m->at, n))
		return -EFAULT;
	if (!done)
		tell_sender(s, t, m);
	return take_files(t, m, peek);
}

static int64_t receive_packet(struct socket *s, struct transfer *t, uint64_t deadline)
{
	bool peek = t->flags & MSG_PEEK;
	struct message *m = take(s, deadline);

	if (!m || is_err(m))
		return ptr_err(m);
	size_t len = m->len, n = MIN(len, t->len);
	int err = deliver(s, t, m, 0, n, peek);
	t->cut = n < len;
	finish(s, m, peek);
	return err ? err : t->flags & MSG_TRUNC ? (int64_t)len : (int64_t)n;
}

/* The next bytes of a stream: how many; 0 also where another sender's begin. */
static int64_t receive_piece(struct socket *s, struct transfer *t, size_t done, uint64_t deadline)
{
	struct message *m = take(s, deadline);

	if (!m || is_err(m))
		return ptr_err(m);
	size_t n = MIN(m->len - m->at, t->len - done);
	bool other = done && s->pass_cred && !same_sender(t, m);
	int err = other ? 0 : deliver(s, t, m, done, n, false);
	n = other || err ? 0 : n;
	m->at += n;
	finish(s, m, other || err || m->at < m->len);
	return err ? err : (int64_t)n;
}

/* The gate is held: the next one behind those that have been taken; NULL. */
static struct message *take_next(struct socket *s)
{
	spin_lock(&sockets_lock);
	struct list *link = list_pop_front(&s->messages);
	spin_unlock(&sockets_lock);
	return link ? list_entry(link, struct message, link) : NULL;
}

/* What a stream has for the buffer, up to a message with descriptors, which are copied. It all stays there. */
static int64_t peek_stream(struct socket *s, struct transfer *t, uint64_t deadline)
{
	struct list seen = LIST_INIT(seen);
	struct message *m = take(s, deadline);
	size_t done = 0;
	int err = 0;

	if (!m || is_err(m))
		return ptr_err(m);
	while (m) {
		size_t n = MIN(m->len - m->at, t->len - done);
		bool other = done && s->pass_cred && !same_sender(t, m);
		list_push_back(&seen, &m->link);
		err = other ? 1 : deliver(s, t, m, done, n, true);
		done += err ? 0 : n;
		m = err || t->nfiles || done == t->len ? NULL : take_next(s);
	}
	spin_lock(&sockets_lock);
	list_splice_back(&seen, &s->messages);
	list_splice_back(&s->messages, &seen);
	wait_wake_all(&s->readable);
	s->readable.wakes--;
	spin_unlock(&sockets_lock);
	gate_leave(&s->gate);
	file_changed();
	return done ? (int64_t)done : err;
}

static bool has_message(struct socket *s)
{
	spin_lock(&sockets_lock);
	bool has = !list_empty(&s->messages);
	spin_unlock(&sockets_lock);
	return has;
}

/* A stream goes on until the buffer is full, nothing more is there, or descriptors have come along. */
static int64_t receive_stream(struct socket *s, struct transfer *t, uint64_t deadline)
{
	bool all = t->flags & MSG_WAITALL;
	size_t done = 0;
	int64_t n;

	do {
		n = receive_piece(s, t, done, !done || all ? deadline : 0);
		if (n > 0)
			done += (size_t)n;
	} while (n > 0 && done < t->len && !t->nfiles && (all || has_message(s)));
	return done ? (int64_t)done : n;
}

int64_t socket_receive(struct file *f, struct transfer *t)
{
	struct socket *s = f->data;
	bool stream = s->type == SOCK_STREAM;
	uint64_t deadline = socket_deadline(f, t->flags, s->receive_ns);

	if (s->type != SOCK_DGRAM && s->state != SOCKET_CONNECTED)
		return stream ? -EINVAL : -ENOTCONN;
	if (!stream && t->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (!stream)
		return receive_packet(s, t, deadline);
	int64_t n = t->flags & MSG_PEEK ? peek_stream(s, t, deadline) : receive_stream(s, t, deadline);
	t->tell_cred = s->pass_cred;
	return n;
}
