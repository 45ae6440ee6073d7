/* SPDX-License-Identifier: MIT */
/*
 * The file protocol: names and attributes, between the kernel and a filesystem server. Data never travels here: the
 * kernel reads and writes it through the pager port (abi/pager.h). Paging and file operations are two ports with their
 * own threads, so that a file operation can never stand in the way of a page.
 *
 * arg[0] is the inode (of the directory, where there is one). Names are not NUL-terminated: data_len bytes, or the
 * length said. Names contain no '/', are 1 to 255 bytes. The kernel resolves "." , "..", symbolic links and mount
 * points itself, except that FS_LOOKUP answers ".." of a directory.
 *
 * op           args (from arg[1]), data                                reply
 * FS_LOOKUP    data: name                                              data: struct fs_attr; counts one lookup
 * FS_GETATTR   -                                                       data: struct fs_attr
 * FS_SETATTR   data: struct fs_setattr                                 data: struct fs_attr; EOPNOTSUPP, EINVAL: such flags
 * FS_CREATE    mode with type, uid, gid, rdev, name length;            data: struct fs_attr; counts one lookup. EEXIST.
 *              data: name, then a symbolic link's target               A directory gets "." and "..". With name length 0
 *                                                                      a plain file without a name, which FS_LINK may give one
 * FS_LINK      inode to link; data: new name                           EEXIST, EMLINK; data: struct fs_attr
 * FS_UNLINK    data: name                                              data: struct fs_attr of what lost its name; EISDIR
 * FS_RMDIR     data: name                                              data: struct fs_attr; ENOTDIR, ENOTEMPTY
 * FS_RENAME    new directory, old name length, flags;                  arg[0] = inode that was replaced, 0 for none,
 *              data: old name, new name                                arg[1] = its remaining links
 * FS_READLINK  -                                                       data: the target
 * FS_READDIR   cookie (0 at first), room in bytes                      data: struct abi_dirent64 records; d_off is the
 *                                                                      cookie of the next; empty at the end
 * FS_STATFS    -                                                       data: struct abi_statfs
 * FS_SYNC      -                                                       0 when all metadata is durable
 * FS_UNMOUNT   -                                                       the same, and the disk is marked clean
 * FS_WRITABLE  -                                                       0 when what was read-only can be written; EACCES: not
 *                                                                      this disk, EROFS
 *
 * Any of them may answer EIO (bad block, corrupt structure), ENOSPC, EROFS, ENOENT, ENOTDIR, ENAMETOOLONG.
 * Each lookup counted is given back by PAGER_CLOSE; an inode stays while its lookups are above zero.
 */
#ifndef ABI_FSPROTO_H
#define ABI_FSPROTO_H

#include <abi/types.h>

#define FS_LOOKUP   1
#define FS_GETATTR  2
#define FS_SETATTR  3
#define FS_CREATE   4
#define FS_LINK     5
#define FS_UNLINK   6
#define FS_RMDIR    7
#define FS_RENAME   8
#define FS_READLINK 9
#define FS_READDIR  10
#define FS_STATFS   11
#define FS_SYNC     12
#define FS_UNMOUNT  13
#define FS_WRITABLE 14

#define FS_RENAME_NOREPLACE 1
#define FS_RENAME_EXCHANGE  2 /* both names stay, each with what the other had; alone */

struct fs_attr {
	uint64_t ino;
	uint64_t size;
	uint64_t blocks; /* of 512 bytes */
	uint32_t nlink;
	uint32_t mode;
	uint32_t uid, gid;
	uint64_t rdev;
	struct abi_timespec atime, mtime, ctime;
	uint32_t flags; /* FS_*_FL (abi/fs.h) */
	uint32_t pad;
}; /* 112 bytes */

#define FS_SET_MODE  1
#define FS_SET_UID   2
#define FS_SET_GID   4
#define FS_SET_ATIME 8
#define FS_SET_MTIME 16
#define FS_SET_CTIME 32
#define FS_SET_FLAGS 64 /* alone */

struct fs_setattr {
	uint32_t mask;
	uint32_t mode;
	uint32_t uid, gid;
	struct abi_timespec atime, mtime, ctime;
	uint32_t flags;
	uint32_t pad;
};

#endif
