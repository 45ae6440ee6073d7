/* SPDX-License-Identifier: MIT */
/*
 * time COMMAND [ARG...] - run a command and tell, on standard error, what it took
 *
 * Real, user and system time, the most memory it had resident, and its page faults: minor ones needed
 * no input from a device, major ones did. The status is the command's; 128+N when signal N ended it.
 */
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "common.h"

static void print_time(const char *name, long long us)
{
	fprintf(stderr, "%s %lldm%02lld.%03llds\n", name, us / 60000000, us / 1000000 % 60, us / 1000 % 1000);
}

static long long microseconds(const struct timeval *tv)
{
	return tv->tv_sec * 1000000ll + tv->tv_usec;
}

int main(int argc, char **argv)
{
	struct timespec begin, end;
	struct rusage ru;
	int status;
	pid_t pid;

	if (argc < 2)
		usage("time COMMAND [ARG...]");
	clock_gettime(CLOCK_MONOTONIC, &begin);
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		execvp(argv[1], argv + 1);
		err(errno == ENOENT ? 127 : 126, "%s", argv[1]);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			err(1, "waitpid");
	clock_gettime(CLOCK_MONOTONIC, &end);
	getrusage(RUSAGE_CHILDREN, &ru);
	print_time("real", (end.tv_sec - begin.tv_sec) * 1000000ll + (end.tv_nsec - begin.tv_nsec) / 1000);
	print_time("user", microseconds(&ru.ru_utime));
	print_time("sys ", microseconds(&ru.ru_stime));
	fprintf(stderr, "resident %ld KiB, faults %ld minor + %ld major\n", ru.ru_maxrss, ru.ru_minflt,
		ru.ru_majflt);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
