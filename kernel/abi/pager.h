/* SPDX-License-Identifier: MIT */
/*
 * The pager protocol: what the kernel asks of the server behind a VM object. Shape: Mach's memory objects, refined as
 * Zircon refined them. Each request is a call on the object's pager port; arg[0] is the object's key (an inode number
 * for a filesystem). Pages are 4096 bytes, page numbers count from the start of the object.
 *
 * op            args (from arg[1])                     loan          reply
 * PAGER_READ    first page, count                      the frames    arg[0] = pages filled from the first (>= 1), or errno
 * PAGER_DIRTY   first page, count, size in bytes       -             0: space is reserved for [page, min(page end, size))
 * PAGER_WRITE   byte offset, byte length, size,        the frames    0 or errno. offset and length are multiples of 512;
 *               mtime sec, mtime nsec                                the loan starts at the page that holds the offset
 * PAGER_RESIZE  new size, mtime sec, mtime nsec        -             0 or errno; blocks past the new end are freed
 * PAGER_SYNC    size, mtime sec, mtime nsec            -             0 when data written before and what finds it are durable
 * PAGER_PUNCH   first page, count                      -             0 or errno; blocks wholly in there are freed
 * PAGER_SEEK    offset, size, 0 data or 1 hole         -             arg[0] = the first byte in data (in a hole), or size
 * PAGER_CLOSE   lookups to forget, size, mtime s, ns,  -             0; an inode without links or lookups is freed
 *               atime s, ns
 *
 * `size` is the kernel's idea of the length (it is the authority while an object lives). A time of sec -1 means
 * unchanged.
 */
#ifndef ABI_PAGER_H
#define ABI_PAGER_H

#include <abi/types.h>

#define PAGER_READ   1
#define PAGER_DIRTY  2
#define PAGER_WRITE  3
#define PAGER_RESIZE 4
#define PAGER_SYNC   5
#define PAGER_CLOSE  6
#define PAGER_PUNCH  7
#define PAGER_SEEK   8

/*
 * Block requests: what a filesystem asks of a disk server, on the same port as the disk's own pager messages.
 *   DISK_INFO    -                         arg[0] = sectors of 512 bytes, arg[1] = 1 when read-only
 *   DISK_READ    data: struct disk_seg[]   loan: the frames; segments are done in any order, all or an errno
 *   DISK_WRITE   the same
 *   DISK_FLUSH   -                         0 when everything written before is durable
 * The disk's own object has key 0: PAGER_READ and PAGER_WRITE of key 0 address the raw disk.
 */
#define DISK_INFO  16
#define DISK_READ  17
#define DISK_WRITE 18
#define DISK_FLUSH 19

#define DISK_SEG_MAX 256

struct disk_seg {
	uint64_t sector;      /* on the disk, 512 bytes each */
	uint32_t loan_offset; /* bytes from the start of the loan; a segment may span frames */
	uint32_t len;         /* bytes, a multiple of 512 */
};

#endif
