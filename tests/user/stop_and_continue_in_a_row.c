/* SPDX-License-Identifier: MIT */
/* SIGCONT right after SIGSTOP always sets the process going again, whether the stop had been taken yet or not. */
#include <time.h>

#include "check.h"

/* Waits until the child has counted on; it has stopped for good if it does not within ten seconds. */
static void expect_progress(volatile uint64_t *count)
{
	uint64_t before = *count;
	const struct timespec moment = { .tv_nsec = 1000000 };

	for (int i = 0; i < 10000 && *count == before; i++)
		nanosleep(&moment, NULL);
	CHECK(*count != before);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 200;
	volatile uint64_t *count = (void *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0)
		for (;;) {
			++*count;
			getppid();
		}
	for (int i = 0; i < rounds; i++) {
		CHECK(kill(pid, SIGSTOP) == 0);
		for (volatile int spin = 0; spin < i * 37 % 2000; spin++)
			;
		CHECK(kill(pid, SIGCONT) == 0);
		expect_progress(count);
	}
	kill(pid, SIGKILL);
	CHECK(waitpid(pid, NULL, 0) == pid);
	return 0;
}
