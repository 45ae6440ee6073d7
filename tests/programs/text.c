/* SPDX-License-Identifier: MIT */
/*
 * What the C library does with text and tables: locales, wide characters, regular expressions, patterns, options,
 * sorting, searching, times. What two libraries may answer differently is compared for each with itself on Linux.
 */
#define _GNU_SOURCE
#include <fnmatch.h>
#include <getopt.h>
#include <glob.h>
#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <regex.h>
#include <search.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

static int by_value(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
	return (x > y) - (x < y);
}

static void sorting(void)
{
	static unsigned table[200000];
	unsigned x = 1, wrong = 0;

	for (int i = 0; i < 200000; i++)
		table[i] = x = x * 1103515245 + 12345;
	qsort(table, 200000, sizeof(table[0]), by_value);
	for (int i = 1; i < 200000; i++)
		wrong += table[i - 1] > table[i];
	unsigned *found = bsearch(&table[777], table, 200000, sizeof(table[0]), by_value);
	printf("%u %u %d\n", wrong, table[100000], found && *found == table[777]);
	srandom(42);
	long r = random();
	srand48(7);
	printf("%ld %.6f\n", r, drand48());
}

static int nodes;

static void count_node(const void *node, VISIT when, int depth)
{
	(void)node;
	(void)depth;
	nodes += when == leaf || when == postorder;
}

static void searching(void)
{
	static char names[500][12];
	void *tree = NULL;

	hcreate(1000);
	for (int i = 0; i < 500; i++) {
		snprintf(names[i], sizeof(names[i]), "name%d", i * 7919 % 500);
		hsearch((ENTRY){ names[i], names[i] }, ENTER);
		tsearch(names[i], &tree, (int (*)(const void *, const void *))(void *)strcmp);
	}
	twalk(tree, count_node);
	printf("%d %s %d\n", nodes, (char *)hsearch((ENTRY){ "name123", NULL }, FIND)->data,
	       hsearch((ENTRY){ "nobody", NULL }, FIND) == NULL);
}

static void patterns(void)
{
	regex_t re;
	regmatch_t m[3];
	glob_t g;
	char message[100];
	const char *text = "on 2026-11-21 and on 2027-01-02";

	printf("%d", regcomp(&re, "([0-9]{4})-([0-9]+)-[0-9]+", REG_EXTENDED));
	for (int at = 0; regexec(&re, text + at, 3, m, 0) == 0; at += m[0].rm_eo)
		printf(" %.*s", (int)(m[1].rm_eo - m[1].rm_so), text + at + m[1].rm_so);
	regfree(&re);
	int bad = regcomp(&re, "(open", REG_EXTENDED);
	regerror(bad, &re, message, sizeof(message));
	printf(" %d %d\n", bad != 0, (int)strlen(message) > 3);
	printf("%d %d %d\n", fnmatch("*.[ch]", "text.c", 0), fnmatch("a*b", "ab/", FNM_PATHNAME) != 0,
	       fnmatch("?x", "ax", 0));
	for (int i = 0; i < 5; i++)
		fclose(fopen((char[]){ 'g', (char)('a' + i), 0 }, "w"));
	printf("%d", glob("g[b-d]", 0, NULL, &g));
	for (size_t i = 0; i < g.gl_pathc; i++)
		printf(" %s", g.gl_pathv[i]);
	printf("\n");
	globfree(&g);
}

static void options(void)
{
	char *argv[] = { "p", "-a", "word", "-bvalue", "--long=1", "--flag", "-x", "more", NULL };
	static const struct option longs[] = { { "long", 1, NULL, 'l' }, { "flag", 0, NULL, 'f' }, { 0 } };
	int c;

	opterr = 0;
	while ((c = getopt_long(8, argv, "ab:", longs, NULL)) != -1)
		printf("%c=%s ", c, optarg ? optarg : "");
	printf("rest %s %s\n", argv[optind], argv[optind + 1]);
}

static void locales(void)
{
	wchar_t wide[32];
	char back[64];
	struct tm tm;
	time_t t = 1000000000;

	printf("%d ", setlocale(LC_ALL, "C.UTF-8") != NULL);
	size_t n = mbstowcs(wide, "Größe €5 \360\237\230\200", 32);
	for (size_t i = 0; i < n; i++)
		wide[i] = towupper(wide[i]);
	printf("%zu %zu %s %s\n", n, wcstombs(back, wide, sizeof(back)), back, nl_langinfo(CODESET));
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	strftime(back, sizeof(back), "%Y-%m-%d %H:%M:%S %Z %A %j", localtime_r(&t, &tm));
	printf("%s ", back);
	memset(&tm, 0, sizeof(tm));
	tm.tm_isdst = -1;
	printf("%d ", strptime("2026-07-04 12:30:00", "%Y-%m-%d %H:%M:%S", &tm) != NULL);
	printf("%lld\n", (long long)mktime(&tm));
	printf("%s %.3f %.3f %.6f\n", strtok((char[]){ "one two" }, " "), pow(2, 0.5), sin(1), lgamma(4.5));
}

static jmp_buf place;

static int jump(const void *a, const void *b)
{
	if (*(const unsigned *)a == 3 || *(const unsigned *)b == 3)
		longjmp(place, 42);
	return by_value(a, b);
}

int main(void)
{
	sorting();
	searching();
	patterns();
	options();
	locales();
	int value = setjmp(place);
	if (value == 0)
		qsort((unsigned[]){ 7, 5, 3, 1 }, 4, sizeof(unsigned), jump);
	printf("%d\n", value);
	return 0;
}
