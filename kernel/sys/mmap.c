/* SPDX-License-Identifier: MIT */
/*
 * mmap(2), munmap(2), mprotect(2), msync(2), madvise(2), brk(2): decode and check, in the order in which Linux checks, for a
 * program may see which of two errors it gets. What is then done is in vm/space.c. vm_audit() for programs is here too.
 */
#include "sys/sys.h"

#include <abi/errno.h>
#include <abi/mman.h>

#include "file/file.h"
#include "vm/vm.h"

/* Flags that mmap silently ignores with MAP_SHARED and MAP_PRIVATE, and refuses with MAP_SHARED_VALIDATE, are all others. */
#define MAP_KNOWN \
	(MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_32BIT | MAP_GROWSDOWN | MAP_DENYWRITE | MAP_EXECUTABLE | MAP_LOCKED | \
	 MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | MAP_FIXED_NOREPLACE)

struct mapping {
	struct file *file;     /* referenced; NULL: anonymous */
	struct object *object; /* referenced; NULL: private anonymous */
	pgoff_t pgoff;
	bool may_write;
};

/* What a descriptor lets be mapped: mmap(2), EACCES. */
static int check_rights(const struct file *f, uint32_t prot, uint32_t type)
{
	uint32_t mode = f->flags & O_ACCMODE;

	if (mode == O_WRONLY || f->flags & O_PATH)
		return f->flags & O_PATH ? -EBADF : -EACCES;
	if (type == MAP_SHARED && prot & PROT_WRITE && mode != O_RDWR)
		return -EACCES;
	return 0;
}

static int resolve_file(int fd, size_t len, uint64_t off, uint32_t prot, uint32_t type, struct mapping *m)
{
	m->file = fd_get(fd);
	if (!m->file)
		return -EBADF;
	int err = check_rights(m->file, prot, type);
	if (!err)
		err = m->file->ops->map ? m->file->ops->map(m->file, off, len, &m->object, &m->pgoff) : -ENODEV;
	/* A disk is dirty by sector, which a store through a mapping could not tell: it is changed by pwrite. */
	bool sectors = !err && m->object->blocks;
	m->may_write = type == MAP_PRIVATE || ((m->file->flags & O_ACCMODE) == O_RDWR && !sectors);
	return !err && prot & PROT_WRITE && !m->may_write ? -EACCES : err;
}

static int resolve_anonymous(size_t len, uint32_t type, struct mapping *m)
{
	m->may_write = true;
	if (type == MAP_PRIVATE)
		return 0;
	m->object = object_create(PAGER_ZERO, len);
	return m->object ? 0 : -ENOMEM;
}

static int check_flags(uint32_t flags, uint32_t *type)
{
	bool anonymous = flags & MAP_ANONYMOUS;

	*type = flags & MAP_TYPE;
	if (*type == MAP_SHARED_VALIDATE && !anonymous) {
		if (flags & ~(uint32_t)MAP_KNOWN)
			return -EOPNOTSUPP;
		*type = MAP_SHARED;
	}
	if (*type != MAP_SHARED && *type != MAP_PRIVATE)
		return -EINVAL;
	if (flags & MAP_GROWSDOWN && (*type == MAP_SHARED || !anonymous))
		return -EINVAL;
	return !(flags & MAP_HUGETLB) ? 0 : anonymous ? -ENOMEM : -EINVAL;
}

int64_t sys_mmap(uint64_t addr, uint64_t len, uint64_t prot, uint64_t flags, uint64_t fd, uint64_t off)
{
	struct mapping m = { 0 };
	uint32_t type;
	int err = 0;

	if (off & PAGE_MASK)
		return -EINVAL;
	if (!(flags & MAP_ANONYMOUS) && !(m.file = fd_get((int)fd)))
		return -EBADF;
	if (m.file)
		file_put(m.file);
	m.file = NULL;
	if (!len)
		return -EINVAL;
	len = ALIGN_UP(len, PAGE_SIZE);
	if (!len || len > USER_END)
		return -ENOMEM;
	if (!(flags & MAP_ANONYMOUS) && off > INT64_MAX - len)
		return -EOVERFLOW;
	err = check_flags((uint32_t)flags, &type);
	if (err)
		return err;
	err = flags & MAP_ANONYMOUS ? resolve_anonymous(len, type, &m)
	                            : resolve_file((int)fd, len, off, (uint32_t)prot, type, &m);
	uint32_t kept = ((uint32_t)flags & ~(uint32_t)MAP_TYPE) | type;
	if (!err)
		err = space_map(thread_current()->space, &addr, len, (uint32_t)prot, kept, m.object, m.pgoff, m.file, m.may_write);
	if (m.object)
		object_put(m.object);
	if (m.file)
		file_put(m.file);
	return err ? err : (int64_t)addr;
}

int64_t sys_munmap(uint64_t addr, uint64_t len, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	(void)c, (void)d, (void)e, (void)f;
	return space_unmap(thread_current()->space, addr, len);
}

int64_t sys_mprotect(uint64_t addr, uint64_t len, uint64_t prot, uint64_t d, uint64_t e, uint64_t f)
{
	(void)d, (void)e, (void)f;
	const uint64_t grows = PROT_GROWSDOWN | PROT_GROWSUP;

	if ((prot & grows) == grows || addr & PAGE_MASK)
		return -EINVAL;
	if (!len)
		return 0;
	if (addr + ALIGN_UP(len, PAGE_SIZE) <= addr)
		return -ENOMEM;
	if (prot & ~(grows | PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM))
		return -EINVAL;
	return space_protect(thread_current()->space, addr, len, (uint32_t)prot);
}

int64_t sys_msync(uint64_t addr, uint64_t len, uint64_t flags, uint64_t d, uint64_t e, uint64_t f)
{
	(void)d, (void)e, (void)f;
	return space_sync(thread_current()->space, addr, len, (int)flags);
}

int64_t sys_madvise(uint64_t addr, uint64_t len, uint64_t advice, uint64_t d, uint64_t e, uint64_t f)
{
	(void)d, (void)e, (void)f;
	return space_advise(thread_current()->space, addr, len, (int)advice);
}

int64_t sys_brk(uint64_t want, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	(void)b, (void)c, (void)d, (void)e, (void)f;
	return (int64_t)space_brk(thread_current()->space, want);
}

int64_t sys_mremap(uint64_t old, uint64_t old_len, uint64_t new_len, uint64_t flags, uint64_t new, uint64_t f)
{
	(void)f;
	return space_remap(thread_current()->space, old, old_len, new_len, (unsigned)flags, new);
}

/* VMA after VMA: what lies below a hole has been answered when the hole is found. */
int64_t sys_mincore(uint64_t addr, uint64_t len, uint64_t vec, uint64_t d, uint64_t e, uint64_t f)
{
	uint8_t part[512];
	size_t left = len / PAGE_SIZE + (len % PAGE_SIZE != 0);
	(void)d, (void)e, (void)f;

	if (addr & PAGE_MASK)
		return -EINVAL;
	if (len > USER_END || addr > USER_END - len)
		return -ENOMEM;
	if (left > USER_END || vec > USER_END - left)
		return -EFAULT;
	while (left) {
		int n = space_mincore(thread_current()->space, addr, MIN(left, sizeof part), part);
		if (n < 0)
			return n;
		if (copy_to_user(vec, part, (size_t)n))
			return -EFAULT;
		addr += (size_t)n * PAGE_SIZE;
		vec += (size_t)n;
		left -= (size_t)n;
	}
	return 0;
}

int64_t sys_vm_audit(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	(void)a, (void)b, (void)c, (void)d, (void)e, (void)f;
	return vm_audit();
}
