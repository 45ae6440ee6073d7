/* SPDX-License-Identifier: MIT */
/*
 * grep [-EFivnclqrshHowx] [-e PATTERN] PATTERN [FILE...] - find lines that match
 *
 * A regular expression is compiled by recursive descent to a tree of nodes in one array and matched by
 * backtracking with continuations: every node knows the node that follows it, and match(node, s) asks
 * whether the rest of the line can be matched from here. That is short, and handles alternatives, groups
 * and repetition alike; its worst case is exponential, which a line of text rarely meets.
 *
 *	(ab|c)*d	LOOP ──► GROUP ab|c ──► back to LOOP
 *	                  └────► d
 *
 * Basic syntax: . [ ] * ^ $ \( \) \{m,n\} and GNU's \| \+ \?; extended (-E): ( ) | + ? { }. Also \< \> \b
 * \w. Back references are not offered. -F takes the pattern as a plain string. A pattern with newlines is
 * several, as are several -e.
 *
 * Status 0 when a line was selected, 1 when none, 2 after an error.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <strings.h>

#include "lines.h"

enum kind { CHAR, ANY, SET, BEGIN, END, WORD_BEGIN, WORD_END, WORD_EDGE, SPLIT, LOOP, JOIN, MATCH };

struct node {
	enum kind kind;
	unsigned char c;
	int next;		/* what follows; SPLIT: the first alternative */
	int other;		/* SPLIT: the second alternative; LOOP: the body */
	int min, max;		/* LOOP; max -1: no limit */
	int count;		/* LOOP, while matching: rounds done */
	const char *from;	/* LOOP, while matching: where the round began */
	unsigned char set[32];
};

struct regex {
	struct node *nodes;
	int n, cap, start;
	const char *p;		/* while compiling */
	bool extended;
	int depth;
};

struct pattern {
	struct pattern *next;
	const char *text;
	size_t len;
	struct regex re;
};

static bool opt_fold, opt_invert, opt_number, opt_count, opt_list, opt_quiet, opt_recursive, opt_silent;
static bool opt_fixed, opt_extended, opt_only, opt_word, opt_line;
static int opt_names = -1;
static struct pattern *patterns;
static bool selected_any, trouble;
static const char *line_begin, *line_end;

/* ---- compiling ---- */

static int node_add(struct regex *re, enum kind kind)
{
	if (re->n == re->cap) {
		re->cap = re->cap * 2 + 16;
		re->nodes = realloc(re->nodes, re->cap * sizeof(*re->nodes));
		if (!re->nodes)
			err(2, NULL);
	}
	memset(&re->nodes[re->n], 0, sizeof(*re->nodes));
	re->nodes[re->n].kind = kind;
	re->nodes[re->n].next = -1;
	return re->n++;
}

static void set_add(struct node *n, unsigned char c)
{
	n->set[c / 8] |= 1 << c % 8;
	if (opt_fold && isalpha(c)) {
		n->set[tolower(c) / 8] |= 1 << tolower(c) % 8;
		n->set[toupper(c) / 8] |= 1 << toupper(c) % 8;
	}
}

static void set_add_class(struct regex *re, struct node *n)
{
	static const struct {
		const char *name;
		int (*test)(int);
	} classes[] = {
		{ "alpha", isalpha }, { "digit", isdigit }, { "alnum", isalnum }, { "upper", isupper },
		{ "lower", islower }, { "space", isspace }, { "punct", ispunct }, { "print", isprint },
		{ "graph", isgraph }, { "cntrl", iscntrl }, { "xdigit", isxdigit }, { "blank", isblank },
	};
	const char *name = re->p + 2, *end = strstr(name, ":]");

	for (size_t i = 0; end && i < sizeof(classes) / sizeof(*classes); i++) {
		if (strlen(classes[i].name) != (size_t)(end - name) ||
		    strncmp(classes[i].name, name, end - name) != 0)
			continue;
		for (int c = 0; c < 256; c++)
			if (classes[i].test(c))
				set_add(n, c);
		re->p = end + 2;
		return;
	}
	errx(2, "invalid character class");
}

/* A bracket expression; p is behind the "[". */
static int parse_set(struct regex *re)
{
	int i = node_add(re, SET);
	struct node *n = &re->nodes[i];
	bool negate = *re->p == '^', first = true;

	re->p += negate;
	for (; first || *re->p != ']'; first = false) {
		unsigned char lo, hi;

		if (!*re->p)
			errx(2, "Unmatched [, [^, [:, [., or [=");
		if (re->p[0] == '[' && re->p[1] == ':') {
			set_add_class(re, n);
			continue;
		}
		lo = hi = *re->p++;
		if (re->p[0] == '-' && re->p[1] && re->p[1] != ']') {
			hi = re->p[1];
			re->p += 2;
		}
		if (hi < lo)
			errx(2, "Invalid range end");
		for (int c = lo; c <= hi; c++)
			set_add(n, c);
	}
	re->p++;
	for (int k = 0; negate && k < 32; k++)
		n->set[k] = ~n->set[k];
	return i;
}

/* Is the operator c at p, written as this syntax wants it? ("(" extended, "\(" basic) */
static bool at_operator(const struct regex *re, char c)
{
	if (re->extended)
		return *re->p == c;
	return re->p[0] == '\\' && re->p[1] == c;
}

static bool take_operator(struct regex *re, char c)
{
	if (!at_operator(re, c))
		return false;
	re->p += re->extended ? 1 : 2;
	return true;
}

/* A piece of the expression: its first node, and its last, whose next is still open. */
struct part {
	int first, last;
};

static struct part parse_alternatives(struct regex *re);

static struct part single(struct regex *re, enum kind kind)
{
	int i = node_add(re, kind);

	return (struct part){ i, i };
}

static struct part literal(struct regex *re, unsigned char c)
{
	struct part part = single(re, CHAR);

	re->nodes[part.first].c = opt_fold ? tolower(c) : c;
	return part;
}

static struct part parse_escape(struct regex *re)
{
	char c = re->p[1];
	struct part part;

	if (!c)
		errx(2, "Trailing backslash");
	re->p += 2;
	if (c == '<' || c == '>' || c == 'b')
		return single(re, c == '<' ? WORD_BEGIN : c == '>' ? WORD_END : WORD_EDGE);
	if (c >= '1' && c <= '9')
		errx(2, "back references are not supported");
	if (c != 'w' && c != 'W' && c != 's' && c != 'S')
		return literal(re, c);
	part = single(re, SET);
	for (int k = 0; k < 256; k++)
		if ((tolower(c) == 'w' ? isalnum(k) || k == '_' : isspace(k)) == !!islower((unsigned char)c))
			re->nodes[part.first].set[k / 8] |= 1 << k % 8;
	return part;
}

static struct part parse_atom(struct regex *re, bool first)
{
	char c = *re->p;
	struct part part;
	int i;

	if (take_operator(re, '(')) {
		re->depth++;
		part = parse_alternatives(re);
		if (!take_operator(re, ')'))
			errx(2, "Unmatched ( or \\(");
		re->depth--;
		return part;
	}
	if (c == '\\')
		return parse_escape(re);
	re->p++;
	if (c == '.')
		return single(re, ANY);
	if (c == '[') {
		i = parse_set(re);
		return (struct part){ i, i };
	}
	if (c == '^' && (re->extended || first))
		return single(re, BEGIN);
	if (c == '$' && (re->extended || !*re->p || at_operator(re, ')') || at_operator(re, '|')))
		return single(re, END);
	return literal(re, c);
}

/* {m}, {m,} or {m,n}; p is behind the brace. False, nothing taken, when it is not one. */
static bool parse_bounds(struct regex *re, int *min, int *max)
{
	const char *s = re->p;
	char *end;

	*min = strtol(s, &end, 10);
	if (end == s && *end != ',')
		return false;
	*max = *min;
	if (*end == ',') {
		s = end + 1;
		*max = strtol(s, &end, 10);
		if (end == s)
			*max = -1;
	}
	if (!re->extended && *end == '\\')
		end++;
	if (*end != '}')
		return false;
	if (*min < 0 || *min > 32767 || *max > 32767 || (*max >= 0 && *max < *min))
		errx(2, "Invalid content of \\{\\}");
	re->p = end + 1;
	return true;
}

/* A repetition operator at p, if there is one. */
static bool parse_repeat(struct regex *re, int *min, int *max)
{
	const char *before = re->p;

	*min = 0;
	*max = -1;
	if (*re->p == '*') {
		re->p++;
		return true;
	}
	if (take_operator(re, '+')) {
		*min = 1;
		return true;
	}
	if (take_operator(re, '?')) {
		*max = 1;
		return true;
	}
	if (!take_operator(re, '{'))
		return false;
	if (parse_bounds(re, min, max))
		return true;
	if (!re->extended)
		errx(2, "Unmatched \\{");
	re->p = before;
	return false;
}

static struct part parse_piece(struct regex *re, bool first)
{
	struct part part;
	int min, max, loop;

	if (*re->p == '*' && first) {
		re->p++;
		part = literal(re, '*');
	} else if (re->extended && first && strchr("+?", *re->p)) {
		part = literal(re, *re->p++);
	} else if (re->extended && *re->p == '{') {
		part = literal(re, *re->p++);
	} else {
		part = parse_atom(re, first);
	}
	while (parse_repeat(re, &min, &max)) {
		loop = node_add(re, LOOP);
		re->nodes[loop].other = part.first;
		re->nodes[loop].min = min;
		re->nodes[loop].max = max;
		re->nodes[part.last].next = loop;
		part = (struct part){ loop, loop };
	}
	return part;
}

static struct part parse_sequence(struct regex *re)
{
	struct part all = single(re, JOIN), piece;
	bool first = true;

	while (*re->p && !at_operator(re, '|') && !(re->depth && at_operator(re, ')'))) {
		bool anchor = *re->p == '^';

		piece = parse_piece(re, first);
		re->nodes[all.last].next = piece.first;
		all.last = piece.last;
		first = first && anchor;
	}
	return all;
}

static struct part parse_alternatives(struct regex *re)
{
	struct part left = parse_sequence(re), right;
	int split, join;

	while (take_operator(re, '|')) {
		right = parse_sequence(re);
		split = node_add(re, SPLIT);
		join = node_add(re, JOIN);
		re->nodes[split].next = left.first;
		re->nodes[split].other = right.first;
		re->nodes[left.last].next = join;
		re->nodes[right.last].next = join;
		left = (struct part){ split, join };
	}
	return left;
}

static void regex_compile(struct regex *re, const char *text, bool extended)
{
	struct part all;
	int end;

	re->p = text;
	re->extended = extended;
	all = parse_alternatives(re);
	if (*re->p)
		errx(2, "Unmatched ) or \\)");
	end = node_add(re, MATCH);
	re->nodes[all.last].next = end;
	re->start = all.first;
}

/* ---- matching ---- */

static bool is_word(const char *s)
{
	return s >= line_begin && s < line_end && (isalnum((unsigned char)*s) || *s == '_');
}

static const char *match_from, *best_end;	/* where the match begins; where the longest so far ends */

static void match(struct regex *re, int i, const char *s);

/* One character against a node that takes one. */
static bool takes(const struct node *n, unsigned char c)
{
	if (n->kind == ANY)
		return true;
	if (n->kind == SET)
		return n->set[c / 8] >> c % 8 & 1;
	return (opt_fold ? tolower(c) : c) == n->c;
}

/*
 * A loop over one character needs no recursion for its rounds: take as many as there are, then give them
 * back one by one.
 */
static void match_run(struct regex *re, const struct node *loop, const char *s)
{
	const struct node *body = &re->nodes[loop->other];
	const char *end = s;

	while (end < line_end && (loop->max < 0 || end - s < loop->max) && takes(body, *end))
		end++;
	for (; end - s >= loop->min; end--)
		match(re, loop->next, end);
}

/* At a loop: another round, if one may follow and the last one moved on; or what comes after. */
static void match_loop(struct regex *re, int i, const char *s)
{
	struct node *n = &re->nodes[i];
	int count = n->count;
	const char *from = n->from;

	if ((n->max < 0 || count < n->max) && (count < n->min || s != from)) {
		n->count = count + 1;
		n->from = s;
		match(re, n->other, s);
		n->count = count;
		n->from = from;
	}
	if (count >= n->min) {
		/* The loop may be entered anew from inside an outer one. */
		n->count = 0;
		n->from = NULL;
		match(re, n->next, s);
		n->count = count;
		n->from = from;
	}
}

static bool holds(const struct node *n, const char *s)
{
	switch (n->kind) {
	case BEGIN: return s == line_begin;
	case END: return s == line_end;
	case WORD_BEGIN: return !is_word(s - 1) && is_word(s);
	case WORD_END: return is_word(s - 1) && !is_word(s);
	case WORD_EDGE: return is_word(s - 1) != is_word(s);
	default: return true;
	}
}

/* May a match from `from` to `to` count under -w and -x? */
static bool acceptable(const char *from, const char *to)
{
	if (opt_line)
		return from == line_begin && to == line_end;
	return !opt_word || (!is_word(from - 1) && !is_word(to));
}

/* Can the rest be matched from s on? Notes the end of each way that does. */
static void match(struct regex *re, int i, const char *s)
{
	for (;;) {
		struct node *n = &re->nodes[i];

		if (best_end == line_end)
			return;
		switch (n->kind) {
		case MATCH:
			if ((!best_end || s > best_end) && acceptable(match_from, s))
				best_end = s;
			return;
		case SPLIT:
			match(re, n->next, s);
			i = n->other;
			continue;
		case LOOP:
			if (re->nodes[n->other].next == i && re->nodes[n->other].kind <= SET)
				match_run(re, n, s);
			else
				match_loop(re, i, s);
			return;
		case CHAR:
		case ANY:
		case SET:
			if (s == line_end || !takes(n, *s))
				return;
			s++;
			break;
		default:
			if (!holds(n, s))
				return;
		}
		i = n->next;
	}
}

/* The longest match of a pattern that begins at s; NULL when there is none. */
static const char *match_at(struct pattern *p, const char *s)
{
	if (opt_fixed) {
		if ((size_t)(line_end - s) < p->len)
			return NULL;
		if (opt_fold ? strncasecmp(s, p->text, p->len) : memcmp(s, p->text, p->len))
			return NULL;
		return acceptable(s, s + p->len) ? s + p->len : NULL;
	}
	best_end = NULL;
	match_from = s;
	match(&p->re, p->re.start, s);
	return best_end;
}

/* Find the first match at or behind s. */
static bool find(const char *s, const char **from, const char **to)
{
	for (; s <= line_end; s++) {
		*to = NULL;
		for (struct pattern *p = patterns; p; p = p->next) {
			const char *end = match_at(p, s);

			if (end && (!*to || end > *to))
				*to = end;
		}
		if (*to) {
			*from = s;
			return true;
		}
	}
	return false;
}

/* ---- files ---- */

static void print_prefix(const char *name, unsigned long long line)
{
	if (opt_names > 0)
		printf("%s:", name);
	if (opt_number)
		printf("%llu:", line);
}

static void print_parts(const char *name, unsigned long long line)
{
	const char *s = line_begin, *from, *to;

	while (s <= line_end && find(s, &from, &to)) {
		if (to > from) {
			print_prefix(name, line);
			printf("%.*s\n", (int)(to - from), from);
		}
		s = to > from ? to : to + 1;
	}
}

static void grep_stream(FILE *f, const char *name)
{
	unsigned long long number = 0, count = 0;
	const char *from, *to;
	struct line l = { 0 };

	while (line_read(f, &l)) {
		number++;
		line_begin = l.s;
		line_end = l.s + l.len;
		if (find(l.s, &from, &to) == opt_invert)
			continue;
		count++;
		selected_any = true;
		if (opt_quiet)
			exit(0);
		if (opt_list)
			break;
		if (opt_count)
			continue;
		if (opt_only && !opt_invert) {
			print_parts(name, number);
			continue;
		}
		print_prefix(name, number);
		fwrite(l.s, 1, l.len, stdout);
		putchar('\n');
	}
	free(l.s);
	if (ferror(f)) {
		trouble = true;
		if (!opt_silent)
			warn("%s", name);
	}
	if (opt_list && count)
		puts(name);
	else if (opt_count && !opt_list)
		printf(opt_names > 0 ? "%s:%llu\n" : "%.0s%llu\n", name, count);
}

static void grep_path(const char *path, bool argument);

static void grep_directory(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;

	if (!dir) {
		trouble = true;
		if (!opt_silent)
			warn("%s", path);
		return;
	}
	while ((e = readdir(dir))) {
		char *inner;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		inner = join_path(path, e->d_name);
		grep_path(inner, false);
		free(inner);
	}
	closedir(dir);
}

static void grep_path(const char *path, bool argument)
{
	struct stat st;
	FILE *f;

	if (strcmp(path, "-") == 0 && argument) {
		grep_stream(stdin, "(standard input)");
		return;
	}
	if ((argument ? stat(path, &st) : lstat(path, &st)) == 0) {
		if (S_ISDIR(st.st_mode) && opt_recursive) {
			grep_directory(path);
			return;
		}
		if (S_ISDIR(st.st_mode)) {
			trouble = true;
			warnx("%s: Is a directory", path);
			return;
		}
		if (!argument && !S_ISREG(st.st_mode))
			return;
	}
	f = fopen(path, "r");
	if (!f) {
		trouble = true;
		if (!opt_silent)
			warn("%s", path);
		return;
	}
	grep_stream(f, path);
	fclose(f);
}

/* Each line of the text is a pattern of its own. */
static void add_patterns(const char *text)
{
	for (;;) {
		size_t n = strcspn(text, "\n");
		struct pattern *p = calloc(1, sizeof(*p));
		char *copy = strndup(text, n);

		if (!p || !copy)
			err(2, NULL);
		p->text = copy;
		p->len = n;
		p->next = patterns;
		patterns = p;
		if (!text[n])
			return;
		text += n + 1;
	}
}

static void parse_options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "EFGivnclqrRshHowxe:")) != -1) {
		switch (c) {
		case 'E': opt_extended = true; break;
		case 'F': opt_fixed = true; break;
		case 'G': opt_extended = opt_fixed = false; break;
		case 'i': opt_fold = true; break;
		case 'v': opt_invert = true; break;
		case 'n': opt_number = true; break;
		case 'c': opt_count = true; break;
		case 'l': opt_list = true; break;
		case 'q': opt_quiet = true; break;
		case 'R':
		case 'r': opt_recursive = true; break;
		case 's': opt_silent = true; break;
		case 'h': opt_names = 0; break;
		case 'H': opt_names = 1; break;
		case 'o': opt_only = true; break;
		case 'w': opt_word = true; break;
		case 'x': opt_line = true; break;
		case 'e': add_patterns(optarg); break;
		default: usage("grep [-EFivnclqrshHowx] [-e PATTERN] PATTERN [FILE...]");
		}
	}
}

int main(int argc, char **argv)
{
	parse_options(argc, argv);
	if (!patterns) {
		if (optind == argc)
			usage("grep [-EFivnclqrshHowx] [-e PATTERN] PATTERN [FILE...]");
		add_patterns(argv[optind++]);
	}
	for (struct pattern *p = patterns; p && !opt_fixed; p = p->next)
		regex_compile(&p->re, p->text, opt_extended);
	if (opt_names < 0)
		opt_names = argc - optind > 1 || opt_recursive;
	if (optind == argc && opt_recursive)
		grep_directory(".");
	else if (optind == argc)
		grep_stream(stdin, "(standard input)");
	for (int i = optind; i < argc; i++)
		grep_path(argv[i], true);
	if (finish(0))
		return 2;
	return trouble ? 2 : !selected_any;
}
