/* SPDX-License-Identifier: MIT */
/*
 * test EXPRESSION, [ EXPRESSION ] - evaluate a condition: status 0 true, 1 false, 2 error
 *
 * The language is in test_expr.h, which the shell shares. Called by a name that ends in "[", the last
 * argument must be "]".
 */
#include <stdbool.h>

#include "common.h"

static void complain(const char *fmt, const char *arg)
{
	warnx(fmt, arg);
}

#include "test_expr.h"

int main(int argc, char **argv)
{
	size_t n = argc ? strlen(argv[0]) : 0;

	if (n && argv[0][n - 1] == '[' && strcmp(argv[--argc], "]") != 0)
		errx(USAGE_STATUS, "missing ]");
	return test_run(argv + 1, argc - 1);
}
