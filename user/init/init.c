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
 * A server gets the receive right of its ports by inheritance and init closes its own, so that a port dies with its
 * server and its callers get EPIPE. The first call of each port tells init that the server is up, or that it is not:
 * a machine without a usable disk still comes to a shell, from the boot archive, and the server has said what is
 * wrong. A server that dies later is reported and not restarted: its successor would have to be handed the live
 * objects (ATTACH of the design), which neither kernel nor servers do.
 *
 * Boot options read here: run=PROG,ARG,... cwd=DIR env=K=V,... (percent-encoded, joined by ','), streams=1,
 * display=1, window=ROWSxCOLUMNS of the terminal.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <abi/atlas.h>
#include <abi/devproto.h>
#include <abi/pager.h>
#include <atlas/port.h>
#include <atlas/system.h>

#define ROOT_INODE 2 /* of an ext2 filesystem */
#define LINE_MAX_BYTES 4096
#define WORDS_MAX  LINE_MAX_BYTES /* more than a line can hold */

enum { DISK, EXT2, TTY, FB, SERVERS };

static struct server {
	const char *name, *path;
	pid_t pid; /* 0: not running */
} servers[SERVERS] = {
	[DISK] = { "disk", "/boot/servers/disk", 0 },
	[EXT2] = { "ext2", "/boot/servers/ext2", 0 },
	[TTY] = { "tty", "/boot/servers/tty", 0 },
	[FB] = { "fb", "/boot/servers/fb", 0 },
};

static char boot_line[LINE_MAX_BYTES];
static char *run_words[WORDS_MAX]; /* PROG and its arguments, NULL-terminated; empty: the shell */
static char *directory;
static bool streams, display;
static struct winsize window; /* 0 rows: not told */
static bool mounted;
static pid_t mounter; /* serves mount(2); the group of the servers it starts. 0: there is none */
static volatile sig_atomic_t asked_to_stop; /* the signal */

static void say(const char *format, ...)
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

/* ---- the boot line ---- */

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 :
	       c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Replaces %XX in place. */
static void percent_decode(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s == '%' && hex_digit(s[1]) >= 0 && hex_digit(s[2]) >= 0) {
			*to++ = (char)(hex_digit(s[1]) << 4 | hex_digit(s[2]));
			s += 2;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/* Splits at ',' in place and decodes each word; an empty word is an empty argument. */
static void split_words(char *list, char **words)
{
	int n = 0;

	while (list && n < WORDS_MAX - 1) {
		char *comma = strchr(list, ',');
		if (comma)
			*comma++ = '\0';
		percent_decode(list);
		words[n++] = list;
		list = comma;
	}
	words[n] = NULL;
}

static void take_option(char *word)
{
	char *value = strchr(word, '=');

	if (!value)
		return;
	*value++ = '\0';
	if (strcmp(word, "run") == 0) {
		split_words(value, run_words);
	} else if (strcmp(word, "cwd") == 0) {
		percent_decode(value);
		directory = value;
	} else if (strcmp(word, "env") == 0) {
		static char *words[WORDS_MAX];
		split_words(value, words);
		for (char **w = words; *w; w++)
			putenv(*w);
	} else if (strcmp(word, "streams") == 0) {
		streams = strcmp(value, "1") == 0;
	} else if (strcmp(word, "display") == 0) {
		display = strcmp(value, "1") == 0;
	} else if (strcmp(word, "window") == 0) {
		window.ws_row = strtoul(value, &value, 10);
		window.ws_col = *value == 'x' ? strtoul(value + 1, NULL, 10) : 0;
	}
}

/* Memory may be short for a moment; a machine that forgot what it was asked to run would be worse than a late one. */
static ssize_t try_boot_line(void)
{
	ssize_t len = -1;

	for (int tries = 0; len < 0 && tries < 3; tries++) {
		int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		len = read(fd, boot_line, sizeof(boot_line) - 1);
		close(fd);
	}
	if (len < 0)
		say("the boot line cannot be read: %s", strerror(errno));
	return len;
}

static void read_boot_line(void)
{
	ssize_t len = try_boot_line();
	char *save;

	boot_line[len > 0 ? len : 0] = '\0';
	for (char *w = strtok_r(boot_line, " \n", &save); w; w = strtok_r(NULL, " \n", &save))
		take_option(w);
}

/* ---- servers ---- */

#define MEMORY_TRIES 3 /* a moment without memory must not cost the filesystem */

/*
 * Starts a server with up to three descriptors as its first arguments and `extra`, which may be NULL, as its last.
 * All our descriptors are close-on-exec; the ones named are kept in the child.
 */
static int server_start(int which, const int *fds, int nfds, const char *extra)
{
	struct server *server = &servers[which];
	char numbers[3][12];
	char *argv[6] = { (char *)server->name };
	int argc = 1;

	for (int i = 0; i < nfds; i++) {
		snprintf(numbers[i], sizeof(numbers[i]), "%d", fds[i]);
		argv[argc++] = numbers[i];
	}
	argv[argc] = (char *)extra;
	pid_t pid = fork();
	for (int tries = 0; pid < 0 && errno == ENOMEM && tries < MEMORY_TRIES; tries++)
		pid = fork();
	if (pid < 0) {
		say("server %s cannot be started: %s", server->name, strerror(errno));
		return -1;
	}
	if (pid == 0) {
		setpgid(0, mounter);
		for (int i = 0; i < nfds; i++)
			fcntl(fds[i], F_SETFD, 0);
		for (int tries = 0; tries < MEMORY_TRIES; tries++) {
			execve(server->path, argv, environ);
			if (errno != ENOMEM)
				break;
		}
		say("server %s cannot be started: %s: %s", server->name, server->path, strerror(errno));
		_exit(127);
	}
	server->pid = pid;
	return 0;
}

/* Makes a port: its receive right for a server, and a right to call it. -> whether there are both. */
static bool port_pair(int *receive, int *client)
{
	*receive = port_create(O_CLOEXEC);
	*client = *receive < 0 ? -1 : port_client(*receive, 0);
	if (*client < 0) {
		say("no port: %s", strerror(-(*receive < 0 ? *receive : *client)));
		return false;
	}
	fcntl(*client, F_SETFD, FD_CLOEXEC);
	return true;
}

/* A first call, answered when the server is up. -> 0, or the error: EPIPE when it died over it. */
static int first_call(int client, struct msg *m)
{
	int error = port_call(client, m, 0);

	return error < 0 ? error : m->status;
}

/* Starts the server of a disk; returns a right to call it, or -1. */
static int start_disk(const char *number, bool *read_only)
{
	int receive, client;
	struct msg info = { .op = DISK_INFO };

	if (!port_pair(&receive, &client))
		return -1;
	int failed = server_start(DISK, &receive, 1, number);
	close(receive);
	if (failed || first_call(client, &info) < 0) {
		close(client);
		return -1;
	}
	*read_only = info.arg[1];
	return client;
}

/* Starts the filesystem on a disk and mounts it. -> 0 or a negative errno; -ENODEV: there is no usable disk. */
static int mount_disk(unsigned number, const char *path, bool read_only)
{
	char text[12];
	bool disk_read_only = false;
	int fds[3], file_client, pager_client, error = -EMFILE;

	snprintf(text, sizeof(text), "%u", number);
	fds[0] = start_disk(text, &disk_read_only);
	if (fds[0] < 0)
		return -ENODEV;
	read_only |= disk_read_only;
	if (port_pair(&fds[1], &file_client) && port_pair(&fds[2], &pager_client)) {
		int failed = server_start(EXT2, fds, 3, read_only ? "ro" : NULL);
		close(fds[1]);
		close(fds[2]);
		error = failed ? -EPIPE : fs_mount(file_client, pager_client, path,
						   (read_only ? FS_MOUNT_RDONLY : 0) | FS_MOUNT_DISK(number), ROOT_INODE);
		close(file_client);
		close(pager_client);
	}
	close(fds[0]);
	return error;
}

static void start_filesystem(void)
{
	int error = mount_disk(0, "/", false);

	mounted = error >= 0;
	if (error == -ENODEV)
		say("no usable disk: only the boot archive is there");
	else if (!mounted)
		say("the disk is not mounted (%s): only the boot archive is there", strerror(-error));
}

/* ---- mount(2) ---- */

#define DISKS_MAX 26

static struct { struct msg head; char path[MSG_DATA_MAX + 1]; } request; /* of the kernel to the child */
static pid_t disk_servers[DISKS_MAX][2];                               /* the child's */

static void end_servers(pid_t *pids)
{
	for (int i = 0; i < 2; i++) {
		if (pids[i] > 0 && kill(pids[i], SIGKILL) == 0)
			waitpid(pids[i], NULL, 0);
		pids[i] = 0;
	}
}

/* What the kernel asks for a disk that is not mounted: whatever servers it had are of no use any more. */
static int serve_request(void)
{
	unsigned number = request.head.arg[0];

	if (number >= DISKS_MAX)
		return -EINVAL;
	end_servers(disk_servers[number]);
	if (request.head.op == FS_SERVE_UNMOUNTED)
		return 0;
	request.path[request.head.data_len] = '\0';
	servers[DISK].pid = servers[EXT2].pid = 0;
	int error = mount_disk(number, request.path, request.head.arg[1] & FS_MOUNT_RDONLY);
	disk_servers[number][0] = servers[DISK].pid;
	disk_servers[number][1] = servers[EXT2].pid;
	if (error < 0)
		end_servers(disk_servers[number]);
	return error == -EPIPE || error == -EIO ? -EINVAL : error; /* no filesystem that ext2 likes */
}

static void serve_mounts(int port)
{
	for (;;) {
		int error = port_receive(port, &request.head, MSG_DATA_MAX, -1);
		if (error == -EINTR)
			continue;
		if (error < 0)
			_exit(1);
		struct msg reply = { .token = request.head.token, .status = serve_request() };
		port_reply(port, &reply);
	}
}

static void start_mounter(void)
{
	int receive, client;

	if (!port_pair(&receive, &client))
		return;
	mounter = fork();
	if (mounter == 0) {
		signal(SIGTERM, SIG_IGN);
		signal(SIGINT, SIG_IGN);
		setpgid(0, 0);
		mounter = getpid();
		close(client);
		serve_mounts(receive);
	}
	close(receive);
	if (mounter > 0) {
		setpgid(mounter, mounter);
		fs_service(client);
	} else {
		say("nothing can be mounted: %s", strerror(errno));
		mounter = 0;
	}
	close(client);
}

static void control_write(const char *format, int number)
{
	char line[32];
	int fd = open("/dev/control", O_WRONLY | O_CLOEXEC);
	int len = snprintf(line, sizeof(line), format, number);

	if (fd < 0)
		return; /* nobody asked for a control channel */
	write(fd, line, len);
	close(fd);
}

/* Starts the server of a device; its first call opens the minor number. */
static bool start_device(int which, const char *extra, uint64_t minor, const char *what)
{
	int receive, client;
	struct msg opened = { .op = DEV_OPEN, .arg = { 0, minor } };

	if (!port_pair(&receive, &client))
		return false;
	int failed = server_start(which, &receive, 1, extra);
	close(receive);
	int error = failed ? -EPIPE : first_call(client, &opened);
	close(client);
	if (error < 0)
		say("no %s: %s", what, strerror(-error));
	return error >= 0;
}

static void start_tty(void)
{
	if (start_device(TTY, streams ? "streams" : NULL, streams ? 2 : 64, "terminal") && streams)
		control_write("streams\n", 0); /* tools/atlas may send input now */
}

/* ---- programs ---- */

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

/*
 * Starts a program in a session of its own; it ends with 127 when it is not there and 126 when it cannot be run. A byte
 * is then written to `report`, which tells this from a program that ends so by itself.
 */
static pid_t program_start(char **argv, const char *where, int report)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	setsid();
	setpgid(0, 0);
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

static pid_t shell_start(int report)
{
	static char *sh[] = { "/bin/sh", NULL };
	static char *boot_sh[] = { "/boot/bin/sh", NULL };

	return program_start(access("/bin/sh", X_OK) == 0 ? sh : boot_sh, access("/home", X_OK) == 0 ? "/home" : "/",
			     report);
}

/* ---- waiting ---- */

static void note_dead_server(pid_t pid, int status)
{
	for (struct server *s = servers; s < servers + SERVERS; s++) {
		if (s->pid != pid)
			continue;
		s->pid = 0;
		if (WIFSIGNALED(status))
			say("server %s was killed by signal %d: its clients get errors", s->name, WTERMSIG(status));
		else
			say("server %s ended with status %d: its clients get errors", s->name, WEXITSTATUS(status));
	}
}

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

static bool is_server(pid_t pid)
{
	for (int i = 0; i < SERVERS; i++) {
		if (servers[i].pid == pid)
			return true;
	}
	return mounter && getpgid(pid) == mounter;
}

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
	char line[1024], path[1024], type[32], last[1024] = "";
	FILE *mounts = fopen("/proc/mounts", "r");

	while (mounts && fgets(line, sizeof(line), mounts)) {
		if (sscanf(line, "%*s %1023s %31s", path, type) == 2 && strcmp(type, "ext2") == 0 && strcmp(path, "/") != 0)
			strcpy(last, path);
	}
	if (mounts)
		fclose(mounts);
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
		start_device(FB, NULL, 0, "display");
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
