/* SPDX-License-Identifier: MIT */
/*
 * env [-i] [-u NAME]... [NAME=VALUE]... [COMMAND [ARG...]] - run with a changed environment
 *
 * Without a command the environment is printed. Status 127 when the command is not found, 126 when it
 * cannot be run.
 */
#include "common.h"

extern char **environ;

int main(int argc, char **argv)
{
	static char *nothing[] = { NULL };
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "-i") == 0 || strcmp(argv[i], "-") == 0) {
			environ = nothing;
		} else if (strcmp(argv[i], "-u") == 0 && i + 1 < argc) {
			unsetenv(argv[++i]);
		} else if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		} else {
			usage("env [-i] [-u NAME]... [NAME=VALUE]... [COMMAND [ARG...]]");
		}
	}
	for (; i < argc && strchr(argv[i], '='); i++)
		if (putenv(argv[i]) != 0)
			err(125, "%s", argv[i]);
	if (i < argc) {
		execvp(argv[i], argv + i);
		err(errno == ENOENT ? 127 : 126, "%s", argv[i]);
	}
	for (char **e = environ; *e; e++)
		puts(*e);
	return finish(0);
}
