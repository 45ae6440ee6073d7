/* SPDX-License-Identifier: MIT */
/* MADV_FREE: a page keeps its bytes or becomes zeros, all of it; one that was stored to since keeps the store, under pressure too. */
#define _GNU_SOURCE
#include "check.h"

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

/* More memory than is free, in a child, which may be refused or killed for it. */
static void press(void)
{
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		for (size_t i = 0; i < 8192; i++) {
			unsigned char *p = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			if (p == MAP_FAILED || madvise(p, 64 * PAGE, 23))
				break;
		}
		_exit(0);
	}
	CHECK(waitpid(pid, NULL, 0) == pid);
}

int main(void)
{
	unsigned char *p = map_anon(N * PAGE);

	memset(p, 7, N * PAGE);
	CHECK(madvise(p, N * PAGE, MADV_FREE) == 0);
	CHECK(lazy_kb() > 0); /* Linux marks them in batches, and is behind by some */
	for (unsigned i = 0; i < N; i += 2)
		STORE(p + i * PAGE, 9);
	if (access("/proc/sys/vm/drop_caches", W_OK) == 0 && strstr(getcwd(NULL, 0), "/tmp") != NULL)
		press();
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
