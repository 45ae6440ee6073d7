/* SPDX-License-Identifier: MIT */
/*
 * Formatted input: numbers.
 *
 * A number is first gathered as text, by the longest prefix of the input that can be one, then
 * converted by strtol or strtold, so its rules are theirs. The text starts in the caller's frame and
 * moves to the heap when it grows; without memory for that the conversion fails as at the end of the
 * input.
 *
 * Rejected: converting while reading. It saves the text, and needs a second strtod.
 */
#include "scan.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_FIRST 64 /* bytes for the text before it moves to the heap */

/* A number's text as it grows; always ends with a zero byte. */
struct number {
	char first[NUMBER_FIRST];
	char *text;
	size_t n, room;
	int failed; /* no memory */
};

static void number_init(struct number *number)
{
	number->first[0] = '\0';
	number->text = number->first;
	number->n = 0;
	number->room = NUMBER_FIRST;
	number->failed = 0;
}

static void number_free(struct number *number)
{
	if (number->text != number->first)
		free(number->text);
}

/* Makes room for one more character and the zero byte. */
static int number_grow(struct number *number)
{
	char *bigger;

	if (number->n + 1 < number->room)
		return 0;
	bigger = malloc(number->room * 2);
	if (!bigger) {
		number->failed = 1;
		return -1;
	}
	memcpy(bigger, number->text, number->n);
	number_free(number);
	number->text = bigger;
	number->room *= 2;
	return 0;
}

/* Takes the next character if it is one of set (in either case) and there is memory for it. */
static int accept(struct scan *s, struct number *number, const char *set)
{
	int c = s->width > 0 ? peek(s) : EOF;

	if (c == EOF || !c || !strchr(set, tolower(c)) || number_grow(number) < 0)
		return 0;
	number->text[number->n++] = (char)c;
	number->text[number->n] = '\0';
	take(s);
	return 1;
}

static int accept_all(struct scan *s, struct number *number, const char *set)
{
	int n = 0;

	while (accept(s, number, set))
		n++;
	return n;
}

static const char *digits_of(int base)
{
	return base == 16 ? "0123456789abcdef" : base == 8 ? "01234567" : "0123456789";
}

/* Gathers a sign, a prefix and digits; returns how many digits. *base is 0 for %i until it is known. */
static int gather_integer(struct scan *s, struct number *number, int *base)
{
	int digits = 0;

	accept(s, number, "+-");
	if ((*base == 0 || *base == 16) && accept(s, number, "0")) {
		digits = 1;
		if (accept(s, number, "x")) {
			*base = 16;
			digits = 0;
		} else if (*base == 0) {
			*base = 8;
		}
	}
	if (*base == 0)
		*base = 10;
	return digits + accept_all(s, number, digits_of(*base));
}

enum result __scan_integer(struct scan *s, int base, int is_signed)
{
	struct number number;
	int digits;

	number_init(&number);
	digits = gather_integer(s, &number, &base);
	if (digits && !number.failed) {
		__scan_store(s, is_signed ? (uint64_t)strtoimax(number.text, NULL, base) :
					     strtoumax(number.text, NULL, base));
		s->stored += !s->skip;
	}
	number_free(&number);
	return number.failed ? NO_INPUT : digits ? MATCH : MISMATCH;
}

static void gather_name(struct scan *s, struct number *number, const char *name)
{
	char one[2] = "";

	for (; *name; name++) {
		one[0] = *name;
		if (!accept(s, number, one))
			return;
	}
}

static void gather_float(struct scan *s, struct number *number)
{
	const char *set = digits_of(10);
	char exponent[2] = "e";
	int digits = 0;

	accept(s, number, "+-");
	if (strchr("in", tolower(peek(s)) ? tolower(peek(s)) : 'x')) {
		gather_name(s, number, tolower(peek(s)) == 'i' ? "infinity" : "nan");
		return;
	}
	if (accept(s, number, "0")) {
		digits = 1;
		if (accept(s, number, "x")) {
			digits = 0;
			set = digits_of(16);
			exponent[0] = 'p';
		}
	}
	digits += accept_all(s, number, set);
	if (accept(s, number, "."))
		digits += accept_all(s, number, set);
	if (digits && accept(s, number, exponent)) {
		accept(s, number, "+-");
		accept_all(s, number, digits_of(10));
	}
}

/* Hexadecimal, or the word that printf writes for the null pointer. */
enum result __scan_pointer(struct scan *s)
{
	s->len = LEN_LONG;
	if (peek(s) != '(')
		return __scan_integer(s, 16, 0);
	for (const char *word = "(nil)"; *word; word++)
		if (s->width <= 0 || __scan_literal(s, *word) != MATCH)
			return MISMATCH;
	__scan_store(s, 0);
	s->stored += !s->skip;
	return MATCH;
}

/* Converted at the target's precision, for rounding twice is not the same. */
static long double to_float(const char *text, char **end, enum length len)
{
	if (len == LEN_LONG_DOUBLE)
		return strtold(text, end);
	return len == LEN_LONG ? strtod(text, end) : strtof(text, end);
}

static void store_float(struct scan *s, long double value)
{
	void *to;

	if (s->skip)
		return;
	to = va_arg(s->args, void *);
	if (s->len == LEN_LONG_DOUBLE)
		*(long double *)to = value;
	else if (s->len == LEN_LONG)
		*(double *)to = (double)value;
	else
		*(float *)to = (float)value;
	s->stored++;
}

enum result __scan_float(struct scan *s)
{
	struct number number;
	long double value;
	enum result result;
	char *end;

	number_init(&number);
	gather_float(s, &number);
	value = to_float(number.text, &end, s->len);
	result = number.failed ? NO_INPUT : number.n && !*end ? MATCH : MISMATCH;
	if (result == MATCH)
		store_float(s, value);
	number_free(&number);
	return result;
}
