/* SPDX-License-Identifier: MIT */
/*
 * chmod [-R] MODE FILE... - change permissions
 *
 * MODE is octal, or clauses like u+x,go-w,a=r: who (u g o a, default a less the umask), + - or =, and
 * what (r w x X s t, or u g o to copy). X means x, but only for directories and files that anyone may
 * execute already. With -R directories are gone through; symbolic links in them are left alone.
 */
#include <dirent.h>
#include <stdbool.h>

#include "common.h"

static mode_t mask;

/* The permission bits for `who` (07070 style) of one letter. */
static mode_t bits_of(char c, mode_t old)
{
	mode_t copy = 0;

	switch (c) {
	case 'r': return 0444;
	case 'w': return 0222;
	case 'x': return 0111;
	case 'X': return S_ISDIR(old) || (old & 0111) ? 0111 : 0;
	case 's': return S_ISUID | S_ISGID;
	case 't': return S_ISVTX;
	case 'u': copy = old >> 6 & 7; break;
	case 'g': copy = old >> 3 & 7; break;
	case 'o': copy = old & 7; break;
	}
	return copy << 6 | copy << 3 | copy;
}

/* One clause at s: what follows it, or NULL when it is none. */
static const char *clause(const char *s, mode_t *mode)
{
	mode_t who = 0, what;
	bool all = false;
	char op;

	for (; *s && strchr("ugoa", *s); s++)
		who |= *s == 'u' ? S_ISUID | 0700 : *s == 'g' ? S_ISGID | 0070 : *s == 'o' ? 0007 : 07777;
	if (!who) {
		who = 07777 & ~mask;
		all = true;
	}
	if (!*s || !strchr("+-=", *s))
		return NULL;
	while (*s && strchr("+-=", *s)) {
		op = *s++;
		what = 0;
		for (; *s && strchr("rwxXstugo", *s); s++)
			what |= bits_of(*s, *mode) & (who | (*s == 't' ? S_ISVTX : 0));
		if (op == '=')
			*mode &= ~((all ? 0777 : who) & (S_ISDIR(*mode) ? 01777 : 07777));
		*mode = op == '-' ? *mode & ~what : *mode | what;
	}
	return s;
}

static int apply(const char *text, mode_t *mode)
{
	char *end;
	unsigned long octal = strtoul(text, &end, 8);

	if (end != text && !*end && octal <= 07777) {
		*mode = octal;
		return 0;
	}
	while (text && *text) {
		text = clause(text, mode);
		if (text && *text == ',' && text[1])
			text++;
		else if (text && *text)
			return -1;
	}
	return text ? 0 : -1;
}

static int change(const char *path, const char *text, bool recursive, bool inside)
{
	struct stat st;
	struct dirent *e;
	mode_t mode;
	int status = 0;
	DIR *dir;

	if ((inside ? lstat(path, &st) : stat(path, &st)) < 0) {
		warn("cannot access '%s'", path);
		return 1;
	}
	if (S_ISLNK(st.st_mode))
		return 0;
	mode = st.st_mode;
	apply(text, &mode);
	if (chmod(path, mode & 07777) < 0) {
		warn("%s", path);
		status = 1;
	}
	if (!recursive || !S_ISDIR(st.st_mode))
		return status;
	dir = opendir(path);
	if (!dir) {
		warn("%s", path);
		return 1;
	}
	while ((e = readdir(dir))) {
		char *inner;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		inner = join_path(path, e->d_name);
		status |= change(inner, text, true, true);
		free(inner);
	}
	closedir(dir);
	return status;
}

int main(int argc, char **argv)
{
	bool recursive = false;
	mode_t probe = 0;
	int i = 1, status = 0;

	/* By hand, for -x is a mode. */
	if (i < argc && strcmp(argv[i], "-R") == 0) {
		recursive = true;
		i++;
	}
	if (i < argc && strcmp(argv[i], "--") == 0)
		i++;
	if (argc - i < 2)
		usage("chmod [-R] MODE FILE...");
	mask = umask(0);
	umask(mask);
	if (!*argv[i] || apply(argv[i], &probe) < 0)
		errx(USAGE_STATUS, "invalid mode: '%s'", argv[i]);
	for (int k = i + 1; k < argc; k++)
		status |= change(argv[k], argv[i], recursive, false);
	return status;
}
