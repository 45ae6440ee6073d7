/* SPDX-License-Identifier: MIT */
/* Random bytes from the kernel. */
#ifndef SYS_RANDOM_H
#define SYS_RANDOM_H

#include <abi/misc.h>
#include <bits/types.h>
#include <sys/cdefs.h>

__BEGIN_DECLS
ssize_t getrandom(void *to, size_t n, unsigned int flags);
int getentropy(void *to, size_t n);
__END_DECLS

#endif
