/* SPDX-License-Identifier: MIT */
/*
 * select, pselect6 and ppoll: which descriptors are ready, time that runs out, a mask for the wait, and their errors.
 */
#include <poll.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "check.h"

static volatile int caught;
static void on_usr1(int signo) { caught = signo; }

static long try_select(int n, uint64_t *r, uint64_t *w, uint64_t *e, long us)
{
	struct timeval tv = { us / 1000000, us % 1000000 };

	return syscall(SYS_select, n, r, w, e, &tv);
}

static void ready_ones(int *ends)
{
	uint64_t r = 1ull << ends[0], w = 1ull << ends[1];

	CHECK(try_select(ends[1] + 1, &r, &w, NULL, 0) == 1 && r == 0 && w == 1ull << ends[1]);
	r = 1ull << ends[0];
	CHECK(try_select(ends[1] + 1, &r, NULL, NULL, 2000) == 0 && r == 0);
	CHECK(write(ends[1], "x", 1) == 1);
	r = w = 1ull << ends[0];
	w = 1ull << ends[1];
	CHECK(try_select(ends[1] + 1, &r, &w, NULL, 0) == 2 && r == 1ull << ends[0]);
	r = 1ull << ends[0];
	CHECK(try_select(ends[0], &r, NULL, NULL, 0) == 0);
}

/* What lies beyond the table of descriptors is neither looked at nor changed. */
static void beyond_the_table(void)
{
	uint64_t sets[128] = { 0 };

	for (int i = 8; i < 128; i++)
		sets[i] = UINT64_MAX;
	CHECK(try_select(128 * 64, sets, NULL, NULL, 0) == 0 && sets[8] == UINT64_MAX && sets[127] == UINT64_MAX);
	int far = dup2(0, 700);
	CHECK(far == 700);
	memset(sets, 0, sizeof(sets));
	sets[700 / 64 + 1] = 1;
	FAILS(try_select(128 * 64, sets, NULL, NULL, 0), EBADF);
	CHECK(close(far) == 0);
}

static void errors(int *ends)
{
	uint64_t set = 1ull << 60;
	struct timespec bad = { 0, 1000000000 };
	struct pollfd fd = { .fd = ends[0], .events = POLLIN };

	FAILS(try_select(64, &set, NULL, NULL, 0), EBADF);
	FAILS(try_select(-1, NULL, NULL, NULL, 0), EINVAL);
	FAILS(try_select(64, (void *)1, NULL, NULL, 0), EFAULT);
	FAILS(syscall(SYS_select, 0, NULL, NULL, NULL, 1), EFAULT);
	struct timespec short_time = { 0, 1000000 };
	CHECK(syscall(SYS_ppoll, NULL, 0, &short_time, NULL, 8) == 0 && short_time.tv_nsec == 0); /* what was left */
	FAILS(syscall(SYS_ppoll, &fd, 1, &bad, NULL, 8), EINVAL);
	FAILS(syscall(SYS_ppoll, &fd, 1, NULL, &set, 4), EINVAL);
	FAILS(syscall(SYS_ppoll, 1, 1, NULL, NULL, 8), EFAULT);
}

/*
 * A blocked signal that is pending ends the wait when the mask of the wait lets it through; then it is blocked again.
 */
static void masks(int *ends)
{
	struct { const uint64_t *set; uint64_t size; } mask;
	const uint64_t none = 0;
	uint64_t r = 1ull << ends[0];
	sigset_t block, now;
	char byte;

	signal(SIGUSR1, on_usr1);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	CHECK(sigprocmask(SIG_BLOCK, &block, NULL) == 0 && read(ends[0], &byte, 1) == 1 && raise(SIGUSR1) == 0 && !caught);
	mask.set = &none;
	mask.size = 8;
	FAILS(syscall(SYS_pselect6, ends[0] + 1, &r, NULL, NULL, NULL, &mask), EINTR);
	CHECK(caught == SIGUSR1 && sigprocmask(SIG_SETMASK, NULL, &now) == 0 && sigismember(&now, SIGUSR1));
	struct pollfd fd = { .fd = ends[0], .events = POLLIN };
	caught = 0;
	raise(SIGUSR1);
	FAILS(syscall(SYS_ppoll, &fd, 1, NULL, &none, 8), EINTR);
	CHECK(caught == SIGUSR1 && sigprocmask(SIG_SETMASK, NULL, &now) == 0 && sigismember(&now, SIGUSR1));
}

int main(void)
{
	int ends[2];

	CHECK(pipe(ends) == 0);
	ready_ones(ends);
	beyond_the_table();
	errors(ends);
	masks(ends);
	return 0;
}
