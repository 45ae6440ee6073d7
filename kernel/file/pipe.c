/* SPDX-License-Identifier: MIT */
/*
 * Pipes: a ring of pages between reading and writing ends, with a name (FIFO) or without.
 *
 *      page:   0     1     2    ...   15          positions count bytes for ever; modulo the ring's size they are a place
 *            |-----|##############|-----|         in it. Empty: head == tail. Full: from tail's page on to head is the size.
 *                  ^ tail (read)  ^ head (write)
 *
 * The ring has 16 pages; F_SETPIPE_SZ gives it another power of two. Pages are allocated when they are first written to and
 * stay until the pipe goes.
 *
 * A pipe belongs to a node: that of its name, or one of a filesystem that is mounted nowhere. So both kinds are opened, shown
 * and found through /proc/PID/fd in the same way, and pipe(2) differs only in not waiting for the other side. The pipe is made
 * by the first open file and goes with the last; the node's mutex guards which one it has. An open end counts as a reader, a
 * writer, or both. Opening a name waits until the other side has come, even if it is gone again: `came` counts for ever.
 *
 * The pipe's mutex (RANK_FILE) is held while bytes are copied, with page faults off: a copy that falls short lets the mutex go,
 * brings the program's page in, and starts over. For a write of at most PIPE_BUF bytes, which must not mix with others,
 * nothing becomes visible (head does not move) before all of it has been copied.
 *
 * Where memory ends in the middle of a read or a write, both count by pages, for that is what Linux moves: the page of the
 * ring whose bytes could not all be delivered stays in it, and of a long write only whole pages have been written. An empty
 * ring goes on at a page's beginning, so that its pages hold what Linux's would.
 *
 * A writer without readers gets SIGPIPE and EPIPE; a reader without writers sees the end.
 */
#include <abi/signal.h>
#include <abi/termios.h>

#include "file/file_impl.h"

#define PIPE_PAGES 16
#define PIPE_SIZE_LIMIT (1ul << 20)  /* without privilege */
#define PIPE_SIZE_MAX (1ul << 31)

/* Guards: (l) lock, (n) the node's. */
struct pipe {
	struct mutex lock;
	struct page **page;            /* (l) NULL: not yet written to */
	unsigned pages;                /* (l) a power of two */
	uint64_t head, tail;           /* (l) */
	unsigned readers, writers;     /* (l) open files */
	uint32_t readers_came, writers_came; /* (l) ever */
	unsigned ends;                 /* (n) open files that know the pipe; the last frees it */
	struct wait_queue readable, writable, opened;
};

static struct filesystem *pipe_fs; /* of pipes without a name */
static const struct file_ops pipe_ops;

/* Where a write has got to; done: how much of it is in the ring. */
struct source { uint64_t addr; bool kernel; size_t done; };

static size_t pipe_used(const struct pipe *p) { return p->head - p->tail; }
static size_t pipe_size(const struct pipe *p) { return (size_t)p->pages * PAGE_SIZE; }
/* A page that is read in part is not free yet, as on Linux. */
static size_t pipe_free(const struct pipe *p) { return pipe_size(p) - (p->head - ALIGN_DOWN(p->tail, PAGE_SIZE)); }
static struct page **pipe_slot(const struct pipe *p, uint64_t pos) { return &p->page[pos / PAGE_SIZE & (p->pages - 1)]; }

static char *pipe_bytes(const struct pipe *p, uint64_t pos)
{
	return (char *)page_to_virt(*pipe_slot(p, pos)) + pos % PAGE_SIZE;
}

/* A change has been made and the mutex let go. */
static void pipe_wake(struct wait_queue *q)
{
	wait_wake_all(q);
	poll_changed();
}

/* ---- reading ---- */

/* Copy out what is there, up to len, and take it from the ring; a fault at buf + the result + *reached stops it. */
static size_t take_locked(struct pipe *p, vaddr_t buf, size_t len, size_t *reached, bool *faulted)
{
	size_t done = 0;

	assert_mutex_held(&p->lock);
	*faulted = false;
	while (done < len && pipe_used(p)) {
		size_t n = MIN(MIN(len - done, pipe_used(p)), PAGE_SIZE - p->tail % PAGE_SIZE);
		*reached = copy_to_user_nofault(buf + done, pipe_bytes(p, p->tail), n);
		if (*reached < n) {
			*faulted = true;
			break;
		}
		p->tail += n;
		done += n;
	}
	if (!pipe_used(p))
		p->head = p->tail = ALIGN_UP(p->head, PAGE_SIZE);
	return done;
}

/* Until there is something to read. 0: there is; 1: the end; -EAGAIN, -EINTR. */
static int wait_readable_locked(struct pipe *p, bool nonblock)
{
	while (!pipe_used(p)) {
		if (!p->writers)
			return 1;
		if (nonblock)
			return -EAGAIN;
		int err = wait_on_mutex(&p->readable, &p->lock, WAIT_SIGNALS, UINT64_MAX);
		if (err)
			return err;
	}
	return 0;
}

static int64_t pipe_read(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	struct pipe *p = f->data;
	size_t done = 0, reached;
	bool faulted = true;
	int err = 0;

	while (len && faulted) {
		mutex_lock(&p->lock);
		err = wait_readable_locked(p, done || pos || f->flags & O_NONBLOCK);
		size_t n = err ? 0 : take_locked(p, buf + done, len - done, &reached, &faulted);
		mutex_unlock(&p->lock);
		if (n)
			pipe_wake(&p->writable);
		done += n;
		if (err || (faulted && (err = user_fault_in(buf + done + reached, true))))
			break;
	}
	return done || err > 0 ? (int64_t)done : err;
}

/* ---- writing ---- */

/* Frames for the next len bytes. The mutex is let go while memory is looked for. -ENOMEM. */
static int make_room_locked(struct pipe *p, size_t len)
{
	for (uint64_t at = ALIGN_DOWN(p->head, PAGE_SIZE); at < p->head + len; at += PAGE_SIZE) {
		if (*pipe_slot(p, at))
			continue;
		mutex_unlock(&p->lock);
		struct page *page = vm_page_alloc(false);
		mutex_lock(&p->lock);
		if (!page)
			return -ENOMEM;
		page->kind = PAGE_KERNEL;
		if (*pipe_slot(p, at))
			page_put(page);
		else
			*pipe_slot(p, at) = page;
	}
	return 0;
}

/* Copy in behind head without moving it; stops at a fault. */
static size_t put_locked(struct pipe *p, const struct source *from, size_t len)
{
	size_t done = 0;

	assert_mutex_held(&p->lock);
	while (done < len) {
		uint64_t at = p->head + done;
		size_t n = MIN(len - done, PAGE_SIZE - at % PAGE_SIZE), copied = n;
		if (from->kernel)
			memcpy(pipe_bytes(p, at), (const char *)from->addr + done, n);
		else
			copied = copy_from_user_nofault(pipe_bytes(p, at), from->addr + done, n);
		done += copied;
		if (copied < n)
			break;
	}
	return done;
}

/* Until `need` bytes fit. 0, -EPIPE, -EAGAIN, -EINTR. */
static int wait_writable_locked(struct pipe *p, size_t need, bool nonblock)
{
	for (;;) {
		if (!p->readers)
			return -EPIPE;
		if (pipe_free(p) >= need)
			return 0;
		if (nonblock)
			return -EAGAIN;
		int err = wait_on_mutex(&p->writable, &p->lock, WAIT_SIGNALS, UINT64_MAX);
		if (err)
			return err;
	}
}

/*
 * One piece: all of `len` bytes at once when atomic, else as much as fits, by whole pages when a fault stops it. -> bytes
 * that became visible; 0: a fault at from->addr + *reached stopped it; -errno.
 */
static int64_t write_piece(struct pipe *p, const struct source *from, size_t len, bool atomic, bool nonblock, size_t *reached)
{
	mutex_lock(&p->lock);
	int err = wait_writable_locked(p, atomic ? len : 1, nonblock);
	size_t n = atomic ? len : MIN(len, pipe_free(p));
	uint64_t head = p->head;
	unsigned pages = p->pages;
	if (!err)
		err = make_room_locked(p, n);
	/* Another writer may have come in, or another size, while memory was looked for: then this piece starts over. */
	bool moved = p->head != head || p->pages != pages;
	size_t copied = err || moved ? 0 : put_locked(p, from, n);
	size_t kept = copied == n ? n : atomic ? 0 : copied - MIN(copied, (from->done + copied) % PAGE_SIZE);
	*reached = copied - kept;
	p->head += kept;
	mutex_unlock(&p->lock);
	if (kept)
		pipe_wake(&p->readable);
	return err ? err : (int64_t)kept;
}

static int64_t pipe_write_from(struct file *f, struct source from, size_t len)
{
	struct pipe *p = f->data;
	bool atomic = len <= PIPE_BUF;
	size_t reached;
	int64_t n = 0;

	while (from.done < len) {
		n = write_piece(p, &from, len - from.done, atomic, f->flags & O_NONBLOCK, &reached);
		if (n < 0)
			break;
		from.done += (size_t)n;
		from.addr += (uint64_t)n;
		if (!n && !from.kernel && user_fault_in(from.addr + reached, false)) {
			n = -EFAULT;
			break;
		}
	}
	if (n == -EPIPE && proc_current())
		signal_send_proc(proc_current(), SIGPIPE, NULL);
	return from.done ? (int64_t)from.done : n;
}

static int64_t pipe_write(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	(void)pos;
	return pipe_write_from(f, (struct source){ buf, false, 0 }, len);
}

static int64_t pipe_write_kernel(struct file *f, const void *buf, size_t len, int64_t *pos)
{
	(void)pos;
	return pipe_write_from(f, (struct source){ (uint64_t)buf, true, 0 }, len);
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
	if (pages > p->pages && pages * PAGE_SIZE > PIPE_SIZE_LIMIT && proc_current()->euid)
		return -EPERM;
	struct page **ring = kzalloc(pages * sizeof *ring);
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
	poll_changed();
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
	.ioctl = pipe_ioctl,
	.stat = file_node_stat,
	.release = pipe_release,
	.poll = pipe_poll,
};

/* f, on a node of a pipe, becomes an end of it. -ENOMEM. */
static int pipe_attach(struct file *f)
{
	struct node *n = f->node;
	struct pipe *made = n->pipe ? NULL : pipe_make();

	mutex_lock(&n->lock);
	if (!n->pipe && made) {
		n->pipe = made;
		made = NULL;
	}
	struct pipe *p = n->pipe;
	if (p)
		p->ends++;
	mutex_unlock(&n->lock);
	if (made)
		pipe_free_all(made);
	if (!p)
		return -ENOMEM;
	mutex_lock(&p->lock);
	p->readers += can_read(f);
	p->writers += can_write(f);
	p->readers_came += can_read(f);
	p->writers_came += can_write(f);
	wait_wake_all(&p->opened);
	mutex_unlock(&p->lock);
	f->kind = FILE_PIPE;
	f->data = p;
	f->ops = &pipe_ops;
	return 0;
}

/* Until somebody has come to the other side, whose count is *came. -EINTR. */
static int wait_for_other(struct pipe *p, const unsigned *there, const uint32_t *came)
{
	int err = 0;

	mutex_lock(&p->lock);
	for (uint32_t before = *came; !err && !*there && *came == before;)
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
 * Who cannot wait may read without a writer, and is not told of writers' absence before one has been, but not write without a
 * reader.
 */
int pipe_open(struct file *f)
{
	if (f->node->fs == pipe_fs)
		return pipe_attach(f);
	bool reads = can_read(f), writes = can_write(f), wait = !(f->flags & O_NONBLOCK);
	int err = writes && !reads && !wait && !has_reader(f->node) ? -ENXIO : pipe_attach(f);

	if (err || (reads && writes))
		return err;
	struct pipe *p = f->data;
	if (wait)
		return reads ? wait_for_other(p, &p->writers, &p->writers_came) : wait_for_other(p, &p->readers, &p->readers_came);
	f->seen = p->writers ? 0 : p->writers_came;
	return 0;
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
}
