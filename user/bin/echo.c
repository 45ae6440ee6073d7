/* SPDX-License-Identifier: MIT */
/*
 * echo [-neE] [STRING...] - write the arguments, separated by spaces
 *
 * As GNU echo: -n leaves the newline away, -e interprets backslash escapes, -E (the default) does not.
 * An argument that only looks like options, such as -nx, is a string. The escapes are those of
 * printf's %b. The shell has the same echo built in.
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
	(void)format_print;
	echo_print(argc, argv);
	return finish(0);
}
