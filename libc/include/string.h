/* SPDX-License-Identifier: MIT */
/* Memory and strings. */
#ifndef STRING_H
#define STRING_H

#include <stddef.h>
#include <strings.h>
#include <sys/cdefs.h>

__BEGIN_DECLS
void *memcpy(void *__restrict to, const void *__restrict from, size_t n);
void *mempcpy(void *__restrict to, const void *__restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n) __PURE;
void *memchr(const void *s, int c, size_t n) __PURE;
void *memrchr(const void *s, int c, size_t n) __PURE;
void *rawmemchr(const void *s, int c) __PURE;
void *memmem(const void *hay, size_t haylen, const void *needle, size_t len) __PURE;
void *memccpy(void *__restrict to, const void *__restrict from, int c, size_t n);
void explicit_bzero(void *s, size_t n);

size_t strlen(const char *s) __PURE;
size_t strnlen(const char *s, size_t max) __PURE;
char *strcpy(char *__restrict to, const char *__restrict from);
char *strncpy(char *__restrict to, const char *__restrict from, size_t n);
char *stpcpy(char *__restrict to, const char *__restrict from);
char *stpncpy(char *__restrict to, const char *__restrict from, size_t n);
size_t strlcpy(char *__restrict to, const char *__restrict from, size_t size);
size_t strlcat(char *__restrict to, const char *__restrict from, size_t size);
char *strcat(char *__restrict to, const char *__restrict from);
char *strncat(char *__restrict to, const char *__restrict from, size_t n);
int strcmp(const char *a, const char *b) __PURE;
int strncmp(const char *a, const char *b, size_t n) __PURE;
int strcoll(const char *a, const char *b) __PURE;
size_t strxfrm(char *__restrict to, const char *__restrict from, size_t n);
int strverscmp(const char *a, const char *b) __PURE;
char *strchr(const char *s, int c) __PURE;
char *strchrnul(const char *s, int c) __PURE;
char *strrchr(const char *s, int c) __PURE;
char *strstr(const char *hay, const char *needle) __PURE;
char *strcasestr(const char *hay, const char *needle) __PURE;
char *strpbrk(const char *s, const char *set) __PURE;
size_t strspn(const char *s, const char *set) __PURE;
size_t strcspn(const char *s, const char *set) __PURE;
char *strtok(char *__restrict s, const char *__restrict set);
char *strtok_r(char *__restrict s, const char *__restrict set, char **__restrict next);
char *strsep(char **__restrict s, const char *__restrict set);
char *strdup(const char *s) __MALLOC;
char *strndup(const char *s, size_t n) __MALLOC;
char *strerror(int error);
int strerror_r(int error, char *text, size_t size);
const char *strerrorname_np(int error);
char *strsignal(int signal);
const char *sigabbrev_np(int signal);
__END_DECLS

#endif
