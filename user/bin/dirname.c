/* SPDX-License-Identifier: MIT */
/* dirname PATH... - all but the last component of each path */
#include "common.h"

int main(int argc, char **argv)
{
	if (argc < 2)
		usage("dirname PATH...");
	for (int i = 1; i < argc; i++) {
		char *name = last_component(argv[i]);

		if (name == argv[i]) {
			puts(*name == '/' ? "/" : ".");
			continue;
		}
		while (name > argv[i] + 1 && name[-1] == '/')
			name--;
		*name = '\0';
		puts(argv[i]);
	}
	return finish(0);
}
