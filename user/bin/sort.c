/* SPDX-License-Identifier: MIT */
/*
 * sort [-nrufbsc] [-k KEY]... [-t CHAR] [-o FILE] [FILE...] - sort lines
 *
 * All lines are held in memory and sorted by qsort. A KEY is a part of the line, F[.C][OPTIONS][,F[.C][OPTIONS]]: from a
 * field, or its C-th character, to the end of another, or its C-th character; without the second to the end of the
 * line. Fields end before a blank, or at the character of -t. Lines are compared by their keys in turn, or whole.
 *
 * -n compares the number at the beginning, -f ignores case, -b leading blanks, -r turns the order around: each for the
 * key in whose options it is, and otherwise for all keys without options. Lines whose keys are equal are ordered by all
 * their bytes, unless -s keeps them as they came (-u does as well, and keeps the first of them). -c sorts nothing, and
 * looks whether the lines are sorted: status 1 when they are not.
 */
#include <ctype.h>
#include <limits.h>
#include <stdbool.h>

#include "lines.h"

#define USAGE "sort [-nrufbsc] [-k KEY]... [-t CHAR] [-o FILE] [FILE...]"

struct span {
	const char *s, *end;
};

struct item {
	struct span line;
	size_t order;
};

struct options {
	bool number, reverse, fold, blanks;
};

struct key {
	struct key *next;
	long from_field, from_char, to_field, to_char; /* from 1; to_field 0: the end of the line, to_char 0: of the field */
	bool to_blanks;                                /* the second place is counted behind blanks */
	struct options options;
};

static struct item *items;
static size_t nitems, cap;
static struct options global;
static bool opt_unique, opt_stable, opt_check;
static struct key *keys, **last_key = &keys;
static int separator = -1;

static void read_lines(FILE *f)
{
	struct line l = { 0 };

	while (line_read(f, &l)) {
		char *copy = malloc(l.len + 1);

		if (nitems == cap) {
			cap = cap * 2 + 256;
			items = realloc(items, cap * sizeof(*items));
		}
		if (!copy || !items)
			err(2, NULL);
		memcpy(copy, l.s, l.len + 1);
		items[nitems] = (struct item){ { copy, copy + l.len }, nitems };
		nitems++;
	}
	free(l.s);
}

/* ---- keys of a line ---- */

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

static const char *skip_blanks(struct span l)
{
	while (l.s < l.end && is_blank(*l.s))
		l.s++;
	return l.s;
}

/* The end of the field that begins at l. */
static const char *field_end(struct span l)
{
	if (separator >= 0) {
		const char *end = memchr(l.s, separator, l.end - l.s);

		return end ? end : l.end;
	}
	l.s = skip_blanks(l);
	while (l.s < l.end && !is_blank(*l.s))
		l.s++;
	return l.s;
}

/* Where the n-th field begins. */
static struct span field(struct span l, long n)
{
	while (--n > 0 && l.s < l.end) {
		l.s = field_end(l);
		l.s += separator >= 0 && l.s < l.end;
	}
	return l;
}

static const char *advance(struct span l, long chars)
{
	return chars < l.end - l.s ? l.s + chars : l.end;
}

static struct span key_of(struct span line, const struct key *k)
{
	struct span part = field(line, k->from_field), to;

	if (k->options.blanks)
		part.s = skip_blanks(part);
	part.s = advance(part, k->from_char - 1);
	if (k->to_field) {
		to = field(line, k->to_field);
		if (k->to_char && k->to_blanks)
			to.s = skip_blanks(to);
		part.end = k->to_char ? advance(to, k->to_char) : field_end(to);
	}
	if (part.end < part.s)
		part.end = part.s;
	if (k->options.number)
		part.s = skip_blanks(part);
	return part;
}

/* ---- comparing ---- */

static int compare_bytes(struct span a, struct span b, bool fold)
{
	for (; a.s < a.end && b.s < b.end; a.s++, b.s++) {
		int x = (unsigned char)*a.s, y = (unsigned char)*b.s;

		if (fold) {
			x = toupper(x);
			y = toupper(y);
		}
		if (x != y)
			return x - y;
	}
	return (a.s < a.end) - (b.s < b.end);
}

static struct span digits(struct span l)
{
	struct span run = { l.s, l.s };

	while (run.end < l.end && isdigit((unsigned char)*run.end))
		run.end++;
	return run;
}

/* A decimal number without the zeros that do not count. */
struct number {
	bool negative;
	struct span whole, fraction;
};

static struct number number_of(struct span l)
{
	struct number n = { .negative = l.s < l.end && *l.s == '-' };

	l.s += n.negative;
	n.whole = digits(l);
	l.s = n.whole.end;
	l.s += l.s < l.end && *l.s == '.';
	n.fraction = digits(l);
	while (n.whole.s < n.whole.end && *n.whole.s == '0')
		n.whole.s++;
	while (n.fraction.end > n.fraction.s && n.fraction.end[-1] == '0')
		n.fraction.end--;
	if (n.whole.s == n.whole.end && n.fraction.s == n.fraction.end)
		n.negative = false;
	return n;
}

static int compare_numbers(struct span x, struct span y)
{
	struct number a = number_of(x), b = number_of(y);
	long d = (a.whole.end - a.whole.s) - (b.whole.end - b.whole.s);

	if (a.negative != b.negative)
		return a.negative ? -1 : 1;
	if (!d)
		d = compare_bytes(a.whole, b.whole, false);
	if (!d)
		d = compare_bytes(a.fraction, b.fraction, false);
	return a.negative ? (d < 0) - (d > 0) : (d > 0) - (d < 0);
}

static int compare_keys(const struct item *a, const struct item *b)
{
	for (const struct key *k = keys; k; k = k->next) {
		struct span x = key_of(a->line, k), y = key_of(b->line, k);
		int d = k->options.number ? compare_numbers(x, y) : compare_bytes(x, y, k->options.fold);

		if (d)
			return k->options.reverse ? -d : d;
	}
	return 0;
}

static int compare(const void *pa, const void *pb)
{
	const struct item *a = pa, *b = pb;
	int d = compare_keys(a, b);

	if (d)
		return d;
	if (!opt_stable && !opt_unique)
		d = compare_bytes(a->line, b->line, false);
	if (d)
		return global.reverse ? -d : d;
	return a->order < b->order ? -1 : a->order > b->order;
}

/* ---- options ---- */

/* F[.C][OPTIONS] */
static const char *parse_place(const char *s, long *at_field, long *at_char, struct options *o)
{
	char *end;

	*at_field = strtol(s, &end, 10);
	if (*end == '.')
		*at_char = strtol(end + 1, &end, 10);
	if (*at_field < 1 || *at_char < 0 || *at_field > INT_MAX || *at_char > INT_MAX)
		errx(USAGE_STATUS, "-k %s: bad number", s);
	for (; *end && *end != ','; end++) {
		if (!strchr("nrbf", *end))
			errx(USAGE_STATUS, "-k %s: only n, r, b, f are understood", s);
		o->number |= *end == 'n';
		o->reverse |= *end == 'r';
		o->blanks |= *end == 'b';
		o->fold |= *end == 'f';
	}
	return end;
}

static void parse_key(const char *s)
{
	struct key *k = calloc(1, sizeof(*k));
	struct options to = { 0 };

	if (!k)
		err(2, NULL);
	k->from_char = 1;
	s = parse_place(s, &k->from_field, &k->from_char, &k->options);
	if (!k->from_char)
		errx(USAGE_STATUS, "-k: characters are counted from 1");
	if (*s == ',' && *parse_place(s + 1, &k->to_field, &k->to_char, &to))
		errx(USAGE_STATUS, "-k: more than two places");
	k->to_blanks = to.blanks;
	k->options.number |= to.number;
	k->options.reverse |= to.reverse;
	k->options.fold |= to.fold;
	*last_key = k;
	last_key = &k->next;
}

/* Keys without options have those of all; no key is the whole line. */
static void finish_keys(void)
{
	if (!keys)
		parse_key("1");
	for (struct key *k = keys; k; k = k->next) {
		const struct options *o = &k->options;

		if (o->number || o->reverse || o->fold || o->blanks || k->to_blanks)
			continue;
		k->options = global;
		k->to_blanks = global.blanks;
	}
}

static void parse_options(int argc, char **argv, const char **output)
{
	int c;

	while ((c = getopt(argc, argv, "nrufbsck:t:o:")) != -1) {
		switch (c) {
		case 'n': global.number = true; break;
		case 'r': global.reverse = true; break;
		case 'f': global.fold = true; break;
		case 'b': global.blanks = true; break;
		case 'u': opt_unique = true; break;
		case 's': opt_stable = true; break;
		case 'c': opt_check = true; break;
		case 'k': parse_key(optarg); break;
		case 'o': *output = optarg; break;
		case 't':
			if (strlen(optarg) != 1)
				errx(USAGE_STATUS, "-t '%s': not one character", optarg);
			separator = (unsigned char)*optarg;
			break;
		default: usage(USAGE);
		}
	}
	finish_keys();
}

static int check(const char *name)
{
	for (size_t i = 1; i < nitems; i++) {
		if (opt_unique ? compare_keys(&items[i - 1], &items[i]) < 0 : compare(&items[i - 1], &items[i]) <= 0)
			continue;
		warnx("%s:%zu: disorder: %s", name, i + 1, items[i].line.s);
		return 1;
	}
	return 0;
}

static void print(void)
{
	for (size_t i = 0; i < nitems; i++) {
		if (opt_unique && i && compare_keys(&items[i - 1], &items[i]) == 0)
			continue;
		fwrite(items[i].line.s, 1, items[i].line.end - items[i].line.s, stdout);
		putchar('\n');
	}
}

int main(int argc, char **argv)
{
	const char *output = NULL;

	parse_options(argc, argv, &output);
	if (optind == argc)
		read_lines(stdin);
	for (int i = optind; i < argc; i++) {
		FILE *f = strcmp(argv[i], "-") == 0 ? stdin : fopen(argv[i], "r");

		if (!f)
			err(2, "cannot read: %s", argv[i]);
		read_lines(f);
		if (ferror(f))
			err(2, "read failed: %s", argv[i]);
		if (f != stdin)
			fclose(f);
	}
	if (opt_check)
		return check(optind < argc ? argv[optind] : "-");
	if (nitems)
		qsort(items, nitems, sizeof(*items), compare);
	if (output && !freopen(output, "w", stdout))
		err(2, "%s", output);
	print();
	return finish(0) ? 2 : 0;
}
