/* SPDX-License-Identifier: MIT */
/* Waiting for descriptors with bit sets. */
#ifndef SYS_SELECT_H
#define SYS_SELECT_H

#include <bits/sigset.h>
#include <bits/timespec.h>
#include <sys/cdefs.h>

#define FD_SETSIZE 1024

typedef struct {
	unsigned long __bits[FD_SETSIZE / 64];
} fd_set;

#define FD_SET(fd, set) ((void)((set)->__bits[(fd) / 64] |= 1ul << ((fd) % 64)))
#define FD_CLR(fd, set) ((void)((set)->__bits[(fd) / 64] &= ~(1ul << ((fd) % 64))))
#define FD_ISSET(fd, set) ((int)((set)->__bits[(fd) / 64] >> ((fd) % 64) & 1))
#define FD_ZERO(set) ((void)__builtin_memset((set), 0, sizeof(fd_set)))

__BEGIN_DECLS
int select(int n, fd_set *__restrict readable, fd_set *__restrict writable,
	   fd_set *__restrict exceptional, struct timeval *__restrict timeout);
int pselect(int n, fd_set *__restrict readable, fd_set *__restrict writable,
	    fd_set *__restrict exceptional, const struct timespec *__restrict timeout,
	    const sigset_t *__restrict mask);
__END_DECLS

#endif
