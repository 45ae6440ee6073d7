/* SPDX-License-Identifier: MIT */
/* The signal that clone asks for at a child's end is for the parent: an orphan's new parent, init, gets SIGCHLD. */
#include "check.h"
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>

int main(void)
{
	const struct timespec moment = { 0, 50000000 };
	int pipes[2];
	char byte;

	CHECK(pipe(pipes) == 0);
	CHILD_PASSES(if (syscall(SYS_clone, SIGTERM, 0, 0, 0, 0) == 0) { nanosleep(&moment, NULL); _exit(0); });
	close(pipes[1]);
	CHECK(read(pipes[0], &byte, 1) == 0); /* the orphan has ended */
	nanosleep(&moment, NULL);             /* SIGTERM would have had init end the machine */
	CHECK(kill(1, 0) == 0);
	return 0;
}
