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
	bool newline = true, escapes = false;
	int i = 1;

	(void)format_print;
	for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (argv[i][1 + strspn(argv[i] + 1, "neE")])
			break;
		for (const char *s = argv[i] + 1; *s; s++) {
			newline &= *s != 'n';
			escapes = *s == 'n' ? escapes : *s == 'e';
		}
	}
	for (; i < argc; i++) {
		if (!escapes)
			fputs(argv[i], stdout);
		else if (!emit_escaped(argv[i], true))
			return finish(0);
		if (i < argc - 1)
			putchar(' ');
	}
	if (newline)
		putchar('\n');
	return finish(0);
}
