/* SPDX-License-Identifier: MIT */
/*
 * Formatted output: what a format and its arguments become.
 *
 *      % [flags -+ #0'] [width or *] [.precision or .*] [hh h l ll z j t L] conversion
 *
 * __format walks the format once and hands pieces to a sink (printf.c). The sink never fails; whoever owns it looks in
 * the end. Integers are made in a small buffer from the right; their precision and padding never exist in memory, so
 * %1000000d needs no room. Floating conversions are in float.c.
 *
 * Beyond the standard: %m is strerror(errno), and a null string prints as (null). %n stores. %lc prints the low byte of
 * a wide character, for there is only the C locale; there are no wide strings. Positional arguments (%1$d) are not
 * supported.
 */
#include "stdio_impl.h"
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

enum length { LEN_NONE, LEN_CHAR, LEN_SHORT, LEN_LONG, LEN_LONG_DOUBLE };

void __sink_pad(struct sink *sink, char c, long n)
{
	char run[32];

	memset(run, c, sizeof(run));
	for (; n > 0; n -= (long)sizeof(run))
		sink_put(sink, run, n < (long)sizeof(run) ? (size_t)n : sizeof(run));
}

/* Lays out prefix, zeros and digits in the field; zero padding goes between prefix and digits. */
void __format_number(struct sink *sink, const struct spec *spec, const char *prefix, long zeros,
		     const char *digits, size_t n)
{
	size_t prefix_len = strlen(prefix);
	long pad = spec->width - (long)(prefix_len + n) - zeros;

	if (pad < 0)
		pad = 0;
	if (spec->zero && !spec->left) {
		zeros += pad;
		pad = 0;
	}
	if (!spec->left)
		__sink_pad(sink, ' ', pad);
	sink_put(sink, prefix, prefix_len);
	__sink_pad(sink, '0', zeros);
	sink_put(sink, digits, n);
	if (spec->left)
		__sink_pad(sink, ' ', pad);
}

static void put_string(struct sink *sink, const struct spec *spec, const char *s, size_t n)
{
	struct spec plain = *spec;

	plain.zero = 0;
	__format_number(sink, &plain, "", 0, s, n);
}

static void put_integer(struct sink *sink, struct spec *spec, uint64_t value, const char *sign)
{
	static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
	const char *set = spec->conversion == 'X' ? upper : lower;
	char digits[64], *p = digits + sizeof(digits);
	unsigned int base = 10;
	long n, zeros;

	if (spec->conversion == 'o')
		base = 8;
	else if ((spec->conversion | 32) == 'x')
		base = 16;
	if (spec->alternate && base == 16 && value)
		sign = spec->conversion == 'X' ? "0X" : "0x";
	for (uint64_t v = value; v; v /= base)
		*--p = set[v % base];
	n = digits + sizeof(digits) - p;
	zeros = spec->precision >= 0 ? spec->precision - n : 1 - n;
	if (base == 8 && spec->alternate && zeros <= 0)
		zeros = n && *p == '0' ? 0 : 1;
	/* A precision turns the zero flag off. */
	if (spec->precision >= 0)
		spec->zero = 0;
	__format_number(sink, spec, sign, zeros > 0 ? zeros : 0, p, (size_t)n);
}

static const char *sign_of(const struct spec *spec, int negative)
{
	return negative ? "-" : spec->plus ? "+" : spec->space ? " " : "";
}

/* va_list may be an array, so it is passed inside a structure. */
struct args {
	va_list list;
};

static int64_t take_signed(struct args *args, enum length len)
{
	if (len == LEN_LONG || len == LEN_LONG_DOUBLE)
		return va_arg(args->list, long);
	if (len == LEN_SHORT)
		return (short)va_arg(args->list, int);
	if (len == LEN_CHAR)
		return (signed char)va_arg(args->list, int);
	return va_arg(args->list, int);
}

static uint64_t take_unsigned(struct args *args, enum length len)
{
	if (len == LEN_LONG || len == LEN_LONG_DOUBLE)
		return va_arg(args->list, unsigned long);
	if (len == LEN_SHORT)
		return (unsigned short)va_arg(args->list, int);
	if (len == LEN_CHAR)
		return (unsigned char)va_arg(args->list, int);
	return va_arg(args->list, unsigned int);
}

static void store_count(struct args *args, enum length len, size_t total)
{
	void *to = va_arg(args->list, void *);

	if (len == LEN_LONG || len == LEN_LONG_DOUBLE)
		*(long *)to = (long)total;
	else if (len == LEN_SHORT)
		*(short *)to = (short)total;
	else if (len == LEN_CHAR)
		*(signed char *)to = (signed char)total;
	else
		*(int *)to = (int)total;
}

static const char *parse_flags(const char *f, struct spec *spec)
{
	for (;; f++) {
		switch (*f) {
		case '-':
			spec->left = 1;
			break;
		case '+':
			spec->plus = 1;
			break;
		case ' ':
			spec->space = 1;
			break;
		case '#':
			spec->alternate = 1;
			break;
		case '0':
			spec->zero = 1;
			break;
		case '\'':
			break;
		default:
			return f;
		}
	}
}

static const char *parse_int(const char *f, int *value, struct args *args)
{
	if (*f == '*') {
		*value = va_arg(args->list, int);
		return f + 1;
	}
	for (*value = 0; *f >= '0' && *f <= '9'; f++)
		*value = *value < INT_MAX / 10 - 1 ? *value * 10 + (*f - '0') : INT_MAX / 2;
	return f;
}

static const char *parse_length(const char *f, enum length *len)
{
	*len = LEN_NONE;
	switch (*f) {
	case 'h':
		*len = f[1] == 'h' ? LEN_CHAR : LEN_SHORT;
		return f + (f[1] == 'h' ? 2 : 1);
	case 'l':
		*len = LEN_LONG;
		return f + (f[1] == 'l' ? 2 : 1);
	case 'q':
	case 'j':
	case 'z':
	case 't':
		*len = LEN_LONG;
		return f + 1;
	case 'L':
		*len = LEN_LONG_DOUBLE;
		return f + 1;
	default:
		return f;
	}
}

static const char *parse_spec(const char *f, struct spec *spec, enum length *len, struct args *args)
{
	memset(spec, 0, sizeof(*spec));
	spec->precision = -1;
	f = parse_flags(f, spec);
	f = parse_int(f, &spec->width, args);
	if (spec->width < 0) {
		spec->left = 1;
		spec->width = spec->width == INT_MIN ? INT_MAX : -spec->width;
	}
	if (*f == '.') {
		f = parse_int(f + 1, &spec->precision, args);
		if (spec->precision < 0)
			spec->precision = -1;
	}
	f = parse_length(f, len);
	spec->conversion = *f;
	return f;
}

static void convert_string(struct sink *sink, const struct spec *spec, const char *s)
{
	if (!s)
		s = spec->precision >= 0 && spec->precision < 6 ? "" : "(null)";
	put_string(sink, spec, s,
		   spec->precision >= 0 ? strnlen(s, (size_t)spec->precision) : strlen(s));
}

static void convert_pointer(struct sink *sink, struct spec *spec, void *p)
{
	if (!p) {
		put_string(sink, spec, "(nil)", 5);
		return;
	}
	spec->alternate = 1;
	spec->conversion = 'x';
	put_integer(sink, spec, (uintptr_t)p, sign_of(spec, 0));
}

/* Returns 0 for a conversion that it does not know. */
static int convert(struct sink *sink, struct spec *spec, enum length len, struct args *args,
		   int error)
{
	int64_t i;
	char c;

	switch (spec->conversion) {
	case 'd':
	case 'i':
		i = take_signed(args, len);
		put_integer(sink, spec, i < 0 ? -(uint64_t)i : (uint64_t)i, sign_of(spec, i < 0));
		return 1;
	case 'u':
	case 'o':
	case 'x':
	case 'X':
		put_integer(sink, spec, take_unsigned(args, len), "");
		return 1;
	case 'C':
	case 'c':
		c = (char)va_arg(args->list, int);
		put_string(sink, spec, &c, 1);
		return 1;
	case 'S':
	case 's':
		convert_string(sink, spec, va_arg(args->list, const char *));
		return 1;
	case 'm':
		convert_string(sink, spec, strerror(error));
		return 1;
	case 'p':
		convert_pointer(sink, spec, va_arg(args->list, void *));
		return 1;
	case 'n':
		store_count(args, len, sink->total);
		return 1;
	case '%':
		sink_put(sink, "%", 1);
		return 1;
	case 'e':
	case 'E':
	case 'f':
	case 'F':
	case 'g':
	case 'G':
	case 'a':
	case 'A':
		spec->is_long = len == LEN_LONG_DOUBLE;
		__format_float(sink, spec, spec->is_long ?
				       va_arg(args->list, long double) :
				       (long double)va_arg(args->list, double));
		return 1;
	default:
		return 0;
	}
}

int __format(struct sink *sink, const char *format, va_list ap)
{
	int error = errno;
	struct args args;

	va_copy(args.list, ap);
	while (*format) {
		const char *percent = strchrnul(format, '%');
		struct spec spec;
		enum length len;

		if (percent > format)
			sink_put(sink, format, (size_t)(percent - format));
		if (!*percent)
			break;
		format = parse_spec(percent + 1, &spec, &len, &args);
		if (*format && !convert(sink, &spec, len, &args, error))
			sink_put(sink, percent, (size_t)(format + 1 - percent));
		if (*format)
			format++;
	}
	va_end(args.list);
	if (sink->total > INT_MAX) {
		errno = EOVERFLOW;
		return -1;
	}
	return (int)sink->total;
}
