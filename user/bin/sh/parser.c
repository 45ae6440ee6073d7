/* SPDX-License-Identifier: MIT */
/*
 * parser.c - tokens to a tree, by recursive descent
 *
 *	complete:  list NEWLINE
 *	list:      and_or { (; | & | NEWLINE) and_or }
 *	and_or:    pipeline { (&& | ||) pipeline }
 *	pipeline:  [!] command { | command }
 *	command:   simple | ( list ) | { list } | if | while | until | for | case | name() command
 *	           each of the compound ones may be followed by redirections
 *
 * Reserved words are words: they are recognised only where a command may begin, by comparing the text
 * of the token, which still has its quotes; so 'if' in quotes never matches.
 *
 * Every node comes from the arena of the parser and dies with it, when the command has run. A function
 * definition marks the arena as kept, because its body is called later.
 *
 * A syntax error does not return: it ends a script with status 2 and takes an interactive shell back to
 * its prompt. There is no recovery to get wrong.
 */
#include <string.h>

#include "sh.h"

static struct node *parse_list(struct parser *p, bool one_line);
static struct node *parse_command(struct parser *p);

static struct node *node_create(struct parser *p, enum node_type type)
{
	struct node *n = arena_alloc(p->arena, sizeof(*n));

	n->type = type;
	n->line = token_peek(p)->line;
	return n;
}

static bool is_word(struct parser *p, const char *s)
{
	struct token *t = token_peek(p);

	return t->type == T_WORD && strcmp(t->text, s) == 0;
}

static bool accept_word(struct parser *p, const char *s)
{
	if (!is_word(p, s))
		return false;
	token_next(p);
	return true;
}

static void expect_word(struct parser *p, const char *s)
{
	char what[40] = "expected \"";

	if (accept_word(p, s))
		return;
	strcat(strcat(what, s), "\"");
	syntax_error(p, what);
}

static bool accept_type(struct parser *p, enum token_type type)
{
	if (token_peek(p)->type != type)
		return false;
	token_next(p);
	return true;
}

static void skip_newlines(struct parser *p)
{
	while (accept_type(p, T_NEWLINE))
		;
}

/* A word that ends a list: it cannot begin a command. */
static bool ends_list(struct parser *p)
{
	static const char *const ends[] = { "then", "else", "elif", "fi", "do", "done", "esac", "}" };
	struct token *t = token_peek(p);

	if (t->type != T_WORD)
		return t->type == T_EOF || t->type == T_RPAREN || t->type == T_DSEMI;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (strcmp(t->text, ends[i]) == 0)
			return true;
	return false;
}

static struct word *word_add(struct parser *p, struct word ***tail, char *text)
{
	struct word *w = arena_alloc(p->arena, sizeof(*w));

	w->text = text;
	**tail = w;
	*tail = &w->next;
	return w;
}

/* Remove the quotes of a here-document's delimiter, in place; true when there were any. */
static bool unquote(char *s)
{
	char *d = s, quote = 0;
	bool any = false;

	for (; *s; s++) {
		if (*s == quote)
			quote = 0;
		else if (!quote && (*s == '\'' || *s == '"'))
			quote = *s, any = true;
		else if (*s == '\\' && quote != '\'' && s[1])
			*d++ = *++s, any = true;
		else
			*d++ = *s;
	}
	*d = '\0';
	return any;
}

/* Take any redirections that stand here; tail is where the next belongs. */
static void parse_redirs(struct parser *p, struct redir ***tail)
{
	while (token_peek(p)->type == T_REDIR) {
		struct redir *r = arena_alloc(p->arena, sizeof(*r));

		r->op = p->tok.op;
		r->fd = p->tok.fd;
		if (r->fd < 0)
			r->fd = r->op == R_OUT || r->op == R_APPEND || r->op == R_CLOBBER ||
				r->op == R_DUP_OUT;
		token_next(p);
		if (token_peek(p)->type != T_WORD)
			syntax_error(p, "redirection without a file name");
		r->target = p->tok.text;
		if (r->op == R_HERE || r->op == R_HERE_TABS) {
			r->literal = unquote(r->target);
			*p->pending_tail = r;
			p->pending_tail = &r->next_pending;
		}
		token_next(p);
		**tail = r;
		*tail = &r->next;
	}
}

static bool is_assignment(const char *text)
{
	int n = var_name_len(text);

	return n && text[n] == '=';
}

static bool is_name(const char *text)
{
	int n = var_name_len(text);

	return n && !text[n];
}

static struct node *parse_function(struct parser *p, struct node *n)
{
	token_next(p);
	if (!accept_type(p, T_RPAREN))
		syntax_error(p, "expected \")\"");
	if (!is_name(n->words->text))
		syntax_error(p, "bad function name");
	skip_newlines(p);
	n->type = N_FUNC;
	n->name = n->words->text;
	p->arena->keep = true;
	n->left = parse_command(p);
	return n;
}

static struct node *parse_simple(struct parser *p)
{
	struct node *n = node_create(p, N_SIMPLE);
	struct word **words = &n->words, **assigns = &n->assigns;
	struct redir **redirs = &n->redirs;

	for (;;) {
		struct token *t = token_peek(p);

		if (t->type == T_REDIR) {
			parse_redirs(p, &redirs);
		} else if (t->type == T_WORD) {
			bool assign = !n->words && is_assignment(t->text);

			word_add(p, assign ? &assigns : &words, t->text);
			token_next(p);
		} else if (t->type == T_LPAREN && n->words && !n->words->next && !n->assigns &&
			   !n->redirs) {
			return parse_function(p, n);
		} else {
			break;
		}
	}
	if (!n->words && !n->assigns && !n->redirs)
		syntax_error(p, "unexpected token");
	return n;
}

/* After "if" or "elif". */
static struct node *parse_if(struct parser *p)
{
	struct node *n = node_create(p, N_IF);

	n->left = parse_list(p, false);
	expect_word(p, "then");
	n->right = parse_list(p, false);
	if (accept_word(p, "elif")) {
		n->third = parse_if(p);
		return n;
	}
	if (accept_word(p, "else"))
		n->third = parse_list(p, false);
	expect_word(p, "fi");
	return n;
}

static struct node *parse_loop(struct parser *p, enum node_type type)
{
	struct node *n = node_create(p, type);

	n->left = parse_list(p, false);
	expect_word(p, "do");
	n->right = parse_list(p, false);
	expect_word(p, "done");
	return n;
}

static struct node *parse_for(struct parser *p)
{
	struct node *n = node_create(p, N_FOR);
	struct word **tail = &n->words;

	if (token_peek(p)->type != T_WORD || !is_name(p->tok.text))
		syntax_error(p, "bad for loop variable");
	n->name = p->tok.text;
	token_next(p);
	skip_newlines(p);
	if (accept_word(p, "in")) {
		n->has_in = true;
		for (; token_peek(p)->type == T_WORD; token_next(p))
			word_add(p, &tail, p->tok.text);
		if (!accept_type(p, T_SEMI) && !accept_type(p, T_NEWLINE))
			syntax_error(p, "unexpected token in for");
	} else {
		accept_type(p, T_SEMI);
	}
	skip_newlines(p);
	expect_word(p, "do");
	n->right = parse_list(p, false);
	expect_word(p, "done");
	return n;
}

static struct case_item *parse_case_item(struct parser *p)
{
	struct case_item *item = arena_alloc(p->arena, sizeof(*item));
	struct word **tail = &item->patterns;

	accept_type(p, T_LPAREN);
	do {
		if (token_peek(p)->type != T_WORD)
			syntax_error(p, "expected a pattern");
		word_add(p, &tail, p->tok.text);
		token_next(p);
	} while (accept_type(p, T_PIPE));
	if (!accept_type(p, T_RPAREN))
		syntax_error(p, "expected \")\" after the pattern");
	skip_newlines(p);
	if (!ends_list(p))
		item->body = parse_list(p, false);
	return item;
}

static struct node *parse_case(struct parser *p)
{
	struct node *n = node_create(p, N_CASE);
	struct word **tail = &n->words;
	struct case_item **items = &n->items;

	if (token_peek(p)->type != T_WORD)
		syntax_error(p, "expected a word after case");
	word_add(p, &tail, p->tok.text);
	token_next(p);
	skip_newlines(p);
	expect_word(p, "in");
	skip_newlines(p);
	while (!accept_word(p, "esac")) {
		*items = parse_case_item(p);
		items = &(*items)->next;
		if (!accept_type(p, T_DSEMI)) {
			expect_word(p, "esac");
			break;
		}
		skip_newlines(p);
	}
	return n;
}

static struct node *parse_compound(struct parser *p)
{
	struct node *n;

	if (accept_type(p, T_LPAREN)) {
		n = node_create(p, N_SUBSHELL);
		n->left = parse_list(p, false);
		if (!accept_type(p, T_RPAREN))
			syntax_error(p, "expected \")\"");
		return n;
	}
	if (accept_word(p, "{")) {
		n = node_create(p, N_GROUP);
		n->left = parse_list(p, false);
		expect_word(p, "}");
		return n;
	}
	if (accept_word(p, "if"))
		return parse_if(p);
	if (accept_word(p, "while"))
		return parse_loop(p, N_WHILE);
	if (accept_word(p, "until"))
		return parse_loop(p, N_UNTIL);
	if (accept_word(p, "for"))
		return parse_for(p);
	if (accept_word(p, "case"))
		return parse_case(p);
	return NULL;
}

static struct node *parse_command(struct parser *p)
{
	struct node *n;
	struct redir **tail;

	if (ends_list(p) || is_word(p, "!"))
		syntax_error(p, p->tok.type == T_EOF ? "unexpected end of file" : "unexpected token");
	n = parse_compound(p);
	if (!n)
		return parse_simple(p);
	tail = &n->redirs;
	parse_redirs(p, &tail);
	return n;
}

/* The source text from `start` to the token now looked at, for the job table. */
static char *text_since(struct parser *p, size_t start)
{
	size_t end = token_peek(p)->start;
	const char *s = p->src->buf;

	while (end > start && strchr(" \t\n;&", s[end - 1]))
		end--;
	return arena_strndup(p->arena, s + start, end - start);
}

static struct node *parse_pipe(struct parser *p)
{
	struct node *first = parse_command(p), *n;

	if (!accept_type(p, T_PIPE))
		return first;
	skip_newlines(p);
	n = node_create(p, N_PIPE);
	n->left = first;
	n->right = parse_pipe(p);
	return n;
}

static struct node *parse_pipeline(struct parser *p)
{
	struct node *n, *not = NULL;
	size_t start = token_peek(p)->start;

	if (accept_word(p, "!"))
		not = node_create(p, N_NOT);
	n = parse_pipe(p);
	n->text = text_since(p, start);
	if (!not)
		return n;
	not->left = n;
	return not;
}

static struct node *parse_and_or(struct parser *p)
{
	struct node *left = parse_pipeline(p);

	for (;;) {
		enum token_type type = token_peek(p)->type;
		struct node *n;

		if (type != T_AND && type != T_OR)
			return left;
		token_next(p);
		skip_newlines(p);
		n = node_create(p, type == T_AND ? N_AND : N_OR);
		n->left = left;
		n->right = parse_pipeline(p);
		left = n;
	}
}

/* One and_or with its terminator; *more says whether the list may go on. */
static struct node *parse_item(struct parser *p, bool one_line, bool *more)
{
	size_t start = token_peek(p)->start;
	struct node *n = parse_and_or(p);

	*more = true;
	if (token_peek(p)->type == T_AMP) {
		struct node *async = node_create(p, N_ASYNC);

		async->left = n;
		async->text = text_since(p, start);
		token_next(p);
		return async;
	}
	if (accept_type(p, T_SEMI))
		return n;
	*more = !one_line && accept_type(p, T_NEWLINE);
	return n;
}

/* A list up to a word that ends one; with one_line, up to a newline, which is left to be taken. */
static struct node *parse_list(struct parser *p, bool one_line)
{
	struct node *first, **tail = &first;
	bool more;

	if (!one_line)
		skip_newlines(p);
	for (;;) {
		struct node *n = parse_item(p, one_line, &more), *seq;

		*tail = n;
		if (!more)
			return first;
		if (!one_line)
			skip_newlines(p);
		if (ends_list(p) || (one_line && token_peek(p)->type == T_NEWLINE))
			return first;
		seq = node_create(p, N_SEQ);
		seq->left = n;
		*tail = seq;
		tail = &seq->right;
	}
}

/*
 * One complete command, up to and with its newline.
 * - NULL for an empty line, and at the end of the source, which sets *eof.
 */
struct node *parse_complete(struct parser *p, bool *eof)
{
	struct node *n;

	*eof = token_peek(p)->type == T_EOF;
	if (*eof || accept_type(p, T_NEWLINE))
		return NULL;
	n = parse_list(p, true);
	if (token_peek(p)->type != T_EOF && !accept_type(p, T_NEWLINE))
		syntax_error(p, "unexpected token");
	if (p->pending)
		syntax_error(p, "here-document without a text");
	return n;
}

/* The inside of $( ), after the opening parenthesis, with the closing one. NULL when empty. */
struct node *parse_substitution(struct parser *p)
{
	struct node *n = NULL;

	skip_newlines(p);
	if (token_peek(p)->type != T_RPAREN)
		n = parse_list(p, false);
	if (token_peek(p)->type != T_RPAREN)
		syntax_error(p, "expected \")\"");
	token_next(p);
	return n;
}
