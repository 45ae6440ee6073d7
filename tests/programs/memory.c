/* SPDX-License-Identifier: MIT */
/*
 * The C library's allocator under several threads that hand blocks to each other, by brk and by mmap, grown, shrunk,
 * aligned and given back. Each block carries its length and a pattern, checked before it is let go.
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS 4
#define SLOTS 512
#define STEPS 20000

static struct slot {
	pthread_mutex_t lock;
	unsigned char *at;
	size_t len;
} slots[SLOTS];
static int wrong;

static uint32_t next(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	return *x ^= *x << 5;
}

static void fill(struct slot *s, size_t len)
{
	s->len = len;
	s->at[0] = s->at[len / 2] = s->at[len - 1] = (unsigned char)len;
}

static void check(struct slot *s)
{
	if (s->at[0] != (unsigned char)s->len || s->at[s->len - 1] != (unsigned char)s->len)
		__atomic_add_fetch(&wrong, 1, __ATOMIC_SEQ_CST);
}

static size_t some_length(uint32_t *x)
{
	uint32_t r = next(x);
	return 1 + (r % 100 < 90 ? r / 128 % 2000 : r % 100 < 99 ? r / 128 % 60000 : r / 128 % 1000000);
}

static void *stir(void *arg)
{
	uint32_t x = (uint32_t)(uintptr_t)arg * 2654435761u + 1;

	for (int i = 0; i < STEPS; i++) {
		struct slot *s = &slots[next(&x) % SLOTS];
		size_t len = some_length(&x);
		pthread_mutex_lock(&s->lock);
		if (!s->at) {
			s->at = i % 5 == 0 ? memalign(64u << next(&x) % 7, len) : i % 3 ? malloc(len) : calloc(1, len);
			fill(s, len);
		} else if (next(&x) % 3 == 0) {
			check(s);
			s->at = realloc(s->at, len);
			if (s->at[0] != (unsigned char)s->len)
				__atomic_add_fetch(&wrong, 1, __ATOMIC_SEQ_CST);
			fill(s, len);
		} else {
			check(s);
			free(s->at);
			s->at = NULL;
		}
		pthread_mutex_unlock(&s->lock);
	}
	return NULL;
}

int main(void)
{
	pthread_t thread[THREADS];
	char *huge = malloc(100 << 20);

	for (int i = 0; i < SLOTS; i++)
		pthread_mutex_init(&slots[i].lock, NULL);
	for (long i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, stir, (void *)(i + 1));
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	for (int i = 0; i < SLOTS; i++)
		free(slots[i].at);
	huge[0] = huge[(100 << 20) - 1] = 1;
	huge = realloc(huge, 120 << 20);
	printf("wrong %d, kept %d, impossible %d\n", wrong, huge[0] + huge[(100 << 20) - 1],
	       malloc((size_t)1 << 60) == NULL);
	free(huge);
	return wrong != 0;
}
