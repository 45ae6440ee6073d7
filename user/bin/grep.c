/* SPDX-License-Identifier: MIT */
/*
 * grep [-EFivnclLqrshHowx] [-m NUMBER] [-e PATTERN] [-f FILE] PATTERN [FILE...] - find lines that match
 *
 * Regular expressions are the C library's (regex.h), basic ones or, with -E, extended; with -F the pattern is a plain
 * string. A pattern with newlines is several, as are several -e and the lines of -f. Of what begins first in a line
 * the longest counts.
 *
 * Under -w a match must not have a word's character on either side. When the longest one has, shorter ones that begin
 * at the same place are tried, then those that begin later. Lines may hold NUL bytes: their ends are told by length.
 *
 * Status 0 when a line was selected, 1 when none, 2 after an error.
 */
#include <ctype.h>
#include <dirent.h>
#include <regex.h>
#include <stdbool.h>
#include <strings.h>

#include "lines.h"

#define USAGE "grep [-EFivnclLqrshHowx] [-m NUMBER] [-e PATTERN] [-f FILE] PATTERN [FILE...]"

struct pattern {
	struct pattern *next;
	const char *text;
	size_t len;
	regex_t re;
};

static bool opt_fold, opt_invert, opt_number, opt_count, opt_list, opt_missing, opt_quiet, opt_recursive, opt_silent;
static bool opt_fixed, opt_extended, opt_only, opt_word, opt_line;
static int opt_names = -1;
static long long opt_max = -1;
static struct pattern *patterns;
static bool have_patterns, selected_any, trouble;
static const char *line_begin, *line_end;

/* ---- patterns ---- */

static void compile(struct pattern *p)
{
	bool whole = opt_only || opt_word || opt_line; /* where the match lies is of interest */
	int flags = (opt_extended ? REG_EXTENDED : 0) | (opt_fold ? REG_ICASE : 0) | (whole ? 0 : REG_NOSUB);
	int error = regcomp(&p->re, p->text, flags);
	char text[128];

	if (!error)
		return;
	regerror(error, &p->re, text, sizeof(text));
	errx(2, "%s: %s", p->text, text);
}

static void add_pattern(const char *text, size_t len)
{
	struct pattern *p = calloc(1, sizeof(*p));

	if (!p || !(p->text = strndup(text, len)))
		err(2, NULL);
	p->len = len;
	p->next = patterns;
	patterns = p;
}

/* Each line of the text is a pattern of its own. */
static void add_patterns(const char *text)
{
	have_patterns = true;
	for (;; text++) {
		size_t n = strcspn(text, "\n");

		add_pattern(text, n);
		text += n;
		if (!*text)
			return;
	}
}

static void add_patterns_of(const char *name)
{
	FILE *f = strcmp(name, "-") == 0 ? stdin : fopen(name, "r");
	struct line l = { 0 };

	if (!f)
		err(2, "%s", name);
	have_patterns = true;
	while (line_read(f, &l))
		add_pattern(l.s, l.len);
	if (ferror(f))
		err(2, "%s", name);
	if (f != stdin)
		fclose(f);
	free(l.s);
}

/* ---- matching ---- */

static bool is_word(const char *s)
{
	return s >= line_begin && s < line_end && (isalnum((unsigned char)*s) || *s == '_');
}

/* May a match from `from` to `to` count under -w and -x? */
static bool acceptable(const char *from, const char *to)
{
	if (opt_line)
		return from == line_begin && to == line_end;
	return !opt_word || (!is_word(from - 1) && !is_word(to));
}

/* The first, longest match between s and end, which both lie in the line. */
static bool search(const struct pattern *p, const char *s, const char *end, const char **from, const char **to)
{
	regmatch_t m = { s - line_begin, end - line_begin };
	int error = regexec(&p->re, line_begin, 1, &m, REG_STARTEND | (end < line_end ? REG_NOTEOL : 0));

	if (error && error != REG_NOMATCH)
		errx(2, "%s: too much to match", p->text);
	*from = line_begin + m.rm_so;
	*to = line_begin + m.rm_eo;
	return !error;
}

/* The first match at or behind s that counts. */
static bool find_regex(const struct pattern *p, const char *s, const char **from, const char **to)
{
	if (opt_line)
		return search(p, s, line_end, from, to) && acceptable(*from, *to);
	while (s <= line_end && search(p, s, line_end, from, to)) {
		s = *from;
		do
			if (acceptable(*from, *to))
				return true;
		while (*to > s && search(p, s, *to - 1, from, to) && *from == s);
		s++;
	}
	return false;
}

static bool find_fixed(const struct pattern *p, const char *s, const char **from, const char **to)
{
	for (; (size_t)(line_end - s) >= p->len; s++) {
		if (opt_fold ? strncasecmp(s, p->text, p->len) : memcmp(s, p->text, p->len))
			continue;
		*from = s;
		*to = s + p->len;
		if (acceptable(*from, *to))
			return true;
	}
	return false;
}

/* Of all patterns: the match that begins first, and of those the longest. */
static bool find(const char *s, const char **from, const char **to)
{
	const char *begin, *end;
	bool found = false;

	for (const struct pattern *p = patterns; p; p = p->next) {
		if (!(opt_fixed ? find_fixed : find_regex)(p, s, &begin, &end))
			continue;
		if (!found || begin < *from || (begin == *from && end > *to)) {
			*from = begin;
			*to = end;
		}
		found = true;
	}
	return found;
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
			fwrite(from, 1, to - from, stdout);
			putchar('\n');
		}
		s = to > from ? to : to + 1;
	}
}

static void complain(const char *name)
{
	trouble = true;
	if (!opt_silent)
		warn("%s", name);
}

/* The line l is selected. -> whether there is more to look for */
static bool take(const struct line *l, const char *name, unsigned long long number)
{
	selected_any = true;
	if (opt_quiet)
		exit(0);
	if (opt_list || opt_missing)
		return false;
	if (opt_count)
		return true;
	if (opt_only) {
		if (!opt_invert)
			print_parts(name, number);
		return true;
	}
	print_prefix(name, number);
	fwrite(l->s, 1, l->len, stdout);
	putchar('\n');
	return true;
}

static void grep_stream(FILE *f, const char *name)
{
	unsigned long long number = 0;
	const char *from, *to;
	struct line l = { 0 };
	long long count = 0;
	bool more = true;

	while (more && count != opt_max && line_read(f, &l)) {
		number++;
		line_begin = l.s;
		line_end = l.s + l.len;
		if (find(l.s, &from, &to) == opt_invert)
			continue;
		count++;
		more = take(&l, name, number);
	}
	free(l.s);
	if (ferror(f))
		complain(name);
	if (opt_list || opt_missing) {
		if (opt_list ? count : !count)
			puts(name);
	} else if (opt_count) {
		printf(opt_names > 0 ? "%s:%lld\n" : "%.0s%lld\n", name, count);
	}
}

static void grep_path(const char *path, bool argument);

/* "" is the working directory, whose files are shown without a folder. */
static void grep_directory(const char *path)
{
	DIR *dir = opendir(*path ? path : ".");
	struct dirent *e;

	if (!dir) {
		complain(path);
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
			errno = EISDIR;
			complain(path);
			return;
		}
		if (!argument && !S_ISREG(st.st_mode))
			return;
	}
	f = fopen(path, "r");
	if (!f) {
		complain(path);
		return;
	}
	grep_stream(f, path);
	fclose(f);
}

static void parse_options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "EFGivnclLqrRshHowxe:f:m:")) != -1) {
		switch (c) {
		case 'E':
		case 'F':
		case 'G':
			opt_extended = c == 'E';
			opt_fixed = c == 'F';
			break;
		case 'i': opt_fold = true; break;
		case 'v': opt_invert = true; break;
		case 'n': opt_number = true; break;
		case 'c': opt_count = true; break;
		case 'l': opt_list = true; break;
		case 'L': opt_missing = true; break;
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
		case 'f': add_patterns_of(optarg); break;
		case 'm': opt_max = number_arg(optarg); break;
		default: usage(USAGE);
		}
	}
}

int main(int argc, char **argv)
{
	parse_options(argc, argv);
	if (!have_patterns) {
		if (optind == argc)
			usage(USAGE);
		add_patterns(argv[optind++]);
	}
	for (struct pattern *p = patterns; p && !opt_fixed; p = p->next)
		compile(p);
	if (opt_names < 0)
		opt_names = argc - optind > 1 || opt_recursive;
	if (optind == argc && opt_recursive)
		grep_directory("");
	else if (optind == argc)
		grep_stream(stdin, "(standard input)");
	for (int i = optind; i < argc; i++)
		grep_path(argv[i], true);
	if (finish(0))
		return 2;
	return trouble ? 2 : !selected_any;
}
