/* SPDX-License-Identifier: MIT */
/*
 * ln [-sfn] TARGET [LINK], ln [-sf] TARGET... DIRECTORY - make hard or symbolic links
 *
 * Without LINK the link gets the target's name in the working directory. -f removes what stands at the
 * place of the link first; -n treats a link to a directory at that place as a file to replace.
 */
#include <stdbool.h>

#include "common.h"

static bool symbolic, force;

static bool made(const char *target, const char *path)
{
	return (symbolic ? symlink(target, path) : link(target, path)) == 0;
}

/* What stands at the place goes only when nothing else is in the link's way, and not if it is that link already. */
static int make(const char *target, const char *path)
{
	struct stat a, b;

	if (made(target, path))
		return 0;
	if (force && errno == EEXIST) {
		if (!symbolic && lstat(target, &a) == 0 && lstat(path, &b) == 0 && a.st_dev == b.st_dev &&
		    a.st_ino == b.st_ino) {
			if (b.st_nlink > 1)
				return 0;
			warnx("'%s' and '%s' are the same file", target, path);
			return 1;
		}
		if (unlink(path) == 0 && made(target, path))
			return 0;
	}
	warn("failed to make link '%s' to '%s'", path, target);
	return 1;
}

static int make_in(const char *target, const char *dir)
{
	char *name = strdup(target), *path;
	int status;

	if (!name)
		err(1, NULL);
	path = join_path(dir, last_component(name));
	status = make(target, strcmp(dir, ".") == 0 ? last_component(name) : path);
	free(path);
	free(name);
	return status;
}

int main(int argc, char **argv)
{
	const char *last;
	bool as_file = false;
	struct stat st;
	int c, status = 0;

	while ((c = getopt(argc, argv, "sfn")) != -1) {
		if (c == '?')
			usage("ln [-sfn] TARGET... LINK|DIRECTORY");
		symbolic |= c == 's';
		force |= c == 'f';
		as_file |= c == 'n';
	}
	if (optind == argc)
		usage("ln [-sfn] TARGET... LINK|DIRECTORY");
	if (argc - optind == 1)
		return make_in(argv[optind], ".");
	last = argv[argc - 1];
	if (as_file && lstat(last, &st) == 0 && S_ISLNK(st.st_mode))
		return make(argv[optind], last);
	if (!is_directory(last)) {
		if (argc - optind > 2)
			errx(1, "target '%s' is not a directory", last);
		return make(argv[optind], last);
	}
	for (int i = optind; i < argc - 1; i++)
		status |= make_in(argv[i], last);
	return status;
}
