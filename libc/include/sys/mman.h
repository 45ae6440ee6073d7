/* SPDX-License-Identifier: MIT */
/* Mappings. */
#ifndef SYS_MMAN_H
#define SYS_MMAN_H

#include <abi/mman.h>
#include <bits/types.h>
#include <sys/cdefs.h>

#define MAP_FAILED ((void *)-1)
#define MLOCK_ONFAULT 1

__BEGIN_DECLS
void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off);
int munmap(void *addr, size_t len);
int mprotect(void *addr, size_t len, int prot);
int msync(void *addr, size_t len, int flags);
void *mremap(void *old, size_t old_len, size_t new_len, int flags, ...);
int madvise(void *addr, size_t len, int advice);
int posix_madvise(void *addr, size_t len, int advice);
int mincore(void *addr, size_t len, unsigned char *resident);
int mlock(const void *addr, size_t len);
int mlock2(const void *addr, size_t len, unsigned int flags);
int munlock(const void *addr, size_t len);
int mlockall(int flags);
int munlockall(void);
int memfd_create(const char *name, unsigned int flags);
int shm_open(const char *name, int flags, mode_t mode);
int shm_unlink(const char *name);
int remap_file_pages(void *addr, size_t len, int prot, size_t pgoff, int flags);
int pkey_alloc(unsigned int flags, unsigned int rights);
int pkey_free(int key);
int pkey_mprotect(void *addr, size_t len, int prot, int key);
__END_DECLS

#endif
