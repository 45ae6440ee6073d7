/* SPDX-License-Identifier: MIT */
/*
 * Pipes: a ring of 16 pages between a reading and a writing end.
 *
 *      page:   0     1     2    ...   15          positions count bytes for ever; modulo 64 KiB they are a place
 *            |-----|##############|-----|         in the ring. Empty: head == tail. Full: head - tail == 64 KiB.
 *                  ^ tail (read)  ^ head (write)
 *
 * Pages are allocated when they are first written to and stay until the pipe goes.
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
#define PIPE_SIZE (PIPE_PAGES * PAGE_SIZE)

struct pipe {
	struct mutex lock;
	struct page *page[PIPE_PAGES]; /* NULL: not yet written to */
	uint64_t head, tail;
	unsigned readers, writers;     /* open files, 0 or 1 */
	volatile uint32_t ends;        /* (a) open files that still know the pipe; the last frees it */
	struct wait_queue readable, writable;
	uint64_t ino;
	struct abi_timespec made;
};

/* Where a write has got to; done: how much of it is in the ring. */
struct source { uint64_t addr; bool kernel; size_t done; };

static size_t pipe_used(const struct pipe *p) { return p->head - p->tail; }
static size_t pipe_free(const struct pipe *p) { return PIPE_SIZE - pipe_used(p); }

static char *pipe_bytes(const struct pipe *p, uint64_t pos)
{
	return (char *)page_to_virt(p->page[pos / PAGE_SIZE % PIPE_PAGES]) + pos % PAGE_SIZE;
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

	(void)pos;
	while (len && faulted) {
		mutex_lock(&p->lock);
		err = wait_readable_locked(p, done || f->flags & O_NONBLOCK);
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
		struct page **slot = &p->page[at / PAGE_SIZE % PIPE_PAGES];
		if (*slot)
			continue;
		mutex_unlock(&p->lock);
		struct page *page = vm_page_alloc(false);
		mutex_lock(&p->lock);
		if (!page)
			return -ENOMEM;
		page->kind = PAGE_KERNEL;
		if (*slot)
			page_put(page);
		else
			*slot = page;
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
	if (!err)
		err = make_room_locked(p, n);
	/* Another writer may have come in while memory was looked for: then this piece starts over. */
	bool moved = p->head != head;
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

static int pipe_stat(struct file *f, struct abi_stat *st)
{
	const struct pipe *p = f->data;

	memset(st, 0, sizeof *st);
	st->st_ino = p->ino;
	st->st_nlink = 1;
	st->st_mode = S_IFIFO | 0600;
	st->st_blksize = PAGE_SIZE;
	st->st_atim = st->st_mtim = st->st_ctim = p->made;
	return 0;
}

static unsigned pipe_poll_read(struct file *f)
{
	const struct pipe *p = f->data;

	return (pipe_used(p) ? POLLIN : 0) | (p->writers ? 0 : POLLHUP);
}

static unsigned pipe_poll_write(struct file *f)
{
	const struct pipe *p = f->data;

	return (pipe_free(p) >= PIPE_BUF ? POLLOUT : 0) | (p->readers ? 0 : POLLERR);
}

static void pipe_drop_end(struct pipe *p, unsigned *end, struct wait_queue *other)
{
	mutex_lock(&p->lock);
	*end = 0;
	wait_wake_all(other);
	mutex_unlock(&p->lock);
	poll_changed();
	if (__atomic_sub_fetch(&p->ends, 1, __ATOMIC_ACQ_REL))
		return;
	for (unsigned i = 0; i < PIPE_PAGES; i++)
		if (p->page[i])
			page_put(p->page[i]);
	kfree(p);
}

static void pipe_release_read(struct file *f)
{
	struct pipe *p = f->data;

	pipe_drop_end(p, &p->readers, &p->writable);
}

static void pipe_release_write(struct file *f)
{
	struct pipe *p = f->data;

	pipe_drop_end(p, &p->writers, &p->readable);
}

static const struct file_ops pipe_read_ops = {
	.read = pipe_read,
	.ioctl = pipe_ioctl,
	.stat = pipe_stat,
	.release = pipe_release_read,
	.poll = pipe_poll_read,
};

static const struct file_ops pipe_write_ops = {
	.write = pipe_write,
	.write_kernel = pipe_write_kernel,
	.ioctl = pipe_ioctl,
	.stat = pipe_stat,
	.release = pipe_release_write,
	.poll = pipe_poll_write,
};

int pipe_create(uint32_t flags, struct file *end[2])
{
	static volatile uint64_t next_ino = 1;
	struct pipe *p = kzalloc(sizeof *p);

	if (!p)
		return -ENOMEM;
	mutex_init(&p->lock, RANK_FILE);
	wait_queue_init(&p->readable);
	wait_queue_init(&p->writable);
	p->ino = __atomic_fetch_add(&next_ino, 1, __ATOMIC_RELAXED);
	p->made = time_now();
	end[0] = file_create(FILE_PIPE, &pipe_read_ops, flags | O_RDONLY, p);
	if (!end[0]) {
		kfree(p);
		return -ENOMEM;
	}
	p->readers = p->ends = 1;
	end[1] = file_create(FILE_PIPE, &pipe_write_ops, flags | O_WRONLY, p);
	if (!end[1]) {
		file_put(end[0]);
		return -ENOMEM;
	}
	p->writers = 1;
	p->ends = 2;
	return 0;
}
