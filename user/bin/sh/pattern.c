/* SPDX-License-Identifier: MIT */
/*
 * pattern.c - shell patterns, and the file names that match one
 *
 * A pattern is a string in which * ? [ are special and a backslash takes the meaning of the character
 * behind it; expand.c puts a backslash in front of everything that was quoted. So "match" never has to
 * know of quotes.
 *
 * Matching: a star tries the shortest first. Only the last star can be worth going back to, because
 * whatever an earlier star could still give, the later one can take; so two positions to return to are
 * enough and no input takes more than length(pattern) * length(string) steps.
 *
 * Globbing goes one path component at a time:
 *
 *	/usr/l*\/[ab]?/x	literal "/usr/", directory scan for "l*", scan for "[ab]?", literal "x"
 *
 * A component without special characters is not looked up by scanning, so a directory that may be
 * searched but not read still works. A leading dot must be matched by a dot.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sh.h"

static bool in_class(const char *name, size_t n, unsigned char c)
{
	static const struct {
		const char *name;
		int (*test)(int);
	} classes[] = {
		{ "alpha", isalpha }, { "digit", isdigit }, { "alnum", isalnum }, { "upper", isupper },
		{ "lower", islower }, { "space", isspace }, { "punct", ispunct }, { "print", isprint },
		{ "graph", isgraph }, { "cntrl", iscntrl }, { "xdigit", isxdigit }, { "blank", isblank },
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
		if (strlen(classes[i].name) == n && memcmp(classes[i].name, name, n) == 0)
			return classes[i].test(c);
	return false;
}

/*
 * Match c against the bracket expression at p ("["). Returns what follows it, with the verdict in *hit,
 * or NULL when there is no closing bracket and the "[" is an ordinary character.
 */
static const char *match_bracket(const char *p, unsigned char c, bool *hit)
{
	bool negate, first = true;

	p++;
	negate = *p == '!' || *p == '^';
	p += negate;
	*hit = false;
	for (; *p && (first || *p != ']'); first = false) {
		unsigned char lo, hi;

		if (p[0] == '[' && p[1] == ':') {
			const char *end = strstr(p + 2, ":]");

			if (end) {
				*hit |= in_class(p + 2, end - p - 2, c);
				p = end + 2;
				continue;
			}
		}
		if (*p == '\\' && p[1])
			p++;
		lo = hi = *p++;
		if (p[0] == '-' && p[1] && p[1] != ']') {
			p++;
			if (*p == '\\' && p[1])
				p++;
			hi = *p++;
		}
		*hit |= lo <= c && c <= hi;
	}
	if (*p != ']')
		return NULL;
	*hit ^= negate;
	return p + 1;
}

/* Match one character of s with the pattern element at p; what follows it, or NULL. */
static const char *match_one(const char *p, unsigned char c)
{
	const char *next;
	bool hit;

	if (*p == '?')
		return p + 1;
	if (*p == '[') {
		next = match_bracket(p, c, &hit);
		if (next)
			return hit ? next : NULL;
	}
	if (*p == '\\' && p[1])
		p++;
	return (unsigned char)*p == c ? p + 1 : NULL;
}

bool pattern_match(const char *p, const char *s)
{
	const char *star = NULL, *resume = NULL, *next;

	for (;;) {
		if (*p == '*') {
			star = ++p;
			resume = s;
		} else if (*s && *p && (next = match_one(p, *s))) {
			p = next;
			s++;
		} else if (!*s && !*p) {
			return true;
		} else if (star && *resume) {
			p = star;
			s = ++resume;
		} else {
			return false;
		}
	}
}

bool pattern_has_magic(const char *p)
{
	for (; *p; p++) {
		if (*p == '*' || *p == '?' || (*p == '[' && strchr(p, ']')))
			return true;
		if (*p == '\\' && p[1])
			p++;
	}
	return false;
}

struct names {
	char **v;
	int n, cap;
	struct arena *arena;
};

static void names_add(struct names *names, const char *s, size_t len)
{
	if (names->n == names->cap) {
		names->cap = names->cap * 2 + 16;
		names->v = xrealloc(names->v, names->cap * sizeof(*names->v));
	}
	names->v[names->n++] = arena_strndup(names->arena, s, len);
}

static void glob_path(struct names *names, struct strbuf *path, const char *pat);

/* Append a component without its backslashes. */
static void add_literal(struct strbuf *path, const char *pat, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (pat[i] == '\\' && i + 1 < n)
			i++;
		strbuf_add(path, pat[i]);
	}
}

static void glob_scan(struct names *names, struct strbuf *path, const char *component, const char *rest)
{
	DIR *dir = opendir(path->len ? path->s : ".");
	size_t len = path->len;
	struct dirent *e;

	if (!dir)
		return;
	while ((e = readdir(dir))) {
		if (e->d_name[0] == '.' && component[component[0] == '\\'] != '.')
			continue;
		if (!pattern_match(component, e->d_name))
			continue;
		strbuf_add_mem(path, e->d_name, strlen(e->d_name));
		glob_path(names, path, rest);
		path->len = len;
		path->s[len] = '\0';
	}
	closedir(dir);
}

/* path has been matched; pat is what follows, from a slash or the beginning on. */
static void glob_path(struct names *names, struct strbuf *path, const char *pat)
{
	size_t start = path->len, slashes = strspn(pat, "/"), n;
	struct stat st;
	char *component;

	strbuf_add_mem(path, pat, slashes);
	pat += slashes;
	n = strcspn(pat, "/");
	component = arena_strndup(names->arena, pat, n);
	if (n && pattern_has_magic(component)) {
		glob_scan(names, path, component, pat + n);
	} else {
		add_literal(path, pat, n);
		if (pat[n])
			glob_path(names, path, pat + n);
		else if (lstat(path->s, &st) == 0)
			names_add(names, path->s, path->len);
	}
	path->len = start;
	path->s[start] = '\0';
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The file names that match, sorted; *count 0 when there are none. */
char **glob_expand(const char *pat, struct arena *a, int *count)
{
	struct names names = { .arena = a };
	struct strbuf path = { 0 };
	char **v;

	strbuf_add_mem(&path, "", 0);
	glob_path(&names, &path, pat);
	free(path.s);
	if (names.n)
		qsort(names.v, names.n, sizeof(*names.v), by_name);
	v = arena_alloc(a, (names.n + 1) * sizeof(*v));
	if (names.n)
		memcpy(v, names.v, names.n * sizeof(*v));
	free(names.v);
	*count = names.n;
	return v;
}
