/* SPDX-License-Identifier: MIT */
/* The few things that several programs of this folder share. */
#ifndef BIN_COMMON_H
#define BIN_COMMON_H

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define USAGE_STATUS 2

/* Print how the program is used and leave with status 2. */
static inline void usage(const char *text)
{
	fprintf(stderr, "usage: %s\n", text);
	exit(USAGE_STATUS);
}

/* Everything written has arrived, or the status is a failure: to be called last. */
static inline int finish(int status)
{
	if (fflush(stdout) != 0 || ferror(stdout)) {
		if (errno != EPIPE)
			warn("write error");
		return status ? status : 1;
	}
	return status;
}

/* A whole number with an optional suffix K, M or G (1024 each); leaves with a message otherwise. Base 0: as in C. */
static inline long long number_in_base(const char *s, int base)
{
	static const char suffixes[] = "kKmMgG";
	const char *suffix;
	long long unit = 1, v;
	char *end;

	errno = 0;
	v = strtoll(s, &end, base);
	if (end != s && *end && (suffix = strchr(suffixes, *end))) {
		unit <<= 10 * ((suffix - suffixes) / 2 + 1);
		end++;
	}
	if (end == s || *end)
		errx(USAGE_STATUS, "%s: not a number", s);
	if (errno || __builtin_mul_overflow(v, unit, &v))
		errx(USAGE_STATUS, "%s: too large", s);
	return v;
}

static inline long long number_arg(const char *s) { return number_in_base(s, 10); }

/* Write all of it to a descriptor; -1 with errno. */
static inline int write_full(int fd, const void *data, size_t n)
{
	const char *s = data;

	while (n) {
		ssize_t w = write(fd, s, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -1;
		s += w;
		n -= w;
	}
	return 0;
}

/* The last component of a path; slashes at its end do not count. In place. */
static inline char *last_component(char *path)
{
	size_t n = strlen(path);
	char *slash;

	while (n > 1 && path[n - 1] == '/')
		path[--n] = '\0';
	slash = strrchr(path, '/');
	return slash && slash[1] ? slash + 1 : path;
}

/* dir/name in memory of its own. */
static inline char *join_path(const char *dir, const char *name)
{
	size_t n = strlen(dir);
	char *path = malloc(n + strlen(name) + 2);

	if (!path)
		err(1, NULL);
	memcpy(path, dir, n);
	if (n && dir[n - 1] != '/')
		path[n++] = '/';
	strcpy(path + n, name);
	return path;
}

static inline int is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The type letter and the nine permissions of ls -l; text has 11 bytes. */
static inline void mode_text(mode_t mode, char *text)
{
	static const char bits[] = "rwxrwxrwx";

	text[0] = S_ISDIR(mode) ? 'd' : S_ISLNK(mode) ? 'l' : S_ISCHR(mode) ? 'c' : S_ISBLK(mode) ? 'b' :
		  S_ISFIFO(mode) ? 'p' : S_ISSOCK(mode) ? 's' : '-';
	for (int i = 0; i < 9; i++)
		text[i + 1] = mode & (0400 >> i) ? bits[i] : '-';
	if (mode & S_ISUID)
		text[3] = mode & 0100 ? 's' : 'S';
	if (mode & S_ISGID)
		text[6] = mode & 0010 ? 's' : 'S';
	if (mode & S_ISVTX)
		text[9] = mode & 0001 ? 't' : 'T';
	text[10] = '\0';
}

/* The name of a user (file "/etc/passwd") or group ("/etc/group"); the number when there is none. */
static inline const char *id_name(const char *file, unsigned id, char *text, size_t size)
{
	FILE *f = fopen(file, "r");
	char line[512];

	snprintf(text, size, "%u", id);
	while (f && fgets(line, sizeof(line), f)) {
		char *name_end = strchr(line, ':');
		char *number = name_end ? strchr(name_end + 1, ':') : NULL;

		if (!number || strtoul(number + 1, NULL, 10) != id)
			continue;
		if ((size_t)(name_end - line) < size) {
			memcpy(text, line, name_end - line);
			text[name_end - line] = '\0';
		}
		break;
	}
	if (f)
		fclose(f);
	return text;
}

#endif
