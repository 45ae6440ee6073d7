/* SPDX-License-Identifier: MIT */
/*
 * Processes that map a word at different addresses meet in a futex on it: in an anonymous mapping and in a file; a
 * private mapping that may be written is a word of its own. A word unmapped, or cut away, under its sleeper harms
 * nobody.
 */
#include <abi/misc.h>
#include <sys/syscall.h>
#include <time.h>

#include <atlas/thread.h>

#include "asleep.h"
#include "check.h"

static long futex(void *word, int op, uint32_t val, const void *timeout)
{
	return syscall(SYS_futex, word, op, val, timeout, NULL, 0);
}

static void moment(void) { nanosleep(&(struct timespec){ 0, 2000000 }, NULL); }

/* Wakes one sleeper, waiting until there is one. */
static void wake_when_asleep(uint32_t *word)
{
	int tries = 0;
	while (futex(word, FUTEX_WAKE, 1, NULL) != 1) {
		CHECK(++tries < 5000);
		moment();
	}
}

/* A child sleeps on `theirs`, the parent wakes it through `ours`. */
static void meets(uint32_t *ours, uint32_t *theirs)
{
	pid_t pid = fork();
	int status;
	CHECK(pid >= 0);
	if (pid == 0)
		_exit(futex(theirs, FUTEX_WAIT, *theirs, NULL) != 0);
	wake_when_asleep(ours);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

/* A sleeper on a private copy is not found through the file. */
static void own_copy(uint32_t *copy, uint32_t *shared)
{
	struct timespec length = { 0, 200000000 };
	pid_t pid = fork();
	int status;
	CHECK(pid >= 0);
	if (pid == 0)
		_exit(futex(copy, FUTEX_WAIT, *copy, &length) == -1 && errno == ETIMEDOUT ? 0 : 1);
	for (int i = 0; i < 50; i++, moment())
		CHECK(futex(shared, FUTEX_WAKE, 9, NULL) == 0 && futex(copy, FUTEX_WAKE, 9, NULL) == 0);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void two_addresses(void)
{
	int fd = make_file("words", 3 * PAGE);
	uint32_t *a = (uint32_t *)map(3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	uint32_t *b = (uint32_t *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE);
	uint32_t *c = (uint32_t *)map(PAGE, PROT_READ, MAP_SHARED, fd, PAGE);
	uint32_t *d = (uint32_t *)map(PAGE, PROT_READ, MAP_PRIVATE, fd, PAGE);
	uint32_t *e = (uint32_t *)map(PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, PAGE);
	uint32_t *anon = (uint32_t *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct timespec length = { 0, 20000000 };

	meets(anon + 5, anon + 5);
	meets(a + PAGE / 4 + 7, b + 7);
	meets(b + 7, a + PAGE / 4 + 7);
	meets(b, c);
	meets(c, b);
	meets(d + 1, b + 1); /* a read-only private mapping shows the file's own page */
	CHECK(futex(a, FUTEX_WAKE, 1, NULL) == 0);
	FAILS(futex(e, FUTEX_WAIT, *e, &length), ETIMEDOUT);
	own_copy(e, b);
	CHECK(ftruncate(fd, PAGE) == 0);
	FAILS(futex(b, FUTEX_WAKE, 1, NULL), EFAULT);
	FAILS(futex(b, FUTEX_WAIT, 0, NULL), EFAULT);
}

/* A page handed to and fro: each side waits for its turn. */
static void to_and_fro(void)
{
	uint32_t *turn = (uint32_t *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	volatile uint32_t *now = turn;
	enum { ROUNDS = 2000 };
	pid_t pid = fork();
	int status;
	CHECK(pid >= 0);
	for (uint32_t mine = pid == 0; mine < ROUNDS; mine += 2) {
		while (*now != mine)
			futex(turn, FUTEX_WAIT, mine - 1, NULL);
		__atomic_store_n(turn, mine + 1, __ATOMIC_SEQ_CST);
		futex(turn, FUTEX_WAKE, 1, NULL);
	}
	if (pid == 0)
		_exit(0);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0 && *now == ROUNDS);
}

/* New objects in the place of old ones: none of them is the one that is waited for. */
static void make_others(void)
{
	for (int i = 0; i < 50; i++) {
		uint32_t *other = (uint32_t *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		CHECK(futex(other, FUTEX_WAKE, 9, NULL) == 0);
		CHECK(munmap(other, PAGE) == 0);
	}
}

/* What the sleeper maps is cut away, or nobody else has it any more. */
static void file_gone_under_the_sleeper(int cut)
{
	int fd = make_file("gone", PAGE), status;
	uint32_t *word = (uint32_t *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		_exit(futex(word, FUTEX_WAIT, *word, NULL) ? 1 : 0);
	until_one_sleeps_at(word);
	if (cut)
		CHECK(ftruncate(fd, 0) == 0);
	CHECK(munmap(word, PAGE) == 0 && unlink("gone") == 0 && close(fd) == 0);
	make_others();
	CHECK(kill(pid, SIGKILL) == 0);
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
}

static void *sleeper(void *arg)
{
	uint32_t *word = arg;
	futex(word, FUTEX_WAIT, *word, NULL);
	_exit(1); /* nobody can have woken us */
}

/* Another thread unmaps the only mapping of the word, and maps something else there. */
static void word_gone_under_the_sleeper(void)
{
	uint32_t *word = (uint32_t *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(thread_create(sleeper, word, 0) > 0);
	until_one_sleeps_at(word);
	CHECK(munmap(word, PAGE) == 0);
	FAILS(futex(word, FUTEX_WAKE, 1, NULL), EFAULT);
	make_others();
	CHECK(mmap(word, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == word);
	CHECK(futex(word, FUTEX_WAKE, 1, NULL) == 0);
}

int main(void)
{
	two_addresses();
	to_and_fro();
	file_gone_under_the_sleeper(0);
	file_gone_under_the_sleeper(1);
	CHILD_PASSES(word_gone_under_the_sleeper());
	return 0;
}
