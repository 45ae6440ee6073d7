/* SPDX-License-Identifier: MIT */
/* timerfd_create. */
#ifndef SYS_TIMERFD_H
#define SYS_TIMERFD_H

#include <abi/time.h>
#include <fcntl.h>
#include <time.h>

#define TFD_CLOEXEC O_CLOEXEC
#define TFD_NONBLOCK O_NONBLOCK

__BEGIN_DECLS
int timerfd_create(clockid_t clock, int flags);
int timerfd_settime(int fd, int flags, const struct itimerspec *value, struct itimerspec *old);
int timerfd_gettime(int fd, struct itimerspec *value);
__END_DECLS

#endif
