/* SPDX-License-Identifier: MIT */
/* flock. */
#ifndef SYS_FILE_H
#define SYS_FILE_H

#include <fcntl.h>

__BEGIN_DECLS
int flock(int fd, int operation);
__END_DECLS

#endif
