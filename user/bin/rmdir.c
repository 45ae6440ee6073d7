/* SPDX-License-Identifier: MIT */
/*
 * rmdir [-p] DIRECTORY... - remove empty directories
 *
 * With -p the parents named in the path are removed as well, as long as that works.
 */
#include <stdbool.h>

#include "common.h"

static int remove_one(char *path, bool parents)
{
	char *slash;

	do {
		if (rmdir(path) < 0) {
			warn("failed to remove '%s'", path);
			return 1;
		}
		last_component(path);
		slash = strrchr(path, '/');
		if (slash)
			*slash = '\0';
	} while (parents && slash && *path);
	return 0;
}

int main(int argc, char **argv)
{
	bool parents = false;
	int c, status = 0;

	while ((c = getopt(argc, argv, "p")) != -1) {
		if (c != 'p')
			usage("rmdir [-p] DIRECTORY...");
		parents = true;
	}
	if (optind == argc)
		usage("rmdir [-p] DIRECTORY...");
	for (int i = optind; i < argc; i++)
		status |= remove_one(argv[i], parents);
	return status;
}
