/* SPDX-License-Identifier: MIT */
/*
 * linux_init - the first process of the Linux that tools/bench measures for comparison
 *
 * The initial file system holds this program as /init and the modules for the disk and ext2 as
 * /modules/0, 1, 2 and so on, in the order in which they must be loaded. It mounts /proc, /dev and
 * the disk, runs /disk/costs there and powers the machine off. Output goes to the console, which
 * is the serial line that tools/bench reads; the line "end STATUS" says that nothing was cut off.
 *
 * It is the whole of user space: no shell and no library, for whatever else runs would disturb
 * what is measured.
 */
#include <abi/fcntl.h>
#include <abi/misc.h>
#include <abi/syscall.h>

#include "raw.h"

static void mount(const char *what, const char *where, const char *type)
{
	raw3(SYS_mkdir, ADDRESS(where), 0755, 0);
	long result = raw6(SYS_mount, ADDRESS(what), ADDRESS(where), ADDRESS(type), 0, 0, 0);
	if (result < 0)
		die(where, result);
}

static void load_modules(void)
{
	char path[64];

	for (uint64_t i = 0;; i++) {
		number_append(text_append(path, "/modules/"), i, 0);
		long fd = raw3(SYS_open, ADDRESS(path), O_RDONLY, 0);
		if (fd < 0)
			return;
		must(path, raw3(SYS_finit_module, (uint64_t)fd, ADDRESS(""), 0));
		raw3(SYS_close, (uint64_t)fd, 0, 0);
	}
}

/* Returns the exit status of /disk/costs, or -1 when a signal ended it. */
static int run_costs(void)
{
	const char *argv[] = { "/disk/costs", "-d", "/disk", NULL };
	const char *envp[] = { NULL };
	int status = -1;
	long pid = must("fork", raw3(SYS_fork, 0, 0, 0));

	if (!pid)
		die(argv[0], raw3(SYS_execve, ADDRESS(argv[0]), ADDRESS(argv), ADDRESS(envp)));
	must("wait4", raw6(SYS_wait4, (uint64_t)pid, ADDRESS(&status), 0, 0, 0, 0));
	return status & 0x7f ? -1 : status >> 8;
}

int raw_main(int argc, char **argv, char **envp)
{
	char line[32];

	(void)argc, (void)argv, (void)envp;
	mount("proc", "/proc", "proc");
	mount("dev", "/dev", "devtmpfs");
	load_modules();
	mount("/dev/vda", "/disk", "ext2");
	text_append(number_append(text_append(line, "end "), (uint64_t)(run_costs() & 0xff), 0), "\n");
	say(1, line);
	raw3(SYS_sync, 0, 0, 0);
	raw6(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, RB_POWER_OFF, 0, 0, 0);
	return 1;
}
