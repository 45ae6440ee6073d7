/* SPDX-License-Identifier: MIT */
/*
 * Sending through a socket. A socket holds what was sent to it and not yet received as a list of messages, each
 * allocated by its sender.
 *
 * The sender pays for the message (it waits while it has paid for more than its room), makes it, finds whom it is for,
 * and puts it into his list; a stranger's packets wait also until fewer than PACKETS_MAX lie there. The message is paid
 * back when it is freed. What it costs is what it costs on Linux, so that as much fits.
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

void message_free(struct message *m)
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

/* ---- making a message ---- */

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

/* A message of the next bytes, paid for; descriptors are its sender's still. By err_ptr: pay's, -ENOMEM, -EFAULT. */
static struct message *message_make(struct socket *s, const struct transfer *t, uint64_t from, size_t len,
                                    uint64_t deadline)
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
 * To the end of other's list, with the transfer's descriptors. Who asks for credentials gets them, and who might ask
 * yet does. -ETOOMANYREFS
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
