/* SPDX-License-Identifier: MIT */
/*
 * cp [-rRfpa] SOURCE... DESTINATION - copy files, with -r also directories
 *
 * When the destination is a directory the copies go into it under their own names. Without -r symbolic links are
 * followed, with it they are copied as links. -f removes a destination that cannot be opened. Permissions are copied
 * less the umask; with -p owner, permissions and times are kept. -a is -r with -p.
 */
#include <libgen.h>

#include "tree.h"

#define USAGE "cp [-rRfpa] SOURCE... DESTINATION"

static int copy(const char *src, const char *dst, unsigned how)
{
	struct stat st;

	if (how & COPY_FOLLOW && stat(src, &st) == 0 && S_ISDIR(st.st_mode)) {
		warnx("-r not given; omitting directory '%s'", src);
		return 1;
	}
	return copy_tree(src, dst, how);
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

static int copy_to(const char *src, const char *dst, unsigned how)
{
	if (how & COPY_FOLLOW || !inside(src, dst))
		return copy(src, dst, how);
	warnx("cannot copy '%s' into itself", src);
	return 1;
}

int main(int argc, char **argv)
{
	unsigned how = COPY_FOLLOW;
	int c, status = 0;
	char *dst;

	while ((c = getopt(argc, argv, "rRfpa")) != -1) {
		if (c == '?')
			usage(USAGE);
		if (c == 'f')
			how |= COPY_FORCE;
		if (c == 'p' || c == 'a')
			how |= COPY_KEEP;
		if (c == 'r' || c == 'R' || c == 'a')
			how &= ~COPY_FOLLOW;
	}
	if (argc - optind < 2)
		usage(USAGE);
	dst = argv[argc - 1];
	if (!is_directory(dst)) {
		if (argc - optind > 2)
			errx(1, "target '%s' is not a directory", dst);
		return copy_to(argv[optind], dst, how);
	}
	for (int i = optind; i < argc - 1; i++) {
		char *name = strdup(argv[i]), *to;

		if (!name)
			err(1, NULL);
		to = join_path(dst, last_component(name));
		status |= copy_to(argv[i], to, how);
		free(to);
		free(name);
	}
	return status;
}
