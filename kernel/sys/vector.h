/* SPDX-License-Identifier: MIT */
/* Lists of buffers that a program passes (struct iovec), copied in and checked. For sys/vector.c and process_vm.c. */
#ifndef SYS_VECTOR_H
#define SYS_VECTOR_H

#include "sys/file_calls.h"

#define IOV_ON_STACK 8
struct vector { struct abi_iovec *iov; unsigned count; size_t total; struct abi_iovec few[IOV_ON_STACK]; };

/*
 * vector_copy: `count` segments from user memory, not looked at but for their lengths. -EINVAL, -EFAULT, -ENOMEM:
 * nothing is held.
 */
int vector_copy(struct vector *v, vaddr_t user, uint64_t count);
/*
 * vector_load: the same for segments of the current program: each lies in user space, and the total is cut at IO_MAX.
 */
int vector_load(struct vector *v, vaddr_t user, uint64_t count);
/* vector_gather: its next bytes, from byte `at` on, in the kernel. 0 or -EFAULT. */
int vector_gather(const struct vector *v, uint64_t at, char *bytes, size_t len);
void vector_free(struct vector *v);

#endif
