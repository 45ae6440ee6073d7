/* SPDX-License-Identifier: MIT */
/*
 * qsort and bsearch.
 *
 * qsort is a merge sort with a buffer of half the array, so it is stable (programs come to rely on
 * that without knowing) and never worse than n log n. When the buffer cannot be had, the array is
 * sorted in place by heapsort, which is as safe and only slower and not stable. Quicksort would be
 * in place and usually quicker, but it has inputs on which it is quadratic.
 *
 * Runs of up to RUN elements are sorted by insertion. Elements are moved with memcpy. The comparison
 * with a context argument is the general one; qsort passes the plain function as that context.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define RUN 6

typedef int comparison(const void *a, const void *b, void *arg);
typedef int plain_comparison(const void *a, const void *b);

struct sort {
	size_t size;
	comparison *compare;
	void *arg;
	char *buffer;
};

static int compare_at(const struct sort *s, const char *a, const char *b)
{
	return s->compare(a, b, s->arg);
}

static void insertion_sort(const struct sort *s, char *base, size_t count)
{
	char *end = base + count * s->size;

	for (char *p = base + s->size; p < end; p += s->size) {
		char *q = p;

		while (q > base && compare_at(s, q - s->size, p) > 0)
			q -= s->size;
		if (q == p)
			continue;
		memcpy(s->buffer, p, s->size);
		memmove(q + s->size, q, (size_t)(p - q));
		memcpy(q, s->buffer, s->size);
	}
}

/* Merges the sorted halves: the left one moves to the buffer, the result grows from the left. */
static void merge(const struct sort *s, char *base, size_t left, size_t count)
{
	char *a = s->buffer, *a_end = a + left * s->size;
	char *b = base + left * s->size, *b_end = base + count * s->size;
	char *to = base;

	memcpy(a, base, left * s->size);
	while (a < a_end && b < b_end) {
		char **from = compare_at(s, a, b) <= 0 ? &a : &b;

		memcpy(to, *from, s->size);
		*from += s->size;
		to += s->size;
	}
	memcpy(to, a, (size_t)(a_end - a));
}

static void merge_sort(const struct sort *s, char *base, size_t count)
{
	size_t left = count / 2;
	char *middle = base + left * s->size;

	if (count <= RUN) {
		insertion_sort(s, base, count);
		return;
	}
	merge_sort(s, base, left);
	merge_sort(s, middle, count - left);
	if (compare_at(s, middle - s->size, middle) > 0)
		merge(s, base, left, count);
}

static void swap(char *a, char *b, size_t size)
{
	while (size--) {
		char c = *a;

		*a++ = *b;
		*b++ = c;
	}
}

static void sift_down(const struct sort *s, char *base, size_t i, size_t count)
{
	size_t child;

	for (; (child = 2 * i + 1) < count; i = child) {
		char *c = base + child * s->size;

		if (child + 1 < count && compare_at(s, c, c + s->size) < 0) {
			child++;
			c += s->size;
		}
		if (compare_at(s, base + i * s->size, c) >= 0)
			return;
		swap(base + i * s->size, c, s->size);
	}
}

static void heap_sort(const struct sort *s, char *base, size_t count)
{
	for (size_t i = count / 2; i-- > 0;)
		sift_down(s, base, i, count);
	while (count-- > 1) {
		swap(base, base + count * s->size, s->size);
		sift_down(s, base, 0, count);
	}
}

void qsort_r(void *base, size_t count, size_t size,
	     int (*compare)(const void *, const void *, void *), void *arg)
{
	struct sort s = { size, compare, arg, NULL };
	char on_stack[512];
	size_t need;

	if (count < 2 || size == 0)
		return;
	need = (count <= RUN ? 1 : (count + 1) / 2) * size;
	s.buffer = need <= sizeof(on_stack) ? on_stack : malloc(need);
	if (s.buffer)
		merge_sort(&s, base, count);
	else
		heap_sort(&s, base, count);
	if (s.buffer != on_stack)
		free(s.buffer);
}

static int compare_plain(const void *a, const void *b, void *arg)
{
	return (*(plain_comparison **)arg)(a, b);
}

void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	qsort_r(base, count, size, compare_plain, &compare);
}

void *bsearch(const void *key, const void *base, size_t count, size_t size,
	      int (*compare)(const void *, const void *))
{
	const char *from = base;

	while (count > 0) {
		const char *middle = from + count / 2 * size;
		int order = compare(key, middle);

		if (order == 0)
			return (void *)middle;
		if (order > 0) {
			from = middle + size;
			count -= count / 2 + 1;
		} else {
			count /= 2;
		}
	}
	return NULL;
}
