/* SPDX-License-Identifier: MIT */
/* The user and group that count for files. */
#ifndef SYS_FSUID_H
#define SYS_FSUID_H

#include <bits/types.h>
#include <sys/cdefs.h>

__BEGIN_DECLS
int setfsuid(uid_t uid);
int setfsgid(gid_t gid);
__END_DECLS

#endif
