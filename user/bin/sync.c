/* SPDX-License-Identifier: MIT */
/*
 * sync [FILE...] - write what is dirty to the disk
 *
 * Without arguments everything; returns when the disk has it. With files only these (fsync).
 */
#include <fcntl.h>

#include "common.h"

int main(int argc, char **argv)
{
	int status = 0;

	if (argc > 1 && argv[1][0] == '-' && argv[1][1])
		usage("sync [FILE...]");
	if (argc == 1)
		sync();
	for (int i = 1; i < argc; i++) {
		int fd = open(argv[i], O_RDONLY);

		if (fd < 0 || fsync(fd) < 0) {
			warn("%s", argv[i]);
			status = 1;
		}
		if (fd >= 0)
			close(fd);
	}
	return status;
}
