/* SPDX-License-Identifier: MIT */
/*
 * fields.c - from expanded text to the strings a command gets
 *
 * expand.c gives two parallel strings, the characters and where each came from (drawn at its head). Here
 * they become
 *
 *	one string	assignments, redirections, case subjects, here-documents: the marks are dropped
 *	a pattern	case, ${x#p}: what was quoted gets a backslash in front, so it is never special
 *	fields		arguments: cut where IFS says, each tried as a pattern for file names
 *
 * Splitting sees only characters that came from an expansion. Blanks of IFS separate in runs and vanish
 * at the ends; any other character of IFS ends exactly one field, empty or not, together with the blanks
 * around it. A field with no character exists only if something quoted stood there (MARK_EMPTY).
 *
 * All results lie in sh.temp and live until the command is done.
 */
#include <stdlib.h>
#include <string.h>

#include "expand.h"

/* The text without its marks. */
static char *flatten(struct xbuf *x, size_t from, size_t to)
{
	struct strbuf b = { 0 };

	for (size_t i = from; i < to; i++)
		if (x->from.s[i] != MARK_EMPTY)
			strbuf_add(&b, x->text.s[i]);
	return strbuf_done(&b, &sh.temp);
}

/* The text as a pattern: what was quoted is protected by a backslash. */
static char *to_pattern(struct xbuf *x, size_t from, size_t to)
{
	struct strbuf b = { 0 };

	for (size_t i = from; i < to; i++) {
		if (x->from.s[i] == MARK_EMPTY)
			continue;
		if (x->from.s[i] == FROM_QUOTE && strchr("*?[]\\!^-", x->text.s[i]))
			strbuf_add(&b, '\\');
		strbuf_add(&b, x->text.s[i]);
	}
	return strbuf_done(&b, &sh.temp);
}

static char *expand_one(const char *text, unsigned mode, bool pattern)
{
	struct xbuf x = { 0 };
	char *s;

	expand_text(&x, &text, '\0', mode | X_ONE);
	s = pattern ? to_pattern(&x, 0, x.text.len) : flatten(&x, 0, x.text.len);
	xbuf_free(&x);
	return s;
}

/* One string, no splitting, no file names. The result is in sh.temp, as of all that follow. */
char *expand_string(const char *text)
{
	return expand_one(text, 0, false);
}

/* As the right side of an assignment. */
char *expand_assignment(const char *text)
{
	return expand_one(text, X_ASSIGN, false);
}

char *expand_pattern(const char *text)
{
	return expand_one(text, 0, true);
}

/* The text of a here-document. */
char *expand_here(const char *text)
{
	return expand_one(text, X_HERE, false);
}

struct fields {
	char **v;
	int n, cap;
};

static void fields_add(struct fields *f, char *s)
{
	if (f->n + 1 >= f->cap) {
		char **v = arena_alloc(&sh.temp, (f->cap * 2 + 16) * sizeof(*v));

		if (f->n)
			memcpy(v, f->v, f->n * sizeof(*v));
		f->v = v;
		f->cap = f->cap * 2 + 16;
	}
	f->v[f->n++] = s;
	f->v[f->n] = NULL;
}

/* A finished field: file names if it is a pattern that matches some, else the field itself. */
static void add_field(struct fields *f, struct xbuf *x, size_t from, size_t to)
{
	char *pat = to_pattern(x, from, to);
	int count = 0;

	if (!sh.noglob && pattern_has_magic(pat)) {
		char **names = glob_expand(pat, &sh.temp, &count);

		for (int i = 0; i < count; i++)
			fields_add(f, names[i]);
	}
	if (!count)
		fields_add(f, flatten(x, from, to));
}

/* Is the character at i a separator of fields (of the blank kind)? */
static bool is_sep(const struct xbuf *x, size_t i, const char *ifs, bool blank)
{
	char c;

	if (i >= x->text.len || x->from.s[i] != FROM_SUBST)
		return false;
	c = x->text.s[i];
	return strchr(ifs, c) && (c == ' ' || c == '\t' || c == '\n') == blank;
}

/* Cut into fields. */
static void split_fields(struct fields *f, struct xbuf *x)
{
	const char *ifs = var_get("IFS");
	size_t start = 0, i = 0, n = x->text.len;

	if (!ifs)
		ifs = " \t\n";
	while (i < n) {
		if (x->from.s[i] == MARK_BREAK) {
			if (i > start)
				add_field(f, x, start, i);
			start = ++i;
		} else if (is_sep(x, i, ifs, true) || is_sep(x, i, ifs, false)) {
			size_t end = i;
			bool hard;

			while (is_sep(x, i, ifs, true))
				i++;
			hard = is_sep(x, i, ifs, false);
			i += hard;
			while (hard && is_sep(x, i, ifs, true))
				i++;
			if (hard || end > start)
				add_field(f, x, start, end);
			start = i;
		} else {
			i++;
		}
	}
	if (n > start)
		add_field(f, x, start, n);
}

/* `export x=$y` and its kin assign: the value is not split. */
static bool is_declaration(const char *command)
{
	return strcmp(command, "export") == 0 || strcmp(command, "readonly") == 0 ||
	       strcmp(command, "local") == 0;
}

/* Expand the words of a command to its arguments, NULL-terminated, in sh.temp. */
char **expand_words(struct word *w, int *count)
{
	bool declaration = w && is_declaration(w->text);
	struct fields f = { 0 };

	fields_add(&f, NULL);
	f.n = 0;
	for (; w; w = w->next) {
		struct xbuf x = { 0 };
		const char *s = w->text;
		int n = var_name_len(s);

		if (declaration && n && s[n] == '=') {
			char *value = expand_assignment(s + n + 1);
			struct strbuf b = { 0 };

			strbuf_add_mem(&b, s, n + 1);
			strbuf_add_mem(&b, value, strlen(value));
			fields_add(&f, strbuf_done(&b, &sh.temp));
			continue;
		}
		expand_text(&x, &s, '\0', 0);
		split_fields(&f, &x);
		xbuf_free(&x);
	}
	*count = f.n;
	return f.v;
}
