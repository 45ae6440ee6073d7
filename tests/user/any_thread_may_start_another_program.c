/* SPDX-License-Identifier: MIT */
/*
 * execve by a thread that is not the first, while the others run, fault, fork and wait in every kind of call: the new
 * program is one thread with the process's number, its parent is told of nothing but its end, and when several threads
 * call execve at once one of them does it. A robust lock that another thread held is marked.
 */
#include <poll.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>

#include <atlas/thread.h>

#include "check.h"

#define FUTEX_WAIT 0
#define ROUNDS 8

enum { STARTED = 5 };

static char self[256];
static volatile int go;
static struct shared { pthread_mutex_t lock; uint32_t word; volatile int begun; } *shared;

/* ---- what the other threads do, for ever ---- */

static void *computes(void *arg)
{
	for (volatile unsigned long i = 0;; i++)
		;
	return arg;
}

static void *faults(void *arg)
{
	for (;;) {
		unsigned char *p = map_anon(4 * PAGE);
		memset(p, 1, 4 * PAGE);
		munmap(p, 4 * PAGE);
	}
	return arg;
}

static void *forks(void *arg)
{
	for (;;) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
	return arg;
}

static void *waits_for_a_word(void *arg)
{
	for (;;)
		syscall(SYS_futex, &shared->word, FUTEX_WAIT, 0, NULL, NULL, 0);
	return arg;
}

static void *reads_a_pipe(void *arg)
{
	int ends[2];
	char c;

	CHECK(pipe(ends) == 0);
	for (;;)
		(void)!read(ends[0], &c, 1);
	return arg;
}

static void *polls(void *arg)
{
	for (;;)
		poll(NULL, 0, 100000);
	return arg;
}

static void *sleeps(void *arg)
{
	for (;;)
		nanosleep(&(struct timespec){ 1000, 0 }, NULL);
	return arg;
}

static void *waits_for_a_child(void *arg)
{
	if (fork() == 0)
		for (;;)
			pause();
	for (;;)
		waitpid(-1, NULL, 0);
	return arg;
}

static void *waits_for_a_signal(void *arg)
{
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	for (;;)
		sigtimedwait(&one, NULL, NULL);
	return arg;
}

static void *holds_the_lock(void *arg)
{
	CHECK(pthread_mutex_lock(&shared->lock) == 0);
	shared->begun = 1;
	return sleeps(arg);
}

static void *executes(void *arg)
{
	char number[16];

	while (!go)
		sched_yield();
	snprintf(number, sizeof number, "%d", getpid());
	execl(self, "test", number, NULL);
	_exit(1);
	return arg;
}

/* ---- the new program ---- */

static int threads_of_this_process(void)
{
	char text[4096];
	int fd = open("/proc/self/status", O_RDONLY);
	ssize_t n = read(fd, text, sizeof text - 1);

	CHECK(n > 0 && close(fd) == 0);
	text[n] = '\0';
	char *line = strstr(text, "Threads:");
	CHECK(line);
	return atoi(line + strlen("Threads:"));
}

static int new_program(const char *number)
{
	CHECK(getpid() == atoi(number) && gettid() == getpid());
	CHECK(threads_of_this_process() == 1);
	while (waitpid(-1, NULL, WNOHANG) > 0) /* what a thread forked is ours still */
		;
	return STARTED;
}

/* ---- the old one ---- */

/* A child whose other thread, or `several` of them, become the new program among `busy` ones; -> its status. */
static int started_among(void *(*const *busy)(void *), int nbusy, int several)
{
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		setpgid(0, 0);
		for (int i = 0; i < nbusy; i++)
			CHECK(thread_create(busy[i], NULL, 0) > 0);
		for (int i = 0; i < several; i++)
			CHECK(thread_create(executes, NULL, 0) > 0);
		if (nbusy)
			usleep(2000);
		go = 1;
		sleeps(NULL);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	kill(-pid, SIGKILL); /* children that its threads had */
	return status;
}

static void the_others_hold_locks(void)
{
	pthread_mutexattr_t attr;
	int status;

	CHECK(pthread_mutexattr_init(&attr) == 0);
	CHECK(pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED) == 0);
	CHECK(pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST) == 0);
	CHECK(pthread_mutex_init(&shared->lock, &attr) == 0);
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		pthread_t t;
		CHECK(pthread_create(&t, NULL, holds_the_lock, NULL) == 0);
		CHECK(pthread_create(&t, NULL, executes, NULL) == 0);
		while (!shared->begun)
			sched_yield();
		go = 1;
		sleeps(NULL);
	}
	while (!shared->begun)
		usleep(1000);
	CHECK(pthread_mutex_lock(&shared->lock) == EOWNERDEAD && pthread_mutex_consistent(&shared->lock) == 0);
	CHECK(pthread_mutex_unlock(&shared->lock) == 0);
	CHECK(waitpid(pid, &status, 0) == pid && status == STARTED << 8);
}

int main(int argc, char **argv)
{
	static void *(*const all[])(void *) = { computes, faults, forks, waits_for_a_word, reads_a_pipe, polls, sleeps,
	                                        waits_for_a_child, waits_for_a_signal };
	const int count = sizeof all / sizeof *all;

	if (argc == 2)
		return new_program(argv[1]);
	CHECK(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
	shared = (struct shared *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < count; i++)
		CHECK(started_among(all + i, 1, 1) == STARTED << 8);
	for (int i = 0; i < ROUNDS; i++) {
		CHECK(started_among(all, count, 1) == STARTED << 8);
		CHECK(started_among(NULL, 0, 4) == STARTED << 8);
	}
	the_others_hold_locks();
	return 0;
}
