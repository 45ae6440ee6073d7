/* SPDX-License-Identifier: MIT */
/*
 * cp [-rRf] SOURCE... DESTINATION - copy files, with -r also directories
 *
 * When the destination is a directory the copies go into it under their own names. Symbolic links are
 * followed when they are arguments and copied as links inside a directory that is copied. -f removes a
 * destination that cannot be opened. Permissions are copied less the umask; owners and times are not.
 */
#include <libgen.h>

#include "tree.h"

static int copy(const char *src, const char *dst, bool recursive, bool force)
{
	struct stat st;

	if (!recursive && stat(src, &st) == 0 && S_ISDIR(st.st_mode)) {
		warnx("-r not given; omitting directory '%s'", src);
		return 1;
	}
	return copy_tree(src, dst, !recursive, force);
}

/* Would copying src to dst, which need not exist yet, put a directory into itself? */
static bool inside(const char *src, const char *dst)
{
	char a[PATH_MAX], b[PATH_MAX], folder[PATH_MAX];
	size_t n;

	snprintf(folder, sizeof(folder), "%s", dst);
	if (!realpath(src, a) || (!realpath(dst, b) && !realpath(dirname(folder), b)))
		return false;
	n = strlen(a);
	return is_directory(src) && strncmp(a, b, n) == 0 && (b[n] == '/' || !b[n]);
}

static int copy_to(const char *src, const char *dst, bool recursive, bool force)
{
	if (!recursive || !inside(src, dst))
		return copy(src, dst, recursive, force);
	warnx("cannot copy '%s' into itself", src);
	return 1;
}

int main(int argc, char **argv)
{
	bool recursive = false, force = false;
	int c, status = 0;
	char *dst;

	while ((c = getopt(argc, argv, "rRf")) != -1) {
		if (c == '?')
			usage("cp [-rf] SOURCE... DESTINATION");
		recursive |= c == 'r' || c == 'R';
		force |= c == 'f';
	}
	if (argc - optind < 2)
		usage("cp [-rf] SOURCE... DESTINATION");
	dst = argv[argc - 1];
	if (!is_directory(dst)) {
		if (argc - optind > 2)
			errx(1, "target '%s' is not a directory", dst);
		return copy_to(argv[optind], dst, recursive, force);
	}
	for (int i = optind; i < argc - 1; i++) {
		char *name = strdup(argv[i]), *to;

		if (!name)
			err(1, NULL);
		to = join_path(dst, last_component(name));
		status |= copy_to(argv[i], to, recursive, force);
		free(to);
		free(name);
	}
	return status;
}
