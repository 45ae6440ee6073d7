/* SPDX-License-Identifier: MIT */
/*
 * Running shell commands: system, popen and pclose.
 *
 * Both start "/bin/sh -c command" in a child made by fork. system ignores ^C and ^\ in the parent while
 * it waits and blocks SIGCHLD, so that the terminal's signals reach the command alone and
 * a handler of the program does not take the status away; the child gets the old settings back.
 *
 * popen keeps the child's number in the stream. POSIX wants streams of earlier popen calls closed
 * in the child; their descriptors are opened close-on-exec, which does that.
 */
#include "../stdio/stdio_impl.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHELL "/bin/sh"

static _Noreturn void run_shell(const char *command)
{
	execl(SHELL, "sh", "-c", command, (char *)NULL);
	_exit(127);
}

static int wait_for(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

int system(const char *command)
{
	struct sigaction ignore = { .sa_flags = 0 }, interrupt, quit;
	sigset_t block, old;
	pid_t child;
	int status = -1;

	if (!command)
		return access(SHELL, X_OK) == 0;
	ignore.sa_handler = SIG_IGN;
	sigaction(SIGINT, &ignore, &interrupt);
	sigaction(SIGQUIT, &ignore, &quit);
	sigemptyset(&block);
	sigaddset(&block, SIGCHLD);
	sigprocmask(SIG_BLOCK, &block, &old);
	child = fork();
	if (child == 0) {
		sigaction(SIGINT, &interrupt, NULL);
		sigaction(SIGQUIT, &quit, NULL);
		sigprocmask(SIG_SETMASK, &old, NULL);
		run_shell(command);
	}
	if (child > 0)
		status = wait_for(child);
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGQUIT, &quit, NULL);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return status;
}

FILE *popen(const char *command, const char *mode)
{
	int reading = *mode == 'r';
	int fds[2];
	FILE *f;

	if (*mode != 'r' && *mode != 'w') {
		errno = EINVAL;
		return NULL;
	}
	if (pipe2(fds, O_CLOEXEC) < 0)
		return NULL;
	f = fdopen(fds[!reading], mode);
	if (!f)
		goto out_pipe;
	f->child = fork();
	if (f->child == 0) {
		/* dup2 onto itself would leave close-on-exec set. */
		if (fds[reading] == reading)
			fcntl(reading, F_SETFD, 0);
		else
			dup2(fds[reading], reading);
		run_shell(command);
	}
	if (f->child < 0)
		goto out_file;
	close(fds[reading]);
	return f;
out_file:
	__file_destroy(f);
out_pipe:
	close(fds[0]);
	close(fds[1]);
	return NULL;
}

int pclose(FILE *f)
{
	pid_t child = f->child;

	fclose(f);
	return wait_for(child);
}
