/* SPDX-License-Identifier: MIT */
/* Descriptors of processes. */
#ifndef SYS_PIDFD_H
#define SYS_PIDFD_H

#include <fcntl.h>
#include <signal.h>

#define PIDFD_NONBLOCK O_NONBLOCK

__BEGIN_DECLS
int pidfd_open(pid_t pid, unsigned flags);
int pidfd_getfd(int pidfd, int fd, unsigned flags);
int pidfd_send_signal(int pidfd, int sig, siginfo_t *info, unsigned flags);
__END_DECLS

#endif
