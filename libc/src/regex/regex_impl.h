/* SPDX-License-Identifier: MIT */
/* The program that a regular expression is compiled into. */
#ifndef REGEX_IMPL_H
#define REGEX_IMPL_H

#include <regex.h>
#include <stdint.h>

enum op {
	OP_CHAR,       /* the byte c */
	OP_ANY,        /* any byte; with REG_NEWLINE none that ends a line */
	OP_SET,        /* a byte of set x */
	OP_SPLIT,      /* x, and if that fails y */
	OP_JUMP,       /* x */
	OP_SAVE,       /* the position, into slot x */
	OP_BOL,
	OP_EOL,
	OP_WORD_BEGIN,
	OP_WORD_END,
	OP_WORD_EDGE,
	OP_NOT_EDGE,
	OP_BACKREF,    /* the text of group x again */
	OP_LOOP_BEGIN, /* remember the position in loop x */
	OP_LOOP_CHECK, /* fail if nothing was matched since */
	OP_MATCH,
};

struct inst {
	enum op op;
	unsigned char c;
	int x, y;
};

struct set {
	uint64_t bits[4];
};

struct program {
	struct inst *code;
	int count, room;
	struct set *sets;
	int nsets;
	int nloops;
	int ngroups;  /* with group 0, the whole match */
	int backrefs; /* whether there are any */
	int flags;    /* of regcomp */
	struct set first; /* bytes a match can begin with; all of them if it can be empty */
};

static inline int set_has(const struct set *s, unsigned char c)
{
	return (int)(s->bits[c / 64] >> c % 64 & 1);
}

static inline void set_add(struct set *s, unsigned char c)
{
	s->bits[c / 64] |= (uint64_t)1 << c % 64;
}

/* The tree between pattern and program. Children are indexes into the parser's nodes, or NONE. */
#define NONE (-1)

enum kind { N_EMPTY, N_CHAR, N_ANY, N_SET, N_SEQUENCE, N_OR, N_REPEAT, N_GROUP, N_SIMPLE, N_BACKREF };

struct node {
	enum kind kind;
	int left, right;
	int x, y; /* REPEAT: least, most (NONE: no limit); GROUP, BACKREF: number; SIMPLE: op; SET: index */
	unsigned char c;
};

struct parser {
	const char *p;
	int flags, extended;
	int error;
	int token;       /* of parse.c */
	int value;       /* of the token: character, group number, op */
	int at_start;    /* nothing of this sequence has been read */
	int depth;       /* of open groups */
	unsigned int closed; /* bit n: group n is complete and may be referred to */
	struct node *nodes;
	int count, room;
	struct program *prog;
};

/* parse.c: notes the first error; parsing then sees the end of the pattern. Returns NONE. */
int __regex_fail(struct parser *ps, int error);
/* The root of the tree; ps->error tells whether it is one. */
int __regex_parse(struct parser *ps);

#endif
