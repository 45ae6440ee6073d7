/* SPDX-License-Identifier: MIT */
/*
 * exit ends a thread, exit_group the process: a process whose first thread has left lives on, answers to its number,
 * and ends with the status of the thread that leaves last; another thread that calls execve takes over its number.
 */
#include <sys/syscall.h>
#include <time.h>

#include <atlas/thread.h>

#include "check.h"

static char self[256]; /* this program; /proc/self/exe is nothing once the first thread has left */
static int go[2]; /* a pipe: whoever waits may go on when it is closed */

static void *waits(void *arg)
{
	char c;
	read(go[0], &c, 1);
	return arg;
}

static void *exits_7(void *arg)
{
	waits(arg);
	syscall(SYS_exit, 7);
	return NULL;
}

static void *ends_all(void *arg)
{
	waits(arg);
	syscall(SYS_exit_group, 8);
	return NULL;
}

static void *executes(void *arg)
{
	char number[16];
	waits(arg);
	snprintf(number, sizeof(number), "%d", getpid());
	execl(self, "test", number, NULL);
	_exit(1);
}

static char state_of(pid_t pid)
{
	char name[64], line[512] = "";
	snprintf(name, sizeof(name), "/proc/%d/stat", pid);
	int fd = open(name, O_RDONLY);
	CHECK(fd >= 0 && read(fd, line, sizeof(line) - 1) > 0 && close(fd) == 0);
	return strrchr(line, ')')[2];
}

/* A child whose first thread leaves with 6 after starting `function` in another. */
static int ends_as(void *(*function)(void *))
{
	int status;
	CHECK(pipe(go) == 0);
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		close(go[1]);
		CHECK(thread_create(function, NULL, 0) > 0);
		syscall(SYS_exit, 6);
	}
	close(go[0]);
	nanosleep(&(struct timespec){ 0, 100000000 }, NULL);
	while (state_of(pid) != 'Z' && state_of(pid) != 'S')
		usleep(1000);
	CHECK(waitpid(pid, &status, WNOHANG) == 0);
	CHECK(kill(pid, 0) == 0);
	close(go[1]);
	CHECK(waitpid(pid, &status, 0) == pid);
	return status;
}

/* A signal still ends it, and one that is caught finds another thread. */
static void killed(void)
{
	int status;
	CHECK(pipe(go) == 0);
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		CHECK(thread_create(waits, NULL, 0) > 0);
		syscall(SYS_exit, 6);
	}
	nanosleep(&(struct timespec){ 0, 50000000 }, NULL);
	CHECK(kill(pid, SIGTERM) == 0);
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

/* After execve there is one thread, with the process's number, whoever called it. */
static void executed_by_another(void)
{
	int status;
	for (int first_leaves = 0; first_leaves < 2; first_leaves++) {
		CHECK(pipe(go) == 0);
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0) {
			close(go[1]);
			CHECK(thread_create(waits, NULL, 0) > 0 && thread_create(executes, NULL, 0) > 0);
			if (first_leaves)
				syscall(SYS_exit, 6);
			for (;;)
				pause();
		}
		nanosleep(&(struct timespec){ 0, 20000000 }, NULL);
		close(go[1]);
		close(go[0]);
		CHECK(waitpid(pid, &status, 0) == pid && status == 5 << 8);
	}
}

int main(int argc, char **argv)
{
	if (argc == 2)
		return getpid() == atoi(argv[1]) && gettid() == getpid() ? 5 : 1;
	CHECK(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	CHECK(ends_as(exits_7) == 7 << 8);
	CHECK(ends_as(ends_all) == 8 << 8);
	killed();
	executed_by_another();
	return 0;
}
