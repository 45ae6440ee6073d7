/* SPDX-License-Identifier: MIT */
/*
 * mmap(2), munmap(2), mprotect(2), msync(2), madvise(2), brk(2): decode and check, in the order in which Linux checks,
 * for a program may see which of two errors it gets. What is then done is in vm/map.c and its neighbours. vm_audit()
 * for programs is here too.
 *
 * What a descriptor does not allow is told only after a place for the mapping has been found, so mmap hands its verdict
 * on (mapping.refused) instead of returning it.
 */
#include "sys/sys.h"

#include <abi/errno.h>
#include <abi/mman.h>

#include "file/file.h"
#include "vm/vm.h"

/*
 * What MAP_SHARED_VALIDATE knows; MAP_SHARED and MAP_PRIVATE ignore all other flags. Not MAP_FIXED_NOREPLACE: it is
 * younger.
 */
#define MAP_KNOWN \
	(MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_32BIT | MAP_GROWSDOWN | MAP_DENYWRITE | MAP_EXECUTABLE | MAP_LOCKED | \
	 MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB | MAP_UNINITIALIZED | MAP_HUGE_2MB | MAP_HUGE_1GB)

/* On a disk: MAP_SYNC is a known flag there, and refused for want of DAX. */
static bool on_disk(const struct file *f)
{
	return f->node && f->node->object && f->node->object->pager == PAGER_SERVER;
}

/* The size of the pages of a file of huge pages; 0: it is another. */
static size_t huge_size(const struct file *f)
{
	const struct object *o = f && f->node ? f->node->object : NULL;

	return o && o->huge_shift ? 1ul << o->huge_shift : 0;
}

/* The last byte of a file that a mapping may show. */
static uint64_t last_byte(const struct file *f)
{
	const struct node *n = f->node;

	return n && S_ISREG(n->mode) ? INT64_MAX : UINT64_MAX;
}

/*
 * May this descriptor be mapped so? mmap(2): EOVERFLOW, EOPNOTSUPP, EACCES, EPERM, ENODEV, EINVAL. *type: SHARED or
 * PRIVATE.
 */
static int check_file(const struct file *f, size_t len, uint64_t off, uint64_t prot, uint64_t flags, uint32_t *type)
{
	uint32_t mode = f->flags & O_ACCMODE;
	bool writes = mode == O_WRONLY || mode == O_RDWR;
	uint64_t last = last_byte(f);

	if (len > last || off >> PAGE_SHIFT > (last - len) >> PAGE_SHIFT)
		return -EOVERFLOW;
	if (*type == MAP_SHARED_VALIDATE) {
		if (flags & ~(uint64_t)(on_disk(f) ? MAP_KNOWN | MAP_SYNC : MAP_KNOWN))
			return -EOPNOTSUPP;
		*type = MAP_SHARED;
	}
	if (*type == MAP_SHARED && prot & PROT_WRITE && !writes)
		return -EACCES;
	if (*type == MAP_SHARED && writes && f->node && node_is_append(f->node))
		return -EACCES;
	if (*type != MAP_SHARED && *type != MAP_PRIVATE)
		return -EINVAL;
	if (mode != O_RDONLY && mode != O_RDWR)
		return -EACCES;
	if (prot & PROT_EXEC && file_is_noexec(f))
		return -EPERM;
	if (!f->ops->map)
		return -ENODEV;
	if (flags & MAP_GROWSDOWN)
		return -EINVAL;
	return flags & MAP_SYNC && on_disk(f) ? -EOPNOTSUPP : 0;
}

static int shared_zeros(size_t len, struct mapping *m)
{
	m->object = object_create(PAGER_ZERO, len);
	m->by_size = true;
	m->too_late = files_room(); /* it is a file on Linux */
	return m->object ? 0 : -ENOMEM;
}

static void resolve_file(struct file *f, size_t len, uint64_t off, uint64_t prot, uint64_t flags, struct mapping *m)
{
	uint32_t type = flags & MAP_TYPE;

	m->refused = check_file(f, len, off, prot, flags, &type);
	m->flags = ((uint32_t)flags & ~(uint32_t)MAP_TYPE) | type;
	if (!m->refused)
		m->refused = f->ops->map(f, off, len, &m->object, &m->pgoff);
	if (m->refused)
		return;
	/* Zeros (/dev/zero) that nobody may store to need no object, so they never become shared. */
	if (!m->object && type == MAP_SHARED && (f->flags & O_ACCMODE) != O_RDONLY) {
		m->file = NULL;
		m->refused = shared_zeros(len, m);
		return;
	}
	/* A disk is dirty by sector, which a store through a mapping could not tell: it is changed by pwrite. */
	bool sectors = m->object && m->object->blocks;
	if (type == MAP_SHARED && ((f->flags & O_ACCMODE) == O_RDONLY || sectors))
		m->denied = VMA_SHARED | VMA_MAYWRITE;
	if (sectors && type == MAP_SHARED && prot & PROT_WRITE)
		m->refused = -EACCES;
	if (!m->refused && type == MAP_SHARED && !(m->denied & VMA_MAYWRITE))
		m->refused = object_begin_map(m->object, prot & PROT_WRITE, &m->counted);
	if (!m->counted && type == MAP_SHARED)
		m->denied |= VMA_MAYWRITE;
	if (file_is_noexec(f))
		m->denied |= VMA_MAYEXEC;
	if (m->object && m->object->huge_shift) {
		m->special = VMA_HUGETLB | VMA_DONTEXPAND;
		m->too_late = off & (huge_size(f) - 1) ? -EINVAL : flags & MAP_NORESERVE ? 0 : -ENOMEM;
	}
	if (m->object && m->object->pager == PAGER_DEVICE)
		m->special = VMA_IO | VMA_PFNMAP | VMA_DONTEXPAND | VMA_DONTDUMP;
	else if (m->object && m->object->pager == PAGER_ZERO && f->kind == FILE_DEVICE)
		m->special = VMA_DONTEXPAND | VMA_DONTDUMP; /* a driver's memory: no more of it than was asked for */
}

static void resolve_anonymous(size_t len, uint64_t flags, struct mapping *m)
{
	uint32_t type = flags & MAP_TYPE;

	m->flags = (uint32_t)flags;
	if ((type != MAP_SHARED && type != MAP_PRIVATE) || (type == MAP_SHARED && flags & MAP_GROWSDOWN))
		m->refused = -EINVAL;
	else if (type == MAP_SHARED) {
		m->pgoff = 0;
		m->refused = shared_zeros(len, m);
	}
}

static int64_t map_resolved(uint64_t addr, uint64_t len, uint64_t prot, uint64_t flags, struct file *f, uint64_t off)
{
	if (prot & PROT_READ && reads_imply_exec() && !(f && file_is_noexec(f)))
		prot |= PROT_EXEC;
	struct mapping m = { .prot = (uint32_t)prot & VMA_PROT, .file = f, .pgoff = off >> PAGE_SHIFT };
	size_t huge = huge_size(f);

	if (huge)
		len = ALIGN_UP(len, huge);
	if (!len)
		return -EINVAL;
	len = ALIGN_UP(len, PAGE_SIZE);
	if (!len)
		return -ENOMEM;
	if (f)
		resolve_file(f, len, off, prot, flags, &m);
	else
		resolve_anonymous(len, flags, &m);
	int err = space_mmap(thread_current()->space, &addr, len, &m);
	if (huge && !err && prot & PROT_WRITE)
		object_cover(m.object, off + len);
	if (m.counted)
		object_end_map(m.object);
	if (m.object)
		object_put(m.object);
	return err ? err : (int64_t)addr;
}

/* The file behind the mapping, NULL for memory. Anonymous memory of huge pages shows a file of its own. */
static struct file *file_to_map(int fd, uint64_t flags)
{
	struct file *f;

	if (flags & MAP_ANONYMOUS) {
		uint8_t shift = huge_pages_shift(flags >> MAP_HUGE_SHIFT & MAP_HUGE_MASK);
		return !(flags & MAP_HUGETLB) ? NULL : !shift ? err_ptr(-EINVAL) : huge_file_create(shift);
	}
	f = fd_get(fd);
	if (!f)
		return err_ptr(-EBADF);
	int err = f->flags & O_PATH ? -EBADF : flags & MAP_HUGETLB && !huge_size(f) ? -EINVAL : 0;
	if (err)
		file_put(f);
	return err ? err_ptr(err) : f;
}

int64_t sys_mmap(uint64_t addr, uint64_t len, uint64_t prot, uint64_t flags, uint64_t fd, uint64_t off)
{
	if (off & PAGE_MASK)
		return -EINVAL;
	struct file *f = file_to_map((int)fd, flags);
	if (is_err(f))
		return ptr_err(f);
	int64_t result = map_resolved(addr, len, prot, flags, f, off);
	if (f)
		file_put(f);
	return result;
}

int64_t sys_munmap(uint64_t addr, uint64_t len, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	(void)c, (void)d, (void)e, (void)f;
	return space_unmap(thread_current()->space, addr, len);
}

/* There are no protection keys: -1 says that none is meant. */
static int64_t protect(uint64_t addr, uint64_t len, uint64_t prot, int key)
{
	const uint64_t grows = PROT_GROWSDOWN | PROT_GROWSUP;

	if ((prot & grows) == grows || addr & PAGE_MASK)
		return -EINVAL;
	if (!len)
		return 0;
	if (addr + ALIGN_UP(len, PAGE_SIZE) <= addr)
		return -ENOMEM;
	if (prot & ~(grows | PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM) || key != -1)
		return -EINVAL;
	return space_protect(thread_current()->space, addr, ALIGN_UP(len, PAGE_SIZE), (uint32_t)prot);
}

SYSCALL(mprotect)
{
	return protect(a, b, c, -1);
}

SYSCALL(pkey_mprotect)
{
	return protect(a, b, c, (int)d);
}

#define PKEY_RIGHTS 3ul /* access and write disabled */

SYSCALL(pkey_alloc)
{
	return a || b & ~PKEY_RIGHTS ? -EINVAL : -ENOSPC;
}

SYSCALL(pkey_free)
{
	return -EINVAL;
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

int64_t sys_mlock(uint64_t addr, uint64_t len, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	(void)c, (void)d, (void)e, (void)f;
	return space_mlock(thread_current()->space, addr, len, false);
}

int64_t sys_mlock2(uint64_t addr, uint64_t len, uint64_t flags, uint64_t d, uint64_t e, uint64_t f)
{
	(void)d, (void)e, (void)f;
	return (int)flags & ~MLOCK_ONFAULT ? -EINVAL
	                                   : space_mlock(thread_current()->space, addr, len, flags & MLOCK_ONFAULT);
}

int64_t sys_munlock(uint64_t addr, uint64_t len, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	(void)c, (void)d, (void)e, (void)f;
	return space_munlock(thread_current()->space, addr, len);
}

int64_t sys_mlockall(uint64_t flags, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	(void)b, (void)c, (void)d, (void)e, (void)f;
	return space_mlockall(thread_current()->space, (int)flags);
}

int64_t sys_munlockall(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	(void)a, (void)b, (void)c, (void)d, (void)e, (void)f;
	return space_munlockall(thread_current()->space);
}

int64_t sys_brk(uint64_t want, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	(void)b, (void)c, (void)d, (void)e, (void)f;
	return (int64_t)space_brk(thread_current()->space, want);
}

int64_t sys_mremap(uint64_t old, uint64_t old_len, uint64_t new_len, uint64_t flags, uint64_t new, uint64_t f)
{
	(void)f;
	return space_remap(thread_current()->space, old, old_len, new_len, flags, new);
}

/* start, size, prot (must be 0), page of the file, MAP_NONBLOCK */
int64_t sys_remap_file_pages(uint64_t start, uint64_t size, uint64_t prot, uint64_t pgoff, uint64_t flags, uint64_t f)
{
	(void)f;
	start &= ~PAGE_MASK;
	size &= ~PAGE_MASK;
	if (prot || start + size <= start || pgoff + (size >> PAGE_SHIFT) < pgoff)
		return -EINVAL;
	return space_remap_file(thread_current()->space, start, size, pgoff, flags & MAP_NONBLOCK);
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
