/* SPDX-License-Identifier: MIT */
/* A set of signals, one bit each, as rt_sigprocmask(2) takes it. */
#ifndef BITS_SIGSET_H
#define BITS_SIGSET_H

typedef struct {
	unsigned long __bits;
} sigset_t;

#endif
