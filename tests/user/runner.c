/* SPDX-License-Identifier: MIT */
/*
 * runner: runs the user-level tests inside Atlas, one after the other. `runner [NAME...]` runs /tests/NAME; without
 * names every program in /tests. tools/atlas boots it and reads its standard output, which is KTAP and nothing else;
 * what a test prints goes to our standard error. `runner -b N` lets N processes come and go first, so that the tests
 * meet numbers as a machine has them that has been up for long.
 *
 * A test passes with status 0, is skipped with 77, and fails otherwise, with its reason on standard error. Around each
 * test the runner looks at the system:
 *
 *   free pages  (pages.h) Less afterwards may still be something that is made once. So a test that seems to have taken
 *               pages runs again, and it leaks if it takes some in each of LEAK_ROUNDS rounds.
 *   vm_audit    the kernel recomputes its counts from the page tables and objects; any difference fails the test.
 *
 * Each test starts in an empty folder of its own below /var/tmp, which is removed afterwards.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atlas/system.h>

#include "pages.h"

#include "empty_folder.h"

#define TESTS_MAX   1024
#define LEAK_ROUNDS 4
#define SKIPPED     77
#define FOLDER      "/var/tmp/test"

static char *names[TESTS_MAX];
static int count;

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list_tests(void)
{
	DIR *dir = opendir("/tests");
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) && count < TESTS_MAX) {
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, "runner") != 0)
			names[count++] = strdup(entry->d_name);
	}
	if (dir)
		closedir(dir);
	qsort(names, count, sizeof(names[0]), compare_names);
}

/* One run of one test; returns its wait status. */
static int run_once(const char *name)
{
	char path[256];
	char *argv[] = { path, NULL };
	int status = 0;

	snprintf(path, sizeof(path), "/tests/%s", name);
	mkdir(FOLDER, 0700);
	empty_folder(FOLDER);
	pid_t pid = fork();
	if (pid < 0)
		return 1 << 8;
	if (pid == 0) {
		setpgid(0, 0);
		dup2(STDERR_FILENO, STDOUT_FILENO);
		if (chdir(FOLDER) < 0)
			fprintf(stderr, "%s: %s\n", FOLDER, strerror(errno));
		execv(path, argv);
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	kill(-pid, SIGKILL); /* children that it has left behind */
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	empty_folder(FOLDER);
	rmdir(FOLDER);
	return status;
}

/* Says in `why` what is wrong with a test; an empty string is a pass. -> whether it was skipped. */
static bool run_test(const char *name, char *why, size_t room)
{
	why[0] = '\0';
	for (int round = 0; round < LEAK_ROUNDS; round++) {
		long before = free_pages();
		int status = run_once(name);
		if (WIFSIGNALED(status)) {
			snprintf(why, room, "killed by signal %d", WTERMSIG(status));
			return false;
		}
		if (WEXITSTATUS(status) == SKIPPED)
			return true;
		if (WEXITSTATUS(status) != 0) {
			snprintf(why, room, "exit status %d", WEXITSTATUS(status));
			return false;
		}
		int faults = vm_audit();
		if (faults > 0) {
			snprintf(why, room, "vm_audit found %d inconsistencies", faults);
			return false;
		}
		bool last = round == LEAK_ROUNDS - 1;
		long lost = pages_lost(before, last ? LOOK_PATIENTLY : LOOK_SHORTLY);
		if (lost <= 0)
			return false;
		if (last)
			snprintf(why, room, "%ld free pages less after each of %d runs", lost, LEAK_ROUNDS);
	}
	return false;
}

static void burn_numbers(long n)
{
	while (n-- > 0) {
		pid_t pid = vfork();
		if (pid == 0)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	int failed = 0, first = 1;
	char why[128];

	if (argc > 2 && strcmp(argv[1], "-b") == 0) {
		burn_numbers(atol(argv[2]));
		first = 3;
	}
	for (int i = first; i < argc && count < TESTS_MAX; i++)
		names[count++] = argv[i];
	if (count == 0)
		list_tests();
	setvbuf(stdout, NULL, _IONBF, 0);
	printf("KTAP version 1\n1..%d\n", count);
	for (int i = 0; i < count; i++) {
		printf("# begin %s\n", names[i]);
		bool skipped = run_test(names[i], why, sizeof(why));
		if (why[0])
			fprintf(stderr, "%s: %s\n", names[i], why);
		failed += why[0] != '\0';
		printf("%sok %d %s%s%s\n", why[0] ? "not " : "", i + 1, names[i], skipped ? " # SKIP" : why[0] ? " # " : "",
		       why);
	}
	return failed > 0;
}
