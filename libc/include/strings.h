/* SPDX-License-Identifier: MIT */
/* The older string functions, and comparison without regard to case. */
#ifndef STRINGS_H
#define STRINGS_H

#include <stddef.h>
#include <sys/cdefs.h>

__BEGIN_DECLS
int strcasecmp(const char *a, const char *b) __PURE;
int strncasecmp(const char *a, const char *b, size_t n) __PURE;
int bcmp(const void *a, const void *b, size_t n) __PURE;
void bcopy(const void *from, void *to, size_t n);
void bzero(void *s, size_t n);
char *index(const char *s, int c) __PURE;
char *rindex(const char *s, int c) __PURE;
int ffs(int n) __CONST;
int ffsl(long n) __CONST;
int ffsll(long long n) __CONST;
__END_DECLS

#endif
