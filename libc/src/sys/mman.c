/* SPDX-License-Identifier: MIT */
/*
 * Mappings: mmap and everything else that changes or asks about the address space, each a thin
 * wrapper, since the kernel is where the interesting half lives. Only brk keeps something here:
 * sbrk needs the current end, which the kernel tells when asked for an impossible one, so no copy
 * of it is kept and a program that calls the system call itself does no harm.
 *
 * posix_madvise returns its error and turns POSIX_MADV_DONTNEED into nothing, because Linux's
 * MADV_DONTNEED throws data away and POSIX's must not.
 * shm_open makes files in /dev/shm.
 */
#include "../internal.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	return (void *)call6(SYS_mmap, addr, len, prot, flags, fd, off);
}

int munmap(void *addr, size_t len)
{
	return (int)call2(SYS_munmap, addr, len);
}

int mprotect(void *addr, size_t len, int prot)
{
	return (int)call3(SYS_mprotect, addr, len, prot);
}

int msync(void *addr, size_t len, int flags)
{
	return (int)call3(SYS_msync, addr, len, flags);
}

void *mremap(void *old, size_t old_len, size_t new_len, int flags, ...)
{
	va_list ap;
	void *to;

	va_start(ap, flags);
	to = va_arg(ap, void *);
	va_end(ap);
	return (void *)call5(SYS_mremap, old, old_len, new_len, flags, to);
}

int madvise(void *addr, size_t len, int advice)
{
	return (int)call3(SYS_madvise, addr, len, advice);
}

int posix_madvise(void *addr, size_t len, int advice)
{
	if (advice == POSIX_MADV_DONTNEED)
		return 0;
	return (int)-raw3(SYS_madvise, addr, len, advice);
}

int mincore(void *addr, size_t len, unsigned char *resident)
{
	return (int)call3(SYS_mincore, addr, len, resident);
}

int mlock(const void *addr, size_t len)
{
	return (int)call2(SYS_mlock, addr, len);
}

int mlock2(const void *addr, size_t len, unsigned int flags)
{
	return (int)call3(SYS_mlock2, addr, len, flags);
}

int munlock(const void *addr, size_t len)
{
	return (int)call2(SYS_munlock, addr, len);
}

int mlockall(int flags)
{
	return (int)call1(SYS_mlockall, flags);
}

int munlockall(void)
{
	return (int)call0(SYS_munlockall);
}

int memfd_create(const char *name, unsigned int flags)
{
	return (int)call2(SYS_memfd_create, name, flags);
}

int remap_file_pages(void *addr, size_t len, int prot, size_t pgoff, int flags)
{
	return (int)call5(SYS_remap_file_pages, addr, len, prot, pgoff, flags);
}

int brk(void *end)
{
	if ((void *)raw1(SYS_brk, end) == end)
		return 0;
	errno = ENOMEM;
	return -1;
}

void *sbrk(intptr_t increment)
{
	char *end = (char *)raw1(SYS_brk, 0);

	if (increment && brk(end + increment) < 0)
		return (void *)-1;
	return end;
}

static int shm_path(char *path, const char *name)
{
	while (*name == '/')
		name++;
	errno = *name == '\0' || strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, "..") ? EINVAL :
		strlen(name) > NAME_MAX ? ENAMETOOLONG : 0;
	if (errno)
		return -1;
	sprintf(path, "/dev/shm/%s", name);
	return 0;
}

int shm_open(const char *name, int flags, mode_t mode)
{
	char path[PATH_MAX];

	if (shm_path(path, name) < 0)
		return -1;
	return open(path, flags | O_CLOEXEC | O_NOFOLLOW, mode);
}

int shm_unlink(const char *name)
{
	char path[PATH_MAX];

	if (shm_path(path, name) < 0)
		return -1;
	return unlink(path);
}

int pkey_alloc(unsigned int flags, unsigned int rights)
{
	return (int)call2(SYS_pkey_alloc, flags, rights);
}

int pkey_free(int key)
{
	return (int)call1(SYS_pkey_free, key);
}

int pkey_mprotect(void *addr, size_t len, int prot, int key)
{
	return (int)call4(SYS_pkey_mprotect, addr, len, prot, key);
}
