/* SPDX-License-Identifier: MIT */
/*
 * init: process 1. The kernel starts it alone, from the boot archive, with its descriptors on the kernel's log. It
 *
 *   1. starts the servers, in this order: disk, ext2 (mounted on /), fb if the boot line says display=1, tty;
 *      and a child that starts the servers of further disks when mount(2) asks for them (serve_mounts);
 *   2. starts the program that the boot line asks for with run=, or a shell on the terminal;
 *   3. waits: takes in orphans, says which server died, starts the next shell after one has ended;
 *   4. ends the machine when the program of run= has ended, or when someone sends SIGTERM (poweroff does) or SIGINT
 *      (reboot does): other processes are ended, everything is written, the filesystem unmounted, the status goes to
 *      /dev/control.
 *
 * options.c says what the boot line may ask for, servers.c how servers are started and why none is restarted.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atlas/system.h>

#include "init.h"

static volatile sig_atomic_t asked_to_stop; /* the signal */

void say(const char *format, ...)
{
	char line[256];
	va_list ap;

	va_start(ap, format);
	int len = snprintf(line, sizeof(line), "init: ");
	len += vsnprintf(line + len, sizeof(line) - len, format, ap);
	va_end(ap);
	if (len > (int)sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len++] = '\n';
	write(STDERR_FILENO, line, len);
}

void control_write(const char *format, int number)
{
	char line[32];
	int fd = open("/dev/control", O_WRONLY | O_CLOEXEC);
	int len = snprintf(line, sizeof(line), format, number);

	if (fd < 0)
		return; /* nobody asked for a control channel */
	write(fd, line, len);
	close(fd);
}

/* ---- waiting ---- */

/* Waits until `pid` has ended or we are asked to stop. -> whether it ended, then *status says how. */
static bool wait_for(pid_t pid, int *status)
{
	while (!asked_to_stop) {
		pid_t dead = waitpid(-1, status, 0);
		if (dead == pid)
			return true;
		if (dead > 0)
			note_dead_server(dead, *status);
		else if (errno == ECHILD)
			break;
	}
	return false;
}

/* One shell after the other, until a poweroff, or until none can be started. */
static void serve_shells(void)
{
	int status, report[2];
	char byte;

	while (!asked_to_stop && pipe2(report, O_CLOEXEC) == 0) {
		pid_t pid = shell_start(report[1]);
		close(report[1]);
		bool failed = pid < 0 || read(report[0], &byte, 1) == 1; /* 0 when it was closed by execve */
		close(report[0]);
		if (pid < 0)
			say("no shell can be started: %s", strerror(errno));
		if (failed || !wait_for(pid, &status))
			return; /* the child has said why; the next would fare no better */
	}
}

/* ---- the end ---- */

/* Sends a signal to every process but ourselves and the servers. -> how many there were. */
static int signal_others(int signal)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int count = 0;

	while (proc && (entry = readdir(proc))) {
		pid_t pid = atoi(entry->d_name);
		if (pid > 1 && !is_server(pid) && kill(pid, signal) == 0)
			count++;
	}
	if (proc)
		closedir(proc);
	return count;
}

static void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		note_dead_server(pid, status);
}

/* Politely first, then by force. */
static void end_others(void)
{
	const struct timespec moment = { .tv_nsec = 20 * 1000 * 1000 };

	if (signal_others(SIGTERM) == 0)
		return;
	for (int round = 0; round < 50; round++) {
		reap();
		if (signal_others(round < 25 ? 0 : SIGKILL) == 0)
			return;
		nanosleep(&moment, NULL);
	}
	say("processes are left that do not end");
}

/* What mount(2) has mounted from disks, the last one first. -> whether there was one. */
static bool unmount_last(void)
{
	FILE *mounts = setmntent("/proc/mounts", "r");
	const struct mntent *m;
	char last[4096] = "";

	while (mounts && (m = getmntent(mounts))) {
		if (strcmp(m->mnt_type, "ext2") == 0 && strcmp(m->mnt_dir, "/") != 0)
			snprintf(last, sizeof(last), "%s", m->mnt_dir);
	}
	if (mounts)
		endmntent(mounts);
	return *last && fs_unmount(last) == 0;
}

static void unmount(void)
{
	sync();
	while (unmount_last())
		;
	int error = mounted ? fs_unmount("/") : 0;
	if (error < 0)
		say("the disk cannot be unmounted cleanly: %s", strerror(-error));
}

static void stop_handler(int signal)
{
	asked_to_stop = signal;
}

int main(void)
{
	struct sigaction action = { .sa_handler = stop_handler }; /* no SA_RESTART: waitpid shall notice */
	int status = 0;
	bool ended = false;

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	setenv("PATH", "/bin:/demos:/boot/bin", 1);
	setenv("HOME", "/home", 1);
	setenv("USER", "root", 1);
	read_boot_line();
	setenv("TERM", streams ? "dumb" : "vt100", 0);
	start_filesystem();
	if (display)
		start_display();
	start_tty();
	start_mounter();

	if (run_words[0]) {
		pid_t pid = program_start(run_words, directory ? directory : "/", -1);
		ended = pid > 0 && wait_for(pid, &status);
	} else {
		serve_shells();
	}
	end_others();
	unmount();
	if (ended && WIFSIGNALED(status))
		control_write("signal %d\n", WTERMSIG(status));
	else if (ended)
		control_write("exit %d\n", WEXITSTATUS(status));
	bool again = asked_to_stop == SIGINT;
	say(again ? "restart" : "power off");
	reboot(again ? RB_AUTOBOOT : RB_POWER_OFF);
	say("the kernel refuses: %s", strerror(errno));
	for (;;)
		pause();
}
