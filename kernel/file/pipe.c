/* SPDX-License-Identifier: MIT */
/*
 * Pipes: a ring of pages between reading and writing ends, with a name (FIFO) or without.
 *
 *      page:   0     1     2    ...   15          positions count bytes for ever; modulo the ring's size they are a place
 *            |-----|##############|-----|         in it. Empty: head == tail. Full: from tail's page on to head is the size.
 *                  ^ tail (read)  ^ head (write)
 *
 * The ring has 16 pages; F_SETPIPE_SZ gives it another power of two. Pages are allocated when they are first written to
 * and stay until the pipe goes.
 *
 * A pipe belongs to a node: that of its name, or one of a filesystem that is mounted nowhere. So both kinds are opened,
 * shown and found through /proc/PID/fd in the same way, and pipe(2) differs only in not waiting for the other side. The
 * pipe is made by the first open file and goes with the last; the node's mutex guards which one it has. An open end
 * counts as a reader, a writer, or both. Opening a name waits until the other side has come, even if it is gone again:
 * `came` counts for ever.
 *
 * How bytes are moved stands in pipe_io.c.
 */
#include <abi/mount.h>
#include <abi/termios.h>

#include "file/pipe.h"

#define PIPE_PAGES 16
#define PIPE_SIZE_LIMIT (1ul << 20)  /* without privilege */
#define PIPE_SIZE_MAX (1ul << 31)     /* that a number can ask for */
#define PIPE_PAGES_MAX (1u << 16)    /* that a ring can have */

static struct filesystem *pipe_fs; /* of pipes without a name */
static const struct file_ops pipe_ops;

void pipe_wake(struct wait_queue *q)
{
	wait_wake_all(q);
	file_changed();
}

/* ---- the rest ---- */

static int64_t pipe_ioctl(struct file *f, unsigned cmd, vaddr_t arg)
{
	struct pipe *p = f->data;

	if (cmd != FIONREAD)
		return -ENOTTY;
	mutex_lock(&p->lock);
	int32_t used = (int32_t)pipe_used(p);
	mutex_unlock(&p->lock);
	return copy_to_user(arg, &used, sizeof used);
}

static unsigned pipe_poll(struct file *f)
{
	const struct pipe *p = f->data;
	unsigned now = 0;

	if (can_read(f))
		now |= (pipe_used(p) ? POLLIN : 0) | (!p->writers && f->seen != p->writers_came ? POLLHUP : 0);
	if (can_write(f))
		now |= (pipe_free(p) >= PIPE_BUF ? POLLOUT : 0) | (p->readers ? 0 : POLLERR);
	return now;
}

/* ---- size ---- */

static unsigned pages_in_use(const struct pipe *p)
{
	return (unsigned)((ALIGN_UP(p->head, PAGE_SIZE) - ALIGN_DOWN(p->tail, PAGE_SIZE)) / PAGE_SIZE);
}

/* The pages that hold something go to their places in the new ring, the others away. */
static void move_pages_locked(struct pipe *p, struct page **to, unsigned pages)
{
	for (uint64_t at = ALIGN_DOWN(p->tail, PAGE_SIZE); at < p->head; at += PAGE_SIZE) {
		to[at / PAGE_SIZE & (pages - 1)] = *pipe_slot(p, at);
		*pipe_slot(p, at) = NULL;
	}
	for (unsigned i = 0; i < p->pages; i++)
		if (p->page[i])
			page_put(p->page[i]);
	kfree(p->page);
	p->page = to;
	p->pages = pages;
	p->rings++;
}

int64_t pipe_get_size(struct file *f)
{
	return f->ops == &pipe_ops ? (int64_t)pipe_size(f->data) : -EBADF;
}

int64_t pipe_set_size(struct file *f, uint64_t size)
{
	struct pipe *p = f->data;
	unsigned pages = 1;

	if (f->ops != &pipe_ops)
		return -EBADF;
	if (size > PIPE_SIZE_MAX)
		return -EINVAL;
	while (pages * PAGE_SIZE < size)
		pages *= 2;
	if (pages > p->pages && pages * PAGE_SIZE > PIPE_SIZE_LIMIT && !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	struct page **ring = pages > PIPE_PAGES_MAX ? NULL : kzalloc(pages * sizeof *ring);
	if (!ring)
		return -ENOMEM;
	mutex_lock(&p->lock);
	bool busy = pages_in_use(p) > pages;
	if (busy)
		kfree(ring);
	else
		move_pages_locked(p, ring, pages);
	mutex_unlock(&p->lock);
	if (!busy)
		pipe_wake(&p->writable);
	return busy ? -EBUSY : (int64_t)(pages * PAGE_SIZE);
}

/* ---- beginning and end ---- */

static void pipe_free_all(struct pipe *p)
{
	for (unsigned i = 0; i < p->pages; i++)
		if (p->page[i])
			page_put(p->page[i]);
	kfree(p->page);
	kfree(p);
}

static struct pipe *pipe_make(void)
{
	struct pipe *p = kzalloc(sizeof *p);

	if (!p)
		return NULL;
	p->page = kzalloc(PIPE_PAGES * sizeof *p->page);
	if (!p->page) {
		kfree(p);
		return NULL;
	}
	p->pages = PIPE_PAGES;
	mutex_init(&p->lock, RANK_FILE);
	wait_queue_init(&p->readable);
	wait_queue_init(&p->writable);
	wait_queue_init(&p->opened);
	return p;
}

static void pipe_queues(struct file *f, struct wait_queue **in, struct wait_queue **out)
{
	struct pipe *p = f->data;

	*in = can_read(f) ? &p->readable : NULL;
	*out = can_write(f) ? &p->writable : NULL;
}

static void pipe_release(struct file *f)
{
	struct pipe *p = f->data;
	struct node *n = f->node;

	mutex_lock(&p->lock);
	p->readers -= can_read(f);
	p->writers -= can_write(f);
	if (!p->readers)
		wait_wake_all(&p->writable);
	if (!p->writers)
		wait_wake_all(&p->readable);
	mutex_unlock(&p->lock);
	file_changed();
	mutex_lock(&n->lock);
	bool last = !--p->ends;
	if (last)
		n->pipe = NULL;
	mutex_unlock(&n->lock);
	if (last)
		pipe_free_all(p);
}

static const struct file_ops pipe_ops = {
	.read = pipe_read,
	.write = pipe_write,
	.write_kernel = pipe_write_kernel,
	.read_vector = pipe_read_vector,
	.write_vector = pipe_write_vector,
	.ioctl = pipe_ioctl,
	.stat = file_node_stat,
	.release = pipe_release,
	.poll = pipe_poll,
	.queues = pipe_queues,
};

/*
 * The pipe of n, with one end more; made when there is none. It may go while nobody looks, or come, so it is tried again.
 * NULL: no memory.
 */
static struct pipe *pipe_join(struct node *n)
{
	struct pipe *p = NULL, *made = NULL;

	while (!p) {
		if (!made && !n->pipe && !(made = pipe_make()))
			return NULL;
		mutex_lock(&n->lock);
		if (!n->pipe) {
			n->pipe = made;
			made = NULL;
		}
		p = n->pipe;
		if (p)
			p->ends++;
		mutex_unlock(&n->lock);
	}
	if (made)
		pipe_free_all(made);
	return p;
}

/* f, on a node of a pipe, becomes an end of it. -ENOMEM. */
static int pipe_attach(struct file *f)
{
	struct pipe *p = pipe_join(f->node);

	if (!p)
		return -ENOMEM;
	mutex_lock(&p->lock);
	p->readers += can_read(f);
	p->writers += can_write(f);
	p->readers_came += can_read(f);
	p->writers_came += can_write(f);
	if (f->node->fs != pipe_fs && !(can_read(f) ? p->writers : p->readers))
		f->seen = can_read(f) ? p->writers_came : p->readers_came;
	wait_wake_all(&p->opened);
	mutex_unlock(&p->lock);
	f->kind = FILE_PIPE;
	f->data = p;
	f->ops = &pipe_ops;
	return 0;
}

/* Until somebody has come to the other side since f did. Who was there then, or came and has left, counts. -EINTR. */
static int wait_for_other(struct file *f)
{
	struct pipe *p = f->data;
	const unsigned *there = can_read(f) ? &p->writers : &p->readers;
	const uint32_t *came = can_read(f) ? &p->writers_came : &p->readers_came;
	int err = 0;

	mutex_lock(&p->lock);
	while (!err && !*there && *came == f->seen)
		err = wait_on_mutex(&p->opened, &p->lock, WAIT_SIGNALS, UINT64_MAX);
	mutex_unlock(&p->lock);
	return err;
}

static bool has_reader(struct node *n)
{
	mutex_lock(&n->lock);
	bool has = n->pipe && n->pipe->readers;
	mutex_unlock(&n->lock);
	return has;
}

/*
 * A pipe without a name, opened once more through /proc/PID/fd, never waits: its other side may be gone for good.
 * Who cannot wait may read without a writer, and is not told of writers' absence before one has been, but not write
 * without a reader.
 */
int pipe_open(struct file *f)
{
	if ((f->flags & O_ACCMODE) == O_ACCMODE)
		return -EINVAL;
	if (f->node->fs == pipe_fs)
		return pipe_attach(f);
	bool both = can_read(f) && can_write(f), wait = !(f->flags & O_NONBLOCK);
	if (!can_read(f) && !wait && !has_reader(f->node))
		return -ENXIO;
	int err = pipe_attach(f);
	return err || both || !wait ? err : wait_for_other(f);
}

static struct file *pipe_end(struct node *n, uint32_t flags)
{
	static const struct file_ops nothing;
	struct file *f = file_create(FILE_PIPE, &nothing, flags, NULL);

	if (!f)
		return NULL;
	node_get(n);
	f->node = n;
	f->path = kmalloc(sizeof "pipe:[18446744073709551615]");
	if (f->path)
		ksnprintf(f->path, sizeof "pipe:[18446744073709551615]", "pipe:[%llu]", (unsigned long long)n->ino);
	if (f->path && !pipe_attach(f))
		return f;
	file_put(f);
	return NULL;
}

int pipe_create(uint32_t flags, struct file *end[2])
{
	static volatile uint64_t next_ino = 1;
	const struct proc *p = proc_current();
	struct fs_attr attr = { .mode = S_IFIFO | 0600, .nlink = 1, .uid = p ? p->fsuid : 0, .gid = p ? p->fsgid : 0 };

	attr.ino = __atomic_fetch_add(&next_ino, 1, __ATOMIC_RELAXED);
	attr.atime = attr.mtime = attr.ctime = time_now();
	struct node *n = node_create(pipe_fs, &attr);
	if (!n)
		return -ENOMEM;
	end[0] = pipe_end(n, (flags & O_NONBLOCK) | O_RDONLY);
	end[1] = end[0] ? pipe_end(n, flags | O_WRONLY) : NULL;
	node_put(n);
	if (end[1])
		return 0;
	if (end[0])
		file_put(end[0]);
	return -ENOMEM;
}

static const struct fs_ops pipefs_ops = { .type = "pipefs", .magic = 0x50495045, .setattr = node_setattr_here };

void pipe_init(void)
{
	pipe_fs = fs_create(&pipefs_ops, false);
	if (!pipe_fs)
		panic("no memory for pipes");
	pipe_fs->flags = MS_STRICTATIME;
}
