/* SPDX-License-Identifier: MIT */
/*
 * touch [-cam] [-d @SECONDS] [-r FILE] FILE... - set the times of files to now, making empty ones that are missing
 *
 * -c makes no file, -a and -m set only the time of access or of modification, -d gives another time than
 * now, in seconds since 1970, -r those of another file.
 */
#include <fcntl.h>
#include <stdbool.h>

#include "common.h"

#define USAGE "touch [-cam] [-d @SECONDS] [-r FILE] FILE..."

int main(int argc, char **argv)
{
	struct timespec now[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_OMIT } };
	struct timespec when[2] = { { .tv_nsec = UTIME_NOW }, { .tv_nsec = UTIME_NOW } };
	struct stat st;
	bool create = true, access = false, modify = false;
	int c, status = 0;
	char *end;

	while ((c = getopt(argc, argv, "camd:r:")) != -1) {
		switch (c) {
		case 'c': create = false; break;
		case 'a': access = true; break;
		case 'm': modify = true; break;
		case 'd':
			when[0] = when[1] = (struct timespec){ .tv_sec = strtoll(optarg + (*optarg == '@'), &end, 10) };
			if (*optarg != '@' || *end || end == optarg + 1)
				errx(USAGE_STATUS, "-d %s: only @SECONDS is understood", optarg);
			break;
		case 'r':
			if (stat(optarg, &st) < 0)
				err(1, "%s", optarg);
			when[0] = st.st_atim;
			when[1] = st.st_mtim;
			break;
		default: usage(USAGE);
		}
	}
	if (optind == argc)
		usage(USAGE);
	if (access || !modify)
		now[0] = when[0];
	if (modify || !access)
		now[1] = when[1];
	for (int i = optind; i < argc; i++) {
		int fd;

		if (utimensat(AT_FDCWD, argv[i], now, 0) == 0 || (!create && errno == ENOENT))
			continue;
		fd = errno == ENOENT ? open(argv[i], O_WRONLY | O_CREAT, 0666) : -1;
		if (fd < 0) {
			warn("cannot touch '%s'", argv[i]);
			status = 1;
			continue;
		}
		if (when[0].tv_nsec != UTIME_NOW)
			futimens(fd, now);
		close(fd);
	}
	return status;
}
