/* SPDX-License-Identifier: MIT */
/* Formatted print and the string functions against those of the host's C library. */
#include "host.h"

#include "lib/log.h"
#include "pure.h"
#include "shim/rename.h"
#include "lib/string.h"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-extra-args"

/* A random conversion of `kind` with flags, width, precision and length. */
static void random_format(char *fmt, char kind, const char *length)
{
	char *at = fmt;

	at += sprintf(at, "<%%");
	if (host_below(3) == 0)
		*at++ = '-';
	else if (host_below(3) == 0 && kind != 's' && kind != 'c')
		*at++ = '0';
	if (host_below(2))
		at += sprintf(at, "%u", (unsigned)host_below(30));
	if (host_below(3) == 0 && kind != 'c')
		at += sprintf(at, ".%u", (unsigned)host_below(25));
	sprintf(at, "%s%c>", length, kind);
}

#define COMPARE(fmt, value_once) do { \
	typeof(value_once) arg = (value_once); \
	char want[200], got[200]; \
	int want_len = snprintf(want, sizeof(want), fmt, arg); \
	int got_len = ksnprintf(got, sizeof(got), fmt, arg); \
	if (want_len != got_len || strcmp(want, got) != 0) \
		printf("# format \"%s\": \"%s\" instead of \"%s\"\n", fmt, got, want); \
	CHECK(want_len == got_len && strcmp(want, got) == 0); \
} while (0)

void printf_agrees_with_the_host(void)
{
	static const char kinds[] = "diuxXcs";
	static const char *const words[] = { "", "a", "seven77", "a rather long piece of text, longer than a field" };

	for (unsigned i = 0; i < 100000; i++) {
		char fmt[32];
		char kind = kinds[host_below(7)];
		uint64_t value = host_random() >> host_below(64);
		if (host_below(2))
			value = -value;
		if (kind == 's') {
			random_format(fmt, kind, "");
			COMPARE(fmt, words[host_below(4)]);
		} else if (kind == 'c') {
			random_format(fmt, kind, "");
			COMPARE(fmt, (int)('a' + host_below(26)));
		} else if (host_below(2)) {
			random_format(fmt, kind, host_below(3) == 0 ? "h" : "");
			COMPARE(fmt, (int)value);
		} else {
			random_format(fmt, kind, host_below(3) == 0 ? "ll" : host_below(2) ? "l" : "z");
			COMPARE(fmt, value);
		}
	}
	COMPARE("%p", (void *)0x1234);
	COMPARE("%%%d%%", 5);
	COMPARE("%+d", 5);
	COMPARE("%.0d", 0);
	COMPARE("%ld", INT64_MIN);
}

void printf_cuts_and_measures(void)
{
	static char *volatile no_text; /* the compiler need not know that it is NULL */
	char buf[8];

	memset(buf, 'z', sizeof(buf));
	CHECK(ksnprintf(buf, 5, "%s", "abcdefgh") == 8);
	CHECK(strcmp(buf, "abcd") == 0 && buf[5] == 'z');
	CHECK(ksnprintf(NULL, 0, "%d", 12345) == 5);
	CHECK(ksnprintf(buf, 1, "%d", 12345) == 5 && buf[0] == '\0');
	CHECK(ksnprintf(buf, 8, "%*d|", -3, 7) == 4 && strcmp(buf, "7  |") == 0);
	CHECK(ksnprintf(buf, 8, "%.*s", 2, "abc") == 2 && strcmp(buf, "ab") == 0);
	CHECK(ksnprintf(buf, 8, "%s", no_text) == 6 && strcmp(buf, "(null)") == 0);
	CHECK(ksnprintf(buf, 8, "%y%") == 3 && strcmp(buf, "%y%") == 0);
}

void memory_functions_agree_with_the_host(void)
{
	unsigned char want[300], got[300];

	for (unsigned i = 0; i < 100000; i++) {
		for (unsigned j = 0; j < sizeof(want); j++)
			want[j] = got[j] = (unsigned char)(j * 7 + i);
		size_t to = host_below(100), from = host_below(100), n = host_below(200);
		if (host_below(4) == 0)
			n = host_below(9);
		switch (host_below(3)) {
		case 0:
			memmove(want + to, want + from, n);
			CHECK(kernel_memmove(got + to, got + from, n) == got + to);
			break;
		case 1:
			memset(want + to, (int)i, n);
			CHECK(kernel_memset(got + to, (int)i, n) == got + to);
			break;
		default:
			n = MIN(n, 100);
			memcpy(want + to, want + 200, n);
			CHECK(kernel_memcpy(got + to, got + 200, n) == got + to);
		}
		CHECK(memcmp(want, got, sizeof(want)) == 0);
		got[host_below(300)] ^= (unsigned char)host_below(2);
		int a = memcmp(want, got, sizeof(want)), b = kernel_memcmp(want, got, sizeof(want));
		CHECK((a < 0) == (b < 0) && (a > 0) == (b > 0));
	}
}

static void random_text(char *text, size_t cap)
{
	size_t n = host_below(cap);

	for (size_t i = 0; i < n; i++)
		text[i] = "ab\xff"[host_below(3)];
	text[n] = '\0';
}

static int sign(int x) { return (x > 0) - (x < 0); }

void string_functions_agree_with_the_host(void)
{
	for (unsigned i = 0; i < 100000; i++) {
		char a[12], b[12], copy[12];
		size_t n = host_below(14);
		random_text(a, sizeof(a));
		random_text(b, host_below(2) ? 3 : sizeof(b));
		CHECK(kernel_strlen(a) == strlen(a));
		CHECK(kernel_strnlen(a, MIN(n, 12)) == strnlen(a, MIN(n, 12)));
		CHECK(sign(kernel_strcmp(a, b)) == sign(strcmp(a, b)));
		CHECK(sign(kernel_strncmp(a, b, n)) == sign(strncmp(a, b, n)));
		CHECK(kernel_strchr(a, 'b') == strchr(a, 'b') && kernel_strchr(a, 0) == strchr(a, 0));
		n = host_below(13);
		memset(copy, 'z', sizeof(copy));
		CHECK(kernel_strlcpy(copy, a, n) == strlen(a));
		if (n > 0) {
			CHECK(strlen(copy) == MIN(strlen(a), n - 1));
			CHECK(memcmp(copy, a, strlen(copy)) == 0);
		}
		CHECK(n >= sizeof(copy) || copy[n] == 'z');
	}
}

static bool slow_glob(const char *p, const char *t)
{
	if (!*p)
		return !*t;
	if (*p == '*')
		return slow_glob(p + 1, t) || (*t && slow_glob(p, t + 1));
	return *t && (*p == '?' || *p == *t) && slow_glob(p + 1, t + 1);
}

void glob_agrees_with_a_recursive_matcher(void)
{
	for (unsigned i = 0; i < 200000; i++) {
		char pattern[8], text[10];
		size_t n = host_below(sizeof(pattern));
		for (size_t j = 0; j < n; j++)
			pattern[j] = "ab*?"[host_below(4)];
		pattern[n] = '\0';
		n = host_below(sizeof(text));
		for (size_t j = 0; j < n; j++)
			text[j] = "ab"[host_below(2)];
		text[n] = '\0';
		CHECK(glob_match(pattern, text) == slow_glob(pattern, text));
	}
}

void parse_u64_accepts_numbers_only(void)
{
	static const char *const bad[] = { "", "0x", "x", "-1", "1 ", " 1", "12a", "0xg", "18446744073709551616",
					   "0x10000000000000000", "+5" };
	uint64_t v;

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK(!parse_u64(bad[i], &v));
	CHECK(parse_u64("0", &v) && v == 0);
	CHECK(parse_u64("007", &v) && v == 7);
	CHECK(parse_u64("18446744073709551615", &v) && v == UINT64_MAX);
	CHECK(parse_u64("0xfFffffffffffffff", &v) && v == UINT64_MAX);
	for (unsigned i = 0; i < 10000; i++) {
		char text[32];
		uint64_t want = host_random() >> host_below(64);
		sprintf(text, host_below(2) ? "%lu" : "0x%lx", want);
		CHECK(parse_u64(text, &v) && v == want);
	}
}
