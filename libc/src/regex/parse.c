/* SPDX-License-Identifier: MIT */
/*
 * The grammar of regular expressions: a pattern becomes a tree.
 *
 *      alternatives := sequence { '|' sequence }
 *      sequence     := { atom { '*' | '+' | '?' | '{m,n}' } }
 *      atom         := character | '.' | '[...]' | '^' | '$' | '(' alternatives ')' | '\1'
 *
 * Basic and extended syntax differ in which characters need a backslash to be operators, and in
 * where ^ $ * are ordinary; next_token settles that, so that the grammar is one. As in GNU's, basic
 * expressions also have \| \+ \?, and both have \< \> \b \B \w \W \s \S.
 *
 * Nodes live in one array and are named by index, for the array moves when it grows. An error is
 * kept in the parser and ends every loop, because the token becomes TOK_END; regcomp frees the array
 * whatever went wrong. Sets of characters go straight into the program.
 */
#include "regex_impl.h"
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum token {
	TOK_END, TOK_CHAR, TOK_ANY, TOK_SET, TOK_OPEN, TOK_CLOSE, TOK_OR, TOK_STAR, TOK_PLUS,
	TOK_QUESTION, TOK_BRACE, TOK_BOL, TOK_EOL, TOK_BACKREF, TOK_CLASS,
};

int __regex_fail(struct parser *ps, int error)
{
	if (!ps->error)
		ps->error = error;
	ps->token = TOK_END;
	return NONE;
}

static int node_new(struct parser *ps, enum kind kind, int left, int right)
{
	struct node *bigger;

	if (ps->count == ps->room) {
		int room = ps->room ? ps->room * 2 : 32;

		bigger = reallocarray(ps->nodes, (size_t)room, sizeof(*bigger));
		if (!bigger)
			return __regex_fail(ps, REG_ESPACE);
		ps->nodes = bigger;
		ps->room = room;
	}
	ps->nodes[ps->count] = (struct node){ .kind = kind, .left = left, .right = right };
	return ps->count++;
}

static int set_new(struct parser *ps)
{
	struct program *prog = ps->prog;
	struct set *bigger = reallocarray(prog->sets, (size_t)prog->nsets + 1, sizeof(*bigger));

	if (!bigger)
		return __regex_fail(ps, REG_ESPACE);
	prog->sets = bigger;
	memset(&bigger[prog->nsets], 0, sizeof(*bigger));
	return prog->nsets++;
}

static int is_word(int c)
{
	return isalnum(c) || c == '_';
}

static const struct {
	const char *name;
	int (*is)(int);
} classes[] = {
	{ "alnum", isalnum }, { "alpha", isalpha }, { "blank", isblank }, { "cntrl", iscntrl },
	{ "digit", isdigit }, { "graph", isgraph }, { "lower", islower }, { "print", isprint },
	{ "punct", ispunct }, { "space", isspace }, { "upper", isupper }, { "xdigit", isxdigit },
};

static void add_where(struct set *s, int (*is)(int), int wanted)
{
	for (int c = 0; c < 256; c++)
		if (!is(c) == !wanted)
			set_add(s, (unsigned char)c);
}

/* p is behind "[:"; returns the place behind ":]", or null. */
static const char *add_class(struct parser *ps, struct set *s, const char *p)
{
	const char *end = strstr(p, ":]");

	for (size_t i = 0; end && i < sizeof(classes) / sizeof(classes[0]); i++) {
		size_t len = strlen(classes[i].name);

		if (len == (size_t)(end - p) && strncmp(classes[i].name, p, len) == 0) {
			add_where(s, classes[i].is, 1);
			return end + 2;
		}
	}
	__regex_fail(ps, end ? REG_ECTYPE : REG_EBRACK);
	return NULL;
}

/* One end of a range: a character, [.x.] or [=x=]. */
static const char *bracket_char(struct parser *ps, const char *p, int *c)
{
	if (p[0] == '[' && (p[1] == '.' || p[1] == '=')) {
		if (!p[2] || p[3] != p[1] || p[4] != ']') {
			__regex_fail(ps, REG_ECOLLATE);
			return NULL;
		}
		*c = (unsigned char)p[2];
		return p + 5;
	}
	*c = (unsigned char)*p;
	return p + 1;
}

static const char *bracket_item(struct parser *ps, struct set *s, const char *p)
{
	int from, to;

	if (p[0] == '[' && p[1] == ':')
		return add_class(ps, s, p + 2);
	p = bracket_char(ps, p, &from);
	if (!p)
		return NULL;
	to = from;
	if (p[0] == '-' && p[1] && p[1] != ']') {
		p = bracket_char(ps, p + 1, &to);
		if (!p)
			return NULL;
		if (to < from) {
			__regex_fail(ps, REG_ERANGE);
			return NULL;
		}
	}
	for (; from <= to; from++)
		set_add(s, (unsigned char)from);
	return p;
}

static void fold_set(struct set *s)
{
	for (int c = 'a'; c <= 'z'; c++) {
		if (set_has(s, (unsigned char)c))
			set_add(s, (unsigned char)toupper(c));
		if (set_has(s, (unsigned char)toupper(c)))
			set_add(s, (unsigned char)c);
	}
}

/* ps->p is behind '['. The value is the set's index. */
static void read_bracket(struct parser *ps)
{
	const char *p = ps->p, *start;
	int index = set_new(ps), invert = *p == '^';
	struct set *s;

	if (index < 0)
		return;
	s = &ps->prog->sets[index];
	p += invert;
	for (start = p; *p != ']' || p == start;) {
		if (!*p) {
			__regex_fail(ps, REG_EBRACK);
			return;
		}
		p = bracket_item(ps, s, p);
		if (!p)
			return;
	}
	if (ps->flags & REG_ICASE)
		fold_set(s);
	for (int i = 0; invert && i < 4; i++)
		s->bits[i] = ~s->bits[i];
	if (invert && (ps->flags & REG_NEWLINE))
		s->bits[0] &= ~((uint64_t)1 << '\n');
	ps->p = p + 1;
	ps->token = TOK_SET;
	ps->value = index;
}

static void set_token(struct parser *ps, enum token token, int value)
{
	ps->token = token;
	ps->value = value;
}

/* A backslash and c, both consumed. */
static void read_escape(struct parser *ps, int c)
{
	static const char ops[] = "<>bB";
	static const enum op op_of[] = { OP_WORD_BEGIN, OP_WORD_END, OP_WORD_EDGE, OP_NOT_EDGE };
	const char *op = c ? strchr(ops, c) : NULL;

	if (!c)
		__regex_fail(ps, REG_EESCAPE);
	else if (c >= '1' && c <= '9')
		set_token(ps, TOK_BACKREF, c - '0');
	else if (op)
		set_token(ps, TOK_CLASS, (int)op_of[op - ops]);
	else if (c == 'w' || c == 'W' || c == 's' || c == 'S') {
		int index = set_new(ps);

		if (index < 0)
			return;
		add_where(&ps->prog->sets[index], tolower(c) == 'w' ? is_word : isspace, islower(c));
		set_token(ps, TOK_SET, index);
	} else
		set_token(ps, TOK_CHAR, c);
}

/* The operators that are bare in extended and have a backslash in basic expressions. */
static int read_operator(struct parser *ps, int c)
{
	static const char names[] = "()|+?{";
	static const enum token tokens[] = {
		TOK_OPEN, TOK_CLOSE, TOK_OR, TOK_PLUS, TOK_QUESTION, TOK_BRACE,
	};
	const char *p = c ? strchr(names, c) : NULL;

	if (!p)
		return 0;
	/* Unmatched ) and a { that begins no interval are ordinary in extended expressions. */
	if (ps->extended && c == ')' && ps->depth == 0)
		return 0;
	if (ps->extended && c == '{' && !isdigit((unsigned char)*ps->p) && *ps->p != ',')
		return 0;
	set_token(ps, tokens[p - names], c);
	return 1;
}

static int basic_eol(const char *p)
{
	return !*p || (p[0] == '\\' && (p[1] == ')' || p[1] == '|'));
}

static void next_token(struct parser *ps)
{
	int c = (unsigned char)*ps->p;

	if (ps->error || !c) {
		ps->token = TOK_END;
		return;
	}
	ps->p++;
	set_token(ps, TOK_CHAR, c);
	if (c == '\\') {
		c = (unsigned char)*ps->p;
		ps->p += c != 0;
		if (ps->extended || !read_operator(ps, c))
			read_escape(ps, c);
	} else if (c == '[') {
		read_bracket(ps);
	} else if (c == '.') {
		ps->token = TOK_ANY;
	} else if (c == '*' && !(ps->at_start && !ps->extended)) {
		ps->token = TOK_STAR;
	} else if (c == '^' && (ps->extended || ps->at_start)) {
		ps->token = TOK_BOL;
	} else if (c == '$' && (ps->extended || basic_eol(ps->p))) {
		ps->token = TOK_EOL;
	} else if (ps->extended) {
		read_operator(ps, c);
	}
}

static int parse_alternatives(struct parser *ps);

static int parse_group(struct parser *ps)
{
	int number = ps->prog->ngroups++, inner, group;

	ps->depth++;
	ps->at_start = 1;
	next_token(ps);
	inner = parse_alternatives(ps);
	if (ps->token != TOK_CLOSE)
		return __regex_fail(ps, REG_EPAREN);
	ps->depth--;
	if (number < 10)
		ps->closed |= 1u << number;
	group = node_new(ps, N_GROUP, inner, NONE);
	if (group >= 0)
		ps->nodes[group].x = number;
	return group;
}

static int parse_char(struct parser *ps, int c)
{
	int node, index;

	if (!(ps->flags & REG_ICASE) || !isalpha(c)) {
		node = node_new(ps, N_CHAR, NONE, NONE);
		if (node >= 0)
			ps->nodes[node].c = (unsigned char)c;
		return node;
	}
	node = node_new(ps, N_SET, NONE, NONE);
	index = set_new(ps);
	if (node < 0 || index < 0)
		return NONE;
	set_add(&ps->prog->sets[index], (unsigned char)tolower(c));
	set_add(&ps->prog->sets[index], (unsigned char)toupper(c));
	ps->nodes[node].x = index;
	return node;
}

static int parse_backref(struct parser *ps)
{
	if (!(ps->closed >> ps->value & 1))
		return __regex_fail(ps, REG_ESUBREG);
	ps->prog->backrefs = 1;
	return node_new(ps, N_BACKREF, NONE, NONE);
}

/* Leaves the token behind the atom. */
static int parse_atom(struct parser *ps)
{
	int token = ps->token, value = ps->value, node = NONE;

	switch (token) {
	case TOK_CHAR:
		node = parse_char(ps, value);
		break;
	case TOK_ANY:
		node = node_new(ps, N_ANY, NONE, NONE);
		break;
	case TOK_SET:
		node = node_new(ps, N_SET, NONE, NONE);
		break;
	case TOK_BACKREF:
		node = parse_backref(ps);
		break;
	case TOK_OPEN:
		node = parse_group(ps);
		value = node >= 0 ? ps->nodes[node].x : 0;
		break;
	case TOK_BOL:
	case TOK_EOL:
	case TOK_CLASS:
		node = node_new(ps, N_SIMPLE, NONE, NONE);
		value = token == TOK_BOL ? OP_BOL : token == TOK_EOL ? OP_EOL : value;
		break;
	default:
		return __regex_fail(ps, REG_BADRPT);
	}
	if (node < 0)
		return NONE;
	if (token != TOK_CHAR)
		ps->nodes[node].x = value;
	/* In a basic expression a star right behind ^ is still ordinary. */
	ps->at_start = token == TOK_BOL;
	next_token(ps);
	return node;
}

static int read_count(struct parser *ps)
{
	int n = 0;

	while (isdigit((unsigned char)*ps->p)) {
		n = n * 10 + (*ps->p++ - '0');
		if (n > RE_DUP_MAX) {
			__regex_fail(ps, REG_BADBR);
			return 0;
		}
	}
	return n;
}

/* ps->p is behind the brace. */
static void read_interval(struct parser *ps, int *least, int *most)
{
	*least = read_count(ps);
	*most = *least;
	if (*ps->p == ',') {
		ps->p++;
		*most = isdigit((unsigned char)*ps->p) ? read_count(ps) : NONE;
	}
	if (!ps->extended && *ps->p == '\\')
		ps->p++;
	else if (!ps->extended && *ps->p)
		__regex_fail(ps, REG_BADBR);
	if (!*ps->p)
		__regex_fail(ps, REG_EBRACE);
	else if (*ps->p++ != '}' || (*most != NONE && *most < *least))
		__regex_fail(ps, REG_BADBR);
}

static int parse_repeats(struct parser *ps, int node)
{
	while (node >= 0) {
		int least = ps->token == TOK_PLUS, most = ps->token == TOK_QUESTION ? 1 : NONE;

		if (ps->token == TOK_BRACE)
			read_interval(ps, &least, &most);
		else if (ps->token != TOK_STAR && ps->token != TOK_PLUS && ps->token != TOK_QUESTION)
			break;
		node = node_new(ps, N_REPEAT, node, NONE);
		if (node >= 0) {
			ps->nodes[node].x = least;
			ps->nodes[node].y = most;
		}
		next_token(ps);
	}
	return node;
}

static int parse_sequence(struct parser *ps)
{
	int sequence = node_new(ps, N_EMPTY, NONE, NONE);

	while (ps->token != TOK_END && ps->token != TOK_OR && ps->token != TOK_CLOSE) {
		int node = parse_repeats(ps, parse_atom(ps));

		if (node < 0)
			return NONE;
		sequence = node_new(ps, N_SEQUENCE, sequence, node);
	}
	return sequence;
}

static int parse_alternatives(struct parser *ps)
{
	int node = parse_sequence(ps);

	while (node >= 0 && ps->token == TOK_OR) {
		int right;

		ps->at_start = 1;
		next_token(ps);
		right = parse_sequence(ps);
		node = right < 0 ? NONE : node_new(ps, N_OR, node, right);
	}
	return node;
}

int __regex_parse(struct parser *ps)
{
	int root;

	ps->at_start = 1;
	next_token(ps);
	root = parse_alternatives(ps);
	if (!ps->error && ps->token == TOK_CLOSE)
		__regex_fail(ps, REG_EPAREN);
	return root;
}
