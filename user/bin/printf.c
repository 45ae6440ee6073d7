/* SPDX-License-Identifier: MIT */
/*
 * printf FORMAT [ARG...] - write the arguments as the format says
 *
 * The language is in printf_format.h, which the shell shares.
 * Status 1 after an argument that is not a number where one is wanted; output goes on.
 */
#include <stdbool.h>

#include "common.h"

static void emit(const char *s, size_t n)
{
	fwrite(s, 1, n, stdout);
}

static void complain(const char *fmt, const char *arg)
{
	warnx(fmt, arg);
}

#include "printf_format.h"

int main(int argc, char **argv)
{
	int i = argc > 1 && strcmp(argv[1], "--") == 0 ? 2 : 1;

	if (i >= argc)
		usage("printf FORMAT [ARG...]");
	return finish(format_print(argv[i], argv + i + 1));
}
