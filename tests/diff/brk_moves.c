/* SPDX-License-Identifier: MIT */
/* brk: where it begins, how it grows and shrinks, what stops it, what it does to mappings in its way. */
#include "show.h"

static unsigned long start;

static void move(long bytes)
{
	long result = CALL(brk, start + (unsigned long)bytes);

	printf("brk %+ld: %+ld\n", bytes, result - (long)start);
}

static void heap_lines(void)
{
	const char *text = file_text("/proc/self/maps");

	for (const char *line = text; (line = strstr(line, "[heap]")); line++) {
		const char *from = line;
		while (from > text && from[-1] != '\n')
			from--;
		unsigned long a = 0, b = 0;
		char perms[8] = "";
		sscanf(from, "%lx-%lx %7s", &a, &b, perms);
		printf("  heap %+ld to %+ld %s\n", (long)(a - start), (long)(b - start), perms);
	}
}

int main(void)
{
	static const long moves[] = { 0, 1, 4095, 4096, 4097, 8192, 100000, 99999, 4096, 1, 0, 1 << 20, 4096, -1, -4096,
	                              12288 };

	start = (unsigned long)CALL(brk, 0);
	printf("start %#lx\n", start);
	heap_lines();
	for (size_t i = 0; i < COUNT(moves); i++) {
		move(moves[i]);
		heap_lines();
	}
	unsigned char *heap = (unsigned char *)((start + 2 * PAGE - 1) & ~(PAGE - 1));
	catch_faults();
	CALL(brk, start + 20 * PAGE);
	*heap = 1;
	heap[5 * PAGE] = 2;
	CALL(brk, heap + PAGE);
	printf("gone: %s\n", probe(heap + 5 * PAGE, LOAD));
	CALL(brk, start + 20 * PAGE);
	printf("zero again: %s %d, kept %d\n", probe(heap + 5 * PAGE, LOAD), heap[5 * PAGE], heap[0]);

	printf("a mapping in the way: %s\n",
	       shown_ok(CALL(mmap, heap + 30 * PAGE, PAGE, PROT_READ, PRIVATE | MAP_FIXED, -1, 0)));
	for (long n = 24; n < 34; n++) {
		long result = CALL(brk, heap + n * PAGE);
		printf("brk to page %ld: page %ld\n", n, (result - (long)heap) / (long)PAGE);
		CALL(brk, heap + 20 * PAGE);
	}
	printf("a hole in it: %s\n", shown(CALL(munmap, heap + 5 * PAGE, 2 * PAGE)));
	heap_lines();
	printf("a read-only page in it: %s\n", shown(CALL(mprotect, heap + 9 * PAGE, PAGE, PROT_READ)));
	heap_lines();
	printf("shrinks over both: page %ld\n", (CALL(brk, heap + 3 * PAGE) - (long)heap) / (long)PAGE);
	heap_lines();
	printf("grows: page %ld\n", (CALL(brk, heap + 12 * PAGE) - (long)heap) / (long)PAGE);
	heap_lines();
	for (int i = 0; i < 6; i++) {
		limit(i & 1 ? RLIMIT_AS : RLIMIT_DATA, (unsigned long)(i / 2) << 16);
		printf("limit %d: brk page %ld\n", i, (CALL(brk, heap + 14 * PAGE) - (long)heap) / (long)PAGE);
		limit(i & 1 ? RLIMIT_AS : RLIMIT_DATA, RLIM_INFINITY);
		CALL(brk, heap + 12 * PAGE);
	}
	printf("huge: %+ld\n", CALL(brk, 1ul << 46) - (long)start);
	printf("kernel: %+ld\n", CALL(brk, 1ul << 63) - (long)start);
	printf("locked: %s", shown(CALL(mlockall, MCL_FUTURE)));
	printf(" page %ld\n", (CALL(brk, heap + 13 * PAGE) - (long)heap) / (long)PAGE);
	heap_lines();
	return 0;
}
