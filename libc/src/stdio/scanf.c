/* SPDX-License-Identifier: MIT */
/*
 * Formatted input.
 *
 *      % [*] [width] [hh h l ll z j t L] conversion     conversions: d i u o x X p s c [ n % and floats
 *      %m before s, c or [ allocates the result
 *
 * The input is a stream; sscanf makes one over its string. The next character is only looked at
 * (peek), and taken when it fits, so nothing is ever put back: a stream is left at the first
 * character that did not match. A number is first gathered as text by the longest prefix that can be
 * one, then converted by strtol or strtold, so its rules are theirs.
 *
 * Returns the number of conversions stored, or EOF when the input ended before the first. A prefix
 * that looks like a number but is none ("0x", "1e+") is a matching failure, and is consumed.
 */
#include "stdio_impl.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX 512

enum length { LEN_CHAR, LEN_SHORT, LEN_INT, LEN_LONG, LEN_LONG_DOUBLE };

struct scan {
	FILE *f;
	size_t taken;
	int width; /* characters that this conversion may still take */
	int skip;  /* '*': nothing is stored */
	int allocate;
	enum length len;
	int stored;
	va_list args;
};

static int peek(struct scan *s)
{
	return __file_fill_locked(s->f) < 0 ? EOF : *s->f->at;
}

static void take(struct scan *s)
{
	s->f->at++;
	s->taken++;
	s->width--;
}

static void skip_space(struct scan *s)
{
	while (isspace(peek(s)))
		take(s);
}

static void store_integer(struct scan *s, uint64_t value)
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

/* A number's text as it grows. */
struct number {
	char text[NUMBER_MAX];
	int n;
};

/* Takes the next character if it is one of set (in either case) and there is room. */
static int accept(struct scan *s, struct number *number, const char *set)
{
	int c = s->width > 0 && number->n < NUMBER_MAX - 1 ? peek(s) : EOF;

	if (c == EOF || !c || !strchr(set, tolower(c)))
		return 0;
	number->text[number->n++] = (char)c;
	take(s);
	return 1;
}

static int accept_all(struct scan *s, struct number *number, const char *set)
{
	int n = 0;

	while (accept(s, number, set))
		n++;
	return n;
}

static const char *digits_of(int base)
{
	return base == 16 ? "0123456789abcdef" : base == 8 ? "01234567" : "0123456789";
}

/* Returns 0 if the input is no number. base is 0 for %i. */
static int scan_integer(struct scan *s, int base, int is_signed)
{
	struct number number = { .n = 0 };
	int digits = 0;
	uint64_t value;

	accept(s, &number, "+-");
	if ((base == 0 || base == 16) && accept(s, &number, "0")) {
		digits = 1;
		if (accept(s, &number, "x")) {
			base = 16;
			digits = 0;
		} else if (base == 0) {
			base = 8;
		}
	}
	if (base == 0)
		base = 10;
	digits += accept_all(s, &number, digits_of(base));
	number.text[number.n] = '\0';
	if (!digits)
		return 0;
	value = is_signed ? (uint64_t)strtoimax(number.text, NULL, base) :
			    strtoumax(number.text, NULL, base);
	store_integer(s, value);
	s->stored += !s->skip;
	return 1;
}

static void gather_name(struct scan *s, struct number *number, const char *name)
{
	char one[2] = "";

	for (; *name; name++) {
		one[0] = *name;
		if (!accept(s, number, one))
			return;
	}
}

static void gather_float(struct scan *s, struct number *number)
{
	const char *set = digits_of(10);
	char exponent[2] = "e";

	accept(s, number, "+-");
	if (strchr("in", tolower(peek(s)) ? tolower(peek(s)) : 'x')) {
		gather_name(s, number, tolower(peek(s)) == 'i' ? "infinity" : "nan");
		return;
	}
	if (accept(s, number, "0") && accept(s, number, "x")) {
		set = digits_of(16);
		exponent[0] = 'p';
	}
	accept_all(s, number, set);
	if (accept(s, number, "."))
		accept_all(s, number, set);
	if (accept(s, number, exponent)) {
		accept(s, number, "+-");
		accept_all(s, number, digits_of(10));
	}
}

static int scan_float(struct scan *s)
{
	struct number number = { .n = 0 };
	long double value;
	void *to;
	char *end;

	gather_float(s, &number);
	number.text[number.n] = '\0';
	/* Converted at the target's precision, for rounding twice is not the same. */
	if (s->len == LEN_LONG_DOUBLE)
		value = strtold(number.text, &end);
	else if (s->len == LEN_LONG)
		value = strtod(number.text, &end);
	else
		value = strtof(number.text, &end);
	if (number.n == 0 || *end)
		return 0;
	if (s->skip)
		return 1;
	to = va_arg(s->args, void *);
	if (s->len == LEN_LONG_DOUBLE)
		*(long double *)to = value;
	else if (s->len == LEN_LONG)
		*(double *)to = (double)value;
	else
		*(float *)to = (float)value;
	s->stored++;
	return 1;
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
static int scan_chars(struct scan *s, const char *set, int exactly, int terminate)
{
	char *text = NULL, **result = NULL;
	size_t n = 0, room = 32;
	int c;

	if (!s->skip && s->allocate) {
		result = va_arg(s->args, char **);
		text = malloc(room);
		if (!text)
			return 0;
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
	return 1;
fail:
	if (s->allocate)
		free(text);
	return 0;
}

static int scan_string(struct scan *s)
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
		*width = *width < NUMBER_MAX * 1000 ? *width * 10 + (*f - '0') : *width;
	s->allocate = *f == 'm';
	f += s->allocate;
	return parse_length(f, s);
}

/* Returns 0 if the input does not match. *f is at the conversion and moves behind it. */
static int convert(struct scan *s, const char **f, int width)
{
	char set[256];
	char c = *(*f)++;

	switch (c) {
	case 'd':
		return scan_integer(s, 10, 1);
	case 'i':
		return scan_integer(s, 0, 1);
	case 'u':
		return scan_integer(s, 10, 0);
	case 'o':
		return scan_integer(s, 8, 0);
	case 'p':
		s->len = LEN_LONG;
		return scan_integer(s, 16, 0);
	case 'x':
	case 'X':
		return scan_integer(s, 16, 0);
	case 'a':
	case 'e':
	case 'f':
	case 'g':
	case 'A':
	case 'E':
	case 'F':
	case 'G':
		return scan_float(s);
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
		return 0;
	}
}

static int scan_directive(struct scan *s, const char **f)
{
	int width;

	*f = parse_spec(*f, s, &width);
	if (**f == 'n') {
		++*f;
		store_integer(s, s->taken);
		return 1;
	}
	if (**f != 'c' && **f != '[')
		skip_space(s);
	s->width = width ? width : INT32_MAX; /* blanks before do not count */
	if (**f == '%') {
		++*f;
		if (peek(s) != '%')
			return 0;
		take(s);
		return 1;
	}
	return convert(s, f, width);
}

static int scan(struct scan *s, const char *format)
{
	while (*format) {
		if (isspace((unsigned char)*format)) {
			skip_space(s);
			format++;
		} else if (*format != '%') {
			if (peek(s) != (unsigned char)*format++)
				goto out;
			take(s);
		} else {
			format++;
			if (!scan_directive(s, &format))
				goto out;
		}
	}
	return s->stored;
out:
	return s->stored == 0 && peek(s) == EOF ? EOF : s->stored;
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
