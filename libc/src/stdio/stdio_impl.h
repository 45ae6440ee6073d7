/* SPDX-License-Identifier: MIT */
/* Streams as the files of this folder see them. */
#ifndef STDIO_IMPL_H
#define STDIO_IMPL_H

#include "../internal.h"
#include <stdarg.h>
#include <stdio.h>

/* Bytes before a buffer that ungetc may use when the buffer's first byte is next. */
#define UNGET 8

enum {
	F_READ = 1,       /* the stream may be read */
	F_WRITE = 2,      /* it may be written */
	F_EOF = 4,
	F_ERROR = 8,
	F_WRITING = 16,   /* [base, at) waits to be written; otherwise [at, end) to be read */
	F_LINE = 32,      /* flush at newlines */
	F_UNBUFFERED = 64,
	F_CHOOSE = 128,   /* line or full buffering is decided at the first use */
	F_OWN_BUFFER = 256,
	F_STATIC = 512,   /* one of the three standard streams: not to be freed */
	F_APPEND = 1024,
};

/* What stands behind a stream that is not a descriptor. Results are those of the system calls. */
struct file_ops {
	ssize_t (*read)(FILE *f, void *to, size_t n);
	ssize_t (*write)(FILE *f, const void *from, size_t n);
	off_t (*seek)(FILE *f, off_t off, int whence);
	int (*close)(FILE *f);
};

struct __file {
	struct lock lock; /* guards the rest, except the two links */
	int depth;        /* how often the owner took it */
	struct thread_block *owner;
	int fd;
	unsigned int flags;
	unsigned char *base, *at, *end;
	size_t size;
	unsigned char tiny[UNGET + 1]; /* the buffer of an unbuffered stream */
	const struct file_ops *ops;
	void *cookie;
	int child; /* process of popen */
	FILE *next, *prev; /* guarded by the list's lock */
};

extern const struct file_ops __fd_ops;

/* file.c. Those ending in _locked need the stream's lock. */
void __file_lock(FILE *f);
void __file_unlock(FILE *f);
FILE *__file_create(int fd, unsigned int flags, const struct file_ops *ops, void *cookie);
void __file_destroy(FILE *f);
int __file_flags(const char *mode, int *open_flags);
int __file_flush_locked(FILE *f);
int __file_fill_locked(FILE *f); /* 0 if [at, end) is not empty afterwards, else -1 */
size_t __file_write_locked(FILE *f, const void *from, size_t n);
size_t __file_read_locked(FILE *f, void *to, size_t n);
int __file_seek_locked(FILE *f, off_t off, int whence);
int __file_settle_locked(FILE *f); /* flush, or give back what was read ahead */

static inline int file_getc_locked(FILE *f)
{
	if (f->at < f->end && !(f->flags & F_WRITING))
		return *f->at++;
	return __file_fill_locked(f) < 0 ? EOF : *f->at++;
}

static inline int file_putc_locked(FILE *f, int c)
{
	unsigned char byte = (unsigned char)c;

	if ((f->flags & (F_WRITING | F_LINE | F_UNBUFFERED)) == F_WRITING && f->at < f->base + f->size) {
		*f->at++ = byte;
		return byte;
	}
	return __file_write_locked(f, &byte, 1) == 1 ? byte : EOF;
}

/* Where formatted text goes. put is given each piece; total counts all of them. */
struct sink {
	void (*put)(struct sink *sink, const char *text, size_t n);
	size_t total;
};

int __format(struct sink *sink, const char *format, va_list ap);

static inline void sink_put(struct sink *sink, const char *text, size_t n)
{
	sink->total += n;
	sink->put(sink, text, n);
}

void __sink_pad(struct sink *sink, char c, long n);

/* format.c reads it from a format; float.c: one floating conversion. */
struct spec {
	int width, precision; /* precision is -1 when none was given */
	char conversion;
	unsigned char left, plus, space, alternate, zero;
	unsigned char is_long; /* a long double, which only %a prints differently */
};

void __format_float(struct sink *sink, const struct spec *spec, long double value);
void __format_number(struct sink *sink, const struct spec *spec, const char *prefix, long zeros,
		     const char *digits, size_t n);

#endif
