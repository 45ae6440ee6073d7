/* SPDX-License-Identifier: MIT */
/*
 * clone with CLONE_PIDFD begins anew when its group is signalled meanwhile. Another thread that already uses the
 * descriptor, whose number it guesses, finds nobody to signal until the child is born: what it sends to one that never is
 * leaves nothing behind.
 */
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/syscall.h>

#include "check.h"

#define CHILDREN 40

static volatile bool done;
static volatile int descriptor;

static void nothing(int signo) { (void)signo; }

static void *guess(void *arg)
{
	(void)arg;
	while (!done)
		if (syscall(SYS_pidfd_send_signal, descriptor, SIGRTMIN, NULL, 0) < 0)
			CHECK(errno == EBADF || errno == ESRCH || errno == EAGAIN);
	return NULL;
}

static void disturb(pid_t parent)
{
	while (getppid() == parent)
		kill(0, SIGUSR1), usleep(200);
	_exit(0);
}

static pid_t clone_with_descriptor(void)
{
	int fd = -1;
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, &fd, NULL, 0);

	if (!pid)
		_exit(0);
	CHECK(pid > 0 && fd == descriptor);
	return pid;
}

static void one_group(void)
{
	pthread_t thread;
	sigset_t queued;
	int status;

	sigemptyset(&queued);
	sigaddset(&queued, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &queued, NULL); /* the children's, so that it stays pending */
	signal(SIGUSR1, nothing);
	CHECK(setpgid(0, 0) == 0);
	descriptor = dup(0);
	CHECK(descriptor >= 0 && close(descriptor) == 0);
	pid_t self = getpid(), other = fork();
	if (!other)
		disturb(self);
	CHECK(pthread_create(&thread, NULL, guess, NULL) == 0);
	for (int i = 0; i < CHILDREN; i++) {
		pid_t pid = clone_with_descriptor();
		while (waitpid(pid, &status, 0) < 0)
			CHECK(errno == EINTR);
		CHECK(status == 0 && close(descriptor) == 0);
	}
	done = true;
	CHECK(pthread_join(thread, NULL) == 0);
	kill(other, SIGKILL);
	while (waitpid(other, &status, 0) < 0)
		CHECK(errno == EINTR);
}

int main(void)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		one_group();
		return 0;
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	return status != 0;
}
