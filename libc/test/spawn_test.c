/* SPDX-License-Identifier: MIT */
/*
 * posix_spawn: the program runs itself again and says what it finds: arguments, environment, descriptors, folder, signals, group.
 */
#define _GNU_SOURCE
#include "check.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char self[512];
static char *no_words[] = { (char *)"self", NULL };

static int status_of(pid_t child)
{
	int status = -1;

	CHECK(waitpid(child, &status, 0) == child);
	return status;
}

/* What the child finds, as the digits of its exit status. */
static int look(const char *what)
{
	struct sigaction action;
	sigset_t mask;
	char folder[512];

	if (!strcmp(what, "signals")) {
		sigaction(SIGUSR1, NULL, &action);
		int status = action.sa_handler == SIG_DFL;
		sigaction(SIGUSR2, NULL, &action);
		status += 2 * (action.sa_handler == SIG_IGN);
		sigprocmask(SIG_BLOCK, NULL, &mask);
		return status + 4 * (sigismember(&mask, SIGHUP) == 1) + 8 * (sigismember(&mask, SIGTERM) == 1);
	}
	if (!strcmp(what, "group"))
		return (getpgrp() == getpid()) + 2 * (getsid(0) == getpid());
	if (!strcmp(what, "files")) {
		printf("out\n");
		fflush(stdout);
		return (fcntl(7, F_GETFD) >= 0) + 2 * (fcntl(8, F_GETFD) >= 0) + 4 * (fcntl(9, F_GETFD) >= 0);
	}
	return getcwd(folder, sizeof folder) && strcmp(strrchr(folder, '/'), "/there") == 0 ? 6 : 1;
}

static int spawned(const char *what, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr)
{
	char *words[] = { (char *)"self", (char *)what, NULL };
	char *environment[] = { (char *)"A=b", NULL };
	pid_t child = -1;

	CHECK(posix_spawn(&child, self, actions, attr, words, environment) == 0 && child > 0);
	return WEXITSTATUS(status_of(child));
}

static void errors_come_back(void)
{
	pid_t child = 77;
	char *path = getenv("PATH") ? strdup(getenv("PATH")) : NULL;
	posix_spawn_file_actions_t actions;

	CHECK(posix_spawn(&child, "/absent", NULL, NULL, no_words, no_words + 1) == ENOENT && child == 77);
	CHECK(posix_spawn(NULL, "/", NULL, NULL, no_words, no_words + 1) == EACCES);
	CHECK(posix_spawnp(&child, "no-such-program", NULL, NULL, no_words, no_words + 1) == ENOENT);
	setenv("PATH", "/nowhere:/bin", 1);
	CHECK(posix_spawnp(&child, "true", NULL, NULL, no_words, no_words + 1) == 0);
	CHECK(status_of(child) == 0);
	if (path)
		setenv("PATH", path, 1);
	free(path);
	posix_spawn_file_actions_init(&actions);
	CHECK(posix_spawn_file_actions_addopen(&actions, -1, "x", O_RDONLY, 0) == EBADF);
	CHECK(posix_spawn_file_actions_adddup2(&actions, 3, -1) == EBADF && posix_spawn_file_actions_addclose(&actions, -1) == EBADF);
	CHECK(posix_spawn_file_actions_addopen(&actions, 5, "absent/file", O_RDONLY, 0) == 0);
	CHECK(posix_spawn(&child, self, &actions, NULL, no_words, no_words + 1) == ENOENT);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawn_file_actions_init(&actions);
	CHECK(posix_spawn_file_actions_adddup2(&actions, 200, 5) == 0);
	CHECK(posix_spawn(&child, self, &actions, NULL, no_words, no_words + 1) == EBADF);
	posix_spawn_file_actions_destroy(&actions);
	CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD); /* who failed has been waited for */
}

static void files_are_arranged(void)
{
	posix_spawn_file_actions_t actions;
	char text[16] = "";

	CHECK(dup2(0, 7) == 7 && dup2(0, 8) == 8 && fcntl(8, F_SETFD, FD_CLOEXEC) == 0);
	CHECK(spawned("files", NULL, NULL) == 1);
	CHECK(posix_spawn_file_actions_init(&actions) == 0);
	CHECK(posix_spawn_file_actions_addclose(&actions, 7) == 0 && posix_spawn_file_actions_addclose(&actions, 150) == 0);
	CHECK(posix_spawn_file_actions_adddup2(&actions, 8, 8) == 0);
	CHECK(posix_spawn_file_actions_addopen(&actions, 9, "written", O_CREAT | O_RDWR, 0640) == 0);
	CHECK(posix_spawn_file_actions_adddup2(&actions, 9, 1) == 0);
	umask(0);
	CHECK(spawned("files", &actions, NULL) == 2 + 4);
	posix_spawn_file_actions_destroy(&actions);
	close(7);
	close(8);
	int fd = open("written", O_RDONLY);
	struct stat st;
	CHECK(read(fd, text, sizeof text) == 4 && fstat(fd, &st) == 0 && (st.st_mode & 0777) == 0640);
	CHECK_TEXT(text, "out\n");
	close(fd);
	CHECK(mkdir("there", 0755) == 0 && posix_spawn_file_actions_init(&actions) == 0);
	CHECK(posix_spawn_file_actions_addchdir_np(&actions, "there") == 0 && spawned("folder", &actions, NULL) == 6);
	posix_spawn_file_actions_destroy(&actions);
	CHECK(spawned("folder", NULL, NULL) == 1);
}

static void on_signal(int sig)
{
	(void)sig;
}

static void signals_are_settled(void)
{
	posix_spawnattr_t attr;
	sigset_t set, now;

	signal(SIGUSR1, on_signal);
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	CHECK(spawned("signals", NULL, NULL) == 1 + 2 + 4);
	CHECK(posix_spawnattr_init(&attr) == 0 && posix_spawnattr_setflags(&attr, 0x4000) == EINVAL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	CHECK(posix_spawnattr_setsigdefault(&attr, &set) == 0);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	CHECK(posix_spawnattr_setsigmask(&attr, &set) == 0);
	CHECK(spawned("signals", NULL, &attr) == 1 + 2 + 4); /* without the flags nothing of it counts */
	CHECK(posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK) == 0);
	CHECK(spawned("signals", NULL, &attr) == 1 + 8);
	posix_spawnattr_destroy(&attr);
	sigprocmask(SIG_BLOCK, NULL, &now); /* and the parent is as it was */
	CHECK(sigismember(&now, SIGHUP) == 1 && sigismember(&now, SIGTERM) == 0 && sigismember(&now, SIGUSR1) == 0);
	CHECK(signal(SIGUSR1, SIG_DFL) == on_signal);
}

static void groups_are_settled(void)
{
	posix_spawnattr_t attr;

	posix_spawnattr_init(&attr);
	CHECK(spawned("group", NULL, &attr) == 0);
	CHECK(posix_spawnattr_setpgroup(&attr, 0) == 0 && posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP) == 0);
	CHECK(spawned("group", NULL, &attr) == 1);
	CHECK(posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_RESETIDS) == 0);
	CHECK(spawned("group", NULL, &attr) == 3);
	posix_spawnattr_destroy(&attr);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return look(argv[1]);
	CHECK(realpath(argv[0], self) || readlink("/proc/self/exe", self, sizeof self - 1) > 0);
	errors_come_back();
	files_are_arranged();
	signals_are_settled();
	groups_are_settled();
	return 0;
}
