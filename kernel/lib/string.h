/* SPDX-License-Identifier: MIT */
/* The C library's memory and string functions, as far as the kernel uses them. */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include "lib/types.h"

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
size_t strlcpy(char *dst, const char *src, size_t cap);
bool glob_match(const char *pattern, const char *text); /* '*' and '?' */
/* parse_u64: decimal or 0x; false when the text is not wholly a number that fits. */
bool parse_u64(const char *text, uint64_t *value);

#endif
