/* SPDX-License-Identifier: MIT */
/*
 * The test(1) language, for the program test and for the shell's builtins "test" and "[". Whoever
 * includes this gives complain(), which prints a message.
 *
 *	or:       and { -o and }
 *	and:      not { -a not }
 *	not:      ! not | primary
 *	primary:  ( or ) | string op string | -op string | string
 *
 * With up to four arguments POSIX decides by their number, so that strings which look like operators
 * are strings: test_args() does that and only then turns to the grammar. Status: 0 true, 1 false, 2 error.
 */
#ifndef BIN_TEST_EXPR_H
#define BIN_TEST_EXPR_H

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void complain(const char *fmt, const char *arg);

struct test {
	char **args;
	int n, pos;
	bool bad;
};

static bool test_bad(struct test *t, const char *fmt, const char *arg)
{
	if (!t->bad)
		complain(fmt, arg);
	t->bad = true;
	return false;
}

static long long test_number(struct test *t, const char *s)
{
	char *end;
	long long v = strtoll(s, &end, 10);

	while (end != s && (*end == ' ' || *end == '\t'))
		end++;
	if (end == s || *end)
		test_bad(t, "%s: integer expected", s);
	return v;
}

static bool test_is_unary(const char *s)
{
	return s[0] == '-' && s[1] && !s[2] && strchr("bcdefghknprstuwxzLS", s[1]);
}

static bool test_mode(char op, const struct stat *st)
{
	switch (op) {
	case 'b': return S_ISBLK(st->st_mode);
	case 'c': return S_ISCHR(st->st_mode);
	case 'd': return S_ISDIR(st->st_mode);
	case 'f': return S_ISREG(st->st_mode);
	case 'g': return st->st_mode & S_ISGID;
	case 'k': return st->st_mode & S_ISVTX;
	case 'p': return S_ISFIFO(st->st_mode);
	case 's': return st->st_size > 0;
	case 'u': return st->st_mode & S_ISUID;
	case 'S': return S_ISSOCK(st->st_mode);
	default: return true;
	}
}

static bool test_unary(struct test *t, char op, const char *s)
{
	struct stat st;

	switch (op) {
	case 'n': return *s;
	case 'z': return !*s;
	case 't': return isatty(test_number(t, s));
	case 'r': return access(s, R_OK) == 0;
	case 'w': return access(s, W_OK) == 0;
	case 'x': return access(s, X_OK) == 0;
	case 'h':
	case 'L': return lstat(s, &st) == 0 && S_ISLNK(st.st_mode);
	default: return stat(s, &st) == 0 && test_mode(op, &st);
	}
}

/* -nt, -ot and -ef. A file that exists is newer than one that does not. */
static bool test_files(char op, const char *a, const char *b)
{
	struct stat sa, sb;
	bool have_a = stat(a, &sa) == 0, have_b = stat(b, &sb) == 0;

	if (op == 'e')
		return have_a && have_b && sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
	if (op == 'o')
		return test_files('n', b, a);
	if (!have_a || !have_b)
		return have_a && !have_b;
	return sa.st_mtim.tv_sec > sb.st_mtim.tv_sec ||
	       (sa.st_mtim.tv_sec == sb.st_mtim.tv_sec && sa.st_mtim.tv_nsec > sb.st_mtim.tv_nsec);
}

static int test_binary_op(const char *s)
{
	static const char *const ops[] = { "=", "!=", "<", ">", "==", "-eq", "-ne", "-lt", "-le", "-gt",
					   "-ge", "-nt", "-ot", "-ef" };

	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		if (strcmp(s, ops[i]) == 0)
			return i;
	return -1;
}

static bool test_binary(struct test *t, const char *a, int op, const char *b)
{
	long long x = 0, y = 0;

	if (op >= 5 && op <= 10) {
		x = test_number(t, a);
		y = test_number(t, b);
	}
	switch (op) {
	case 1: return strcmp(a, b) != 0;
	case 2: return strcmp(a, b) < 0;
	case 3: return strcmp(a, b) > 0;
	case 5: return x == y;
	case 6: return x != y;
	case 7: return x < y;
	case 8: return x <= y;
	case 9: return x > y;
	case 10: return x >= y;
	case 11: return test_files('n', a, b);
	case 12: return test_files('o', a, b);
	case 13: return test_files('e', a, b);
	default: return strcmp(a, b) == 0;
	}
}

static bool test_or(struct test *t);

static bool test_next_is(struct test *t, const char *s)
{
	return t->pos < t->n && strcmp(t->args[t->pos], s) == 0;
}

static bool test_primary(struct test *t)
{
	char **a = t->args + t->pos;
	int left = t->n - t->pos, op;
	bool value;

	if (left == 0)
		return test_bad(t, "argument expected%s", "");
	if (left >= 3 && (op = test_binary_op(a[1])) >= 0) {
		t->pos += 3;
		return test_binary(t, a[0], op, a[2]);
	}
	if (left >= 3 && strcmp(a[0], "(") == 0) {
		t->pos++;
		value = test_or(t);
		if (!test_next_is(t, ")"))
			return test_bad(t, "missing )%s", "");
		t->pos++;
		return value;
	}
	if (left >= 2 && test_is_unary(a[0])) {
		t->pos += 2;
		return test_unary(t, a[0][1], a[1]);
	}
	t->pos++;
	return *a[0];
}

static bool test_not(struct test *t)
{
	if (t->n - t->pos > 1 && test_next_is(t, "!")) {
		t->pos++;
		return !test_not(t);
	}
	return test_primary(t);
}

static bool test_and(struct test *t)
{
	bool value = test_not(t);

	while (test_next_is(t, "-a")) {
		t->pos++;
		value &= test_not(t);
	}
	return value;
}

static bool test_or(struct test *t)
{
	bool value = test_and(t);

	while (test_next_is(t, "-o")) {
		t->pos++;
		value |= test_and(t);
	}
	return value;
}

/* Up to three arguments, as POSIX counts them; false when the grammar has to decide. */
static bool test_args(struct test *t, char **a, int n, bool *value)
{
	int op;

	if (n == 0) {
		*value = false;
	} else if (n == 1) {
		*value = *a[0];
	} else if (n == 3 && (op = test_binary_op(a[1])) >= 0) {
		*value = test_binary(t, a[0], op, a[2]);
	} else if (n == 3 && (strcmp(a[1], "-a") == 0 || strcmp(a[1], "-o") == 0)) {
		*value = a[1][1] == 'a' ? *a[0] && *a[2] : *a[0] || *a[2];
	} else if (n <= 4 && strcmp(a[0], "!") == 0 && test_args(t, a + 1, n - 1, value)) {
		*value = !*value;
	} else if (n == 2 && test_is_unary(a[0])) {
		*value = test_unary(t, a[0][1], a[1]);
	} else if (n == 3 && strcmp(a[0], "(") == 0 && strcmp(a[2], ")") == 0) {
		*value = *a[1];
	} else {
		return false;
	}
	return true;
}

/* The status of `test args`. */
static int test_run(char **args, int n)
{
	struct test t = { .args = args, .n = n };
	bool value;

	if (!test_args(&t, args, n, &value)) {
		value = test_or(&t);
		if (t.pos < n)
			test_bad(&t, "%s: unexpected argument", args[t.pos]);
	}
	return t.bad ? 2 : !value;
}

#endif
