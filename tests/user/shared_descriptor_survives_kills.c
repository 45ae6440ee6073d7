/* SPDX-License-Identifier: MIT */
/* Processes write through one open file; killing those that wait for its position does not shut out the others. */
#include <time.h>

#include "check.h"

#define WRITERS 4

static pid_t start_writer(int fd)
{
	static char block[3 * PAGE];
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid)
		return pid;
	for (;;)
		if (write(fd, block, sizeof(block)) < 0 || lseek(fd, 0, SEEK_SET) < 0)
			_exit(1);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 60, status;
	int fd = make_file("common", 8 * PAGE);
	pid_t pid[WRITERS];

	for (int i = 0; i < WRITERS; i++)
		pid[i] = start_writer(fd);
	for (int r = 0; r < rounds; r++) {
		const struct timespec moment = { .tv_nsec = 1000000 + r * 7919 % 1000000 };
		int i = r % WRITERS;
		nanosleep(&moment, NULL);
		CHECK(kill(pid[i], SIGKILL) == 0);
		CHECK(waitpid(pid[i], &status, 0) == pid[i] && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		pid[i] = start_writer(fd);
	}
	/* We are one of them: our own write must get its turn. */
	CHECK(write(fd, "x", 1) == 1);
	for (int i = 0; i < WRITERS; i++) {
		CHECK(kill(pid[i], SIGKILL) == 0);
		CHECK(waitpid(pid[i], &status, 0) == pid[i]);
	}
	CHECK(write(fd, "x", 1) == 1);
	return 0;
}
