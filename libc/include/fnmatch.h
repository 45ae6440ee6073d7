/* SPDX-License-Identifier: MIT */
/* Matching of file name patterns. */
#ifndef FNMATCH_H
#define FNMATCH_H

#include <sys/cdefs.h>

#define FNM_PATHNAME 1
#define FNM_NOESCAPE 2
#define FNM_PERIOD 4
#define FNM_LEADING_DIR 8
#define FNM_CASEFOLD 16
#define FNM_NOMATCH 1

__BEGIN_DECLS
int fnmatch(const char *pattern, const char *name, int flags);
__END_DECLS

#endif
