/* SPDX-License-Identifier: MIT */
/*
 * Programs that init starts: the one of run=, whose descriptors 0, 1 and 2 are the raw streams of tools/atlas, or a shell
 * on the terminal. Without either the log is better than nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "init.h"

/* Makes `path` descriptor `fd`. */
static void open_as(int fd, const char *path, int flags)
{
	int opened = open(path, flags);

	if (opened >= 0 && opened != fd) {
		dup2(opened, fd);
		close(opened);
	}
}

static void open_streams(void)
{
	if (streams) {
		open_as(STDIN_FILENO, "/dev/stream0", O_RDONLY);
		open_as(STDOUT_FILENO, "/dev/stream1", O_WRONLY);
		open_as(STDERR_FILENO, "/dev/stream2", O_WRONLY);
		return;
	}
	int terminal = open("/dev/ttyS0", O_RDWR); /* our session's from here on */
	if (terminal < 0)
		return; /* without a terminal the log is better than nothing */
	if (window.ws_row > 0 && window.ws_col > 0)
		ioctl(terminal, TIOCSWINSZ, &window);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		dup2(terminal, fd);
	if (terminal > STDERR_FILENO)
		close(terminal);
}

/* The message of the day, before the first prompt. */
static void greet(void)
{
	char text[1024];
	int fd = open("/etc/motd", O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text));

	if (len > 0)
		write(STDOUT_FILENO, text, len);
	if (fd >= 0)
		close(fd);
}

pid_t program_start(char **argv, const char *where, int report)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	setsid();
	open_streams();
	if (!run_words[0])
		greet();
	if (chdir(where) < 0) {
		say("%s: %s", where, strerror(errno));
		if (where == directory) /* asked for: elsewhere the program would do something else */
			_exit(126);
	}
	execvp(argv[0], argv);
	int error = errno;
	say("%s: %s", argv[0], error == ENOEXEC ? "not a program for Atlas (an ELF executable for x86-64)"
	                                        : strerror(error));
	write(report, "", 1);
	_exit(error == ENOENT || error == ENOTDIR ? 127 : 126);
}

pid_t shell_start(int report)
{
	static char *sh[] = { "/bin/sh", NULL };
	static char *boot_sh[] = { "/boot/bin/sh", NULL };

	return program_start(access("/bin/sh", X_OK) == 0 ? sh : boot_sh, access("/home", X_OK) == 0 ? "/home" : "/",
			     report);
}
