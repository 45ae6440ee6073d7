/* SPDX-License-Identifier: MIT */
/* The numbers of the system calls; syscall() itself is in unistd.h. */
#ifndef SYS_SYSCALL_H
#define SYS_SYSCALL_H

#include <abi/syscall.h>

#endif
