/* SPDX-License-Identifier: MIT */
/*
 * msync with every combination of flags, for every kind of mapping, over holes and locked pages; what is in the file
 * then.
 */
#include "show.h"

static void kinds(int file, int memfd)
{
	const struct {
		const char *name;
		int prot, flags, fd;
	} all[] = {
		{ "anonymous", RW, PRIVATE, -1 }, { "shared anonymous", RW, SHARED, -1 }, { "none", PROT_NONE, PRIVATE, -1 },
		{ "file, shared", RW, MAP_SHARED, file }, { "file, private", RW, MAP_PRIVATE, file },
		{ "file, read-only", PROT_READ, MAP_SHARED, file }, { "memfd", RW, MAP_SHARED, memfd },
	};

	for (size_t k = 0; k < COUNT(all); k++) {
		for (int flags = 0; flags < 16; flags++) {
			unsigned char byte = 0;
			map_at(0, 2, all[k].prot, all[k].flags, all[k].fd, 0);
			if (all[k].prot & PROT_WRITE)
				*at(1) = (unsigned char)(flags + 1);
			printf("%s flags %d: %s", all[k].name, flags, shown(CALL(msync, at(0), 2 * PAGE, flags)));
			CALL(mlock, at(1), PAGE);
			printf(" locked: %s", shown(CALL(msync, at(0), 2 * PAGE, flags)));
			printf(" misaligned: %s", shown(CALL(msync, at(0) + 1, PAGE, flags)));
			CALL(munlock, at(1), PAGE);
			if (all[k].fd >= 0)
				CALL(pread64, all[k].fd, &byte, 1, PAGE);
			printf(" file %d\n", byte);
			clear_arena();
		}
	}
}

static void holes(int file)
{
	for (int flags = 0; flags < 8; flags++) {
		for (long from = 0; from < 8; from++) {
			for (long n = 0; n < 9 - from; n++) {
				map_at(1, 2, RW, MAP_SHARED, file, 0);
				map_at(3, 1, RW, PRIVATE, -1, 0);
				map_at(5, 2, PROT_READ, MAP_SHARED, file, 0);
				printf("flags %d from %ld, %ld pages: %s\n", flags, from, n,
				       shown(CALL(msync, at(from), n * PAGE, flags)));
				clear_arena();
			}
		}
	}
}

int main(void)
{
	int file = make_file("file", 2), memfd = make_memfd("m", 2, 0);

	for (int bit = 3; bit < 64; bit++)
		printf("flags bit %d: %s\n", bit, shown(CALL(msync, at(0), 0, 1ul << bit)));
	kinds(file, memfd);
	holes(file);
	return 0;
}
