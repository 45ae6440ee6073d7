/* SPDX-License-Identifier: MIT */
/*
 * Copying and removing files and whole directories, for cp, mv and rm. Each returns 0, or 1 after a
 * message, and goes on with the next entry after a failure.
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

static inline int copy_link(const char *src, const char *dst)
{
	char target[PATH_MAX];
	ssize_t n = readlink(src, target, sizeof(target) - 1);

	if (n >= 0) {
		target[n] = '\0';
		if (symlink(target, dst) == 0)
			return 0;
	}
	warn("%s", n < 0 ? src : dst);
	return 1;
}

static inline int copy_tree(const char *src, const char *dst, bool follow, bool force);

static inline int copy_directory(const char *src, const char *dst, mode_t mode, bool force)
{
	DIR *dir = opendir(src);
	struct dirent *e;
	int status = 0;

	if (!dir) {
		warn("%s", src);
		return 1;
	}
	if (mkdir(dst, (mode & 0777) | 0700) < 0 && (errno != EEXIST || !is_directory(dst))) {
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
		status |= copy_tree(from, to, false, force);
		free(from);
		free(to);
	}
	closedir(dir);
	return status;
}

/* Copy whatever src is; with `follow` a symbolic link is copied as what it points to. */
static inline int copy_tree(const char *src, const char *dst, bool follow, bool force)
{
	struct stat st, to;

	if ((follow ? stat(src, &st) : lstat(src, &st)) < 0) {
		warn("%s", src);
		return 1;
	}
	if (stat(dst, &to) == 0 && to.st_dev == st.st_dev && to.st_ino == st.st_ino) {
		warnx("%s and %s are the same file", src, dst);
		return 1;
	}
	if (S_ISDIR(st.st_mode))
		return copy_directory(src, dst, st.st_mode, force);
	if (S_ISLNK(st.st_mode))
		return copy_link(src, dst);
	return copy_file(src, dst, st.st_mode, force);
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
