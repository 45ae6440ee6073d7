/* SPDX-License-Identifier: MIT */
/*
 * Printing floating-point numbers exactly, then rounding once.
 *
 * A binary fraction is a finite decimal one. The value m * 2^e is expanded in full into words of
 * nine decimal digits, on both sides of the point:
 *
 *      whole[0] whole[1] ... whole[w-1] . part[0] part[1] ... part[f-1]
 *
 * by multiplying the words by 2^29 (e > 0) or dividing them (e < 0) as often as needed; dividing
 * carries remainders to the right, and new words appear there until nothing is left. From the
 * complete digit string, %e %f and %g take what they want and round it half to even, which is
 * right because nothing was lost before. The room depends on the exponent alone and is taken from
 * the stack: about a hundred bytes for 1.5, 2 KiB for the smallest double, 30 KiB for the extreme
 * long doubles, which threads with small stacks should not print.
 *
 * Faster methods (Grisu, Ryu) need tables of powers and a proof; here the arithmetic is the proof.
 *
 * %a prints the mantissa's bits as Linux programs do: one of them before the point for a double (none
 * if it is subnormal), four for a long double. A precision rounds half to even as well.
 */
#include "stdio_impl.h"
#include <limits.h>
#include <stdint.h>
#include <string.h>

#define WORD 1000000000u
#define WORD_DIGITS 9
#define SHIFT 29

union bits {
	long double value;
	struct {
		uint64_t mantissa; /* bit 63 is the digit before the point */
		uint16_t exponent; /* bit 15 is the sign */
	};
};

#define BIAS 16383
#define DOUBLE_LEAST (-1022) /* exponent of the smallest normal double */

struct decimal {
	char *digits; /* without leading zeros, except for a single '0' */
	long count;
	long point;   /* digits before the point; may be negative or more than count */
};

/* Multiplies the whole part by 2^n; the most significant word is last while this goes on. */
static long multiply(uint32_t *words, long count, int n)
{
	uint64_t carry = 0;

	for (long i = 0; i < count; i++) {
		carry += (uint64_t)words[i] << n;
		words[i] = (uint32_t)(carry % WORD);
		carry /= WORD;
	}
	while (carry) {
		words[count++] = (uint32_t)(carry % WORD);
		carry /= WORD;
	}
	return count;
}

/* Divides a fraction (first word most significant) by 2^n, given what comes in from the left. */
static long divide(uint32_t *words, long count, int n, uint64_t remainder)
{
	long i = 0;

	for (; i < count || remainder; i++) {
		uint64_t x = remainder * WORD + (i < count ? words[i] : 0);

		words[i] = (uint32_t)(x >> n);
		remainder = x & (((uint64_t)1 << n) - 1);
	}
	return i;
}

static void put_word(char *to, uint32_t word)
{
	for (int i = WORD_DIGITS - 1; i >= 0; i--, word /= 10)
		to[i] = (char)('0' + word % 10);
}

/* whole: least significant word first; part: most significant first. digits has room for all. */
static void to_digits(struct decimal *d, const uint32_t *whole, long w, const uint32_t *part, long f)
{
	char *p = d->digits;
	long skip = 0;

	for (long i = w; i-- > 0; p += WORD_DIGITS)
		put_word(p, whole[i]);
	for (long i = 0; i < f; i++, p += WORD_DIGITS)
		put_word(p, part[i]);
	d->count = p - d->digits;
	d->point = w * WORD_DIGITS;
	while (skip < d->count && d->digits[skip] == '0')
		skip++;
	while (d->count > skip && d->digits[d->count - 1] == '0')
		d->count--;
	d->count -= skip;
	d->point -= skip;
	memmove(d->digits, d->digits + skip, (size_t)d->count);
	if (d->count == 0) {
		d->digits[0] = '0';
		d->count = d->point = 1;
	}
}

/* Expands m * 2^e. */
static void expand(struct decimal *d, uint64_t m, int e)
{
	long whole_room = 3 + (e > 0 ? (e + SHIFT - 1) / SHIFT : 0);
	long part_room = e < 0 ? -e / WORD_DIGITS + 8 : 1;
	uint32_t whole[whole_room], part[part_room];
	long w = 0, f = 0;
	int n;

	if (e < 0) {
		/* The first step moves what lies below the point out of m. */
		uint64_t above = e <= -64 ? 0 : m >> -e;
		int first = e < -64 ? e + 64 : 0;
		uint64_t below = e <= -64 ? m : m << (64 + e);

		/* below * 2^-64 is the fraction, still to be divided by 2^-first. */
		while (below) {
			unsigned __int128 x = (unsigned __int128)below * WORD;

			part[f++] = (uint32_t)(x >> 64);
			below = (uint64_t)x;
		}
		for (; first < 0; first += n) {
			n = first < -SHIFT ? SHIFT : -first;
			f = divide(part, f, n, 0);
		}
		m = above;
		e = 0;
	}
	for (; m; m /= WORD)
		whole[w++] = (uint32_t)(m % WORD);
	for (; e > 0; e -= n) {
		n = e < SHIFT ? e : SHIFT;
		w = multiply(whole, w, n);
	}
	to_digits(d, whole, w, part, f);
}

/* Keeps n digits (n may be zero or negative), rounding half to even. */
static void round_digits(struct decimal *d, long n)
{
	char *p = d->digits;
	int up;

	if (n >= d->count)
		return;
	if (n < 0) {
		up = 0;
		n = 0;
	} else {
		int half = p[n] == '5' && d->count == n + 1;

		up = half ? n > 0 && (p[n - 1] - '0') % 2 : p[n] >= '5';
	}
	d->count = n;
	while (up && d->count > 0 && p[d->count - 1] == '9')
		d->count--;
	if (up && d->count > 0) {
		p[d->count - 1]++;
	} else if (up) {
		p[0] = '1';
		d->count = 1;
		d->point++;
	}
	while (d->count > 0 && p[d->count - 1] == '0')
		d->count--;
	if (d->count == 0) {
		p[0] = '0';
		d->count = d->point = 1;
	}
}

/* Pieces of a number, laid out by put_pieces: digits from d with zeros where it has none. */
struct layout {
	const char *sign;
	long before;  /* digits before the point */
	long skipped; /* of these or after the point, how many zeros come before d's first digit */
	long after;   /* digits after the point */
	int point;
	char exponent[8];
};

static void put_run(struct sink *sink, const struct decimal *d, long from, long n)
{
	if (from < 0) {
		long zeros = -from < n ? -from : n;

		__sink_pad(sink, '0', zeros);
		from += zeros;
		n -= zeros;
	}
	if (n > 0 && from < d->count) {
		long have = d->count - from < n ? d->count - from : n;

		sink_put(sink, d->digits + from, (size_t)have);
		n -= have;
	}
	__sink_pad(sink, '0', n);
}

static void put_pieces(struct sink *sink, const struct spec *spec, const struct decimal *d,
		       const struct layout *l)
{
	size_t sign_len = strlen(l->sign), exponent_len = strlen(l->exponent);
	long pad = spec->width - (long)(sign_len + exponent_len) - l->before - l->after - l->point;
	int zero = spec->zero && !spec->left;

	if (!zero && !spec->left)
		__sink_pad(sink, ' ', pad);
	sink_put(sink, l->sign, sign_len);
	if (zero)
		__sink_pad(sink, '0', pad);
	put_run(sink, d, -l->skipped, l->before);
	if (l->point)
		sink_put(sink, ".", 1);
	put_run(sink, d, l->before - l->skipped, l->after);
	sink_put(sink, l->exponent, exponent_len);
	if (spec->left)
		__sink_pad(sink, ' ', pad);
}

/* digits: how many the exponent has at least, 1 or 2. */
static void layout_exponent(struct layout *l, char letter, long exponent, int digits)
{
	char *p = l->exponent;
	unsigned long n = (unsigned long)(exponent < 0 ? -exponent : exponent);
	unsigned long unit = digits == 2 ? 10 : 1;

	while (n / unit >= 10)
		unit *= 10;
	*p++ = letter;
	*p++ = exponent < 0 ? '-' : '+';
	for (; unit; unit /= 10)
		*p++ = (char)('0' + n / unit % 10);
	*p = '\0';
}

static int is_zero(const struct decimal *d)
{
	return d->digits[0] == '0';
}

static void format_e(struct sink *sink, const struct spec *spec, struct decimal *d,
		     struct layout *l, long after)
{
	l->before = 1;
	l->after = after;
	l->point = after > 0 || spec->alternate;
	layout_exponent(l, (spec->conversion & 32) ? 'e' : 'E', is_zero(d) ? 0 : d->point - 1,
			2);
	put_pieces(sink, spec, d, l);
}

static void format_f(struct sink *sink, const struct spec *spec, struct decimal *d,
		     struct layout *l, long after)
{
	l->before = d->point > 0 ? d->point : 1;
	l->skipped = l->before - d->point;
	l->after = after;
	l->point = after > 0 || spec->alternate;
	put_pieces(sink, spec, d, l);
}

static void format_g(struct sink *sink, const struct spec *spec, struct decimal *d,
		     struct layout *l)
{
	long precision = spec->precision < 0 ? 6 : spec->precision ? spec->precision : 1;
	long exponent, shown;

	round_digits(d, precision);
	exponent = is_zero(d) ? 0 : d->point - 1;
	/* Without '#', trailing zeros and a bare point are not shown. */
	shown = spec->alternate ? precision : d->count;
	if (exponent < -4 || exponent >= precision) {
		format_e(sink, spec, d, l, shown - 1);
	} else {
		long after = shown - 1 - exponent;

		format_f(sink, spec, d, l, after > 0 ? after : 0);
	}
}

static void format_decimal(struct sink *sink, const struct spec *spec, const char *sign, uint64_t m,
			   int e)
{
	long room = ((e > 0 ? e / SHIFT : 0) + (e < 0 ? -e / WORD_DIGITS : 0) + 16) * WORD_DIGITS;
	long precision = spec->precision < 0 ? 6 : spec->precision;
	struct layout l = { .sign = sign };
	char digits[room];
	struct decimal d = { digits, 0, 0 };

	expand(&d, m, e);
	switch (spec->conversion | 32) {
	case 'e':
		round_digits(&d, precision + 1);
		format_e(sink, spec, &d, &l, precision);
		break;
	case 'f':
		round_digits(&d, d.point + precision);
		format_f(sink, spec, &d, &l, precision);
		break;
	default:
		format_g(sink, spec, &d, &l);
	}
}

/* Rounds a mantissa with 60 bits after the point to n hexadecimal digits, half to even. */
static uint64_t round_hex(uint64_t m, long n)
{
	uint64_t unit = (uint64_t)1 << (60 - 4 * n);
	uint64_t rest = m & (unit - 1);

	m -= rest;
	if (rest > unit / 2 || (rest == unit / 2 && (m & unit)))
		m += unit;
	return m;
}

/* m * 2^e; m has its top bit set, or is zero. */
static void format_hex(struct sink *sink, const struct spec *spec, const char *sign, uint64_t m,
		       int e)
{
	const char *set = spec->conversion == 'a' ? "0123456789abcdef" : "0123456789ABCDEF";
	char prefix[8], digits[16];
	struct layout l = { .sign = prefix, .before = 1 };
	struct decimal d = { digits, 0, 1 };

	/* Four bits of a long double's mantissa stand before the point; of a double's only one. */
	if (m) {
		e += spec->is_long ? 60 : 63;
		m >>= spec->is_long ? 0 : 3;
	}
	if (m && !spec->is_long && e < DOUBLE_LEAST) {
		m >>= DOUBLE_LEAST - e;
		e = DOUBLE_LEAST;
	}
	if (spec->precision >= 0 && spec->precision < 15)
		m = round_hex(m, spec->precision);
	for (int i = 0; i < 16; i++, m <<= 4) {
		digits[i] = set[m >> 60];
		if (i == 0 || m >> 60)
			d.count = i + 1;
	}
	l.after = spec->precision >= 0 ? spec->precision : d.count - 1;
	l.point = l.after > 0 || spec->alternate;
	strcpy(prefix, sign);
	strcat(prefix, spec->conversion == 'a' ? "0x" : "0X");
	layout_exponent(&l, spec->conversion == 'a' ? 'p' : 'P', e, 1);
	put_pieces(sink, spec, &d, &l);
}

void __format_float(struct sink *sink, const struct spec *spec, long double value)
{
	union bits b = { .value = value };
	int exponent = b.exponent & 0x7fff;
	const char *sign = b.exponent >> 15 ? "-" : spec->plus ? "+" : spec->space ? " " : "";
	int lower = spec->conversion & 32;

	if (exponent == 0x7fff) {
		struct spec plain = *spec;
		int nan = b.mantissa << 1 != 0;

		plain.zero = 0;
		__format_number(sink, &plain, sign, 0,
				nan ? (lower ? "nan" : "NAN") : (lower ? "inf" : "INF"), 3);
		return;
	}
	/* A subnormal has the exponent of the smallest normal number. */
	exponent = (exponent ? exponent : 1) - BIAS - 63;
	if (b.mantissa == 0) {
		exponent = 0;
	} else {
		int shift = __builtin_clzl(b.mantissa);

		b.mantissa <<= shift;
		exponent -= shift;
	}
	if ((spec->conversion | 32) == 'a') {
		format_hex(sink, spec, sign, b.mantissa, exponent);
		return;
	}
	/* Trailing zero bits would only make the expansion longer. */
	if (b.mantissa) {
		int shift = __builtin_ctzl(b.mantissa);

		b.mantissa >>= shift;
		exponent += shift;
	}
	format_decimal(sink, spec, sign, b.mantissa, exponent);
}
