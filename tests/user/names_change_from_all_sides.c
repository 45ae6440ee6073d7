/* SPDX-License-Identifier: MIT */
/*
 * Processes create, rename, link, unlink and open the same few names; some are killed in between. The tree stays
 * usable.
 */
#include <time.h>

#include "check.h"

#define PROCS 4
#define NAMES 6

static void worker(uint32_t seed, int rounds)
{
	char a[16], b[16];

	for (int r = 0; r < rounds || rounds < 0; r++) {
		seed = seed * 1103515245 + 12345;
		snprintf(a, sizeof(a), "n%u", (seed >> 16) % NAMES);
		snprintf(b, sizeof(b), "n%u", (seed >> 20) % NAMES);
		int fd = -1;
		switch (seed >> 26 & 7) {
		case 0: case 1:
			fd = open(a, O_RDWR | O_CREAT, 0600);
			break;
		case 2: case 3:
			if (rename(a, b) < 0)
				CHECK(errno == ENOENT);
			break;
		case 4:
			if (link(a, b) < 0)
				CHECK(errno == ENOENT || errno == EEXIST);
			break;
		case 5: case 6:
			if (unlink(a) < 0)
				CHECK(errno == ENOENT);
			break;
		default:
			fd = open(a, O_RDWR);
		}
		if (fd < 0)
			continue;
		CHECK(write(fd, a, sizeof(a)) == sizeof(a));
		unlink(b);
		CHECK(pread(fd, b, sizeof(b), 0) == sizeof(b));
		CHECK(b[0] == 'n');
		close(fd);
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 150, status;
	pid_t victim = 0;

	for (int i = 0; i < PROCS; i++) {
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0)
			worker((uint32_t)i * 7919u + 1, rounds);
	}
	for (int i = 0; i < rounds / 10; i++) {
		victim = fork();
		CHECK(victim >= 0);
		if (victim == 0)
			worker((uint32_t)i * 104729u + 5, -1);
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 + i * 99991 % 1000000 }, NULL);
		CHECK(kill(victim, SIGKILL) == 0);
		CHECK(waitpid(victim, &status, 0) == victim && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
	for (int i = 0; i < PROCS; i++)
		CHECK(wait(&status) > 0 && status == 0);
	return 0;
}
