/* SPDX-License-Identifier: MIT */
/*
 * arith.c - $((expression)) over 64-bit integers
 *
 * The text has had its $-expansions done already; what is left are numbers (decimal, 0octal, 0xhex),
 * names of variables, and C's operators. One function per class would be fifteen functions of five
 * lines; precedence climbing does the binary ones with a table, and leaves ?: and = on top:
 *
 *	assignment  name op= assignment | conditional
 *	conditional binary ? assignment : conditional
 *	binary      unary { op binary of a higher level }
 *	unary       - + ! ~ unary | ( assignment ) | number | name
 *
 * What must not be evaluated (the other side of && || ?:) is parsed with `skip` raised: no assignment
 * happens and a division by zero is no error there. Overflow wraps around, as in every shell.
 *
 * What it does not do: ++ and --, and the comma.
 */
#include <stdlib.h>
#include <string.h>

#include "sh.h"

struct arith {
	const char *s;
	int skip;
};

struct op {
	const char *text;
	int level;
};

/* Longer operators stand before their prefixes. */
static const struct op binary_ops[] = {
	{ "||", 1 }, { "&&", 2 }, { "==", 6 }, { "!=", 6 }, { "<<", 8 }, { ">>", 8 }, { "<=", 7 },
	{ ">=", 7 }, { "|", 3 }, { "^", 4 }, { "&", 5 }, { "<", 7 }, { ">", 7 }, { "+", 9 },
	{ "-", 9 }, { "*", 10 }, { "/", 10 }, { "%", 10 },
};

static long long assignment(struct arith *a);

static void skip_blanks(struct arith *a)
{
	a->s += strspn(a->s, " \t\n\r");
}

static bool accept(struct arith *a, char c)
{
	skip_blanks(a);
	if (*a->s != c)
		return false;
	a->s++;
	return true;
}

static void bad(struct arith *a)
{
	if (*a->s)
		sh_error("arithmetic expression: syntax error at \"%s\"", a->s);
	sh_error("arithmetic expression: syntax error at the end");
}

static long long number(struct arith *a, const char *s, char **end)
{
	unsigned long long v = strtoull(s, end, 0);

	if (*end == s || var_name_len(*end) || (**end >= '0' && **end <= '9')) {
		a->s = s;
		bad(a);
	}
	return v;
}

static void copy_name(char *name, size_t size, const char *s, int n)
{
	if ((size_t)n >= size)
		sh_error("arithmetic expression: name too long");
	memcpy(name, s, n);
	name[n] = '\0';
}

/* The number in a variable; unset and empty count as 0. */
static long long variable(struct arith *a, const char *name)
{
	const char *value = var_get(name);
	bool negative = false;
	long long v;
	char *end;

	if (!value && sh.nounset && !a->skip)
		sh_error("%s: parameter not set", name);
	if (!value)
		return 0;
	value += strspn(value, " \t\n");
	if (!*value)
		return 0;
	if (*value == '-' || *value == '+')
		negative = *value++ == '-';
	if (!(*value >= '0' && *value <= '9'))
		sh_error("arithmetic expression: not a number: \"%s\"", value);
	v = number(a, value, &end);
	if (end[strspn(end, " \t\n")])
		sh_error("arithmetic expression: not a number: \"%s\"", value);
	return negative ? -(unsigned long long)v : (unsigned long long)v;
}

static long long unary(struct arith *a)
{
	char name[256], *end;
	long long v;
	int n;

	skip_blanks(a);
	switch (*a->s) {
	case '-':
		a->s++;
		return -(unsigned long long)unary(a);
	case '+':
		a->s++;
		return unary(a);
	case '~':
		a->s++;
		return ~unary(a);
	case '!':
		a->s++;
		return !unary(a);
	case '(':
		a->s++;
		v = assignment(a);
		if (!accept(a, ')'))
			bad(a);
		return v;
	}
	n = var_name_len(a->s);
	if (n) {
		copy_name(name, sizeof(name), a->s, n);
		a->s += n;
		return variable(a, name);
	}
	if (!(*a->s >= '0' && *a->s <= '9'))
		bad(a);
	v = number(a, a->s, &end);
	a->s = end;
	return v;
}

static long long divide(struct arith *a, char op, long long x, long long y)
{
	if (y == 0 && !a->skip)
		sh_error("arithmetic expression: division by zero");
	if (y == 0)
		return 0;
	if (y == -1)
		return op == '/' ? (long long)-(unsigned long long)x : 0;
	return op == '/' ? x / y : x % y;
}

/* x op y, except && and || which decide before y is read. */
static long long apply(struct arith *a, const char *op, long long x, long long y)
{
	unsigned long long ux = x, uy = y;

	switch (op[0]) {
	case '+': return ux + uy;
	case '-': return ux - uy;
	case '*': return ux * uy;
	case '/':
	case '%': return divide(a, op[0], x, y);
	case '|': return x | y;
	case '^': return x ^ y;
	case '&': return x & y;
	case '=': return x == y;
	case '!': return x != y;
	case '<': return op[1] == '<' ? (long long)(ux << (uy & 63)) : op[1] ? x <= y : x < y;
	default: return op[1] == '>' ? x >> (uy & 63) : op[1] ? x >= y : x > y;
	}
}

static const struct op *peek_op(struct arith *a)
{
	skip_blanks(a);
	for (size_t i = 0; i < sizeof(binary_ops) / sizeof(*binary_ops); i++)
		if (strncmp(a->s, binary_ops[i].text, strlen(binary_ops[i].text)) == 0)
			return &binary_ops[i];
	return NULL;
}

/* A chain of operators of at least this level. */
static long long binary(struct arith *a, int level)
{
	long long x = unary(a), y;
	const struct op *op;

	while ((op = peek_op(a)) && op->level >= level) {
		bool decided = (op->level == 1 && x) || (op->level == 2 && !x);

		a->s += strlen(op->text);
		a->skip += decided;
		y = binary(a, op->level + 1);
		a->skip -= decided;
		if (op->level <= 2)
			x = op->level == 1 ? x || y : x && y;
		else
			x = apply(a, op->text, x, y);
	}
	return x;
}

static long long conditional(struct arith *a)
{
	long long cond = binary(a, 1), x, y;

	if (!accept(a, '?'))
		return cond;
	a->skip += !cond;
	x = assignment(a);
	a->skip += cond ? 1 : -1;
	if (!accept(a, ':'))
		bad(a);
	y = conditional(a);
	a->skip -= !!cond;
	return cond ? x : y;
}

/* The length of an assignment operator at s, 0 when there is none. */
static int assign_len(const char *s)
{
	if (s[0] == '=' && s[1] != '=')
		return 1;
	if (s[0] && strchr("+-*/%&|^", s[0]) && s[1] == '=')
		return 2;
	if ((s[0] == '<' || s[0] == '>') && s[1] == s[0] && s[2] == '=')
		return 3;
	return 0;
}

static void store(const char *name, long long v)
{
	char digits[24], *d = digits + sizeof(digits);
	unsigned long long u = v < 0 ? -(unsigned long long)v : (unsigned long long)v;

	*--d = '\0';
	do
		*--d = '0' + u % 10;
	while (u /= 10);
	if (v < 0)
		*--d = '-';
	var_set(name, d);
}

static long long assignment(struct arith *a)
{
	const char *start, *op;
	char name[256];
	long long v;
	int n, len;

	skip_blanks(a);
	start = a->s;
	n = var_name_len(start);
	op = start + n + strspn(start + n, " \t\n");
	len = n ? assign_len(op) : 0;
	if (!len)
		return conditional(a);
	copy_name(name, sizeof(name), start, n);
	a->s = op + len;
	v = assignment(a);
	if (len > 1)
		v = apply(a, (char[]){ op[0], len == 3 ? op[1] : 0, 0 }, variable(a, name), v);
	if (!a->skip)
		store(name, v);
	return v;
}

long long arith_eval(const char *text)
{
	struct arith a = { .s = text };
	long long v;

	skip_blanks(&a);
	if (!*a.s)
		return 0;
	v = assignment(&a);
	skip_blanks(&a);
	if (*a.s)
		bad(&a);
	return v;
}
