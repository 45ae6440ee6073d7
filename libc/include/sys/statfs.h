/* SPDX-License-Identifier: MIT */
/* The state of a filesystem. */
#ifndef SYS_STATFS_H
#define SYS_STATFS_H

#include <abi/misc.h>
#include <bits/types.h>
#include <sys/cdefs.h>

typedef struct {
	int __val[2];
} fsid_t;

struct statfs {
	long f_type, f_bsize;
	fsblkcnt_t f_blocks, f_bfree, f_bavail;
	fsfilcnt_t f_files, f_ffree;
	fsid_t f_fsid;
	long f_namelen, f_frsize, f_flags, f_spare[4];
};

__BEGIN_DECLS
int statfs(const char *path, struct statfs *st);
int fstatfs(int fd, struct statfs *st);
__END_DECLS

#endif
