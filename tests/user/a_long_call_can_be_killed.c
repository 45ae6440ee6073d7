/* SPDX-License-Identifier: MIT */
/* A process that brings in millions of pages by one call does not keep others from running, also on one CPU; one of them kills it. */
#define _GNU_SOURCE
#include <sched.h>
#include <time.h>

#include "check.h"

#define LEN (8ul << 30)

int main(void)
{
	volatile int *done = (void *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;

	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0) {
			*done = 1;
			void *p = mmap(NULL, LEN, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | (i == 0 ? MAP_POPULATE : 0), -1, 0);
			if (p != MAP_FAILED && (i == 1 ? mlock(p, LEN) == 0 : i == 2 && madvise(p, LEN, MADV_POPULATE_READ) == 0))
				*done = 3;
			*done += 1;
			for (;;)
				pause();
		}
		while (!*done)
			sched_yield();
		CHECK(nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL) == 0);
		CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && *done == 1);
		*done = 0;
	}
	return 0;
}
