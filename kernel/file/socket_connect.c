/* SPDX-License-Identifier: MIT */
/*
 * listen(2), connect(2), accept(2); socket.c draws what they make.
 *
 * Who connects makes the other end, puts it into the listener's list, and has its connection; when backlog + 1 are in
 * the list it waits first, and looks for the listener anew: by then the name may lead to another one.
 *
 * Packets' sockets connect by remembering whom to send to. Changing that loses what has come and was not received,
 * and is an error for the one before if it had this one as peer.
 */
#include "file/socket_impl.h"

int socket_listen(struct file *f, unsigned backlog)
{
	struct socket *s = f->data;
	int err = 0;

	if (s->type == SOCK_DGRAM)
		return -EOPNOTSUPP;
	spin_lock(&sockets_lock);
	if (!s->name.len || s->state == SOCKET_CONNECTED)
		err = -EINVAL;
	if (!err) {
		s->state = SOCKET_LISTENS;
		s->backlog = MIN(backlog, (unsigned)SOMAXCONN);
		s->cred = socket_own_cred();
		wait_wake_all(&s->drained);
	}
	spin_unlock(&sockets_lock);
	if (!err)
		file_changed();
	return err;
}

/* ---- streams ---- */

static int may_connect_locked(const struct socket *s)
{
	return s->state == SOCKET_FREE ? 0 : s->state == SOCKET_CONNECTED ? -EISCONN : -EINVAL;
}

/* s and the new one become each other's peers; the listener's list takes over the new one's reference. */
static void join_locked(struct socket *s, struct socket *listener, struct socket *new)
{
	(void)!socket_set_peer_locked(new, s);
	(void)!socket_set_peer_locked(s, new);
	new->state = s->state = SOCKET_CONNECTED;
	new->name = listener->name;
	new->cred = socket_own_cred();
	s->cred = listener->cred;
	list_push_back(&listener->pending, &new->pending_link);
	listener->npending++;
	wait_wake_all(&listener->readable);
}

/* 0: connected. 1: there may be room now, look again. */
static int try_connect(struct socket *s, struct socket *listener, struct socket *new, uint64_t deadline)
{
	int err;

	spin_lock(&sockets_lock);
	if (listener->state != SOCKET_LISTENS || listener->shut & SHUT_IN) {
		err = -ECONNREFUSED;
	} else if (listener->npending > listener->backlog) {
		err = socket_wait_locked(&listener->drained, deadline);
		err = err ? err : 1;
	} else {
		err = may_connect_locked(s);
		if (!err)
			join_locked(s, listener, new);
	}
	spin_unlock(&sockets_lock);
	return err;
}

static int connect_stream(struct file *f, const struct socket_name *to)
{
	struct socket *s = f->data, *new = socket_alloc(s->type);
	uint64_t deadline = socket_deadline(f, 0, s->send_ns);
	int err = new ? 1 : -ENOMEM;

	while (err == 1) {
		struct socket *listener = socket_find(to, s->type);
		err = is_err(listener) ? (int)ptr_err(listener) : try_connect(s, listener, new, deadline);
		if (!is_err(listener))
			socket_put(listener);
	}
	if (err && new)
		socket_put(new);
	if (!err)
		file_changed();
	return err;
}

/* ---- packets ---- */

static int connect_packets(struct file *f, const struct socket_name *to)
{
	struct list lost = LIST_INIT(lost);
	struct socket *s = f->data, *other = to ? socket_find(to, s->type) : NULL, *before = NULL;
	int err = 0;

	if (is_err(other))
		return (int)ptr_err(other);
	spin_lock(&sockets_lock);
	if (other && other->peer && other->peer != s)
		err = -EPERM;
	if (!err) {
		before = socket_set_peer_locked(s, other);
		s->state = other ? SOCKET_CONNECTED : SOCKET_FREE;
		if (before && before != other)
			socket_disconnected_locked(s, before, &lost);
		socket_wake_locked(s);
	}
	spin_unlock(&sockets_lock);
	messages_free(&lost);
	if (before)
		socket_put(before);
	if (other)
		socket_put(other);
	file_changed();
	return err;
}

int socket_connect(struct file *f, const struct socket_name *to)
{
	struct socket *s = f->data;
	int err = to && s->pass_cred && !s->name.len ? socket_autobind(f) : 0;

	if (err)
		return err;
	return s->type == SOCK_DGRAM ? connect_packets(f, to) : connect_stream(f, to);
}

/* ---- accepting ---- */

/* The oldest connection, out of the list, which had a reference. */
static struct socket *take_pending_locked(struct socket *s, uint64_t deadline)
{
	for (;;) {
		int err = socket_error_locked(s);
		if (err)
			return err_ptr(err);
		struct list *link = list_pop_front(&s->pending);
		if (link) {
			s->npending--;
			wait_wake_all(&s->drained);
			return list_entry(link, struct socket, pending_link);
		}
		err = s->shut & SHUT_IN && deadline ? -EINVAL : socket_wait_locked(&s->readable, deadline);
		if (err)
			return err_ptr(err);
	}
}

struct file *socket_accept(struct file *f, uint32_t flags)
{
	struct socket *s = f->data, *new;

	if (s->type == SOCK_DGRAM)
		return err_ptr(-EOPNOTSUPP);
	struct file *file = file_create(FILE_SOCKET, &socket_ops, flags | O_RDWR, NULL);
	if (!file)
		return err_ptr(-ENOMEM);
	spin_lock(&sockets_lock);
	new = s->state == SOCKET_LISTENS ? take_pending_locked(s, socket_deadline(f, 0, s->receive_ns)) : err_ptr(-EINVAL);
	if (!is_err(new)) {
		file->data = new;
		new->file = file;
		new->pass_cred = s->pass_cred;
	}
	spin_unlock(&sockets_lock);
	file_changed();
	if (!is_err(new))
		return file;
	file_put(file);
	return (struct file *)new;
}
