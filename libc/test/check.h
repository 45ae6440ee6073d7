/* SPDX-License-Identifier: MIT */
/*
 * The library's own tests: small programs that end with 0, or name what failed on standard error and
 * end with 1. They need an empty working folder that they may write to, and hold on Linux with another C
 * library as well, except where a test says so. They are compiled with -fno-builtin, so that the
 * library's functions are called and not the compiler's knowledge of them.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition) \
	((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition))

#define CHECK_TEXT(got, wanted) check_text(__FILE__, __LINE__, got, wanted)

static inline void check_failed(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, what);
	exit(1);
}

static inline void check_text(const char *file, int line, const char *got, const char *wanted)
{
	if (strcmp(got, wanted) == 0)
		return;
	fprintf(stderr, "%s:%d: got \"%s\", wanted \"%s\"\n", file, line, got, wanted);
	exit(1);
}

#endif
