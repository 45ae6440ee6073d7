/* SPDX-License-Identifier: MIT */
/*
 * Blocks of memory: copying, filling, comparing, searching.
 *
 * Large copies and fills use the string instructions by 8-byte words: processors (and QEMU) run
 * them in a loop of their own, and under -icount a page costs 512 ticks and not 4096. Below
 * WORDS_MIN bytes a byte loop is shorter than setting up rep. memmove runs backwards when the
 * destination starts inside the source; by words with plain loads and stores, since rep with
 * the direction flag set is slow everywhere.
 *
 * Comparing and searching read words where both pointers may be read that far: never past n, so no
 * page is touched that the caller did not name. Words are read through a type that may alias
 * anything and need not be aligned.
 *
 * The files in this folder are built with -fno-tree-loop-distribute-patterns, or the compiler would
 * turn the loops of memcpy into calls of memcpy.
 */
#include <stdint.h>
#include <string.h>

#define WORDS_MIN 32
#define ONES 0x0101010101010101ul
#define HIGHS 0x8080808080808080ul

typedef uint64_t __attribute__((may_alias, aligned(1))) word;

static inline void copy_bytes(unsigned char **to, const unsigned char **from, size_t n)
{
	__asm__ volatile("rep movsb" : "+D"(*to), "+S"(*from), "+c"(n) : : "memory");
}

static inline void copy_words(unsigned char **to, const unsigned char **from, size_t n)
{
	__asm__ volatile("rep movsq" : "+D"(*to), "+S"(*from), "+c"(n) : : "memory");
}

void *memcpy(void *__restrict to, const void *__restrict from, size_t n)
{
	unsigned char *d = to;
	const unsigned char *s = from;

	if (n >= WORDS_MIN) {
		copy_words(&d, &s, n / 8);
		n %= 8;
	}
	for (; n >= 8; n -= 8, d += 8, s += 8)
		*(word *)d = *(const word *)s;
	while (n--)
		*d++ = *s++;
	return to;
}

void *mempcpy(void *__restrict to, const void *__restrict from, size_t n)
{
	return (char *)memcpy(to, from, n) + n;
}

void *memmove(void *to, const void *from, size_t n)
{
	unsigned char *d = to;
	const unsigned char *s = from;

	if ((uintptr_t)d - (uintptr_t)s >= n) {
		if ((uintptr_t)s - (uintptr_t)d >= 8)
			return memcpy(to, from, n);
		copy_bytes(&d, &s, n);
		return to;
	}
	/* A word is stored after all that lies above it has been read, whatever the distance. */
	while (n >= 8) {
		n -= 8;
		*(word *)(d + n) = *(const word *)(s + n);
	}
	while (n--)
		d[n] = s[n];
	return to;
}

void *memset(void *to, int c, size_t n)
{
	unsigned char *d = to;
	uint64_t value = (unsigned char)c * ONES;

	if (n >= WORDS_MIN) {
		size_t words = n / 8;

		__asm__ volatile("rep stosq" : "+D"(d), "+c"(words) : "a"(value) : "memory");
		n %= 8;
	}
	for (; n >= 8; n -= 8, d += 8)
		*(word *)d = value;
	while (n--)
		*d++ = (unsigned char)c;
	return to;
}

/* Not to be optimised away although nobody reads the memory afterwards. */
void explicit_bzero(void *s, size_t n)
{
	memset(s, 0, n);
	__asm__ volatile("" : : "r"(s) : "memory");
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *p = a, *q = b;

	for (; n >= 8 && *(const word *)p == *(const word *)q; n -= 8, p += 8, q += 8)
		;
	for (; n; n--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	const unsigned char *p = s;
	uint64_t pattern = (unsigned char)c * ONES;

	/* x - ONES & ~x & HIGHS is not zero exactly if x has a zero byte. */
	for (; n >= 8; n -= 8, p += 8) {
		uint64_t x = *(const word *)p ^ pattern;

		if ((x - ONES) & ~x & HIGHS)
			break;
	}
	for (; n; n--, p++)
		if (*p == (unsigned char)c)
			return (void *)p;
	return NULL;
}

void *memrchr(const void *s, int c, size_t n)
{
	const unsigned char *p = s;

	while (n--)
		if (p[n] == (unsigned char)c)
			return (void *)(p + n);
	return NULL;
}

void *rawmemchr(const void *s, int c)
{
	const unsigned char *p = s;

	while (*p != (unsigned char)c)
		p++;
	return (void *)p;
}

void *memccpy(void *__restrict to, const void *__restrict from, int c, size_t n)
{
	const void *end = memchr(from, c, n);
	size_t len = end ? (size_t)((const char *)end - (const char *)from) + 1 : n;

	memcpy(to, from, len);
	return end ? (char *)to + len : NULL;
}

/* Quadratic in the worst case, which inputs of this system's size do not notice. */
void *memmem(const void *hay, size_t haylen, const void *needle, size_t len)
{
	const char *h = hay, *n = needle, *end = h + haylen;

	if (len == 0)
		return (void *)h;
	while ((size_t)(end - h) >= len) {
		h = memchr(h, *n, (size_t)(end - h) - len + 1);
		if (!h)
			return NULL;
		if (memcmp(h, n, len) == 0)
			return (void *)h;
		h++;
	}
	return NULL;
}

int bcmp(const void *a, const void *b, size_t n)
{
	return memcmp(a, b, n);
}

void bcopy(const void *from, void *to, size_t n)
{
	memmove(to, from, n);
}

void bzero(void *s, size_t n)
{
	memset(s, 0, n);
}
