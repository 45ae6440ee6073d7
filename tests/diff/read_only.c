/* SPDX-License-Identifier: MIT */
/*
 * A filesystem that is mounted to be read: which of several errors each call gives, for root and for somebody who may
 * not write there anyhow; and what a file's owner alone may ask for (O_NOATIME), or a pipe's with privilege.
 */
#include <sys/mount.h>
#include <sys/socket.h>
#include <poll.h>

#include "show.h"

#define SHOW(what, call) printf(" " what " %s", shown_ok(call))

static void try_all(void)
{
	SHOW("open", CALL(open, "m/f", O_RDWR)), SHOW("read", CALL(open, "m/f", O_RDONLY)),
		SHOW("cut", CALL(open, "m/f", O_TRUNC));
	SHOW("create", CALL(open, "m/new", O_CREAT | O_RDWR, 0600)), SHOW("", CALL(open, "m/f", O_CREAT | O_RDWR, 0600));
	SHOW("excl", CALL(open, "m/f", O_CREAT | O_EXCL | O_RDWR, 0600)),
		SHOW("tmpfile", CALL(open, "m/d", 020200000 | O_RDWR, 0600));
	SHOW("mkdir", CALL(mkdir, "m/x", 0700)), SHOW("", CALL(mkdir, "m/d", 0700)), printf("\n");
	SHOW("unlink", CALL(unlink, "m/f")), SHOW("", CALL(unlink, "m/none")), SHOW("rmdir", CALL(rmdir, "m/d"));
	SHOW("rename", CALL(rename, "m/f", "m/g")), SHOW("link", CALL(link, "m/f", "m/g"));
	SHOW("symlink", CALL(symlink, "a", "m/f")), SHOW("", CALL(symlink, "a", "m/l"));
	SHOW("mknod", CALL(mknod, "m/p", S_IFIFO | 0600, 0)), printf("\n");
	SHOW("chmod", CALL(chmod, "m/f", 0777)), SHOW("chown", CALL(chown, "m/f", 1, 1));
	SHOW("truncate", CALL(truncate, "m/f", 0)), SHOW("access", CALL(access, "m/f", W_OK)),
		SHOW("", CALL(access, "m/d", W_OK));
	SHOW("utimens", CALL(utimensat, AT_FDCWD, "m/f", 0, 0)), printf("\n");
}

static void ask_for_more(void)
{
	int null = (int)CALL(open, "/dev/null", O_RDONLY), ends[2];

	SHOW("noatime", CALL(open, "/", O_RDONLY | 01000000)), SHOW("", CALL(fcntl, null, F_SETFL, 01000000));
	CALL(pipe, ends);
	SHOW("large pipe", CALL(fcntl, ends[0], 1031, 1 << 21)), SHOW("", CALL(fcntl, ends[0], 1031, 1 << 20)),
		printf("\n");
}

static void paths_are_not_ready(void)
{
	struct pollfd p = { open("/", O_PATH), POLLIN | POLLOUT, 0 };

	printf("a path: %d %x\n", poll(&p, 1, 0), (unsigned)p.revents);
	close(p.fd);
}

int main(void)
{
	mkdir("m", 0755);
	SHOW("mount", CALL(mount, "none", "m", "tmpfs", 0, "size=1m"));
	close(open("m/f", O_CREAT | O_RDWR, 0600));
	mkdir("m/d", 0700);
	SHOW("busy", CALL(mount, 0, "m", 0, MS_REMOUNT | MS_RDONLY, "size=1m")), printf("\n");
	try_all();
	ask_for_more();
	paths_are_not_ready();
	chmod(".", 0755);
	fflush(stdout);
	if (!fork()) {
		CALL(setresgid, 1000, 1000, 1000), CALL(setresuid, 1000, 1000, 1000);
		try_all();
		ask_for_more();
		SHOW("mount", CALL(mount, "none", "m", "tmpfs", 0, 0)), SHOW("umount", CALL(umount2, "m", 0));
		SHOW("", CALL(mount, "none", "none", "tmpfs", 0, 0)), SHOW("", CALL(umount2, "m", 0x100)), printf("\n");
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
	SHOW("umount", CALL(umount2, "m", 0)), printf("\n");
	return 0;
}
