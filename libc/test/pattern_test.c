/* SPDX-License-Identifier: MIT */
/* Regular expressions, file name patterns and options of command lines, by tables. */
#include "check.h"
#include <fcntl.h>
#include <fnmatch.h>
#include <getopt.h>
#include <glob.h>
#include <regex.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
	const char *pattern;
	int flags;
	const char *text;
	int from, to; /* from -1: no match; -2: the pattern is an error */
} regexes[] = {
	{ "abc", 0, "xxabcxx", 2, 5 },
	{ "a*b", 0, "caaab", 1, 5 },
	{ "^a", 0, "ba", -1, 0 },
	{ "a$", 0, "aba", 2, 3 },
	{ "a|bc|bcd", REG_EXTENDED, "xbcd", 1, 4 },
	{ "(a|ab)(c|bcd)(d*)", REG_EXTENDED, "abcd", 0, 4 },
	{ "x*", 0, "aaa", 0, 0 },
	{ "[[:digit:]]+", REG_EXTENDED, "ab123c", 2, 5 },
	{ "[^]a-c]", 0, "a]bd", 3, 4 },
	{ "a{2,3}", REG_EXTENDED, "aaaa", 0, 3 },
	{ "a\\{2\\}b", 0, "aaab", 1, 4 },
	{ "\\(ab\\)*\\1", 0, "ababab", 0, 6 },
	{ "(a*)+b", REG_EXTENDED, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", -1, 0 },
	{ "HELLO", REG_ICASE, "say hello", 4, 9 },
	{ "^b", REG_NEWLINE, "a\nb", 2, 3 },
	{ "a.b", REG_NEWLINE, "a\nb", -1, 0 },
	{ "\\<word\\>", 0, "sword word", 6, 10 },
	{ "*a", 0, "x*a", 1, 3 },
	{ "a+", 0, "aa+", 1, 3 },
	{ "()", REG_EXTENDED, "x", 0, 0 },
	{ "(", REG_EXTENDED, "", -2, 0 },
	{ "[a", 0, "", -2, 0 },
	{ "a\\", 0, "", -2, 0 },
	{ "\\1", 0, "", -2, 0 },
	{ "*a", REG_EXTENDED, "", -2, 0 },
};

static void regular_expressions(void)
{
	for (size_t i = 0; i < sizeof(regexes) / sizeof(regexes[0]); i++) {
		regmatch_t match = { -1, -1 };
		regex_t regex;
		int from = -2;

		if (regcomp(&regex, regexes[i].pattern, regexes[i].flags) == 0) {
			from = regexec(&regex, regexes[i].text, 1, &match, 0) == 0 ? (int)match.rm_so : -1;
			regfree(&regex);
		}
		if (from != regexes[i].from || (from >= 0 && match.rm_eo != regexes[i].to)) {
			fprintf(stderr, "regex %s on \"%s\": %d-%d\n", regexes[i].pattern,
				regexes[i].text, from, (int)match.rm_eo);
			exit(1);
		}
	}
}

static void groups(void)
{
	regmatch_t m[3];
	regex_t regex;

	CHECK(regcomp(&regex, "([a-z]+)=([0-9]*)", REG_EXTENDED) == 0 && regex.re_nsub == 2);
	CHECK(regexec(&regex, " key=42;", 3, m, 0) == 0);
	CHECK(m[1].rm_so == 1 && m[1].rm_eo == 4 && m[2].rm_so == 5 && m[2].rm_eo == 7);
	regfree(&regex);
}

/* Between two places of a text: what is before the first still tells where words and lines begin. */
static void parts_of_a_text(void)
{
	static const struct { const char *pattern, *text; int from, to, flags, so, eo; } parts[] = {
		{ "^b", "ab", 1, 2, 0, -1, -1 }, { "\\<b", "ab", 1, 2, 0, -1, -1 }, { "b", "ab", 1, 2, 0, 1, 2 },
		{ "\\<b", "a b", 1, 3, 0, 2, 3 }, { "b$", "abc", 0, 2, 0, 1, 2 }, { "b$", "abc", 0, 2, REG_NOTEOL, -1, -1 },
		{ "b", "ab", 0, 1, 0, -1, -1 }, { "", "ab", 1, 1, 0, 1, 1 }, { "a\\S", "a b ac", 0, 6, 0, 4, 6 },
		{ "a\\s*b", "a \t b", 0, 5, 0, 0, 5 }, { "\\(b\\)\\1", "abbbb", 2, 5, 0, 2, 4 },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		regmatch_t match = { parts[i].from, parts[i].to };
		regex_t regex;
		CHECK(regcomp(&regex, parts[i].pattern, 0) == 0);
		bool found = regexec(&regex, parts[i].text, 1, &match, REG_STARTEND | parts[i].flags) == 0;
		CHECK(found == (parts[i].so >= 0) && (!found || (match.rm_so == parts[i].so && match.rm_eo == parts[i].eo)));
		regfree(&regex);
	}
}

static void file_patterns(void)
{
	CHECK(fnmatch("*.c", "main.c", 0) == 0 && fnmatch("*.c", "main.h", 0) == FNM_NOMATCH);
	CHECK(fnmatch("[a-c]?[!x]", "bzy", 0) == 0 && fnmatch("\\*", "*", 0) == 0);
	CHECK(fnmatch("*", "a/b", FNM_PATHNAME) && !fnmatch("*/b", "a/b", FNM_PATHNAME));
	CHECK(fnmatch("*", ".x", FNM_PERIOD) && !fnmatch(".*", ".x", FNM_PERIOD));
	CHECK(fnmatch("*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 0) == FNM_NOMATCH);
	CHECK(fnmatch("[[:upper:]]*", "Make", 0) == 0 && fnmatch("[", "[", 0) == 0);
}

static void globbing(void)
{
	static const char *const names[] = { "b.c", "a.c", "d/x.c", "d/y.h", ".hidden" };
	glob_t g;

	mkdir("d", 0755);
	for (int i = 0; i < 5; i++)
		close(open(names[i], O_CREAT | O_WRONLY, 0644));
	CHECK(glob("*.c", 0, NULL, &g) == 0 && g.gl_pathc == 2);
	CHECK_TEXT(g.gl_pathv[0], "a.c");
	globfree(&g);
	CHECK(glob("*/*.[ch]", 0, NULL, &g) == 0 && g.gl_pathc == 2);
	CHECK_TEXT(g.gl_pathv[1], "d/y.h");
	globfree(&g);
	CHECK(glob("*.none", 0, NULL, &g) == GLOB_NOMATCH);
	globfree(&g);
	CHECK(glob("*.none", GLOB_NOCHECK, NULL, &g) == 0 && g.gl_pathc == 1);
	globfree(&g);
	for (int i = 0; i < 5; i++)
		unlink(names[i]);
	rmdir("d");
}

static void short_options(void)
{
	char *argv[] = { (char *)"p", (char *)"-ab", (char *)"file", (char *)"-cvalue",
			 (char *)"-d", (char *)"arg", (char *)"--", (char *)"-x", NULL };
	char seen[16] = "";
	int c;

	while ((c = getopt(8, argv, "abc:d:")) != -1) {
		strncat(seen, (char[]){ (char)c, 0 }, 1);
		if (c == 'c')
			CHECK_TEXT(optarg, "value");
		if (c == 'd')
			CHECK_TEXT(optarg, "arg");
	}
	CHECK_TEXT(seen, "abcd");
	CHECK(optind == 6);
	CHECK_TEXT(argv[optind], "file");
	CHECK_TEXT(argv[optind + 1], "-x");
}

static void long_options(void)
{
	static const struct option longs[] = {
		{ "verbose", no_argument, NULL, 'v' },
		{ "size", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	char *argv[] = { (char *)"p", (char *)"--verb", (char *)"--size=3", (char *)"--size",
			 (char *)"4", (char *)"--bad", (char *)"end", NULL };

	optind = 1;
	opterr = 0;
	CHECK(getopt_long(7, argv, "vs:", longs, NULL) == 'v');
	CHECK(getopt_long(7, argv, "vs:", longs, NULL) == 's' && strcmp(optarg, "3") == 0);
	CHECK(getopt_long(7, argv, "vs:", longs, NULL) == 's' && strcmp(optarg, "4") == 0);
	CHECK(getopt_long(7, argv, "vs:", longs, NULL) == '?');
	CHECK(getopt_long(7, argv, "vs:", longs, NULL) == -1 && optind == 6);
}

int main(void)
{
	regular_expressions();
	groups();
	parts_of_a_text();
	file_patterns();
	globbing();
	short_options();
	long_options();
	return 0;
}
