/* SPDX-License-Identifier: MIT */
/*
 * A process has as many descriptors as RLIMIT_NOFILE says, far beyond what it begins with: each is open, is in /proc,
 * goes to a child and is closed by execve as its flag says; lowering the limit closes none.
 */
#include <poll.h>
#include <stdbool.h>
#include <sys/resource.h>

#include "check.h"

#define LIMIT 5000

static void limit_is(rlim_t soft, rlim_t hard)
{
	const struct rlimit limit = { soft, hard };

	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

static int fill(void)
{
	int last = -1, fd;

	while ((fd = fcntl(0, last % 2 ? F_DUPFD_CLOEXEC : F_DUPFD, 0)) >= 0)
		last = fd;
	CHECK(errno == EMFILE);
	return last;
}

static bool is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }

/* Half of them were to be closed. */
static int after_exec(void)
{
	CHECK(is_open(LIMIT - 1) != is_open(LIMIT - 2) && is_open(LIMIT - 3) != is_open(LIMIT - 4));
	return 0;
}

static void are_all_there(void)
{
	static struct pollfd fds[LIMIT + 1];
	char path[64], text[64];

	for (int fd = 0; fd < LIMIT; fd++)
		CHECK(is_open(fd));
	for (int i = 0; i <= LIMIT; i++)
		fds[i] = (struct pollfd){ -1, POLLIN, 0 };
	CHECK(poll(fds, LIMIT, 0) == 0);
	FAILS(poll(fds, LIMIT + 1, 0), EINVAL);
	snprintf(path, sizeof path, "/proc/self/fd/%d", LIMIT - 1);
	CHECK(readlink(path, text, sizeof text) > 0);
	snprintf(path, sizeof path, "/proc/self/fdinfo/%d", LIMIT - 1);
	CHECK(access(path, F_OK) == 0);
}

int main(int argc, char **argv)
{
	char *again[] = { argv[0], "again", NULL };
	const struct rlimit beyond = { 1, 1ul << 40 };

	if (argc > 1)
		return after_exec();
	FAILS(setrlimit(RLIMIT_NOFILE, &beyond), EPERM);
	limit_is(1024, 4096);
	CHECK(fill() == 1023);
	limit_is(LIMIT, LIMIT);
	CHECK(fill() == LIMIT - 1);
	FAILS(fcntl(0, F_DUPFD, LIMIT), EINVAL);
	FAILS(dup2(0, LIMIT), EBADF);
	are_all_there();
	CHILD_PASSES(are_all_there());
	CHILD_PASSES(execv("/proc/self/exe", again));
	limit_is(20, LIMIT);
	FAILS(dup(0), EMFILE);
	CHECK(is_open(LIMIT - 1) && close(10) == 0 && dup(0) == 10);
	CHECK(close(LIMIT - 1) == 0);
	FAILS(dup2(0, LIMIT - 1), EBADF);
	return 0;
}
