/* SPDX-License-Identifier: MIT */
/*
 * The runner of in-kernel tests. Suites lie between two symbols of the linker script; the boot
 * option test=PATTERN,... selects by "suite.test", with * and ?. Results are KTAP, version 1, on
 * the control channel, where no output of a user program can disturb them:
 *
 *      KTAP version 1
 *      1..2
 *          KTAP version 1
 *          # Subtest: lib.pageindex
 *          1..3
 *          # begin page_index_counts_entries
 *          # tests/kernel/lib_test.c:41: failed: count == 7
 *          not ok 1 page_index_counts_entries
 *          ok 2 ...
 *      not ok 1 lib.pageindex
 *
 * Every test must leave the machine as it found it. After each one
 *   - vm_audit() recomputes the virtual memory system's counts;
 *   - frames_check() recounts the free lists;
 *   - the number of heap objects, and of frames that are neither free nor the heap's nor spare
 *     stacks, must be what it was.
 * The threads that the test made are waited for first: each says that its work is done a moment before its stack is
 * free.
 * The heap's own frames may differ, for its caches keep some. A test that seems to leak is run once
 * more: what is made once (a page table for a region of the kernel, say) is made in the first run,
 * a leak leaks again.
 *
 * EXPECT notes a failure and goes on, REQUIRE ends the test; both arrive at test_fail. The failure
 * is printed at once, as a diagnostic line before the result it belongs to, with the seed that
 * test_random started from.
 *
 * One test runs at a time, in a kernel thread that may sleep; test_failures and the random state
 * are that thread's.
 */
#include "lib/string.h"
#include "lib/test.h"
#include "mm/mm.h"
#include "task/task_impl.h" /* threads and vm_audit, the only things from above */
#include "vm/vm.h"

#define SEED_DEFAULT 20240229u
#define NAME_MAX_LEN 128
#define END_TRIES    10000u /* of 100 us: threads that go on for ever are the test's leak */

extern const struct test_suite test_suites_start[], test_suites_end[]; /* linker.ld */

static unsigned test_failures; /* of the running test */
static uint64_t seed = SEED_DEFAULT;
static uint64_t random_state;

static void put_line(const char *fmt, ...) printf_like(1, 2);
static void put_line(const char *fmt, ...)
{
	char line[256];
	va_list ap;

	va_start(ap, fmt);
	size_t len = (size_t)kvsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	len = MIN(len, sizeof(line) - 2);
	line[len++] = '\n';
	control_write(line, len);
}

void test_seed(uint64_t value) { seed = value ? value : SEED_DEFAULT; }

/* Marsaglia's xorshift with 64 bits; never 0. */
uint64_t test_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

void test_fail(const char *file, int line, const char *what)
{
	test_failures++;
	put_line("    # %s:%d: failed: %s", file, line, what);
}

/* ---- selection ---- */

/*
 * Whether "suite.test" matches one of the comma-separated patterns. A pattern that names a suite
 * means all of it.
 */
static bool selected(const char *patterns, const struct test_suite *suite,
		     const struct test_case *test)
{
	char name[NAME_MAX_LEN], pattern[NAME_MAX_LEN];

	ksnprintf(name, sizeof(name), "%s.%s", suite->name, test->name);
	while (*patterns) {
		size_t len = 0;
		while (patterns[len] && patterns[len] != ',')
			len++;
		strlcpy(pattern, patterns, MIN(len + 1, sizeof(pattern)));
		if (glob_match(pattern, name) || glob_match(pattern, suite->name))
			return true;
		patterns += len + (patterns[len] == ',');
	}
	return false;
}

static unsigned count_selected(const char *patterns, const struct test_suite *suite)
{
	unsigned count = 0;

	for (size_t i = 0; i < suite->count; i++)
		count += selected(patterns, suite, &suite->cases[i]);
	return count;
}

/* ---- one test ---- */

struct usage { uint64_t objects, frames; };

/* What is allocated, without what the allocators keep for themselves. */
static struct usage usage_now(void)
{
	uint64_t spare = frames_free() + kstack_frames() + heap_bytes() / PAGE_SIZE;

	return (struct usage){ heap_live(), frames_total() - spare };
}

static bool usage_grew(const struct usage *before, const struct usage *now)
{
	return now->objects > before->objects || now->frames > before->frames;
}

/* Until no more than `count` threads are left. */
static void threads_end(uint64_t count)
{
	for (unsigned i = 0; i < END_TRIES && thread_count > count; i++) {
		wait_begin(WAIT_ALWAYS);
		wait_end(NULL, clock_now_ns() + 100000);
	}
}

static void run_once(const struct test_case *test, struct usage *before)
{
	uint64_t threads = thread_count;

	*before = usage_now();
	test_failures = 0;
	random_state = seed;
	test->run();
	failalloc_arm(0);
	threads_end(threads);
}

static void check_state(void)
{
	const char *wrong = frames_check();
	unsigned findings = vm_audit();

	if (wrong) {
		put_line("    # frames: %s", wrong);
		test_failures++;
	}
	if (findings) {
		put_line("    # vm_audit: %u findings, see the log", findings);
		test_failures++;
	}
}

static bool run_test(const struct test_case *test)
{
	struct usage before;

	run_once(test, &before);
	struct usage now = usage_now();
	if (!test_failures && usage_grew(&before, &now)) {
		run_once(test, &before);
		now = usage_now();
	}
	if (usage_grew(&before, &now)) {
		put_line("    # leaks: %ld objects, %ld frames",
			 (long)(now.objects - before.objects), (long)(now.frames - before.frames));
		test_failures++;
	}
	check_state();
	if (test_failures)
		put_line("    # seed %lu", seed);
	return test_failures == 0;
}

/* ---- suites ---- */

static unsigned run_suite(const char *patterns, const struct test_suite *suite)
{
	unsigned number = 0;
	unsigned failed = 0;

	put_line("    KTAP version 1");
	put_line("    # Subtest: %s", suite->name);
	put_line("    1..%u", count_selected(patterns, suite));
	for (size_t i = 0; i < suite->count; i++) {
		const struct test_case *test = &suite->cases[i];
		if (!selected(patterns, suite, test))
			continue;
		put_line("    # begin %s", test->name); /* a panic in it is laid at its door */
		bool ok = run_test(test);
		put_line("    %s %u %s", ok ? "ok" : "not ok", ++number, test->name);
		failed += !ok;
	}
	return failed;
}

unsigned kernel_test_run(const char *patterns)
{
	unsigned suites = 0;
	unsigned number = 0;
	unsigned failed = 0;
	const struct test_suite *suite;

	for (suite = test_suites_start; suite < test_suites_end; suite++)
		suites += count_selected(patterns, suite) > 0;
	put_line("KTAP version 1");
	put_line("1..%u", suites);
	for (suite = test_suites_start; suite < test_suites_end; suite++) {
		if (count_selected(patterns, suite) == 0)
			continue;
		unsigned bad = run_suite(patterns, suite);
		put_line("%s %u %s", bad ? "not ok" : "ok", ++number, suite->name);
		failed += bad;
	}
	return failed;
}
