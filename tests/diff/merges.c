/* SPDX-License-Identifier: MIT */
/*
 * When two mappings become one: all pairs and triples of neighbours by kind, touched or not, joined by mmap, mprotect,
 * mremap and madvise, in the process and in a child. The mappings are shown after every step.
 */
#include "show.h"

static int file, memfd;

struct kind {
	const char *name;
	int prot, flags, fd; /* fd: 0 none, 1 file at its page, 2 file at page 0, 3 memfd at its page */
};

static const struct kind kinds[] = {
	{ "rw", RW, PRIVATE, 0 }, { "r", PROT_READ, PRIVATE, 0 }, { "none", PROT_NONE, PRIVATE, 0 },
	{ "shared", RW, SHARED, 0 },
	{ "file", RW, MAP_SHARED, 1 }, { "file0", RW, MAP_SHARED, 2 }, { "copy", RW, MAP_PRIVATE, 1 },
	{ "memfd", RW, MAP_SHARED, 3 },
	{ "locked", RW, PRIVATE | MAP_LOCKED, 0 }, { "noreserve", RW, PRIVATE | MAP_NORESERVE, 0 },
	{ "growsdown", RW, PRIVATE | MAP_GROWSDOWN, 0 }, { "stack", RW, PRIVATE | MAP_STACK, 0 },
	{ "file r", PROT_READ, MAP_SHARED, 1 }, { "denywrite", RW, PRIVATE | MAP_DENYWRITE, 0 },
	{ "populate", RW, PRIVATE | MAP_POPULATE, 0 },
};

static void place(const struct kind *k, long page, long n)
{
	int fd = k->fd == 3 ? memfd : k->fd ? file : -1;

	map_at(page, n, k->prot, k->flags, fd, k->fd == 1 || k->fd == 3 ? page * (long)PAGE : 0);
}

static void pairs(void)
{
	for (size_t a = 0; a < COUNT(kinds); a++) {
		for (size_t b = 0; b < COUNT(kinds); b++) {
			for (int touched = 0; touched < 4; touched++) {
				place(&kinds[a], 2, 2);
				if (touched & 1)
					probe(at(3), STORE);
				place(&kinds[b], 4, 2);
				if (touched & 2)
					probe(at(4), STORE);
				printf("%s, %s, touched %d: %s", kinds[a].name, kinds[b].name, touched, arena_text());
				CALL(mprotect, at(2), 4 * PAGE, PROT_READ);
				printf(" | all r: %s", arena_text());
				CALL(mprotect, at(2), 4 * PAGE, RW);
				printf(" | all rw: %s\n", arena_text());
				clear_arena();
			}
		}
	}
}

/* A third between two; in the order of 2, 3, 1 as well. */
static void triples(void)
{
	static const char *const orders[] = { "abc", "acb", "bac", "bca", "cab", "cba" };

	for (size_t k = 0; k < COUNT(kinds); k++) {
		for (size_t o = 0; o < COUNT(orders); o++) {
			for (int touched = 0; touched < 8; touched++) {
				for (const char *s = orders[o]; *s; s++) {
					place(&kinds[k], 2 * (*s - 'a'), 2);
					if (touched >> (*s - 'a') & 1)
						probe(at(2 * (*s - 'a')), STORE);
				}
				printf("%s %s touched %d: %s", kinds[k].name, orders[o], touched, arena_text());
				CALL(mprotect, at(2), 2 * PAGE, PROT_NONE);
				printf(" | middle none: %s", arena_text());
				CALL(mprotect, at(2), 2 * PAGE, kinds[k].prot);
				printf(" | back: %s", arena_text());
				CALL(munmap, at(2), 2 * PAGE);
				place(&kinds[k], 2, 2);
				printf(" | anew: %s\n", arena_text());
				clear_arena();
			}
		}
	}
}

/* Every split of six pages by mprotect, then one protection for a part. */
static void windows(void)
{
	for (int touched = 0; touched < 2; touched++) {
		for (long a = 0; a < 6; a++) {
			for (long n = 1; n <= 6 - a; n++) {
				for (long b = 0; b < 6; b++) {
					for (long m = 1; m <= 6 - b; m++) {
						map_at(0, 6, RW, PRIVATE, -1, 0);
						if (touched)
							*at(a) = 1, *at(5 - b) = 1;
						CALL(mprotect, at(a), n * PAGE, PROT_READ);
						if (touched)
							*(volatile unsigned char *)at(0);
						CALL(mprotect, at(b), m * PAGE, touched ? PROT_NONE : RW);
						printf("%ld+%ld, %ld+%ld: %s", a, n, b, m, arena_text());
						CALL(mprotect, at(b), m * PAGE, PROT_READ);
						printf(" | %s", arena_text());
						CALL(mprotect, at(0), 6 * PAGE, RW);
						printf(" | %d\n", arena_count());
						clear_arena();
					}
				}
			}
		}
	}
}

/* Mappings that were apart and are brought together by mremap. */
static void moved(void)
{
	for (size_t k = 0; k < COUNT(kinds); k++) {
		for (int touched = 0; touched < 4; touched++) {
			for (long from = 20; from <= 22; from++) {
				place(&kinds[k], 0, 2);
				if (touched & 1)
					probe(at(1), STORE);
				place(&kinds[k], 4, 2);
				map_at(20, 4, kinds[k].prot, kinds[k].flags, kinds[k].fd == 3 ? memfd : kinds[k].fd ? file : -1,
				       kinds[k].fd == 1 || kinds[k].fd == 3 ? 2 * (long)PAGE : 0);
				if (touched & 2)
					probe(at(from), STORE);
				long result = CALL(mremap, at(from), 2 * PAGE, 2 * PAGE, 3, at(2));
				printf("%s touched %d from %ld: %s %s", kinds[k].name, touched, from, shown(result), arena_text());
				result = CALL(mremap, at(2), 2 * PAGE, 2 * PAGE, 3, at(from));
				printf(" | back %s %s", shown(result), arena_text());
				CALL(munmap, at(20), 10 * PAGE);
				result = CALL(mremap, at(0), 2 * PAGE, 4 * PAGE, 0);
				printf(" | grown %s %s\n", shown(result), arena_text());
				clear_arena();
			}
		}
	}
}

/* After fork both have the same mappings; what they then make joins or not. */
static void forked(void)
{
	for (int touched = 0; touched < 8; touched++) {
		map_at(2, 2, RW, PRIVATE, -1, 0);
		if (touched & 1)
			*at(2) = 1;
		IN_CHILD({
			if (touched & 2)
				*at(3) = 1;
			map_at(4, 2, RW, PRIVATE, -1, 0);
			printf("child, touched %d: %s", touched, arena_text());
			if (touched & 4)
				*at(5) = 1;
			map_at(0, 2, RW, PRIVATE, -1, 0);
			printf(" | %s", arena_text());
			CALL(mprotect, at(1), 2 * PAGE, PROT_READ);
			CALL(mprotect, at(0), 6 * PAGE, RW);
			printf(" | %s\n", arena_text());
			IN_CHILD({
				CALL(mprotect, at(1), 3 * PAGE, PROT_NONE);
				CALL(mprotect, at(0), 6 * PAGE, PROT_NONE);
				printf("  its child: %s", arena_text());
				map_at(6, 2, PROT_NONE, PRIVATE, -1, 0);
				printf(" | %s\n", arena_text());
			});
		});
		map_at(4, 2, RW, PRIVATE, -1, 0);
		printf("parent, touched %d: %s", touched, arena_text());
		if (touched & 4)
			*at(5) = 1;
		CALL(mprotect, at(0), 6 * PAGE, PROT_READ);
		CALL(mprotect, at(2), 4 * PAGE, PROT_READ);
		printf(" | %s\n", arena_text());
		clear_arena();
	}
}

/* Both neighbours have pages of their own before a third joins them. */
static void strangers(void)
{
	for (int order = 0; order < 4; order++) {
		map_at(0, 2, RW, PRIVATE, -1, 0);
		map_at(4, 2, RW, PRIVATE, -1, 0);
		if (order & 1)
			*at(0) = 1;
		if (order & 2)
			*at(4) = 1;
		map_at(2, 2, RW, PRIVATE, -1, 0);
		printf("strangers %d: %s", order, arena_text());
		*at(3) = 1;
		CALL(mprotect, at(0), 6 * PAGE, PROT_READ);
		printf(" | %s", arena_text());
		CALL(madvise, at(0), 6 * PAGE, MADV_DONTNEED);
		CALL(mprotect, at(0), 6 * PAGE, RW);
		printf(" | %s\n", arena_text());
		clear_arena();
	}
}

int main(void)
{
	file = make_file("file", 32);
	memfd = make_memfd("m", 32, 0);
	catch_faults();
	pairs();
	triples();
	windows();
	moved();
	forked();
	strangers();
	return 0;
}
