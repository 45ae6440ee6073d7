/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID shows root another process's files, environment and limits, and a user only its own; links lead to the very
 * file.
 */
#define _GNU_SOURCE
#include "check.h"
#include <sys/resource.h>

static char text[65536];

static ssize_t slurp(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	int fd = open(path, O_RDONLY);
	if (fd < 0)
		return -1;
	ssize_t n = 0, got;
	while ((got = read(fd, text + n, sizeof text - 1 - (size_t)n)) > 0)
		n += got;
	text[n] = '\0';
	close(fd);
	return got < 0 ? -1 : n;
}

static ssize_t link_of(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	ssize_t n = readlink(path, text, sizeof text - 1);
	text[n < 0 ? 0 : n] = '\0';
	return n;
}

int main(void)
{
	int ready[2], go[2], fd = make_file("f", 10);
	char c, path[64];

	if (geteuid() != 0)
		return 77;
	CHECK(pipe(ready) == 0 && pipe(go) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct rlimit l = { 100 * PAGE, 200 * PAGE };
		close(go[1]);
		if (setrlimit(RLIMIT_MEMLOCK, &l) || lseek(fd, 7, SEEK_SET) != 7)
			_exit(1);
		(void)!write(ready[1], "x", 1);
		(void)!read(go[0], &c, 1);
		_exit(0);
	}
	CHECK(read(ready[0], &c, 1) == 1);
	snprintf(path, sizeof path, "fd/%d", fd);
	CHECK(link_of(pid, path) > 0 && strlen(text) > 2 && !strcmp(text + strlen(text) - 2, "/f"));
	CHECK(unlink("f") == 0);
	CHECK(link_of(pid, path) > 0 && strstr(text, "/f (deleted)"));
	/* The file has no name any more, but the link leads to it. */
	char whole[64];
	snprintf(whole, sizeof whole, "/proc/%d/fd/%d", (int)pid, fd);
	int again = open(whole, O_RDONLY);
	CHECK(again >= 0 && read(again, &c, 1) == 1 && c == 1);
	snprintf(path, sizeof path, "fdinfo/%d", fd);
	CHECK(slurp(pid, path) > 0 && strstr(text, "pos:\t7\nflags:\t0") == text);
	CHECK(slurp(pid, "limits") > 0);
	CHECK(strstr(text, "Max locked memory         409600               819200               bytes     \n"));
	CHECK(slurp(pid, "cmdline") > 0 && slurp(pid, "environ") >= 0 && slurp(pid, "auxv") >= 32);
	CHECK(slurp(pid, "task") < 0 && errno == EISDIR);
	snprintf(path, sizeof path, "task/%d/stat", (int)pid);
	CHECK(slurp(pid, path) > 0 && atoi(text) == pid);
	CHECK(link_of(pid, "exe") > 0 && link_of(pid, "cwd") > 0 && text[0] == '/');
	CHILD_PASSES({
		CHECK(setgid(1234) == 0 && setuid(1234) == 0);
		CHECK(slurp(pid, "stat") > 0 && slurp(pid, "status") > 0 && slurp(pid, "statm") > 0);
		CHECK(slurp(pid, "maps") < 0 && errno == EACCES);
		CHECK(slurp(pid, "environ") < 0 && errno == EACCES);
		CHECK(link_of(pid, "exe") < 0 && errno == EACCES);
		CHECK(slurp(pid, "fd") < 0 && errno == EACCES);
		FAILS(open("/proc/sys/vm/dirty_ratio", O_WRONLY), EACCES);
		CHECK(slurp(getpid(), "maps") > 0);
	});
	close(go[1]);
	int status;
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(slurp(pid, "stat") < 0 && errno == ENOENT);
	return 0;
}
