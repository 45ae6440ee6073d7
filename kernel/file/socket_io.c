/* SPDX-License-Identifier: MIT */
/*
 * Sending to and receiving from a socket. A socket holds what was sent to it and not yet received as a list of messages,
 * each allocated by its sender. For a stream the borders of messages mean nothing, but that descriptors sent with one
 * (SCM_RIGHTS) arrive with its first byte, and that messages of several senders are told apart by who asks for
 * credentials. For SEQPACKET and DGRAM one message is received by one call, and what does not fit is lost.
 *
 * Sending: the sender pays for the message (it waits while it has paid for more than its room), makes it, finds whom it is
 * for, and puts it into his list; a stranger's packets wait also until fewer than PACKETS_MAX lie there. The message is
 * paid back when it is freed. What it costs is what it costs on Linux, so that as much fits.
 *
 * Receiving: sockets_lock is never held while bytes are copied. So that two receivers do not get the bytes of a stream in
 * the wrong order, a socket's gate is held from taking a message off the list to putting its rest back; it is let go to
 * wait. Who looked in between saw nothing, and is woken by the putting back. To peek is to take and put back all: of a
 * stream as much as there is, of the others one message.
 */
#include "file/socket_impl.h"

/* Of a message's bytes, what Linux does not keep in pages. */
#define STREAM_HEAD 3776u
#define PACKET_HEAD 16064u
#define STREAM_PIECE (STREAM_HEAD + 32768u)
#define HEAD_COST 320u
#define MESSAGE_COST 256u
#define OVERFLOW_ID 65534  /* a user of whom nothing is known */

static size_t cost_of(size_t len, int type)
{
	size_t most = type == SOCK_STREAM ? STREAM_HEAD : PACKET_HEAD;
	size_t paged = len > most ? MIN(len, MIN(ALIGN_UP(len - most, PAGE_SIZE), 17 * PAGE_SIZE)) : 0;
	size_t head = ALIGN_UP(len - paged, 64ul) + HEAD_COST, room = 512;

	while (room < head)
		room *= 2;
	return room + MESSAGE_COST + ALIGN_UP(paged, PAGE_SIZE);
}

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

static bool has_room_locked(const struct socket *s) { return s->sent < s->room; }

/* Senders that wait are woken when most is free again. */
static void pay_back_locked(struct socket *s, size_t cost)
{
	s->sent -= cost;
	if (s->sent * 4 <= s->room)
		wait_wake_all(&s->writable);
}

static void message_free(struct message *m)
{
	spin_lock(&sockets_lock);
	pay_back_locked(m->sender, m->cost);
	flight_end_locked(m);
	spin_unlock(&sockets_lock);
	socket_put(m->sender);
	files_put(m->file, m->nfiles);
	kfree(m);
}

void messages_free(struct list *messages)
{
	for (struct list *link; (link = list_pop_front(messages));)
		message_free(list_entry(link, struct message, link));
}

/* ---- sending ---- */

/* Pays, as soon as there is room. -EPIPE, -EAGAIN, -EINTR, an error of the socket. */
static int pay(struct socket *s, size_t cost, uint64_t deadline)
{
	int err;

	spin_lock(&sockets_lock);
	for (;;) {
		err = socket_error_locked(s);
		if (!err && s->shut & SHUT_OUT)
			err = -EPIPE;
		if (err || has_room_locked(s))
			break;
		err = socket_wait_locked(&s->writable, deadline);
		if (err)
			break;
	}
	if (!err)
		s->sent += cost;
	spin_unlock(&sockets_lock);
	return err;
}

static int load_bytes(struct message *m, const struct transfer *t, uint64_t from)
{
	if (!t->kernel)
		return copy_from_user(m->bytes, from, m->len);
	memcpy(m->bytes, (const void *)from, m->len);
	return 0;
}

/* A message of the next bytes, paid for; descriptors are its sender's still. By err_ptr: pay's errors, -ENOMEM, -EFAULT. */
static struct message *message_make(struct socket *s, const struct transfer *t, uint64_t from, size_t len, uint64_t deadline)
{
	size_t cost = cost_of(len, s->type);
	int err = pay(s, cost, deadline);

	if (err)
		return err_ptr(err);
	struct message *m = kmalloc(sizeof *m + len);
	if (!m) {
		spin_lock(&sockets_lock);
		pay_back_locked(s, cost);
		spin_unlock(&sockets_lock);
		return err_ptr(-ENOMEM);
	}
	*m = (struct message){ .sender = s, .cost = cost, .len = len, .cred = { 0, OVERFLOW_ID, OVERFLOW_ID } };
	if (t->cred.pid)
		m->cred = t->cred;
	socket_get(s);
	if (!load_bytes(m, t, from))
		return m;
	message_free(m);
	return err_ptr(-EFAULT);
}

/*
 * To the end of other's list, with the transfer's descriptors. Who asks for credentials gets them, and who might ask yet
 * does. -ETOOMANYREFS
 */
static int put_locked(struct socket *other, struct message *m, struct transfer *t)
{
	m->nfiles = t->nfiles;
	m->file = t->file;
	if (!flight_begin_locked(m)) {
		m->nfiles = 0;
		m->file = NULL;
		return -ETOOMANYREFS;
	}
	t->nfiles = 0;
	t->file = NULL;
	if (!m->cred.pid && (m->sender->pass_cred || other->pass_cred || !other->file)) {
		const struct proc *p = proc_current();
		if (p)
			m->cred = (struct abi_ucred){ p->pid, p->uid, p->gid };
	}
	list_push_back(&other->messages, &m->link);
	other->npackets++;
	wait_wake_all(&other->readable);
	return 0;
}

static int put_to_stream(struct socket *s, struct message *m, struct transfer *t)
{
	spin_lock(&sockets_lock);
	int err = s->peer->dead || s->peer->shut & SHUT_IN ? -EPIPE : 0;
	if (!err)
		err = put_locked(s->peer, m, t);
	spin_unlock(&sockets_lock);
	return err;
}

void socket_disconnected_locked(struct socket *s, struct socket *other, struct list *lost)
{
	list_splice_back(lost, &s->messages);
	if (!list_empty(lost)) {
		s->npackets = 0;
		wait_wake_all(&s->drained);
		if (!other->dead && other->peer == s)
			other->error = -ECONNRESET;
	}
	other->state = SOCKET_FREE;
	socket_wake_locked(other);
}

/* The one it would be sent to has gone. 1: look whom the name means now. */
static int gone_locked(struct socket *s, struct socket *other, const struct transfer *t, struct list *lost,
                       struct socket **put)
{
	if (s->peer != other)
		return t->name ? 1 : -ECONNRESET;
	*put = socket_set_peer_locked(s, NULL);
	s->state = SOCKET_FREE;
	socket_disconnected_locked(s, other, lost);
	return -ECONNREFUSED;
}

static int put_packet(struct socket *s, struct socket *other, struct message *m, struct transfer *t, uint64_t deadline)
{
	struct list lost = LIST_INIT(lost);
	struct socket *put = NULL;
	int err = 0;

	spin_lock(&sockets_lock);
	for (;;) {
		if (other->peer && other->peer != s)
			err = -EPERM;
		else if (other->dead)
			err = gone_locked(s, other, t, &lost, &put);
		else if (other->shut & SHUT_IN)
			err = -EPIPE;
		else if (other != s && other->peer != s && other->npackets > PACKETS_MAX)
			err = socket_wait_locked(&other->drained, deadline);
		else
			break;
		if (err)
			break;
	}
	if (!err)
		err = put_locked(other, m, t);
	spin_unlock(&sockets_lock);
	messages_free(&lost);
	if (put)
		socket_put(put);
	return err;
}

/* Whom a packet is for, referenced. */
static struct socket *addressee(struct socket *s, const struct transfer *t)
{
	if (t->name)
		return socket_find(t->name, s->type);
	spin_lock(&sockets_lock);
	struct socket *other = s->peer;
	if (other)
		socket_get(other);
	spin_unlock(&sockets_lock);
	return other ? other : err_ptr(-ENOTCONN);
}

static int find_and_put(struct socket *s, struct message *m, struct transfer *t, uint64_t deadline)
{
	int err = 1;

	while (err == 1) {
		struct socket *other = addressee(s, t);
		if (is_err(other))
			return (int)ptr_err(other);
		err = put_packet(s, other, m, t, deadline);
		socket_put(other);
	}
	return err;
}

/* One message, of which the descriptors are a part. */
static int64_t send_message(struct socket *s, struct transfer *t, uint64_t from, size_t len, uint64_t deadline)
{
	struct message *m = message_make(s, t, from, len, deadline);

	if (is_err(m))
		return ptr_err(m);
	int err = s->type == SOCK_STREAM ? put_to_stream(s, m, t) : find_and_put(s, m, t, deadline);
	if (err)
		message_free(m);
	file_changed();
	return err ? err : (int64_t)len;
}

static int64_t send_packet(struct socket *s, struct transfer *t, uint64_t deadline)
{
	if (s->type == SOCK_SEQPACKET) {
		spin_lock(&sockets_lock);
		int err = socket_error_locked(s);
		if (!err && s->state != SOCKET_CONNECTED)
			err = -ENOTCONN;
		spin_unlock(&sockets_lock);
		if (err)
			return err;
		t->name = NULL;
	}
	if (t->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (!t->name && !s->peer)
		return -ENOTCONN;
	int err = s->pass_cred && !s->name.len ? socket_autobind(s->file) : 0;
	if (err)
		return err;
	if (t->len > s->room - 32)
		return -EMSGSIZE;
	return send_message(s, t, t->addr, t->len, deadline);
}

/* May a stream send at all? Nothing is sent over it by a call without bytes: only this counts. */
static int may_stream(struct socket *s, const struct transfer *t)
{
	spin_lock(&sockets_lock);
	int err = t->name ? s->state == SOCKET_CONNECTED ? -EISCONN : -EOPNOTSUPP : !s->peer ? -ENOTCONN :
	          s->shut & SHUT_OUT ? -EPIPE : 0;
	spin_unlock(&sockets_lock);
	return err;
}

static int64_t send_stream(struct socket *s, struct transfer *t, uint64_t deadline)
{
	size_t done = 0, piece = MIN((size_t)STREAM_PIECE, s->room / 2 - 64);
	int64_t n = may_stream(s, t);

	while (!n && done < t->len) {
		int64_t sent = send_message(s, t, t->addr + done, MIN(t->len - done, piece), deadline);
		if (sent < 0)
			n = sent;
		else
			done += (size_t)sent;
	}
	if (n == -EPIPE && !done && !(t->flags & MSG_NOSIGNAL) && proc_current())
		signal_send_self(SIGPIPE);
	return done ? (int64_t)done : n;
}

int64_t socket_send(struct file *f, struct transfer *t)
{
	struct socket *s = f->data;
	uint64_t deadline = socket_deadline(f, t->flags, s->send_ns);

	return s->type == SOCK_STREAM ? send_stream(s, t, deadline) : send_packet(s, t, deadline);
}

/* ---- receiving ---- */

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
