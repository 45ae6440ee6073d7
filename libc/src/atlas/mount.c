/* SPDX-License-Identifier: MIT */
/*
 * Mounting: fs_mount, fs_service and fs_unmount, one system call each (abi/atlas.h).
 *
 * They have a file of their own, apart from system.c, because a filesystem server may well want
 * these two names for itself; the linker takes an archive's files whole, and a server that only
 * calls pager_role should not get a second fs_mount with it.
 *
 * init is the one caller: it holds the client rights to the server's two ports, and the server
 * never learns where it is mounted. No state, no locks.
 */
#include "../internal.h"
#include <atlas/system.h>

int fs_mount(int file_port, int pager_port, const char *path, int flags, uint64_t root_key)
{
	return (int)raw5(SYS_fs_mount, file_port, pager_port, path, flags, root_key);
}

int fs_service(int port)
{
	return (int)raw1(SYS_fs_service, port);
}

int fs_unmount(const char *path)
{
	return (int)raw1(SYS_fs_unmount, path);
}
