/* SPDX-License-Identifier: MIT */
/*
 * Text to floating-point numbers, correctly rounded.
 *
 * The digits are put into words of nine, aligned at the decimal point, and the number is then
 * scaled by powers of two until its whole part fits 120 bits and has at least 66:
 *
 *      whole words . part words   --  * 2^29 while it is small, / 2^29 while it is large  -->  m * 2^e
 *
 * Both are exact but for what falls off the right end while dividing, and of that only one bit is
 * kept: whether it was zero (sticky). Multiplying brings digits back from the fraction and loses
 * none. So m, e and sticky say everything, and one rounding, half to even, at the target's
 * precision (less for subnormals) gives the nearest value.
 *
 * Digits beyond DIGITS_MAX are replaced by a single 1 if they are not all zero. A double's halfway
 * points have at most 767 digits, so that changes nothing for float and double; a long double could
 * be off by one unit for texts longer than that.
 *
 * ERANGE for overflow (infinity) and for results that are too small to be normal and not exact.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WORD 1000000000u
#define WORD_DIGITS 9
#define DIGITS_MAX 800
#define SHIFT 29
#define ENOUGH 66 /* bits of a mantissa that rounding to 64 needs */
#define POINT_MAX 5500 /* beyond it even a long double is infinite or zero */

struct format {
	int precision; /* bits of the mantissa, with the leading one */
	int least, most; /* exponents of the smallest normal and of the largest number */
};

static const struct format single = { 24, -126, 127 };
static const struct format twofold = { 53, -1022, 1023 };
static const struct format extended = { 64, -16382, 16383 };

typedef unsigned __int128 wide;

/* mantissa * 2^exponent, and a little more if sticky. */
struct scaled {
	wide mantissa;
	int exponent;
	int sticky;
};

struct text {
	char digits[DIGITS_MAX + 1];
	int count;
	int more; /* a digit that is not zero was left out */
	long point; /* the value is 0.digits * 10^point */
};

union bits {
	long double value;
	struct {
		uint64_t mantissa;
		uint16_t exponent;
	};
};

#define BIAS 16383

/* q * 2^e, which must be a long double exactly. */
static long double assemble(uint64_t q, int e)
{
	union bits b = { .value = 0 };
	int shift, field;

	if (q == 0)
		return 0;
	shift = __builtin_clzl(q);
	q <<= shift;
	field = e + 63 - shift + BIAS;
	if (field <= 0) {
		q >>= 1 - field;
		field = (int)(q >> 63);
	}
	b.mantissa = q;
	b.exponent = (uint16_t)field;
	return b.value;
}

/* The position of the leading one, counted from bit 0; m is not zero. */
static int leading(wide m)
{
	uint64_t high = (uint64_t)(m >> 64);

	return high ? 127 - __builtin_clzl(high) : 63 - __builtin_clzl((uint64_t)m);
}

static long double round_scaled(struct scaled s, const struct format *f)
{
	int exponent, drop, inexact;
	wide q, rest, half = (wide)1 << 127;

	if (s.mantissa == 0)
		return 0;
	s.exponent -= 127 - leading(s.mantissa);
	s.mantissa <<= 127 - leading(s.mantissa);
	exponent = s.exponent + 127;
	drop = 128 - f->precision + (exponent < f->least ? f->least - exponent : 0);
	if (drop > 128) {
		errno = ERANGE;
		return 0;
	}
	q = drop == 128 ? 0 : s.mantissa >> drop;
	rest = s.mantissa << (128 - drop);
	inexact = rest || s.sticky;
	q += rest > half || (rest == half && (s.sticky || (q & 1)));
	if (exponent < f->least && inexact)
		errno = ERANGE;
	if (q >> f->precision) {
		q >>= 1;
		drop++;
		exponent++;
	}
	if (exponent > f->most) {
		errno = ERANGE;
		return __builtin_infl();
	}
	return assemble((uint64_t)q, s.exponent + drop);
}

/* Digit i of the number padded with zeros on both sides; position 0 is the first digit. */
static uint32_t word_at(const struct text *t, long first)
{
	uint32_t word = 0;

	for (long i = first; i < first + WORD_DIGITS; i++)
		word = word * 10 + (uint32_t)(i >= 0 && i < t->count ? t->digits[i] - '0' : 0);
	return word;
}

static int all_zero(const uint32_t *words, long n)
{
	while (n > 0)
		if (words[--n])
			return 0;
	return 1;
}

/* Divides the whole part by 2^SHIFT; returns what was lost. */
static uint64_t divide(uint32_t *words, long n)
{
	uint64_t remainder = 0;

	for (long i = 0; i < n; i++) {
		uint64_t x = remainder * WORD + words[i];

		words[i] = (uint32_t)(x >> SHIFT);
		remainder = x & ((1u << SHIFT) - 1);
	}
	return remainder;
}

/* Multiplies the fraction by 2^SHIFT; returns what comes out at its left. */
static uint64_t multiply(uint32_t *words, long count)
{
	uint64_t carry = 0;

	for (long i = count; i-- > 0;) {
		carry += (uint64_t)words[i] << SHIFT;
		words[i] = (uint32_t)(carry % WORD);
		carry /= WORD;
	}
	return carry;
}

/* The whole part is at most four words here, that is below 2^120. */
static void take_whole(struct scaled *s, const uint32_t *whole, long n)
{
	for (long i = 0; i < n; i++)
		s->mantissa = s->mantissa * WORD + whole[i];
}

static void take_part(struct scaled *s, uint32_t *part, long n)
{
	while (n > 0 && s->mantissa >> ENOUGH == 0) {
		if (part[n - 1] == 0) {
			n--;
			continue;
		}
		s->mantissa = s->mantissa << SHIFT | multiply(part, n);
		s->exponent -= SHIFT;
	}
	s->sticky |= !all_zero(part, n);
}

static struct scaled scale(const struct text *t)
{
	struct scaled s = { 0, 0, 0 };
	long w = t->point > 0 ? (t->point + WORD_DIGITS - 1) / WORD_DIGITS : 0;
	long f = t->count > t->point ? (t->count - t->point + WORD_DIGITS - 1) / WORD_DIGITS : 0;
	uint32_t whole[w + 1], part[f + 1], *top = whole;

	for (long i = 0; i < w; i++)
		whole[i] = word_at(t, t->point - (w - i) * WORD_DIGITS);
	for (long i = 0; i < f; i++)
		part[i] = word_at(t, t->point + i * WORD_DIGITS);
	while (w > 4) {
		if (*top == 0) {
			top++;
			w--;
			continue;
		}
		s.sticky |= divide(top, w) != 0;
		s.exponent += SHIFT;
	}
	take_whole(&s, top, w);
	if (s.exponent > 0)
		s.sticky |= !all_zero(part, f);
	else
		take_part(&s, part, f);
	return s;
}

/* Reads "e+12" and the like at p, if it is complete; adds it to *exponent, limited. */
static const char *read_exponent(const char *p, char letter, long *exponent)
{
	const char *digits = p + 1;
	long n = 0;
	int negative = 0;

	if ((*p | 32) != letter)
		return p;
	if (*digits == '+' || *digits == '-')
		negative = *digits++ == '-';
	if (!isdigit((unsigned char)*digits))
		return p;
	for (; isdigit((unsigned char)*digits); digits++)
		if (n < INT_MAX / 2)
			n = n * 10 + (*digits - '0');
	*exponent += negative ? -n : n;
	return digits;
}

static void text_add(struct text *t, char digit)
{
	if (t->count == 0 && digit == '0')
		return;
	if (t->count < DIGITS_MAX)
		t->digits[t->count++] = digit;
	else if (digit != '0')
		t->more = 1;
}

/* Returns the end of the number, or null if there is none. */
static const char *read_decimal(const char *p, const struct format *f, long double *value)
{
	struct text t;
	long exponent = 0;
	int any = 0, after = 0;

	t.count = t.more = 0;
	t.point = 0;
	for (;; p++) {
		if (*p == '.' && !after) {
			after = 1;
			continue;
		}
		if (!isdigit((unsigned char)*p))
			break;
		any = 1;
		text_add(&t, *p);
		if (!after && t.count > 0)
			t.point++;
		else if (after && t.count == 0)
			t.point--;
	}
	if (!any)
		return NULL;
	p = read_exponent(p, 'e', &exponent);
	if (t.more)
		t.digits[t.count++] = '1';
	while (t.count > 0 && t.digits[t.count - 1] == '0')
		t.count--;
	t.point += exponent;
	if (t.count == 0) {
		*value = 0;
	} else if (t.point > POINT_MAX) {
		errno = ERANGE;
		*value = __builtin_infl();
	} else if (t.point < -POINT_MAX) {
		errno = ERANGE;
		*value = 0;
	} else {
		*value = round_scaled(scale(&t), f);
	}
	return p;
}

static int hex_value(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : (c | 32) - 'a' + 10;
}

/* p is behind "0x". */
static const char *read_hex(const char *p, const struct format *f, long double *value)
{
	struct scaled s = { 0, 0, 0 };
	long exponent = 0, written = 0;
	int any = 0, after = 0;

	for (;; p++) {
		if (*p == '.' && !after) {
			after = 1;
			continue;
		}
		if (!isxdigit((unsigned char)*p))
			break;
		any = 1;
		if (s.mantissa >> 124) {
			s.sticky |= *p != '0';
			exponent += after ? 0 : 4;
		} else {
			s.mantissa = s.mantissa << 4 | (wide)hex_value(*p);
			exponent -= after ? 4 : 0;
		}
	}
	if (!any)
		return NULL;
	p = read_exponent(p, 'p', &written);
	exponent += written;
	if (exponent > 100000)
		exponent = 100000;
	if (exponent < -100000)
		exponent = -100000;
	s.exponent = (int)exponent;
	*value = round_scaled(s, f);
	return p;
}

static const char *read_name(const char *p, long double *value)
{
	const char *end;

	if (strncasecmp(p, "inf", 3) == 0) {
		*value = __builtin_infl();
		return p + (strncasecmp(p, "infinity", 8) == 0 ? 8 : 3);
	}
	if (strncasecmp(p, "nan", 3) != 0)
		return NULL;
	*value = __builtin_nanl("");
	p += 3;
	if (*p != '(')
		return p;
	for (end = p + 1; isalnum((unsigned char)*end) || *end == '_'; end++)
		;
	return *end == ')' ? end + 1 : p;
}

static long double read_number(const char *text, char **end, const struct format *f)
{
	const char *p = text, *stop;
	long double value = 0;
	int negative = 0;

	while (isspace((unsigned char)*p))
		p++;
	if (*p == '-' || *p == '+')
		negative = *p++ == '-';
	stop = read_name(p, &value);
	if (!stop && p[0] == '0' && (p[1] | 32) == 'x')
		stop = read_hex(p + 2, f, &value);
	if (!stop)
		stop = read_decimal(p, f, &value);
	if (end)
		*end = (char *)(stop ? stop : text);
	return stop && negative ? -value : value;
}

float strtof(const char *__restrict text, char **__restrict end)
{
	return (float)read_number(text, end, &single);
}

double strtod(const char *__restrict text, char **__restrict end)
{
	return (double)read_number(text, end, &twofold);
}

long double strtold(const char *__restrict text, char **__restrict end)
{
	return read_number(text, end, &extended);
}

double atof(const char *text)
{
	return strtod(text, NULL);
}
