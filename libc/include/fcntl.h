/* SPDX-License-Identifier: MIT */
/* Opening and controlling descriptors. */
#ifndef FCNTL_H
#define FCNTL_H

#include <abi/fcntl.h>
#include <bits/types.h>
#include <sys/cdefs.h>
#include <sys/stat.h>

struct f_owner_ex {
	int type; /* F_OWNER_* */
	pid_t pid;
};

struct flock {
	short l_type;
	short l_whence;
	off_t l_start;
	off_t l_len;
	pid_t l_pid;
};

__BEGIN_DECLS
int open(const char *path, int flags, ...);
int openat(int dir, const char *path, int flags, ...);
int creat(const char *path, mode_t mode);
int fcntl(int fd, int command, ...);
int posix_fadvise(int fd, off_t off, off_t len, int advice);
int posix_fallocate(int fd, off_t off, off_t len);
int fallocate(int fd, int mode, off_t off, off_t len);
ssize_t readahead(int fd, off_t off, size_t count);
int sync_file_range(int fd, off_t off, off_t len, unsigned int flags);
__END_DECLS

#endif
