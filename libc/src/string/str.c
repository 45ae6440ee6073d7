/* SPDX-License-Identifier: MIT */
/*
 * Strings: length, copying, joining and comparing.
 *
 * Lengths are found a word at a time. An aligned word never crosses a page, so reading the bytes
 * after the terminating zero is safe as long as the word is aligned; the first bytes are looked at
 * one by one until the pointer is. Copies are a length and a memcpy; that touches the string twice
 * but lets the word loop and rep movsq do the work.
 *
 * Comparison goes byte by byte: most comparisons end at the first or second one.
 * The C locale is the only one, so strcoll is strcmp.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ONES 0x0101010101010101ul
#define HIGHS 0x8080808080808080ul

typedef uint64_t __attribute__((may_alias)) word;

size_t strlen(const char *s)
{
	const char *p = s;

	for (; (uintptr_t)p % 8; p++)
		if (!*p)
			return (size_t)(p - s);
	for (;; p += 8) {
		uint64_t x = *(const word *)p;

		if ((x - ONES) & ~x & HIGHS)
			break;
	}
	while (*p)
		p++;
	return (size_t)(p - s);
}

size_t strnlen(const char *s, size_t max)
{
	const char *end = memchr(s, 0, max);

	return end ? (size_t)(end - s) : max;
}

char *strcpy(char *__restrict to, const char *__restrict from)
{
	return memcpy(to, from, strlen(from) + 1);
}

char *stpcpy(char *__restrict to, const char *__restrict from)
{
	size_t len = strlen(from);

	memcpy(to, from, len + 1);
	return to + len;
}

char *stpncpy(char *__restrict to, const char *__restrict from, size_t n)
{
	size_t len = strnlen(from, n);

	memcpy(to, from, len);
	memset(to + len, 0, n - len);
	return to + len;
}

char *strncpy(char *__restrict to, const char *__restrict from, size_t n)
{
	stpncpy(to, from, n);
	return to;
}

/* Returns the length it tried to make; the result was cut if that is not below size. */
size_t strlcpy(char *__restrict to, const char *__restrict from, size_t size)
{
	size_t len = strlen(from);

	if (size) {
		size_t n = len < size ? len : size - 1;

		memcpy(to, from, n);
		to[n] = '\0';
	}
	return len;
}

size_t strlcat(char *__restrict to, const char *__restrict from, size_t size)
{
	size_t len = strnlen(to, size);

	return len + strlcpy(to + len, from, size - len);
}

char *strcat(char *__restrict to, const char *__restrict from)
{
	strcpy(to + strlen(to), from);
	return to;
}

char *strncat(char *__restrict to, const char *__restrict from, size_t n)
{
	char *end = to + strlen(to);
	size_t len = strnlen(from, n);

	memcpy(end, from, len);
	end[len] = '\0';
	return to;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n && *a && *a == *b; n--)
		a++, b++;
	return n ? (unsigned char)*a - (unsigned char)*b : 0;
}

int strcoll(const char *a, const char *b)
{
	return strcmp(a, b);
}

size_t strxfrm(char *__restrict to, const char *__restrict from, size_t n)
{
	return strlcpy(to, from, n);
}

int strcasecmp(const char *a, const char *b)
{
	while (*a && tolower((unsigned char)*a) == tolower((unsigned char)*b))
		a++, b++;
	return tolower((unsigned char)*a) - tolower((unsigned char)*b);
}

int strncasecmp(const char *a, const char *b, size_t n)
{
	for (; n && *a && tolower((unsigned char)*a) == tolower((unsigned char)*b); n--)
		a++, b++;
	return n ? tolower((unsigned char)*a) - tolower((unsigned char)*b) : 0;
}

/* Runs of digits compare by value; a run with leading zeros is a fraction and sorts first. */
int strverscmp(const char *a, const char *b)
{
	size_t i = 0, start;

	while (a[i] && a[i] == b[i])
		i++;
	for (start = i; start > 0 && isdigit((unsigned char)a[start - 1]); start--)
		;
	if (!isdigit((unsigned char)a[i]) && !isdigit((unsigned char)b[i]))
		return (unsigned char)a[i] - (unsigned char)b[i];
	if (a[start] != '0' && b[start] != '0') {
		size_t la = i, lb = i;

		while (isdigit((unsigned char)a[la]))
			la++;
		while (isdigit((unsigned char)b[lb]))
			lb++;
		if (la != lb && la > start && lb > start)
			return la < lb ? -1 : 1;
	}
	return (unsigned char)a[i] - (unsigned char)b[i];
}

char *strdup(const char *s)
{
	size_t size = strlen(s) + 1;
	char *copy = malloc(size);

	return copy ? memcpy(copy, s, size) : NULL;
}

char *strndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *copy = malloc(len + 1);

	if (!copy)
		return NULL;
	copy[len] = '\0';
	return memcpy(copy, s, len);
}

int ffs(int n)
{
	return __builtin_ffs(n);
}

int ffsl(long n)
{
	return __builtin_ffsl(n);
}

int ffsll(long long n)
{
	return __builtin_ffsll(n);
}
