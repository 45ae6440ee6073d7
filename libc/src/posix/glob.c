/* SPDX-License-Identifier: MIT */
/*
 * glob: the names that match a pattern, as a shell wants them.
 *
 * The pattern is walked by components. A component without * ? [ is appended as it is (backslashes
 * removed); one with them is compared with each entry of the directory reached so far, by fnmatch,
 * and every match is walked on from there. Each branch has the path so far in one shared buffer, so
 * the recursion is as deep as the pattern has components and takes little stack.
 *
 * The result is one array of strings, sorted over the names that this call has added, with gl_offs
 * empty places in front when asked for. Out of memory, or an error that the callback or
 * GLOB_ERR calls fatal, stops the walk; what was found so far can still be freed.
 */
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct walk {
	glob_t *result;
	int flags;
	int (*error)(const char *path, int number);
	size_t offs; /* places in front of the names */
	char path[PATH_MAX];
};

static int has_magic(const char *p, size_t n, int flags)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\\' && !(flags & GLOB_NOESCAPE))
			i++;
		else if (p[i] == '*' || p[i] == '?' || p[i] == '[')
			return 1;
	}
	return 0;
}

static int add(struct walk *w, const char *name)
{
	size_t count = w->offs + w->result->gl_pathc;
	char **bigger = reallocarray(w->result->gl_pathv, count + 2, sizeof(*bigger));

	if (!bigger)
		return GLOB_NOSPACE;
	w->result->gl_pathv = bigger;
	bigger[count] = strdup(name);
	bigger[count + 1] = NULL;
	if (!bigger[count])
		return GLOB_NOSPACE;
	w->result->gl_pathc++;
	return 0;
}

/* len: of the path so far. Adds it if such a file exists. */
static int add_existing(struct walk *w, size_t len)
{
	struct stat st;

	w->path[len] = '\0';
	if (lstat(w->path, &st) < 0)
		return 0;
	if (S_ISLNK(st.st_mode) && (w->flags & GLOB_MARK))
		stat(w->path, &st);
	if ((w->flags & GLOB_MARK) && S_ISDIR(st.st_mode) && len > 0 && w->path[len - 1] != '/' &&
	    len + 1 < sizeof(w->path))
		strcpy(w->path + len, "/");
	return add(w, w->path);
}

static int walk(struct walk *w, size_t len, const char *pattern);

/* Appends the literal component p[0..n) and goes on with the rest. */
static int walk_literal(struct walk *w, size_t len, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\\' && !(w->flags & GLOB_NOESCAPE) && i + 1 < n)
			i++;
		if (len + 1 >= sizeof(w->path))
			return 0;
		w->path[len++] = p[i];
	}
	return walk(w, len, p + n);
}

static int unreadable(struct walk *w)
{
	int number = errno;

	if (number == ENOENT || number == ENOTDIR)
		return 0;
	if ((w->error && w->error(w->path, number)) || (w->flags & GLOB_ERR))
		return GLOB_ABORTED;
	return 0;
}

static int walk_matches(struct walk *w, size_t len, const char *p, size_t n)
{
	int match_flags = (w->flags & GLOB_PERIOD ? 0 : FNM_PERIOD) |
			  (w->flags & GLOB_NOESCAPE ? FNM_NOESCAPE : 0);
	char component[NAME_MAX * 2 + 1];
	struct dirent *entry;
	int result = 0;
	DIR *d;

	if (n >= sizeof(component))
		return 0;
	memcpy(component, p, n);
	component[n] = '\0';
	w->path[len] = '\0';
	d = opendir(len ? w->path : ".");
	if (!d)
		return unreadable(w);
	while (result == 0 && (entry = readdir(d))) {
		size_t name_len = strlen(entry->d_name);

		if (fnmatch(component, entry->d_name, match_flags) != 0 ||
		    len + name_len + 2 > sizeof(w->path))
			continue;
		/* Only a directory, or what may lead to one, can have something behind it. */
		if (p[n] && entry->d_type != DT_DIR && entry->d_type != DT_LNK &&
		    entry->d_type != DT_UNKNOWN)
			continue;
		memcpy(w->path + len, entry->d_name, name_len);
		result = walk(w, len + name_len, p + n);
	}
	closedir(d);
	return result;
}

static int walk(struct walk *w, size_t len, const char *pattern)
{
	size_t n;

	for (; *pattern == '/'; pattern++) {
		if (len + 1 >= sizeof(w->path))
			return 0;
		w->path[len++] = '/';
	}
	if (!*pattern)
		return add_existing(w, len);
	n = strcspn(pattern, "/");
	if (has_magic(pattern, n, w->flags))
		return walk_matches(w, len, pattern, n);
	return walk_literal(w, len, pattern, n);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int begin(struct walk *w)
{
	glob_t *r = w->result;

	w->offs = w->flags & GLOB_DOOFFS ? r->gl_offs : 0;
	if (w->flags & GLOB_APPEND)
		return 0;
	r->gl_pathc = 0;
	r->gl_pathv = calloc(w->offs + 1, sizeof(*r->gl_pathv));
	return r->gl_pathv ? 0 : GLOB_NOSPACE;
}

int glob(const char *__restrict pattern, int flags, int (*error)(const char *, int),
	 glob_t *__restrict result)
{
	struct walk w;
	size_t before;
	int status;

	w.result = result;
	w.flags = flags;
	w.error = error;
	if (begin(&w) != 0)
		return GLOB_NOSPACE;
	before = result->gl_pathc;
	status = *pattern ? walk(&w, 0, pattern) : 0;
	if (status == 0 && result->gl_pathc == before)
		return flags & GLOB_NOCHECK ? add(&w, pattern) : GLOB_NOMATCH;
	if (!(flags & GLOB_NOSORT))
		qsort(result->gl_pathv + w.offs + before, result->gl_pathc - before, sizeof(char *),
		      compare);
	return status;
}

/* The places in front are null, and freeing null does nothing. */
void globfree(glob_t *result)
{
	for (size_t i = 0, left = result->gl_pathc; result->gl_pathv && left > 0; i++) {
		if (result->gl_pathv[i])
			left--;
		free(result->gl_pathv[i]);
	}
	free(result->gl_pathv);
	result->gl_pathv = NULL;
	result->gl_pathc = 0;
}
