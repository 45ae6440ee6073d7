/* SPDX-License-Identifier: MIT */
/*
 * A sleep that a stop breaks off goes on to the end that it had, whatever has become of the words in which that was told:
 * nanosleep, clock_nanosleep and a futex with a time.
 */
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>

#include "check.h"

struct shared {
	struct timespec ts;
	volatile int begun, word;
};

static int wait_on_word(struct shared *s)
{
	return (int)syscall(SYS_futex, &s->word, FUTEX_WAIT, 0, &s->ts, NULL, 0);
}

/* Status 0: it slept to its end. */
static void sleeper(struct shared *s, int kind)
{
	int result;

	s->begun = 1;
	if (kind == 0)
		result = nanosleep(&s->ts, NULL);
	else if (kind == 1)
		result = clock_nanosleep(CLOCK_MONOTONIC, 0, &s->ts, NULL);
	else
		result = wait_on_word(s) == -1 && errno == ETIMEDOUT ? 0 : errno;
	_exit(result != 0);
}

int main(void)
{
	struct shared *s = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;

	CHECK(s != MAP_FAILED);
	for (int kind = 0; kind < 3; kind++) {
		s->ts = (struct timespec){ 1, 0 };
		s->begun = 0;
		pid_t pid = fork();
		if (!pid)
			sleeper(s, kind);
		while (!s->begun)
			usleep(1000);
		usleep(100000);
		kill(pid, SIGSTOP);
		CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
		s->ts.tv_nsec = -1;
		kill(pid, SIGCONT);
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(status == 0);
	}
	return 0;
}
