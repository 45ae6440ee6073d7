/* SPDX-License-Identifier: MIT */
/*
 * uniq [-cdui] [INPUT [OUTPUT]] - leave out lines equal to the one before
 *
 * -c puts the number of repetitions in front, -d prints only lines that were repeated, -u only those that
 * were not, -i ignores case. Lines may have any length.
 */
#include <stdbool.h>
#include <strings.h>

#include "lines.h"

static bool opt_count, opt_repeated, opt_unique;

static void print(const struct line *l, unsigned long long n)
{
	if (!n || (opt_repeated && n == 1) || (opt_unique && n > 1))
		return;
	if (opt_count)
		printf("%7llu ", n);
	fwrite(l->s, 1, l->len, stdout);
	putchar('\n');
}

static bool same(const struct line *a, const struct line *b, bool fold)
{
	if (a->len != b->len)
		return false;
	return fold ? strncasecmp(a->s, b->s, a->len) == 0 : memcmp(a->s, b->s, a->len) == 0;
}

int main(int argc, char **argv)
{
	struct line now = { 0 }, before = { 0 }, t;
	unsigned long long n = 0;
	bool fold = false;
	int c;

	while ((c = getopt(argc, argv, "cdui")) != -1) {
		if (c == '?')
			usage("uniq [-cdui] [INPUT [OUTPUT]]");
		opt_count |= c == 'c';
		opt_repeated |= c == 'd';
		opt_unique |= c == 'u';
		fold |= c == 'i';
	}
	if (argc - optind > 2)
		usage("uniq [-cdui] [INPUT [OUTPUT]]");
	if (optind < argc && strcmp(argv[optind], "-") != 0 && !freopen(argv[optind], "r", stdin))
		err(1, "%s", argv[optind]);
	if (optind + 1 < argc && !freopen(argv[optind + 1], "w", stdout))
		err(1, "%s", argv[optind + 1]);
	while (line_read(stdin, &now)) {
		if (n && same(&now, &before, fold)) {
			n++;
			continue;
		}
		print(&before, n);
		t = before;
		before = now;
		now = t;
		n = 1;
	}
	print(&before, n);
	if (ferror(stdin))
		err(1, "read error");
	return finish(0);
}
