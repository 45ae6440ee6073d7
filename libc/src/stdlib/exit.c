/* SPDX-License-Identifier: MIT */
/*
 * The end of a process: exit and what runs before it, _exit, abort, failed assertions.
 *
 * One table holds the functions of atexit and of __cxa_atexit (destructors of C++ statics), because
 * the two run in one common order, the reverse of registration. It starts with room for
 * FIRST entries, as the standard promises at least 32, and doubles by realloc. A function that
 * registers another while exit runs is served: the table is read again each time.
 *
 * exit runs the table, then .fini_array, then flushes the streams, and leaves with exit_group.
 * quick_exit has a small table of its own and flushes nothing.
 *
 * The table's lock is let go while a function runs. Two threads that call exit at once share the
 * functions out between them; the first to finish ends the process.
 */
#include "../internal.h"
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST 32

struct entry {
	void (*function)(void *);
	void *arg;
	void *dso;
};

int __cxa_atexit(void (*function)(void *), void *arg, void *dso);
void __cxa_finalize(void *dso);
void __run_fini_array(void);

static struct lock lock; /* guards the four below */
static struct entry first[FIRST];
static struct entry *table = first;
static size_t count, room = FIRST;

static void (*quick[FIRST])(void);
static size_t quick_count;

static int table_grow(void)
{
	struct entry *bigger = table == first ? NULL : table;

	bigger = reallocarray(bigger, room * 2, sizeof(*table));
	if (!bigger)
		return -1;
	if (table == first)
		memcpy(bigger, first, sizeof(first));
	table = bigger;
	room *= 2;
	return 0;
}

int __cxa_atexit(void (*function)(void *), void *arg, void *dso)
{
	int result = 0;

	lock_acquire(&lock);
	if (count == room)
		result = table_grow();
	if (result == 0)
		table[count++] = (struct entry){ function, arg, dso };
	lock_release(&lock);
	return result;
}

void __cxa_finalize(void *dso)
{
	(void)dso;
}

/* The function takes no argument; it ignores the one that it is given. */
int atexit(void (*function)(void))
{
	return __cxa_atexit((void (*)(void *))(uintptr_t)function, NULL, NULL);
}

void __run_atexit(void)
{
	for (;;) {
		struct entry e;

		lock_acquire(&lock);
		if (count == 0)
			break;
		e = table[--count];
		lock_release(&lock);
		e.function(e.arg);
	}
	lock_release(&lock);
}

_Noreturn void _exit(int status)
{
	for (;;)
		raw1(SYS_exit_group, status);
}

_Noreturn void _Exit(int status)
{
	_exit(status);
}

_Noreturn void exit(int status)
{
	__run_atexit();
	__run_fini_array();
	__stdio_flush_all();
	_exit(status);
}

int at_quick_exit(void (*function)(void))
{
	if (quick_count == FIRST)
		return -1;
	quick[quick_count++] = function;
	return 0;
}

_Noreturn void quick_exit(int status)
{
	while (quick_count > 0)
		quick[--quick_count]();
	_exit(status);
}

/* A handler that returns, or a blocked signal, does not save the program. */
_Noreturn void abort(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGABRT);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(SIGABRT);
	signal(SIGABRT, SIG_DFL);
	raise(SIGABRT);
	_exit(127);
}

_Noreturn void __assert_fail(const char *expression, const char *file, int line,
			     const char *function)
{
	fflush(stdout);
	fprintf(stderr, "%s: %s:%d: %s: Assertion `%s' failed.\n", program_invocation_short_name,
		file, line, function, expression);
	abort();
}
