/* SPDX-License-Identifier: MIT */
/*
 * Sockets of the family AF_UNIX: how they come, what a file of one can do, how they go.
 *
 *      socket A ──peer──► socket B            what A sends is a message in B's list, and A pays for it until it
 *         ▲                 │ messages ──┐     is received (A.sent). A stream's or SEQPACKET's ends are each other's
 *         └──────peer───────┘            │     peers. A DGRAM's peer is where connect(2) or socketpair(2) said, and
 *         ▲                              │     need not answer; any number may have the same one (its followers)
 *         └───────sender─────────────────┘
 *
 *      socket L, listening ──pending──► socket N ──peer──► socket C, which called connect(2)
 *
 *      FREE ──listen──► LISTENS          FREE ──connect, pair──► CONNECTED (a DGRAM goes back when its peer is gone)
 *
 * A connection is complete when connect returns: N is there, C is its peer, and C may send. accept(2) only gives N a
 * file. Names stand in socket_name.c, connecting in socket_connect.c, the moving of messages in socket_send.c and
 * socket_receive.c.
 *
 * One spin lock, sockets_lock, guards all sockets: sending looks at two of them, and connecting at three; an order of
 * locks among them would have to be found each time. It is held for a few list operations and never while bytes are
 * copied, memory is allocated or a path walked. A socket lives by references; its name and its node go when it is
 * closed.
 *
 * What users can make the kernel remember: a socket has at most its room (SO_SNDBUF) and one message more on its way;
 * a listener at most SOMAXCONN and one connections to be accepted.
 *
 * A socket that is closed may free messages in which other sockets lie, whose last reference that was, and so on.
 * They are ended one after the other, not one within the other: the stack is short. Rings of them are
 * socket_flight.c's business.
 */
#include "file/socket_impl.h"

struct spinlock sockets_lock = SPINLOCK_INIT(RANK_PORT);

/* ---- beginning ---- */

struct abi_ucred socket_own_cred(void)
{
	const struct proc *p = proc_current();

	return p ? (struct abi_ucred){ p->pid, p->euid, p->egid } : (struct abi_ucred){ 0, 0, 0 };
}

struct socket *socket_alloc(int type)
{
	static volatile uint64_t last_ino;
	const struct proc *p = proc_current();
	struct socket *s = kzalloc(sizeof *s);

	if (!s)
		return NULL;
	s->refs = 1;
	s->type = type;
	s->ino = __atomic_add_fetch(&last_ino, 1, __ATOMIC_RELAXED) + 1;
	s->uid = p ? p->fsuid : 0;
	s->gid = p ? p->fsgid : 0;
	s->room = s->receive_room = SOCKET_ROOM;
	s->send_ns = s->receive_ns = UINT64_MAX;
	s->cred = (struct abi_ucred){ 0, UINT32_MAX, UINT32_MAX };
	list_init(&s->followers);
	list_init(&s->follow_link);
	list_init(&s->name_link);
	list_init(&s->messages);
	list_init(&s->pending);
	list_init(&s->pending_link);
	list_init(&s->flight_link);
	list_init(&s->reached_link);
	wait_queue_init(&s->readable);
	wait_queue_init(&s->writable);
	wait_queue_init(&s->drained);
	gate_init(&s->gate);
	return s;
}

void socket_put(struct socket *s)
{
	if (!__atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL))
		kfree(s);
}

struct file *socket_create(int type, uint32_t flags)
{
	struct socket *s = socket_alloc(type);
	struct file *f = s ? file_create(FILE_SOCKET, &socket_ops, flags | O_RDWR, s) : NULL;

	if (!f) {
		kfree(s);
		return err_ptr(-ENOMEM);
	}
	s->file = f;
	return f;
}

int socket_pair(int type, uint32_t flags, struct file *end[2])
{
	for (unsigned i = 0; i < 2; i++) {
		end[i] = socket_create(type, flags);
		if (is_err(end[i])) {
			if (i)
				file_put(end[0]);
			return -ENOMEM;
		}
	}
	spin_lock(&sockets_lock);
	for (unsigned i = 0; i < 2; i++) {
		struct socket *s = end[i]->data;
		s->state = SOCKET_CONNECTED;
		s->cred = socket_own_cred();
		(void)!socket_set_peer_locked(s, end[1 - i]->data);
	}
	spin_unlock(&sockets_lock);
	return 0;
}

bool is_socket(const struct file *f) { return f->ops == &socket_ops; }

int socket_type(const struct file *f)
{
	const struct socket *s = f->data;

	return s->type;
}

uint64_t socket_number(const struct file *f)
{
	const struct socket *s = f->data;

	return s->ino;
}

/* ---- what they have in common ---- */

struct socket *socket_set_peer_locked(struct socket *s, struct socket *peer)
{
	struct socket *before = s->peer;

	list_remove(&s->follow_link);
	s->peer = peer;
	if (peer) {
		socket_get(peer);
		list_push_back(&peer->followers, &s->follow_link);
	}
	return before;
}

void socket_wake_locked(struct socket *s)
{
	wait_wake_all(&s->readable);
	wait_wake_all(&s->writable);
	wait_wake_all(&s->drained);
}

int socket_wait_locked(struct wait_queue *q, uint64_t deadline)
{
	int err = deadline ? wait_on(q, &sockets_lock, WAIT_SIGNALS, deadline) : -EAGAIN;

	if (err == -EINTR && deadline != UINT64_MAX)
		return -ERESTARTNOHAND;
	return err == -ETIMEDOUT ? -EAGAIN : err;
}

/* ---- the file ---- */

static int scatter_to_buffer(const struct transfer *t, size_t at, const char *bytes, size_t n)
{
	return copy_to_user(t->addr + at, bytes, n);
}

/* read(2): to ask for nothing takes no message, and descriptors that come along are closed. */
static int64_t read_transfer(struct file *f, struct transfer *t)
{
	int64_t n = t->len ? socket_receive(f, t) : 0;

	transfer_put(t);
	return n;
}

static int64_t socket_read(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	(void)pos;
	return read_transfer(f, &(struct transfer){ .addr = buf, .len = len, .scatter = scatter_to_buffer });
}

static int64_t socket_read_vector(struct file *f, const struct abi_iovec *iov, size_t total)
{
	return read_transfer(f, &(struct transfer){ .len = total, .scatter = scatter_to_segments, .where = iov });
}

static int64_t socket_write(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	struct transfer t = { .addr = buf, .len = len };

	(void)pos;
	return socket_send(f, &t);
}

static int64_t socket_write_kernel(struct file *f, const void *buf, size_t len, int64_t *pos)
{
	struct transfer t = { .addr = (uint64_t)buf, .len = len, .kernel = true };

	(void)pos;
	return socket_send(f, &t);
}

static void socket_queues(struct file *f, struct wait_queue **in, struct wait_queue **out)
{
	struct socket *s = f->data;

	*in = &s->readable;
	*out = &s->writable;
}

/* Room for more; and a peer that does not answer has room for the packet. */
static bool writable_locked(const struct socket *s)
{
	const struct socket *to = s->peer;

	if (s->state == SOCKET_LISTENS || s->sent * 4 > s->room)
		return false;
	return s->type == SOCK_STREAM || !to || to->peer == s || to->npackets <= PACKETS_MAX || to->dead;
}

static unsigned socket_poll(struct file *f)
{
	struct socket *s = f->data;

	spin_lock(&sockets_lock);
	unsigned now = s->error ? POLLERR : 0;
	if (s->shut == (SHUT_IN | SHUT_OUT) || (s->type != SOCK_DGRAM && s->state == SOCKET_FREE))
		now |= POLLHUP;
	if (s->shut & SHUT_IN)
		now |= POLLRDHUP | POLLIN;
	if (!list_empty(&s->messages) || !list_empty(&s->pending))
		now |= POLLIN;
	if (writable_locked(s))
		now |= POLLOUT | POLLWRBAND;
	spin_unlock(&sockets_lock);
	return now;
}

static int64_t unread_locked(const struct socket *s)
{
	int64_t bytes = 0;

	if (s->state == SOCKET_LISTENS)
		return -EINVAL;
	list_for_each(link, &s->messages) {
		const struct message *m = list_entry(link, struct message, link);
		bytes += (int64_t)(m->len - m->at);
		if (s->type == SOCK_DGRAM)
			break;
	}
	return bytes;
}

static int64_t socket_ioctl(struct file *f, unsigned cmd, vaddr_t arg)
{
	struct socket *s = f->data;

	if (cmd != FIONREAD && cmd != TIOCOUTQ)
		return -ENOTTY;
	spin_lock(&sockets_lock);
	int64_t n = cmd == FIONREAD ? unread_locked(s) : (int64_t)s->sent;
	spin_unlock(&sockets_lock);
	int32_t value = (int32_t)n;
	return n < 0 ? n : copy_to_user(arg, &value, sizeof value);
}

static int socket_stat(struct file *f, struct abi_stat *st)
{
	const struct socket *s = f->data;
	int err = file_anonymous_stat(f, st);

	st->st_ino = s->ino;
	st->st_uid = s->uid;
	st->st_gid = s->gid;
	st->st_mode = S_IFSOCK | 0777;
	return err;
}

int socket_error(struct file *f)
{
	spin_lock(&sockets_lock);
	int err = socket_error_locked(f->data);
	spin_unlock(&sockets_lock);
	return err;
}

void socket_keep_error(struct file *f, int err)
{
	struct socket *s = f->data;

	spin_lock(&sockets_lock);
	s->error = err;
	spin_unlock(&sockets_lock);
}

/* The other end of a connection hears of it. */
void socket_shut(struct file *f, bool read, bool write)
{
	struct socket *s = f->data;

	spin_lock(&sockets_lock);
	s->shut |= (read ? SHUT_IN : 0) | (write ? SHUT_OUT : 0);
	socket_wake_locked(s);
	if (s->peer && s->type != SOCK_DGRAM) {
		s->peer->shut |= (read ? SHUT_OUT : 0) | (write ? SHUT_IN : 0);
		socket_wake_locked(s->peer);
	}
	spin_unlock(&sockets_lock);
	file_changed();
}

/* ---- the end ---- */

/* A connection's other end is told, with an error if something was lost that it had sent. */
static void tell_peer_locked(struct socket *s)
{
	struct socket *peer = s->peer;

	if (!peer || s->type == SOCK_DGRAM)
		return;
	peer->shut = SHUT_IN | SHUT_OUT;
	if (!list_empty(&s->messages) || !s->file)
		peer->error = -ECONNRESET;
	socket_wake_locked(peer);
}

/* Closed, or never accepted. */
static void socket_end(struct socket *s)
{
	struct list unread = LIST_INIT(unread), waiting = LIST_INIT(waiting);

	spin_lock(&sockets_lock);
	tell_peer_locked(s);
	s->dead = true;
	s->file = NULL;
	s->shut = SHUT_IN | SHUT_OUT;
	s->state = SOCKET_FREE;
	struct node *node = socket_forget_name_locked(s);
	struct socket *peer = socket_set_peer_locked(s, NULL);
	list_splice_back(&unread, &s->messages);
	list_splice_back(&waiting, &s->pending);
	list_for_each(link, &s->followers)
		wait_wake_all(&list_entry(link, struct socket, follow_link)->writable);
	socket_wake_locked(s);
	spin_unlock(&sockets_lock);
	messages_free(&unread);
	for (struct list *link; (link = list_pop_front(&waiting));) {
		struct socket *never_accepted = list_entry(link, struct socket, pending_link);
		socket_end(never_accepted);
		socket_put(never_accepted);
	}
	if (peer)
		socket_put(peer);
	if (node)
		node_put(node);
	file_changed();
}

static void socket_release(struct file *f)
{
	struct thread *t = thread_current();
	struct list ending = LIST_INIT(ending);
	struct socket *s = f->data;

	if (!s)
		return;
	list_push_back(t->ending_sockets ? t->ending_sockets : &ending, &s->pending_link);
	if (t->ending_sockets)
		return;
	t->ending_sockets = &ending;
	for (struct list *link; (link = list_pop_front(&ending));) {
		s = list_entry(link, struct socket, pending_link);
		socket_end(s);
		socket_put(s);
	}
	t->ending_sockets = NULL;
	flight_collect();
}

const struct file_ops socket_ops = {
	.read = socket_read,
	.read_vector = socket_read_vector,
	.write = socket_write,
	.write_kernel = socket_write_kernel,
	.ioctl = socket_ioctl,
	.stat = socket_stat,
	.release = socket_release,
	.poll = socket_poll,
	.queues = socket_queues,
};
