/* SPDX-License-Identifier: MIT */
/* The futex calls do what futex(2) says: which sleepers wake, how many are counted, which mistake has which errno. */
#include <abi/misc.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>

#include <atlas/thread.h>

#include "asleep.h"
#include "check.h"

#define SLEEPERS 6

static uint32_t words[2];
static struct { uint32_t *word; uint32_t bits; volatile long result; volatile int done; } sleepers[SLEEPERS];

static long futex(void *word, int op, uint32_t val, const void *timeout, void *word2, uint32_t val3)
{
	return syscall(SYS_futex, word, op, val, timeout, word2, val3);
}

static void moment(long ns) { nanosleep(&(struct timespec){ 0, ns }, NULL); }

static void *sleeper(void *arg)
{
	long i = (long)arg;
	const int op = FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG;
	sleepers[i].result = futex(sleepers[i].word, op, 0, NULL, NULL, sleepers[i].bits);
	sleepers[i].done = 1;
	return NULL;
}

static long asleep(uint32_t *word) { return sleepers_at(word, FUTEX_PRIVATE_FLAG); }

static void start(uint32_t *word, uint32_t bits, long first, long count)
{
	static int tid[SLEEPERS];
	for (long i = first; i < first + count; i++) {
		if (tid[i])
			CHECK(thread_join(tid[i], NULL) == 0);
		sleepers[i].word = word;
		sleepers[i].bits = bits;
		sleepers[i].done = 0;
		long before = asleep(word);
		tid[i] = thread_create(sleeper, (void *)i, 0);
		CHECK(tid[i] > 0);
		while (asleep(word) == before)
			sched_yield();
	}
}

static int woken(void)
{
	int n = 0;
	for (int i = 0; i < SLEEPERS; i++)
		n += sleepers[i].done;
	return n;
}

static void forget(void)
{
	for (int i = 0; i < SLEEPERS; i++)
		sleepers[i].done = 0;
}

static void until_woken(int n)
{
	for (int tries = 0; woken() < n && tries < 5000; tries++)
		moment(1000000);
	CHECK(woken() == n);
}

static void wake_counts(void)
{
	start(&words[0], ~0u, 0, 4);
	start(&words[0], 2, 4, 2);
	CHECK(futex(&words[0], FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0) == 1);
	until_woken(1);
	CHECK(sleepers[0].done && sleepers[0].result == 0);
	CHECK(futex(&words[0], FUTEX_WAKE_BITSET | FUTEX_PRIVATE_FLAG, 9, NULL, NULL, 4) == 3);
	until_woken(4);
	CHECK(!sleepers[4].done && !sleepers[5].done);
	CHECK(futex(&words[0], FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, 0) == 1);
	CHECK(futex(&words[0], FUTEX_WAKE | FUTEX_PRIVATE_FLAG, (uint32_t)-5, NULL, NULL, 0) == 1);
	until_woken(6);
	CHECK(futex(&words[0], FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 9, NULL, NULL, 0) == 0);
}

static void moved_sleepers(void)
{
	forget();
	start(&words[0], ~0u, 0, 5);
	FAILS(futex(&words[0], FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 1, (void *)9, &words[1], 7), EAGAIN);
	FAILS(futex(&words[0], FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, (uint32_t)-1, (void *)9, &words[1], 0), EINVAL);
	FAILS(futex(&words[0], FUTEX_REQUEUE | FUTEX_PRIVATE_FLAG, 1, (void *)-1l, &words[1], 0), EINVAL);
	CHECK(futex(&words[0], FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 1, (void *)2, &words[1], 0) == 3);
	until_woken(1);
	CHECK(asleep(&words[0]) == 2 && asleep(&words[1]) == 2);
	CHECK(futex(&words[1], FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 9, NULL, NULL, 0) == 2);
	until_woken(3);
	CHECK(futex(&words[0], FUTEX_REQUEUE | FUTEX_PRIVATE_FLAG, 9, (void *)9, &words[1], 0) == 2);
	until_woken(5);
}

static long wake_op(int op, uint32_t arg, int cmp, uint32_t cmparg)
{
	return futex(&words[0], FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 1, (void *)1, &words[1],
	             FUTEX_OP((uint32_t)op, arg, (uint32_t)cmp, cmparg));
}

static void changes_and_wakes(void)
{
	words[1] = 5;
	CHECK(wake_op(FUTEX_OP_SET, 9, FUTEX_OP_CMP_EQ, 5) == 0 && words[1] == 9);
	CHECK(wake_op(FUTEX_OP_ADD, (uint32_t)-2, FUTEX_OP_CMP_NE, 9) == 0 && words[1] == 7);
	CHECK(wake_op(FUTEX_OP_OR, 8, FUTEX_OP_CMP_LT, 7) == 0 && words[1] == 15);
	CHECK(wake_op(FUTEX_OP_ANDN, 3, FUTEX_OP_CMP_LE, 15) == 0 && words[1] == 12);
	CHECK(wake_op(FUTEX_OP_XOR | 8, 31, FUTEX_OP_CMP_GT, 12) == 0 && words[1] == (12 | 1u << 31));
	CHECK(wake_op(FUTEX_OP_SET, 0, FUTEX_OP_CMP_GE, 0) == 0 && words[1] == 0);
	FAILS(wake_op(5, 1, FUTEX_OP_CMP_EQ, 0), ENOSYS);
	FAILS(wake_op(FUTEX_OP_SET, 3, 6, 0), ENOSYS);
	CHECK(words[1] == 3);
	words[1] = 0;
	forget();
	start(&words[0], ~0u, 0, 2);
	start(&words[1], ~0u, 2, 2);
	CHECK(wake_op(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0) == 2 && words[1] == 1);
	until_woken(2);
	CHECK(sleepers[0].done && sleepers[2].done);
	CHECK(wake_op(FUTEX_OP_SET, 0, FUTEX_OP_CMP_EQ, 0) == 1);
	CHECK(futex(&words[1], FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 9, NULL, NULL, 0) == 1);
	until_woken(4);
}

static void mistakes(void)
{
	struct timespec t = { 0, 1000000000 }, negative = { -1, 0 }, zero = { 0, 0 };
	char *hole = (char *)map_anon(2 * PAGE);
	unsigned char *readable = map(PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(munmap(hole + PAGE, PAGE) == 0);
	for (int private = 0; private <= FUTEX_PRIVATE_FLAG; private += FUTEX_PRIVATE_FLAG) {
		FAILS(futex((char *)words + 1, FUTEX_WAIT | private, 0, NULL, NULL, 0), EINVAL);
		FAILS(futex((char *)words + 2, FUTEX_WAKE | private, 1, NULL, NULL, 0), EINVAL);
		FAILS(futex(hole + PAGE, FUTEX_WAIT | private, 0, NULL, NULL, 0), EFAULT);
		FAILS(futex((void *)(1ul << 47), FUTEX_WAKE | private, 1, NULL, NULL, 0), EFAULT);
		FAILS(futex(words, FUTEX_WAIT | private, 1, NULL, NULL, 0), EAGAIN);
		FAILS(futex(words, FUTEX_WAIT | private, 0, &t, NULL, 0), EINVAL);
		FAILS(futex(words, FUTEX_WAIT | private, 0, &negative, NULL, 0), EINVAL);
		FAILS(futex(words, FUTEX_WAIT | private, 0, hole + PAGE, NULL, 0), EFAULT);
		FAILS(futex(words, FUTEX_WAIT | private, 0, &zero, NULL, 0), ETIMEDOUT);
		FAILS(futex(words, FUTEX_WAIT_BITSET | private, 0, NULL, NULL, 0), EINVAL);
		FAILS(futex(words, FUTEX_WAKE_BITSET | private, 1, NULL, NULL, 0), EINVAL);
		FAILS(futex(words, FUTEX_WAIT_BITSET | private, 0, &zero, NULL, 1), ETIMEDOUT);
		FAILS(futex(words, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME | private, 0, &zero, NULL, 1), ETIMEDOUT);
		FAILS(futex(words, FUTEX_WAKE | FUTEX_CLOCK_REALTIME | private, 1, NULL, NULL, 0), ENOSYS);
		FAILS(futex(words, FUTEX_REQUEUE | private, 0, NULL, (char *)words + 1, 0), EINVAL);
		FAILS(futex(words, FUTEX_CMP_REQUEUE | private, 0, NULL, (void *)(1ul << 47), 0), EFAULT);
		FAILS(futex(words, 2 | private, 0, NULL, NULL, 0), ENOSYS);
		FAILS(futex(words, 99 | private, 0, NULL, NULL, 0), ENOSYS);
	}
	CHECK(futex(hole + PAGE, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0) == 0);
	FAILS(futex(hole + PAGE, FUTEX_WAKE, 1, NULL, NULL, 0), EFAULT);
	FAILS(futex(readable, FUTEX_WAKE, 1, NULL, NULL, 0), EFAULT);
	FAILS(futex(readable, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0), EAGAIN);
	const uint32_t code = FUTEX_OP(FUTEX_OP_SET, 1u, 0u, 0u);
	FAILS(futex(words, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 1, NULL, readable, code), EFAULT);
}

static long elapsed_ms(const struct timespec *since)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - since->tv_sec) * 1000 + (now.tv_nsec - since->tv_nsec) / 1000000;
}

static void deadlines(void)
{
	struct timespec since, at, length = { 0, 30000000 };
	clock_gettime(CLOCK_MONOTONIC, &since);
	FAILS(futex(words, FUTEX_WAIT, 0, &length, NULL, 0), ETIMEDOUT);
	CHECK(elapsed_ms(&since) >= 30);
	at = since;
	at.tv_sec += 1;
	FAILS(futex(words, FUTEX_WAIT_BITSET, 0, &at, NULL, ~0u), ETIMEDOUT);
	CHECK(elapsed_ms(&since) >= 1000);
	clock_gettime(CLOCK_MONOTONIC, &since);
	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_sec += 1;
	FAILS(futex(words, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &at, NULL, ~0u), ETIMEDOUT);
	CHECK(elapsed_ms(&since) >= 990);
}

static volatile int handled;
static void handler(int signo) { handled += signo; }

/* A child that waits is sent signals; it leaves with the errno of its wait. */
static int interrupted(int flags, const struct timespec *timeout, int signo)
{
	uint32_t *common = (uint32_t *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct sigaction sa = { .sa_handler = handler, .sa_flags = flags };
	int status;
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		sigaction(SIGUSR1, &sa, NULL);
		_exit(futex(common, FUTEX_WAIT, 0, timeout, NULL, 0) == 0 ? 0 : errno);
	}
	until_one_sleeps_at(common);
	CHECK(kill(pid, signo) == 0);
	moment(50000000);
	if (signo == SIGSTOP) {
		CHECK(kill(pid, SIGCONT) == 0);
		moment(50000000);
	}
	if (flags & SA_RESTART && !timeout) {
		CHECK(waitpid(pid, &status, WNOHANG) == 0);
		CHECK(kill(pid, SIGKILL) == 0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && munmap(common, PAGE) == 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void signals(void)
{
	const struct timespec length = { 2, 0 }, long_time = { 1000, 0 };
	struct timespec since;
	CHECK(interrupted(0, NULL, SIGUSR1) == EINTR);
	CHECK(interrupted(SA_RESTART, NULL, SIGUSR1) == -SIGKILL);
	CHECK(interrupted(0, &long_time, SIGUSR1) == EINTR);
	CHECK(interrupted(SA_RESTART, &long_time, SIGUSR1) == EINTR);
	clock_gettime(CLOCK_MONOTONIC, &since);
	CHECK(interrupted(0, &length, SIGSTOP) == ETIMEDOUT);
	CHECK(elapsed_ms(&since) >= 2000);
}

/* A call that is marked private and one that is not do not meet in private memory. */
static void marks(void)
{
	struct timespec length = { 0, 10000000 };
	start(&words[0], ~0u, 0, 1);
	CHECK(futex(&words[0], FUTEX_WAKE, 1, NULL, NULL, 0) == 0);
	FAILS(futex(&words[0], FUTEX_WAIT, 0, &length, NULL, 0), ETIMEDOUT);
	CHECK(futex(&words[0], FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0) == 1);
}

int main(void)
{
	mistakes();
	wake_counts();
	moved_sleepers();
	changes_and_wakes();
	words[1] = 0;
	marks();
	deadlines();
	signals();
	return 0;
}
