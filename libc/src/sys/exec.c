/* SPDX-License-Identifier: MIT */
/*
 * The exec family. Only execve is a system call; the rest find the file along PATH and gather
 * arguments.
 *
 * The search of execvp: a name with a slash is taken as it is; otherwise each directory of PATH
 * (or a default one when it is unset) is tried in turn. A file that is missing or may not be
 * executed lets the search go on, but EACCES is remembered and reported in place of ENOENT. A file
 * that the kernel does not recognise (ENOEXEC) is given to /bin/sh, as POSIX asks of execvp, unless it
 * holds a zero byte near its beginning: a program of another kind, of which a shell would only complain
 * about syntax.
 *
 * These functions may run in a child of vfork, so they allocate on the stack only, and they
 * restore nothing when they fail because they change nothing.
 */
#include "../internal.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_PATH "/bin:/usr/bin:/sbin:/usr/sbin"
#define SHELL "/bin/sh"

int execve(const char *path, char *const argv[], char *const envp[])
{
	return (int)call3(SYS_execve, path, argv, envp);
}

int fexecve(int fd, char *const argv[], char *const envp[])
{
	return (int)call5(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH);
}

int execv(const char *path, char *const argv[])
{
	return execve(path, argv, environ);
}

static size_t count_args(char *const argv[])
{
	size_t n = 0;

	while (argv[n])
		n++;
	return n;
}

/* Becomes /bin/sh path arg1 ..., for a script without a header that the kernel knows. */
static void exec_script(const char *path, char *const argv[], char *const envp[])
{
	size_t n = count_args(argv);
	const char *args[n + 3];

	args[0] = SHELL;
	args[1] = path;
	args[2] = NULL;
	for (size_t i = 1; i <= n; i++)
		args[i + 1] = argv[i];
	execve(SHELL, (char *const *)args, envp);
}

static bool is_text(const char *path)
{
	char head[128];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, head, sizeof(head));

	if (fd >= 0)
		close(fd);
	return n >= 0 && !memchr(head, '\0', (size_t)n);
}

static void exec_or_script(const char *path, char *const argv[], char *const envp[])
{
	execve(path, argv, envp);
	if (errno != ENOEXEC)
		return;
	if (is_text(path))
		exec_script(path, argv, envp);
	errno = ENOEXEC;
}

int execvpe(const char *file, char *const argv[], char *const envp[])
{
	const char *dirs = getenv("PATH");
	char path[PATH_MAX];
	int denied = 0;

	if (*file == '\0') {
		errno = ENOENT;
		return -1;
	}
	if (strchr(file, '/')) {
		exec_or_script(file, argv, envp);
		return -1;
	}
	for (const char *d = dirs ? dirs : DEFAULT_PATH, *end; d; d = *end ? end + 1 : NULL) {
		size_t len;

		end = strchrnul(d, ':');
		len = (size_t)(end - d);
		if (len + strlen(file) + 2 > sizeof(path))
			continue;
		memcpy(path, d, len);
		path[len] = '/';
		strcpy(path + len + (len > 0), file);
		exec_or_script(path, argv, envp);
		if (errno == EACCES)
			denied = 1;
		else if (errno != ENOENT && errno != ENOTDIR)
			return -1;
	}
	errno = denied ? EACCES : ENOENT;
	return -1;
}

int execvp(const char *file, char *const argv[])
{
	return execvpe(file, argv, environ);
}

static size_t count_variadic(va_list ap)
{
	size_t n = 1;

	while (va_arg(ap, const char *))
		n++;
	return n;
}

static void gather(const char **args, const char *first, size_t n, va_list ap)
{
	args[0] = first;
	for (size_t i = 1; i <= n; i++)
		args[i] = va_arg(ap, const char *);
}

int execl(const char *path, const char *arg, ...)
{
	va_list ap;
	size_t n;

	va_start(ap, arg);
	n = count_variadic(ap);
	va_end(ap);

	const char *args[n + 1];

	va_start(ap, arg);
	gather(args, arg, n, ap);
	va_end(ap);
	return execv(path, (char *const *)args);
}

int execlp(const char *file, const char *arg, ...)
{
	va_list ap;
	size_t n;

	va_start(ap, arg);
	n = count_variadic(ap);
	va_end(ap);

	const char *args[n + 1];

	va_start(ap, arg);
	gather(args, arg, n, ap);
	va_end(ap);
	return execvp(file, (char *const *)args);
}

int execle(const char *path, const char *arg, ...)
{
	char *const *envp;
	va_list ap;
	size_t n;

	va_start(ap, arg);
	n = count_variadic(ap);
	va_end(ap);

	const char *args[n + 1];

	va_start(ap, arg);
	gather(args, arg, n, ap);
	envp = va_arg(ap, char *const *);
	va_end(ap);
	return execve(path, (char *const *)args, envp);
}
