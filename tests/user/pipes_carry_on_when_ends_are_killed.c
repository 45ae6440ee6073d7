/* SPDX-License-Identifier: MIT */
/*
 * A token goes round a ring of processes; on a second pipe many write and many read, some are killed: nothing gets
 * stuck.
 */
#include <stdbool.h>

#include "check.h"

#define RING 4
#define CROWD 4

static void ring(int rounds)
{
	int fd[RING][2];

	for (int i = 0; i < RING; i++)
		CHECK(pipe(fd[i]) == 0);
	for (int i = 0; i < RING; i++) {
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid)
			continue;
		for (int n, want = i; want < rounds * RING; want += RING) {
			CHECK(read(fd[i][0], &n, sizeof(n)) == sizeof(n) && n == want);
			n++;
			CHECK(write(fd[(i + 1) % RING][1], &n, sizeof(n)) == sizeof(n));
		}
		_exit(0);
	}
	int first = 0;
	CHECK(write(fd[0][1], &first, sizeof(first)) == sizeof(first));
	for (int i = 0, status; i < RING; i++)
		CHECK(wait(&status) > 0 && status == 0);
	for (int i = 0; i < RING; i++) {
		close(fd[i][0]);
		close(fd[i][1]);
	}
}

/*
 * Writers and readers of one pipe; every other one is killed in the middle. Records stay whole; the rest end by
 * themselves.
 */
static void crowd(int rounds)
{
	int fd[2];
	pid_t victim[CROWD];
	struct { uint32_t n, not_n, pad[30]; } record;

	CHECK(pipe(fd) == 0);
	for (int i = 0; i < 2 * CROWD; i++) {
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid) {
			if (i & 1)
				victim[i / 2] = pid;
			continue;
		}
		bool writer = i < CROWD;
		close(fd[!writer ? 1 : 0]);
		signal(SIGPIPE, SIG_DFL);
		for (uint32_t n = 0; n < (uint32_t)rounds || i & 1 || !writer; n++) {
			record.n = n;
			record.not_n = ~n;
			if (writer) {
				CHECK(write(fd[1], &record, sizeof(record)) == sizeof(record));
			} else {
				ssize_t got = read(fd[0], &record, sizeof(record));
				if (got == 0)
					break;
				CHECK(got % 4 == 0);
				if (got == sizeof(record))
					CHECK(record.n == ~record.not_n);
			}
		}
		_exit(0);
	}
	close(fd[0]);
	close(fd[1]);
	for (int i = 0; i < CROWD; i++) {
		for (volatile int spin = 0; spin < 200000; spin++)
			;
		CHECK(kill(victim[i], SIGKILL) == 0);
	}
	for (int i = 0, status; i < 2 * CROWD; i++)
		CHECK(wait(&status) > 0 && (status == 0 || WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGPIPE));
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 300;

	ring(rounds);
	crowd(rounds);
	return 0;
}
