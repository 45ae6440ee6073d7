/* SPDX-License-Identifier: MIT */
/* Names of sockets of the family AF_UNIX. */
#ifndef SYS_UN_H
#define SYS_UN_H

#include <string.h>
#include <sys/socket.h>

struct sockaddr_un { sa_family_t sun_family; char sun_path[SUN_PATH_LEN]; };

/* How long a name is whose path ends with a NUL, which is not counted. */
#define SUN_LEN(name) (__builtin_offsetof(struct sockaddr_un, sun_path) + strlen((name)->sun_path))

#endif
