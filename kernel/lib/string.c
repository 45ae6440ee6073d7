/* SPDX-License-Identifier: MIT */
/*
 * Memory and strings. The compiler may emit calls of memcpy, memmove, memset and memcmp for plain C
 * (a structure assignment, an initialiser), so these four have exactly the standard's meaning,
 * whoever calls them.
 *
 * Copying and filling use the string instructions, eight bytes at a time and the rest singly. On
 * hardware they are about as fast as anything that may not touch vector registers, and the kernel
 * may not: those hold the user's state. Under QEMU each iteration counts as one instruction, so
 * that a page costs 512.
 *
 * Overlap: memmove copies upwards when the destination does not start inside the source, else
 * downwards with the direction flag set. The ABI wants that flag clear at every call, and nothing
 * can interrupt the kernel in between.
 *
 * The loops over single bytes are compiled with -fno-tree-loop-distribute-patterns, or the compiler
 * would recognise strlen in strlen's own body and call it.
 *
 * No function here knows about user addresses: those go through usercopy.S.
 */
#include "lib/string.h"

/* ---- memory ---- */

static void copy_up(void *dst, const void *src, size_t n)
{
	size_t words = n / 8;
	size_t bytes = n % 8;

	__asm__ volatile("rep movsq" : "+D"(dst), "+S"(src), "+c"(words) : : "memory");
	__asm__ volatile("rep movsb" : "+D"(dst), "+S"(src), "+c"(bytes) : : "memory");
}

/* From the last byte to the first. */
static void copy_down(void *dst, const void *src, size_t n)
{
	char *d = (char *)dst + n - 1;
	const char *s = (const char *)src + n - 1;

	__asm__ volatile("std; rep movsb; cld" : "+D"(d), "+S"(s), "+c"(n) : : "memory", "cc");
}

void *memcpy(void *dst, const void *src, size_t n)
{
	copy_up(dst, src, n);
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	if ((uintptr_t)dst - (uintptr_t)src >= n) /* wraps when dst lies below src */
		copy_up(dst, src, n);
	else if (dst != src)
		copy_down(dst, src, n);
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	uint64_t pattern = (uint8_t)c * 0x0101010101010101ul;
	size_t words = n / 8;
	size_t bytes = n % 8;
	void *d = dst;

	__asm__ volatile("rep stosq" : "+D"(d), "+c"(words) : "a"(pattern) : "memory");
	__asm__ volatile("rep stosb" : "+D"(d), "+c"(bytes) : "a"(pattern) : "memory");
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a;
	const uint8_t *y = b;

	for (size_t i = 0; i < n; i++)
		if (x[i] != y[i])
			return x[i] - y[i];
	return 0;
}

/* ---- strings ---- */

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (a[i] != b[i])
			return (uint8_t)a[i] - (uint8_t)b[i];
		if (!a[i])
			break;
	}
	return 0;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

/* strlcpy: copies what fits and always ends it with NUL; the length of src, so >= cap means cut. */
size_t strlcpy(char *dst, const char *src, size_t cap)
{
	size_t len = strlen(src);

	if (cap > 0) {
		size_t n = MIN(len, cap - 1);
		memcpy(dst, src, n);
		dst[n] = '\0';
	}
	return len;
}

/*
 * glob_match: a star first matches nothing; when the text after it does not fit, it takes one
 * character more. Only the last star needs this second chance: what an earlier one matched could
 * only have left less for it.
 */
bool glob_match(const char *pattern, const char *text)
{
	const char *star = NULL; /* after the last star seen */
	const char *resume = NULL; /* where its match would be extended from */

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			resume = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

/* The value of a digit, or 99. */
static unsigned digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10u : 99;
}

bool parse_u64(const char *text, uint64_t *value)
{
	unsigned base = 10;
	uint64_t v = 0;

	if (text[0] == '0' && (text[1] | 0x20) == 'x') {
		base = 16;
		text += 2;
	}
	if (!*text)
		return false;
	for (; *text; text++) {
		unsigned digit = digit_value(*text);
		if (digit >= base || __builtin_mul_overflow(v, (uint64_t)base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)digit, &v))
			return false;
	}
	*value = v;
	return true;
}
