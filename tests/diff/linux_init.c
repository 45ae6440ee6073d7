/* SPDX-License-Identifier: MIT */
/*
 * linux_init - the first process of the Linux that Atlas is compared with (tools/linux.py)
 *
 * The initial file system holds this program as /init and the modules for the disk and ext2 as /modules/0, 1, 2 and so
 * on, in the order in which they must be loaded. It makes the disk its root, with /proc, /dev, /tmp and /dev/shm below,
 * so that paths are those of Atlas; runs one program there; and ends the machine. The boot line gives, behind "--", the
 * working directory (made when it is not there), the program and its arguments.
 *
 * The serial lines are used as Atlas uses them, so that tools/atlas reads both systems alike:
 *
 *     ttyS0   the kernel's console
 *     ttyS1   the program's standard output, from behind the byte STX
 *     ttyS2   its standard error
 *     ttyS3   "exit N" or "signal N", then a write to isa-debug-exit ends the machine
 *
 * It is the whole of user space: no shell, no daemon, for whatever else runs would disturb what is compared or
 * measured.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syscall.h>
#include <termios.h>
#include <unistd.h>

#define DEBUG_EXIT 0xf4
#define CLEAN_END  0x10
#define START      "\002"

/* Nobody is there to tell but the console; the kernel then panics over the death of its first process. */
static long must(const char *what, long result)
{
	if (result < 0) {
		printf("linux_init: %s: %s\n", what, strerror(errno));
		exit(1);
	}
	return result;
}

static void mount_at(const char *what, const char *where, const char *type, unsigned long flags, const char *options)
{
	if (mkdir(where, 0755) < 0 && errno != EEXIST)
		must(where, -1);
	must(where, mount(what, where, type, flags, options));
}

static void load_modules(void)
{
	char path[64];

	for (int i = 0;; i++) {
		snprintf(path, sizeof(path), "/modules/%d", i);
		int fd = open(path, O_RDONLY);
		if (fd < 0)
			return;
		must(path, syscall(SYS_finit_module, fd, "", 0));
		close(fd);
	}
}

/* The disk becomes the root. */
static void enter_disk(void)
{
	mount_at("/dev/vda", "/disk", "ext2", 0, "");
	mount_at("dev", "/disk/dev", "devtmpfs", 0, "");
	mount_at("proc", "/disk/proc", "proc", 0, "");
	mount_at("tmpfs", "/disk/tmp", "tmpfs", 0, "");
	mount_at("tmpfs", "/disk/dev/shm", "tmpfs", 0, "");
	mount_at("devpts", "/disk/dev/pts", "devpts", 0, "gid=5,mode=620");
	must("chdir", chdir("/disk"));
	must("move", mount(".", "/", NULL, MS_MOVE, NULL));
	must("chroot", syscall(SYS_chroot, "."));
	must("chdir", chdir("/"));
}

/* A serial line that carries bytes as they are. */
static int open_line(const char *path)
{
	struct termios modes;
	int fd = (int)must(path, open(path, O_RDWR | O_NOCTTY | O_CLOEXEC));

	must(path, tcgetattr(fd, &modes));
	cfmakeraw(&modes);
	must(path, tcsetattr(fd, TCSANOW, &modes));
	return fd;
}

/* Runs the program with the two lines as its output; returns its wait status. */
static int run(char **words, int output, int errors)
{
	int status = 0;
	pid_t pid = (pid_t)must("fork", fork());

	if (pid == 0) {
		dup2((int)must("/dev/null", open("/dev/null", O_RDONLY)), 0);
		dup2(output, 1);
		dup2(errors, 2);
		setsid();
		execv(words[0], words);
		fprintf(stderr, "%s: %s\n", words[0], strerror(errno));
		_exit(127);
	}
	for (pid_t ended = 0; ended != pid;)
		ended = wait(&status);
	return status;
}

int main(int argc, char **argv)
{
	char line[32];

	mount_at("dev", "/dev", "devtmpfs", 0, "");
	load_modules();
	enter_disk();
	int output = open_line("/dev/ttyS1"), errors = open_line("/dev/ttyS2"), control = open_line("/dev/ttyS3");
	char **words = argv + 1; /* boot options that the kernel does not know come first */
	while (*words && **words != '/')
		words++;
	if (words + 2 > argv + argc)
		must("arguments", -1);
	if (mkdir(words[0], 0777) < 0 && errno != EEXIST)
		must(words[0], -1);
	must(words[0], chdir(words[0]));
	must("ttyS1", write(output, START, 1));
	int status = run(words + 1, output, errors);
	tcdrain(output);
	tcdrain(errors);
	int n = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
	int len = snprintf(line, sizeof(line), "%s %d\n", WIFSIGNALED(status) ? "signal" : "exit", n);
	must("ttyS3", write(control, line, (size_t)len));
	tcdrain(control);
	sync();
	must("ioperm", ioperm(DEBUG_EXIT, 1, 1));
	outb(CLEAN_END, DEBUG_EXIT);
	return 1;
}
