/* SPDX-License-Identifier: MIT */
/*
 * A call, again and again with the kernel's first, second, third, ... allocation failing: it ends in an errno or a signal,
 * makes no descriptor when it fails, the books are right afterwards, and every page comes back.
 *
 * Each try is a child's: it prepares, has the n-th allocation from then on fail, and makes the call. The call has been
 * through when fewer allocations were made than the one that was to fail. With several CPUs others' allocations count too.
 */
#ifndef FAILING_H
#define FAILING_H

#include "check.h"
#include "pages.h"
#include <atlas/system.h>
#include <stdbool.h>

#define FAILING_MANY 300 /* no call needs so many allocations */

struct failing_call { const char *name; long (*make)(void); };

enum { FAILING_THROUGH = 10, FAILING_WELL, FAILING_ERROR, FAILING_ODD };

static inline bool failing_is_meant(int error)
{
	static const int all[] = { ENOMEM, EAGAIN, ENOSPC, EFAULT, EIO, ENFILE, ENOLCK, ENOBUFS };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (error == all[i])
			return true;
	return false;
}

static inline int failing_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 200; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* The end of a call that has opened `fd`, or not: its result, 0 or -1, and errno as it was. */
static inline long failing_close(int fd, long result)
{
	int error = errno;

	close(fd);
	errno = error;
	return result < 0 ? -1 : 0;
}

/* One try; what became of it. */
static inline int failing_try(long (*make)(void), void (*prepare)(void), unsigned long n)
{
	prepare();
	int descriptors = failing_descriptors();
	unsigned long before = (unsigned long)alloc_fail(n);
	errno = 0;
	long result = make();
	int error = errno;
	unsigned long made = (unsigned long)alloc_fail(0) - before;
	if (result && (!failing_is_meant(error) || failing_descriptors() != descriptors)) {
		fprintf(stderr, "returned %ld, errno %d, %d descriptors of %d\n", result, error, failing_descriptors(),
		        descriptors);
		return FAILING_ODD;
	}
	return made < n ? FAILING_THROUGH : result ? FAILING_ERROR : FAILING_WELL;
}

/* How many of the allocations of the call could fail with an error of the call. */
static inline unsigned failing_sweep(const struct failing_call *call, void (*prepare)(void), void (*renew)(void))
{
	unsigned failed = 0;

	for (unsigned long n = 1; n < FAILING_MANY; n++) {
		renew();
		int status = IN_CHILD(_exit(failing_try(call->make, prepare, n)));
		alloc_fail(0);
		bool killed = WIFSIGNALED(status) && (WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGBUS ||
		                                      WTERMSIG(status) == SIGSEGV);
		int end = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
		if (!killed && end != FAILING_THROUGH && end != FAILING_WELL && end != FAILING_ERROR) {
			fprintf(stderr, "%s, allocation %lu: status %x\n", call->name, n, status);
			exit(1);
		}
		failed += killed || end == FAILING_ERROR;
		if (end == FAILING_THROUGH)
			break;
	}
	if (vm_audit()) {
		fprintf(stderr, "%s: the audit finds something\n", call->name);
		exit(1);
	}
	return failed;
}

/*
 * All of them, or the one that is named, twice: the first time may leave caches filled. renew: what a child cannot clean up,
 * before each try. How many allocations failed with an error.
 */
static inline unsigned failing_calls(const struct failing_call *calls, size_t count, void (*prepare)(void),
                                     void (*renew)(void), const char *only)
{
	unsigned failed = 0;

	for (int round = 0; round < 2; round++) {
		renew();
		long before = free_pages();
		for (size_t i = 0; i < count; i++)
			if (!only || !strcmp(only, calls[i].name))
				failed += failing_sweep(&calls[i], prepare, renew);
		renew();
		long lost = round ? pages_lost(before, LOOK_PATIENTLY) : 0;
		if (lost > 8) {
			fprintf(stderr, "%ld pages fewer are free\n", lost);
			exit(1);
		}
	}
	return failed;
}

#endif
