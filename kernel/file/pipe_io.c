/* SPDX-License-Identifier: MIT */
/*
 * Reading from and writing to a pipe, whose ring pipe.c draws.
 *
 * The pipe's mutex (RANK_FILE) is held while bytes are copied, with page faults off: a copy that falls short lets the
 * mutex go, brings the program's page in, and starts over. For a write of at most PIPE_BUF bytes, which must not mix
 * with others, nothing becomes visible (head does not move) before all of it has been copied.
 *
 * Where memory ends in the middle of a read or a write, both count by pages, for that is what Linux moves, whatever
 * segments the bytes lie in: the page of the ring whose bytes could not all be delivered stays in it, and of a long
 * write only whole pages have been written, after the odd rest if the ring's last page has room for that. An empty ring
 * goes on at a page's beginning, so that its pages hold what Linux's would.
 *
 * A writer without readers gets SIGPIPE and EPIPE; a reader without writers sees the end.
 */
#include <abi/signal.h>

#include "file/pipe.h"

/*
 * Where a transfer has got to in its segments; left: bytes still to move; fault: where it could not go on, if faulted.
 */
struct cursor { const struct abi_iovec *iov; size_t off, left; vaddr_t fault; bool kernel, faulted; };

static char *pipe_bytes(const struct pipe *p, uint64_t pos)
{
	return (char *)page_to_virt(*pipe_slot(p, pos)) + pos % PAGE_SIZE;
}

/*
 * n bytes between a page of the ring and the segments, where `at` stands: it goes on behind them, or, if a fault comes
 * first, stays and knows the fault.
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

int64_t pipe_read_vector(struct file *f, const struct abi_iovec *iov, size_t len)
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

int64_t pipe_read(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
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
 * One piece: all of what is left at once when it is atomic, else as much as fits, copy by copy until one faults. ->
 * bytes that became visible; -errno.
 */
static int64_t write_piece(struct pipe *p, struct cursor *from, size_t total, bool nonblock)
{
	bool atomic = total <= PIPE_BUF;

	mutex_lock(&p->lock);
	int err = wait_writable_locked(p, atomic ? total : 1, nonblock);
	size_t n = atomic ? total : MIN(from->left, pipe_free(p)), kept = 0;
	uint64_t head = p->head;
	unsigned ring = p->rings;
	if (!err)
		err = make_room_locked(p, n);
	/* Another writer may have come in, or another size, while memory was looked for: then this piece starts over. */
	bool moved = p->head != head || p->rings != ring;
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
		signal_send_self(SIGPIPE);
	return from.left < total ? (int64_t)(total - from.left) : err;
}

int64_t pipe_write_vector(struct file *f, const struct abi_iovec *iov, size_t len)
{
	return pipe_write_from(f, (struct cursor){ .iov = iov, .left = len });
}

int64_t pipe_write(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	(void)pos;
	return pipe_write_vector(f, &(struct abi_iovec){ buf, len }, len);
}

int64_t pipe_write_kernel(struct file *f, const void *buf, size_t len, int64_t *pos)
{
	(void)pos;
	return pipe_write_from(f, (struct cursor){ .iov = &(struct abi_iovec){ (uint64_t)buf, len }, .left = len,
	                                           .kernel = true });
}
