/* SPDX-License-Identifier: MIT */
/*
 * Emptying the folder in which a test ran, for the two programs that run tests: tests/user/runner.c and
 * tests/diff/list.c.
 */
#ifndef EMPTY_FOLDER_H
#define EMPTY_FOLDER_H

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Removes what a test has left in a folder; a test may have made it hard. */
static inline void empty_folder(const char *path)
{
	char inside[512];
	DIR *dir;
	struct dirent *entry;

	chmod(path, 0777);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(inside, sizeof(inside), "%s/%s", path, entry->d_name);
		if (unlink(inside) < 0) {
			empty_folder(inside);
			rmdir(inside);
		}
	}
	if (dir)
		closedir(dir);
}

#endif
