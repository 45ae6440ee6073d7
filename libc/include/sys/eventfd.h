/* SPDX-License-Identifier: MIT */
/* eventfd. */
#ifndef SYS_EVENTFD_H
#define SYS_EVENTFD_H

#include <fcntl.h>
#include <stdint.h>

#define EFD_CLOEXEC O_CLOEXEC
#define EFD_NONBLOCK O_NONBLOCK

typedef uint64_t eventfd_t;

__BEGIN_DECLS
int eventfd(unsigned int count, int flags);
int eventfd_read(int fd, eventfd_t *value);
int eventfd_write(int fd, eventfd_t value);
__END_DECLS

#endif
