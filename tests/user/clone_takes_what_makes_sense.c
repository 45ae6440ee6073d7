/* SPDX-License-Identifier: MIT */
/* clone and clone3: which flags and arguments are refused, and what the child finds that each flag promised. */
#include <abi/misc.h>
#include <sched.h>
#include <sys/syscall.h>

#include "check.h"

#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

static long clone_call(unsigned long flags, void *stack, int *parent, int *child, void *tls)
{
	return syscall(SYS_clone, flags, stack, parent, child, tls);
}

static long clone3_call(struct abi_clone_args args, size_t size) { return syscall(SYS_clone3, &args, size); }

#define CLONE3(...) clone3_call((struct abi_clone_args){ __VA_ARGS__ }, sizeof(struct abi_clone_args))

static int status_of(long pid)
{
	int status;
	CHECK(pid > 0 && waitpid((pid_t)pid, &status, 0) == pid);
	return status;
}

static void refused(void)
{
	const unsigned long thread_without[] = { CLONE_SIGHAND, CLONE_VM };
	char page[PAGE + 8];
	for (int i = 0; i < 2; i++)
		FAILS(clone_call(THREAD & ~thread_without[i], page + 2048, NULL, NULL, NULL), EINVAL);
	FAILS(clone_call(CLONE_SIGHAND | SIGCHLD, NULL, NULL, NULL, NULL), EINVAL);
	FAILS(clone_call(CLONE_SETTLS | SIGCHLD, NULL, NULL, NULL, (void *)(1ul << 63)), EPERM);
	FAILS(clone_call(CLONE_PIDFD | CLONE_DETACHED | SIGCHLD, NULL, (int *)page, NULL, NULL), EINVAL);

	FAILS(CLONE3(.flags = SIGCHLD), EINVAL);
	FAILS(CLONE3(.flags = CLONE_DETACHED, .exit_signal = SIGCHLD), EINVAL);
	FAILS(CLONE3(.flags = 1ul << 34, .exit_signal = SIGCHLD), EINVAL);
	FAILS(CLONE3(.exit_signal = 65), EINVAL);
	FAILS(CLONE3(.exit_signal = 0x100 | SIGCHLD), EINVAL);
	FAILS(CLONE3(.exit_signal = SIGCHLD, .stack = (uint64_t)page), EINVAL);
	FAILS(CLONE3(.exit_signal = SIGCHLD, .stack_size = 64), EINVAL);
	FAILS(CLONE3(.exit_signal = SIGCHLD, .stack = 1ul << 47, .stack_size = 64), EINVAL);
	FAILS(CLONE3(.flags = THREAD, .exit_signal = SIGCHLD), EINVAL);
	FAILS(CLONE3(.flags = THREAD | CLONE_CLEAR_SIGHAND), EINVAL);
	FAILS(CLONE3(.exit_signal = SIGCHLD, .set_tid_size = 1), EINVAL);
	FAILS(CLONE3(.exit_signal = SIGCHLD, .set_tid = (uint64_t)page), EINVAL);
	FAILS(clone3_call((struct abi_clone_args){ .exit_signal = SIGCHLD }, 63), EINVAL);
	FAILS(syscall(SYS_clone3, page, PAGE + 1), E2BIG);
	FAILS(syscall(SYS_clone3, 8, 64ul), EFAULT);
	memset(page, 0, sizeof(page));
	page[200] = 1;
	FAILS(syscall(SYS_clone3, page, 208ul), E2BIG);
}

static void first_and_longer_versions(void)
{
	char page[256] = "";
	((struct abi_clone_args *)page)->exit_signal = SIGCHLD;
	for (size_t size = 64; size <= sizeof(page); size += 64) {
		long pid = syscall(SYS_clone3, page, size);
		if (pid == 0)
			_exit(5);
		CHECK(status_of(pid) == 5 << 8);
	}
}

static void numbers(void)
{
	int parent = 0, child = 0;
	long pid = clone_call(CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, NULL, &parent, &child, NULL);
	if (pid == 0)
		_exit(child == getpid() ? 0 : 1);
	CHECK(status_of(pid) == 0 && parent == pid && child == 0);
	/* A bad place for a number is nobody's error. */
	const unsigned long store = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
	pid = clone_call(store | SIGCHLD, NULL, (int *)8, (int *)8, NULL);
	if (pid == 0)
		_exit(0);
	CHECK(status_of(pid) == 0);
	/* The upper half of the flags is not looked at. */
	pid = clone_call(1ul << 40 | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		_exit(0);
	CHECK(status_of(pid) == 0);
}

/* The library's way into a child with a stack of its own: begin(arg). */
long __clone(unsigned long flags, void *stack, int *parent, int *child, void *arg, void (*begin)(void *));

static void stores(void *arg)
{
	*(volatile int *)arg = 7;
	syscall(SYS_exit_group, 3);
}

/* CLONE_CHILD_CLEARTID between processes that share memory, and CLONE_VFORK, which waits for the end of the sharing. */
static void shared_memory(void)
{
	static char stack[16384];
	volatile int stored = 0;
	int cleared = 1;
	long pid = __clone(CLONE_VM | CLONE_VFORK | CLONE_CHILD_CLEARTID | SIGCHLD, stack + sizeof(stack), NULL, &cleared,
	                   (void *)&stored, stores);
	CHECK(stored == 7 && cleared == 0 && status_of(pid) == 3 << 8);
}

static void nothing(int signo) { (void)signo; }

static void actions(void)
{
	struct sigaction now;
	CHECK(signal(SIGUSR1, nothing) != SIG_ERR && signal(SIGUSR2, SIG_IGN) != SIG_ERR);
	long pid = CLONE3(.flags = CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD);
	if (pid == 0) {
		CHECK(sigaction(SIGUSR1, NULL, &now) == 0 && now.sa_handler == SIG_DFL);
		CHECK(sigaction(SIGUSR2, NULL, &now) == 0 && now.sa_handler == SIG_IGN);
		_exit(0);
	}
	CHECK(status_of(pid) == 0);
}

/* A child made with CLONE_PARENT is its parent's sister. */
static void sister(void)
{
	int fds[2], status;
	long sister = 0;
	CHECK(pipe(fds) == 0);
	CHILD_PASSES({
		pid_t above = getppid();
		long pid = clone_call(CLONE_PARENT, NULL, NULL, NULL, NULL);
		if (pid == 0)
			_exit(getppid() == above ? 9 : 1);
		CHECK(pid > 0 && write(fds[1], &pid, sizeof(pid)) == sizeof(pid));
		FAILS(waitpid((pid_t)pid, NULL, 0), ECHILD);
	});
	CHECK(read(fds[0], &sister, sizeof(sister)) == sizeof(sister));
	CHECK(waitpid((pid_t)sister, &status, 0) == sister && status == 9 << 8);
}

int main(void)
{
	refused();
	first_and_longer_versions();
	numbers();
	shared_memory();
	actions();
	sister();
	return 0;
}
