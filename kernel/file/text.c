/* SPDX-License-Identifier: MIT */
/*
 * Files whose bytes are made when they are opened, as those of /proc.
 *
 * The text is a snapshot: reading it in small pieces shows one moment, and nothing is locked between two reads. It grows by
 * doubling, up to what the heap gives in one piece (1 MiB); running out of memory is remembered and reported once, by open,
 * so that the code that prints need not look. Printing into it never sleeps, so locks may be held.
 */
#include <stdarg.h>

#include "file/file_impl.h"

static bool text_reserve(struct text *t, size_t more)
{
	size_t cap = t->cap ? t->cap : 512;

	if (t->failed)
		return false;
	if (t->len + more <= t->cap)
		return true;
	while (cap < t->len + more)
		cap *= 2;
	char *buf = kmalloc(cap);
	if (!buf) {
		t->failed = true;
		return false;
	}
	if (t->len)
		memcpy(buf, t->buf, t->len);
	kfree(t->buf);
	t->buf = buf;
	t->cap = cap;
	return true;
}

void text_append(struct text *t, const char *bytes, size_t len)
{
	if (!len || !text_reserve(t, len))
		return;
	memcpy(t->buf + t->len, bytes, len);
	t->len += len;
}

void text_printf(struct text *t, const char *fmt, ...)
{
	char line[256];
	va_list ap;

	va_start(ap, fmt);
	int n = kvsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	text_append(t, line, MIN((size_t)n, sizeof line - 1));
}

void text_pad(struct text *t, size_t line_start, size_t column)
{
	while (!t->failed && t->len < line_start + column)
		text_append(t, " ", 1);
}

static int64_t text_read(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	const struct text *t = f->data;

	if ((uint64_t)*pos >= t->len)
		return 0;
	size_t n = MIN(len, t->len - (size_t)*pos);
	if (copy_to_user(buf, t->buf + *pos, n))
		return -EFAULT;
	*pos += (int64_t)n;
	return (int64_t)n;
}

static int text_stat(struct file *f, struct abi_stat *st)
{
	node_stat(f->node, st);
	return 0;
}

static void text_release(struct file *f)
{
	struct text *t = f->data;

	kfree(t->buf);
	kfree(t);
}

static const struct file_ops text_file_ops = {
	.read = text_read,
	.stat = text_stat,
	.release = text_release,
};

int text_attach(struct file *f, struct text *made)
{
	struct text *t = made->failed ? NULL : kmalloc(sizeof *t);

	if (!t) {
		kfree(made->buf);
		return -ENOMEM;
	}
	*t = *made;
	f->kind = FILE_TEXT;
	f->ops = &text_file_ops;
	f->data = t;
	f->seekable = true;
	return 0;
}
