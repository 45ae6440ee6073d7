/* SPDX-License-Identifier: MIT */
/*
 * umount [-l] FOLDER... - take away what is mounted over these folders
 *
 * Everything is written first. With -l also what is in use: it disappears from the tree at once.
 */
#include <sys/mount.h>

#include "common.h"

int main(int argc, char **argv)
{
	int c, flags = 0, status = 0;

	while ((c = getopt(argc, argv, "l")) != -1) {
		if (c != 'l')
			usage("umount [-l] FOLDER...");
		flags = MNT_DETACH;
	}
	if (optind == argc)
		usage("umount [-l] FOLDER...");
	for (; optind < argc; optind++) {
		if (umount2(argv[optind], flags) < 0) {
			warn("%s", argv[optind]);
			status = 1;
		}
	}
	return status;
}
