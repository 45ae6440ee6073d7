/* SPDX-License-Identifier: MIT */
/*
 * sort [-nrufbs] [-k FIELD] [-t CHAR] [-o FILE] [FILE...] - sort lines
 *
 * All lines are held in memory and sorted by qsort. -n compares the number at the beginning, -f ignores
 * case, -b ignores leading blanks, -k N compares from the N-th field on (fields end at a blank, or at the
 * character of -t), -r turns the order around, -u keeps the first of equal lines. Lines that compare
 * equal are ordered by all their bytes, unless -s keeps them as they came (-u does as well).
 * Sorting on several keys or on part of a field is not offered.
 */
#include <ctype.h>
#include <stdbool.h>
#include <strings.h>

#include "lines.h"

struct item {
	char *s;
	size_t order;
};

static struct item *items;
static size_t nitems, cap;
static bool opt_number, opt_reverse, opt_unique, opt_fold, opt_blanks, opt_stable;
static int key = 1, separator = -1;

static void read_lines(FILE *f)
{
	struct line l = { 0 };

	while (line_read(f, &l)) {
		if (nitems == cap) {
			cap = cap * 2 + 256;
			items = realloc(items, cap * sizeof(*items));
			if (!items)
				err(2, NULL);
		}
		items[nitems].s = strdup(l.s);
		if (!items[nitems].s)
			err(2, NULL);
		items[nitems].order = nitems;
		nitems++;
	}
	free(l.s);
}

static const char *key_of(const char *s)
{
	for (int i = 1; i < key && *s; i++) {
		if (separator >= 0) {
			s += strcspn(s, (char[]){ separator, 0 });
			s += *s != '\0';
		} else {
			s += strspn(s, " \t");
			s += strcspn(s, " \t");
		}
	}
	return opt_blanks || opt_number ? s + strspn(s, " \t") : s;
}

/* Compare two strings of decimal digits by value. */
static int compare_digits(const char *a, const char *b)
{
	size_t na, nb;
	int d;

	a += strspn(a, "0");
	b += strspn(b, "0");
	na = strspn(a, "0123456789");
	nb = strspn(b, "0123456789");
	if (na != nb)
		return na < nb ? -1 : 1;
	d = strncmp(a, b, na);
	if (d)
		return d;
	a += na;
	b += nb;
	a += *a == '.';
	b += *b == '.';
	while (isdigit((unsigned char)*a) || isdigit((unsigned char)*b)) {
		int x = isdigit((unsigned char)*a) ? *a++ : '0', y = isdigit((unsigned char)*b) ? *b++ : '0';

		if (x != y)
			return x - y;
	}
	return 0;
}

static int compare_numbers(const char *a, const char *b)
{
	bool na = *a == '-', nb = *b == '-';
	bool za = !compare_digits(a + na, "0"), zb = !compare_digits(b + nb, "0");

	na &= !za;
	nb &= !zb;
	if (na != nb)
		return na ? -1 : 1;
	if (za || zb)
		return compare_digits(za ? "0" : a + na, zb ? "0" : b + nb) * (na ? -1 : 1);
	return na ? compare_digits(b + 1, a + 1) : compare_digits(a, b);
}

static int compare_keys(const char *a, const char *b)
{
	a = key_of(a);
	b = key_of(b);
	if (opt_number)
		return compare_numbers(a, b);
	return opt_fold ? strcasecmp(a, b) : strcmp(a, b);
}

static int compare(const void *pa, const void *pb)
{
	const struct item *a = pa, *b = pb;
	int d = compare_keys(a->s, b->s);

	if (!d && !opt_stable && !opt_unique)
		d = strcmp(a->s, b->s);
	if (d)
		return opt_reverse ? -d : d;
	return a->order < b->order ? -1 : a->order > b->order;
}

static void parse_key(const char *s)
{
	char *end;

	key = strtol(s, &end, 10);
	if (key < 1 || end == s)
		errx(USAGE_STATUS, "-k %s: bad field number", s);
	if (*end == ',')
		strtol(end + 1, &end, 10);
	for (; *end; end++) {
		if (*end != 'n' && *end != 'r' && *end != 'b' && *end != 'f')
			errx(USAGE_STATUS, "-k %s: only N with n, r, b, f is understood", s);
		opt_number |= *end == 'n';
		opt_reverse |= *end == 'r';
		opt_blanks |= *end == 'b';
		opt_fold |= *end == 'f';
	}
}

int main(int argc, char **argv)
{
	const char *output = NULL;
	int c;

	while ((c = getopt(argc, argv, "nrufbsk:t:o:")) != -1) {
		switch (c) {
		case 'n': opt_number = true; break;
		case 'r': opt_reverse = true; break;
		case 'u': opt_unique = true; break;
		case 'f': opt_fold = true; break;
		case 'b': opt_blanks = true; break;
		case 's': opt_stable = true; break;
		case 'k': parse_key(optarg); break;
		case 't': separator = (unsigned char)*optarg; break;
		case 'o': output = optarg; break;
		default: usage("sort [-nrufbs] [-k FIELD] [-t CHAR] [-o FILE] [FILE...]");
		}
	}
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
	if (nitems)
		qsort(items, nitems, sizeof(*items), compare);
	if (output && !freopen(output, "w", stdout))
		err(2, "%s", output);
	for (size_t i = 0; i < nitems; i++)
		if (!opt_unique || !i || compare_keys(items[i - 1].s, items[i].s) != 0)
			puts(items[i].s);
	return finish(0) ? 2 : 0;
}
