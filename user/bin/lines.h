/* SPDX-License-Identifier: MIT */
/* Reading lines of any length, for grep, sort and uniq. */
#ifndef BIN_LINES_H
#define BIN_LINES_H

#include <stdbool.h>

#include "common.h"

struct line {
	char *s;		/* without the newline; NUL-terminated, but may hold NUL bytes */
	size_t len, cap;
	bool newline;		/* it had one */
};

/* Read the next line into l, whose memory is used again; false at the end of the file. */
static inline bool line_read(FILE *f, struct line *l)
{
	int c;

	l->len = 0;
	l->newline = false;
	while ((c = getc(f)) != EOF) {
		if (l->len + 2 > l->cap) {
			l->cap = l->cap * 2 + 128;
			l->s = realloc(l->s, l->cap);
			if (!l->s)
				err(2, NULL);
		}
		l->newline = c == '\n';
		if (l->newline)
			break;
		l->s[l->len++] = c;
	}
	if (!l->len && !l->newline)
		return false;
	l->s[l->len] = '\0';
	return true;
}

#endif
