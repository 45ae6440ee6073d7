/* SPDX-License-Identifier: MIT */
/* ioctl(2) on files of any filesystem; the flags of an inode, which chattr(1) changes (ext2 has the same on the disk). */
#ifndef ABI_FS_H
#define ABI_FS_H

#include <abi/ioctl.h>

#define FIGETBSZ         0x2    /* int: bytes of a block */
#define FIOQSIZE         0x5460 /* int64_t: bytes that a file occupies */
#define FS_IOC_GETFLAGS  0x80086601u /* the number speaks of a long, what is stored is an int */
#define FS_IOC_SETFLAGS  0x40086602u

#define FS_SECRM_FL        0x00000001
#define FS_UNRM_FL         0x00000002
#define FS_COMPR_FL        0x00000004
#define FS_SYNC_FL         0x00000008 /* each write reaches the disk before it returns */
#define FS_IMMUTABLE_FL    0x00000010 /* neither bytes nor attributes nor names change */
#define FS_APPEND_FL       0x00000020 /* is written at its end only; a directory only gets names */
#define FS_NODUMP_FL       0x00000040
#define FS_NOATIME_FL      0x00000080
#define FS_INDEX_FL        0x00001000
#define FS_JOURNAL_DATA_FL 0x00004000
#define FS_NOTAIL_FL       0x00008000
#define FS_DIRSYNC_FL      0x00010000
#define FS_TOPDIR_FL       0x00020000
#define FS_EXTENT_FL       0x00080000
#define FS_NOCOW_FL        0x00800000
#define FS_DAX_FL          0x02000000
#define FS_PROJINHERIT_FL  0x20000000

#endif
