/* SPDX-License-Identifier: MIT */
/* A very small test frame for the host programs of this folder. */
#ifndef HOST_H
#define HOST_H

#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct host_test { const char *name; void (*run)(void); };

#define HOST_TEST(fn) { #fn, fn }

/*
 * host_main: run the tests, number them from argv[1] on, seed from argv[2]. Exit status 1 when one
 * failed.
 */
int host_main(const struct host_test *tests, size_t count, int argc, char **argv);
void host_fail(const char *file, int line, const char *what);
#define CHECK(x) do { if (!(x)) host_fail(__FILE__, __LINE__, #x); } while (0)

uint64_t host_random(void);
static inline uint64_t host_below(uint64_t n) { return host_random() % n; }

/* host_panics: run fn(arg); true when it ended in panic(). */
int host_panics(void (*fn)(void *), void *arg);

#endif
