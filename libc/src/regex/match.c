/* SPDX-License-Identifier: MIT */
/*
 * regexec: runs the compiled program over a text.
 *
 * Without back references all threads of the program move through the text together, one character
 * at a time (Thompson 1968; with positions saved in each thread, Pike). A list holds each
 * instruction at most once, so the cost is at most program times text and no pattern is slow. A
 * new thread starts at every position until something has matched. Threads stay in order of
 * preference: an earlier start first, then the order in which splits name their branches. A match
 * replaces the one found before if it starts earlier, or as early and ends later; threads that
 * start later than a match are dropped. So the match is the leftmost, and of these the longest.
 * Inside of it, groups are those of the preferred path, which is not always the division POSIX
 * describes: (a|ab)(c|bcd) on "abcd" gives a and bcd.
 *
 * Back references cannot be matched that way; patterns that have them are matched by trying one
 * branch after the other and keeping the longest result, which can take exponential time. Its
 * recursion is bounded by DEPTH_MAX.
 *
 * Nothing is kept between calls, so one compiled expression may be used by several threads.
 */
#include "regex_impl.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define ON_STACK 16384
#define DEPTH_MAX 10000

struct text {
	const struct program *prog;
	const char *start, *end; /* end is null while the end is not known */
	const char *from;        /* where matches may begin; what is before them still counts for ^ and \< */
	int flags;
};

static int at_end(const struct text *t, const char *p)
{
	return t->end ? p == t->end : !*p;
}

static int is_word_at(const struct text *t, const char *p)
{
	return !at_end(t, p) && (isalnum((unsigned char)*p) || *p == '_');
}

/* Whether an instruction that consumes nothing holds at p. */
static int holds(const struct text *t, enum op op, const char *p)
{
	int newline = t->prog->flags & REG_NEWLINE;
	int before = p > t->start && is_word_at(t, p - 1), here = is_word_at(t, p);

	switch (op) {
	case OP_BOL:
		if (p == t->start)
			return !(t->flags & REG_NOTBOL);
		return newline && p[-1] == '\n';
	case OP_EOL:
		if (at_end(t, p))
			return !(t->flags & REG_NOTEOL);
		return newline && *p == '\n';
	case OP_WORD_BEGIN:
		return !before && here;
	case OP_WORD_END:
		return before && !here;
	case OP_WORD_EDGE:
		return before != here;
	case OP_NOT_EDGE:
		return before == here;
	default:
		return 1;
	}
}

/* Whether an instruction that consumes one character takes this one. */
static int consumes(const struct program *prog, const struct inst *i, unsigned char c)
{
	switch (i->op) {
	case OP_CHAR:
		return i->c == c;
	case OP_ANY:
		return !(c == '\n' && (prog->flags & REG_NEWLINE));
	case OP_SET:
		return set_has(&prog->sets[i->x], c);
	default:
		return 0;
	}
}

/* The threads of one position in the text. saved[i * nslots] are the slots of thread i. */
struct list {
	int *pc;
	const char **saved;
	int count;
};

struct machine {
	struct text t;
	int nslots;
	struct list lists[2];
	unsigned int *mark; /* for each instruction, the generation in which it was added */
	unsigned int generation;
	const char **now;  /* slots of the thread being added */
	const char **best; /* slots of the best match so far */
	int matched;
};

/* Follows what consumes nothing; `now` is as it was when this returns. */
static void add_thread(struct machine *m, struct list *list, int pc, const char *p)
{
	for (;;) {
		const struct inst *i = &m->t.prog->code[pc];

		if (m->mark[pc] == m->generation)
			return;
		m->mark[pc] = m->generation;
		switch (i->op) {
		case OP_JUMP:
			pc = i->x;
			continue;
		case OP_SPLIT:
			add_thread(m, list, i->x, p);
			pc = i->y;
			continue;
		case OP_SAVE:
			if (i->x < m->nslots) {
				const char *old = m->now[i->x];

				m->now[i->x] = p;
				add_thread(m, list, pc + 1, p);
				m->now[i->x] = old;
				return;
			}
			break;
		case OP_CHAR:
		case OP_ANY:
		case OP_SET:
		case OP_MATCH:
			memcpy(&list->saved[list->count * m->nslots], m->now,
			       (size_t)m->nslots * sizeof(*m->now));
			list->pc[list->count++] = pc;
			return;
		default:
			if (!holds(&m->t, i->op, p))
				return;
		}
		pc++;
	}
}

static int better(const struct machine *m, const char **slots)
{
	return !m->matched || slots[0] < m->best[0] ||
	       (slots[0] == m->best[0] && slots[1] > m->best[1]);
}

/* Moves every thread over the character at p (none at the end of the text). */
static void step(struct machine *m, struct list *from, struct list *to, const char *p, int end)
{
	size_t bytes = (size_t)m->nslots * sizeof(*m->now);

	to->count = 0;
	m->generation++;
	for (int i = 0; i < from->count; i++) {
		const struct inst *inst = &m->t.prog->code[from->pc[i]];
		const char **slots = &from->saved[i * m->nslots];

		if (m->matched && slots[0] > m->best[0])
			break;
		if (inst->op == OP_MATCH) {
			if (better(m, slots)) {
				memcpy(m->best, slots, bytes);
				m->matched = 1;
			}
		} else if (!end && consumes(m->t.prog, inst, (unsigned char)*p)) {
			memcpy(m->now, slots, bytes);
			add_thread(m, to, from->pc[i] + 1, p + 1);
		}
	}
}

static void run(struct machine *m, int stop_at_first)
{
	struct list *from = &m->lists[0], *to = &m->lists[1], *swap;
	const char *p = m->t.from;

	for (;; p++) {
		int end = at_end(&m->t, p);

		if (!m->matched) {
			if (from->count == 0)
				for (; !end && !set_has(&m->t.prog->first, (unsigned char)*p);
				     end = at_end(&m->t, p))
					p++;
			memset(m->now, 0, (size_t)m->nslots * sizeof(*m->now));
			if (from->count == 0)
				m->generation++;
			add_thread(m, from, 0, p);
		}
		step(m, from, to, p, end);
		if (end || (m->matched && (stop_at_first || to->count == 0)))
			return;
		swap = from;
		from = to;
		to = swap;
	}
}

/* Cuts one block of memory into the machine's arrays. */
static void lay_out(struct machine *m, char *memory, int count)
{
	size_t slots = (size_t)m->nslots;

	m->now = (const char **)memory;
	m->best = m->now + slots;
	m->lists[0].saved = m->best + slots;
	m->lists[1].saved = m->lists[0].saved + slots * (size_t)count;
	m->lists[0].pc = (int *)(m->lists[1].saved + slots * (size_t)count);
	m->lists[1].pc = m->lists[0].pc + count;
	m->mark = (unsigned int *)(m->lists[1].pc + count);
	memset(m->mark, 0, (size_t)count * sizeof(*m->mark));
	m->lists[0].count = m->lists[1].count = 0;
	m->generation = 1;
}

static int match_together(struct machine *m, int stop_at_first)
{
	int count = m->t.prog->count;
	size_t need = sizeof(char *) * 2 * (size_t)m->nslots * ((size_t)count + 1) +
		      sizeof(int) * 3 * (size_t)count;
	char on_stack[ON_STACK] __attribute__((aligned(8)));
	char *memory = need <= sizeof(on_stack) ? on_stack : malloc(need);

	if (!memory)
		return REG_ESPACE;
	const char **best = m->best;

	lay_out(m, memory, count);
	run(m, stop_at_first);
	if (m->matched)
		memcpy(best, m->best, (size_t)m->nslots * sizeof(*best));
	m->best = best;
	if (memory != on_stack)
		free(memory);
	return m->matched ? 0 : REG_NOMATCH;
}

/* The other way, for back references. */
struct search {
	struct text t;
	const char **slots, **best, **loops;
	int nslots, matched, depth;
};

static int search(struct search *s, int pc, const char *p);

/* Tries the rest with *place changed to p, and puts it back. */
static int search_with(struct search *s, const char **place, int pc, const char *p)
{
	const char *old = *place;
	int error;

	*place = p;
	error = search(s, pc, p);
	*place = old;
	return error;
}

static const char *match_backref(const struct search *s, int group, const char *p)
{
	const char *from = s->slots[2 * group], *to = s->slots[2 * group + 1];

	if (!from || !to)
		return NULL;
	for (; from < to; from++, p++) {
		if (at_end(&s->t, p))
			return NULL;
		if (*from != *p && !((s->t.prog->flags & REG_ICASE) &&
				     tolower((unsigned char)*from) == tolower((unsigned char)*p)))
			return NULL;
	}
	return p;
}

static void keep(struct search *s)
{
	if (s->matched && s->slots[1] <= s->best[1])
		return;
	memcpy(s->best, s->slots, (size_t)s->nslots * sizeof(*s->slots));
	s->matched = 1;
}

static int search_on(struct search *s, int pc, const char *p)
{
	for (;; pc++) {
		const struct inst *i = &s->t.prog->code[pc];
		int error;

		switch (i->op) {
		case OP_CHAR:
		case OP_ANY:
		case OP_SET:
			if (at_end(&s->t, p) || !consumes(s->t.prog, i, (unsigned char)*p))
				return 0;
			p++;
			break;
		case OP_SPLIT:
			error = search(s, i->x, p);
			if (error)
				return error;
			pc = i->y - 1;
			break;
		case OP_JUMP:
			pc = i->x - 1;
			break;
		case OP_SAVE:
			return search_with(s, &s->slots[i->x], pc + 1, p);
		case OP_LOOP_BEGIN:
			return search_with(s, &s->loops[i->x], pc + 1, p);
		case OP_LOOP_CHECK:
			if (s->loops[i->x] == p)
				return 0;
			break;
		case OP_BACKREF:
			p = match_backref(s, i->x, p);
			if (!p)
				return 0;
			break;
		case OP_MATCH:
			keep(s);
			return 0;
		default:
			if (!holds(&s->t, i->op, p))
				return 0;
		}
	}
}

static int search(struct search *s, int pc, const char *p)
{
	int error;

	if (s->depth >= DEPTH_MAX)
		return REG_ESPACE;
	s->depth++;
	error = search_on(s, pc, p);
	s->depth--;
	return error;
}

static int match_apart(const struct text *t, const char **best)
{
	int nslots = 2 * t->prog->ngroups;
	struct search s = { .t = *t, .best = best, .nslots = nslots };
	const char **memory = calloc((size_t)(nslots + t->prog->nloops), sizeof(*memory));
	int error = 0;

	if (!memory)
		return REG_ESPACE;
	s.slots = memory;
	s.loops = memory + nslots;
	for (const char *p = t->from;; p++) {
		error = search(&s, 0, p);
		if (error || s.matched || at_end(t, p))
			break;
	}
	free(memory);
	return error ? error : s.matched ? 0 : REG_NOMATCH;
}

static void report(const struct text *t, const char **slots, int nslots, size_t count,
		   regmatch_t *match)
{
	for (size_t i = 0; i < count; i++) {
		int known = (int)i < nslots / 2 && slots[2 * i] && slots[2 * i + 1];

		match[i].rm_so = known ? slots[2 * i] - t->start : -1;
		match[i].rm_eo = known ? slots[2 * i + 1] - t->start : -1;
	}
}

int regexec(const regex_t *__restrict regex, const char *__restrict text, size_t count,
	    regmatch_t *__restrict match, int flags)
{
	const struct program *prog = regex->__program;
	struct machine m = { .t = { prog, text, NULL, text, flags } };
	const char *best[2 * prog->ngroups];
	int error;

	if (flags & REG_STARTEND) {
		m.t.from = text + match[0].rm_so;
		m.t.end = text + match[0].rm_eo;
	}
	if (prog->flags & REG_NOSUB)
		count = 0;
	/* Only the groups that are asked for are followed. */
	m.nslots = count > 1 ? 2 * prog->ngroups : 2;
	m.best = best;
	if (prog->backrefs) {
		m.nslots = 2 * prog->ngroups;
		error = match_apart(&m.t, best);
	} else {
		error = match_together(&m, count == 0);
	}
	if (!error && count > 0)
		report(&m.t, best, m.nslots, count, match);
	return error;
}
