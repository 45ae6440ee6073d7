/* SPDX-License-Identifier: MIT */
/*
 * Names in the filesystem: every call that takes a path, and the working directory. Each function
 * is its system call; where Linux has both an old call and an *at call, the old one is used where
 * the flags are none, for it saves an argument and a branch in the kernel.
 *
 * stat and its relatives go through newfstatat, whose structure is struct stat byte for byte; the
 * assertion below keeps the two declarations together. getcwd allocates when given no buffer, as
 * Linux's does. No state and no locks.
 */
#include "../internal.h"
#include <abi/stat.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>

static_assert(sizeof(struct stat) == sizeof(struct abi_stat), "stat is the kernel's");
static_assert(offsetof(struct stat, st_size) == offsetof(struct abi_stat, st_size), "st_size");
static_assert(offsetof(struct stat, st_ctim) == offsetof(struct abi_stat, st_ctim), "st_ctim");
static_assert(sizeof(struct statx) == sizeof(struct abi_statx), "statx is the kernel's");
static_assert(offsetof(struct statx, stx_mnt_id) == offsetof(struct abi_statx, stx_mnt_id), "stx_mnt_id");
static_assert(sizeof(struct statfs) == sizeof(struct abi_statfs), "statfs is the kernel's");

int fstatat(int dir, const char *__restrict path, struct stat *__restrict st, int flags)
{
	return (int)call4(SYS_newfstatat, dir, path, st, flags);
}

int stat(const char *__restrict path, struct stat *__restrict st)
{
	return fstatat(AT_FDCWD, path, st, 0);
}

int lstat(const char *__restrict path, struct stat *__restrict st)
{
	return fstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

int fstat(int fd, struct stat *st)
{
	return (int)call2(SYS_fstat, fd, st);
}

int statfs(const char *path, struct statfs *st)
{
	return (int)call2(SYS_statfs, path, st);
}

int fstatfs(int fd, struct statfs *st)
{
	return (int)call2(SYS_fstatfs, fd, st);
}

/* The kernel's answer in POSIX's names; f_flag without the kernel's mark that there are flags at all. */
static int to_statvfs(int result, const struct statfs *from, struct statvfs *st)
{
	if (result == 0)
		*st = (struct statvfs){
			.f_bsize = from->f_bsize, .f_frsize = from->f_frsize, .f_blocks = from->f_blocks,
			.f_bfree = from->f_bfree, .f_bavail = from->f_bavail, .f_files = from->f_files,
			.f_ffree = from->f_ffree, .f_favail = from->f_ffree, .f_namemax = from->f_namelen,
			.f_fsid = (unsigned int)from->f_fsid.__val[0] | (unsigned long)(unsigned int)from->f_fsid.__val[1] << 32,
			.f_flag = from->f_flags & ~ST_VALID,
		};
	return result;
}

int statvfs(const char *__restrict path, struct statvfs *__restrict st)
{
	struct statfs from;

	return to_statvfs(statfs(path, &from), &from, st);
}

int fstatvfs(int fd, struct statvfs *st)
{
	struct statfs from;

	return to_statvfs(fstatfs(fd, &from), &from, st);
}

int access(const char *path, int mode)
{
	return (int)call2(SYS_access, path, mode);
}

int faccessat(int dir, const char *path, int mode, int flags)
{
	if (flags)
		return (int)call4(SYS_faccessat2, dir, path, mode, flags);
	return (int)call3(SYS_faccessat, dir, path, mode);
}

int link(const char *from, const char *to)
{
	return (int)call2(SYS_link, from, to);
}

int linkat(int fromdir, const char *from, int todir, const char *to, int flags)
{
	return (int)call5(SYS_linkat, fromdir, from, todir, to, flags);
}

int symlink(const char *target, const char *path)
{
	return (int)call2(SYS_symlink, target, path);
}

int symlinkat(const char *target, int dir, const char *path)
{
	return (int)call3(SYS_symlinkat, target, dir, path);
}

ssize_t readlink(const char *__restrict path, char *__restrict to, size_t size)
{
	return call3(SYS_readlink, path, to, size);
}

ssize_t readlinkat(int dir, const char *__restrict path, char *__restrict to, size_t size)
{
	return call4(SYS_readlinkat, dir, path, to, size);
}

int unlink(const char *path)
{
	return (int)call1(SYS_unlink, path);
}

int unlinkat(int dir, const char *path, int flags)
{
	return (int)call3(SYS_unlinkat, dir, path, flags);
}

int rmdir(const char *path)
{
	return (int)call1(SYS_rmdir, path);
}

/* A directory answers unlink with EISDIR (Linux) or EPERM (POSIX). */
int remove(const char *path)
{
	if (unlink(path) == 0)
		return 0;
	return errno == EISDIR || errno == EPERM ? rmdir(path) : -1;
}

int rename(const char *from, const char *to)
{
	return (int)call2(SYS_rename, from, to);
}

int renameat(int fromdir, const char *from, int todir, const char *to)
{
	return (int)call4(SYS_renameat, fromdir, from, todir, to);
}

int renameat2(int fromdir, const char *from, int todir, const char *to, unsigned int flags)
{
	return (int)call5(SYS_renameat2, fromdir, from, todir, to, flags);
}

int statx(int dir, const char *path, int flags, unsigned int mask, struct statx *out)
{
	return (int)call5(SYS_statx, dir, path, flags, mask, out);
}

int mkdir(const char *path, mode_t mode)
{
	return (int)call2(SYS_mkdir, path, mode);
}

int mkdirat(int dir, const char *path, mode_t mode)
{
	return (int)call3(SYS_mkdirat, dir, path, mode);
}

int mknod(const char *path, mode_t mode, dev_t dev)
{
	return (int)call3(SYS_mknod, path, mode, dev);
}

int mknodat(int dir, const char *path, mode_t mode, dev_t dev)
{
	return (int)call4(SYS_mknodat, dir, path, mode, dev);
}

int mkfifo(const char *path, mode_t mode)
{
	return mknod(path, mode | S_IFIFO, 0);
}

int chmod(const char *path, mode_t mode)
{
	return (int)call2(SYS_chmod, path, mode);
}

int fchmod(int fd, mode_t mode)
{
	return (int)call2(SYS_fchmod, fd, mode);
}

int fchmodat(int dir, const char *path, mode_t mode, int flags)
{
	if (flags) {
		errno = ENOTSUP;
		return -1;
	}
	return (int)call3(SYS_fchmodat, dir, path, mode);
}

mode_t umask(mode_t mask)
{
	return (mode_t)raw1(SYS_umask, mask);
}

int chown(const char *path, uid_t uid, gid_t gid)
{
	return (int)call3(SYS_chown, path, uid, gid);
}

int fchown(int fd, uid_t uid, gid_t gid)
{
	return (int)call3(SYS_fchown, fd, uid, gid);
}

int lchown(const char *path, uid_t uid, gid_t gid)
{
	return (int)call3(SYS_lchown, path, uid, gid);
}

int fchownat(int dir, const char *path, uid_t uid, gid_t gid, int flags)
{
	return (int)call5(SYS_fchownat, dir, path, uid, gid, flags);
}

int truncate(const char *path, off_t len)
{
	return (int)call2(SYS_truncate, path, len);
}

int utimensat(int dir, const char *path, const struct timespec times[2], int flags)
{
	return (int)call4(SYS_utimensat, dir, path, times, flags);
}

int futimens(int fd, const struct timespec times[2])
{
	return utimensat(fd, NULL, times, 0);
}

static int set_times(int fd, const char *path, const struct timeval times[2])
{
	struct timespec t[2];

	for (int i = 0; times && i < 2; i++) {
		t[i].tv_sec = times[i].tv_sec;
		t[i].tv_nsec = times[i].tv_usec * 1000;
	}
	return utimensat(fd, path, times ? t : NULL, 0);
}

int utimes(const char *path, const struct timeval times[2])
{
	return set_times(AT_FDCWD, path, times);
}

int futimes(int fd, const struct timeval times[2])
{
	return set_times(fd, NULL, times);
}

int utime(const char *path, const struct utimbuf *times)
{
	struct timeval t[2] = { { 0, 0 }, { 0, 0 } };

	if (times) {
		t[0].tv_sec = times->actime;
		t[1].tv_sec = times->modtime;
	}
	return set_times(AT_FDCWD, path, times ? t : NULL);
}

int chdir(const char *path)
{
	return (int)call1(SYS_chdir, path);
}

int fchdir(int fd)
{
	return (int)call1(SYS_fchdir, fd);
}

int chroot(const char *path)
{
	return (int)call1(SYS_chroot, path);
}

char *getcwd(char *path, size_t size)
{
	char buffer[PATH_MAX];
	char *to = path ? path : buffer;

	if (path && size == 0) {
		errno = EINVAL;
		return NULL;
	}
	if (call2(SYS_getcwd, to, path ? size : sizeof(buffer)) < 0)
		return NULL;
	return path ? path : strdup(buffer);
}

char *get_current_dir_name(void)
{
	return getcwd(NULL, 0);
}

int mount(const char *source, const char *target, const char *type, unsigned long flags,
	  const void *data)
{
	return (int)call5(SYS_mount, source, target, type, flags, data);
}

int umount2(const char *target, int flags)
{
	return (int)call2(SYS_umount2, target, flags);
}

int umount(const char *target)
{
	return umount2(target, 0);
}
