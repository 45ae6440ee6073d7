/* SPDX-License-Identifier: MIT */
/* Mounting filesystems. */
#ifndef SYS_MOUNT_H
#define SYS_MOUNT_H

#include <abi/mount.h>
#include <sys/cdefs.h>

__BEGIN_DECLS
int mount(const char *source, const char *target, const char *type, unsigned long flags,
	  const void *data);
int umount(const char *target);
int umount2(const char *target, int flags);
__END_DECLS

#endif
