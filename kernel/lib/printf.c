/* SPDX-License-Identifier: MIT */
/*
 * Formatted print into a buffer: what klog, the tests and /proc use. The conversions are d i u x X
 * c s p and %%, with the lengths l, ll, z and h (and hh), a width and a precision (a number or
 * '*'), and the flags 0, - and +. No floating point: the kernel has none.
 *
 * Like the standard's snprintf it returns the length that the whole text would have, writes no more
 * than cap bytes, and always ends them with NUL when cap is not 0. So a caller can measure first,
 * or see by result >= cap that text was cut.
 *
 * A conversion is parsed into a struct spec, then its text (digits or string) is made, then emitted
 * with padding:
 *
 *      <- width ------------------------------->
 *      blanks  sign or 0x  zeros  digits  blanks
 *              (prefix)
 *
 * An unknown conversion is printed as it stands, so that the mistake can be seen; the compiler
 * checks formats anyway (printf_like). A NULL string prints "(null)".
 *
 * No lock, no allocation, no global state: any context may call it.
 *
 * Rejected: an output callback for each character. A bounded buffer serves every caller, and the
 * log wants whole lines.
 */
#include "lib/log.h"
#include "lib/string.h"

struct out { char *buf; size_t cap, len; };

struct spec {
	bool left, zero, plus;
	unsigned width;
	int precision; /* -1: none given */
	int longs;     /* size of the argument: -2 char, -1 short, 0 int, 1 long */
};

static void put(struct out *out, char c)
{
	if (out->len + 1 < out->cap)
		out->buf[out->len] = c;
	out->len++;
}

static void put_repeated(struct out *out, char c, size_t n)
{
	while (n--)
		put(out, c);
}

static void put_text(struct out *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		put(out, text[i]);
}

/* prefix, zeros, body, padded to the width. */
static void put_field(struct out *out, const struct spec *spec, const char *prefix, size_t zeros,
		      const char *body, size_t len)
{
	size_t prefix_len = strlen(prefix);
	size_t used = prefix_len + zeros + len;
	size_t pad = spec->width > used ? spec->width - used : 0;

	if (!spec->left)
		put_repeated(out, ' ', pad);
	put_text(out, prefix, prefix_len);
	put_repeated(out, '0', zeros);
	put_text(out, body, len);
	if (spec->left)
		put_repeated(out, ' ', pad);
}

static void put_number(struct out *out, const struct spec *spec, const char *prefix,
		       uint64_t value, unsigned base, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[20]; /* 2^64 has 20 decimal digits */
	size_t start = sizeof(text);
	size_t zeros = 0;

	for (; value; value /= base)
		text[--start] = digits[value % base];
	size_t len = sizeof(text) - start;
	size_t wanted = spec->precision < 0 ? 1 : (size_t)spec->precision;
	if (spec->precision < 0 && spec->zero && !spec->left && spec->width > strlen(prefix))
		wanted = MAX(wanted, spec->width - strlen(prefix));
	if (wanted > len)
		zeros = wanted - len;
	put_field(out, spec, prefix, zeros, text + start, len);
}

static void put_string(struct out *out, const struct spec *spec, const char *s)
{
	if (!s)
		s = "(null)";
	size_t len = spec->precision < 0 ? strlen(s) : strnlen(s, (size_t)spec->precision);
	put_field(out, spec, "", 0, s, len);
}

/* ---- parsing ---- */

static unsigned parse_number(const char **fmt)
{
	unsigned n = 0;

	while (**fmt >= '0' && **fmt <= '9')
		n = n * 10 + (unsigned)(*(*fmt)++ - '0');
	return n;
}

static void parse_flags(const char **fmt, struct spec *spec)
{
	for (;; (*fmt)++) {
		if (**fmt == '-')
			spec->left = true;
		else if (**fmt == '0')
			spec->zero = true;
		else if (**fmt == '+')
			spec->plus = true;
		else
			return;
	}
}

static void parse_length(const char **fmt, struct spec *spec)
{
	for (;; (*fmt)++) {
		if (**fmt == 'l' || **fmt == 'z')
			spec->longs = 1;
		else if (**fmt == 'h')
			spec->longs--;
		else
			return;
	}
}

/* A va_list passed by pointer must be in a structure: as an array type it would decay. */
struct args { va_list list; };

static int64_t take_signed(struct args *args, const struct spec *spec)
{
	if (spec->longs > 0)
		return va_arg(args->list, int64_t);
	int v = va_arg(args->list, int);
	return spec->longs == 0 ? v : spec->longs == -1 ? (int16_t)v : (int8_t)v;
}

static uint64_t take_unsigned(struct args *args, const struct spec *spec)
{
	if (spec->longs > 0)
		return va_arg(args->list, uint64_t);
	unsigned v = va_arg(args->list, unsigned);
	return spec->longs == 0 ? v : spec->longs == -1 ? (uint16_t)v : (uint8_t)v;
}

static void parse_spec(const char **fmt, struct spec *spec, struct args *args)
{
	*spec = (struct spec){ .precision = -1 };
	parse_flags(fmt, spec);
	if (**fmt == '*') {
		(*fmt)++;
		int width = va_arg(args->list, int);
		spec->left |= width < 0;
		spec->width = width < 0 ? -(unsigned)width : (unsigned)width;
	} else {
		spec->width = parse_number(fmt);
	}
	if (**fmt == '.') {
		(*fmt)++;
		if (**fmt == '*') {
			(*fmt)++;
			int precision = va_arg(args->list, int);
			spec->precision = MAX(precision, -1);
		} else {
			spec->precision = (int)parse_number(fmt);
		}
	}
	parse_length(fmt, spec);
}

/* Print one conversion; false when `kind` is none. */
static bool convert(struct out *out, const struct spec *spec, char kind, struct args *args)
{
	switch (kind) {
	case 'd':
	case 'i': {
		int64_t v = take_signed(args, spec);
		const char *sign = v < 0 ? "-" : spec->plus ? "+" : "";
		put_number(out, spec, sign, v < 0 ? -(uint64_t)v : (uint64_t)v, 10, false);
		return true;
	}
	case 'u':
		put_number(out, spec, "", take_unsigned(args, spec), 10, false);
		return true;
	case 'x':
	case 'X':
		put_number(out, spec, "", take_unsigned(args, spec), 16, kind == 'X');
		return true;
	case 'p':
		put_number(out, spec, "0x", (uintptr_t)va_arg(args->list, void *), 16, false);
		return true;
	case 'c': {
		char c = (char)va_arg(args->list, int);
		put_field(out, spec, "", 0, &c, 1);
		return true;
	}
	case 's':
		put_string(out, spec, va_arg(args->list, const char *));
		return true;
	case '%':
		put(out, '%');
		return true;
	default:
		return false;
	}
}

int kvsnprintf(char *buf, size_t cap, const char *fmt, va_list ap)
{
	struct out out = { buf, cap, 0 };
	struct spec spec;
	struct args args;

	va_copy(args.list, ap);
	while (*fmt) {
		const char *start = fmt;
		if (*fmt++ != '%') {
			put(&out, *start);
			continue;
		}
		parse_spec(&fmt, &spec, &args);
		if (*fmt && convert(&out, &spec, *fmt, &args))
			fmt++;
		else
			put_text(&out, start, (size_t)(fmt - start));
	}
	va_end(args.list);
	if (cap > 0)
		buf[MIN(out.len, cap - 1)] = '\0';
	return (int)out.len;
}

int ksnprintf(char *buf, size_t cap, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int len = kvsnprintf(buf, cap, fmt, ap);
	va_end(ap);
	return len;
}
