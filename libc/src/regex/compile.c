/* SPDX-License-Identifier: MIT */
/*
 * regcomp, regfree, regerror: the tree that parse.c made becomes a program.
 *
 * The program is for a machine whose threads are positions in the program (match.c):
 *
 *      x*     L: split M, N;  M: x; jump L;  N:          x|y   split L, M;  L: x; jump N;  M: y;  N:
 *
 * {m,n} writes its operand out m times and then n - m optional times, so the program may be much
 * longer than the pattern; CODE_MAX bounds it. Stars carry a pair of instructions that let the
 * matcher for back references notice a round that matched nothing.
 *
 * When the program stands, it is asked which bytes a match can begin with, so that the matcher can
 * skip to the next of them. emit may move the code: instructions are named by index.
 */
#include "regex_impl.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define CODE_MAX 200000

/* Returns the index of the new instruction; after an error, of one that may be overwritten. */
static int emit(struct parser *ps, enum op op, int x)
{
	struct program *prog = ps->prog;
	struct inst *bigger;

	if (prog->count == prog->room) {
		int room = prog->room ? prog->room * 2 : 64;

		bigger = room > CODE_MAX ? NULL : reallocarray(prog->code, (size_t)room, sizeof(*bigger));
		if (!bigger) {
			__regex_fail(ps, REG_ESPACE);
			return 0;
		}
		prog->code = bigger;
		prog->room = room;
	}
	prog->code[prog->count] = (struct inst){ .op = op, .x = x };
	return prog->count++;
}

/* emit may move the code, so its address is taken afterwards. */
static void emit_char(struct parser *ps, unsigned char c)
{
	int at = emit(ps, OP_CHAR, 0);

	if (!ps->error)
		ps->prog->code[at].c = c;
}

static void emit_node(struct parser *ps, int index);

/* An optional operand: split over it. */
static int emit_split(struct parser *ps)
{
	int split = emit(ps, OP_SPLIT, 0);

	ps->prog->code[split].x = ps->prog->count;
	return split;
}

static void emit_star(struct parser *ps, int operand)
{
	int loop = ps->prog->nloops++;
	int split = emit_split(ps);

	emit(ps, OP_LOOP_BEGIN, loop);
	emit_node(ps, operand);
	emit(ps, OP_LOOP_CHECK, loop);
	emit(ps, OP_JUMP, split);
	ps->prog->code[split].y = ps->prog->count;
}

static void emit_repeat(struct parser *ps, struct node n)
{
	int optional = n.y == NONE ? 0 : n.y - n.x;
	int splits[RE_DUP_MAX];

	for (int i = 0; i < n.x && !ps->error; i++)
		emit_node(ps, n.left);
	if (n.y == NONE)
		emit_star(ps, n.left);
	for (int i = 0; i < optional && !ps->error; i++) {
		splits[i] = emit_split(ps);
		emit_node(ps, n.left);
	}
	for (int i = 0; i < optional && !ps->error; i++)
		ps->prog->code[splits[i]].y = ps->prog->count;
}

static void emit_or(struct parser *ps, struct node n)
{
	int split = emit_split(ps), jump;

	emit_node(ps, n.left);
	jump = emit(ps, OP_JUMP, 0);
	ps->prog->code[split].y = ps->prog->count;
	emit_node(ps, n.right);
	ps->prog->code[jump].x = ps->prog->count;
}

static void emit_node(struct parser *ps, int index)
{
	struct node n;

	if (ps->error || index < 0)
		return;
	n = ps->nodes[index];
	switch (n.kind) {
	case N_EMPTY:
		break;
	case N_CHAR:
		emit_char(ps, n.c);
		break;
	case N_ANY:
		emit(ps, OP_ANY, 0);
		break;
	case N_SET:
		emit(ps, OP_SET, n.x);
		break;
	case N_SEQUENCE:
		emit_node(ps, n.left);
		emit_node(ps, n.right);
		break;
	case N_OR:
		emit_or(ps, n);
		break;
	case N_REPEAT:
		emit_repeat(ps, n);
		break;
	case N_GROUP:
		emit(ps, OP_SAVE, 2 * n.x);
		emit_node(ps, n.left);
		emit(ps, OP_SAVE, 2 * n.x + 1);
		break;
	case N_SIMPLE:
		emit(ps, (enum op)n.x, 0);
		break;
	case N_BACKREF:
		emit(ps, OP_BACKREF, n.x);
		break;
	}
}

/* Adds to `first` what can be consumed at pc; seen marks what was looked at. */
static void find_first(struct program *prog, int pc, char *seen)
{
	for (;;) {
		const struct inst *i = &prog->code[pc];

		if (seen[pc])
			return;
		seen[pc] = 1;
		switch (i->op) {
		case OP_CHAR:
			set_add(&prog->first, i->c);
			return;
		case OP_SET:
			for (int k = 0; k < 4; k++)
				prog->first.bits[k] |= prog->sets[i->x].bits[k];
			return;
		case OP_ANY:
		case OP_BACKREF:
		case OP_MATCH:
			memset(&prog->first, 0xff, sizeof(prog->first));
			return;
		case OP_SPLIT:
			find_first(prog, i->x, seen);
			pc = i->y;
			break;
		case OP_JUMP:
			pc = i->x;
			break;
		default:
			pc++;
		}
	}
}

static void program_free(struct program *prog)
{
	free(prog->code);
	free(prog->sets);
	free(prog);
}

static void compile(struct parser *ps)
{
	struct program *prog = ps->prog;
	char *seen;
	int root;

	root = __regex_parse(ps);
	if (ps->error)
		return;
	emit(ps, OP_SAVE, 0);
	emit_node(ps, root);
	emit(ps, OP_SAVE, 1);
	emit(ps, OP_MATCH, 0);
	if (ps->error)
		return;
	seen = calloc(1, (size_t)prog->count);
	if (!seen)
		__regex_fail(ps, REG_ESPACE);
	else
		find_first(prog, 0, seen);
	free(seen);
}

int regcomp(regex_t *__restrict regex, const char *__restrict pattern, int flags)
{
	struct parser ps = { .p = pattern, .flags = flags, .extended = flags & REG_EXTENDED };

	ps.prog = calloc(1, sizeof(*ps.prog));
	if (!ps.prog)
		return REG_ESPACE;
	ps.prog->flags = flags;
	ps.prog->ngroups = 1;
	compile(&ps);
	free(ps.nodes);
	if (ps.error) {
		program_free(ps.prog);
		ps.prog = NULL;
	} else {
		regex->re_nsub = (size_t)ps.prog->ngroups - 1;
	}
	regex->__program = ps.prog;
	return ps.error;
}

void regfree(regex_t *regex)
{
	if (regex->__program)
		program_free(regex->__program);
	regex->__program = NULL;
}

size_t regerror(int error, const regex_t *__restrict regex, char *__restrict text, size_t size)
{
	static const char *const texts[] = {
		"Success", "No match", "Invalid regular expression", "Invalid collation character",
		"Invalid character class name", "Trailing backslash", "Invalid back reference",
		"Unmatched [, [^, [:, [., or [=", "Unmatched ( or \\(", "Unmatched \\{",
		"Invalid content of \\{\\}", "Invalid range end", "Memory exhausted",
		"Invalid preceding regular expression",
	};
	const char *s = "Unknown error";

	(void)regex;
	if (error >= 0 && (size_t)error < sizeof(texts) / sizeof(texts[0]))
		s = texts[error];
	return strlcpy(text ? text : (char[1]){ 0 }, s, text ? size : 0) + 1;
}
