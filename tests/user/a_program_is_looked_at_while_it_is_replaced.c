/* SPDX-License-Identifier: MIT */
/*
 * A process executes itself again and again while others read what /proc shows of its memory: they see the old program's or the
 * new one's. Its memory holds the last references to files, so letting go of it takes a while. What the process used at most is
 * remembered. Arguments: rounds.
 */
#include <sys/resource.h>

#include "check.h"

#define READERS 3
#define FILES 4
#define LARGE (8ul << 20)

static void run(char *self, int rounds)
{
	char left[16], name[16];
	char *argv[] = { self, "again", left, NULL };

	if (!rounds) {
		struct rusage usage;
		CHECK(getrusage(RUSAGE_SELF, &usage) == 0 && usage.ru_maxrss >= (long)(LARGE / 1024));
		exit(0);
	}
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof name, "%d", i);
		int fd = make_file(name, PAGE);
		STORE(map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), 1);
		CHECK(close(fd) == 0 && unlink(name) == 0);
	}
	snprintf(left, sizeof left, "%d", rounds - 1);
	execv(self, argv);
	exit(1);
}

static void look(pid_t pid)
{
	static const char *const names[] = { "statm", "maps", "stat", "cmdline" };
	static char text[8192];

	for (unsigned i = 0;; i++) {
		char path[64];
		snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, names[i % 4]);
		int fd = open(path, O_RDONLY);
		if (fd < 0 || read(fd, text, sizeof text) < 0)
			_exit(0); /* it has ended */
		close(fd);
	}
}

int main(int argc, char **argv)
{
	if (argc > 2)
		run(argv[0], atoi(argv[2]));
	int status, rounds = argc > 1 ? atoi(argv[1]) : 20;
	pid_t pid = fork(), reader[READERS];
	CHECK(pid >= 0);
	if (pid == 0) {
		memset(map_anon(LARGE), 1, LARGE);
		run(argv[0], rounds);
	}
	for (int i = 0; i < READERS; i++) {
		reader[i] = fork();
		CHECK(reader[i] >= 0);
		if (reader[i] == 0)
			look(pid);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	for (int i = 0; i < READERS; i++)
		CHECK(waitpid(reader[i], &status, 0) == reader[i] && status == 0);
	return 0;
}
