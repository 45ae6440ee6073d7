/* SPDX-License-Identifier: MIT */
/* ioctl on files of any filesystem, and the flags of an inode. */
#ifndef LINUX_FS_H
#define LINUX_FS_H

#include <abi/fs.h>

#endif
