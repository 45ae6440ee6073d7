/* SPDX-License-Identifier: MIT */
/* basename PATH [SUFFIX] - the last component of a path, less the suffix if it is not all of it */
#include "common.h"

int main(int argc, char **argv)
{
	size_t n, suffix;
	char *name;

	if (argc < 2 || argc > 3)
		usage("basename PATH [SUFFIX]");
	name = last_component(argv[1]);
	n = strlen(name);
	suffix = argc > 2 ? strlen(argv[2]) : 0;
	if (suffix && suffix < n && strcmp(name + n - suffix, argv[2]) == 0)
		name[n - suffix] = '\0';
	puts(name);
	return finish(0);
}
