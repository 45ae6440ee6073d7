/* SPDX-License-Identifier: MIT */
/*
 * rm [-rRf] FILE... - remove files, with -r also directories and what is in them
 *
 * Never asks. With -f a file that does not exist is no error. "/", "." and ".." are refused. Symbolic
 * links are removed, never followed.
 */
#include "tree.h"

static bool refused(const char *path)
{
	char *copy = strdup(path), *name;
	bool bad;

	if (!copy)
		err(1, NULL);
	name = last_component(copy);
	bad = strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "/") == 0;
	free(copy);
	return bad;
}

static int remove_one(const char *path, bool recursive, bool force)
{
	struct stat st;

	if (lstat(path, &st) < 0) {
		if (force && (errno == ENOENT || errno == ENOTDIR))
			return 0;
		warn("cannot remove '%s'", path);
		return 1;
	}
	if (S_ISDIR(st.st_mode) && !recursive) {
		warnx("cannot remove '%s': %s", path, strerror(EISDIR));
		return 1;
	}
	if (refused(path)) {
		warnx("refusing to remove '%s'", path);
		return 1;
	}
	return remove_tree(path);
}

int main(int argc, char **argv)
{
	bool recursive = false, force = false;
	int c, status = 0;

	while ((c = getopt(argc, argv, "rRf")) != -1) {
		if (c == '?')
			usage("rm [-rf] FILE...");
		recursive |= c == 'r' || c == 'R';
		force |= c == 'f';
	}
	if (optind == argc && !force)
		usage("rm [-rf] FILE...");
	for (int i = optind; i < argc; i++)
		status |= remove_one(argv[i], recursive, force);
	return status;
}
