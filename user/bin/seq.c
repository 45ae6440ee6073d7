/* SPDX-License-Identifier: MIT */
/*
 * seq [-w] [-s STRING] [FIRST [STEP]] LAST - print whole numbers
 *
 * -s puts another string than a newline between them, -w makes them equally wide with leading zeros.
 */
#include <stdbool.h>

#include "common.h"

static long long parse(const char *s)
{
	char *end;
	long long v = strtoll(s, &end, 10);

	if (end == s || *end)
		errx(USAGE_STATUS, "%s: not a whole number", s);
	return v;
}

int main(int argc, char **argv)
{
	long long first = 1, step = 1, last, v;
	const char *separator = "\n";
	int i = 1, n, width = 0;
	bool wide = false;

	/* By hand, for -3 is a number. */
	for (; i < argc && argv[i][0] == '-' && argv[i][1] && !(argv[i][1] >= '0' && argv[i][1] <= '9'); i++) {
		if (strcmp(argv[i], "-w") == 0)
			wide = true;
		else if (argv[i][1] == 's' && (argv[i][2] || i + 1 < argc))
			separator = argv[i][2] ? argv[i] + 2 : argv[++i];
		else
			usage("seq [-w] [-s STRING] [FIRST [STEP]] LAST");
	}
	n = argc - i;
	if (n < 1 || n > 3)
		usage("seq [-w] [-s STRING] [FIRST [STEP]] LAST");
	last = parse(argv[argc - 1]);
	if (n > 1)
		first = parse(argv[i]);
	if (n > 2)
		step = parse(argv[i + 1]);
	if (!step)
		errx(USAGE_STATUS, "the step must not be 0");
	if (wide) {
		int a = snprintf(NULL, 0, "%lld", first), b = snprintf(NULL, 0, "%lld", last);

		width = a > b ? a : b;
	}
	for (v = first; step > 0 ? v <= last : v >= last; v += step) {
		printf("%s%0*lld", v == first ? "" : separator, width, v);
		if (step > 0 ? v > last - step : v < last - step)
			break;
	}
	if (step > 0 ? first <= last : first >= last)
		putchar('\n');
	return finish(0);
}
