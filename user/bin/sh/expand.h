/* SPDX-License-Identifier: MIT */
/* Between expand.c, which makes the two strings of an xbuf, and fields.c, which uses them. */
#ifndef SH_EXPAND_H
#define SH_EXPAND_H

#include "sh.h"

enum origin { FROM_LITERAL = 'L', FROM_QUOTE = 'Q', FROM_SUBST = 'S', MARK_EMPTY = 'E', MARK_BREAK = 'B' };

struct xbuf {
	struct strbuf text, from;
	bool no_params;		/* a "$@" without parameters was met */
};

/* How the text at hand is to be read. */
enum {
	X_DQUOTE = 1,		/* inside double quotes */
	X_HERE = 2,		/* inside a here-document, but not its braces: double quotes are ordinary */
	X_BRACE = 4,		/* inside unquoted ${x:-...}: literals split like values */
	X_ONE = 8,		/* the result is one string: $* joins, nothing splits */
	X_ASSIGN = 16,		/* a tilde may also follow a colon */
	X_BRACE_DQ = 32		/* inside quoted ${x:-...}: a backslash protects } */
};

void expand_text(struct xbuf *x, const char **sp, char end, unsigned mode);
void xbuf_free(struct xbuf *x);

#endif
