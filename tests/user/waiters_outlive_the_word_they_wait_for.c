/* SPDX-License-Identifier: MIT */
/*
 * A shared futex is its object's and offset's: who waits on it when its mapping goes away, is moved or replaced, or
 * when the page is cut off its file, is still woken through another mapping, by its timeout, by a signal, or killed;
 * and a call that begins anew after a signal finds the word gone.
 */
#include <sys/syscall.h>
#include <time.h>

#include <atlas/thread.h>

#include "asleep.h"
#include "check.h"

#define FUTEX_WAIT 0
#define FUTEX_WAKE 1

static uint32_t *word, *other; /* the same one, at two addresses */
static int fd;
static volatile int result, error;
static const struct timespec *patience;

static long futex(uint32_t *at, int op, uint32_t value, const struct timespec *timeout)
{
	return syscall(SYS_futex, at, op, value, timeout, NULL, 0);
}


static void setup(void)
{
	fd = memfd_create("words", 0);
	CHECK(fd >= 0 && ftruncate(fd, 2 * PAGE) == 0);
	word = (uint32_t *)map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) + PAGE / 4 + 3;
	other = (uint32_t *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE) + 3;
	result = -2;
	patience = NULL;
}

static void *sleeper(void *arg)
{
	long r = futex(word, FUTEX_WAIT, 0, patience);

	error = errno;
	result = (int)r;
	return arg;
}

static int sleeper_starts(void)
{
	int tid = thread_create(sleeper, NULL, 0);

	CHECK(tid > 0);
	until_one_sleeps_at(word);
	CHECK(result == -2);
	return tid;
}

static void *page(void) { return (char *)word - 12; }

/* ---- what becomes of the word ---- */

static void unmapped(void)
{
	CHECK(munmap(page(), PAGE) == 0);
	FAILS(futex(word, FUTEX_WAKE, 1, NULL), EFAULT);
}

static void forbidden(void)
{
	CHECK(mprotect(page(), PAGE, PROT_NONE) == 0);
	FAILS(futex(word, FUTEX_WAKE, 1, NULL), EFAULT);
}

static void replaced(void)
{
	CHECK(mmap(page(), PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == page());
	CHECK(futex(word, FUTEX_WAKE, 9, NULL) == 0);
}

static void made_private(void)
{
	CHECK(mmap(page(), PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, PAGE) == page());
	CHECK(futex(word, FUTEX_WAKE, 9, NULL) == 0);
}

static void moved(void)
{
	void *new = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(new != MAP_FAILED && mremap(page(), PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, new) == new);
	FAILS(futex(word, FUTEX_WAKE, 1, NULL), EFAULT);
}

static void cut_and_grown_again(void)
{
	CHECK(ftruncate(fd, PAGE) == 0);
	FAILS(futex(other, FUTEX_WAKE, 1, NULL), EFAULT);
	FAILS(futex(word, FUTEX_WAIT, 0, NULL), EFAULT);
	CHECK(ftruncate(fd, 2 * PAGE) == 0);
}

static void punched(void)
{
	CHECK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE, PAGE) == 0);
}

static void closed(void) { CHECK(close(fd) == 0); }

/* ---- how the wait ends all the same ---- */

static void by_another_mapping(void)
{
	CHECK(futex(other - 1, FUTEX_WAKE, 9, NULL) == 0);
	CHECK(futex(other, FUTEX_WAKE, 9, NULL) == 1);
}

static void by_another_process(void) { CHILD_PASSES(by_another_mapping()); }

static void (*const changes[])(void) = { unmapped, forbidden, replaced, made_private,
                                         moved, cut_and_grown_again, punched, closed };
enum { CHANGES = sizeof changes / sizeof *changes };

static void woken(void (*change)(void), void (*wake)(void))
{
	setup();
	int tid = sleeper_starts();
	change();
	wake();
	CHECK(thread_join(tid, NULL) == 0 && result == 0);
}

/* Cut off for good: no mapping leads there any more. */
static void cut(void) { CHECK(ftruncate(fd, 0) == 0); }

static void timed_out(void (*change)(void))
{
	const struct timespec length = { 2, 0 };

	setup();
	patience = &length;
	int tid = sleeper_starts();
	change();
	CHECK(thread_join(tid, NULL) == 0 && result == -1 && error == ETIMEDOUT);
}

static void nothing(int signo) { (void)signo; }

static void interrupted(void (*change)(void), int flags, int expected)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof sa);
	sa.sa_handler = nothing;
	sa.sa_flags = flags;
	CHECK(sigaction(SIGUSR1, &sa, NULL) == 0);
	setup();
	int tid = sleeper_starts();
	change();
	CHECK(syscall(SYS_tgkill, getpid(), tid, SIGUSR1) == 0);
	CHECK(thread_join(tid, NULL) == 0 && result == -1 && error == expected);
}

static void killed(void (*change)(void))
{
	DIES_BY(SIGKILL, {
		setup();
		sleeper_starts();
		change();
		kill(getpid(), SIGKILL);
	});
	CHILD_PASSES({
		setup();
		sleeper_starts();
		change();
	});
}

int main(void)
{
	for (int i = 0; i < CHANGES; i++) {
		CHILD_PASSES(woken(changes[i], by_another_mapping));
		CHILD_PASSES(woken(changes[i], by_another_process));
		killed(changes[i]);
	}
	CHILD_PASSES(timed_out(unmapped));
	CHILD_PASSES(timed_out(cut));
	CHILD_PASSES(interrupted(unmapped, 0, EINTR));
	CHILD_PASSES(interrupted(unmapped, SA_RESTART, EFAULT));
	CHILD_PASSES(interrupted(cut, SA_RESTART, EFAULT));
	killed(cut);
	return 0;
}
