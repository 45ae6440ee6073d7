/* SPDX-License-Identifier: MIT */
/*
 * vm.max_map_count: which calls fail when the process has all the mappings it may have, and what they then leave.
 * Not for the host: it changes vm.max_map_count.
 */
#include "show.h"

static int lines(void)
{
	int n = 0;

	for (const char *text = file_text("/proc/self/maps"); *text; text++)
		n += *text == '\n';
	return n;
}

static void tries(int room)
{
	char number[16];

	clear_arena();
	map_at(0, 8, RW, PRIVATE, -1, 0);
	map_at(10, 4, RW, PRIVATE, -1, 0);
	map_at(20, 2, PROT_READ, PRIVATE, -1, 0);
	snprintf(number, sizeof(number), "%d", lines() + room);
	write_text("/proc/sys/vm/max_map_count", number);
	printf("room for %d:\n", room);
	for (int what = 0; what < 15; what++) {
		IN_CHILD({
			long brk = CALL(brk, 0), result =
				what == 0 ? map_at(30, 1, RW, PRIVATE, -1, 0) : what == 1 ? map_at(8, 1, RW, PRIVATE, -1, 0) :
				what == 2 ? CALL(munmap, at(3), PAGE) : what == 3 ? CALL(munmap, at(0), PAGE) :
				what == 4 ? CALL(mprotect, at(3), PAGE, PROT_READ)
				          : what == 5 ? CALL(mprotect, at(0), PAGE, PROT_READ) :
				what == 6 ? map_at(3, 1, PROT_READ, PRIVATE, -1, 0)
				          : what == 7 ? CALL(madvise, at(3), PAGE, MADV_DONTFORK) :
				what == 8 ? CALL(mlock, at(3), PAGE) : what == 9 ? CALL(mremap, at(3), PAGE, 2 * PAGE, 1) :
				what == 10 ? CALL(mremap, at(3), PAGE, PAGE, 3, at(50)) :
				what == 11 ? CALL(mremap, at(10), 4 * PAGE, 8 * PAGE, 0) :
				what == 12 ? CALL(mremap, at(3), PAGE, PAGE, 7, at(50)) :
				what == 13 ? CALL(brk, brk + (long)PAGE) - brk : map_at(9, 6, PROT_READ, PRIVATE, -1, 0);
			bool moved = result > 0 && (unsigned long)result - ARENA >= ARENA_PAGES * PAGE && what != 13;
			printf("  %d: %s ", what, moved ? "moved" : shown(result));
			write_text("/proc/sys/vm/max_map_count", "65530");
			printf("%s\n", arena_text());
		});
	}
	write_text("/proc/sys/vm/max_map_count", "65530");
}

/* Up to the limit itself. */
static void fill(void)
{
	long made = 0, result;

	write_text("/proc/sys/vm/max_map_count", "3000");
	clear_arena();
	int before = lines();
	while ((result = CALL(mmap, ARENA + 0x10000000ul + (unsigned long)made * 2 * PAGE, PAGE, PROT_READ,
	                      PRIVATE | MAP_FIXED, -1, 0)) > 0)
		made++;
	printf("filled: %s, %ld and those before are %ld\n", shown(result), made, made + before);
	printf("munmap: %s\n", shown(CALL(munmap, ARENA + 0x10000000ul, (unsigned long)made * 2 * PAGE)));
	write_text("/proc/sys/vm/max_map_count", "65530");
}

int main(void)
{
	printf("max_map_count %s", file_text("/proc/sys/vm/max_map_count"));
	for (int room = -2; room < 4; room++)
		tries(room);
	fill();
	return 0;
}
