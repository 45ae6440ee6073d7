/* SPDX-License-Identifier: MIT */
/*
 * lexer.c - characters to tokens
 *
 * A word token keeps its quotes and its $-expressions exactly as written; expand.c interprets them when
 * the command runs. So the lexer has one hard task, to find where a word ends:
 *
 *	a"b c"$(echo ")" # don't stop here
 *	)${x:-'}'}d  next		one word up to the d
 *
 * The end of $( ) can only be found by parsing what is inside, for it may hold comments, quotes, case
 * patterns with a lone parenthesis and here-documents. So the lexer calls the parser again on the same
 * source and then copies the text it passed over. All text of the command being read stays in
 * source.buf, which makes "copy what was passed over" a pair of offsets.
 *
 * Backslash-newline vanishes everywhere but in single quotes and comments.
 *
 * A source reads its descriptor one byte at a time unless it is a terminal or a script of our own, so
 * that a command run by `sh < script` finds the rest of the script on its standard input.
 *
 * The expander uses the same scanners for ${ }, $(( )) and backquotes, on a string instead of a file.
 *
 * Rejected: splitting words into parts here and storing a list. It saves the second look at run time
 * but doubles the number of structures, and every part needs an "inside double quotes" mark anyway.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sh.h"

static void lex_dollar(struct parser *p, struct strbuf *b, bool dquoted);

void source_string(struct source *src, const char *name, const char *text)
{
	*src = (struct source){ .name = name, .fd = -1, .line = 1 };
	src->buf = (char *)text;
	src->len = strlen(text);
}

void parser_init(struct parser *p, struct source *src, struct arena *a)
{
	*p = (struct parser){ .src = src, .arena = a };
	p->pending_tail = &p->pending;
}

void syntax_error(struct parser *p, const char *what)
{
	sh.line = p->src->line;
	if (p->have_tok && p->tok.type == T_WORD)
		sh_error("syntax error: %s near \"%s\"", what, p->tok.text);
	sh_error("syntax error: %s", what);
}

/* Write the prompt. PS1 and PS2 are expanded like a double-quoted string. */
static void prompt(struct parser *p)
{
	const char *ps = var_get(p->started ? "PS2" : "PS1");
	struct arena_mark mark = arena_mark(&sh.temp);
	int status = sh.status;
	char *text;

	if (!p->started)
		jobs_notify();
	text = expand_here(ps ? ps : "");
	write_all(2, text, strlen(text));
	arena_release(&sh.temp, mark);
	sh.status = status;
}

/* Get more text; false at the end. Reads at least up to a newline from a terminal or a pipe. */
static bool source_fill(struct parser *p)
{
	struct source *src = p->src;
	ssize_t n;

	if (src->fd < 0 || src->eof)
		return false;
	if (src->prompts)
		prompt(p);
	for (;;) {
		if (src->cap - src->len < src->chunk) {
			src->cap = src->cap * 2 + src->chunk;
			src->buf = xrealloc(src->buf, src->cap);
		}
		n = src->prompts ? trap_read(src->buf + src->len, src->chunk) : read(src->fd, src->buf + src->len, src->chunk);
		if (n < 0 && errno == EINTR) {
			if (trap_interrupted())
				sh_abort(130);
			trap_run_pending();
			if (src->prompts)
				prompt(p);
			continue;
		}
		if (n < 0)
			sh_warn("reading %s: %s", src->name, strerror(errno));
		if (n <= 0) {
			src->eof = true;
			return src->pos < src->len;
		}
		if (sh.verbose)
			write_all(2, src->buf + src->len, n);
		src->len += n;
		if (src->chunk > 1 || src->buf[src->len - 1] == '\n')
			return true;
	}
}

/* The next character without taking it, -1 at the end. NUL bytes are dropped. */
static int peek_raw(struct parser *p)
{
	struct source *src = p->src;

	for (;;) {
		if (src->pos >= src->len && !source_fill(p))
			return -1;
		if (src->buf[src->pos])
			return (unsigned char)src->buf[src->pos];
		src->pos++;
	}
}

static int take(struct parser *p)
{
	int c = peek_raw(p);

	if (c >= 0)
		p->src->pos++;
	if (c == '\n')
		p->src->line++;
	return c;
}

/* As peek_raw, but a backslash-newline is not there. */
static int peek(struct parser *p)
{
	int c;

	while ((c = peek_raw(p)) == '\\') {
		size_t pos = p->src->pos++;

		if (peek_raw(p) != '\n') {
			p->src->pos = pos;
			return '\\';
		}
		take(p);
	}
	return c;
}

static int take_into(struct parser *p, struct strbuf *b)
{
	int c = take(p);

	if (c >= 0)
		strbuf_add(b, c);
	return c;
}

static void lex_single(struct parser *p, struct strbuf *b)
{
	int c;

	take_into(p, b);
	while ((c = take_into(p, b)) != '\'')
		if (c < 0)
			syntax_error(p, "unterminated quoted string");
}

static void lex_backquote(struct parser *p, struct strbuf *b)
{
	int c;

	take_into(p, b);
	while ((c = take_into(p, b)) != '`') {
		if (c == '\\')
			c = take_into(p, b);
		if (c < 0)
			syntax_error(p, "unterminated backquote");
	}
}

/* A backslash and what it protects. */
static void lex_backslash(struct parser *p, struct strbuf *b)
{
	take_into(p, b);
	if (peek_raw(p) >= 0)
		take_into(p, b);
}

static void lex_double(struct parser *p, struct strbuf *b)
{
	take_into(p, b);
	for (;;) {
		switch (peek(p)) {
		case -1:
			syntax_error(p, "unterminated quoted string");
		case '"':
			take_into(p, b);
			return;
		case '\\':
			lex_backslash(p, b);
			break;
		case '`':
			lex_backquote(p, b);
			break;
		case '$':
			lex_dollar(p, b, true);
			break;
		default:
			take_into(p, b);
		}
	}
}

/*
 * The inside of ${ } up to and with the closing brace. In double quotes a single quote is an ordinary
 * character, except in the pattern of ${x#pattern} and ${x%pattern}.
 */
static void lex_brace(struct parser *p, struct strbuf *b, bool dquoted)
{
	bool name = true;

	for (;;) {
		int c = peek(p);

		if (c < 0)
			syntax_error(p, "missing }");
		if (name && c != '_' && !(c >= '0' && c <= '9') && !((c | 32) >= 'a' && (c | 32) <= 'z')) {
			size_t len = b->len;

			if (len && b->s[len - 1] != '{' && (c == '#' || c == '%'))
				dquoted = false;
			name = len && b->s[len - 1] == '{' && c == '#';
		}
		if (c == '}') {
			take_into(p, b);
			return;
		}
		if (c == '\\')
			lex_backslash(p, b);
		else if (c == '\'' && !dquoted)
			lex_single(p, b);
		else if (c == '"')
			lex_double(p, b);
		else if (c == '`')
			lex_backquote(p, b);
		else if (c == '$')
			lex_dollar(p, b, dquoted);
		else
			take_into(p, b);
	}
}

/* Try to pass over "((expr))"; false, with nothing consumed, when the parentheses say otherwise. */
static bool lex_arith(struct parser *p, struct strbuf *b)
{
	struct source *src = p->src;
	size_t pos = src->pos, len = b->len;
	int line = src->line, depth = 2;

	take_into(p, b);
	take_into(p, b);
	while (depth > 0) {
		int c = peek(p);

		if (c < 0)
			break;
		if (c == '$') {
			lex_dollar(p, b, true);
			continue;
		}
		if (c == '`') {
			lex_backquote(p, b);
			continue;
		}
		take_into(p, b);
		depth += c == '(' ? 1 : c == ')' ? -1 : 0;
		if (depth == 1 && c == ')' && peek(p) != ')')
			break;
	}
	if (depth == 0)
		return true;
	src->pos = pos;
	src->line = line;
	b->len = len;
	return false;
}

static void lex_dollar(struct parser *p, struct strbuf *b, bool dquoted)
{
	struct source *src = p->src;
	struct parser sub;
	size_t start;

	take_into(p, b);
	switch (peek(p)) {
	case '{':
		take_into(p, b);
		lex_brace(p, b, dquoted);
		return;
	case '(':
		break;
	default:
		return;
	}
	start = src->pos;
	take(p);
	if (peek(p) == '(') {
		src->pos = start;
		if (lex_arith(p, b))
			return;
		take(p);
	}
	parser_init(&sub, src, p->arena);
	sub.started = true;
	parse_substitution(&sub);
	strbuf_add_mem(b, src->buf + start, src->pos - start);
}

/* ---- the same scanners for the expander: how long is the thing at s? ---- */

static size_t scan_string(const char *s, void (*scan)(struct parser *, struct strbuf *, bool), bool dq)
{
	struct strbuf b = { 0 };
	struct source src;
	struct parser p;

	source_string(&src, sh.name, s);
	parser_init(&p, &src, &sh.temp);
	scan(&p, &b, dq);
	free(b.s);
	return src.pos;
}

static void scan_brace(struct parser *p, struct strbuf *b, bool dquoted)
{
	take_into(p, b);
	lex_brace(p, b, dquoted);
}

static void scan_arith(struct parser *p, struct strbuf *b, bool dquoted)
{
	(void)dquoted;
	lex_arith(p, b);
}

static void scan_backquote(struct parser *p, struct strbuf *b, bool dquoted)
{
	(void)dquoted;
	lex_backquote(p, b);
}

/* s is at "{"; the length includes both braces. */
size_t lex_brace_len(const char *s, bool dquoted)
{
	return scan_string(s, scan_brace, dquoted);
}

/* s is at "(("; 0 when it is not arithmetic but a subshell in a command substitution. */
size_t lex_arith_len(const char *s)
{
	return scan_string(s, scan_arith, false);
}

size_t lex_backquote_len(const char *s)
{
	return scan_string(s, scan_backquote, false);
}

/* ---- tokens ---- */

static void lex_word(struct parser *p, struct token *t)
{
	struct strbuf b = { 0 };
	int c;

	while ((c = peek(p)) >= 0 && !strchr(" \t\n;&|<>()", c)) {
		if (c == '\\')
			lex_backslash(p, &b);
		else if (c == '\'')
			lex_single(p, &b);
		else if (c == '"')
			lex_double(p, &b);
		else if (c == '`')
			lex_backquote(p, &b);
		else if (c == '$')
			lex_dollar(p, &b, false);
		else
			take_into(p, &b);
	}
	t->type = T_WORD;
	t->text = strbuf_done(&b, p->arena);
	if ((c == '<' || c == '>') && t->text[strspn(t->text, "0123456789")] == '\0' &&
	    strlen(t->text) < 5) {
		t->type = T_REDIR;
		t->fd = atoi(t->text);
	}
}

/* True, and taken, when the next character is c. */
static bool accept(struct parser *p, int c)
{
	if (peek(p) != c)
		return false;
	take(p);
	return true;
}

static void lex_redir(struct parser *p, struct token *t)
{
	t->type = T_REDIR;
	if (take(p) == '<') {
		if (accept(p, '<'))
			t->op = accept(p, '-') ? R_HERE_TABS : R_HERE;
		else
			t->op = accept(p, '&') ? R_DUP_IN : accept(p, '>') ? R_RDWR : R_IN;
		return;
	}
	t->op = accept(p, '>') ? R_APPEND : accept(p, '&') ? R_DUP_OUT :
		accept(p, '|') ? R_CLOBBER : R_OUT;
}

/* One line of a here-document, without its newline; false at the end of the source. */
static bool here_line(struct parser *p, struct strbuf *line)
{
	int c;

	line->len = 0;
	strbuf_add_mem(line, "", 0);
	while ((c = take(p)) >= 0 && c != '\n')
		strbuf_add(line, c);
	return c >= 0 || line->len;
}

/* Unquoted, a line that ends in an odd number of backslashes goes on in the next. */
static bool ends_in_backslash(const struct strbuf *b)
{
	size_t n = 0;

	while (n < b->len && b->s[b->len - 1 - n] == '\\')
		n++;
	return n & 1;
}

/* The texts of the here-documents of the line that just ended. */
static void lex_here_documents(struct parser *p)
{
	struct strbuf line = { 0 }, body = { 0 };

	for (struct redir *r = p->pending; r; r = r->next_pending) {
		bool joined = false;

		while (here_line(p, &line)) {
			char *s = line.s;

			if (r->op == R_HERE_TABS && !joined)
				s += strspn(s, "\t");
			if (!joined && strcmp(s, r->target) == 0)
				break;
			strbuf_add_mem(&body, s, strlen(s));
			strbuf_add(&body, '\n');
			joined = !r->literal && ends_in_backslash(&line);
		}
		r->body = strbuf_done(&body, p->arena);
	}
	free(line.s);
	p->pending = NULL;
	p->pending_tail = &p->pending;
}

static void lex_operator(struct parser *p, struct token *t)
{
	switch (take(p)) {
	case '\n':
		t->type = T_NEWLINE;
		lex_here_documents(p);
		break;
	case ';':
		t->type = accept(p, ';') ? T_DSEMI : T_SEMI;
		break;
	case '&':
		t->type = accept(p, '&') ? T_AND : T_AMP;
		break;
	case '|':
		t->type = accept(p, '|') ? T_OR : T_PIPE;
		break;
	case '(':
		t->type = T_LPAREN;
		break;
	case ')':
		t->type = T_RPAREN;
		break;
	}
}

/* Look at the next token. It stays the next until token_next(). */
struct token *token_peek(struct parser *p)
{
	struct token *t = &p->tok;
	int c;

	if (p->have_tok)
		return t;
	while ((c = peek(p)) == ' ' || c == '\t')
		take(p);
	if (c == '#')
		while ((c = peek_raw(p)) >= 0 && c != '\n')
			take(p);
	*t = (struct token){ .type = T_EOF, .fd = -1, .start = p->src->pos, .line = p->src->line };
	if (c < 0) {
		p->have_tok = true;
		return t;
	}
	if (!strchr("\n;&|<>()", c))
		lex_word(p, t);
	else if (c != '<' && c != '>')
		lex_operator(p, t);
	if (t->type == T_REDIR || (t->type == T_EOF && (c == '<' || c == '>')))
		lex_redir(p, t);
	p->have_tok = true;
	p->started = true;
	return t;
}

void token_next(struct parser *p)
{
	p->have_tok = false;
}
