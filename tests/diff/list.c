/* SPDX-License-Identifier: MIT */
/*
 * list - runs a list of programs, one after the other, and reports what each said
 *
 * `list FILE` is started by tools/difftest on Atlas and on Linux alike: the same bytes do the same on both. A line of
 * FILE is "NAME SECONDS WORD...": NAME is the report's, WORD... the program with its arguments. Each program starts in
 * an empty folder of its own on the disk, as root, with empty standard input, default limits and signals; standard
 * output and standard error are files, so that no order of reading changes what it does.
 *
 * The report on our standard output, for each program:
 *
 *     begin NAME                                              (so that a machine that hangs says where)
 *     end NAME exit|signal|late N OUTPUT ERRORS               then OUTPUT bytes and ERRORS bytes, and a line feed
 *
 * "late" is a program that did not end in its time and was killed. Output beyond OUTPUT_MAX is cut off.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../user/empty_folder.h"

#define FOLDER     "/var/tmp/diff"
#define OUTPUT_MAX (8l << 20)
#define WORDS_MAX  16

/* A nameless file for a program's output. */
static int output_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_APPEND, 0600);

	if (fd < 0) {
		perror(path);
		exit(1);
	}
	unlink(path);
	return fd;
}

static _Noreturn void start(char **words, int output, int errors)
{
	setpgid(0, 0);
	mkdir(FOLDER, 0777);
	chmod(FOLDER, 0777);
	int input = open("/dev/null", O_RDONLY);
	if (chdir(FOLDER) < 0 || dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(errors, 2) < 0)
		_exit(126);
	close(input);
	execv(words[0], words);
	fprintf(stderr, "%s: %s\n", words[0], strerror(errno));
	_exit(127);
}

/* Waits for the process, for `seconds` at most; returns whether it had to be killed. */
static bool wait_or_kill(pid_t pid, long seconds, int *status)
{
	const struct timespec moment = { .tv_nsec = 5 * 1000 * 1000 };
	struct timespec now;
	long end;
	bool late = false;

	clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec + seconds;
	while (waitpid(pid, status, WNOHANG) != pid) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec > end && !late) {
			late = true;
			kill(-pid, SIGKILL);
			kill(pid, SIGKILL);
		}
		nanosleep(&moment, NULL);
	}
	kill(-pid, SIGKILL); /* children that it has left behind */
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	return late;
}

static void send_file(int fd, long len)
{
	char buf[4096];

	for (long done = 0; done < len;) {
		ssize_t n = pread(fd, buf, (size_t)(len - done < 4096 ? len - done : 4096), done);
		if (n <= 0) { /* promised is promised */
			memset(buf, '?', sizeof(buf));
			n = len - done < 4096 ? len - done : 4096;
		}
		fwrite(buf, 1, (size_t)n, stdout);
		done += n;
	}
}

static void run(const char *name, long seconds, char **words)
{
	int output = output_file("/var/tmp/diff.out"), errors = output_file("/var/tmp/diff.err");
	int status = 0;
	struct stat out, err;

	printf("begin %s\n", name);
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		start(words, output, errors);
	bool late = pid < 0 || wait_or_kill(pid, seconds, &status);
	fstat(output, &out);
	fstat(errors, &err);
	long length[2] = { out.st_size < OUTPUT_MAX ? out.st_size : OUTPUT_MAX,
			   err.st_size < OUTPUT_MAX ? err.st_size : OUTPUT_MAX };
	printf("end %s %s %d %ld %ld\n", name, late ? "late" : WIFSIGNALED(status) ? "signal" : "exit",
	       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), length[0], length[1]);
	send_file(output, length[0]);
	send_file(errors, length[1]);
	printf("\n");
	fflush(stdout);
	close(output);
	close(errors);
	chdir("/");
	empty_folder(FOLDER);
	rmdir(FOLDER);
}

int main(int argc, char **argv)
{
	static char text[65536];
	char *words[WORDS_MAX];
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0) {
		fprintf(stderr, "usage: list FILE\n");
		return 2;
	}
	close(fd);
	umask(022);
	char *next_line = text;
	for (char *line; (line = strtok_r(next_line, "\n", &next_line));) {
		int n = 0;
		char *next = line;
		while (n < WORDS_MAX - 1 && (words[n] = strtok_r(next, " ", &next)))
			n++;
		words[n] = NULL;
		if (n >= 3)
			run(words[0], strtol(words[1], NULL, 10), words + 2);
	}
	printf("all\n");
	return 0;
}
