/* SPDX-License-Identifier: MIT */
/*
 * cat [-u] [FILE...] - write files to standard output, one after the other
 *
 * "-" and no argument at all mean standard input. Bytes go straight from read to write: with stdio in
 * between a terminal would not see a line before the buffer is full. A file that cannot be read is
 * reported and the next one is tried; a failed write ends everything, except that a closed pipe is no
 * error worth a message. Copying a file onto itself (cat f >>f) would never end and is refused.
 */
#include <fcntl.h>

#include "common.h"

static char buf[65536];

static int cat(int fd, const char *name)
{
	struct stat in, out;
	ssize_t n;

	if (fstat(fd, &in) == 0 && fstat(1, &out) == 0 && S_ISREG(in.st_mode) && in.st_size > 0 &&
	    in.st_dev == out.st_dev && in.st_ino == out.st_ino) {
		warnx("%s: input file is output file", name);
		return 1;
	}
	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			warn("%s", name);
			return 1;
		}
		if (write_full(1, buf, n) < 0) {
			if (errno != EPIPE)
				warn("write error");
			exit(1);
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	int c, fd, status = 0;

	while ((c = getopt(argc, argv, "u")) != -1)
		if (c != 'u')
			usage("cat [-u] [FILE...]");
	if (optind == argc)
		return cat(0, "standard input");
	for (int i = optind; i < argc; i++) {
		if (strcmp(argv[i], "-") == 0) {
			status |= cat(0, "standard input");
			continue;
		}
		fd = open(argv[i], O_RDONLY);
		if (fd < 0) {
			warn("%s", argv[i]);
			status = 1;
			continue;
		}
		status |= cat(fd, argv[i]);
		close(fd);
	}
	return status;
}
