/* SPDX-License-Identifier: MIT */
/* System V IPC: what all its kinds have in common. */
#ifndef SYS_IPC_H
#define SYS_IPC_H

#include <sys/cdefs.h>
#include <sys/types.h>

#define IPC_CREAT 01000
#define IPC_EXCL 02000
#define IPC_NOWAIT 04000
#define IPC_PRIVATE ((key_t)0)
#define IPC_RMID 0
#define IPC_SET 1
#define IPC_STAT 2
#define IPC_INFO 3

typedef int key_t;

struct ipc_perm {
	key_t __key;
	uid_t uid;
	gid_t gid;
	uid_t cuid;
	gid_t cgid;
	mode_t mode;
	unsigned short __seq, __pad;
	unsigned long __unused[2];
};

__BEGIN_DECLS
key_t ftok(const char *path, int project);
__END_DECLS

#endif
