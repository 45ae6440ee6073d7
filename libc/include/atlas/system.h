/* SPDX-License-Identifier: MIT */
/*
 * Names and trust: mounting, device names, the paging role, and the kernel's checks of itself. The
 * calls are described in abi/atlas.h; all return a negative errno on failure.
 */
#ifndef ATLAS_SYSTEM_H
#define ATLAS_SYSTEM_H

#include <abi/atlas.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/cdefs.h>

__BEGIN_DECLS
int fs_mount(int file_port, int pager_port, const char *path, int flags, uint64_t root_key);
int fs_service(int port);
int fs_unmount(const char *path);
int dev_register(int port, const char *name, unsigned int mode, uint64_t rdev);
int dev_poll_changed(void);
int dev_signal(int port, uint64_t terminal, int signo);
int pager_role(void);

long vm_audit(void);
long kernel_test(const char *pattern, size_t len);
long alloc_fail(unsigned long n);
__END_DECLS

#endif
