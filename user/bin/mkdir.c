/* SPDX-License-Identifier: MIT */
/*
 * mkdir [-p] [-m MODE] DIRECTORY... - make directories
 *
 * With -p missing parents are made too, and a directory that exists already is no error. The mode is
 * octal and holds for the last directory only; parents get 0777 less the umask.
 */
#include <stdbool.h>

#include "common.h"

static int make_parents(char *path)
{
	for (char *s = path + strspn(path, "/"); *s; s++) {
		int failed;

		if (*s != '/')
			continue;
		*s = '\0';
		failed = mkdir(path, 0777) < 0 && !is_directory(path);
		if (failed)
			warn("cannot create directory '%s'", path);
		*s = '/';
		if (failed)
			return 1;
		s += strspn(s, "/") - 1;
	}
	return 0;
}

static int make(char *path, bool parents, mode_t mode, bool has_mode)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		path[--n] = '\0';
	if (parents && make_parents(path))
		return 1;
	if (mkdir(path, mode) < 0) {
		if (parents && errno == EEXIST && is_directory(path))
			return 0;
		warn("cannot create directory '%s'", path);
		return 1;
	}
	if (has_mode && chmod(path, mode) < 0) {
		warn("%s", path);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	bool parents = false, has_mode = false;
	mode_t mode = 0777;
	int c, status = 0;
	char *end;

	while ((c = getopt(argc, argv, "pm:")) != -1) {
		if (c == 'p') {
			parents = true;
		} else if (c == 'm') {
			mode = strtoul(optarg, &end, 8);
			has_mode = true;
			if (*end || end == optarg || mode > 07777)
				errx(USAGE_STATUS, "%s: bad mode", optarg);
		} else {
			usage("mkdir [-p] [-m MODE] DIRECTORY...");
		}
	}
	if (optind == argc)
		usage("mkdir [-p] [-m MODE] DIRECTORY...");
	for (int i = optind; i < argc; i++)
		status |= make(argv[i], parents, mode, has_mode);
	return status;
}
