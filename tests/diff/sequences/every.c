/* SPDX-License-Identifier: MIT */
/*
 * Every short sequence: all that can be made of up to three calls from an alphabet, on a window of four pages, from
 * each of a few beginnings. What chance would rarely put together, all pairs and triples of calls over the same
 * borders, is here put together for certain; a fault that needs more than three calls and a beginning is left to the
 * random sequences.
 *
 * Only the last call of a sequence is compared: the calls before it were, as the end of a shorter sequence. One process
 * does it all; between two sequences the window is unmapped and the file made as it was, which leaves nothing of a
 * sequence.
 */
#include "sequences.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { WINDOW = 8 * PAGE, CALLS_MAX = 3, BEGINNINGS = 3, BEGINNING_STEPS = 2, PROGRESS = 10000 };

#define AT(page) (WINDOW + (page) * PAGE)
#define RANGE(first, end) AT(first), ((end) - (first)) * PAGE
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)
#define MOVE (MREMAP_MAYMOVE | MREMAP_FIXED)

static const struct step alphabet[] = {
	{ OP_MMAP, 0, { RANGE(0, 4), RW, ANON, FD_CLOSED, 0 } },
	{ OP_MMAP, 0, { RANGE(1, 3), RW, ANON, FD_CLOSED, 0 } },
	{ OP_MMAP, 0, { RANGE(0, 2), RW, ANON, FD_CLOSED, 0 } },
	{ OP_MMAP, 0, { RANGE(2, 4), PROT_READ, ANON, FD_CLOSED, 0 } },
	{ OP_MMAP, 0, { RANGE(1, 2), PROT_NONE, ANON, FD_CLOSED, 0 } },
	{ OP_MMAP, 0, { RANGE(2, 4), RW, ANON | MAP_GROWSDOWN, FD_CLOSED, 0 } },
	{ OP_MMAP, 0, { RANGE(1, 3), RW, ANON | MAP_LOCKED, FD_CLOSED, 0 } },
	{ OP_MMAP, 0, { RANGE(2, 4), RW, ANON | MAP_NORESERVE, FD_CLOSED, 0 } },
	{ OP_MMAP, 0, { RANGE(0, 2), RW, ANON | MAP_POPULATE, FD_CLOSED, 0 } },
	{ OP_MMAP, 0, { RANGE(1, 3), RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, FD_CLOSED, 0 } },
	{ OP_MMAP, 0, { RANGE(0, 2), RW, MAP_PRIVATE | MAP_ANONYMOUS, FD_CLOSED, 0 } },
	{ OP_MMAP, 0, { RANGE(0, 4), RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, FD_CLOSED, 0 } },
	{ OP_MMAP, 0, { RANGE(0, 4), RW, MAP_SHARED | MAP_FIXED, FD_A, 0 } },
	{ OP_MMAP, 0, { RANGE(1, 2), RW, MAP_SHARED | MAP_FIXED, FD_A, PAGE } },
	{ OP_MMAP, 0, { RANGE(0, 4), RW, MAP_PRIVATE | MAP_FIXED, FD_A, 0 } },
	{ OP_MMAP, 0, { RANGE(2, 3), RW, MAP_PRIVATE | MAP_FIXED, FD_A, 2 * PAGE } },
	{ OP_MMAP, 0, { RANGE(1, 3), PROT_READ, MAP_SHARED | MAP_FIXED, FD_A_READ_ONLY, PAGE } },
	{ OP_MUNMAP, 0, { RANGE(0, 1) } },
	{ OP_MUNMAP, 0, { RANGE(1, 3) } },
	{ OP_MUNMAP, 0, { RANGE(3, 4) } },
	{ OP_MPROTECT, 0, { RANGE(0, 4), PROT_READ } },
	{ OP_MPROTECT, 0, { RANGE(1, 2), PROT_READ } },
	{ OP_MPROTECT, 0, { RANGE(1, 3), RW } },
	{ OP_MPROTECT, 0, { RANGE(0, 2), RW } },
	{ OP_MPROTECT, 0, { RANGE(2, 4), PROT_NONE } },
	{ OP_MREMAP, 0, { AT(0), PAGE, 2 * PAGE, 0, 0 } },
	{ OP_MREMAP, 0, { AT(0), 2 * PAGE, PAGE, 0, 0 } },
	{ OP_MREMAP, 0, { AT(0), PAGE, PAGE, MOVE, AT(3) } },
	{ OP_MREMAP, 0, { AT(0), 2 * PAGE, 2 * PAGE, MOVE, AT(2) } },
	{ OP_MREMAP, 0, { AT(3), PAGE, 2 * PAGE, MOVE, AT(0) } },
	{ OP_MREMAP, 0, { AT(2), PAGE, PAGE, MOVE | MREMAP_DONTUNMAP, AT(0) } },
	{ OP_MREMAP, 0, { AT(1), 0, PAGE, MOVE, AT(2) } },
	{ OP_MADVISE, 0, { RANGE(0, 4), MADV_DONTNEED } },
	{ OP_MADVISE, 0, { RANGE(1, 2), MADV_DONTNEED } },
	{ OP_MADVISE, 0, { RANGE(1, 2), MADV_DONTFORK } },
	{ OP_MADVISE, 0, { RANGE(1, 3), MADV_WIPEONFORK } },
	{ OP_MADVISE, 0, { RANGE(0, 4), MADV_SEQUENTIAL } },
	{ OP_MADVISE, 0, { RANGE(2, 3), MADV_RANDOM } },
	{ OP_MADVISE, 0, { RANGE(1, 3), MADV_POPULATE_WRITE } },
	{ OP_MADVISE, 0, { RANGE(0, 2), MADV_REMOVE } },
	{ OP_MLOCK, 0, { RANGE(0, 2), 0 } },
	{ OP_MLOCK, 0, { RANGE(1, 4), MLOCK_ONFAULT } },
	{ OP_MUNLOCK, 0, { RANGE(0, 4) } },
	{ OP_MSYNC, 0, { RANGE(0, 4), MS_INVALIDATE } },
	{ OP_REMAP_FILE, 0, { RANGE(1, 2), 0, 2, 0 } },
	{ OP_STORE, 0, { AT(0), 0x11 } },
	{ OP_STORE, 0, { AT(2), 0x12 } },
	{ OP_STORE, 0, { AT(3), 0x13 } },
	{ OP_LOAD, 0, { AT(1) } },
	{ OP_FTRUNCATE, 0, { FD_A, 6 * GRAIN } },
	{ OP_PREAD, 0, { FD_B, AT(1), 2 * GRAIN, 0 } },
};
enum { LETTERS = sizeof(alphabet) / sizeof(alphabet[0]) };

static const struct step beginning[BEGINNINGS][BEGINNING_STEPS] = {
	{ { OP_LOOK, 0, { 0 } }, { OP_LOOK, 0, { 0 } } },
	{ { OP_MMAP, 0, { RANGE(0, 4), RW, ANON, FD_CLOSED, 0 } }, { OP_STORE, 0, { AT(1), 0x10 } } },
	{ { OP_MMAP, 0, { RANGE(0, 3), RW, MAP_SHARED | MAP_FIXED, FD_A, 0 } }, { OP_STORE, 0, { AT(1), 0x10 } } },
};

static struct object clean[FILES];

/* Makes a file as it was, byte by byte: the model says which have changed. */
static void restore(struct object *o, int file)
{
	const struct object *was = &clean[file];
	int fd = game->fd[file];
	bool done = o->grains == was->grains || ftruncate(fd, (long)was->grains * GRAIN) == 0;

	for (unsigned g = 0; g < was->grains; g++)
		if (o->byte[g] != was->byte[g])
			done = done && pwrite(fd, &was->byte[g], 1, g * GRAIN) == 1;
	if (!done) {
		perror("restoring a file");
		exit(2);
	}
	*o = *was;
}

static void begin(void)
{
	struct world *w = &game->world;

	munmap(ARENA, (size_t)ARENA_BYTES);
	w->process[0].areas = 0;
	memset(w->process[0].copy, 0, sizeof(w->process[0].copy));
	for (int file = 0; file < FILES; file++)
		if (memcmp(&w->object[file], &clean[file], sizeof(clean[file])) != 0)
			restore(&w->object[file], file);
}

/* Plays the steps; only the last is compared. False: it differs. */
static bool agrees(const struct step *steps, int n)
{
	struct result real = { 0 }, model = { 0 };
	char why[1200];

	begin();
	for (int i = 0; i < n; i++) {
		if (!step_is_defined(&game->world, &steps[i]))
			return true;
		real = step_real(&steps[i]);
		model = step_model(&game->world, &steps[i]);
	}
	hash_add(&game->hash, (uint64_t)real.value);
	return real.value == model.value && real.address == model.address &&
	       observe_maps(&game->world, 0, &game->hash, why, sizeof(why)) &&
	       observe_bytes(&game->world, 0, &game->hash, why, sizeof(why));
}

/* The sequence with this number, numbers being read in base LETTERS. */
static int spell(uint64_t number, int start, int calls, struct step *steps)
{
	memcpy(steps, beginning[start], sizeof(beginning[start]));
	for (int i = BEGINNING_STEPS + calls - 1; i >= BEGINNING_STEPS; i--, number /= LETTERS)
		steps[i] = alphabet[number % LETTERS];
	return BEGINNING_STEPS + calls;
}

static bool is_left_out(const struct step *steps, int n)
{
	for (int i = 0; i < n; i++)
		if (left_out[steps[i].op] || (steps[i].op == OP_MADVISE && advice_left_out[steps[i].arg[2]]))
			return true;
	return false;
}

static void print_progress(int start, int calls, uint64_t done, uint64_t differences)
{
	printf("beginning %d, %d calls: %lu of %lu sequences agree, hash %016lx\n", start, calls,
	       (unsigned long)(done - differences), (unsigned long)done, (unsigned long)game->hash);
	fflush(stdout);
}

int every_short_sequence(int calls_max, int differences_max)
{
	struct step steps[BEGINNING_STEPS + CALLS_MAX];
	uint64_t done = 0, differences = 0, count = 1;

	spec_begin(&game->world);
	files_begin(&game->world);
	memcpy(clean, game->world.object, sizeof(clean));
	for (int calls = 1; calls <= calls_max && calls <= CALLS_MAX; calls++) {
		count *= LETTERS;
		for (int start = 0; start < BEGINNINGS; start++)
			for (uint64_t number = 0; number < count && differences < (uint64_t)differences_max; number++) {
				int n = spell(number, start, calls, steps);
				if (is_left_out(steps, n))
					continue;
				if (++done % PROGRESS == 0)
					print_progress(start, calls, done, differences);
				if (agrees(steps, n))
					continue;
				differences++;
				uint64_t hash = game->hash;
				begin();
				difference_show(steps, n, true);
				spec_begin(&game->world);
				files_begin(&game->world);
				game->hash = hash;
			}
	}
	begin();
	printf("%lu of %lu sequences of up to %d calls out of %d agree\n", (unsigned long)(done - differences),
	       (unsigned long)done, calls_max, LETTERS);
	return differences > 0;
}
