/* SPDX-License-Identifier: MIT */
/* What sys/file.c, path.c and mount.c share: the head of a call, and path names from user memory. */
#ifndef SYS_FILE_CALLS_H
#define SYS_FILE_CALLS_H

#include "sys/sys.h"

#include <abi/errno.h>

#include "file/file.h"
#include "lib/string.h"
#include "vm/vm.h"

/* CALL(name) { ... a, b, c, d, e, f ... }: the raw arguments, of which a call uses some. */
#define UNUSED __attribute__((unused))
#define CALL(name) \
	int64_t sys_##name(UNUSED uint64_t a, UNUSED uint64_t b, UNUSED uint64_t c, UNUSED uint64_t d, UNUSED uint64_t e, \
	                   UNUSED uint64_t f)

/* path_from_user: a kmalloc'ed copy, or -EFAULT, -ENAMETOOLONG, -ENOMEM by err_ptr. */
char *path_from_user(vaddr_t text);
/* node_truncate: ftruncate(2), once the right to do it has been checked. */
int node_truncate(struct node *n, uint64_t size);

#endif
