/* SPDX-License-Identifier: MIT */
/*
 * Reading and writing several buffers with one call.
 *
 * The segments are copied in and checked as a whole before the first byte moves, as Linux does: a bad segment anywhere
 * gives its error and nothing is done. Then each goes through the file's own read or write, until one is short.
 *
 * A file that moves several segments as one transfer (a pipe) does it itself. Of other files without a position
 * (terminals) one read is one segment, and a write of several segments goes through a kernel buffer, as one if it can,
 * so that a line made of segments (stdio writes like that) does not mix with another's.
 */
#include "sys/vector.h"

#define PIECE_MAX 65536 /* bytes that are gathered at once */

void vector_free(struct vector *v)
{
	if (v->iov != v->few)
		kfree(v->iov);
}

int vector_copy(struct vector *v, vaddr_t user, uint64_t count)
{
	if (count > IOV_MAX)
		return -EINVAL;
	v->count = (unsigned)count;
	v->iov = count <= IOV_ON_STACK ? v->few : kmalloc(count * sizeof *v->iov);
	if (!v->iov)
		return -ENOMEM;
	int err = copy_from_user(v->iov, user, count * sizeof *v->iov);
	for (unsigned i = 0; !err && i < v->count; i++)
		err = (int64_t)v->iov[i].iov_len < 0 ? -EINVAL : 0;
	if (err)
		vector_free(v);
	return err;
}

int vector_load(struct vector *v, vaddr_t user, uint64_t count)
{
	int err = vector_copy(v, user, count);

	if (err)
		return err;
	v->total = 0;
	for (unsigned i = 0; !err && i < v->count; i++) {
		struct abi_iovec *s = &v->iov[i];
		err = user_range(s->iov_base, s->iov_len) ? 0 : -EFAULT;
		s->iov_len = MIN(s->iov_len, IO_MAX - v->total);
		v->total += s->iov_len;
	}
	if (err)
		vector_free(v);
	return err;
}

/*
 * Segment after segment, until one is short. What has no position may block in the next one, so reading stops after
 * one.
 */
static int64_t vector_run(struct file *f, const struct vector *v, bool write, int64_t *pos)
{
	int64_t done = 0, n = 0;

	for (unsigned i = 0; i < v->count; i++) {
		const struct abi_iovec *s = &v->iov[i];
		if (!s->iov_len)
			continue;
		n = write ? write_at(f, s->iov_base, s->iov_len, pos) : read_at(f, s->iov_base, s->iov_len, pos);
		if (n < 0)
			break;
		done += n;
		if ((size_t)n < s->iov_len || (!write && !f->seekable))
			break;
	}
	return done ? done : n;
}

/* The next bytes of a vector, from its byte `at` on, in the kernel. 0 or -EFAULT. */
int vector_gather(const struct vector *v, uint64_t at, char *bytes, size_t len)
{
	int err = 0;

	for (unsigned i = 0; !err && len && i < v->count; i++) {
		const struct abi_iovec *s = &v->iov[i];
		size_t n = at < s->iov_len ? MIN(s->iov_len - at, len) : 0;
		err = n ? copy_from_user(bytes, s->iov_base + at, n) : 0;
		at -= MIN(at, s->iov_len);
		bytes += n;
		len -= n;
	}
	return err;
}

/*
 * To a socket or a terminal goes all at once, whatever the segments are, so that a short write does not mix with
 * others'.
 */
static int64_t vector_write_pieces(struct file *f, const struct vector *v)
{
	char *bytes = kmalloc(MIN(v->total, (uint64_t)PIECE_MAX));
	uint64_t done = 0;
	int64_t n = 0;

	if (!bytes)
		return -ENOMEM;
	while (done < v->total) {
		size_t len = MIN(v->total - done, (uint64_t)PIECE_MAX);
		n = vector_gather(v, done, bytes, len);
		if (!n)
			n = f->ops->write_kernel(f, bytes, len, NULL);
		if (n < 0)
			break;
		done += (uint64_t)n;
		if ((size_t)n < len)
			break;
	}
	kfree(bytes);
	return done ? (int64_t)done : n;
}

static int64_t vector_call(struct file *f, const struct vector *v, bool write, int64_t *pos)
{
	if (write ? !can_write(f) : !can_read(f))
		return -EBADF;
	if (write ? !f->ops->write : !f->ops->read)
		return -EINVAL;
	if (pos)
		return f->seekable ? vector_run(f, v, write, pos) : -ESPIPE;
	if (write ? f->ops->write_vector : f->ops->read_vector)
		return (write ? f->ops->write_vector : f->ops->read_vector)(f, v->iov, v->total);
	if (!f->seekable) {
		bool pieces = write && v->count > 1 && v->total && f->ops->write_kernel;
		return pieces ? vector_write_pieces(f, v) : vector_run(f, v, write, NULL);
	}
	int64_t n = gate_enter(&f->pos_gate);
	if (!n) {
		n = vector_run(f, v, write, &f->pos);
		gate_leave(&f->pos_gate);
	}
	return n;
}

/*
 * The flags of preadv2(2): a write can be asked to reach the disk before the call returns, and to go to the end. That a
 * call must not wait (NOWAIT) can be promised for no file.
 */
static int64_t vector_call_flags(struct file *f, const struct vector *v, bool write, int64_t *pos, unsigned flags)
{
	int64_t end = POS_APPEND;

	if (!flags || !v->total)
		return vector_call(f, v, write, pos);
	if (flags & ~(unsigned)(RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_APPEND))
		return (write ? can_write(f) : can_read(f)) ? -EOPNOTSUPP : -EBADF;
	bool append = write && flags & RWF_APPEND && f->node && f->node->object;
	int64_t n = vector_call(f, v, write, append ? &end : pos);
	if (n > 0 && append && !pos)
		f->pos = end;
	if (n > 0 && write && flags & (RWF_DSYNC | RWF_SYNC) && f->ops->sync) {
		int err = f->ops->sync(f, !(flags & RWF_SYNC));
		n = err ? err : n;
	}
	return n;
}

static int64_t vector_io_flags(int fd, vaddr_t iov, uint64_t count, bool write, int64_t *pos, unsigned flags)
{
	struct file *f = fd_get(fd);
	struct vector v;

	if (!f)
		return -EBADF;
	int64_t n = vector_load(&v, iov, count);
	if (!n) {
		n = vector_call_flags(f, &v, write, pos, flags);
		vector_free(&v);
	}
	file_put(f);
	return n;
}

static int64_t vector_io(int fd, vaddr_t iov, uint64_t count, bool write, int64_t *pos)
{
	return vector_io_flags(fd, iov, count, write, pos, 0);
}

CALL(readv)
{
	return vector_io((int)a, b, c, false, NULL);
}

CALL(writev)
{
	return vector_io((int)a, b, c, true, NULL);
}

CALL(preadv)
{
	int64_t pos = (int64_t)d;

	return pos < 0 ? -EINVAL : vector_io((int)a, b, c, false, &pos);
}

CALL(pwritev)
{
	int64_t pos = (int64_t)d;

	return pos < 0 ? -EINVAL : vector_io((int)a, b, c, true, &pos);
}

/* The position -1 is the file's own. */
static int64_t vector_io2(int fd, vaddr_t iov, uint64_t count, bool write, int64_t pos, unsigned flags)
{
	return pos < -1 ? -EINVAL : vector_io_flags(fd, iov, count, write, pos == -1 ? NULL : &pos, flags);
}

CALL(preadv2)
{
	return vector_io2((int)a, b, c, false, (int64_t)d, (unsigned)f);
}

CALL(pwritev2)
{
	return vector_io2((int)a, b, c, true, (int64_t)d, (unsigned)f);
}
