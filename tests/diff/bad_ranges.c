/* SPDX-License-Identifier: MIT */
/* Misaligned, huge and overflowing addresses, lengths and offsets, for every call of the family. */
#include "show.h"

#define TOP 0x7ffffffff000ul

static const unsigned long addresses[] = {
	0, 1, PAGE, ARENA - PAGE, ARENA, ARENA + 1, ARENA + PAGE, ARENA + 3 * PAGE, ARENA + 4 * PAGE, ARENA + 5 * PAGE,
	TOP, TOP + PAGE, 1ul << 47, 1ul << 48, 1ul << 63, ~0ul << 47, ~0ul - 4095, ~0ul,
};
static const unsigned long lengths[] = {
	0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 4 * PAGE, 4 * PAGE + 1, 5 * PAGE, 1ul << 47, 1ul << 62, 1ul << 63,
	~0ul - ARENA, ~0ul - ARENA + 1, ~0ul - 2 * PAGE, ~0ul - PAGE + 1, ~0ul - 4094, ~0ul,
};
static unsigned char resident[64];

static long do_munmap(unsigned long a, unsigned long l) { return CALL(munmap, a, l); }
static long do_mprotect(unsigned long a, unsigned long l) { return CALL(mprotect, a, l, PROT_READ); }
static long do_mprotect_bad(unsigned long a, unsigned long l) { return CALL(mprotect, a, l, 0x40); }
static long do_msync(unsigned long a, unsigned long l) { return CALL(msync, a, l, MS_SYNC); }
static long do_msync_bad(unsigned long a, unsigned long l) { return CALL(msync, a, l, 8); }
static long do_normal(unsigned long a, unsigned long l) { return CALL(madvise, a, l, MADV_NORMAL); }
static long do_dontneed(unsigned long a, unsigned long l) { return CALL(madvise, a, l, MADV_DONTNEED); }
static long do_advise_bad(unsigned long a, unsigned long l) { return CALL(madvise, a, l, 77); }
static long do_mincore(unsigned long a, unsigned long l) { return CALL(mincore, a, l, resident); }
static long do_mlock(unsigned long a, unsigned long l) { return CALL(mlock, a, l); }
static long do_mlock2(unsigned long a, unsigned long l) { return CALL(mlock2, a, l, 1); }
static long do_mlock2_bad(unsigned long a, unsigned long l) { return CALL(mlock2, a, l, 2); }
static long do_munlock(unsigned long a, unsigned long l) { return CALL(munlock, a, l); }
static long do_mremap_same(unsigned long a, unsigned long l) { return CALL(mremap, a, l, l, 0); }
static long do_mremap_old(unsigned long a, unsigned long l) { return CALL(mremap, a, l, PAGE, MREMAP_MAYMOVE); }
static long do_mremap_new(unsigned long a, unsigned long l) { return CALL(mremap, ARENA, PAGE, l, a & 15); }
static long do_mremap_to(unsigned long a, unsigned long l) { return CALL(mremap, ARENA, PAGE, l, 3, a); }
static long do_remap_file(unsigned long a, unsigned long l) { return CALL(remap_file_pages, a, l, 0, 0, 0); }

static const struct {
	const char *name;
	long (*call)(unsigned long, unsigned long);
} calls[] = {
	{ "munmap", do_munmap }, { "mprotect", do_mprotect }, { "mprotect prot 0x40", do_mprotect_bad },
	{ "msync", do_msync },
	{ "msync flags 8", do_msync_bad }, { "madvise normal", do_normal }, { "madvise dontneed", do_dontneed },
	{ "madvise 77", do_advise_bad }, { "mincore", do_mincore }, { "mlock", do_mlock }, { "mlock2", do_mlock2 },
	{ "mlock2 flags 2", do_mlock2_bad }, { "munlock", do_munlock }, { "mremap same", do_mremap_same },
	{ "mremap from", do_mremap_old }, { "mremap new", do_mremap_new }, { "mremap to", do_mremap_to },
	{ "remap_file_pages", do_remap_file },
};

/* Whether a range takes away what the program itself stands on; such calls are left out. */
static bool ours(unsigned long a, unsigned long l)
{
	unsigned long end = a + l;

	return end > a && !(a >= ARENA && end <= ARENA + ARENA_PAGES * PAGE) && end > 0x400000 && a < TOP;
}

static void ranges(void)
{
	for (size_t c = 0; c < COUNT(calls); c++) {
		for (size_t a = 0; a < COUNT(addresses); a++) {
			printf("%s %#lx:", calls[c].name, addresses[a]);
			for (size_t l = 0; l < COUNT(lengths); l++) {
				map_at(0, 4, RW, PRIVATE, -1, 0);
				bool skip = ours(addresses[a], lengths[l]) && c < 13;
				long result = skip ? 0 : calls[c].call(addresses[a], lengths[l]);
				bool moved = result > 0 && (unsigned long)result - ARENA >= ARENA_PAGES * PAGE;
				printf(" %s", skip ? "-" : moved ? "moved" : shown(result));
				if (moved)
					CALL(munmap, result, lengths[l] < 1ul << 40 ? lengths[l] : PAGE);
				clear_arena();
			}
			printf("\n");
		}
	}
}

static void offsets(void)
{
	static const unsigned long offs[] = { 0, 1, 4095, 4096, 1ul << 31, 1ul << 32, 1ul << 40, 1ul << 44,
	                                      (1ul << 44) - PAGE,
					      1ul << 62, 1ul << 63, (1ul << 63) - PAGE, (1ul << 63) - 2 * PAGE, ~0ul - 4095,
					      ~0ul - 8191, ~0ul };
	static const unsigned long lens[] = { 1, PAGE, 2 * PAGE, 1ul << 40, 1ul << 46, ~0ul - 4095 };
	int fds[] = { make_file("file", 2), make_memfd("m", 2, 0), open("/dev/zero", O_RDWR), -1 };
	static const char *const names[] = { "file", "memfd", "zero", "nothing" };

	for (size_t f = 0; f < COUNT(fds); f++) {
		for (size_t o = 0; o < COUNT(offs); o++) {
			printf("mmap %s off %#lx:", names[f], offs[o]);
			for (size_t l = 0; l < COUNT(lens); l++) {
				for (int type = 1; type < 3; type++) {
					long result = CALL(mmap, 0, lens[l], PROT_READ, type | (fds[f] < 0 ? MAP_ANONYMOUS : 0),
							   fds[f], offs[o]);
					printf(" %s", shown_ok(result));
					if (result > 0)
						CALL(munmap, result, lens[l]);
				}
			}
			printf("\n");
		}
	}
}

int main(void)
{
	ranges();
	offsets();
	return 0;
}
