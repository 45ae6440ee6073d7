/* SPDX-License-Identifier: MIT */
/*
 * getopt, getopt_long and getopt_long_only.
 *
 * Two cursors: optind, the argument to look at, which the program may read and set, and `next`, the
 * rest of a cluster of short options such as -abc. Setting optind to 0 or 1 starts again.
 *
 * As in GNU's: arguments that are no options are moved behind the options (the program sees them
 * from optind on), unless the option string begins with '+' or POSIXLY_CORRECT is set; with '-' each
 * is returned as the argument of an option with code 1. A leading ':' asks for ':' instead of '?'
 * when an argument is missing, and for silence. Two colons make an argument optional: it must
 * then stand in the same word. Long names may be abbreviated while that is unambiguous.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *optarg;
int optind = 1, opterr = 1, optopt;

static const char *next;
static int first_operand, last_operand; /* [first, last) were passed over */

enum order { PERMUTE, STOP_AT_OPERAND, RETURN_OPERANDS };

struct parse {
	int argc;
	char **argv;
	const char *options;
	const struct option *longs;
	int *index;
	int only; /* a single dash may begin a long option */
	int quiet; /* ':' asked for */
};

static void complain(const struct parse *p, const char *what, const char *dashes, const char *name,
		     int len)
{
	if (opterr && !p->quiet)
		fprintf(stderr, "%s: %s -- '%s%.*s'\n", p->argv[0], what, dashes, len, name);
}

/* Moves the words from operands_end to optind, just parsed, in front of the operands. */
static void rotate_operands(char **argv)
{
	int operands = last_operand - first_operand, options = optind - last_operand;

	for (int i = 0; i < options; i++) {
		char *word = argv[last_operand + i];

		memmove(&argv[first_operand + i + 1], &argv[first_operand + i],
			(size_t)operands * sizeof(*argv));
		argv[first_operand + i] = word;
	}
	first_operand += options;
	last_operand = optind;
}

static int is_operand(const char *word)
{
	return word[0] != '-' || word[1] == '\0';
}

/* Sets optarg for an option that has_arg; returns 0 if an argument is missing. */
static int take_argument(const struct parse *p, const char *attached, int has_arg)
{
	optarg = (char *)attached;
	if (attached || has_arg != required_argument)
		return 1;
	if (optind >= p->argc)
		return 0;
	optarg = p->argv[optind++];
	return 1;
}

static const struct option *find_long(const struct option *longs, const char *name, size_t len,
				      int *ambiguous)
{
	const struct option *found = NULL;

	*ambiguous = 0;
	for (; longs->name; longs++) {
		if (strncmp(longs->name, name, len) != 0)
			continue;
		if (longs->name[len] == '\0') {
			*ambiguous = 0;
			return longs;
		}
		if (found && (found->val != longs->val || found->flag != longs->flag))
			*ambiguous = 1;
		found = longs;
	}
	return found;
}

static int parse_long(struct parse *p, const char *dashes, const char *name)
{
	size_t len = (size_t)(strchrnul(name, '=') - name);
	const char *value = name[len] ? name + len + 1 : NULL;
	const struct option *o;
	int ambiguous;

	o = find_long(p->longs, name, len, &ambiguous);
	if (!o || ambiguous) {
		complain(p, ambiguous ? "option is ambiguous" : "unrecognized option", dashes, name,
			 (int)len);
		optopt = 0;
		return '?';
	}
	optopt = o->val;
	if (value && o->has_arg == no_argument) {
		complain(p, "option takes no argument", dashes, name, (int)len);
		return '?';
	}
	if (!take_argument(p, value, o->has_arg)) {
		complain(p, "option requires an argument", dashes, name, (int)len);
		return p->quiet ? ':' : '?';
	}
	if (p->index)
		*p->index = (int)(o - p->longs);
	if (!o->flag)
		return o->val;
	*o->flag = o->val;
	return 0;
}

static int parse_short(struct parse *p)
{
	int c = (unsigned char)*next++;
	const char *o = c == ':' ? NULL : strchr(p->options, c);
	const char *rest = *next ? next : NULL;
	int has_arg;

	if (!o) {
		optopt = c;
		complain(p, "invalid option", "", next - 1, 1);
		if (!rest)
			next = NULL;
		return '?';
	}
	has_arg = o[1] != ':' ? no_argument : o[2] == ':' ? optional_argument : required_argument;
	if (has_arg == no_argument) {
		next = rest;
		return c;
	}
	next = NULL;
	if (take_argument(p, rest, has_arg))
		return c;
	optopt = c;
	complain(p, "option requires an argument", "", (const char[]){ (char)c }, 1);
	return p->quiet ? ':' : '?';
}

/* Finds the next word that is an option; returns 0 at the end of them. */
static int find_word(struct parse *p, enum order order)
{
	if (order == PERMUTE) {
		if (first_operand != last_operand && last_operand != optind)
			rotate_operands(p->argv);
		else if (last_operand != optind)
			first_operand = optind;
		while (optind < p->argc && is_operand(p->argv[optind]))
			optind++;
		last_operand = optind;
	}
	if (optind < p->argc && strcmp(p->argv[optind], "--") == 0) {
		optind++;
		if (first_operand != last_operand)
			rotate_operands(p->argv);
		else
			first_operand = optind;
		last_operand = optind = p->argc;
	}
	if (optind < p->argc)
		return order == RETURN_OPERANDS || !is_operand(p->argv[optind]);
	if (first_operand != last_operand)
		optind = first_operand;
	return 0;
}

static enum order choose_order(struct parse *p)
{
	enum order order = getenv("POSIXLY_CORRECT") ? STOP_AT_OPERAND : PERMUTE;

	if (*p->options == '+' || *p->options == '-')
		order = *p->options++ == '+' ? STOP_AT_OPERAND : RETURN_OPERANDS;
	p->quiet = *p->options == ':';
	if (p->quiet)
		p->options++;
	return order;
}

static int looks_long(const struct parse *p, const char *word)
{
	int ambiguous;
	size_t len = (size_t)(strchrnul(word + 1, '=') - (word + 1));

	if (!p->longs)
		return 0;
	if (word[1] == '-')
		return 1;
	if (!p->only)
		return 0;
	return word[2] || !strchr(p->options, word[1]) ||
	       find_long(p->longs, word + 1, len, &ambiguous) != NULL;
}

static int parse(struct parse *p)
{
	enum order order = choose_order(p);
	char *word;

	optarg = NULL;
	if (optind <= 0 || (optind == 1 && !next)) {
		optind = first_operand = last_operand = 1;
		next = NULL;
	}
	if (next && *next)
		return parse_short(p);
	if (!find_word(p, order))
		return -1;
	word = p->argv[optind++];
	if (is_operand(word)) {
		optarg = word;
		return 1;
	}
	if (looks_long(p, word)) {
		int dashes = word[1] == '-' ? 2 : 1;

		return parse_long(p, dashes == 2 ? "--" : "-", word + dashes);
	}
	next = word + 1;
	return parse_short(p);
}

/* A cluster that ended leaves next at its last zero byte, which parse treats as none. */
int getopt(int argc, char *const argv[], const char *options)
{
	struct parse p = { argc, (char **)argv, options, NULL, NULL, 0, 0 };

	return parse(&p);
}

int getopt_long(int argc, char *const *argv, const char *options, const struct option *longs,
		int *index)
{
	struct parse p = { argc, (char **)argv, options, longs, index, 0, 0 };

	return parse(&p);
}

int getopt_long_only(int argc, char *const *argv, const char *options, const struct option *longs,
		     int *index)
{
	struct parse p = { argc, (char **)argv, options, longs, index, 1, 0 };

	return parse(&p);
}
