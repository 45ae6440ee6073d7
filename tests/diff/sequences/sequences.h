/* SPDX-License-Identifier: MIT */
/*
 * Sequences of memory calls, tried on the system this runs on and on the specification (../spec/spec.h), and compared
 * after every step. The same static binary runs on Linux and on Atlas.
 *
 *      generate.c    chooses steps from a seed
 *      perform.c     makes one step: on the real arena, and in the model
 *      observe.c     what the real arena looks like: /proc/self/maps and the bytes
 *      play.c        one sequence in up to three processes, compared as it goes
 *      shrink.c      the shortest sequence that still differs
 *      program.c     prints it as a C program
 *      every.c       every short sequence from a small alphabet of calls
 */
#ifndef SEQUENCES_H
#define SEQUENCES_H

#include "../spec/spec.h"

#include <stddef.h>

/* Below the program, so that the arena's lines are the first of /proc/self/maps. */
#define ARENA ((char *)0x100000)
#define ARENA_BYTES ((long)ARENA_PAGES * PAGE)

enum op {
	OP_LOOK, OP_LOAD, OP_STORE, OP_MMAP, OP_MUNMAP, OP_MPROTECT, OP_MREMAP, OP_MADVISE, OP_MLOCK, OP_MUNLOCK, OP_MSYNC,
	OP_REMAP_FILE, OP_FTRUNCATE, OP_PREAD, OP_PWRITE, OP_FORK, OP_EXIT, OPS
};
extern const char *const op_names[OPS];

/* arg: the call's arguments in its order; addresses from the start of the arena, descriptors FD_*. */
struct step {
	uint8_t op, who; /* who: the process that makes it */
	long arg[6];
};

/* What a step gave. */
struct result {
	long value;      /* of the call, or -errno; of a load the byte; -signal * 1000 - code for a signal */
	long address;    /* si_addr */
};

struct random {
	uint64_t state;
};
uint64_t random_next(struct random *r);
static inline int random_below(struct random *r, int n) { return (int)(random_next(r) % (unsigned)n); }
static inline bool chance(struct random *r, int percent) { return random_below(r, 100) < percent; }

enum { STEPS_MAX = 200 };

/* What all processes of a sequence share: memory that lies outside the arena. */
struct game {
	struct world world;
	struct step step[STEPS_MAX + PROCESSES];
	int steps, at, decided; /* how many there are to be, which is next, how many are known */
	int turn;              /* the process whose step it is */
	bool replay;           /* the steps are given; otherwise they are chosen as we go */
	bool look_always;      /* compare memory after every step, not only at OP_LOOK */
	bool verbose, over;
	struct random random;
	struct theme {
		int weight[OPS];
		unsigned flags;    /* of mmap, for use now and then */
		int advices, advice[24];
		long file_base;    /* files are mostly mapped so that page N of the arena shows page N - file_base */
	} theme;
	uint64_t hash;         /* of all that was observed */
	uint64_t done;         /* steps made */
	struct result last;    /* of the last call, load or store */
	bool differs;
	char report[1600];     /* what differs */
	int fd[FDS];
};
extern struct game *game;
extern bool left_out[OPS]; /* by the command line */
extern bool advice_left_out[32];

/* ---- generate.c ---- */
void theme_choose(struct random *r, struct theme *t);
struct step step_choose(struct game *g, int current);
bool step_is_defined(const struct world *w, const struct step *s);

/* ---- perform.c ---- */
void perform_start(void);                        /* signal handlers */
struct result step_model(struct world *w, const struct step *s);
struct result step_real(const struct step *s);   /* all but fork and exit */
bool real_load(const char *at, uint8_t *value);  /* false: it gave a signal */
void files_open(void);
void files_begin(struct world *w);               /* their first contents, real and in the model */

/* ---- observe.c ---- */
bool observe_maps(const struct world *w, int who, uint64_t *hash, char *why, size_t room);
bool observe_bytes(const struct world *w, int who, uint64_t *hash, char *why, size_t room);
static inline void hash_add(uint64_t *h, uint64_t v) { *h = (*h ^ v) * 0x9e3779b97f4a7c15u; *h ^= *h >> 29; }

/* ---- play.c ---- */
void play(void);                                 /* the game that is set up, to its end or the first difference */
void play_replay(const struct step *steps, int n, bool look_always);

/* ---- shrink.c, program.c ---- */
void difference_show(const struct step *steps, int n, bool look_always); /* played again, shrunk, and printed */
void step_print(const struct step *s, char *text, size_t room);
void program_print(const struct step *steps, int n, bool look_always);

/* ---- every.c ---- */
int every_short_sequence(int calls_max, int differences_max); /* 1: some differ */

#endif
