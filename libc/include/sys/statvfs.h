/* SPDX-License-Identifier: MIT */
/* The state of a filesystem, in POSIX's names. */
#ifndef SYS_STATVFS_H
#define SYS_STATVFS_H

#include <bits/types.h>
#include <sys/cdefs.h>

#define ST_RDONLY 1
#define ST_NOSUID 2
#define ST_NODEV 4
#define ST_NOEXEC 8
#define ST_SYNCHRONOUS 16
#define ST_MANDLOCK 64
#define ST_NOATIME 1024
#define ST_NODIRATIME 2048
#define ST_RELATIME 0x1000

struct statvfs {
	unsigned long f_bsize, f_frsize;
	fsblkcnt_t f_blocks, f_bfree, f_bavail;
	fsfilcnt_t f_files, f_ffree, f_favail;
	unsigned long f_fsid, f_flag, f_namemax;
};

__BEGIN_DECLS
int statvfs(const char *__restrict path, struct statvfs *__restrict st);
int fstatvfs(int fd, struct statvfs *st);
__END_DECLS

#endif
