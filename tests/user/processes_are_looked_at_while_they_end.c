/* SPDX-License-Identifier: MIT */
/* What /proc and prlimit look at may end meanwhile: they find a process, a zombie or nothing, never what has been freed. */
#include <sys/resource.h>

#include "check.h"

static struct { volatile int pid, over; } *common;

/* Everything that leads to a process's memory, its descriptors or its program. */
static void look(int pid)
{
	static const char *const names[] = { "stat", "statm", "maps", "smaps_rollup", "status", "cmdline", "exe", "cwd", "fd/0", "environ" };
	char path[64], text[256];
	struct rlimit limit;

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, names[i]);
		int fd = open(path, O_RDONLY | O_NONBLOCK);
		if (fd < 0)
			continue;
		if (i < 6)
			CHECK(read(fd, text, sizeof(text)) >= 0 || errno == ESRCH || errno == EACCES);
		close(fd);
	}
	if (prlimit(pid, RLIMIT_STACK, NULL, &limit) == 0)
		CHECK(prlimit(pid, RLIMIT_STACK, &limit, NULL) == 0 || errno == ESRCH);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 300;
	int lookers = 2;

	common = (void *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < lookers; i++)
		if (fork() == 0) {
			while (!common->over)
				look(common->pid ? common->pid : 1);
			return 0;
		}
	for (int i = 0; i < rounds; i++) {
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0)
			_exit(7);
		common->pid = pid;
		int status;
		CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 7);
	}
	common->over = 1;
	for (int i = 0; i < lookers; i++) {
		int status;
		CHECK(wait(&status) > 0 && status == 0);
	}
	return 0;
}
