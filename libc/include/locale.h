/* SPDX-License-Identifier: MIT */
/* There is one locale, C. */
#ifndef LOCALE_H
#define LOCALE_H

#include <stddef.h>
#include <sys/cdefs.h>

#define LC_CTYPE 0
#define LC_NUMERIC 1
#define LC_TIME 2
#define LC_COLLATE 3
#define LC_MONETARY 4
#define LC_MESSAGES 5
#define LC_ALL 6

struct lconv {
	char *decimal_point;
	char *thousands_sep;
	char *grouping;
};

__BEGIN_DECLS
char *setlocale(int category, const char *name);
struct lconv *localeconv(void);
__END_DECLS

#endif
