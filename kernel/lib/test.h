/* SPDX-License-Identifier: MIT */
/*
 * In-kernel tests. A suite is a table in tests/kernel/NAME_test.c:
 *     TEST(rbtree_stays_balanced) { ...; EXPECT(x == 3); }
 *     TEST_SUITE("lib.rbtree", rbtree_stays_balanced, ...);
 * The linker gathers suites (section .test_suites). kernel_test_run matches "suite.test" against a glob; results go to
 * the control channel as KTAP (or the log where there is none). vm_audit() and the count of free frames are compared
 * around every test. Tests run in a kernel thread, may sleep.
 */
#ifndef LIB_TEST_H
#define LIB_TEST_H

#include "lib/log.h"

struct test_case { const char *name; void (*run)(void); };
struct test_suite { const char *name; const struct test_case *cases; size_t count; };

#define TEST(fn) static void test_##fn(void)
#define TEST_CASE(fn) { #fn, test_##fn }
#define TEST_SUITE(ident, suite_name, ...) \
	static const struct test_case ident##_cases[] = { __VA_ARGS__ }; \
	__attribute__((used, section(".test_suites"), aligned(8))) static const struct test_suite ident##_suite = \
		{ suite_name, ident##_cases, sizeof(ident##_cases) / sizeof(ident##_cases[0]) }

void test_fail(const char *file, int line, const char *what);
#define EXPECT(x) do { if (!(x)) test_fail(__FILE__, __LINE__, #x); } while (0)
/* REQUIRE ends the test function when it fails. */
#define REQUIRE(x) do { if (!(x)) { test_fail(__FILE__, __LINE__, #x); return; } } while (0)

/* kernel_test_run: patterns separated by ','; returns the number that failed. */
unsigned kernel_test_run(const char *patterns);
void test_seed(uint64_t seed); /* before kernel_test_run; else the seed is fixed */
uint64_t test_random(void); /* a seeded xorshift; the seed is printed with a failure */

void control_write(const char *text, size_t len); /* main.c: to the control channel, or the log where there is none */

#endif
