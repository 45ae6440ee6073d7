/* SPDX-License-Identifier: MIT */
/*
 * MADV_FREE: a page keeps its bytes or becomes zeros, all of it; one that was stored to since keeps the store, under
 * pressure too.
 */
#define _GNU_SOURCE
#include "check.h"
#include <sys/sysinfo.h>

#define N 256

static long lazy_kb(void)
{
	char line[256];
	long kb = 0;
	FILE *f = fopen("/proc/self/smaps", "r");

	CHECK(f);
	while (fgets(line, sizeof line, f))
		if (!strncmp(line, "LazyFree:", 9))
			kb += strtol(line + 9, NULL, 10);
	fclose(f);
	return kb;
}

#define LEFT 32 /* that part of memory stays free: reclaim is at work there, and nobody is killed yet */

/*
 * A child that takes nearly all memory once it is told to. It is made before anything is freed: a fork would have a say
 * in whose pages they are.
 */
static pid_t presser(int go[2])
{
	char c;

	CHECK(pipe(go) == 0);
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		if (read(go[0], &c, 1) != 1)
			_exit(0);
		for (size_t i = 0; i < 8192; i++) {
			struct sysinfo now;
			if (sysinfo(&now) || now.freeram < now.totalram / LEFT)
				break;
			unsigned char *p = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			if (p == MAP_FAILED || madvise(p, 64 * PAGE, 23))
				break;
		}
		make_file("big", 64 * PAGE); /* the cache's growth wakes reclaim */
		usleep(100000);
		_exit(0);
	}
	return pid;
}

int main(void)
{
	unsigned char *p = map_anon(N * PAGE);
	int go[2];
	pid_t pid = presser(go);

	memset(p, 7, N * PAGE);
	CHECK(madvise(p, N * PAGE, MADV_FREE) == 0);
	CHECK(lazy_kb() > 0); /* Linux marks them in batches, and is behind by some */
	for (unsigned i = 0; i < N; i += 2)
		STORE(p + i * PAGE, 9);
	CHECK(write(go[1], "x", 1) == 1 && waitpid(pid, NULL, 0) == pid);
	for (unsigned i = 0; i < N; i++) {
		unsigned char first = p[i * PAGE], rest = p[i * PAGE + 1];
		if (i % 2)
			CHECK((first == 7 && rest == 7) || (first == 0 && rest == 0));
		else
			CHECK(first == 9 && (rest == 7 || rest == 0));
		for (unsigned k = 1; k < PAGE; k++)
			CHECK(p[i * PAGE + k] == rest);
	}
	return 0;
}
