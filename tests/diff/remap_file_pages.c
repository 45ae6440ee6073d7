/* SPDX-License-Identifier: MIT */
/* remap_file_pages, as a kernel without nonlinear mappings emulates it: every range, offset, protection and flag. */
#include "show.h"

int main(void)
{
	int file = make_file("file", 8), memfd = make_memfd("m", 8, 0);
	const struct {
		const char *name;
		int prot, flags, fd;
	} kinds[] = {
		{ "file, shared", RW, MAP_SHARED, file }, { "file, private", RW, MAP_PRIVATE, file },
		{ "memfd", PROT_READ, MAP_SHARED, memfd }, { "anonymous", RW, PRIVATE, -1 },
		{ "shared anonymous", RW, SHARED, -1 }, { "none", PROT_NONE, MAP_SHARED, file },
	};

	catch_faults();
	for (size_t k = 0; k < COUNT(kinds); k++) {
		for (long from = 0; from < 5; from++) {
			for (long n = 0; n < 6; n++) {
				for (long off = 0; off < 8; off += 3) {
					map_at(0, 4, kinds[k].prot, kinds[k].flags, kinds[k].fd, 0);
					printf("%s: %ld pages at %ld show %ld: ", kinds[k].name, n, from, off);
					printf("%s | ", shown(CALL(remap_file_pages, at(from), n * PAGE, 0, off, 0)));
					printf("%s | %s\n", arena_text(), bytes_text(0, 5));
					clear_arena();
				}
			}
		}
		for (int prot = 0; prot < 9; prot++) {
			map_at(0, 4, kinds[k].prot, kinds[k].flags, kinds[k].fd, 0);
			printf("%s: prot %d: %s\n", kinds[k].name, prot, shown(CALL(remap_file_pages, at(1), PAGE, prot, 3, 0)));
			clear_arena();
		}
		for (unsigned bit = 0; bit < 32; bit++) {
			map_at(0, 4, kinds[k].prot, kinds[k].flags, kinds[k].fd, 0);
			printf("%s: flags 1<<%u: %s", kinds[k].name, bit,
			       shown(CALL(remap_file_pages, at(1), PAGE, 0, 3, 1ul << bit)));
			printf(" %s\n", arena_text());
			clear_arena();
		}
		static const unsigned long offs[] = { 7, 8, 100, 1ul << 51, 1ul << 52, (1ul << 52) - 1, ~0ul, ~0ul - 1,
		                                      1ul << 63 };
		for (size_t o = 0; o < COUNT(offs); o++) {
			map_at(0, 4, kinds[k].prot, kinds[k].flags, kinds[k].fd, 0);
			printf("%s: page %#lx: %s", kinds[k].name, offs[o],
			       shown(CALL(remap_file_pages, at(1), 2 * PAGE, 0, offs[o], 0)));
			printf(" %s\n", arena_text());
			clear_arena();
		}
		for (long misaligned = 1; misaligned < 4096; misaligned *= 8) {
			map_at(0, 4, kinds[k].prot, kinds[k].flags, kinds[k].fd, 0);
			printf("%s: misaligned %ld: %s", kinds[k].name, misaligned,
			       shown(CALL(remap_file_pages, at(1) + misaligned, PAGE + misaligned, 0, 3, 0)));
			printf(" %s\n", arena_text());
			clear_arena();
		}
	}
	/* Over two mappings, with what lies between. */
	map_at(0, 2, RW, MAP_SHARED, file, 0);
	map_at(2, 2, RW, MAP_SHARED, file, 4 * (long)PAGE);
	printf("two: %s", shown(CALL(remap_file_pages, at(1), 2 * PAGE, 0, 1, 0)));
	printf(" %s | %s\n", arena_text(), bytes_text(0, 4));
	clear_arena();
	map_at(0, 4, RW, MAP_SHARED, file, 0);
	printf("locked: %s", shown(CALL(mlock, at(0), 4 * PAGE)));
	printf(" %s", shown(CALL(remap_file_pages, at(1), PAGE, 0, 5, 0)));
	printf(" %s\n", arena_text());
	return 0;
}
