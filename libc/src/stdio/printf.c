/* SPDX-License-Identifier: MIT */
/*
 * The printf family: where the pieces that format.c makes go. A sink is a stream, a string with an end, or a descriptor
 * by way of a small buffer. None fails at a piece: a stream's error mark, or the descriptor's, is looked at in the end.
 */
#include "stdio_impl.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct file_sink {
	struct sink sink;
	FILE *f;
};

static void file_put(struct sink *sink, const char *text, size_t n)
{
	__file_write_locked(((struct file_sink *)sink)->f, text, n);
}

/*
 * An unbuffered stream gets a buffer for the length of the call, so that a message on standard error
 * is one write and not one for each piece.
 */
int vfprintf(FILE *__restrict f, const char *__restrict format, va_list ap)
{
	struct file_sink s = { { file_put, 0 }, f };
	unsigned char buffer[UNGET + 256];
	unsigned int error;
	int result, lend;

	__file_lock(f);
	error = f->flags & F_ERROR;
	lend = (f->flags & F_UNBUFFERED) && !(f->flags & F_READ);
	f->flags &= ~(unsigned int)F_ERROR;
	if (lend) {
		f->flags &= ~(unsigned int)F_UNBUFFERED;
		f->base = f->at = f->end = buffer + UNGET;
		f->size = sizeof(buffer) - UNGET;
	}
	result = __format(&s.sink, format, ap);
	if (lend) {
		__file_flush_locked(f);
		f->flags |= F_UNBUFFERED;
		f->base = f->at = f->end = f->tiny + UNGET;
		f->size = 1;
	}
	if (f->flags & F_ERROR)
		result = -1;
	f->flags |= error;
	__file_unlock(f);
	return result;
}

struct string_sink {
	struct sink sink;
	char *at, *end;
};

static void string_put(struct sink *sink, const char *text, size_t n)
{
	struct string_sink *s = (struct string_sink *)sink;
	size_t room = (size_t)(s->end - s->at);

	if (n > room)
		n = room;
	memcpy(s->at, text, n);
	s->at += n;
}

int vsnprintf(char *__restrict to, size_t size, const char *__restrict format, va_list ap)
{
	char none;
	struct string_sink s = { { string_put, 0 }, size ? to : &none, size ? to + size - 1 : &none };
	int result = __format(&s.sink, format, ap);

	if (size)
		*s.at = '\0';
	return result;
}

/* The end of the address space is not computed as to + SIZE_MAX, which would wrap. */
int vsprintf(char *__restrict to, const char *__restrict format, va_list ap)
{
	struct string_sink s = { { string_put, 0 }, to, (char *)UINTPTR_MAX };
	int result = __format(&s.sink, format, ap);

	*s.at = '\0';
	return result;
}

int vasprintf(char **to, const char *__restrict format, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	*to = n < 0 ? NULL : malloc((size_t)n + 1);
	if (!*to)
		return -1;
	return vsnprintf(*to, (size_t)n + 1, format, ap);
}

struct fd_sink {
	struct sink sink;
	int fd, failed;
	size_t used;
	char buffer[256];
};

static void fd_sink_flush(struct fd_sink *s)
{
	for (size_t done = 0; done < s->used && !s->failed;) {
		ssize_t n = write(s->fd, s->buffer + done, s->used - done);

		if (n < 0)
			s->failed = 1;
		else
			done += (size_t)n;
	}
	s->used = 0;
}

static void fd_put(struct sink *sink, const char *text, size_t n)
{
	struct fd_sink *s = (struct fd_sink *)sink;

	while (n > 0) {
		size_t room = sizeof(s->buffer) - s->used;
		size_t piece = n < room ? n : room;

		memcpy(s->buffer + s->used, text, piece);
		s->used += piece;
		text += piece;
		n -= piece;
		if (s->used == sizeof(s->buffer))
			fd_sink_flush(s);
	}
}

int vdprintf(int fd, const char *__restrict format, va_list ap)
{
	struct fd_sink s = { .sink = { fd_put, 0 }, .fd = fd };
	int result = __format(&s.sink, format, ap);

	fd_sink_flush(&s);
	return s.failed ? -1 : result;
}

int vprintf(const char *__restrict format, va_list ap)
{
	return vfprintf(stdout, format, ap);
}

int printf(const char *__restrict format, ...)
{
	va_list ap;
	int result;

	va_start(ap, format);
	result = vfprintf(stdout, format, ap);
	va_end(ap);
	return result;
}

int fprintf(FILE *__restrict f, const char *__restrict format, ...)
{
	va_list ap;
	int result;

	va_start(ap, format);
	result = vfprintf(f, format, ap);
	va_end(ap);
	return result;
}

int dprintf(int fd, const char *__restrict format, ...)
{
	va_list ap;
	int result;

	va_start(ap, format);
	result = vdprintf(fd, format, ap);
	va_end(ap);
	return result;
}

int sprintf(char *__restrict to, const char *__restrict format, ...)
{
	va_list ap;
	int result;

	va_start(ap, format);
	result = vsprintf(to, format, ap);
	va_end(ap);
	return result;
}

int snprintf(char *__restrict to, size_t size, const char *__restrict format, ...)
{
	va_list ap;
	int result;

	va_start(ap, format);
	result = vsnprintf(to, size, format, ap);
	va_end(ap);
	return result;
}

int asprintf(char **to, const char *__restrict format, ...)
{
	va_list ap;
	int result;

	va_start(ap, format);
	result = vasprintf(to, format, ap);
	va_end(ap);
	return result;
}
