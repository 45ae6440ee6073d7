/* SPDX-License-Identifier: MIT */
/*
 * Servers: how one is started and found to be up, and the child that starts those of further disks.
 *
 * A server gets the receive right of its ports by inheritance and init closes its own, so that a port dies with its
 * server and its callers get EPIPE. The first call of each port tells init that the server is up, or that it is not:
 * a machine without a usable disk still comes to a shell, from the boot archive, and the server has said what is
 * wrong. A server that dies later is reported and not restarted: its successor would have to be handed the live
 * objects (ATTACH of the design), which neither kernel nor servers do.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <abi/atlas.h>
#include <abi/devproto.h>
#include <abi/pager.h>
#include <atlas/port.h>
#include <atlas/system.h>

#include "init.h"

#define ROOT_INODE 2 /* of an ext2 filesystem */

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

bool mounted;
static pid_t mounter; /* serves mount(2); the group of the servers it starts. 0: there is none */

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

void start_filesystem(void)
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

/* Not to be chosen when memory is gone, and neither are the servers it starts. */
static void stay_alive(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	if (fd < 0 || write(fd, "-1000", 5) != 5)
		say("what serves mount may be killed for memory: %s", strerror(errno));
	close(fd);
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

void start_mounter(void)
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
		stay_alive();
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

/* ---- devices ---- */

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

void start_tty(void)
{
	if (start_device(TTY, streams ? "streams" : NULL, streams ? 2 : 64, "terminal") && streams)
		control_write("streams\n", 0); /* tools/atlas may send input now */
}

void start_display(void)
{
	start_device(FB, NULL, 0, "display");
}

/* ---- who is one ---- */

void note_dead_server(pid_t pid, int status)
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

bool is_server(pid_t pid)
{
	for (int i = 0; i < SERVERS; i++) {
		if (servers[i].pid == pid)
			return true;
	}
	return mounter && getpgid(pid) == mounter;
}
