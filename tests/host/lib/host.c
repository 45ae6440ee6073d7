/* SPDX-License-Identifier: MIT */
/*
 * The frame of the host tests: runs a table of tests, prints one TAP line for each, and stands in
 * for the kernel's panic. A failed check prints where and with which seed, and ends the program: a
 * property test that went wrong once says nothing new the second time. A panic of the code under
 * test is a failure, unless the test asked for it (host_panics).
 */
#include "host.h"

#include <stdarg.h>

static uint64_t seed = 1;
static uint64_t state;
static unsigned number;
static const char *current;
static jmp_buf *panic_expected;

uint64_t host_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

void host_fail(const char *file, int line, const char *what)
{
	printf("# %s:%d: failed: %s (seed %lu)\nnot ok %u - %s\n", file, line, what, seed, number, current);
	exit(1);
}

_Noreturn void panic(const char *fmt, ...)
{
	va_list ap;

	if (panic_expected)
		longjmp(*panic_expected, 1);
	va_start(ap, fmt);
	printf("# panic: ");
	vprintf(fmt, ap);
	printf(" (seed %lu)\nnot ok %u - %s\n", seed, number, current);
	exit(1);
}

int host_panics(void (*fn)(void *), void *arg)
{
	jmp_buf here;
	int panicked = setjmp(here);

	if (!panicked) {
		panic_expected = &here;
		fn(arg);
	}
	panic_expected = NULL;
	return panicked;
}

int host_main(const struct host_test *tests, size_t count, int argc, char **argv)
{
	number = argc > 1 ? (unsigned)atoi(argv[1]) : 1;
	if (argc > 2)
		seed = strtoull(argv[2], NULL, 0) | 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < count; i++, number++) {
		current = tests[i].name;
		state = seed * 0x9e3779b97f4a7c15ul;
		tests[i].run();
		printf("ok %u - %s\n", number, current);
	}
	return 0;
}
