/* SPDX-License-Identifier: MIT */
/*
 * sequences [options]: random sequences of memory calls, or every short one, against the specification.
 *
 *      -s SEED     the seed                                          1
 *      -n STEPS    how many steps to make, over all sequences        5000
 *      -k N[-M]    only sequences N to M of the seed, with every step and what it gave
 *      -x LIST     without these calls and advices, as in mremap,mlock,14
 *      -d FOLDER   where to make the two files                       .
 *      -e CALLS    every sequence of up to so many calls (3 at most), instead of random ones
 *
 * Prints one line a block of sequences, with a hash of all that was observed, and ends with 1 when the system and the
 * specification differed; each difference is shrunk and printed as a C program. The output of two systems that agree
 * is the same.
 */
#include "sequences.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 50           /* sequences a line */
#define SEQUENCE_STEPS 150
#define DIFFERENCES_MAX 5  /* shown before giving up */

static void leave_out(char *list)
{
	for (char *name = strtok(list, ","); name; name = strtok(NULL, ",")) {
		for (int op = 0; op < OPS; op++)
			if (strcmp(name, op_names[op]) == 0)
				left_out[op] = true;
		if (*name >= '0' && *name <= '9')
			advice_left_out[atoi(name) & 31] = true;
	}
}

static void set_up(uint64_t seed, uint64_t number)
{
	struct game *g = game;

	g->random.state = seed * 0x2545f4914f6cdd1d + number * 0x9e3779b97f4a7c15u;
	theme_choose(&g->random, &g->theme);
	g->look_always = chance(&g->random, 50);
	g->steps = SEQUENCE_STEPS;
}

/* Sequences first to last, or until so many steps are made. */
static int random_sequences(uint64_t seed, uint64_t steps, uint64_t first, uint64_t last, bool verbose)
{
	int differences = 0;

	for (uint64_t number = first; number <= last && game->done < steps && differences < DIFFERENCES_MAX; number++) {
		set_up(seed, number);
		if (verbose)
			printf("sequence %lu\n", (unsigned long)number), fflush(stdout);
		game->verbose = verbose;
		play();
		game->verbose = false;
		if (game->differs) {
			uint64_t done = game->done, hash = game->hash;
			differences++;
			printf("sequence %lu of seed %lu:\n", (unsigned long)number, (unsigned long)seed);
			difference_show(game->step, game->at + 1, game->look_always);
			game->done = done;
			game->hash = hash;
		}
		if ((number + 1) % BLOCK == 0) {
			printf("sequences to %lu: %lu steps, hash %016lx\n", (unsigned long)number, (unsigned long)game->done,
			       (unsigned long)game->hash);
			fflush(stdout);
		}
	}
	printf("seed %lu: %lu steps, %d differences, hash %016lx\n", (unsigned long)seed, (unsigned long)game->done,
	       differences, (unsigned long)game->hash);
	return differences > 0;
}

int main(int argc, char **argv)
{
	uint64_t seed = 1, steps = 5000, first = 0, last = UINT64_MAX;
	int every = 0;
	bool verbose = false;

	for (int c; (c = getopt(argc, argv, "s:n:k:x:d:e:")) != -1;) {
		switch (c) {
		case 's': seed = strtoul(optarg, NULL, 0); break;
		case 'n': steps = strtoul(optarg, NULL, 0); break;
		case 'k':
			first = last = strtoul(optarg, &optarg, 0);
			last = *optarg == '-' ? strtoul(optarg + 1, NULL, 0) : last;
			verbose = true;
			break;
		case 'x': leave_out(optarg); break;
		case 'd': mkdir(optarg, 0755); if (chdir(optarg) < 0) return 2; break;
		case 'e': every = atoi(optarg); break;
		default: return 2;
		}
	}
	game = mmap(NULL, sizeof(*game), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (game == MAP_FAILED)
		return 2;
	files_open();
	perform_start();
	if (every)
		return every_short_sequence(every, DIFFERENCES_MAX);
	return random_sequences(seed, steps, first, last, verbose);
}
