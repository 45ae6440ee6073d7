/* SPDX-License-Identifier: MIT */
/*
 * memory.c - the shell's memory, its messages and its buffered output
 *
 * Almost everything a shell allocates has one of two lives: the tree of the command being run, or the
 * results of expanding one of its words. Both end all at once, so both come from an arena, a list of
 * chunks from which bytes are cut:
 *
 *	arena ──► chunk (used up to here|      ) ──► older chunk (full) ──► ...
 *
 * A mark remembers the newest chunk and its fill; release frees what came after. That also makes it
 * harmless to leave the middle of anything by longjmp: the top level releases to its own mark.
 *
 * Output of the builtins is collected here and written with one write() when the builtin is done or
 * before the shell forks. stdio would do, but a failed flush leaves bytes in its buffer that come out
 * again in the next redirection; here a failed write drops them and gives the builtin its status.
 *
 * No memory left is the end of the shell: there is nothing a command interpreter could sensibly do
 * half way through a line.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sh.h"

#define CHUNK_SIZE 4000

struct chunk {
	struct chunk *next;
	size_t used, size;
	_Alignas(16) char data[];
};

static struct strbuf out;

void *xmalloc(size_t n)
{
	void *p = malloc(n ? n : 1);

	if (!p)
		sh_error("out of memory");
	return p;
}

void *xrealloc(void *p, size_t n)
{
	p = realloc(p, n);
	if (!p)
		sh_error("out of memory");
	return p;
}

char *xstrdup(const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(xmalloc(n), s, n);
}

void *arena_alloc(struct arena *a, size_t n)
{
	struct chunk *c = a->head;
	void *p;

	n = (n + 15) & ~(size_t)15;
	if (!c || c->size - c->used < n) {
		size_t size = n > CHUNK_SIZE ? n : CHUNK_SIZE;

		c = xmalloc(sizeof(*c) + size);
		c->size = size;
		c->used = 0;
		c->next = a->head;
		a->head = c;
	}
	p = c->data + c->used;
	c->used += n;
	return memset(p, 0, n);
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	return memcpy(arena_alloc(a, n + 1), s, n);
}

struct arena_mark arena_mark(const struct arena *a)
{
	return (struct arena_mark){ a->head, a->head ? a->head->used : 0 };
}

void arena_release(struct arena *a, struct arena_mark m)
{
	while (a->head != m.head) {
		struct chunk *next = a->head->next;

		free(a->head);
		a->head = next;
	}
	if (a->head)
		a->head->used = m.used;
}

void strbuf_add_mem(struct strbuf *b, const char *s, size_t n)
{
	if (b->cap - b->len < n + 1) {
		b->cap = (b->len + n + 1) * 2;
		b->s = xrealloc(b->s, b->cap);
	}
	memcpy(b->s + b->len, s, n);
	b->len += n;
	b->s[b->len] = '\0';
}

void strbuf_add(struct strbuf *b, char c)
{
	strbuf_add_mem(b, &c, 1);
}

/* Move the string into an arena and forget the buffer. */
char *strbuf_done(struct strbuf *b, struct arena *a)
{
	char *s = arena_strndup(a, b->len ? b->s : "", b->len);

	free(b->s);
	*b = (struct strbuf){ 0 };
	return s;
}

int write_all(int fd, const char *s, size_t n)
{
	while (n) {
		ssize_t w = write(fd, s, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -1;
		s += w;
		n -= w;
	}
	return 0;
}

/* A builtin that writes without end must not fill memory: write out now and then. */
void out_mem(const char *s, size_t n)
{
	strbuf_add_mem(&out, s, n);
	if (out.len > 16384)
		out_flush();
}

void out_str(const char *s)
{
	out_mem(s, strlen(s));
}

void out_fmt(const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n > 0)
		out_mem(line, n < (int)sizeof(line) ? n : (int)sizeof(line) - 1);
}

/* Print a value so that the shell can read it back. */
void out_quoted(const char *s)
{
	out_mem("'", 1);
	for (; *s; s++) {
		if (*s == '\'')
			out_str("'\\''");
		else
			out_mem(s, 1);
	}
	out_mem("'", 1);
}

int out_flush(void)
{
	int err = 0;

	if (out.len && write_all(1, out.s, out.len) < 0) {
		err = -1;
		if (errno != EPIPE)
			sh_warn("write error: %s", strerror(errno));
	}
	out.len = 0;
	return err;
}

static void warn_list(const char *fmt, va_list ap)
{
	char line[1024];
	int n;

	if (sh.typed)
		n = snprintf(line, sizeof(line), "sh: ");
	else
		n = snprintf(line, sizeof(line), "%.200s: %d: ", sh.name, sh.line);
	n += vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	if (n > (int)sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	write_all(2, line, n);
}

void sh_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	warn_list(fmt, ap);
	va_end(ap);
}

/* An error that stops what is being done: a script ends, an interactive shell prompts again. */
void sh_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	warn_list(fmt, ap);
	va_end(ap);
	sh_abort(2);
}
