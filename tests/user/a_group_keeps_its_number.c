/* SPDX-License-Identifier: MIT */
/*
 * Numbers of processes rise, wrap at pid_max and are used again, but not while somebody has them: as process, as thread,
 * as zombie, or as the number of the group or the session of a process that has outlived its leader.
 */
#include "check.h"
#include <pthread.h>
#include <stdbool.h>

#define LAST 420 /* pid_max while this runs: a round is short */

static void set_pid_max(int max)
{
	int fd = open("/proc/sys/kernel/pid_max", O_WRONLY | O_TRUNC);
	char text[16];
	int len = snprintf(text, sizeof text, "%d", max);

	if (fd < 0 || write(fd, text, (size_t)len) != len) {
		perror("pid_max");
		_exit(77);
	}
	close(fd);
}

static void restore(void) { set_pid_max(32768); }

/* A process that stays when its leader has gone; the leader's number. */
static pid_t left_behind(bool session)
{
	int ready[2];
	char c;

	CHECK(pipe(ready) == 0);
	pid_t leader = fork();
	CHECK(leader >= 0);
	if (leader == 0) {
		CHECK(session ? setsid() == getpid() : setpgid(0, 0) == 0);
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid)
			_exit(0);
		signal(SIGHUP, SIG_IGN);
		CHECK(write(ready[1], "x", 1) == 1);
		for (;;)
			pause();
	}
	CHECK(read(ready[0], &c, 1) == 1 && waitpid(leader, NULL, 0) == leader);
	close(ready[0]);
	close(ready[1]);
	CHECK(kill(leader, 0) == -1 && errno == ESRCH && kill(-leader, 0) == 0);
	return leader;
}

static unsigned seen[LAST];

static pid_t short_life(void)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0)
		_exit(0);
	CHECK(pid < LAST && waitpid(pid, NULL, 0) == pid);
	return pid;
}

/* Two rounds of short lives. */
static void count_numbers(void)
{
	memset(seen, 0, sizeof seen);
	for (int i = 0; i < 2 * (LAST - 300); i++)
		seen[short_life()]++;
}

static volatile bool over;

static void *thread_number(void *number)
{
	*(volatile pid_t *)number = gettid();
	while (!over)
		usleep(1000);
	return NULL;
}

static void gone(pid_t group)
{
	CHECK(kill(-group, SIGKILL) == 0);
	while (kill(-group, 0) == 0)
		usleep(1000);
}

/* In a process that has its own number from the short round. */
static void rounds(void)
{
	volatile pid_t number = 0;
	pthread_t thread;

	while (short_life() < 299)
		;
	pid_t group = left_behind(false), session = left_behind(true), zombie = fork();
	if (zombie == 0)
		_exit(0);
	CHECK(pthread_create(&thread, NULL, thread_number, (void *)&number) == 0);
	while (!number)
		usleep(1000);
	count_numbers();
	CHECK(!seen[group] && !seen[session] && !seen[zombie] && !seen[number] && !seen[getpid()]);
	for (int i = 0; i < 300; i++)
		CHECK(!seen[i]); /* the first ones are for the first processes alone */
	gone(group);
	gone(session);
	over = true;
	CHECK(pthread_join(thread, NULL) == 0 && waitpid(zombie, NULL, 0) == zombie);
	count_numbers();
	CHECK(seen[group] && seen[session] && seen[zombie] && seen[number]);
}

int main(void)
{
	set_pid_max(LAST);
	atexit(restore);
	CHILD_PASSES(rounds());
	set_pid_max(301);
	if (kill(300, 0) == 0) /* the only number there was */
		FAILS(fork(), EAGAIN);
	set_pid_max(LAST);
	CHILD_PASSES(;);
	return 0;
}
