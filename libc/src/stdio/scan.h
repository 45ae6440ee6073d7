/* SPDX-License-Identifier: MIT */
/* What the two files of scanf know of each other. */
#ifndef SCAN_H
#define SCAN_H

#include <stdarg.h>
#include <stdint.h>

#include "stdio_impl.h"

enum result { MISMATCH, MATCH, NO_INPUT };

enum length { LEN_CHAR, LEN_SHORT, LEN_INT, LEN_LONG, LEN_LONG_DOUBLE };

struct scan {
	FILE *f;
	size_t taken;
	int width; /* characters that this conversion may still take */
	int skip;  /* '*': nothing is stored */
	int allocate;
	enum length len;
	int stored;
	va_list args;
};

/* The next character, or EOF; it stays. */
static inline int peek(struct scan *s)
{
	return __file_fill_locked(s->f) < 0 ? EOF : *s->f->at;
}

static inline void take(struct scan *s)
{
	s->f->at++;
	s->taken++;
	s->width--;
}

/* scanf.c. __scan_store stores an integer of s->len, unless '*' said not to. */
enum result __scan_literal(struct scan *s, char c);
void __scan_store(struct scan *s, uint64_t value);

/* scan_number.c: a number into the next argument, counted. base is 0 for %i. */
enum result __scan_integer(struct scan *s, int base, int is_signed);
enum result __scan_pointer(struct scan *s);
enum result __scan_float(struct scan *s);

#endif
