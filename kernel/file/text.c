/* SPDX-License-Identifier: MIT */
/*
 * Files whose bytes are made when they are read, as those of /proc.
 *
 *      parts:   [0 ........][part ........][not made yet ...
 *                           ^ start    ^ where the last read ended
 *
 * A text is made in parts, each of some whole records: its maker appends some and says where it would go on. Only one
 * part is kept, so the longest text costs little memory. A read that goes on where the last one ended finds the rest of
 * the part as it was, then a new one; a read at the beginning, or anywhere else, has the text made anew. So who opens a
 * file once and reads it from the start again and again sees what is, and who reads it in small pieces never sees half
 * of one moment and half of another within a record.
 *
 * The part is guarded by a gate, not a lock: copying to the program may wait for a page. Running out of memory is
 * remembered and reported once by the read, so that the code that prints need not look. Printing never sleeps, so locks
 * may be held.
 *
 * The alternative, a snapshot made by open, was left out: a monitor that keeps its file open would show the past.
 */
#include <stdarg.h>

#include "file/file_impl.h"

struct text_file {
	struct gate gate;
	const struct text_source *source;
	struct text part;      /* (gate) */
	int64_t start, expect; /* (gate) position of the part's first byte; where the next sequential read begins */
	uint64_t next;         /* (gate) the maker's: where it goes on */
};

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

void text_puts(struct text *t, const char *string)
{
	text_append(t, string, strlen(string));
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

void text_octal(struct text *t, uint64_t value, unsigned digits)
{
	while (digits < 22 && value >> 3 * digits)
		digits++;
	while (digits--)
		text_append(t, (char[1]){ (char)('0' + (value >> 3 * digits & 7)) }, 1);
}

void text_pad(struct text *t, size_t line_start, size_t column)
{
	while (!t->failed && t->len < line_start + column)
		text_append(t, " ", 1);
}

void text_path(struct text *t, const char *path, const char *escape)
{
	for (; *path; path++) {
		if (strchr(escape, *path)) {
			text_append(t, "\\", 1);
			text_octal(t, (unsigned char)*path, 3);
		} else {
			text_append(t, path, 1);
		}
	}
}

/* ---- reading ---- */

/* The next part, if there is one. */
static int make_part(struct file *f, struct text_file *x)
{
	x->start += (int64_t)x->part.len;
	x->part.len = 0;
	if (x->next == TEXT_END)
		return 0;
	uint64_t from = x->next;
	x->next = TEXT_END;
	int err = x->source->make(f, &x->part, from, &x->next);
	if (!err && x->part.failed)
		err = -ENOMEM;
	x->part.failed = false;
	if (err)
		x->expect = -1; /* the next read tries from the start */
	return err;
}

/* The part that holds pos, empty at the end of the text. */
static int find_part(struct file *f, struct text_file *x, int64_t pos)
{
	int err = 0;

	if (pos == 0 || pos != x->expect) {
		x->next = x->source->record ? (uint64_t)pos / x->source->record : 0;
		x->start = (int64_t)(x->next * x->source->record);
		x->part.len = 0;
	}
	while (!err && pos >= x->start + (int64_t)x->part.len && x->next != TEXT_END)
		err = make_part(f, x);
	return err;
}

static int64_t read_parts(struct file *f, struct text_file *x, vaddr_t buf, size_t len, int64_t *pos)
{
	size_t done = 0;
	int err = 0;

	while (done < len) {
		err = find_part(f, x, *pos);
		int64_t end = x->start + (int64_t)x->part.len;
		if (err || *pos >= end)
			break;
		size_t n = MIN(len - done, (size_t)(end - *pos));
		if (copy_to_user(buf + done, x->part.buf + (*pos - x->start), n)) {
			err = -EFAULT;
			break;
		}
		done += n;
		*pos += (int64_t)n;
		x->expect = *pos;
	}
	return done ? (int64_t)done : err;
}

static int64_t text_read(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	struct text_file *x = f->data;
	unsigned record = x->source->record;

	if (record && ((uint64_t)*pos % record || len % record))
		return -EINVAL;
	int64_t n = gate_enter(&x->gate);
	if (n)
		return n;
	n = read_parts(f, x, buf, len, pos);
	gate_leave(&x->gate);
	return n;
}

static int64_t text_write(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	const struct text_file *x = f->data;

	if (!x->source->store)
		return -EIO;
	size_t n = MIN(len, PAGE_SIZE - 1);
	char *bytes = kmalloc(n + 1);
	if (!bytes)
		return -ENOMEM;
	int64_t result = copy_from_user(bytes, buf, n) ? -EFAULT : 0;
	bytes[n] = '\0';
	if (!result)
		result = x->source->store(f, bytes, n, *pos);
	if (result > 0)
		*pos += result;
	kfree(bytes);
	return result;
}

static int text_stat(struct file *f, struct abi_stat *st)
{
	node_stat(f->node, st);
	return 0;
}

static void text_release(struct file *f)
{
	struct text_file *x = f->data;

	kfree(x->part.buf);
	kfree(x);
}

static const struct file_ops text_file_ops = {
	.read = text_read,
	.write = text_write,
	.stat = text_stat,
	.release = text_release,
};

int text_attach(struct file *f, const struct text_source *source)
{
	struct text_file *x = kzalloc(sizeof *x);

	if (!x)
		return -ENOMEM;
	gate_init(&x->gate);
	x->source = source;
	x->expect = -1;
	f->kind = FILE_TEXT;
	f->ops = &text_file_ops;
	f->data = x;
	f->seekable = true;
	return 0;
}
