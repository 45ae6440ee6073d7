/* SPDX-License-Identifier: MIT */
/*
 * Copying and removing files and whole directories, for cp, mv and rm. Each returns 0, or 1 after a
 * message, and goes on with the next entry after a failure.
 *
 * Plain files are copied with what is in them, everything else is made anew: directories with their entries, links
 * with their text, pipes and devices with their numbers.
 */
#ifndef BIN_TREE_H
#define BIN_TREE_H

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>

#include "common.h"

static inline int copy_data(int in, int out, const char *src, const char *dst)
{
	static char buf[65536];
	ssize_t n;

	while ((n = read(in, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			warn("%s", src);
			return 1;
		}
		if (write_full(out, buf, n) < 0) {
			warn("%s", dst);
			return 1;
		}
	}
	return 0;
}

enum {
	COPY_FOLLOW = 1, /* a symbolic link is copied as what it points to, and a pipe as what comes out of it */
	COPY_FORCE = 2,  /* what cannot be written to is removed first */
	COPY_KEEP = 4,   /* owner, permissions and times are the original's */
};

/* Where the owner may not be given away, permissions that act in his name are not either. */
static inline int keep_attributes(const char *dst, const struct stat *st)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };
	mode_t bits = lchown(dst, st->st_uid, st->st_gid) == 0 ? 07777 : 0777;

	if ((S_ISLNK(st->st_mode) || chmod(dst, st->st_mode & bits) == 0) &&
	    utimensat(AT_FDCWD, dst, times, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	warn("preserving the attributes of %s", dst);
	return 1;
}

static inline int copy_file(const char *src, const char *dst, mode_t mode, bool force)
{
	int in = open(src, O_RDONLY), out, status;

	if (in < 0) {
		warn("%s", src);
		return 1;
	}
	out = open(dst, O_WRONLY | O_CREAT | O_TRUNC, mode & 0777);
	if (out < 0 && force && unlink(dst) == 0)
		out = open(dst, O_WRONLY | O_CREAT | O_TRUNC, mode & 0777);
	if (out < 0) {
		warn("%s", dst);
		close(in);
		return 1;
	}
	status = copy_data(in, out, src, dst);
	close(in);
	if (close(out) < 0) {
		warn("%s", dst);
		status = 1;
	}
	return status;
}

/* What has no data to copy; it takes the place of what is there. */
static inline int copy_special(const char *src, const char *dst, const struct stat *st)
{
	char target[PATH_MAX];
	ssize_t n = S_ISLNK(st->st_mode) ? readlink(src, target, sizeof(target) - 1) : 0;

	if (n < 0) {
		warn("%s", src);
		return 1;
	}
	target[n] = '\0';
	if ((unlink(dst) == 0 || errno == ENOENT) &&
	    (S_ISLNK(st->st_mode) ? symlink(target, dst) : mknod(dst, st->st_mode, st->st_rdev)) == 0)
		return 0;
	warn("%s", dst);
	return 1;
}

static inline int copy_tree(const char *src, const char *dst, unsigned how);

/* While it is being filled the copy can be written to, whatever the original's permissions. */
static inline int copy_directory(const char *src, const char *dst, mode_t mode, unsigned how)
{
	DIR *dir = opendir(src);
	struct dirent *e;
	int status = 0;
	bool made;

	if (!dir) {
		warn("%s", src);
		return 1;
	}
	made = mkdir(dst, (mode & 0777) | 0700) == 0;
	if (!made && (errno != EEXIST || !is_directory(dst))) {
		warn("%s", dst);
		closedir(dir);
		return 1;
	}
	while ((e = readdir(dir))) {
		char *from, *to;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		from = join_path(src, e->d_name);
		to = join_path(dst, e->d_name);
		status |= copy_tree(from, to, how & ~COPY_FOLLOW);
		free(from);
		free(to);
	}
	closedir(dir);
	if (made && (mode & 0700) != 0700) {
		mode_t mask = umask(0);

		umask(mask);
		chmod(dst, mode & 0777 & ~mask);
	}
	return status;
}

/* Copy whatever src is. */
static inline int copy_tree(const char *src, const char *dst, unsigned how)
{
	struct stat st, to;
	int status;

	if ((how & COPY_FOLLOW ? stat(src, &st) : lstat(src, &st)) < 0) {
		warn("%s", src);
		return 1;
	}
	if ((stat(dst, &to) == 0 && to.st_dev == st.st_dev && to.st_ino == st.st_ino) ||
	    (lstat(dst, &to) == 0 && to.st_dev == st.st_dev && to.st_ino == st.st_ino)) {
		warnx("%s and %s are the same file", src, dst);
		return 1;
	}
	if (S_ISDIR(st.st_mode))
		status = copy_directory(src, dst, st.st_mode, how);
	else if (S_ISREG(st.st_mode) || how & COPY_FOLLOW)
		status = copy_file(src, dst, st.st_mode, how & COPY_FORCE);
	else
		status = copy_special(src, dst, &st);
	if (!status && how & COPY_KEEP)
		status = keep_attributes(dst, &st);
	return status;
}

/* Remove a file, or a directory with all that is in it. */
static inline int remove_tree(const char *path)
{
	struct stat st;
	struct dirent *e;
	int status = 0;
	DIR *dir;

	if (lstat(path, &st) < 0) {
		warn("%s", path);
		return 1;
	}
	if (!S_ISDIR(st.st_mode)) {
		if (unlink(path) == 0)
			return 0;
		warn("%s", path);
		return 1;
	}
	dir = opendir(path);
	if (!dir && rmdir(path) < 0) {
		warn("%s", path);
		return 1;
	}
	while (dir && (e = readdir(dir))) {
		char *inner;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		inner = join_path(path, e->d_name);
		status |= remove_tree(inner);
		free(inner);
	}
	if (!dir)
		return 0;
	closedir(dir);
	if (!status && rmdir(path) < 0) {
		warn("%s", path);
		status = 1;
	}
	return status;
}

#endif
