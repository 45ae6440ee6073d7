/* SPDX-License-Identifier: MIT */
/* The groups of a process. There is no data base of groups. */
#ifndef GRP_H
#define GRP_H

#include <bits/types.h>
#include <stddef.h>
#include <sys/cdefs.h>

__BEGIN_DECLS
int setgroups(size_t count, const gid_t *groups);
__END_DECLS

#endif
