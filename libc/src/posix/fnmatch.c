/* SPDX-License-Identifier: MIT */
/*
 * fnmatch: shell patterns, with * ? [...] and backslash.
 *
 * Matching goes left to right and remembers only the last star: when something behind it fails, the
 * star takes one more character and matching goes on from there. Earlier stars never need to be
 * reconsidered, so the cost is at most the product of the lengths and there is no recursion.
 *
 * With FNM_PATHNAME a slash is matched only by a slash, so a star may not cross one. With FNM_PERIOD
 * a leading dot (of the name, or of each component) must be matched by a dot.
 * A '[' without its ']' is an ordinary character.
 */
#include <ctype.h>
#include <fnmatch.h>
#include <stddef.h>
#include <string.h>

static int fold(int c, int flags)
{
	return flags & FNM_CASEFOLD ? tolower(c) : c;
}

static int in_class(const char *name, size_t len, int c)
{
	static const struct {
		const char *name;
		int (*is)(int);
	} classes[] = {
		{ "alnum", isalnum }, { "alpha", isalpha }, { "blank", isblank },
		{ "cntrl", iscntrl }, { "digit", isdigit }, { "graph", isgraph },
		{ "lower", islower }, { "print", isprint }, { "punct", ispunct },
		{ "space", isspace }, { "upper", isupper }, { "xdigit", isxdigit },
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (strlen(classes[i].name) == len && strncmp(classes[i].name, name, len) == 0)
			return classes[i].is(c);
	return 0;
}

static int bracket_char(const char **p, int flags)
{
	if (**p == '\\' && !(flags & FNM_NOESCAPE) && (*p)[1])
		++*p;
	return (unsigned char)*(*p)++;
}

/* p is behind '['. Returns the end of the bracket, or null if it is none; *match is the answer. */
static const char *match_bracket(const char *p, int c, int flags, int *match)
{
	int invert = *p == '!' || *p == '^';
	const char *start;

	p += invert;
	*match = 0;
	for (start = p; *p != ']' || p == start;) {
		const char *end;
		int from, to;

		if (!*p || (*p == '/' && (flags & FNM_PATHNAME)))
			return NULL;
		end = p[0] == '[' && p[1] == ':' ? strstr(p + 2, ":]") : NULL;
		if (end) {
			*match |= in_class(p + 2, (size_t)(end - p - 2), c);
			p = end + 2;
			continue;
		}
		from = to = bracket_char(&p, flags);
		if (*p == '-' && p[1] && p[1] != ']') {
			p++;
			to = bracket_char(&p, flags);
		}
		*match |= fold(c, flags) >= fold(from, flags) && fold(c, flags) <= fold(to, flags);
	}
	*match ^= invert;
	return p + 1;
}

/* Matches one character of the pattern other than a star. Returns the rest, or null. */
static const char *match_one(const char *p, int c, int flags)
{
	const char *end;
	int match;

	if (c == '/' && (flags & FNM_PATHNAME))
		return *p == '/' ? p + 1 : NULL;
	if (*p == '?')
		return p + 1;
	if (*p == '[') {
		end = match_bracket(p + 1, c, flags, &match);
		if (end)
			return match ? end : NULL;
	}
	if (*p == '\\' && !(flags & FNM_NOESCAPE) && p[1])
		p++;
	return fold((unsigned char)*p, flags) == fold(c, flags) ? p + 1 : NULL;
}

static int dot_is_leading(const char *name, const char *n, int flags)
{
	return *n == '.' && (flags & FNM_PERIOD) &&
	       (n == name || (n[-1] == '/' && (flags & FNM_PATHNAME)));
}

int fnmatch(const char *pattern, const char *name, int flags)
{
	const char *p = pattern, *n = name, *star = NULL, *star_name = NULL;

	for (;;) {
		const char *next = NULL;

		if (*p == '*' && !dot_is_leading(name, n, flags)) {
			star = ++p;
			star_name = n;
			continue;
		}
		if (!*n || (*n == '/' && (flags & FNM_LEADING_DIR))) {
			if (!*p)
				return 0;
			if (!*n)
				return FNM_NOMATCH;
		}
		if (*p && *p != '*' &&
		    !(dot_is_leading(name, n, flags) && *p != '.' && *p != '\\'))
			next = match_one(p, (unsigned char)*n, flags);
		if (next) {
			p = next;
			n++;
			continue;
		}
		if (!star || (*star_name == '/' && (flags & FNM_PATHNAME)))
			return FNM_NOMATCH;
		n = ++star_name;
		p = star;
	}
}
