/* SPDX-License-Identifier: MIT */
/*
 * clone and unshare: what two processes share is what the flags say, in both directions and with every sensible
 * combination of them; execve keeps directory and mask shared and has memory, descriptors and signal actions of its own.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/syscall.h>

#include "check.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif
#define ALL (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND)
#define STACK 65536

static char stack[STACK] __attribute__((aligned(16)));
static const char *program;
static volatile int stored;
static volatile int *shared;   /* a page that is common whatever the flags are */
static int pipes[2][2];        /* to the child, from the child */

static void one(int signo) { (void)signo; }
static void two(int signo) { (void)signo; }

static int started(int (*fn)(void *), int flags, void *arg)
{
	int pid = clone(fn, stack + STACK, flags, arg);
	CHECK(pid > 0);
	return pid;
}

static int ended(int pid)
{
	int status = -1;
	CHECK(waitpid(pid, &status, __WALL) == pid);
	return status;
}

static void passes(int pid) { CHECK(ended(pid) == 0); }

static void handle(int signo, void (*handler)(int), int flags)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = flags };
	CHECK(sigaction(signo, &sa, NULL) == 0);
}

static void (*handler_of(int signo))(int)
{
	struct sigaction sa;
	CHECK(sigaction(signo, NULL, &sa) == 0);
	return sa.sa_handler;
}

static bool stands_in(const char *last)
{
	char name[4096];
	CHECK(getcwd(name, sizeof(name)));
	return strcmp(strrchr(name, '/') + 1, last) == 0;
}

static mode_t mask_now(void)
{
	mode_t mask = umask(0);
	umask(mask);
	return mask;
}

static void reset(void)
{
	stored = 0;
	umask(022);
	CHECK(chdir("../outer") == 0);
	close(50);
	handle(SIGUSR1, one, 0);
	handle(SIGUSR2, one, SA_RESETHAND);
}

/* ---- every combination, seen from both sides ---- */

static void change(void)
{
	stored = 7;
	umask(0123);
	CHECK(chdir("../inner") == 0);
	CHECK(dup2(0, 50) == 50);
	handle(SIGUSR1, two, 0);
	CHECK(raise(SIGUSR2) == 0);
}

static void sees_changes_of(int flags)
{
	CHECK((stored == 7) == !!(flags & CLONE_VM));
	CHECK((mask_now() == 0123) == !!(flags & CLONE_FS));
	CHECK(stands_in(flags & CLONE_FS ? "inner" : "outer"));
	CHECK((fcntl(50, F_GETFD) == 0) == !!(flags & CLONE_FILES));
	CHECK(handler_of(SIGUSR1) == (flags & CLONE_SIGHAND ? two : one));
	CHECK(handler_of(SIGUSR2) == (flags & CLONE_SIGHAND ? SIG_DFL : one));
}

static int changes(void *arg)
{
	(void)arg;
	change();
	return 0;
}

static int looks(void *arg)
{
	char byte;
	CHECK(write(pipes[1][1], "b", 1) == 1 && read(pipes[0][0], &byte, 1) == 1);
	sees_changes_of((int)(intptr_t)arg);
	return 0;
}

static void both_sides(int flags)
{
	char byte;
	reset();
	passes(started(changes, flags | SIGCHLD, NULL));
	sees_changes_of(flags);
	reset();
	passes(started(changes, flags | CLONE_VFORK | SIGCHLD, NULL));
	sees_changes_of(flags);
	reset();
	int pid = started(looks, flags | SIGCHLD, (void *)(intptr_t)flags);
	CHECK(read(pipes[1][0], &byte, 1) == 1);
	change();
	CHECK(write(pipes[0][1], "a", 1) == 1);
	passes(pid);
	reset();
}

static void every_combination(void)
{
	for (int i = 0; i < 16; i++) {
		int flags = (i & 1 ? CLONE_VM : 0) | (i & 2 ? CLONE_FS : 0) | (i & 4 ? CLONE_FILES : 0) |
		            (i & 8 ? CLONE_SIGHAND : 0);
		if (flags & CLONE_SIGHAND && !(flags & CLONE_VM))
			FAILS(clone(changes, stack + STACK, flags | SIGCHLD, NULL), EINVAL);
		else
			both_sides(flags);
	}
}

static void refused(void)
{
	const int bad[] = { CLONE_THREAD, CLONE_THREAD | CLONE_VM, CLONE_SIGHAND, CLONE_NEWNS | CLONE_FS,
	                    CLONE_NEWUSER | CLONE_FS, CLONE_NEWIPC | CLONE_SYSVSEM,
	                    CLONE_NEWPID | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM };
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		FAILS(clone(changes, stack + STACK, bad[i] | SIGCHLD, NULL), EINVAL);
	FAILS(clone(changes, NULL, SIGCHLD, NULL), EINVAL);
	FAILS(clone(NULL, stack + STACK, SIGCHLD, NULL), EINVAL);
}

/* ---- signals ---- */

static int sends_itself(void *arg)
{
	(void)arg;
	stored = 0;
	CHECK(raise(SIGUSR1) == 0);
	return stored == getpid() ? 0 : 1;
}

static void notes_who(int signo)
{
	(void)signo;
	stored = getpid();
}

/* The handler is common, the process that takes the signal is not; nor is what is pending and what is blocked. */
static void signals_stay_apart(void)
{
	sigset_t set, pending;
	handle(SIGUSR1, notes_who, 0);
	passes(started(sends_itself, CLONE_VM | CLONE_SIGHAND | SIGCHLD, NULL));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0 && raise(SIGUSR1) == 0);
	handle(SIGUSR2, one, SA_RESETHAND);
	passes(started(changes, CLONE_VM | CLONE_SIGHAND | SIGCHLD, NULL));
	CHECK(sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1) && handler_of(SIGUSR1) == two);
	CHECK(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
	reset();
}

static int ignores(void *arg)
{
	handle((int)(intptr_t)arg, SIG_IGN, 0);
	return 0;
}

/* What one ignores the other has pending until it would take it. */
static void ignored_by_the_other(void)
{
	sigset_t set, pending;
	stored = 0;
	handle(SIGUSR1, notes_who, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0 && raise(SIGUSR1) == 0);
	passes(started(ignores, CLONE_VM | CLONE_SIGHAND | SIGCHLD, (void *)SIGUSR1));
	CHECK(sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1));
	CHECK(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0 && stored == 0);
	CHECK(sigpending(&pending) == 0 && !sigismember(&pending, SIGUSR1));
	/* Whoever ignores SIGCHLD has no zombies, also when it was the child that said so. */
	int pid = started(ignores, CLONE_VM | CLONE_SIGHAND | SIGCHLD, (void *)SIGCHLD);
	FAILS(waitpid(pid, NULL, 0), ECHILD);
	handle(SIGCHLD, SIG_DFL, 0);
	reset();
}

static int nothing(void *arg)
{
	(void)arg;
	return 3;
}

/* Without a signal at its end a child is one for those who ask for such. */
static void no_signal_at_the_end(void)
{
	int pid = started(nothing, CLONE_VM | CLONE_SIGHAND, NULL), status;
	FAILS(waitpid(pid, &status, 0), ECHILD);
	CHECK(waitpid(pid, &status, __WCLONE) == pid && status == 3 << 8);
	stored = 0;
	handle(SIGUSR1, notes_who, 0);
	pid = started(nothing, CLONE_VM | CLONE_SIGHAND | SIGUSR1, NULL);
	CHECK(ended(pid) == 3 << 8 && stored == getpid());
	reset();
}

/* ---- execve ---- */

static int executes(void *arg)
{
	execl(program, program, (char *)arg, (char *)NULL);
	return 9;
}

/* As the new program: everything that its maker may see, or not. */
static int executed(void)
{
	CHECK(handler_of(SIGUSR1) == SIG_DFL && handler_of(SIGUSR2) == SIG_IGN);
	handle(SIGUSR1, SIG_IGN, 0);
	umask(0123);
	CHECK(dup2(0, 50) == 50);
	return chdir("../inner") == 0 ? 0 : 1;
}

static void execve_has_its_own(void)
{
	for (int vfork = 0; vfork < 2; vfork++) {
		reset();
		handle(SIGUSR2, SIG_IGN, 0);
		passes(started(executes, ALL | (vfork ? CLONE_VFORK : 0) | SIGCHLD, "executed"));
		CHECK(handler_of(SIGUSR1) == one && handler_of(SIGUSR2) == SIG_IGN && fcntl(50, F_GETFD) == -1);
		CHECK(stands_in("inner") && mask_now() == 0123);
	}
	reset();
}

/* A set-user-id program is one no more when somebody else could change its working directory. */
static int executes_as_somebody(void *arg)
{
	CHECK(setresuid(1000, 1000, 1000) == 0);
	execl("../raised", "raised", (char *)arg, (char *)NULL);
	return 9;
}

static void set_user_id(void)
{
	char command[8192];
	if (geteuid() != 0)
		return;
	snprintf(command, sizeof(command), "../raised");
	int from = open(program, O_RDONLY), to = open(command, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	CHECK(from >= 0 && to >= 0);
	for (ssize_t n; (n = read(from, command, sizeof(command))) > 0;)
		CHECK(write(to, command, (size_t)n) == n);
	CHECK(fchmod(to, 04755) == 0 && close(from) == 0 && close(to) == 0 && chmod("..", 0755) == 0);
	passes(started(executes_as_somebody, SIGCHLD, "root"));
	passes(started(executes_as_somebody, CLONE_FS | SIGCHLD, "nobody"));
	CHECK(unlink("../raised") == 0);
}

/* ---- unshare ---- */

static int unshares(void *arg)
{
	int flags = (int)(intptr_t)arg;
	CHECK(unshare(flags) == 0);
	change();
	return 0;
}

static int is_not_alone(void *arg)
{
	int flags = (int)(intptr_t)arg;
	bool acts = flags & CLONE_SIGHAND;
	CHECK(unshare(CLONE_THREAD) == 0 && unshare(CLONE_SYSVSEM) == 0 && unshare(0) == 0);
	if (acts)
		FAILS(unshare(CLONE_SIGHAND), EINVAL);
	else
		CHECK(unshare(CLONE_SIGHAND) == 0);
	FAILS(unshare(CLONE_VM), EINVAL);
	FAILS(unshare(CLONE_FS | CLONE_FILES | CLONE_VM), EINVAL); /* nothing has been done then */
	change();
	return 0;
}

static void *unshares_in_a_thread(void *arg)
{
	(void)arg;
	FAILS(unshare(CLONE_THREAD), EINVAL);
	FAILS(unshare(CLONE_SIGHAND), EINVAL);
	FAILS(unshare(CLONE_VM), EINVAL);
	CHECK(chdir("../inner") == 0 && unshare(CLONE_FS) == 0 && chdir("../outer") == 0 && stands_in("outer"));
	umask(0);
	return NULL;
}

static void unshared(void)
{
	pthread_t thread;
	const int parts[] = { CLONE_FS, CLONE_FILES, CLONE_FS | CLONE_FILES };
	for (int i = 0; i < 3; i++) {
		reset();
		passes(started(unshares, ALL | SIGCHLD, (void *)(intptr_t)parts[i]));
		sees_changes_of(ALL & ~parts[i]);
	}
	reset();
	passes(started(is_not_alone, ALL | SIGCHLD, (void *)(intptr_t)ALL));
	sees_changes_of(ALL);
	reset();
	passes(started(is_not_alone, CLONE_VM | SIGCHLD, (void *)CLONE_VM));
	reset();
	CHECK(unshare(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM) == 0);
	CHECK(pthread_create(&thread, NULL, unshares_in_a_thread, NULL) == 0 && pthread_join(thread, NULL) == 0);
	CHECK(stands_in("inner") && mask_now() == 022);
	const unsigned long bad[] = { CLONE_VFORK, CLONE_PARENT, CLONE_SETTLS, 1, 1ul << 34, CLONE_PIDFD };
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		FAILS(syscall(SYS_unshare, bad[i]), EINVAL);
	reset();
}

/* Who may not have new namespaces is told so. */
static void no_namespaces(void)
{
	const int each[] = { CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWCGROUP,
	                     CLONE_NEWTIME };
	CHILD_PASSES({
		CHECK(geteuid() || setresuid(1000, 1000, 1000) == 0);
		for (size_t i = 0; i < sizeof(each) / sizeof(*each); i++) {
			FAILS(unshare(each[i]), EPERM);
			if (each[i] != CLONE_NEWTIME)
				FAILS(clone(nothing, stack + STACK, each[i] | SIGCHLD, NULL), EPERM);
		}
	});
}

/* ---- all at once ---- */

#define ROUNDS 2000

/* Each handler comes with its mask: whoever takes a signal finds both of one action. */
static void checks_mask(int signo, bool blocks)
{
	sigset_t now;
	(void)signo;
	CHECK(sigprocmask(SIG_BLOCK, NULL, &now) == 0);
	if (sigismember(&now, SIGWINCH) != blocks)
		stored = -1;
}

static void with_mask(int signo) { checks_mask(signo, true); }
static void without_mask(int signo) { checks_mask(signo, false); }

static int exchanges(void *arg)
{
	struct sigaction sa = { .sa_flags = 0 };
	(void)arg;
	for (int i = 0; i < ROUNDS && stored == 0; i++) {
		sa.sa_handler = i % 2 ? with_mask : without_mask;
		sigemptyset(&sa.sa_mask);
		if (i % 2)
			sigaddset(&sa.sa_mask, SIGWINCH);
		CHECK(sigaction(SIGUSR1, &sa, NULL) == 0 && chdir(i % 2 ? "../inner" : "../outer") == 0);
	}
	shared[0] = 1;
	return 0;
}

static void taken_while_they_change(void)
{
	reset();
	handle(SIGUSR1, without_mask, 0);
	shared[0] = 0;
	int pid = started(exchanges, ALL | SIGCHLD, NULL);
	while (!shared[0]) {
		char name[4096];
		CHECK(raise(SIGUSR1) == 0 && getcwd(name, sizeof(name)));
		const char *last = strrchr(name, '/') + 1;
		CHECK(strcmp(last, "inner") == 0 || strcmp(last, "outer") == 0);
		sched_yield();
	}
	passes(pid);
	CHECK(stored == 0);
	reset();
}

/* A directory on the way is renamed, and exchanged, once for all who share it. */
static void renamed_once(void)
{
	int pid = 0;
	char byte;
	CHECK(mkdir("../outer/a", 0755) == 0 && mkdir("../outer/b", 0755) == 0 && chdir("a") == 0);
	pid = started(looks, CLONE_FS | SIGCHLD, (void *)(intptr_t)CLONE_FS);
	CHECK(read(pipes[1][0], &byte, 1) == 1);
	CHECK(syscall(SYS_renameat2, AT_FDCWD, "../../outer/a", AT_FDCWD, "../../outer/b", 2) == 0 && stands_in("b"));
	CHECK(rename("../../outer/b", "../../outer/c") == 0 && stands_in("c"));
	umask(0123);
	CHECK(chdir("../../inner") == 0 && rmdir("../outer/a") == 0 && rmdir("../outer/c") == 0);
	CHECK(write(pipes[0][1], "a", 1) == 1);
	passes(pid);
	reset();
}

int main(int argc, char **argv)
{
	char self[4096];
	if (argc > 1 && strcmp(argv[1], "executed") == 0)
		return executed();
	if (argc > 1)
		return geteuid() == (strcmp(argv[1], "root") ? 1000 : 0) ? 0 : 1;
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	CHECK(len > 0);
	self[len] = '\0';
	program = self;
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED && pipe(pipes[0]) == 0 && pipe(pipes[1]) == 0);
	CHECK(mkdir("inner", 0755) == 0 && mkdir("outer", 0755) == 0 && chdir("outer") == 0);
	every_combination();
	refused();
	signals_stay_apart();
	ignored_by_the_other();
	no_signal_at_the_end();
	execve_has_its_own();
	set_user_id();
	unshared();
	no_namespaces();
	taken_while_they_change();
	renamed_once();
	return 0;
}
