/* SPDX-License-Identifier: MIT */
/*
 * Streams over memory: fmemopen and open_memstream.
 *
 * Both are ordinary streams whose four operations move bytes in an array instead of making system
 * calls, so buffering, printf and scanf work on them as on files. fmemopen has the caller's array (or
 * its own) of a fixed size; writing past it is ENOSPC. open_memstream's array grows; after each
 * fflush or fclose the caller's two variables show where it is and how long. A zero byte
 * follows the written bytes, where there is room for it.
 */
#include "stdio_impl.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct memory {
	char *bytes;
	size_t room, len, at;
	int own;   /* bytes is freed with the stream */
	int grows;
	char **show_bytes;
	size_t *show_len;
};

static void show(struct memory *m)
{
	if (m->show_bytes) {
		*m->show_bytes = m->bytes;
		*m->show_len = m->len;
	}
}

static ssize_t memory_read(FILE *f, void *to, size_t n)
{
	struct memory *m = f->cookie;
	size_t left = m->at < m->len ? m->len - m->at : 0;

	if (n > left)
		n = left;
	memcpy(to, m->bytes + m->at, n);
	m->at += n;
	return (ssize_t)n;
}

static int memory_grow(struct memory *m, size_t need)
{
	size_t bigger = m->room * 2 > need ? m->room * 2 : need;
	char *bytes = realloc(m->bytes, bigger);

	if (!bytes)
		return -1;
	memset(bytes + m->room, 0, bigger - m->room);
	m->bytes = bytes;
	m->room = bigger;
	return 0;
}

static ssize_t memory_write(FILE *f, const void *from, size_t n)
{
	struct memory *m = f->cookie;

	if (f->flags & F_APPEND)
		m->at = m->len;
	if (m->grows && m->at + n + 1 > m->room && memory_grow(m, m->at + n + 1) < 0)
		return -1;
	if (m->at >= m->room) {
		errno = ENOSPC;
		return -1;
	}
	if (n > m->room - m->at)
		n = m->room - m->at;
	memcpy(m->bytes + m->at, from, n);
	m->at += n;
	if (m->at > m->len) {
		m->len = m->at;
		if (m->len < m->room)
			m->bytes[m->len] = '\0';
	}
	show(m);
	return (ssize_t)n;
}

static off_t memory_seek(FILE *f, off_t off, int whence)
{
	struct memory *m = f->cookie;
	off_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? (off_t)m->at : (off_t)m->len;

	if (base + off < 0 || (!m->grows && (size_t)(base + off) > m->room)) {
		errno = EINVAL;
		return -1;
	}
	m->at = (size_t)(base + off);
	return base + off;
}

static int memory_close(FILE *f)
{
	struct memory *m = f->cookie;

	show(m);
	if (m->own)
		free(m->bytes);
	free(m);
	return 0;
}

static const struct file_ops ops = { memory_read, memory_write, memory_seek, memory_close };

static FILE *open_memory(const struct memory *from, unsigned int flags)
{
	struct memory *m = malloc(sizeof(*m));
	FILE *f = m ? __file_create(-1, flags, &ops, m) : NULL;

	if (!f) {
		free(m);
		return NULL;
	}
	*m = *from;
	show(m);
	return f;
}

FILE *fmemopen(void *__restrict buffer, size_t size, const char *__restrict mode)
{
	struct memory m = { .bytes = buffer, .room = size };
	int open_flags, flags = __file_flags(mode, &open_flags);
	FILE *f;

	if (!flags) {
		errno = EINVAL;
		return NULL;
	}
	if (!buffer) {
		m.bytes = calloc(1, size ? size : 1);
		m.own = 1;
		if (!m.bytes)
			return NULL;
	} else if (*mode == 'r') {
		m.len = size;
	} else if (*mode == 'a') {
		m.len = m.at = strnlen(buffer, size);
	} else if (size > 0) {
		*(char *)buffer = '\0';
	}
	f = open_memory(&m, (unsigned int)flags);
	if (!f && m.own)
		free(m.bytes);
	return f;
}

FILE *open_memstream(char **buffer, size_t *size)
{
	struct memory m = { .room = 64, .grows = 1, .show_bytes = buffer, .show_len = size };
	FILE *f;

	m.bytes = calloc(1, m.room);
	if (!m.bytes)
		return NULL;
	f = open_memory(&m, F_WRITE);
	if (!f)
		free(m.bytes);
	return f;
}
