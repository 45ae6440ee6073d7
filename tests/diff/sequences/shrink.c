/* SPDX-License-Identifier: MIT */
/*
 * Makes a sequence that differs as short as it gets: runs of steps are left out, long ones first (Zeller, Hildebrandt:
 * Simplifying and isolating failure-inducing input, 2002), then each argument is made simpler, and this again until
 * nothing more can go. Any difference will do, and steps that have become undefined are passed over as the sequence is
 * played.
 */
#include "sequences.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define ROUNDS_MAX 4

static struct step tried[STEPS_MAX];

static bool still_differs(const struct step *steps, int n, bool look_always)
{
	play_replay(steps, n, look_always);
	return game->differs;
}

/* Without steps [at, at + len). */
static bool try_without(struct step *steps, int *n, int at, int len, bool look_always)
{
	int rest = *n - at - len;

	memcpy(tried, steps, sizeof(*steps) * (size_t)at);
	memcpy(tried + at, steps + at + len, sizeof(*steps) * (size_t)rest);
	if (!still_differs(tried, at + rest, look_always))
		return false;
	*n = at + rest;
	memcpy(steps, tried, sizeof(*steps) * (size_t)*n);
	return true;
}

static bool leave_out(struct step *steps, int *n, bool look_always)
{
	bool shorter = false;

	for (int len = *n / 2; len > 0; len /= 2)
		for (int at = 0; at + len <= *n;) {
			if (try_without(steps, n, at, len, look_always))
				shorter = true;
			else
				at += len;
		}
	return shorter;
}

static bool try_argument(struct step *steps, int n, int i, int k, long value, bool look_always)
{
	long old = steps[i].arg[k];

	if (old == value)
		return false;
	steps[i].arg[k] = value;
	if (still_differs(steps, n, look_always))
		return true;
	steps[i].arg[k] = old;
	return false;
}

/* Flags go one by one; sizes become whole pages. */
static bool simplify(struct step *steps, int n, bool look_always)
{
	bool simpler = false;

	for (int i = 0; i < n; i++) {
		struct step *s = &steps[i];
		if (s->op == OP_MMAP)
			for (long bit = MAP_GROWSDOWN; bit <= MAP_STACK; bit <<= 1)
				simpler |= s->arg[3] & bit && try_argument(steps, n, i, 3, s->arg[3] & ~bit, look_always);
		if (s->op >= OP_MMAP && s->op <= OP_REMAP_FILE) {
			long pages = pages_of(s->arg[1]);
			simpler |= pages > 1 && try_argument(steps, n, i, 1, PAGE, look_always);
			simpler |= s->arg[1] % PAGE && try_argument(steps, n, i, 1, pages * PAGE, look_always);
		}
		if (s->who != 0) {
			uint8_t who = s->who;
			s->who = 0;
			if (still_differs(steps, n, look_always))
				simpler = true;
			else
				s->who = who;
		}
	}
	return simpler;
}

static int shrink(struct step *steps, int n, bool *look_always)
{
	if (*look_always && still_differs(steps, n, false))
		*look_always = false;
	for (int round = 0; round < ROUNDS_MAX; round++) {
		bool shorter = leave_out(steps, &n, *look_always);
		if (!simplify(steps, n, *look_always) && !shorter)
			break;
	}
	return n;
}

void difference_show(const struct step *given, int n, bool look_always)
{
	static struct step steps[STEPS_MAX];

	n = n < STEPS_MAX ? n : STEPS_MAX;
	memcpy(steps, given, sizeof(*steps) * (size_t)n);
	play_replay(steps, n, look_always);
	printf("differs, at %s", game->differs ? game->report : "its end, but not when it is played again\n");
	if (game->differs) {
		n = shrink(steps, n, &look_always);
		play_replay(steps, n, look_always);
		printf("shrunk: %s", game->report);
	}
	printf("/* ---- a program that shows it ---- */\n");
	program_print(steps, n, look_always);
	printf("/* ---- */\n");
	fflush(stdout);
}
