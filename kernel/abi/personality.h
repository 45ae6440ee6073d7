/* SPDX-License-Identifier: MIT */
/* personality(2). Of these flags only READ_IMPLIES_EXEC changes anything. */
#ifndef ABI_PERSONALITY_H
#define ABI_PERSONALITY_H

#define PER_LINUX          0
#define UNAME26            0x0020000u
#define ADDR_NO_RANDOMIZE  0x0040000u
#define MMAP_PAGE_ZERO     0x0100000u
#define ADDR_COMPAT_LAYOUT 0x0200000u
#define READ_IMPLIES_EXEC  0x0400000u
#define ADDR_LIMIT_32BIT   0x0800000u
#define SHORT_INODE        0x1000000u
#define WHOLE_SECONDS      0x2000000u
#define STICKY_TIMEOUTS    0x4000000u
#define ADDR_LIMIT_3GB     0x8000000u

#endif
