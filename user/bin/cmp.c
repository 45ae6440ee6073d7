/* SPDX-License-Identifier: MIT */
/*
 * cmp [-ls] FILE1 FILE2 - compare two files byte by byte
 *
 * Prints the first difference: byte and line number, counted from 1. -l prints every difference (byte
 * number, both values in octal), -s nothing. Status 0 equal, 1 different, 2 trouble. "-" is standard
 * input.
 */
#include <stdbool.h>

#include "common.h"

static FILE *open_file(const char *name, bool silent)
{
	FILE *f = strcmp(name, "-") == 0 ? stdin : fopen(name, "r");

	if (f)
		return f;
	if (!silent)
		warn("%s", name);
	exit(2);
}

static int ended(const char *name, unsigned long long byte, unsigned long long line, bool list)
{
	if (!byte)
		fprintf(stderr, "cmp: EOF on %s which is empty\n", name);
	else if (list)
		fprintf(stderr, "cmp: EOF on %s after byte %llu\n", name, byte);
	else
		fprintf(stderr, "cmp: EOF on %s after byte %llu, in line %llu\n", name, byte, line);
	return 1;
}

static int compare(FILE *a, FILE *b, const char **names, bool list, bool silent)
{
	unsigned long long byte = 0, line = 1;
	int x, y, status = 0, last = 0;

	for (;; byte++) {
		x = getc(a);
		y = getc(b);
		if (x == EOF || y == EOF)
			break;
		last = x;
		if (x != y && list) {
			printf("%llu %3o %3o\n", byte + 1, x, y);
			status = 1;
		} else if (x != y) {
			if (!silent)
				printf("%s %s differ: char %llu, line %llu\n", names[0], names[1], byte + 1,
				       line);
			return 1;
		}
		line += x == '\n';
	}
	for (int i = 0; i < 2; i++) {
		if (!ferror(i ? b : a))
			continue;
		warn("%s", names[i]);
		return 2;
	}
	if (x == y)
		return status;
	return silent ? 1 : ended(names[x != EOF], byte, line - (last == '\n'), list);
}

int main(int argc, char **argv)
{
	bool list = false, silent = false;
	const char *names[2];
	FILE *a, *b;
	int c;

	while ((c = getopt(argc, argv, "ls")) != -1) {
		if (c == '?')
			usage("cmp [-ls] FILE1 FILE2");
		list |= c == 'l';
		silent |= c == 's';
	}
	if (argc - optind != 2)
		usage("cmp [-ls] FILE1 FILE2");
	names[0] = argv[optind];
	names[1] = argv[optind + 1];
	a = open_file(names[0], silent);
	b = open_file(names[1], silent);
	return finish(compare(a, b, names, list && !silent, silent));
}
