/* SPDX-License-Identifier: MIT */
/*
 * Formatted input.
 *
 *      % [*] [width] [hh h l ll z j t L] conversion     conversions: d i u o x X p s c [ n % and floats
 *      %m before s, c or [ allocates the result
 *
 * The input is a stream; sscanf makes one over its string. The next character is only looked at
 * (peek), and taken when it fits, so nothing is ever put back: a stream is left at the first
 * character that did not match. Numbers are read by scan_number.c.
 *
 * Returns the number of conversions stored, or EOF when the input ended before the first: at a
 * literal, or where a conversion wants its first character. A prefix that looks like a number but is
 * none ("0x", "1e+") is a matching failure, also at the end of the input, and is consumed.
 */
#include "scan.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH_MAX 100000000

enum result __scan_literal(struct scan *s, char c)
{
	int next = peek(s);

	if (next != (unsigned char)c)
		return next == EOF ? NO_INPUT : MISMATCH;
	take(s);
	return MATCH;
}

void __scan_store(struct scan *s, uint64_t value)
{
	void *to;

	if (s->skip)
		return;
	to = va_arg(s->args, void *);
	switch (s->len) {
	case LEN_CHAR:
		*(uint8_t *)to = (uint8_t)value;
		break;
	case LEN_SHORT:
		*(uint16_t *)to = (uint16_t)value;
		break;
	case LEN_INT:
		*(uint32_t *)to = (uint32_t)value;
		break;
	default:
		*(uint64_t *)to = value;
	}
}

static void skip_space(struct scan *s)
{
	while (isspace(peek(s)))
		take(s);
}

/* The set of %[...]; returns the character behind it. */
static const char *parse_set(const char *f, char *set)
{
	int invert = *f == '^';
	const char *start;

	f += invert;
	memset(set, invert, 256);
	for (start = f; *f && (*f != ']' || f == start); f++) {
		int from = (unsigned char)*f, to = from;

		if (f[1] == '-' && f[2] && f[2] != ']') {
			to = (unsigned char)f[2];
			f += 2;
		}
		for (; from <= to; from++)
			set[from] = (char)!invert;
	}
	return *f ? f + 1 : f;
}

/* Where characters go: the caller's array or one that grows. */
static int put_char(struct scan *s, char **text, size_t n, size_t *room, int c)
{
	char *bigger;

	if (s->skip)
		return 0;
	if (s->allocate && n == *room) {
		bigger = realloc(*text, *room * 2);
		if (!bigger)
			return -1;
		*text = bigger;
		*room *= 2;
	}
	(*text)[n] = (char)c;
	return 0;
}

/* set: which characters fit. terminate: a zero byte follows (%c has none). */
static enum result scan_chars(struct scan *s, const char *set, int exactly, int terminate)
{
	char *text = NULL, **result = NULL;
	size_t n = 0, room = 32;
	int c;

	if (!s->skip && s->allocate) {
		result = va_arg(s->args, char **);
		text = malloc(room);
		if (!text)
			return NO_INPUT;
	} else if (!s->skip) {
		text = va_arg(s->args, char *);
	}
	while (s->width > 0 && (c = peek(s)) != EOF && set[c]) {
		if (put_char(s, &text, n, &room, c) < 0)
			goto fail;
		take(s);
		n++;
	}
	if (n == 0 || (exactly && s->width > 0))
		goto fail;
	if (terminate && put_char(s, &text, n, &room, '\0') < 0)
		goto fail;
	if (result)
		*result = text;
	s->stored += !s->skip;
	return MATCH;
fail:
	if (result)
		free(text);
	return MISMATCH;
}

static enum result scan_string(struct scan *s)
{
	char set[256];

	for (int c = 0; c < 256; c++)
		set[c] = !isspace(c);
	return scan_chars(s, set, 0, 1);
}

static const char *parse_length(const char *f, struct scan *s)
{
	s->len = LEN_INT;
	for (;; f++) {
		switch (*f) {
		case 'h':
			s->len = s->len == LEN_SHORT ? LEN_CHAR : LEN_SHORT;
			break;
		case 'l':
		case 'j':
		case 'z':
		case 't':
		case 'q':
			s->len = LEN_LONG;
			break;
		case 'L':
			s->len = LEN_LONG_DOUBLE;
			break;
		default:
			return f;
		}
	}
}

static const char *parse_spec(const char *f, struct scan *s, int *width)
{
	s->skip = *f == '*';
	f += s->skip;
	for (*width = 0; isdigit((unsigned char)*f); f++)
		*width = *width < WIDTH_MAX ? *width * 10 + (*f - '0') : *width;
	s->allocate = *f == 'm';
	f += s->allocate;
	return parse_length(f, s);
}

/* *f is at the conversion and moves behind it. */
static enum result convert(struct scan *s, const char **f, int width)
{
	char set[256];
	char c = *(*f)++;

	switch (c) {
	case 'd':
		return __scan_integer(s, 10, 1);
	case 'i':
		return __scan_integer(s, 0, 1);
	case 'u':
		return __scan_integer(s, 10, 0);
	case 'o':
		return __scan_integer(s, 8, 0);
	case 'p':
		return __scan_pointer(s);
	case 'x':
	case 'X':
		return __scan_integer(s, 16, 0);
	case 'a':
	case 'e':
	case 'f':
	case 'g':
	case 'A':
	case 'E':
	case 'F':
	case 'G':
		return __scan_float(s);
	case 's':
		return scan_string(s);
	case 'c':
		memset(set, 1, sizeof(set));
		s->width = width ? width : 1;
		return scan_chars(s, set, 1, 0);
	case '[':
		*f = parse_set(*f, set);
		return scan_chars(s, set, 0, 1);
	default:
		return MISMATCH;
	}
}

static enum result scan_directive(struct scan *s, const char **f)
{
	int width;

	*f = parse_spec(*f, s, &width);
	if (**f == 'n') {
		++*f;
		__scan_store(s, s->taken);
		return MATCH;
	}
	if (**f != 'c' && **f != '[')
		skip_space(s);
	s->width = width ? width : INT32_MAX; /* blanks before do not count */
	if (peek(s) == EOF)
		return NO_INPUT;
	if (**f == '%') {
		++*f;
		return __scan_literal(s, '%');
	}
	return convert(s, f, width);
}

static int scan(struct scan *s, const char *format)
{
	enum result result = MATCH;

	while (*format && result == MATCH) {
		if (isspace((unsigned char)*format)) {
			skip_space(s);
			format++;
		} else if (*format != '%') {
			result = __scan_literal(s, *format++);
		} else {
			format++;
			result = scan_directive(s, &format);
		}
	}
	return result == NO_INPUT && s->stored == 0 ? EOF : s->stored;
}

int vfscanf(FILE *__restrict f, const char *__restrict format, va_list ap)
{
	struct scan s = { .f = f };
	int result;

	va_copy(s.args, ap);
	__file_lock(f);
	result = scan(&s, format);
	__file_unlock(f);
	va_end(s.args);
	return result;
}

static ssize_t read_nothing(FILE *f, void *to, size_t n)
{
	(void)f;
	(void)to;
	(void)n;
	return 0;
}

/* The string itself is the buffer; the stream only reads it. */
int vsscanf(const char *__restrict from, const char *__restrict format, va_list ap)
{
	static const struct file_ops ops = { .read = read_nothing };
	FILE f = { .fd = -1, .flags = F_READ, .ops = &ops };

	f.base = f.at = (unsigned char *)from;
	f.end = f.at + strlen(from);
	return vfscanf(&f, format, ap);
}

int vscanf(const char *__restrict format, va_list ap)
{
	return vfscanf(stdin, format, ap);
}

int scanf(const char *__restrict format, ...)
{
	va_list ap;
	int result;

	va_start(ap, format);
	result = vfscanf(stdin, format, ap);
	va_end(ap);
	return result;
}

int fscanf(FILE *__restrict f, const char *__restrict format, ...)
{
	va_list ap;
	int result;

	va_start(ap, format);
	result = vfscanf(f, format, ap);
	va_end(ap);
	return result;
}

int sscanf(const char *__restrict from, const char *__restrict format, ...)
{
	va_list ap;
	int result;

	va_start(ap, format);
	result = vsscanf(from, format, ap);
	va_end(ap);
	return result;
}
