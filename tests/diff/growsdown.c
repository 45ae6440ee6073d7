/* SPDX-License-Identifier: MIT */
/*
 * MAP_GROWSDOWN and the stack: how far an access may lie below, the gap kept to what is beneath, what mprotect, mremap,
 * munmap and system calls make of it.
 */
#include "show.h"

static void reach(long below, long bytes, int access)
{
	map_at(100, 2, RW, PRIVATE | MAP_GROWSDOWN, -1, 0);
	unsigned char *p = at(100) - below * (long)PAGE + bytes;
	printf("%s %ld pages below, byte %ld: %s", access == LOAD ? "load" : "store", below, bytes,
	       probe(p, (enum access_kind)access));
	printf(" %s\n", arena_text());
	clear_arena();
}

/* Something lies `gap` pages below the top; growth stops before it. */
static void gaps(int prot, int flags)
{
	for (long distance = 1; distance < 9; distance++) {
		map_at(100, 1, RW, PRIVATE | MAP_GROWSDOWN, -1, 0);
		map_at(100 - distance - 1, 1, prot, PRIVATE | flags, -1, 0);
		printf("prot %d flags %#x %ld pages between:", prot, flags, distance);
		for (long below = 1; below <= distance; below++)
			printf(" %s", probe(at(100 - below), STORE));
		printf(" %s\n", arena_text());
		clear_arena();
	}
}

static void far_gap(void)
{
	for (long distance = 250; distance < 263; distance++) {
		unsigned char *top = at(0) + 600 * PAGE;
		CALL(mmap, top, PAGE, RW, PRIVATE | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
		CALL(mmap, top - (distance + 1) * PAGE, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0);
		printf("%ld pages between:", distance);
		for (long below = 1; below < 10; below++)
			printf(" %s", probe(top - below * PAGE, STORE));
		printf(" mapped below: %s", shown_ok(CALL(mmap, top - 5 * PAGE, PAGE, RW, PRIVATE, -1, 0)));
		printf("\n");
		CALL(munmap, top - 300 * PAGE, 301 * PAGE);
	}
}

/* mmap without MAP_FIXED keeps away from below such a mapping. */
static void hints(void)
{
	for (long distance = 0; distance < 4; distance++) {
		for (int flags = 0; flags < 2; flags++) {
			map_at(100, 2, RW, PRIVATE | MAP_GROWSDOWN, -1, 0);
			long result = CALL(mmap, at(100 - distance - 1), PAGE, RW,
			                   PRIVATE | (flags ? MAP_FIXED_NOREPLACE : 0), -1, 0);
			bool elsewhere = result > 0 && result != (long)at(100 - distance - 1);
			printf("hint %ld pages below%s: %s\n", distance, flags ? ", noreplace" : "",
			       elsewhere ? "elsewhere" : shown(result));
			if (result > 0)
				CALL(munmap, result, PAGE);
			clear_arena();
		}
	}
}

static void calls(void)
{
	map_at(100, 2, RW, PRIVATE | MAP_GROWSDOWN, -1, 0);
	printf("mprotect grows down, middle: %s", shown(CALL(mprotect, at(101), PAGE, PROT_READ | PROT_GROWSDOWN)));
	printf(" %s", arena_text());
	printf("; grown: %s", probe(at(99), STORE));
	printf(" %s", arena_text());
	printf("; mprotect grows up: %s", shown(CALL(mprotect, at(100), PAGE, PROT_READ | PROT_GROWSUP)));
	printf(" %s\n", arena_text());
	clear_arena();
	map_at(50, 2, RW, PRIVATE, -1, 0);
	printf("grows down of another kind: %s\n", shown(CALL(mprotect, at(50), PAGE, PROT_READ | PROT_GROWSDOWN)));
	printf("over a hole: %s\n", shown(CALL(mprotect, at(60), PAGE, PROT_READ | PROT_GROWSDOWN)));
	clear_arena();
	int ends[2], file = make_file("file", 4);
	if (pipe(ends) < 0 || write(ends[1], "0123456789", 10) != 10)
		return;
	map_at(100, 1, RW, PRIVATE | MAP_GROWSDOWN, -1, 0);
	printf("read below: %s", shown(CALL(read, ends[0], at(98), 4)));
	printf(" %s", arena_text());
	printf("; file read over the edge: %s", shown(CALL(pread64, file, at(97) + 100, PAGE, 0)));
	printf(" %s", arena_text());
	printf("; write from below: %s", shown(CALL(pwrite64, file, at(90), 4, 0)));
	printf(" %s", arena_text());
	printf("; write to no page: %s", shown(CALL(pwrite64, file, at(80), 4, 0)));
	printf(" %s\n", arena_text());
	printf("madvise below: %s", shown(CALL(madvise, at(70), PAGE, MADV_DONTNEED)));
	printf(" mlock below: %s", shown(CALL(mlock, at(70), PAGE)));
	printf(" mlock all: %s", shown(CALL(mlock, at(90), 11 * PAGE)));
	printf(" grow locked: %s", probe(at(85), STORE));
	unsigned char vec[4];
	printf(" mincore %s", shown(CALL(mincore, at(85), 2 * PAGE, vec)));
	printf(" %d%d", vec[0], vec[1]);
	printf(" %s\n", arena_text());
	clear_arena();
	map_at(100, 4, RW, PRIVATE | MAP_GROWSDOWN, -1, 0);
	CALL(munmap, at(101), PAGE);
	printf("split: %s", probe(at(101), STORE));
	printf(" %s", arena_text());
	CALL(munmap, at(100), 2 * PAGE);
	printf(" then %s", probe(at(101), STORE));
	printf(" %s\n", arena_text());
	clear_arena();
	map_at(100, 1, RW, PRIVATE | MAP_GROWSDOWN, -1, 0);
	map_at(90, 5, PROT_READ, PRIVATE, -1, 0);
	printf("growth onto a neighbour: ");
	for (long page = 99; page >= 94; page--)
		printf("%s ", probe(at(page), STORE));
	printf("%s\n", arena_text());
	clear_arena();
	IN_CHILD({
		map_at(100, 1, RW, PRIVATE | MAP_GROWSDOWN, -1, 0);
		limit(RLIMIT_STACK, 8 * PAGE);
		for (long page = 99; page > 88; page--)
			printf("%s ", probe(at(page), STORE));
		printf("limit of 8 pages: %s\n", arena_text());
	});
}

int main(void)
{
	static const long pages[] = { 1, 2, 16, 17, 90 };

	catch_faults();
	for (size_t i = 0; i < COUNT(pages); i++) {
		for (int access = LOAD; access <= STORE; access++) {
			reach(pages[i], 0, access);
			reach(pages[i], 4095, access);
		}
	}
	gaps(RW, 0);
	gaps(PROT_READ, 0);
	gaps(PROT_NONE, 0);
	gaps(RW, MAP_GROWSDOWN);
	far_gap();
	hints();
	calls();
	return 0;
}
