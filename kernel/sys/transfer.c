/* SPDX-License-Identifier: MIT */
/*
 * From one file to another without passing through the program: sendfile, copy_file_range.
 *
 * Both copy through one page in the kernel, from a plain file only; the source's pages are not lent to a pipe. A call
 * holds its CPU, so it ends after so many pieces, and its caller asks again: a file sent to itself may feed itself for
 * ever, a few bytes at a time.
 * copy_file_range copies within one filesystem, and a range onto itself is refused, for what it read would depend on
 * what it had written.
 */
#include "sys/file_calls.h"

#include "file/file_impl.h"

#define PIECES_MAX 65536

/* From a plain file's pages through a kernel buffer. *pos moves. */
static int64_t send_pieces(struct file *out, int64_t *out_pos, struct file *in, int64_t *pos, size_t count,
                           char *piece)
{
	struct object *from = in->node->object;
	size_t done = 0;
	int64_t n = 0;

	file_accessed(in);
	for (unsigned pieces = 0; done < count && pieces < PIECES_MAX; pieces++) {
		n = object_read(from, (uint64_t)*pos, (uint64_t)piece, MIN(count - done, PAGE_SIZE), true);
		if (n <= 0)
			break;
		n = out->ops->write_kernel(out, piece, (size_t)n, out_pos);
		if (n <= 0)
			break;
		*pos += n;
		done += (size_t)n;
	}
	return done ? (int64_t)done : n;
}

static int64_t send_file(struct file *out, struct file *in, int64_t *pos, size_t count)
{
	if (!can_read(in))
		return -EBADF;
	if ((int64_t)count < 0 || *pos < 0 || *pos > INT64_MAX - (int64_t)count)
		return -EINVAL;
	if (!can_write(out))
		return -EBADF;
	if (count && *pos >= (int64_t)file_size_limit(in))
		return -EOVERFLOW;
	if (!in->node || !in->node->object || !out->ops->write_kernel || out->flags & O_APPEND)
		return -EINVAL;
	char *piece = kmalloc(PAGE_SIZE);
	if (!piece)
		return -ENOMEM;
	int64_t n = out->seekable ? gate_enter(&out->pos_gate) : 0;
	if (!n) {
		n = send_pieces(out, out->seekable ? &out->pos : NULL, in, pos, MIN(count, IO_MAX), piece);
		if (out->seekable)
			gate_leave(&out->pos_gate);
	}
	kfree(piece);
	return n;
}

/* out, in, offset in (NULL: its own position, which then moves), count */
CALL(sendfile)
{
	struct file *out = fd_get((int)a), *in = fd_get((int)b);
	int64_t pos = in ? in->pos : 0, n = out && in ? 0 : -EBADF;

	if (!n && c && copy_from_user(&pos, c, sizeof pos))
		n = -EFAULT;
	if (!n && c && in->kind == FILE_PIPE)
		n = -ESPIPE;
	if (!n)
		n = send_file(out, in, &pos, d);
	if (n > 0 && !c)
		in->pos = pos;
	else if (n > 0 && copy_to_user(c, &pos, sizeof pos))
		n = -EFAULT;
	if (out)
		file_put(out);
	if (in)
		file_put(in);
	return n;
}

/* ---- copy_file_range ---- */

struct copy { struct file *in, *out; int64_t in_pos, out_pos; };

static int check_copy(const struct copy *c, size_t *count)
{
	struct node *in = c->in->node, *out = c->out->node;

	if ((in && S_ISDIR(in->mode)) || (out && S_ISDIR(out->mode)))
		return -EISDIR;
	if (!in || !out || !in->object || !out->object || !c->out->ops->write_kernel)
		return -EINVAL;
	if (!can_read(c->in) || !can_write(c->out) || c->out->flags & O_APPEND)
		return -EBADF;
	if (in->fs != out->fs)
		return -EXDEV;
	if (out->flags & FS_IMMUTABLE_FL)
		return -EPERM;
	if ((uint64_t)c->in_pos + *count < (uint64_t)c->in_pos || (uint64_t)c->out_pos + *count < (uint64_t)c->out_pos)
		return -EOVERFLOW;
	uint64_t size = in->object->size, from = (uint64_t)c->in_pos, to = (uint64_t)c->out_pos;
	*count = from < size ? MIN(*count, size - from) : 0;
	if (in == out && to + *count > from && to < from + *count)
		return -EINVAL;
	return c->in_pos < 0 || c->out_pos < 0 ? -EINVAL : 0;
}

static int64_t copy_range(struct copy *c, size_t count)
{
	int err = check_copy(c, &count);

	if (err || !count)
		return err;
	char *piece = kmalloc(PAGE_SIZE);
	if (!piece)
		return -ENOMEM;
	int64_t n = send_pieces(c->out, &c->out_pos, c->in, &c->in_pos, MIN(count, IO_MAX), piece);
	kfree(piece);
	return n;
}

static int64_t copy_files(struct copy *c, vaddr_t in_at, vaddr_t out_at, size_t count, unsigned flags)
{
	c->in_pos = c->in->pos;
	c->out_pos = c->out->pos;
	if (in_at && copy_from_user(&c->in_pos, in_at, sizeof c->in_pos))
		return -EFAULT;
	if (out_at && copy_from_user(&c->out_pos, out_at, sizeof c->out_pos))
		return -EFAULT;
	int64_t n = flags ? -EINVAL : copy_range(c, count);
	if (n <= 0)
		return n;
	if (!in_at)
		c->in->pos = c->in_pos;
	else if (copy_to_user(in_at, &c->in_pos, sizeof c->in_pos))
		n = -EFAULT;
	if (!out_at)
		c->out->pos = c->out_pos;
	else if (copy_to_user(out_at, &c->out_pos, sizeof c->out_pos))
		n = -EFAULT;
	return n;
}

CALL(copy_file_range)
{
	struct copy copy = { .in = fd_get((int)a), .out = fd_get((int)c) };
	bool closed = !copy.in || !copy.out || (copy.in->flags | copy.out->flags) & O_PATH;
	int64_t n = closed ? -EBADF : copy_files(&copy, b, d, e, (unsigned)f);

	if (copy.in)
		file_put(copy.in);
	if (copy.out)
		file_put(copy.out);
	return n;
}
