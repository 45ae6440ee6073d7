/* SPDX-License-Identifier: MIT */
/* membarrier: announced first, kept over fork and lost by execve; it returns whatever the other threads do. */
#include <pthread.h>
#include <stdbool.h>
#include <sys/syscall.h>

#include "check.h"

enum { QUERY, GLOBAL, GLOBAL_EXPEDITED, REGISTER_GLOBAL = 4, PRIVATE = 8, REGISTER_PRIVATE = 16, CORE = 32, REGISTER_CORE = 64 };

static int membarrier(int cmd, unsigned flags) { return (int)syscall(SYS_membarrier, cmd, flags, 0); }

static volatile bool over;

static void *spin(void *unused)
{
	while (!over)
		;
	return unused;
}

static void *sleep_in_a_call(void *fd)
{
	char c;

	CHECK(read(*(int *)fd, &c, 1) == 0);
	return NULL;
}

/* Whoever runs is interrupted, who sleeps is not waited for. */
static void among_threads(int cmd)
{
	pthread_t spinner, sleeper;
	int ends[2];

	over = false;
	CHECK(pipe(ends) == 0 && pthread_create(&spinner, NULL, spin, NULL) == 0);
	CHECK(pthread_create(&sleeper, NULL, sleep_in_a_call, &ends[0]) == 0);
	for (int i = 0; i < 50; i++)
		CHECK(membarrier(cmd, 0) == 0);
	over = true;
	close(ends[1]);
	CHECK(pthread_join(spinner, NULL) == 0 && pthread_join(sleeper, NULL) == 0);
	close(ends[0]);
}

int main(int argc, char **argv)
{
	(void)argv;
	FAILS(membarrier(PRIVATE, 0), EPERM);
	FAILS(membarrier(CORE, 0), EPERM);
	if (argc > 1)
		return 0;
	int all = GLOBAL | GLOBAL_EXPEDITED | REGISTER_GLOBAL | PRIVATE | REGISTER_PRIVATE | CORE | REGISTER_CORE;
	CHECK((membarrier(QUERY, 0) & all) == all);
	FAILS(membarrier(QUERY, 1), EINVAL);
	FAILS(membarrier(PRIVATE, 2), EINVAL);
	FAILS(membarrier(1 << 20, 0), EINVAL);
	FAILS(membarrier(GLOBAL | GLOBAL_EXPEDITED, 0), EINVAL);
	CHECK(membarrier(GLOBAL, 0) == 0 && membarrier(GLOBAL_EXPEDITED, 0) == 0 && membarrier(REGISTER_GLOBAL, 0) == 0);
	CHECK(membarrier(REGISTER_PRIVATE, 0) == 0 && membarrier(PRIVATE, 0) == 0);
	FAILS(membarrier(CORE, 0), EPERM);
	CHILD_PASSES(CHECK(membarrier(PRIVATE, 0) == 0));
	CHILD_PASSES(execl("/proc/self/exe", "self", "again", (char *)0); _exit(1));
	CHECK(membarrier(REGISTER_CORE, 0) == 0 && membarrier(CORE, 0) == 0);
	among_threads(PRIVATE);
	among_threads(GLOBAL_EXPEDITED);
	return 0;
}
