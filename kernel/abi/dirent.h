/* SPDX-License-Identifier: MIT */
/* getdents64(2). */
#ifndef ABI_DIRENT_H
#define ABI_DIRENT_H

#include <abi/types.h>

#define DT_UNKNOWN 0
#define DT_FIFO 1
#define DT_CHR 2
#define DT_DIR 4
#define DT_BLK 6
#define DT_REG 8
#define DT_LNK 10
#define DT_SOCK 12

/* d_reclen covers the header, the name with its NUL, and padding to 8 bytes. */
struct abi_dirent64 {
	uint64_t d_ino;
	int64_t d_off;
	uint16_t d_reclen;
	uint8_t d_type;
	char d_name[];
};

#endif
