/* SPDX-License-Identifier: MIT */
/*
 * printf and scanf follow the standard: every conversion, flag and length, rounding, and what
 * happens at the edges of buffers. The wanted texts are those that glibc prints.
 */
#include "check.h"
#include <errno.h>
#include <float.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Not marked as a printf: compilers would object to arguments that a length is meant to cut. */
static const char *format(const char *f, ...)
{
	static char text[4096];
	va_list ap;

	va_start(ap, f);
	vsnprintf(text, sizeof(text), f, ap);
	va_end(ap);
	return text;
}

static void integers(void)
{
	CHECK_TEXT(format("%d|%5d|%-5d|%05d|%+d|% d", 42, 42, 42, 42, 42, 42),
		   "42|   42|42   |00042|+42| 42");
	CHECK_TEXT(format("%.0d|%.3d|%8.3d|%-8.3d|%d", 0, 5, -5, 5, INT_MIN),
		   "|005|    -005|005     |-2147483648");
	CHECK_TEXT(format("%x|%X|%#x|%#o|%#x|%o", 255, 255, 255, 8, 0, 8), "ff|FF|0xff|010|0|10");
	CHECK_TEXT(format("%hhd|%hd|%ld|%lld|%zu|%jd|%td", 300, 70000, LONG_MIN, LLONG_MAX,
			  SIZE_MAX, INTMAX_MAX, (ptrdiff_t)-1),
		   "44|4464|-9223372036854775808|9223372036854775807|18446744073709551615|"
		   "9223372036854775807|-1");
	CHECK_TEXT(format("%*d|%-*d|%.*d|%*d", 4, 7, 4, 7, 3, 7, -4, 7), "   7|7   |007|7   ");
	CHECK_TEXT(format("%#010x|%-#10x|%+05d", 255, 255, 7), "0x000000ff|0xff      |+0007");
}

static void texts(void)
{
	CHECK_TEXT(format("%s|%5s|%-5s|%.2s|%5.1s|%c|%%", "abc", "abc", "abc", "abc", "abc", 'x'),
		   "abc|  abc|abc  |ab|    a|x|%");
	CHECK_TEXT(format("%p|%p", (void *)0x1234, (void *)0), "0x1234|(nil)");
	errno = ENOENT;
	CHECK_TEXT(format("%m"), "No such file or directory");
}

static void floats(void)
{
	CHECK_TEXT(format("%f|%.0f|%.1f|%5.1f|%-7.2f|%07.2f|%+f", 1.5, 2.5, 0.25, 9.96, 1.0, -1.5, 1.0),
		   "1.500000|2|0.2| 10.0|1.00   |-001.50|+1.000000");
	CHECK_TEXT(format("%e|%.0e|%#.0e|%E|%.3e", 12345.678, 15000.0, 15000.0, 1e-10, 0.0),
		   "1.234568e+04|2e+04|2.e+04|1.000000E-10|0.000e+00");
	CHECK_TEXT(format("%g|%g|%g|%g|%#g|%.3g|%G", 100000.0, 1e6, 0.0001, 0.00001, 1.0, 1234.5, 1e-7),
		   "100000|1e+06|0.0001|1e-05|1.00000|1.23e+03|1E-07");
	CHECK_TEXT(format("%.20f|%.17g|%f", 0.1, DBL_MAX, 1e22),
		   "0.10000000000000000555|1.7976931348623157e+308|10000000000000000000000.000000");
	CHECK_TEXT(format("%g|%a|%a|%.1a", DBL_MIN * DBL_EPSILON, 1.0 / 3, 0.0, 1.96875),
		   "4.94066e-324|0x1.5555555555555p-2|0x0p+0|0x2.0p+0");
	CHECK_TEXT(format("%f|%F|%5g|%-5g|%05g", 1.0 / 0.0, -1.0 / 0.0, 1.0 / 0.0, 1.0 / 0.0, 1.0 / 0.0),
		   "inf|-INF|  inf|inf  |  inf");
	CHECK_TEXT(format("%Lf|%.3Lg", 1.5L, 1e4000L), "1.500000|1e+4000");
}

static void edges(void)
{
	char text[8];
	int n = -1;

	memset(text, 'x', sizeof(text));
	CHECK(snprintf(text, 4, "%s", "abcdef") == 6);
	CHECK_TEXT(text, "abc");
	CHECK(text[4] == 'x');
	CHECK(snprintf(NULL, 0, "%d", 12345) == 5);
	CHECK(snprintf(text, sizeof(text), "ab%ncd", &n) == 4 && n == 2);
	CHECK(snprintf(NULL, 0, "%1000000d", 1) == 1000000);
}

static void scanning(void)
{
	int a = 0, b = 0, n = 0;
	unsigned int u;
	long l;
	short h;
	char s[16], t[16], c[4] = "";
	double d;
	float f;
	char *own = NULL;

	CHECK(sscanf(" 12 -34", "%d%d%n", &a, &b, &n) == 2 && a == 12 && b == -34 && n == 7);
	CHECK(sscanf("0x1f 017 9", "%i %i %i", &a, &b, &n) == 3 && a == 31 && b == 15 && n == 9);
	CHECK(sscanf("ff 777", "%x %o", &u, (unsigned int *)&a) == 2 && u == 255 && a == 511);
	CHECK(sscanf("123456", "%3d%hd", &a, &h) == 2 && a == 123 && h == 456);
	CHECK(sscanf("    123456  x", "%3d%hd%1s", &a, &h, s) == 3 && a == 123 && h == 456 && strcmp(s, "x") == 0);
	CHECK(sscanf("9223372036854775807", "%ld", &l) == 1 && l == LONG_MAX);
	CHECK(sscanf("hello world", "%s %15[a-z]", s, t) == 2);
	CHECK_TEXT(s, "hello");
	CHECK(sscanf("key = value", "%15[^ =] = %s", s, t) == 2);
	CHECK_TEXT(t, "value");
	CHECK(sscanf("abcd", "%2c%*c%c", c, c + 2) == 2);
	CHECK_TEXT(c, "abd");
	CHECK(sscanf("1.5e3,0x1p4", "%lf,%f", &d, &f) == 2 && d == 1500 && f == 16);
	CHECK(sscanf("inf nan(x)", "%lf %f", &d, &f) == 2 && d > DBL_MAX && f != f);
	CHECK(sscanf("x", "%d", &a) == 0);
	CHECK(sscanf("", "%d", &a) == EOF);
	CHECK(sscanf("5 apples", "%d oranges%n", &a, &b) == 1);
	CHECK(sscanf("50%", "%d%%%n", &a, &n) == 1 && n == 3);
	CHECK(sscanf("allocated", "%ms", &own) == 1);
	CHECK_TEXT(own, "allocated");
	free(own);
}

int main(void)
{
	integers();
	texts();
	floats();
	edges();
	scanning();
	return 0;
}
