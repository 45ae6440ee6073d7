/* SPDX-License-Identifier: MIT */
/* Where mappings go: without a hint, with one, in the low 2 GiB, at the ends of the address space. */
#include "show.h"

#define TOP 0x7ffffffff000ul

static void place(const char *what, unsigned long hint, unsigned long len, int flags)
{
	long result = CALL(mmap, hint, len, RW, PRIVATE | flags, -1, 0);

	printf("%s: hint %#lx len %#lx flags %#x: %s\n", what, hint, len, flags, shown(result));
	if (result > 0)
		CALL(munmap, result, len);
}

static void without_a_hint(void)
{
	long first[6];

	for (int i = 0; i < 6; i++) {
		first[i] = CALL(mmap, 0, (i + 1) * PAGE, i & 1 ? PROT_READ : RW, PRIVATE, -1, 0);
		printf("no hint, %d pages: %s\n", i + 1, shown(first[i]));
	}
	CALL(munmap, first[2], 3 * PAGE);
	for (int n = 1; n < 6; n++)
		place("a gap of 3 pages", 0, n * PAGE, 0);
	CALL(munmap, first[4], 5 * PAGE);
	for (int n = 1; n < 8; n++)
		place("gaps of 3 and 5 pages", 0, n * PAGE, 0);
	for (int i = 0; i < 6; i++)
		CALL(munmap, first[i], (i + 1) * PAGE);
}

static void with_a_hint(void)
{
	static const int flags[] = { 0, MAP_FIXED, MAP_FIXED_NOREPLACE, MAP_FIXED | MAP_FIXED_NOREPLACE, MAP_32BIT,
				     MAP_32BIT | MAP_FIXED };
	static const unsigned long hints[] = {
		1, 4095, 4096, 4097, 65535, 65536, 65537, 0x10000 - 4096, 0x20000, ARENA, ARENA + 1, ARENA + 4095,
		0x3ffff000, 0x40000000, 0x40001000, 0x7fffe000, 0x7ffff000, 0x80000000, 0xfffff000,
		TOP - 8 * PAGE, TOP - PAGE, TOP, TOP + PAGE, 0x800000000000, 0x1000000000000, ~0ul & ~4095ul, ~0ul,
		0xffff800000000000,
	};
	static const unsigned long lens[] = { 1, 4096, 3 * 4096 };

	for (size_t f = 0; f < COUNT(flags); f++) {
		for (size_t h = 0; h < COUNT(hints); h++) {
			for (size_t l = 0; l < COUNT(lens); l++) {
				bool stack = flags[f] & MAP_FIXED && !(flags[f] & MAP_FIXED_NOREPLACE) && hints[h] < TOP &&
					     hints[h] > TOP - 16 * PAGE;
				if (!stack) /* ours */
					place("hints", hints[h], lens[l], flags[f]);
			}
		}
	}
}

static void next_to_others(void)
{
	static const int flags[] = { 0, MAP_FIXED_NOREPLACE };

	map_at(4, 4, RW, PRIVATE, -1, 0);
	for (size_t f = 0; f < 2; f++) {
		for (long page = 0; page < 10; page++) {
			for (long n = 1; n < 8; n++) {
				long result = CALL(mmap, at(page), n * PAGE, RW, PRIVATE | flags[f], -1, 0);
				bool taken = result == (long)at(page);
				printf("%s at %ld, %ld pages: %s\n", f ? "noreplace" : "hint", page, n,
				       result > 0 && !taken ? "elsewhere" : shown(result));
				if (result > 0)
					CALL(munmap, result, n * PAGE);
				clear_arena();
				map_at(4, 4, RW, PRIVATE, -1, 0);
			}
		}
	}
	clear_arena();
}

/* The low 2 GiB hold 262,144 pages from 1 GiB on, unless something is there. */
static void fill_low_memory(void)
{
	unsigned long got[40];
	int n = 0;

	for (unsigned long len = 1ul << 30; len >= PAGE && n < 40;) {
		long result = CALL(mmap, 0, len, PROT_NONE, PRIVATE | MAP_32BIT | MAP_NORESERVE, -1, 0);
		printf("low, len %#lx: %s\n", len, shown(result));
		if (result < 0)
			len /= 2;
		else
			got[n++] = (unsigned long)result;
	}
	for (int i = 0; i < n; i++)
		CALL(munmap, got[i], 1ul << 30);
}

static void lengths(void)
{
	static const unsigned long lens[] = { 0, 1, PAGE, TOP, TOP - PAGE, TOP + PAGE, TOP - 0x8000000,
	                                      TOP - 0x8000000 - PAGE,
					      1ul << 46, 1ul << 47, 1ul << 48, ~0ul, ~0ul - 4095, ~0ul - 4096, 1ul << 63 };
	static const int flags[] = { 0, MAP_NORESERVE, MAP_FIXED, MAP_32BIT };

	for (size_t l = 0; l < COUNT(lens); l++) {
		for (size_t f = 0; f < COUNT(flags); f++) {
			if (flags[f] == MAP_FIXED && lens[l] > PAGE && lens[l] < TOP)
				continue; /* would take our own memory away */
			long result = CALL(mmap, 0, lens[l], PROT_NONE, PRIVATE | flags[f], -1, 0);
			printf("len %#lx flags %#x: %s\n", lens[l], flags[f], shown(result));
			if (result > 0)
				CALL(munmap, result, lens[l]);
		}
	}
}

/* Mappings that grow downwards keep others away: also from gaps that lie wholly in what they keep free. */
static void beside_what_grows(void)
{
	long at[24];
	unsigned seed = 1;

	for (int i = 0; i < 300; i++) {
		seed = seed * 1103515245 + 12345;
		unsigned slot = (seed >> 16) % COUNT(at), pages = 1 + (seed >> 20) % 9 * 30, grows = (seed >> 8) % 4 == 0;
		if (i >= (int)COUNT(at))
			CALL(munmap, at[slot], PAGE);
		else
			slot = (unsigned)i;
		at[slot] = CALL(mmap, 0, pages * PAGE, RW,
		                PRIVATE | (grows ? MAP_GROWSDOWN : 0) | (i % 7 ? 0 : MAP_32BIT), -1, 0);
		printf("%u pages%s: %s\n", pages, grows ? ", growing down" : "", shown(at[slot]));
	}
}

/* Memory has no offset, whatever is passed. */
static void offsets_of_memory(void)
{
	static const unsigned long offs[] = { 1, PAGE, 1ul << 40, ~0ul << 12 };

	for (size_t i = 0; i < COUNT(offs); i++)
		for (int shared = 0; shared < 2; shared++) {
			long result = CALL(mmap, at(0), PAGE, RW, (shared ? SHARED : PRIVATE) | MAP_FIXED, -1, offs[i]);
			printf("%s memory at offset %#lx: %s, stored to: %s, %s\n", shared ? "shared" : "private", offs[i],
			       shown(result), shown(CALL(getrandom, at(0), 8, 0)), arena_text());
			clear_arena();
		}
}

int main(void)
{
	without_a_hint();
	with_a_hint();
	next_to_others();
	fill_low_memory();
	lengths();
	beside_what_grows();
	offsets_of_memory();
	return 0;
}
