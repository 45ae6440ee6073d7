/* SPDX-License-Identifier: MIT */
/*
 * A thread or process that ends, or runs another program, while robust locks are on its list leaves them marked and
 * wakes a waiter; a list that is nonsense, endless or unmapped ends nothing but itself.
 */
#include <abi/misc.h>
#include <sys/syscall.h>
#include <time.h>

#include "asleep.h"
#include "check.h"

struct lock { struct lock *next; uint32_t word; };
struct head { void *next; long offset; void *pending; };

static struct shared { struct head head; struct lock lock[4]; uint32_t other; } *s;

static uint32_t me(void) { return (uint32_t)gettid(); }

static long futex(void *word, int op, uint32_t val)
{
	return syscall(SYS_futex, word, op, val, NULL, NULL, 0);
}

/* Registers a list of the first n locks, all held. */
static void hold(int n)
{
	s->head = (struct head){ n ? (void *)&s->lock[0] : (void *)&s->head, offsetof(struct lock, word), NULL };
	for (int i = 0; i < n; i++) {
		s->lock[i].word = me();
		s->lock[i].next = i + 1 < n ? &s->lock[i + 1] : (struct lock *)&s->head;
	}
	CHECK(syscall(SYS_set_robust_list, &s->head, sizeof(s->head)) == 0);
}

static void ends_by(int how)
{
	memset(s, 0, sizeof(*s));
	pid_t pid = fork();
	int status;
	CHECK(pid >= 0);
	if (pid == 0) {
		hold(3);
		s->lock[1].word |= FUTEX_WAITERS;
		s->lock[2].word = 1;
		if (how == 0)
			_exit(0);
		if (how == 1)
			kill(getpid(), SIGKILL);
		if (how == 2)
			syscall(SYS_exit, 0);
		execl("/proc/self/exe", "test", "leave", NULL);
		_exit(1);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(s->lock[0].word == FUTEX_OWNER_DIED);
	CHECK(s->lock[1].word == (FUTEX_OWNER_DIED | FUTEX_WAITERS));
	CHECK(s->lock[2].word == 1); /* somebody else's */
}

static void waiters_are_woken(void)
{
	int status;
	memset(s, 0, sizeof(*s));
	pid_t owner = fork();
	CHECK(owner >= 0);
	if (owner == 0) {
		hold(1);
		s->lock[0].word |= FUTEX_WAITERS;
		s->other = me();
		for (;;)
			pause();
	}
	while (!*(volatile uint32_t *)&s->other)
		usleep(1000);
	pid_t waiter = fork();
	CHECK(waiter >= 0);
	if (waiter == 0) {
		uint32_t held = s->other | FUTEX_WAITERS;
		CHECK(futex(&s->lock[0].word, FUTEX_WAIT, held) == 0);
		CHECK(s->lock[0].word == (FUTEX_OWNER_DIED | FUTEX_WAITERS));
		_exit(0);
	}
	until_one_sleeps_at(&s->lock[0].word);
	CHECK(kill(owner, SIGKILL) == 0);
	CHECK(waitpid(owner, &status, 0) == owner && WIFSIGNALED(status));
	CHECK(waitpid(waiter, &status, 0) == waiter && status == 0);
}

/* A lock that was being taken, or given back, when the owner died. */
static void pending_operations(void)
{
	for (int free = 0; free < 2; free++) {
		memset(s, 0, sizeof(*s));
		CHILD_PASSES({
			hold(0);
			s->head.pending = &s->lock[3];
			s->lock[3].word = free ? 0 : me();
		});
		CHECK(s->lock[3].word == (free ? 0 : FUTEX_OWNER_DIED));
	}
	/* In the list as well: marked once. */
	CHILD_PASSES({
		hold(2);
		s->head.pending = &s->lock[1];
	});
	CHECK(s->lock[0].word == FUTEX_OWNER_DIED && s->lock[1].word == FUTEX_OWNER_DIED);
}

static void nonsense(void)
{
	char *page = (char *)map_anon(PAGE);
	CHILD_PASSES(CHECK(syscall(SYS_set_robust_list, page + 1, 24ul) == 0));
	CHILD_PASSES(CHECK(syscall(SYS_set_robust_list, -8l, 24ul) == 0));
	CHILD_PASSES({ hold(1); munmap(page, PAGE); s->lock[0].next = (struct lock *)page; });
	CHECK(s->lock[0].word == FUTEX_OWNER_DIED);
	CHILD_PASSES({ hold(2); s->lock[1].next = &s->lock[0]; });
	CHECK(s->lock[0].word == FUTEX_OWNER_DIED && s->lock[1].word == FUTEX_OWNER_DIED);
	CHILD_PASSES({ hold(1); s->head.offset = 1; });
	CHILD_PASSES({ hold(1); s->head.offset = 1l << 40; });
	FAILS(syscall(SYS_set_robust_list, &s->head, 23ul), EINVAL);
}

static void asked(void)
{
	struct head *head = NULL;
	size_t len = 0;
	CHILD_PASSES({
		hold(0);
		CHECK(syscall(SYS_get_robust_list, 0, &head, &len) == 0 && head == &s->head && len == 24);
		CHECK(syscall(SYS_get_robust_list, getpid(), &head, &len) == 0 && head == &s->head);
		FAILS(syscall(SYS_get_robust_list, 0, 8, &len), EFAULT);
		FAILS(syscall(SYS_get_robust_list, 0, &head, 8), EFAULT);
		FAILS(syscall(SYS_get_robust_list, 4000000, &head, &len), ESRCH);
	});
}

/* The page of the lock is clean when the owner dies, so that marking it asks the file's server. */
static void in_a_file(void)
{
	int fd = make_file("locks", PAGE);
	struct shared *anonymous = s;
	s = (struct shared *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	pid_t pid = fork();
	int status;
	CHECK(pid >= 0);
	if (pid == 0) {
		hold(2);
		CHECK(msync(s, PAGE, MS_SYNC) == 0);
		kill(getpid(), SIGKILL);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(s->lock[0].word == FUTEX_OWNER_DIED && s->lock[1].word == FUTEX_OWNER_DIED);
	s = anonymous;
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "leave") == 0)
		return 0;
	s = (struct shared *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int how = 0; how < 4; how++)
		ends_by(how);
	waiters_are_woken();
	pending_operations();
	nonsense();
	asked();
	in_a_file();
	return 0;
}
