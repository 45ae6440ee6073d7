/* SPDX-License-Identifier: MIT */
/*
 * A small mathematical library on the processor's own x87 instructions.
 *
 * The x87 unit computes logarithms, powers of two, tangents and arctangents with 64 bits of
 * mantissa; rounding its results to double leaves errors below one unit in the last place nearly
 * always. That is accurate enough for coursework and takes a page, where polynomial
 * approximations with their tables take a book. Two limits: fsin and its kin reduce their
 * argument by a 66-bit pi, so results near multiples of pi of large arguments lose digits; and pow
 * of huge results can be off by a unit.
 *
 * errno is not set; the results are the standard's. The float functions are in single.c.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

typedef long double extended;

double fabs(double x)
{
	return __builtin_fabs(x);
}

double sqrt(double x)
{
	__asm__("sqrtsd %1, %0" : "=x"(x) : "x"(x));
	return x;
}

extended fabsl(extended x)
{
	return __builtin_fabsl(x);
}

extended sqrtl(extended x)
{
	__asm__("fsqrt" : "+t"(x));
	return x;
}

double copysign(double x, double y)
{
	return __builtin_copysign(x, y);
}

static uint64_t bits_of(double x)
{
	uint64_t bits;

	memcpy(&bits, &x, sizeof(bits));
	return bits;
}

static double from_bits(uint64_t bits)
{
	double x;

	memcpy(&x, &bits, sizeof(x));
	return x;
}

double trunc(double x)
{
	int exponent = (int)(bits_of(x) >> 52 & 0x7ff) - 1023;

	if (exponent >= 52)
		return x + 0;
	if (exponent < 0)
		return copysign(0, x);
	return from_bits(bits_of(x) & ~(((uint64_t)1 << (52 - exponent)) - 1));
}

double floor(double x)
{
	double t = trunc(x);

	return t > x ? t - 1 : t;
}

double ceil(double x)
{
	double t = trunc(x);

	return t < x ? copysign(t + 1, x) : t;
}

double round(double x)
{
	double t = trunc(x);

	return fabs(x - t) >= 0.5 ? t + copysign(1, x) : t;
}

double rint(double x)
{
	extended y = x;

	__asm__("frndint" : "+t"(y));
	return (double)y;
}

double nearbyint(double x)
{
	return rint(x);
}

long lrint(double x)
{
	return (long)rint(x);
}

long lround(double x)
{
	return (long)round(x);
}

long long llround(double x)
{
	return (long long)round(x);
}

/* The remainder instructions take away at most 63 bits of quotient at a time. */
#define REMAINDER(instruction, x, y) \
	__asm__("1: " instruction "\n\tfnstsw %%ax\n\ttest $4, %%ah\n\tjnz 1b" \
		: "+t"(x) : "u"(y) : "ax", "cc")

double fmod(double x, double y)
{
	extended a = x, b = y;

	if (isinf(y) && isfinite(x))
		return x;
	REMAINDER("fprem", a, b);
	return (double)a;
}

double remainder(double x, double y)
{
	extended a = x, b = y;

	if (isinf(y) && isfinite(x))
		return x;
	REMAINDER("fprem1", a, b);
	return (double)a;
}

double modf(double x, double *whole)
{
	*whole = trunc(x);
	return copysign(isinf(x) ? 0 : x - *whole, x);
}

double ldexp(double x, int exponent)
{
	extended y = x, n = exponent;

	__asm__("fscale" : "+t"(y) : "u"(n));
	return (double)y;
}

double scalbn(double x, int exponent)
{
	return ldexp(x, exponent);
}

double frexp(double x, int *exponent)
{
	int e;

	*exponent = 0;
	if (x == 0 || !isfinite(x))
		return x;
	if (fabs(x) < 0x1p-1022) {
		x = frexp(x * 0x1p64, exponent);
		*exponent -= 64;
		return x;
	}
	e = (int)(bits_of(x) >> 52 & 0x7ff) - 1022;
	*exponent = e;
	return from_bits((bits_of(x) & ~((uint64_t)0x7ff << 52)) | (uint64_t)1022 << 52);
}

double fmin(double x, double y)
{
	return isnan(x) ? y : isnan(y) ? x : x < y ? x : y;
}

double fmax(double x, double y)
{
	return isnan(x) ? y : isnan(y) ? x : x > y ? x : y;
}

double fdim(double x, double y)
{
	return isnan(x) || isnan(y) ? x + y : x > y ? x - y : 0;
}

/* The product of two doubles needs 106 bits and is rounded to 64 here, so this is not quite fused. */
double fma(double x, double y, double z)
{
	return (double)((extended)x * y + z);
}

double hypot(double x, double y)
{
	if (isinf(x) || isinf(y))
		return INFINITY;
	return (double)sqrtl((extended)x * x + (extended)y * y);
}

/* y * log2(x) in one instruction. */
static extended y_log2(extended y, extended x)
{
	__asm__("fyl2x" : "+t"(x) : "u"(y) : "st(1)");
	return x;
}

static extended constant_ln2(void)
{
	extended x;

	__asm__("fldln2" : "=t"(x));
	return x;
}

/* 2^x: f2xm1 takes |x| <= 1 only, so the whole part goes to the exponent. */
static extended power_of_2(extended x)
{
	extended whole = x, part;

	if (x > 20000)
		return INFINITY;
	if (x < -20000)
		return 0;
	__asm__("frndint" : "+t"(whole));
	part = x - whole;
	__asm__("f2xm1" : "+t"(part));
	part += 1;
	__asm__("fscale" : "+t"(part) : "u"(whole));
	return part;
}

double exp2(double x)
{
	return isnan(x) ? x : (double)power_of_2(x);
}

/*
 * x * log2(e) is split: its whole part is exact, and the rest is computed from x less
 * whole * ln 2, with ln 2 in two pieces, so that large x keep their digits.
 */
static extended power_of_e(extended x)
{
	extended whole = x * 1.44269504088896340736L, rest;

	if (x > 12000)
		return INFINITY;
	if (x < -12000)
		return 0;
	__asm__("frndint" : "+t"(whole));
	rest = (x - whole * 0x1.62e42fefp-1L) - whole * 0x1.473de6af278ece6p-34L;
	return power_of_2(rest * 1.44269504088896340736L) * power_of_2(whole);
}

double exp(double x)
{
	return isnan(x) ? x : (double)power_of_e(x);
}

double expm1(double x)
{
	extended y = x * 1.44269504088896340736L;

	if (isnan(x) || x == 0)
		return x;
	if (fabs(x) >= 0.5)
		return (double)(power_of_e(x) - 1);
	__asm__("f2xm1" : "+t"(y));
	return (double)y;
}

double log2(double x)
{
	return x < 0 ? NAN : x == 0 ? -INFINITY : (double)y_log2(1, x);
}

double log(double x)
{
	return x < 0 ? NAN : x == 0 ? -INFINITY : (double)y_log2(constant_ln2(), x);
}

double log10(double x)
{
	extended lg2;

	__asm__("fldlg2" : "=t"(lg2));
	return x < 0 ? NAN : x == 0 ? -INFINITY : (double)y_log2(lg2, x);
}

double log1p(double x)
{
	extended y = x, ln2 = constant_ln2();

	if (fabs(x) > 0.25)
		return log(1 + (double)x);
	__asm__("fyl2xp1" : "+t"(y) : "u"(ln2) : "st(1)");
	return (double)y;
}

static int is_integer(double y)
{
	return trunc(y) == y;
}

static int is_odd(double y)
{
	return is_integer(y) && fabs(y) < 0x1p53 && fmod(y, 2) != 0;
}

/* Small whole powers by multiplication: exact whenever the result is a short number. */
static extended whole_power(extended x, unsigned int n)
{
	extended result = 1;

	for (; n; n >>= 1, x *= x)
		if (n & 1)
			result *= x;
	return result;
}

double pow(double x, double y)
{
	double sign = x < 0 && is_odd(y) ? -1 : 1;
	extended power;

	if (y == 0 || x == 1)
		return 1;
	if (isnan(x) || isnan(y))
		return x + y;
	if (x == 0)
		return (y < 0 ? INFINITY : 0) * (is_odd(y) ? copysign(1, x) : 1);
	if (isinf(y))
		return fabs(x) == 1 ? 1 : (fabs(x) > 1) == (y > 0) ? INFINITY : 0;
	if (isinf(x))
		return sign * (y > 0 ? INFINITY : 0);
	if (x < 0 && !is_integer(y))
		return NAN;
	if (is_integer(y) && fabs(y) <= 64) {
		power = whole_power(fabs(x), (unsigned int)fabs(y));
		return sign * (double)(y < 0 ? 1 / power : power);
	}
	return sign * (double)power_of_2(y_log2(y, fabs(x)));
}

double cbrt(double x)
{
	return x == 0 || !isfinite(x) ? x :
	       copysign((double)power_of_2(y_log2(1, fabs(x)) / 3), x);
}

/* Beyond 2^63 the instructions refuse; the argument is then reduced first. */
static extended reduce(double x)
{
	extended a = x, two_pi;

	if (fabs(x) < 0x1p62)
		return a;
	__asm__("fldpi" : "=t"(two_pi));
	two_pi += two_pi;
	REMAINDER("fprem1", a, two_pi);
	return a;
}

double sin(double x)
{
	extended y = reduce(x);

	__asm__("fsin" : "+t"(y));
	return (double)y;
}

double cos(double x)
{
	extended y = reduce(x);

	__asm__("fcos" : "+t"(y));
	return (double)y;
}

double tan(double x)
{
	extended s = reduce(x), c = s;

	__asm__("fsin" : "+t"(s));
	__asm__("fcos" : "+t"(c));
	return (double)(s / c);
}

static extended arctangent(extended y, extended x)
{
	__asm__("fpatan" : "+t"(x) : "u"(y) : "st(1)");
	return x;
}

double atan2(double y, double x)
{
	return (double)arctangent(y, x);
}

double atan(double x)
{
	return (double)arctangent(x, 1);
}

double asin(double x)
{
	return (double)arctangent(x, sqrtl((1 - (extended)x) * (1 + (extended)x)));
}

double acos(double x)
{
	return (double)arctangent(sqrtl((1 - (extended)x) * (1 + (extended)x)), x);
}

double sinh(double x)
{
	extended e;

	if (fabs(x) < 0.5)
		return x == 0 ? x : (expm1(x) - expm1(-x)) / 2;
	e = power_of_e(x);
	return (double)((e - 1 / e) / 2);
}

double cosh(double x)
{
	extended e = power_of_e(x);

	return (double)((e + 1 / e) / 2);
}

double tanh(double x)
{
	double e;

	if (fabs(x) > 22)
		return copysign(1, x);
	e = expm1(2 * x);
	return x == 0 ? x : e / (e + 2);
}
