/* SPDX-License-Identifier: MIT */
/*
 * mmap and munmap.
 *
 * mmap checks in this order, and the first that fails is the answer:
 *
 *      offset not of whole pages                                  EINVAL
 *      no such descriptor                                         EBADF
 *      no length                                                  EINVAL
 *      FIXED at an address that is not a page's                   EINVAL
 *      FIXED_NOREPLACE where something is                         EEXIST
 *      what the file says (check_file)                            EOPNOTSUPP, EACCES, EINVAL
 *      neither shared nor private; a shared stack                 EINVAL
 *
 * Only then does FIXED clear what was there. Without FIXED the address is a hint, taken when it is free and keeps its
 * distance from a stack above; otherwise the mapping goes elsewhere.
 */
#include "spec.h"

#include <errno.h>
#include <sys/mman.h>

#define STACK_GUARD 256

/* MAP_SHARED ignores the flags it does not know; MAP_SHARED_VALIDATE refuses them, and FIXED_NOREPLACE is one. */
#define OLD_FLAGS \
	(MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_DENYWRITE | MAP_EXECUTABLE | MAP_GROWSDOWN | MAP_LOCKED | \
	 MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB | MAP_32BIT)

int fd_object(int fd)
{
	static const int object[FDS] = { 0, 1, 0, 1, NOTHING };

	return object[fd];
}

bool fd_reads(int fd)
{
	return fd == FD_A || fd == FD_B || fd == FD_A_READ_ONLY;
}

bool fd_writes(int fd)
{
	return fd == FD_A || fd == FD_B || fd == FD_B_WRITE_ONLY;
}

int spec_place(const struct process *p, long hint, int pages)
{
	int page = (int)(hint / PAGE), i = area_find(p, page);

	if (i == p->areas)
		return page;
	int guard = p->area[i].flags & GROWSDOWN ? STACK_GUARD : 0;
	return page + pages <= p->area[i].first - guard ? page : -1;
}

static int check_file(int fd, int prot, int flags)
{
	int type = flags & MAP_TYPE;

	if (type != MAP_SHARED && type != MAP_SHARED_VALIDATE && type != MAP_PRIVATE)
		return -EINVAL;
	if (type == MAP_SHARED_VALIDATE && flags & ~OLD_FLAGS)
		return -EOPNOTSUPP;
	if (type != MAP_PRIVATE && prot & PROT_WRITE && !fd_writes(fd))
		return -EACCES;
	if (!fd_reads(fd))
		return -EACCES;
	return flags & MAP_GROWSDOWN ? -EINVAL : 0;
}

static int check_anonymous(int flags)
{
	int type = flags & MAP_TYPE;

	if (type != MAP_SHARED && type != MAP_PRIVATE)
		return -EINVAL;
	return type == MAP_SHARED && flags & MAP_GROWSDOWN ? -EINVAL : 0;
}

static unsigned area_flags(int prot, int flags, bool may_write)
{
	unsigned f = (unsigned)prot & ACCESS;

	if (flags & MAP_GROWSDOWN)
		f |= GROWSDOWN;
	if (flags & MAP_LOCKED)
		f |= LOCKED;
	if (flags & MAP_NORESERVE)
		f |= NORESERVE;
	if ((flags & MAP_TYPE) != MAP_PRIVATE)
		f |= may_write ? SHARED : NEVER_WRITE;
	return f;
}

/* The rest of mmap, when everything has been checked: a comes with its range, object and flags. */
long spec_map_object(struct world *w, int who, struct area a, bool populate)
{
	struct process *p = &w->process[who];

	area_clear(p, a.first, a.end);
	/* Private memory that can be written is promised, and so charged for, unless it was asked not to be. */
	if ((a.flags & (NORESERVE | SHARED | WRITE)) == WRITE)
		a.flags |= CHARGED;
	area_add_new(p, a);
	if (populate || a.flags & LOCKED)
		(void)spec_populate(w, who, a.first, a.end);
	return (long)a.first * PAGE;
}

long spec_mmap(struct world *w, int who, long addr, long len, int prot, int flags, int fd, long offset)
{
	struct process *p = &w->process[who];
	bool anonymous = flags & MAP_ANONYMOUS, fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
	int pages = pages_of(len);

	if (offset % PAGE)
		return -EINVAL;
	if (!anonymous && fd_object(fd) == NOTHING)
		return -EBADF;
	if (len == 0 || (fixed && addr % PAGE))
		return -EINVAL;
	int first = fixed ? (int)(addr / PAGE) : spec_place(p, addr / PAGE * PAGE, pages);
	int next = area_find(p, first);
	if (flags & MAP_FIXED_NOREPLACE && next < p->areas && p->area[next].first < first + pages)
		return -EEXIST;
	int err = anonymous ? check_anonymous(flags) : check_file(fd, prot, flags);
	if (err)
		return err;
	if (first < 0)
		return ELSEWHERE;

	bool populate = (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE;
	struct area a = { .first = first, .end = first + pages,
	                  .flags = area_flags(prot, flags, anonymous || fd_writes(fd)) };
	if (!anonymous) {
		a.object = fd_object(fd);
		a.fd = fd;
		a.offset = offset / PAGE;
	} else {
		bool shared = (flags & MAP_TYPE) == MAP_SHARED;
		a.object = shared ? object_new(w, pages) : NOTHING;
		a.fd = FD_CLOSED;
		a.offset = shared ? 0 : first;
	}
	return spec_map_object(w, who, a, populate);
}

long spec_munmap(struct world *w, int who, long addr, long len)
{
	if (addr % PAGE || len == 0)
		return -EINVAL;
	area_clear(&w->process[who], (int)(addr / PAGE), (int)(addr / PAGE) + pages_of(len));
	return 0;
}
