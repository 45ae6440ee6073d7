/* SPDX-License-Identifier: MIT */
/*
 * Two thousand processes, a fork bomb against RLIMIT_NPROC, storms of signals, argument lists without end: each ends in
 * an errno or goes well, and all is given back.
 */
#include <sys/resource.h>
#include <sys/syscall.h>

#include "check.h"

#define VM_AUDIT 1050

static void audit(void)
{
	long faults = syscall(VM_AUDIT);

	CHECK(faults == 0 || (faults == -1 && errno == ENOSYS));
}

static void two_thousand(void)
{
	static pid_t pids[2000];
	int fd[2], count = 0, status;
	char c;

	CHECK(pipe(fd) == 0);
	for (; count < 2000; count++) {
		pids[count] = fork();
		if (pids[count] < 0)
			break;
		if (pids[count] == 0) {
			close(fd[1]);
			_exit(read(fd[0], &c, 1) == 0 ? 7 : 1);
		}
	}
	CHECK(count == 2000 || (count > 300 && (errno == EAGAIN || errno == ENOMEM)));
	close(fd[1]);
	for (int i = 0; i < count; i++)
		CHECK(waitpid(pids[i], &status, 0) == pids[i] && WEXITSTATUS(status) == 7);
	close(fd[0]);
	FAILS(wait(NULL), ECHILD);
}

/* Everybody forks until nobody can. */
static void bomb(void)
{
	volatile int *living = (void *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct rlimit few = { 40, 40 };

	CHILD_PASSES({
		CHECK(setrlimit(RLIMIT_NPROC, &few) == 0 && setuid(4321) == 0);
		pid_t self = getpid();
		for (int refused = 0; refused < 20;) {
			pid_t pid = fork();
			if (pid == 0)
				__atomic_add_fetch(living, 1, __ATOMIC_SEQ_CST);
			if (pid < 0) {
				CHECK(errno == EAGAIN);
				refused++;
				usleep(1000); /* on Linux others that are being refused count for a moment */
			}
		}
		if (getpid() != self)
			for (;;)
				pause();
		for (int i = 0; i < 10000 && *living < 39; i++)
			usleep(1000);
		CHECK(*living == 39);
		CHECK(kill(-1, SIGKILL) == 0); /* all of this user but itself */
		while (waitpid(-1, NULL, 0) > 0)
			;
		for (int i = 0; i < 2000; i++) { /* orphans are somebody else's to wait for */
			pid_t pid = fork();
			if (pid == 0)
				_exit(0);
			if (pid > 0) {
				CHECK(waitpid(pid, NULL, 0) == pid);
				break;
			}
			usleep(1000);
		}
	});
}

static volatile int got;

static void count_signal(int signo)
{
	(void)signo;
	got++;
}

/* What is queued arrives, each one; the sender waits while there is no room. */
static void storm(void)
{
	const int signals = 3000;
	struct rlimit some = { 100, 100 };
	union sigval v = { .sival_int = 0 };
	int status;

	CHECK(setrlimit(RLIMIT_SIGPENDING, &some) == 0);
	signal(SIGRTMIN, count_signal);
	signal(SIGUSR1, count_signal);
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		while (got < signals)
			usleep(100);
		_exit(got == signals ? 0 : 1);
	}
	for (int i = 0; i < signals; i++)
		while (sigqueue(pid, SIGRTMIN, v) < 0) {
			CHECK(errno == EAGAIN);
			usleep(100);
		}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

/* This program again with `count` arguments of `length` bytes; its status, or -1 and errno. */
static int with_arguments(const char *self, long count, size_t length)
{
	char **argv = malloc((count + 2) * sizeof(*argv)), *text = malloc(length + 1);

	CHECK(argv && text);
	memset(text, 'x', length);
	text[length] = '\0';
	argv[0] = (char *)self;
	for (long i = 1; i <= count; i++)
		argv[i] = text;
	argv[count + 1] = NULL;
	char *none[] = { NULL };
	int status = IN_CHILD({
		execve(self, argv, none);
		_exit(errno);
	});
	free(argv);
	free(text);
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void arguments(const char *self)
{
	CHECK(with_arguments(self, 1, 131071) == 0);
	CHECK(with_arguments(self, 1, 131072) == E2BIG);
	CHECK(with_arguments(self, 1600, 131071) == E2BIG); /* 200 MiB */
	CHECK(with_arguments(self, 200000, 0) == 0);
	CHECK(with_arguments(self, 240000, 0) == E2BIG); /* a byte each, and its pointer */
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return 0;
	audit();
	CHILD_PASSES(arguments("/proc/self/exe"));
	two_thousand();
	bomb();
	CHILD_PASSES(storm());
	audit();
	(void)argv;
	return 0;
}
