/* SPDX-License-Identifier: MIT */
/*
 * Plays one sequence: makes each step on the real arena and in the model, and compares.
 *
 * The processes of a sequence are real ones. Whose turn it is makes the step; to give the turn away it writes a byte
 * into the other's pipe and waits at its own. Everything they share (struct game) lies in shared memory outside the
 * arena. A last pipe, held open by all of them, tells the one who started the sequence that they are gone.
 */
#include "sequences.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 20000

struct game *game;
static int turn_pipe[PROCESSES][2], gone_pipe[2];
static int me;

/* ---- the turn ---- */

static void give_turn(int who)
{
	game->turn = who;
	if (write(turn_pipe[who][1], "", 1) != 1)
		_exit(3);
}

static void wait_turn(void)
{
	char byte;

	while (game->turn != me || game->over) {
		if (game->over)
			_exit(0);
		if (read(turn_pipe[me][0], &byte, 1) != 1 && errno != EINTR)
			_exit(3);
	}
}

static void end_all(void)
{
	game->over = true;
	for (int who = 0; who < PROCESSES; who++)
		if (who != me)
			(void)!write(turn_pipe[who][1], "", 1);
	_exit(0);
}

/* ---- one step ---- */

static void differ(const struct step *s, const char *why)
{
	char text[300];

	step_print(s, text, sizeof(text));
	game->differs = true;
	snprintf(game->report, sizeof(game->report), "step %d, process %d: %s\n%s", game->at, s->who, text, why);
}

static void describe(const struct result *r, char *text, size_t room)
{
	if (r->value <= -1000)
		snprintf(text, room, "signal %ld code %ld at byte %ld of page %ld", -r->value / 1000, -r->value % 1000,
		         r->address % PAGE, r->address / PAGE);
	else if (r->value == ELSEWHERE)
		snprintf(text, room, "elsewhere");
	else if (r->value < 0)
		snprintf(text, room, "errno %ld (%s)", -r->value, strerror((int)-r->value));
	else
		snprintf(text, room, "%ld", r->value);
}

static void compare_results(const struct step *s, struct result real, struct result model)
{
	char is[100], should[100], why[250];

	game->last = real;
	hash_add(&game->hash, (uint64_t)real.value ^ (uint64_t)real.address << 20);
	if (real.value == model.value && real.address == model.address)
		return;
	describe(&real, is, sizeof(is));
	describe(&model, should, sizeof(should));
	snprintf(why, sizeof(why), "  gives %s and should give %s\n", is, should);
	differ(s, why);
}

/* Looks at the process that made the step. */
static void look(const struct step *s)
{
	char why[1200];
	bool bytes = game->look_always || s->op == OP_LOOK;

	if (!game->differs && !observe_maps(&game->world, me, &game->hash, why, sizeof(why)))
		differ(s, why);
	if (!game->differs && bytes && !observe_bytes(&game->world, me, &game->hash, why, sizeof(why)))
		differ(s, why);
}

static void do_fork(const struct step *s)
{
	step_model(&game->world, s);
	pid_t pid = fork();

	if (pid < 0)
		differ(s, "  fork failed\n");
	if (pid == 0) {
		me = (int)s->arg[0];
			wait_turn();
	}
}

/* The first living process takes over. */
static void do_exit(const struct step *s)
{
	step_model(&game->world, s);
	game->at++;
	game->done++;
	give_turn(0);
	_exit(0);
}

static void show(const struct step *s)
{
	char text[300], gave[100];

	step_print(s, text, sizeof(text));
	describe(&game->last, gave, sizeof(gave));
	printf("%3d [%d] %s: %s, hash %016lx\n", game->at, s->who, text, gave, (unsigned long)game->hash);
	fflush(stdout);
}

static void do_step(const struct step *s)
{
	if (s->op == OP_EXIT) {
		do_exit(s);
	} else if (s->op == OP_FORK) {
		int parent = me;
		do_fork(s);
		if (me != parent)
			return; /* the child's first turn: the parent has gone on */
	} else {
		struct result real = step_real(s);
		compare_results(s, real, step_model(&game->world, s));
	}
	if (!game->differs)
		look(s);
	if (game->verbose)
		show(s);
	if (!game->differs)
		game->at++, game->done++;
}

/* ---- the sequence ---- */

/* Decides step `at`. At the end everybody looks once. False: the sequence is over. */
static bool decide_step(void)
{
	struct game *g = game;
	struct step *s = &g->step[g->at];

	while (g->replay && g->at < g->steps && !step_is_defined(&g->world, s)) {
		memmove(s, s + 1, sizeof(*s) * (size_t)(g->steps - g->at - 1));
		g->steps--;
	}
	if (g->at < g->steps && !g->replay) {
		*s = step_choose(g, me);
	} else if (g->at >= g->steps) {
		int who = g->at - g->steps; /* the looks at the end */
		while (who < PROCESSES && !g->world.process[who].alive)
			who++, g->at++;
		if (who >= PROCESSES)
			return false;
		g->step[g->at] = (struct step){ .op = OP_LOOK, .who = (uint8_t)who };
	}
	g->decided = g->at + 1;
	return true;
}

static void take_part(void)
{
	for (;;) {
		wait_turn();
		if (game->differs || (game->at >= game->decided && !decide_step()))
			end_all();
		struct step *s = &game->step[game->at];
		if (s->who == me)
			do_step(s);
		else
			give_turn(s->who);
	}
}

static void be_process_0(void)
{
	close(gone_pipe[0]);
	setpgid(0, 0);
	signal(SIGCHLD, SIG_IGN);
	me = 0;
	take_part();
}

static void not_back(pid_t pid)
{
	game->differs = true;
	snprintf(game->report, sizeof(game->report), "step %d: a process does not come back\n", game->at);
	kill(-pid, SIGKILL);
}

void play(void)
{
	struct game *g = game;
	char byte;

	spec_begin(&g->world);
	files_begin(&g->world);
	g->at = g->decided = g->turn = 0;
	g->over = g->differs = false;
	for (int i = 0; i < PROCESSES; i++)
		if (pipe(turn_pipe[i]) < 0)
			exit(2);
	if (pipe(gone_pipe) < 0)
		exit(2);
	pid_t pid = fork();
	if (pid == 0)
		be_process_0();
	close(gone_pipe[1]);
	struct pollfd gone = { .fd = gone_pipe[0], .events = POLLIN };
	if (pid < 0 || poll(&gone, 1, PATIENCE_MS) <= 0)
		not_back(pid);
	(void)!read(gone_pipe[0], &byte, 1);
	waitpid(pid, NULL, 0);
	if (!g->over && !g->differs) {
		g->differs = true;
		snprintf(g->report, sizeof(g->report), "step %d: a process ended\n", g->at);
	}
	close(gone_pipe[0]);
	for (int i = 0; i < PROCESSES; i++)
		close(turn_pipe[i][0]), close(turn_pipe[i][1]);
}

void play_replay(const struct step *steps, int n, bool look_always)
{
	game->replay = true;
	game->look_always = look_always;
	game->steps = n;
	memmove(game->step, steps, sizeof(*steps) * (size_t)n);
	play();
	game->replay = false;
}
