/* SPDX-License-Identifier: MIT */
/*
 * hexdump [-C] [-v] [-n BYTES] [-s SKIP] [FILE...] - show bytes in hexadecimal
 *
 * With -C sixteen bytes a line, single, with their characters at the right; without, as 16-bit words in
 * the machine's order. Lines equal to the one before are shown as one "*", unless -v is given. The last
 * line is the length. Several files are one stream.
 */
#include <ctype.h>
#include <stdbool.h>

#include "common.h"

static char **files;
static FILE *in;
static int status;

/* The next byte of all files, EOF at the end of the last. */
static int next_byte(void)
{
	int c;

	for (;;) {
		if (!in) {
			if (!*files)
				return EOF;
			in = strcmp(*files, "-") == 0 ? stdin : fopen(*files, "r");
			if (!in) {
				warn("%s", *files++);
				status = 1;
				continue;
			}
		}
		c = getc(in);
		if (c != EOF)
			return c;
		if (ferror(in)) {
			warn("%s", *files);
			status = 1;
		}
		if (in != stdin)
			fclose(in);
		in = NULL;
		files++;
	}
}

static void print_canonical(const unsigned char *line, int n)
{
	for (int i = 0; i < 16; i++) {
		if (i % 8 == 0)
			putchar(' ');
		if (i < n)
			printf(" %02x", line[i]);
		else
			printf("   ");
	}
	printf("  |");
	for (int i = 0; i < n; i++)
		putchar(isprint(line[i]) ? line[i] : '.');
	printf("|\n");
}

static void print_words(const unsigned char *line, int n)
{
	for (int i = 0; i < 16; i += 2) {
		if (i < n)
			printf(" %02x%02x", i + 1 < n ? line[i + 1] : 0, line[i]);
		else
			printf("     ");
	}
	putchar('\n');
}

static void dump(bool canonical, bool all, long long limit, long long offset)
{
	unsigned char line[16], before[16];
	bool have_before = false, starred = false;
	const char *format = canonical ? "%08llx" : "%07llx";
	int n, c;

	for (;;) {
		for (n = 0; n < 16 && limit != 0 && (c = next_byte()) != EOF; n++, limit--)
			line[n] = c;
		if (n == 0)
			break;
		if (!all && n == 16 && have_before && memcmp(line, before, 16) == 0) {
			if (!starred)
				puts("*");
			starred = true;
		} else {
			printf(format, offset);
			(canonical ? print_canonical : print_words)(line, n);
			starred = false;
		}
		memcpy(before, line, 16);
		have_before = n == 16;
		offset += n;
	}
	if (offset) {
		printf(format, offset);
		putchar('\n');
	}
}

int main(int argc, char **argv)
{
	static char *standard[] = { "-", NULL };
	long long limit = -1, skip = 0, skipped = 0;
	bool canonical = false, all = false;
	int c;

	while ((c = getopt(argc, argv, "Cvn:s:")) != -1) {
		switch (c) {
		case 'C': canonical = true; break;
		case 'v': all = true; break;
		case 'n': limit = number_in_base(optarg, 0); break;
		case 's': skip = number_in_base(optarg, 0); break;
		default: usage("hexdump [-C] [-v] [-n BYTES] [-s SKIP] [FILE...]");
		}
	}
	files = optind < argc ? argv + optind : standard;
	while (skipped < skip && next_byte() != EOF)
		skipped++;
	dump(canonical, all, limit, skipped);
	return finish(status);
}
