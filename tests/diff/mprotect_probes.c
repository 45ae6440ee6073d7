/* SPDX-License-Identifier: MIT */
/*
 * mprotect from every protection to every other, for every kind of mapping, with a load, a store and a jump before and
 * after: the signal, its code, where si_addr points, the processor's error code.
 */
#include "show.h"

struct kind {
	const char *name;
	int flags, fd;
};

static void probes(const char *when)
{
	printf("    %s: load %s, ", when, probe(at(0) + 5, LOAD));
	printf("store %s, ", probe(at(0) + 7, STORE));
	printf("jump %s\n", probe(at(0) + 7, JUMP));
}

/* A page of returns, so that a jump into it comes back. */
static bool prepare(const struct kind *k, int prot)
{
	long result = map_at(0, 1, prot, k->flags, k->fd, 0);

	if (result < 0) {
		printf("  mmap: %s\n", shown(result));
		return false;
	}
	return true;
}

static void one_page(const struct kind *k, int from, int to, bool touch)
{
	if (!prepare(k, from))
		return;
	printf("%s prot %d to %d%s\n", k->name, from, to, touch ? ", touched" : "");
	if (touch)
		probes("before");
	printf("    mprotect %s\n", shown(CALL(mprotect, at(0), PAGE, to)));
	printf("    %s\n", arena_text());
	probes("after");
	clear_arena();
}

static void all_prots(void)
{
	map_at(0, 1, RW, PRIVATE, -1, 0);
	for (unsigned long prot = 0; prot < 64; prot++)
		printf("prot %#lx: %s\n", prot, shown(CALL(mprotect, at(0), PAGE, prot)));
	for (int bit = 5; bit < 64; bit++)
		printf("prot bit %d: %s %s\n", bit, shown(CALL(mprotect, at(0), PAGE, 1ul << bit)), arena_text());
	printf("grows both: %s\n", shown(CALL(mprotect, at(0), PAGE, PROT_GROWSDOWN | PROT_GROWSUP | PROT_READ)));
	printf("grows both, misaligned: %s\n", shown(CALL(mprotect, at(0) + 1, PAGE, PROT_GROWSDOWN | PROT_GROWSUP)));
	clear_arena();
	for (unsigned bit = 3; bit < 64; bit++) {
		long result = CALL(mmap, at(0), PAGE, 1ul << bit, PRIVATE | MAP_FIXED, -1, 0);
		printf("mmap prot bit %u: %s %s\n", bit, shown(result), arena_text());
		clear_arena();
	}
}

/* Partial ranges, holes, splits and merges: which part has changed when the answer is an error. */
static void partial(int fd)
{
	for (long from = 0; from < 7; from++) {
		for (long n = 1; n < 8 - from + 2; n++) {
			map_at(0, 2, RW, PRIVATE, -1, 0);
			map_at(2, 1, PROT_READ, MAP_SHARED, fd, 0);
			map_at(4, 2, PROT_NONE, PRIVATE, -1, 0);
			map_at(6, 1, PROT_READ, MAP_PRIVATE, fd, 0);
			printf("from %ld, %ld pages: %s", from, n, shown(CALL(mprotect, at(from), n * PAGE, RW)));
			printf(": %s\n", arena_text());
			clear_arena();
		}
	}
}

int main(void)
{
	unsigned char returns[PAGE];
	int rw = make_file("file", 1);

	memset(returns, 0xc3, PAGE);
	if (pwrite(rw, returns, PAGE, 0) != (ssize_t)PAGE)
		perror("file");
	int ro = open("file", O_RDONLY), memfd = make_memfd("m", 1, 0);
	if (pwrite(memfd, returns, PAGE, 0) != (ssize_t)PAGE)
		perror("memfd");
	const struct kind kinds[] = {
		{ "anonymous", PRIVATE, -1 }, { "shared anonymous", SHARED, -1 }, { "file, private", MAP_PRIVATE, rw },
		{ "file, shared", MAP_SHARED, rw }, { "read-only file, private", MAP_PRIVATE, ro },
		{ "read-only file, shared", MAP_SHARED, ro }, { "memfd, shared", MAP_SHARED, memfd },
		{ "memfd, private", MAP_PRIVATE, memfd },
	};

	catch_faults();
	for (size_t k = 0; k < COUNT(kinds); k++) {
		for (int from = 0; from < 8; from++) {
			for (int to = 0; to < 8; to++) {
				one_page(&kinds[k], from, to, false);
				one_page(&kinds[k], from, to, true);
			}
		}
	}
	all_prots();
	partial(ro);
	return 0;
}
