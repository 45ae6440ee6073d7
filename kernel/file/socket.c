/* SPDX-License-Identifier: MIT */
/*
 * Pairs of sockets: socketpair(2). Sockets with names or of other families do not exist.
 *
 *      side 0  ──send──►  half[1]: messages  ──receive──►  side 1
 *              ◄─receive─  half[0]: messages  ◄──send──
 *
 * A half holds what has been sent and not yet received, as a list of messages, each allocated by its sender. For a
 * stream the borders of messages mean nothing, but that descriptors sent with one (SCM_RIGHTS) arrive with its first
 * byte; for SEQPACKET and DGRAM one message is received by one call, and what does not fit is lost.
 *
 * The pair's spin lock guards the lists and the two ends of each half, and is never held while bytes are copied. So
 * that two receivers do not get the bytes of a stream in the wrong order, a half's gate is held from taking a message
 * off the list to putting its rest back; it is let go to wait. Who looked in between saw nothing, and is woken by the
 * putting back. A half holds at most HALF_MAX bytes, a message being counted with what it costs beside its bytes; a
 * sender waits for room, and each sender's own message is all it has allocated meanwhile.
 *
 * Sockets themselves cannot be sent: a socket lying in its own queue would never be closed by anybody, and finding such
 * rings needs a collector of garbage.
 */
#include "file/socket.h"

#define HALF_MAX ((size_t)SOCKET_ROOM)
#define MESSAGE_COST 256u
#define STREAM_PIECE 32768u

struct message {
	struct list link;
	size_t len, at;            /* bytes; those received */
	unsigned nsent, nfiles;    /* descriptors sent with it; those that are still here */
	struct file **file;        /* references on their way; kmalloc'ed */
	char bytes[];
};

struct half {
	struct list messages;
	size_t used;
	bool reader_gone, writer_gone; /* closed, or shut down */
	bool reset;                /* the other end went with unread bytes: one ECONNRESET */
	bool refused;              /* a sender of DGRAM has been told that nobody is there */
	struct wait_queue readable, writable;
	struct gate gate;
};

struct pair {
	struct spinlock lock;
	int type;
	unsigned open;             /* sides */
	struct half half[2];       /* [i]: what side i receives */
};

struct side { struct pair *pair; unsigned index; };

static struct half *mine(const struct side *s) { return &s->pair->half[s->index]; }
static struct half *theirs(const struct side *s) { return &s->pair->half[1 - s->index]; }
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

static void free_messages(struct list *messages)
{
	for (struct list *link; (link = list_pop_front(messages));)
		message_free(list_entry(link, struct message, link));
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
	free_messages(&lost);
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

static bool ended_locked(const struct side *s)
{
	return mine(s)->reader_gone || (mine(s)->writer_gone && s->pair->type != SOCK_DGRAM);
}

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

	if (stream && !t->len)
		return 0;
	if (!stream && t->flags & MSG_OOB)
		return -EOPNOTSUPP;
	do {
		n = receive_piece(s, t, done, wait && (!done || t->flags & MSG_WAITALL));
		if (n > 0)
			done += (size_t)n;
	} while (stream && n > 0 && done < t->len && !t->nfiles && !(t->flags & MSG_PEEK) &&
	         (t->flags & MSG_WAITALL || has_message(s)));
	return done ? (int64_t)done : n;
}

/* ---- as a file ---- */

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

static int scatter_to_buffer(const struct transfer *t, size_t at, const char *bytes, size_t n)
{
	return copy_to_user(t->addr + at, bytes, n);
}

/* Descriptors that come along with what read(2) takes are closed. */
static int64_t socket_read(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	struct transfer t = { .addr = buf, .len = len, .scatter = scatter_to_buffer };
	int64_t n = socket_receive(f, &t);

	(void)pos;

	transfer_put(&t);
	return n;
}

static int64_t socket_read_vector(struct file *f, const struct abi_iovec *iov, size_t total)
{
	struct transfer t = { .len = total, .scatter = scatter_to_segments, .where = iov };
	int64_t n = socket_receive(f, &t);

	transfer_put(&t);
	return n;
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

static unsigned socket_poll(struct file *f)
{
	struct side *s = f->data;
	bool dgram = s->pair->type == SOCK_DGRAM;

	spin_lock(&s->pair->lock);
	const struct half *in = mine(s), *out = theirs(s);
	bool ended = in->reader_gone || (in->writer_gone && !dgram);
	unsigned now = (!list_empty(&in->messages) || ended ? POLLIN : 0) | (ended ? POLLRDHUP : 0);
	now |= in->reset ? POLLERR : 0;
	now |= ended && (out->writer_gone || (out->reader_gone && !dgram)) ? POLLHUP : 0;
	now |= out->used * 4 <= HALF_MAX ? POLLOUT | POLLWRBAND : 0;
	spin_unlock(&s->pair->lock);
	return now;
}

static int64_t socket_ioctl(struct file *f, unsigned cmd, vaddr_t arg)
{
	struct side *s = f->data;
	int32_t value = 0;

	if (cmd != FIONREAD && cmd != TIOCOUTQ)
		return -ENOTTY;
	spin_lock(&s->pair->lock);
	const struct half *h = cmd == FIONREAD ? mine(s) : theirs(s);
	list_for_each(link, &h->messages) {
		const struct message *m = list_entry(link, struct message, link);
		value += (int32_t)(m->len - m->at);
		if (s->pair->type == SOCK_DGRAM)
			break;
	}
	spin_unlock(&s->pair->lock);
	return copy_to_user(arg, &value, sizeof value);
}

void socket_shut(struct file *f, bool read, bool write)
{
	struct side *s = f->data;

	spin_lock(&s->pair->lock);
	mine(s)->reader_gone |= read;
	theirs(s)->writer_gone |= write;
	for (unsigned i = 0; i < 2; i++) {
		wait_wake_all(&s->pair->half[i].readable);
		wait_wake_all(&s->pair->half[i].writable);
	}
	spin_unlock(&s->pair->lock);
	poll_changed();
}

int socket_type(const struct file *f)
{
	const struct side *s = f->data;

	return s->pair->type;
}

static void socket_release(struct file *f)
{
	struct side *s = f->data;
	struct pair *p = s->pair;
	struct list unread = LIST_INIT(unread);

	spin_lock(&p->lock);
	theirs(s)->reset |= !list_empty(&mine(s)->messages) && p->type != SOCK_DGRAM;
	spin_unlock(&p->lock);
	socket_shut(f, true, p->type != SOCK_DGRAM);
	spin_lock(&p->lock);
	list_splice_back(&unread, &mine(s)->messages);
	bool last = !--p->open;
	spin_unlock(&p->lock);
	free_messages(&unread);
	if (last)
		kfree(p);
	kfree(s);
}

static const struct file_ops socket_ops = {
	.read = socket_read,
	.read_vector = socket_read_vector,
	.write = socket_write,
	.write_kernel = socket_write_kernel,
	.ioctl = socket_ioctl,
	.stat = file_anonymous_stat,
	.release = socket_release,
	.poll = socket_poll,
};

bool is_socket(const struct file *f) { return f->ops == &socket_ops; }

static struct file *side_create(struct pair *p, unsigned index, uint32_t flags)
{
	struct side *s = kzalloc(sizeof *s);
	struct file *f = s ? file_create(FILE_SOCKET, &socket_ops, flags | O_RDWR, s) : NULL;

	if (!f) {
		kfree(s);
		return NULL;
	}
	*s = (struct side){ p, index };
	p->open++;
	return f;
}

int socket_pair(int type, uint32_t flags, struct file *end[2])
{
	struct pair *p = kzalloc(sizeof *p);

	if (!p)
		return -ENOMEM;
	spin_init(&p->lock, RANK_PORT);
	p->type = type;
	for (unsigned i = 0; i < 2; i++) {
		list_init(&p->half[i].messages);
		wait_queue_init(&p->half[i].readable);
		wait_queue_init(&p->half[i].writable);
		gate_init(&p->half[i].gate);
	}
	end[0] = side_create(p, 0, flags);
	end[1] = end[0] ? side_create(p, 1, flags) : NULL;
	if (end[1])
		return 0;
	if (end[0])
		file_put(end[0]);
	else
		kfree(p);
	return -ENOMEM;
}
