/* SPDX-License-Identifier: MIT */
/*
 * expand.c - from a word as written to its characters, each with its origin
 *
 * The order is POSIX's: tilde, parameters, command substitution and arithmetic; then field splitting;
 * then file names; then the quotes go. The last three must know of every character where it came from,
 * so the first step produces two parallel strings:
 *
 *	word    a"b *"$x		with x="1 2*"
 *	text    a b _ * 1 _ 2 *
 *	from    L Q Q Q S S S S
 *
 *	L	written without quotes		special in patterns, never splits
 *	Q	quoted				never special
 *	S	came from an expansion		special in patterns, and splits where IFS says
 *	E	not a character: something quoted was empty here, so the field exists ("" or "$x")
 *	B	not a character: a field of "$@" ends here
 *
 * What becomes of the two strings is the business of fields.c.
 *
 * Errors (${x?message}, a bad substitution, unset under -u) do not return: see sh_error().
 *
 * Command substitution is parsed each time it is expanded. The tree could be kept with the word, but a
 * substitution in a loop costs a fork, beside which the parse is nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "expand.h"

static void put(struct xbuf *x, char c, enum origin from)
{
	strbuf_add(&x->text, c);
	strbuf_add(&x->from, from);
}

static void put_mem(struct xbuf *x, const char *s, size_t n, enum origin from)
{
	while (n--)
		put(x, *s++, from);
}

/* Where the characters of a value count as coming from. */
static enum origin value_origin(unsigned mode)
{
	return mode & (X_DQUOTE | X_HERE) ? FROM_QUOTE : FROM_SUBST;
}

static void put_value(struct xbuf *x, const char *s, unsigned mode)
{
	put_mem(x, s, strlen(s), value_origin(mode));
}

void xbuf_free(struct xbuf *x)
{
	free(x->text.s);
	free(x->from.s);
}

/* ---- command substitution ---- */

/* Run the tree with its output in a pipe and append what it prints, less the newlines at the end. */
static void substitute_command(struct xbuf *x, struct node *n, unsigned mode)
{
	struct strbuf result = { 0 };
	char buf[4096];
	struct job *j;
	ssize_t len;
	int fds[2];

	sh.subst_ran = true;
	if (!n) {
		sh.status = 0;
		return;
	}
	if (pipe(fds) < 0)
		sh_error("pipe: %s", strerror(errno));
	j = job_create("", 1);
	if (job_fork(j, FORK_SUBST) == 0) {
		close(fds[0]);
		if (fds[1] != 1) {
			dup2(fds[1], 1);
			close(fds[1]);
		}
		sh.in_test = 0;
		eval_and_exit(n);
	}
	close(fds[1]);
	for (;;) {
		len = read(fds[0], buf, sizeof(buf));
		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			break;
		for (ssize_t i = 0; i < len; i++)
			if (buf[i])
				strbuf_add(&result, buf[i]);
	}
	close(fds[0]);
	sh.status = job_wait_fg(j);
	while (result.len && result.s[result.len - 1] == '\n')
		result.len--;
	put_mem(x, result.s, result.len, value_origin(mode));
	free(result.s);
}

/* s is behind "$("; returns what follows the closing parenthesis. */
static const char *expand_command(struct xbuf *x, const char *s, unsigned mode)
{
	struct arena tree = { 0 };
	struct source src;
	struct parser p;
	struct node *n;

	source_string(&src, sh.name, s);
	src.line = sh.line;
	parser_init(&p, &src, &tree);
	n = parse_substitution(&p);
	substitute_command(x, n, mode);
	if (!tree.keep)
		arena_release(&tree, (struct arena_mark){ 0 });
	return s + src.pos;
}

/* s is at "`". The inside is unescaped first and then a program of its own. */
static const char *expand_backquote(struct xbuf *x, const char *s, unsigned mode)
{
	const char *end = s + lex_backquote_len(s);
	struct strbuf text = { 0 };
	char *program;

	for (s++; s < end - 1; s++) {
		if (*s == '\\' && (strchr("$`\\", s[1]) || (s[1] == '"' && (mode & X_DQUOTE))))
			s++;
		strbuf_add(&text, *s);
	}
	strbuf_add_mem(&text, "\n)", 2);
	program = strbuf_done(&text, &sh.temp);
	expand_command(x, program, mode);
	return end;
}

/* ---- arithmetic ---- */

/* s is at "((" and len bytes long, parentheses included. */
static void expand_arith(struct xbuf *x, const char *s, size_t len, unsigned mode)
{
	struct xbuf inner = { 0 };
	const char *body = arena_strndup(&sh.temp, s + 2, len - 4);
	char digits[24];
	int n;

	expand_text(&inner, &body, '\0', X_HERE | X_ONE);
	n = snprintf(digits, sizeof(digits), "%lld", arith_eval(inner.text.s ? inner.text.s : ""));
	put_mem(x, digits, n, value_origin(mode));
	xbuf_free(&inner);
}

/* ---- parameters ---- */

static bool is_special(char c)
{
	return c && strchr("?$!#@*-0123456789", c);
}

/* The value of a parameter named by n characters at s; NULL when unset. Not for @ and *. */
static const char *param_value(const char *s, size_t n)
{
	char *name = arena_strndup(&sh.temp, s, n);
	char *digits;
	long value;

	switch (*s) {
	case '?':
		value = sh.status;
		break;
	case '$':
		value = sh.pid;
		break;
	case '#':
		value = sh.nparams;
		break;
	case '!':
		if (!sh.last_async)
			return NULL;
		value = sh.last_async;
		break;
	case '-':
		digits = arena_alloc(&sh.temp, 8);
		sprintf(digits, "%s%s%s%s%s", sh.errexit ? "e" : "", sh.noglob ? "f" : "",
			sh.interactive ? "i" : "", sh.nounset ? "u" : "", sh.xtrace ? "x" : "");
		return digits;
	case '0':
		return sh.name;
	default:
		if (!(*s >= '1' && *s <= '9'))
			return var_get(name);
		value = atol(name);
		return value <= sh.nparams ? sh.params[value - 1] : NULL;
	}
	digits = arena_alloc(&sh.temp, 24);
	sprintf(digits, "%ld", value);
	return digits;
}

/* $@ and $*: which is '@' or '*'. */
static void put_params(struct xbuf *x, char which, unsigned mode)
{
	const char *ifs = var_get("IFS");
	char sep = which == '@' || !ifs ? ' ' : *ifs;
	bool quoted = mode & (X_DQUOTE | X_HERE);
	bool join = (mode & X_ONE) || (which == '*' && quoted);

	if (which == '@' && quoted && !sh.nparams)
		x->no_params = true;
	for (int i = 0; i < sh.nparams; i++) {
		if (i && join && sep)
			put(x, sep, FROM_QUOTE);
		else if (i && !join)
			put(x, ' ', MARK_BREAK);
		put_value(x, sh.params[i], mode);
		if (quoted && !join && !*sh.params[i])
			put(x, ' ', MARK_EMPTY);
	}
}

/* Everything as one string: for ${@#p} and the like. */
static char *joined_params(void)
{
	struct xbuf x = { 0 };
	char *s;

	put_params(&x, '@', X_ONE);
	s = arena_strndup(&sh.temp, x.text.len ? x.text.s : "", x.text.len);
	xbuf_free(&x);
	return s;
}

/* Remove the shortest or longest part of value that matches, at its beginning or end. */
static void put_trimmed(struct xbuf *x, const char *value, const char *pat, char where, bool longest,
			unsigned mode)
{
	size_t len = strlen(value);
	char *copy = arena_strndup(&sh.temp, value, len);

	for (size_t i = 0; i <= len; i++) {
		size_t n = longest ? len - i : i, begin = where == '#' ? 0 : len - n;
		bool matches;

		copy[begin + n] = '\0';
		matches = pattern_match(pat, copy + begin);
		copy[begin + n] = value[begin + n];
		if (!matches)
			continue;
		if (where == '#')
			put_value(x, value + n, mode);
		else
			put_mem(x, value, len - n, value_origin(mode));
		return;
	}
	put_value(x, value, mode);
}

static void unset_error(const char *name, size_t n, const char *message)
{
	sh_error("%.*s: %s", (int)n, name, message);
}

/* The word of ${x:-word}, as one string. */
static char *brace_string(const char *word)
{
	struct xbuf inner = { 0 };
	char *s;

	expand_text(&inner, &word, '\0', X_ONE);
	s = arena_strndup(&sh.temp, inner.text.len ? inner.text.s : "", 0);
	if (inner.text.len) {
		struct strbuf plain = { 0 };

		for (size_t i = 0; i < inner.text.len; i++)
			if (inner.from.s[i] != MARK_EMPTY)
				strbuf_add(&plain, inner.text.s[i]);
		s = strbuf_done(&plain, &sh.temp);
	}
	xbuf_free(&inner);
	return s;
}

/* ${name:-word} ${name:=word} ${name:?word} ${name:+word}: op is the character behind the colon. */
static void expand_default(struct xbuf *x, const char *name, size_t n, char op, bool colon,
			   const char *word, unsigned mode)
{
	bool all = *name == '@' || *name == '*';
	const char *value = all ? (sh.nparams ? joined_params() : NULL) : param_value(name, n);
	bool set = value && (!colon || *value);
	bool quoted = mode & (X_DQUOTE | X_HERE); /* here-documents too: double quotes are special in their braces */
	unsigned inner = quoted ? (mode & ~X_HERE) | X_DQUOTE | X_BRACE_DQ : mode | X_BRACE;

	if (op != '+' && set) {
		if (all)
			put_params(x, *name, mode);
		else
			put_value(x, value, mode);
		return;
	}
	switch (op) {
	case '+':
		if (set)
			expand_text(x, &word, '\0', inner);
		break;
	case '-':
		expand_text(x, &word, '\0', inner);
		break;
	case '=':
		if (!var_name_len(name))
			sh_error("%.*s: cannot assign this way", (int)n, name);
		value = brace_string(word);
		var_set(arena_strndup(&sh.temp, name, n), value);
		put_value(x, value, mode);
		break;
	case '?':
		word = brace_string(word);
		unset_error(name, n, *word ? word : colon ? "parameter null or not set" :
			    "parameter not set");
	}
}

static void expand_plain(struct xbuf *x, const char *name, size_t n, unsigned mode)
{
	const char *value;

	if (*name == '@' || *name == '*') {
		put_params(x, *name, mode);
		return;
	}
	value = param_value(name, n);
	if (!value && sh.nounset)
		unset_error(name, n, "parameter not set");
	if (value)
		put_value(x, value, mode);
}

/* ${#name} */
static void expand_length(struct xbuf *x, const char *name, size_t n, unsigned mode)
{
	const char *value = *name == '@' || *name == '*' ? joined_params() : param_value(name, n);
	char digits[24];

	if (!value && sh.nounset)
		unset_error(name, n, "parameter not set");
	sprintf(digits, "%zu", value ? strlen(value) : 0);
	put_value(x, digits, mode);
}

static size_t param_name_len(const char *s)
{
	size_t n = var_name_len(s);

	if (n)
		return n;
	n = strspn(s, "0123456789");
	return n ? n : is_special(*s);
}

/* The inside of ${ }. */
static void expand_braces(struct xbuf *x, const char *body, unsigned mode)
{
	const char *name = body, *op;
	size_t n;
	bool colon, longest;

	if (body[0] == '#' && (n = param_name_len(body + 1)) && !body[1 + n]) {
		expand_length(x, body + 1, n, mode);
		return;
	}
	n = param_name_len(name);
	op = name + n;
	if (n && !*op) {
		expand_plain(x, name, n, mode);
		return;
	}
	colon = *op == ':';
	op += colon;
	if (n && *op && strchr("-=?+", *op)) {
		expand_default(x, name, n, *op, colon, op + 1, mode);
		return;
	}
	if (!n || colon || (*op != '#' && *op != '%'))
		sh_error("bad substitution: ${%s}", body);
	longest = op[1] == op[0];
	if (*name == '@' || *name == '*') {
		put_trimmed(x, joined_params(), expand_pattern(op + 1 + longest), *op, longest, mode);
	} else {
		const char *value = param_value(name, n);

		if (!value && sh.nounset)
			unset_error(name, n, "parameter not set");
		put_trimmed(x, value ? value : "", expand_pattern(op + 1 + longest), *op, longest, mode);
	}
}

/* s is at "$"; returns what follows the expression. */
static const char *expand_dollar(struct xbuf *x, const char *s, unsigned mode)
{
	size_t n;

	s++;
	if (s[0] == '(' && s[1] == '(' && (n = lex_arith_len(s))) {
		expand_arith(x, s, n, mode);
		return s + n;
	}
	if (*s == '(')
		return expand_command(x, s + 1, mode);
	if (*s == '{') {
		n = lex_brace_len(s, mode & (X_DQUOTE | X_HERE));
		expand_braces(x, arena_strndup(&sh.temp, s + 1, n - 2), mode);
		return s + n;
	}
	n = var_name_len(s);
	if (!n)
		n = is_special(*s);
	if (!n)
		put(x, '$', mode & (X_DQUOTE | X_HERE) ? FROM_QUOTE : FROM_LITERAL);
	else
		expand_plain(x, s, n, mode);
	return s + n;
}

/* ---- the text of a word ---- */

/* s is at a tilde that may be expanded; returns what follows, or s when it is an ordinary character. */
static const char *expand_tilde(struct xbuf *x, const char *s, unsigned mode)
{
	const char *home = var_get("HOME");

	if (!home || (s[1] && s[1] != '/' && !(s[1] == ':' && (mode & X_ASSIGN))))
		return s;
	put_mem(x, home, strlen(home), FROM_QUOTE);
	return s + 1;
}

static const char *expand_backslash(struct xbuf *x, const char *s, unsigned mode)
{
	const char *special = mode & X_HERE ? "$`\\" : "$`\"\\";

	if (s[1] == '\n')
		return s + 2;
	if (!s[1] || ((mode & (X_DQUOTE | X_HERE)) && !strchr(special, s[1]) &&
		      !((mode & X_BRACE_DQ) && s[1] == '}'))) {
		put(x, '\\', FROM_QUOTE);
		return s + 1;
	}
	put(x, s[1], FROM_QUOTE);
	return s + 2;
}

static const char *expand_single(struct xbuf *x, const char *s)
{
	const char *end = strchr(s + 1, '\'');

	if (!end)
		end = s + strlen(s);
	put_mem(x, s + 1, end - s - 1, FROM_QUOTE);
	if (end == s + 1)
		put(x, ' ', MARK_EMPTY);
	return *end ? end + 1 : end;
}

static const char *expand_double(struct xbuf *x, const char *s, unsigned mode)
{
	size_t len = x->text.len;
	bool no_params = x->no_params;

	x->no_params = false;
	s++;
	expand_text(x, &s, '"', (mode & X_ONE) | X_DQUOTE);
	if (x->text.len == len && !x->no_params)
		put(x, ' ', MARK_EMPTY);
	x->no_params = no_params;
	return *s ? s + 1 : s;
}

/* Expand from *sp up to the unquoted character `end`, where *sp is left. */
void expand_text(struct xbuf *x, const char **sp, char end, unsigned mode)
{
	const char *s = *sp, *next;
	bool quoted = mode & (X_DQUOTE | X_HERE), tilde = !quoted;
	enum origin plain = quoted ? FROM_QUOTE : mode & X_BRACE ? FROM_SUBST : FROM_LITERAL;

	while (*s && *s != end) {
		if (tilde && *s == '~' && (next = expand_tilde(x, s, mode)) != s) {
			s = next;
			tilde = false;
			continue;
		}
		tilde = (mode & X_ASSIGN) && *s == ':';
		if (*s == '\\')
			s = expand_backslash(x, s, mode);
		else if (*s == '\'' && !quoted)
			s = expand_single(x, s);
		else if (*s == '"' && !(mode & X_HERE))
			s = expand_double(x, s, mode);
		else if (*s == '$')
			s = expand_dollar(x, s, mode);
		else if (*s == '`')
			s = expand_backquote(x, s, mode);
		else
			put(x, *s++, plain);
	}
	*sp = s;
}
