/* SPDX-License-Identifier: MIT */
/*
 * mv [-f] SOURCE... DESTINATION - rename files, or move them into a directory
 *
 * rename(2) does it, atomically. Only when source and destination lie on different filesystems (EXDEV)
 * the file is copied, with its owner, permissions and times, and the original removed afterwards; if the copy fails the
 * original stays. As with rename, a directory replaces an empty one only.
 */
#include "tree.h"

static int move(const char *src, const char *dst)
{
	struct stat st;

	if (rename(src, dst) == 0)
		return 0;
	if (errno != EXDEV || lstat(src, &st) < 0) {
		warn("cannot move '%s' to '%s'", src, dst);
		return 1;
	}
	if ((S_ISDIR(st.st_mode) ? rmdir(dst) : unlink(dst)) < 0 && errno != ENOENT) {
		warn("%s", dst);
		return 1;
	}
	if (copy_tree(src, dst, COPY_KEEP))
		return 1;
	return remove_tree(src);
}

int main(int argc, char **argv)
{
	int c, status = 0;
	char *dst;

	while ((c = getopt(argc, argv, "f")) != -1)
		if (c != 'f')
			usage("mv [-f] SOURCE... DESTINATION");
	if (argc - optind < 2)
		usage("mv [-f] SOURCE... DESTINATION");
	dst = argv[argc - 1];
	if (!is_directory(dst)) {
		if (argc - optind > 2)
			errx(1, "target '%s' is not a directory", dst);
		return move(argv[optind], dst);
	}
	for (int i = optind; i < argc - 1; i++) {
		char *name = strdup(argv[i]), *to;

		if (!name)
			err(1, NULL);
		to = join_path(dst, last_component(name));
		status |= move(argv[i], to);
		free(to);
		free(name);
	}
	return status;
}
