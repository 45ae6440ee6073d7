/* SPDX-License-Identifier: MIT */
/*
 * mremap with every flag, from and to every length, with room behind and without, for every kind of mapping; then what
 * is mapped, and which bytes are where. The arena's page numbers name the bytes: page n holds n + 1.
 */
#include "show.h"

struct kind {
	const char *name;
	int prot, flags, fd;
};

#define OLD 4l  /* where the mapping is */
#define NEW 20l /* where it may be moved to */

static void prepare(const struct kind *k, bool blocked)
{
	clear_arena();
	map_at(OLD, 4, k->prot, k->flags, k->fd, 0);
	for (long i = 0; i < 4; i++) {
		if (k->prot & PROT_WRITE && k->fd < 0)
			*at(OLD + i) = (unsigned char)(i + 1);
	}
	if (k->fd >= 0 && k->flags & MAP_PRIVATE)
		*at(OLD + 1) = 0x77;
	if (blocked)
		map_at(OLD + 4, 1, PROT_NONE, PRIVATE, -1, 0);
	map_at(NEW + 1, 1, PROT_READ, SHARED, -1, 0);
}

static void show_result(long result, long n)
{
	bool elsewhere = result > 0 && (unsigned long)result - ARENA >= ARENA_PAGES * PAGE;

	printf("%s", elsewhere ? "moved" : shown(result));
	if (elsewhere) { /* bring it home, so that it can be shown */
		printf(" %s", shown(CALL(mremap, result, n * PAGE, n * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at(100))));
	}
	printf(" | %s | %s", arena_text(), bytes_text(OLD, 6));
	printf(" | %s\n", bytes_text(elsewhere ? 100 : NEW, 6));
}

static void sizes(const struct kind *k)
{
	for (long old = 0; old <= 5; old++) {
		for (long n = 0; n <= 6; n++) {
			for (int flags = 0; flags < 8; flags++) {
				for (int blocked = 0; blocked < 2; blocked++) {
					prepare(k, blocked);
					long result = CALL(mremap, at(OLD), old * PAGE, n * PAGE, flags, at(NEW));
					printf("%s: %ld to %ld flags %d%s: ", k->name, old, n, flags, blocked ? " blocked" : "");
					show_result(result, n);
				}
			}
		}
	}
}

static void middles(const struct kind *k)
{
	for (long from = 0; from < 4; from++) {
		for (long old = 1; old <= 4; old++) {
			for (long n = 1; n <= 4; n++) {
				prepare(k, false);
				long result = CALL(mremap, at(OLD + from), old * PAGE, n * PAGE, MREMAP_MAYMOVE);
				printf("%s: from %ld, %ld to %ld: ", k->name, from, old, n);
				show_result(result, n);
			}
		}
	}
}

/* Old and new ranges that touch and overlap; places that are not allowed; misaligned everything. */
static void places(const struct kind *k)
{
	for (long to = 0; to < 12; to++) {
		for (int flags = 2; flags < 8; flags++) {
			prepare(k, false);
			long result = CALL(mremap, at(OLD), 4 * PAGE, 4 * PAGE, flags, at(to));
			printf("%s: to page %ld flags %d: ", k->name, to, flags);
			show_result(result, 4);
		}
	}
	for (int flags = 0; flags < 16; flags++) {
		static const unsigned long bad[] = { 0, 1, ARENA + 1, 0x7ffffffff000, 1ul << 47, ~0ul - 4095,
						     4096, 61440, 65536 };
		for (size_t b = 0; b < COUNT(bad); b++) {
			prepare(k, false);
			printf("%s: new address %#lx flags %d: %s\n", k->name, bad[b], flags,
			       shown_ok(CALL(mremap, at(OLD), PAGE, PAGE, flags, bad[b])));
			prepare(k, false);
			printf("%s: old address %#lx flags %d: %s\n", k->name, bad[b], flags,
			       shown_ok(CALL(mremap, bad[b], PAGE, PAGE, flags, at(NEW))));
		}
		clear_arena();
		CALL(munmap, 4096, PAGE);
		CALL(munmap, 61440, 2 * PAGE);
	}
}

/* Across two mappings, across a hole, of nothing. */
static void ranges(void)
{
	for (int flags = 0; flags < 4; flags++) {
		for (long from = 0; from < 8; from++) {
			for (long old = 0; old < 7; old++) {
				for (long n = 1; n < 7; n++) {
					clear_arena();
					map_at(0, 2, RW, PRIVATE, -1, 0);
					map_at(2, 2, PROT_READ, PRIVATE, -1, 0);
					map_at(5, 2, RW, PRIVATE, -1, 0);
					long result = CALL(mremap, at(from), old * PAGE, n * PAGE, flags, at(NEW));
					bool elsewhere = result > 0 && (unsigned long)result - ARENA >= ARENA_PAGES * PAGE;
					printf("ranges: flags %d from %ld, %ld to %ld: %s | %s\n", flags, from, old, n,
					       elsewhere ? "moved" : shown(result), arena_text());
					if (elsewhere)
						CALL(munmap, result, n * PAGE);
				}
			}
		}
	}
	clear_arena();
}

/* Flags that a mapping carries go with it. */
static void carried(int fd)
{
	static const int advices[] = { MADV_DONTFORK, MADV_SEQUENTIAL, MADV_RANDOM, MADV_DONTDUMP, MADV_WIPEONFORK };

	for (size_t a = 0; a < COUNT(advices); a++) {
		for (int flags = 1; flags < 8; flags += 2) {
			clear_arena();
			map_at(OLD, 4, RW, PRIVATE, -1, 0);
			*at(OLD) = 9;
			printf("advice %d: %s, ", advices[a], shown(CALL(madvise, at(OLD + 1), 2 * PAGE, advices[a])));
			printf("mremap flags %d: %s: ", flags,
			       shown_ok(CALL(mremap, at(OLD + 1), 2 * PAGE, 2 * PAGE, flags, at(NEW))));
			printf("%s\n", arena_text());
		}
	}
	clear_arena();
	map_at(OLD, 2, PROT_READ, MAP_SHARED, fd, 0);
	map_at(OLD + 2, 2, PROT_READ, MAP_SHARED, fd, 2 * PAGE);
	printf("file whole: %s\n", arena_text());
	printf("back again: %s ", shown(CALL(mremap, at(OLD + 2), 2 * PAGE, 2 * PAGE, 3, at(NEW))));
	printf("%s ", arena_text());
	printf("%s ", shown(CALL(mremap, at(NEW), 2 * PAGE, 2 * PAGE, 3, at(OLD + 2))));
	printf("%s\n", arena_text());
	clear_arena();
}

int main(void)
{
	int rw = make_file("file", 8), memfd = make_memfd("m", 8, 0);
	const struct kind kinds[] = {
		{ "anonymous", RW, PRIVATE, -1 }, { "shared anonymous", RW, SHARED, -1 }, { "none", PROT_NONE, PRIVATE, -1 },
		{ "file, shared", RW, MAP_SHARED, rw }, { "file, private", RW, MAP_PRIVATE, rw },
		{ "memfd, shared", PROT_READ, MAP_SHARED, memfd }, { "growsdown", RW, PRIVATE | MAP_GROWSDOWN, -1 },
	};

	catch_faults();
	for (size_t k = 0; k < COUNT(kinds); k++) {
		sizes(&kinds[k]);
		middles(&kinds[k]);
		places(&kinds[k]);
	}
	ranges();
	carried(rw);
	return 0;
}
