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
 * Where memory ends in the middle of a read or a write, both count by pages, for that is what Linux moves, whatever segments
 * the bytes lie in: the page of the ring whose bytes could not all be delivered stays in it, and of a long write only whole
 * pages have been written, after the odd rest if the ring's last page has room for that. An empty ring goes on at a page's
 * beginning, so that its pages hold what Linux's would.
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

/* Where a transfer has got to in its segments; left: bytes still to move; fault: where it could not go on, if faulted. */
struct cursor { const struct abi_iovec *iov; size_t off, left; vaddr_t fault; bool kernel, faulted; };

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

/*
 * n bytes between a page of the ring and the segments, where `at` stands: it goes on behind them, or, if a fault comes first,
 * stays and knows the fault.
 */
static bool copy_segments(char *ring, struct cursor *at, size_t n, bool out)
{
	struct cursor c = *at;

	c.left -= n;
	while (n) {
		vaddr_t user = c.iov->iov_base + c.off;
		size_t part = MIN(n, c.iov->iov_len - c.off), copied = part;
		if (c.kernel)
			memcpy(ring, (const char *)user, part);
		else
			copied = out ? copy_to_user_nofault(user, ring, part) : copy_from_user_nofault(ring, user, part);
		if (copied < part) {
			at->faulted = true;
			at->fault = user + copied;
			return false;
		}
		ring += part;
		n -= part;
		c.off += part;
		if (c.off == c.iov->iov_len) {
			c.iov++;
			c.off = 0;
		}
	}
	*at = c;
	return true;
}

/* ---- reading ---- */

/* Copy out what is there, page by page, and take it from the ring; what is in a page with a fault stays. */
static void take_locked(struct pipe *p, struct cursor *to)
{
	assert_mutex_held(&p->lock);
	while (to->left && pipe_used(p)) {
		size_t n = MIN(MIN(to->left, pipe_used(p)), PAGE_SIZE - p->tail % PAGE_SIZE);
		if (!copy_segments(pipe_bytes(p, p->tail), to, n, true))
			break;
		p->tail += n;
	}
	if (!pipe_used(p))
		p->head = p->tail = ALIGN_UP(p->head, PAGE_SIZE);
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

static int64_t pipe_read_vector(struct file *f, const struct abi_iovec *iov, size_t len)
{
	struct pipe *p = f->data;
	struct cursor to = { .iov = iov, .left = len, .faulted = true };
	int err = 0;

	while (len && to.faulted && !err) {
		size_t before = to.left;
		to.faulted = false;
		mutex_lock(&p->lock);
		err = wait_readable_locked(p, before < len || f->flags & O_NONBLOCK);
		if (!err)
			take_locked(p, &to);
		mutex_unlock(&p->lock);
		if (to.left < before)
			pipe_wake(&p->writable);
		if (to.faulted)
			err = user_fault_in(to.fault, true);
	}
	return to.left < len || err > 0 ? (int64_t)(len - to.left) : err;
}

static int64_t pipe_read(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	(void)pos;
	return pipe_read_vector(f, &(struct abi_iovec){ buf, len }, len);
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

/* Copy in behind head without moving it: n bytes, which may cross into the ring's next page. All, or a fault. */
static bool put_locked(struct pipe *p, uint64_t at, struct cursor *from, size_t n)
{
	struct cursor c = *from;
	size_t first = MIN(n, PAGE_SIZE - at % PAGE_SIZE);

	assert_mutex_held(&p->lock);
	bool all = copy_segments(pipe_bytes(p, at), &c, first, false) &&
	           (first == n || copy_segments(pipe_bytes(p, at + first), &c, n - first, false));
	if (all) {
		*from = c;
	} else {
		from->faulted = true;
		from->fault = c.fault;
	}
	return all;
}

/* What a write copies first: the part of it that is no whole page, if the last page of the ring has room for it. */
static size_t first_copy_locked(const struct pipe *p, size_t len)
{
	size_t part = len % PAGE_SIZE, there = p->head % PAGE_SIZE;

	return part && there && there + part <= PAGE_SIZE ? part : PAGE_SIZE;
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
 * One piece: all of what is left at once when it is atomic, else as much as fits, copy by copy until one faults. -> bytes that
 * became visible; -errno.
 */
static int64_t write_piece(struct pipe *p, struct cursor *from, size_t total, bool nonblock)
{
	bool atomic = total <= PIPE_BUF;

	mutex_lock(&p->lock);
	int err = wait_writable_locked(p, atomic ? total : 1, nonblock);
	size_t n = atomic ? total : MIN(from->left, pipe_free(p)), kept = 0;
	uint64_t head = p->head;
	unsigned pages = p->pages;
	if (!err)
		err = make_room_locked(p, n);
	/* Another writer may have come in, or another size, while memory was looked for: then this piece starts over. */
	bool moved = p->head != head || p->pages != pages;
	size_t copy = from->left == total ? first_copy_locked(p, total) : PAGE_SIZE;
	while (!err && !moved && kept < n) {
		copy = MIN(copy, n - kept);
		if (!put_locked(p, head + kept, from, copy))
			break;
		kept += copy;
		copy = PAGE_SIZE;
	}
	p->head += kept;
	mutex_unlock(&p->lock);
	if (kept)
		pipe_wake(&p->readable);
	return err ? err : (int64_t)kept;
}

static int64_t pipe_write_from(struct file *f, struct cursor from)
{
	struct pipe *p = f->data;
	size_t total = from.left;
	int64_t err = 0;

	while (from.left && err >= 0) {
		from.faulted = false;
		err = write_piece(p, &from, total, f->flags & O_NONBLOCK);
		if (from.faulted && user_fault_in(from.fault, false))
			err = -EFAULT;
	}
	if (err == -EPIPE && proc_current())
		signal_send_proc(proc_current(), SIGPIPE, NULL);
	return from.left < total ? (int64_t)(total - from.left) : err;
}

static int64_t pipe_write_vector(struct file *f, const struct abi_iovec *iov, size_t len)
{
	return pipe_write_from(f, (struct cursor){ .iov = iov, .left = len });
}

static int64_t pipe_write(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	(void)pos;
	return pipe_write_vector(f, &(struct abi_iovec){ buf, len }, len);
}

static int64_t pipe_write_kernel(struct file *f, const void *buf, size_t len, int64_t *pos)
{
	(void)pos;
	return pipe_write_from(f, (struct cursor){ .iov = &(struct abi_iovec){ (uint64_t)buf, len }, .left = len, .kernel = true });
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
	.read_vector = pipe_read_vector,
	.write_vector = pipe_write_vector,
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
