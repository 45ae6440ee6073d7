/* SPDX-License-Identifier: MIT */
/*
 * How much may be mapped: the limits of a process (RLIMIT_AS, RLIMIT_DATA, RLIMIT_MEMLOCK) and the memory promised to
 * all of them together (commit accounting, Linux's Documentation/mm/overcommit-accounting).
 *
 * A page is charged when somebody is promised that it can be written to without taking it from another: private
 * writable memory when it is mapped (or made writable), shared anonymous memory by its object's size. What has been
 * charged is marked, VMA_ACCOUNT on a VMA and `charged` on an object, and given back by whoever ends it: unmapping a
 * marked VMA, the object's last reference. A mapping keeps its mark and its charge when it becomes read-only. Memory files and shared
 * MAP_NORESERVE memory are charged page by page, as pages come; other MAP_NORESERVE memory is not, and file pages never
 * are, for they can be written back.
 *
 *      mode 0   a single charge larger than all memory is refused; the sum is not looked at
 *      mode 1   nothing is refused
 *      mode 2   the sum stays below the commit limit: a share of memory, less something kept for root and for the process
 *
 * The audit adds all marks up and compares the sum. One counter for everybody is touched by every mapping; a counter
 * for each CPU, as Linux has it, was left out because a mapping costs a thousand instructions anyway.
 */
#include "vm/vm_impl.h"

#include <abi/resource.h>

enum { OVERCOMMIT_GUESS, OVERCOMMIT_ALWAYS, OVERCOMMIT_NEVER };

#define KB_PER_PAGE (PAGE_SIZE / 1024)
#define RESERVE_SHARE 32 /* of free memory at boot */
#define ADMIN_RESERVE_KB (8ul << 10)
#define USER_RESERVE_KB  (128ul << 10)

struct vm_tunables vm_tunable = {
	.max_map_count = 65530,
	.overcommit_ratio = 50,
	.mmap_min_addr = MMAP_MIN,
	.dirty_ratio = 20,
	.dirty_background_ratio = 10,
	.dirty_writeback_centisecs = 500,
	.dirty_expire_centisecs = 3000,
	.swappiness = 60,
};

static volatile uint64_t committed; /* pages */
struct list all_quotas = LIST_INIT(all_quotas);

void commit_init(void)
{
	uint64_t share = frames_free() * KB_PER_PAGE / RESERVE_SHARE;

	vm_tunable.admin_reserve_kbytes = MIN(share, ADMIN_RESERVE_KB);
	vm_tunable.user_reserve_kbytes = MIN(share, USER_RESERVE_KB);
}

uint64_t vm_committed(void) { return committed; }

uint64_t vm_commit_limit(void)
{
	uint64_t kbytes = vm_tunable.overcommit_kbytes;

	return kbytes ? kbytes / KB_PER_PAGE : frames_total() * vm_tunable.overcommit_ratio / 100;
}

/* The limit as the current process finds it, which asks for space s (NULL: for nobody's). */
static int64_t allowed(const struct space *s)
{
	int64_t pages = (int64_t)vm_commit_limit();

	if (!capable(CAP_SYS_ADMIN))
		pages -= (int64_t)(vm_tunable.admin_reserve_kbytes / KB_PER_PAGE);
	if (s)
		pages -= (int64_t)MIN(s->total_pages / RESERVE_SHARE, vm_tunable.user_reserve_kbytes / KB_PER_PAGE);
	return pages;
}

int commit_charge(const struct space *s, uint64_t npages)
{
	uint64_t sum = __atomic_add_fetch(&committed, npages, __ATOMIC_RELAXED);
	bool granted = true;

	if (vm_tunable.overcommit_memory == OVERCOMMIT_GUESS)
		granted = npages <= frames_total();
	else if (vm_tunable.overcommit_memory == OVERCOMMIT_NEVER)
		granted = (int64_t)sum < allowed(s);
	if (!granted)
		commit_release(npages);
	return granted ? 0 : -ENOMEM;
}

void commit_release(uint64_t npages)
{
	__atomic_sub_fetch(&committed, npages, __ATOMIC_RELAXED);
}

void commit_take(uint64_t npages)
{
	__atomic_add_fetch(&committed, npages, __ATOMIC_RELAXED);
}

/* ---- pages that are charged as they come ---- */

struct quota *quota_create(uint64_t limit)
{
	struct quota *q = kzalloc(sizeof *q);

	if (!q)
		return NULL;
	q->refs = 1;
	q->limit = limit;
	spin_lock(&registry_lock);
	list_push_back(&all_quotas, &q->all_link);
	spin_unlock(&registry_lock);
	return q;
}

void quota_put(struct quota *q)
{
	if (__atomic_sub_fetch(&q->refs, 1, __ATOMIC_ACQ_REL))
		return;
	spin_lock(&registry_lock);
	list_remove(&q->all_link);
	spin_unlock(&registry_lock);
	kfree(q);
}

static bool quota_take(struct quota *q)
{
	uint64_t used = __atomic_add_fetch(&q->used, 1, __ATOMIC_RELAXED), limit = q->limit;

	if (!limit || used <= limit)
		return true;
	__atomic_sub_fetch(&q->used, 1, __ATOMIC_RELAXED);
	return false;
}

bool commit_take_page(struct object *o)
{
	if (!o->by_page)
		return true;
	if (o->quota && !quota_take(o->quota))
		return false;
	if (!commit_charge(NULL, 1)) {
		o->charged++;
		return true;
	}
	if (o->quota)
		__atomic_sub_fetch(&o->quota->used, 1, __ATOMIC_RELAXED);
	return false;
}

void commit_drop_page(struct object *o)
{
	if (!o->by_page)
		return;
	o->charged--;
	commit_release(1);
	if (o->quota)
		__atomic_sub_fetch(&o->quota->used, 1, __ATOMIC_RELAXED);
}

bool commit_reserves(void)
{
	return vm_tunable.overcommit_memory == OVERCOMMIT_NEVER;
}

bool space_may_expand(const struct space *s, uint32_t flags, uint64_t npages)
{
	struct proc *p = proc_current();

	if (!p)
		return true;
	if (s->total_pages + npages > p->rlimit[RLIMIT_AS].rlim_cur >> PAGE_SHIFT)
		return false;
	if ((flags & (VMA_WRITE | VMA_SHARED | VMA_GROWSDOWN)) != VMA_WRITE)
		return true;
	struct abi_rlimit data = p->rlimit[RLIMIT_DATA];
	/* A soft limit of 0 means the hard one: Linux lets memory checkers keep brk from a program that way. */
	return s->data_pages + npages <= (data.rlim_cur ? data.rlim_cur : data.rlim_max) >> PAGE_SHIFT;
}

bool space_may_lock(void)
{
	return capable(CAP_IPC_LOCK) || proc_rlimit(RLIMIT_MEMLOCK);
}

bool space_lock_fits(const struct space *s, uint64_t npages)
{
	return capable(CAP_IPC_LOCK) || s->locked_pages + npages <= proc_rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
}
