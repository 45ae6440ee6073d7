/* SPDX-License-Identifier: MIT */
/* Memory, conversions, sorting, the environment, the end of a process. */
#ifndef STDLIB_H
#define STDLIB_H

#include <stddef.h>
#include <alloca.h>
#include <bits/types.h>
#include <sys/cdefs.h>

#define EXIT_SUCCESS 0
#define EXIT_FAILURE 1
#define RAND_MAX 0x7fffffff
#define MB_CUR_MAX 1

typedef struct {
	int quot, rem;
} div_t;

typedef struct {
	long quot, rem;
} ldiv_t;

typedef struct {
	long long quot, rem;
} lldiv_t;

__BEGIN_DECLS
void *malloc(size_t size) __MALLOC;
void *calloc(size_t count, size_t size) __MALLOC;
void *realloc(void *p, size_t size);
void *reallocarray(void *p, size_t count, size_t size);
void *aligned_alloc(size_t alignment, size_t size) __MALLOC;
void *memalign(size_t alignment, size_t size) __MALLOC;
void *valloc(size_t size) __MALLOC;
int posix_memalign(void **p, size_t alignment, size_t size);
void free(void *p);

__NORETURN void exit(int status);
__NORETURN void _Exit(int status);
__NORETURN void quick_exit(int status);
__NORETURN void abort(void);
int atexit(void (*function)(void));
int at_quick_exit(void (*function)(void));

int atoi(const char *text);
long atol(const char *text);
long long atoll(const char *text);
double atof(const char *text);
long strtol(const char *__restrict text, char **__restrict end, int base);
long long strtoll(const char *__restrict text, char **__restrict end, int base);
unsigned long strtoul(const char *__restrict text, char **__restrict end, int base);
unsigned long long strtoull(const char *__restrict text, char **__restrict end, int base);
float strtof(const char *__restrict text, char **__restrict end);
double strtod(const char *__restrict text, char **__restrict end);
long double strtold(const char *__restrict text, char **__restrict end);

int abs(int n);
long labs(long n);
long long llabs(long long n);
div_t div(int numerator, int denominator);
ldiv_t ldiv(long numerator, long denominator);
lldiv_t lldiv(long long numerator, long long denominator);

void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *));
void qsort_r(void *base, size_t count, size_t size,
	     int (*compare)(const void *, const void *, void *), void *arg);
void *bsearch(const void *key, const void *base, size_t count, size_t size,
	      int (*compare)(const void *, const void *));

int rand(void);
void srand(unsigned int seed);
int rand_r(unsigned int *seed);
long random(void);
void srandom(unsigned int seed);
double drand48(void);
long lrand48(void);
void srand48(long seed);

char *getenv(const char *name);
int setenv(const char *name, const char *value, int overwrite);
int unsetenv(const char *name);
int putenv(char *setting);
int clearenv(void);

int system(const char *command);
int posix_openpt(int flags);
int grantpt(int fd);
int unlockpt(int fd);
char *ptsname(int fd);
int ptsname_r(int fd, char *name, size_t size);
int mkstemp(char *name);
int mkostemp(char *name, int flags);
int mkstemps(char *name, int suffix_len);
char *mkdtemp(char *name);
char *mktemp(char *name);
char *realpath(const char *__restrict path, char *__restrict resolved);

int mblen(const char *s, size_t n);
int mbtowc(wchar_t *__restrict wide, const char *__restrict s, size_t n);
int wctomb(char *s, wchar_t wide);
size_t mbstowcs(wchar_t *__restrict wide, const char *__restrict s, size_t n);
size_t wcstombs(char *__restrict s, const wchar_t *__restrict wide, size_t n);
__END_DECLS

#endif
