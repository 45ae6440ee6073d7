/* SPDX-License-Identifier: MIT */
/* The string functions agree with simple models of them at every length, alignment and overlap. */
#include "check.h"
#include <ctype.h>
#include <strings.h>
#include <sys/mman.h>

enum { ROOM = 300 };

static unsigned char a[ROOM], b[ROOM], model[ROOM];

static void fill(void)
{
	for (int i = 0; i < ROOM; i++)
		a[i] = b[i] = model[i] = (unsigned char)(i * 31 + 7);
}

static void copies(void)
{
	for (int from = 0; from < 20; from++)
		for (int to = 0; to < 20; to++)
			for (int n = 0; n < 80; n++) {
				fill();
				memcpy(a + 100 + to, b + from, (size_t)n);
				for (int i = 0; i < n; i++)
					model[100 + to + i] = b[from + i];
				CHECK(memcmp(a, model, ROOM) == 0);
				fill();
				memmove(a + 10 + to, a + 10 + from, (size_t)n);
				for (int i = 0; i < n; i++)
					model[10 + to + i] = b[10 + from + i];
				CHECK(memcmp(a, model, ROOM) == 0);
			}
}

static void sets(void)
{
	for (int to = 0; to < 16; to++)
		for (int n = 0; n < 100; n++) {
			fill();
			CHECK(memset(a + to, 0xab, (size_t)n) == a + to);
			for (int i = 0; i < n; i++)
				model[to + i] = 0xab;
			CHECK(memcmp(a, model, ROOM) == 0);
		}
}

/* The string ends right before a page that cannot be read. */
static void ends_of_pages(void)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char copy[64];

	CHECK(page != MAP_FAILED && mprotect(page + 4096, 4096, PROT_NONE) == 0);
	for (int n = 0; n < 40; n++) {
		char *s = page + 4096 - n - 1;

		memset(s, 'x', (size_t)n);
		s[n] = '\0';
		CHECK(strlen(s) == (size_t)n && strnlen(s, (size_t)n) == (size_t)n);
		CHECK(strchr(s, 'y') == NULL && strchr(s, 0) == s + n);
		CHECK(memchr(s, 'y', (size_t)n + 1) == NULL && memchr(s, 0, (size_t)n + 1) == s + n);
		CHECK(strcmp(strcpy(copy, s), s) == 0 && memcmp(copy, s, (size_t)n + 1) == 0);
		CHECK(strcspn(s, "abc") == (size_t)n && strspn(s, "xyz") == (size_t)n);
	}
	munmap(page, 8192);
}

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static void comparisons(void)
{
	CHECK(strcmp("abc", "abd") < 0 && strcmp("abc", "ab") > 0 && strcmp("", "") == 0);
	CHECK(strcmp("a\x80", "a\x7f") > 0 && memcmp("\xff", "\x01", 1) > 0);
	CHECK(strncmp("abcx", "abcy", 3) == 0 && strncmp("a", "b", 0) == 0);
	CHECK(strcasecmp("HeLLo", "hEllO") == 0 && strncasecmp("ABx", "aby", 2) == 0);
	for (int i = 0; i < 40; i++) {
		fill();
		a[i]++;
		CHECK(sign(memcmp(a, b, 40)) == sign(a[i] - b[i]));
	}
}

static void searches(void)
{
	CHECK_TEXT(strstr("one two three", "two"), "two three");
	CHECK(strstr("aaab", "aab") && !strstr("abc", "abcd") && strstr("x", ""));
	CHECK_TEXT(strcasestr("Hello World", "WORLD"), "World");
	CHECK_TEXT(strrchr("a/b/c", '/'), "/c");
	CHECK_TEXT(strpbrk("hello, world", " ,"), ", world");
	CHECK(memmem("abcabd", 6, "abd", 3) && !memmem("abcab", 5, "abd", 3));
	CHECK(memrchr("abab", 'a', 4) && !memrchr("bbbb", 'a', 4));
	CHECK_TEXT(strchrnul("abc", 'x'), "");
}

static void words(void)
{
	char s[] = "  one, two,,three ", *next, *p = s + 2;

	CHECK_TEXT(strtok_r(s, " ,", &next), "one");
	CHECK_TEXT(strtok_r(NULL, " ,", &next), "two");
	CHECK_TEXT(strtok_r(NULL, " ,", &next), "three");
	CHECK(strtok_r(NULL, " ,", &next) == NULL);
	strcpy(s, "a::b");
	p = s;
	CHECK_TEXT(strsep(&p, ":"), "a");
	CHECK_TEXT(strsep(&p, ":"), "");
	CHECK_TEXT(strsep(&p, ":"), "b");
	CHECK(strsep(&p, ":") == NULL);
}

static void bounded(void)
{
	char s[16];

	memset(s, 'x', sizeof(s));
	strncpy(s, "ab", 5);
	CHECK(memcmp(s, "ab\0\0\0x", 6) == 0);
	strcpy(s, "ab");
	CHECK_TEXT(strncat(s, "cdef", 2), "abcd");
	CHECK(stpcpy(s, "xyz") == s + 3);
	CHECK(memccpy(s, "abcdef", 'c', 6) == s + 3);
	CHECK_TEXT(strsignal(11), "Segmentation fault");
	CHECK_TEXT(strerror(2), "No such file or directory");
	CHECK(ffs(0) == 0 && ffs(8) == 4);
}

static void characters(void)
{
	for (int c = -1; c < 256; c++) {
		int upper = c >= 'A' && c <= 'Z', lower = c >= 'a' && c <= 'z';
		int digit = c >= '0' && c <= '9';

		CHECK(!isupper(c) == !upper && !islower(c) == !lower && !isdigit(c) == !digit);
		CHECK(!isalnum(c) == !(upper || lower || digit));
		CHECK(!isspace(c) == !(c == ' ' || (c >= 9 && c <= 13)));
		CHECK(!isprint(c) == !(c >= 32 && c < 127));
		CHECK(!iscntrl(c) == !((c >= 0 && c < 32) || c == 127));
		CHECK(!ispunct(c) == !(isprint(c) && c != ' ' && !isalnum(c)));
		CHECK(toupper(c) == (lower ? c - 32 : c) && tolower(c) == (upper ? c + 32 : c));
	}
}

int main(void)
{
	copies();
	sets();
	ends_of_pages();
	comparisons();
	searches();
	words();
	bounded();
	characters();
	return 0;
}
