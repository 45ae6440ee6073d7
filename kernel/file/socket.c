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
 * The pair's spin lock guards the lists and the two ends of each half. A half holds at most HALF_MAX bytes, a message
 * being counted with what it costs beside its bytes; a sender waits for room. How messages are moved stands in
 * socket_io.c.
 *
 * Sockets themselves cannot be sent: a socket lying in its own queue would never be closed by anybody, and finding such
 * rings needs a collector of garbage.
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
	struct side *s = f->data;

	*in = &mine(s)->readable;
	*out = &theirs(s)->writable;
}

static unsigned socket_poll(struct file *f)
{
	struct side *s = f->data;
	bool dgram = s->pair->type == SOCK_DGRAM;

	spin_lock(&s->pair->lock);
	const struct half *in = mine(s), *out = theirs(s);
	bool ended = ended_locked(s);
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
	messages_free(&unread);
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
	.queues = socket_queues,
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
