/* SPDX-License-Identifier: MIT */
/*
 * Characters, lines and blocks of a stream.
 *
 * Each function takes the stream's lock for its whole work, so that a line written by fputs is not
 * cut by another thread; the _unlocked ones are for callers that hold it. fgets and getdelim
 * look for the end in the buffer with memchr and copy pieces, rather than taking single
 * characters. getdelim doubles its buffer.
 */
#include "stdio_impl.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

int getc_unlocked(FILE *f)
{
	return file_getc_locked(f);
}

int fgetc_unlocked(FILE *f)
{
	return file_getc_locked(f);
}

int getchar_unlocked(void)
{
	return file_getc_locked(stdin);
}

int fgetc(FILE *f)
{
	int c;

	__file_lock(f);
	c = file_getc_locked(f);
	__file_unlock(f);
	return c;
}

int getc(FILE *f)
{
	return fgetc(f);
}

int getchar(void)
{
	return fgetc(stdin);
}

int ungetc(int c, FILE *f)
{
	if (c == EOF)
		return EOF;
	__file_lock(f);
	if (f->flags & F_WRITING) {
		__file_flush_locked(f);
		f->flags &= ~(unsigned int)F_WRITING;
		f->at = f->end = f->base;
	}
	if (!(f->flags & F_READ) || f->at == f->base - UNGET) {
		c = EOF;
	} else {
		*--f->at = (unsigned char)c;
		f->flags &= ~(unsigned int)F_EOF;
	}
	__file_unlock(f);
	return c == EOF ? EOF : (unsigned char)c;
}

int putc_unlocked(int c, FILE *f)
{
	return file_putc_locked(f, c);
}

int fputc_unlocked(int c, FILE *f)
{
	return file_putc_locked(f, c);
}

int putchar_unlocked(int c)
{
	return file_putc_locked(stdout, c);
}

int fputc(int c, FILE *f)
{
	__file_lock(f);
	c = file_putc_locked(f, c);
	__file_unlock(f);
	return c;
}

int putc(int c, FILE *f)
{
	return fputc(c, f);
}

int putchar(int c)
{
	return fputc(c, stdout);
}

int fputs_unlocked(const char *__restrict s, FILE *__restrict f)
{
	size_t n = strlen(s);

	return __file_write_locked(f, s, n) == n ? 0 : EOF;
}

int fputs(const char *__restrict s, FILE *__restrict f)
{
	int result;

	__file_lock(f);
	result = fputs_unlocked(s, f);
	__file_unlock(f);
	return result;
}

int puts(const char *s)
{
	int result;

	__file_lock(stdout);
	result = fputs_unlocked(s, stdout) < 0 || file_putc_locked(stdout, '\n') < 0 ? EOF : 0;
	__file_unlock(stdout);
	return result;
}

size_t fread_unlocked(void *__restrict to, size_t size, size_t count, FILE *__restrict f)
{
	size_t total;

	if (size == 0 || count == 0)
		return 0;
	if (__builtin_mul_overflow(size, count, &total)) {
		errno = EOVERFLOW;
		return 0;
	}
	return __file_read_locked(f, to, total) / size;
}

size_t fread(void *__restrict to, size_t size, size_t count, FILE *__restrict f)
{
	size_t n;

	__file_lock(f);
	n = fread_unlocked(to, size, count, f);
	__file_unlock(f);
	return n;
}

size_t fwrite_unlocked(const void *__restrict from, size_t size, size_t count, FILE *__restrict f)
{
	size_t total;

	if (size == 0 || count == 0)
		return 0;
	if (__builtin_mul_overflow(size, count, &total)) {
		errno = EOVERFLOW;
		return 0;
	}
	return __file_write_locked(f, from, total) / size;
}

size_t fwrite(const void *__restrict from, size_t size, size_t count, FILE *__restrict f)
{
	size_t n;

	__file_lock(f);
	n = fwrite_unlocked(from, size, count, f);
	__file_unlock(f);
	return n;
}

/* The bytes of the buffer up to and including end, at most max; *found tells if end is there. */
static size_t piece_len(const FILE *f, int end, size_t max, int *found)
{
	size_t have = (size_t)(f->end - f->at);
	const unsigned char *p;

	if (have > max)
		have = max;
	p = memchr(f->at, end, have);
	*found = p != NULL;
	return p ? (size_t)(p - f->at) + 1 : have;
}

char *fgets(char *__restrict line, int size, FILE *__restrict f)
{
	size_t len = 0;
	int found = 0;

	if (size <= 0)
		return NULL;
	__file_lock(f);
	while (!found && len + 1 < (size_t)size && __file_fill_locked(f) == 0) {
		size_t n = piece_len(f, '\n', (size_t)size - 1 - len, &found);

		memcpy(line + len, f->at, n);
		f->at += n;
		len += n;
	}
	line[len] = '\0';
	/* An error loses the line, an end of file after some bytes does not. */
	if ((len == 0 && size > 1) || (!found && (f->flags & F_ERROR)))
		line = NULL;
	__file_unlock(f);
	return line;
}

static int line_grow(char **line, size_t *size, size_t need)
{
	size_t bigger = *size < 64 ? 128 : *size;
	char *p;

	if (*line && *size >= need)
		return 0;
	while (bigger < need)
		bigger *= 2;
	p = realloc(*line, bigger);
	if (!p)
		return -1;
	*line = p;
	*size = bigger;
	return 0;
}

ssize_t getdelim(char **__restrict line, size_t *__restrict size, int end, FILE *__restrict f)
{
	ssize_t result = -1;
	size_t len = 0;
	int found = 0;

	if (!line || !size) {
		errno = EINVAL;
		return -1;
	}
	if (!*line)
		*size = 0;
	__file_lock(f);
	while (!found && __file_fill_locked(f) == 0) {
		size_t n = piece_len(f, end, SSIZE_MAX, &found);

		if (line_grow(line, size, len + n + 1) < 0) {
			f->flags |= F_ERROR;
			goto out;
		}
		memcpy(*line + len, f->at, n);
		f->at += n;
		len += n;
	}
	if (len > 0) {
		(*line)[len] = '\0';
		result = (ssize_t)len;
	}
out:
	__file_unlock(f);
	return result;
}

ssize_t getline(char **__restrict line, size_t *__restrict size, FILE *__restrict f)
{
	return getdelim(line, size, '\n', f);
}
