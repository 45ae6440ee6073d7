/* SPDX-License-Identifier: MIT */
/*
 * Text to integers, and the small integer functions of stdlib.h.
 *
 * All conversions share one routine that reads sign, prefix and digits into an unsigned 64-bit
 * magnitude and notes overflow. The signed ones then limit the magnitude to their range. A "0x"
 * counts as a prefix only if a hexadecimal digit follows; "0b" is not one. When there are no digits
 * the end pointer is the start of the text, errno is EINVAL only for a bad base.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

struct number {
	uint64_t magnitude;
	int negative;
	int overflow;
};

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 10;
	return INT_MAX;
}

static const char *skip_prefix(const char *p, int *base)
{
	int hex = p[0] == '0' && (p[1] == 'x' || p[1] == 'X') && digit_value(p[2]) < 16;

	if ((*base == 0 || *base == 16) && hex) {
		*base = 16;
		return p + 2;
	}
	if (*base == 0)
		*base = *p == '0' ? 8 : 10;
	return p;
}

static struct number number_read(const char *text, char **end, int base)
{
	struct number n = { 0, 0, 0 };
	const char *p = text, *digits;

	if (base < 0 || base == 1 || base > 36) {
		errno = EINVAL;
		if (end)
			*end = (char *)text;
		return n;
	}
	while (isspace((unsigned char)*p))
		p++;
	if (*p == '-' || *p == '+')
		n.negative = *p++ == '-';
	p = skip_prefix(p, &base);
	for (digits = p; digit_value(*p) < base; p++)
		if (__builtin_mul_overflow(n.magnitude, (uint64_t)base, &n.magnitude) ||
		    __builtin_add_overflow(n.magnitude, (uint64_t)digit_value(*p), &n.magnitude))
			n.overflow = 1;
	if (end)
		*end = (char *)(p == digits ? text : p);
	return n;
}

long strtol(const char *__restrict text, char **__restrict end, int base)
{
	struct number n = number_read(text, end, base);
	uint64_t limit = n.negative ? (uint64_t)LONG_MAX + 1 : LONG_MAX;

	if (n.overflow || n.magnitude > limit) {
		errno = ERANGE;
		return n.negative ? LONG_MIN : LONG_MAX;
	}
	return (long)(n.negative ? -n.magnitude : n.magnitude);
}

unsigned long strtoul(const char *__restrict text, char **__restrict end, int base)
{
	struct number n = number_read(text, end, base);

	if (n.overflow) {
		errno = ERANGE;
		return ULONG_MAX;
	}
	return n.negative ? -n.magnitude : n.magnitude;
}

long long strtoll(const char *__restrict text, char **__restrict end, int base)
{
	return strtol(text, end, base);
}

unsigned long long strtoull(const char *__restrict text, char **__restrict end, int base)
{
	return strtoul(text, end, base);
}

intmax_t strtoimax(const char *__restrict text, char **__restrict end, int base)
{
	return strtol(text, end, base);
}

uintmax_t strtoumax(const char *__restrict text, char **__restrict end, int base)
{
	return strtoul(text, end, base);
}

int atoi(const char *text)
{
	return (int)strtol(text, NULL, 10);
}

long atol(const char *text)
{
	return strtol(text, NULL, 10);
}

long long atoll(const char *text)
{
	return strtol(text, NULL, 10);
}

int abs(int n)
{
	return n < 0 ? -n : n;
}

long labs(long n)
{
	return n < 0 ? -n : n;
}

long long llabs(long long n)
{
	return n < 0 ? -n : n;
}

intmax_t imaxabs(intmax_t n)
{
	return n < 0 ? -n : n;
}

div_t div(int numerator, int denominator)
{
	return (div_t){ numerator / denominator, numerator % denominator };
}

ldiv_t ldiv(long numerator, long denominator)
{
	return (ldiv_t){ numerator / denominator, numerator % denominator };
}

lldiv_t lldiv(long long numerator, long long denominator)
{
	return (lldiv_t){ numerator / denominator, numerator % denominator };
}

imaxdiv_t imaxdiv(intmax_t numerator, intmax_t denominator)
{
	return (imaxdiv_t){ numerator / denominator, numerator % denominator };
}
