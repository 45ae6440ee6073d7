/* SPDX-License-Identifier: MIT */
/*
 * Names and rights of System V IPC: keys, numbers, owners.
 *
 * A number is sequence << 15 | index. Indexes are given out in a circle, as Linux does: the next free one above the
 * last; at the end of the circle (64, or half as many again as there are) it begins again and the sequence rises. So
 * the number of a thing that was removed stays wrong for long, and a program that keeps one gets EINVAL. EIDRM is for
 * who was at work on a thing while it was removed.
 *
 * A table grows by doubling, before its lock is taken; it never shrinks. Linear search by key: there are few.
 */
#include "sysv/sysv.h"

#define CIRCLE 64
#define INDEX_MASK ((1u << IPC_INDEX_BITS) - 1)

struct sysv_limits sysv_limits = {
	.shmmax = UINT64_MAX - (1ul << 24), .shmall = UINT64_MAX - (1ul << 24), .shmmni = 4096,
	.semmsl = 32000, .semmns = 1024000000, .semopm = 500, .semmni = 32000,
};

void ipc_table_init(struct ipc_table *t)
{
	mutex_init(&t->lock, RANK_FILE);
	t->last = -1;
}

int64_t ipc_now(void) { return time_now().tv_sec; }

/* ---- the table ---- */

/* Before the lock is taken: there is a free slot, or the table grows. 0, -ENOSPC, -ENOMEM */
static int make_room(struct ipc_table *t, unsigned limit)
{
	unsigned room = t->room ? t->room * 2 : CIRCLE;

	if (t->used >= MIN(limit, INDEX_MASK + 1))
		return -ENOSPC;
	if (t->room > t->used + t->used / 2 + 1)
		return 0;
	struct ipc **slots = kzalloc(room * sizeof *slots);
	if (!slots)
		return -ENOMEM;
	mutex_lock(&t->lock);
	struct ipc **old = slots;
	if (room > t->room) { /* nobody else was faster */
		if (t->room)
			memcpy(slots, t->slots, t->room * sizeof *slots);
		old = t->slots;
		t->slots = slots;
		t->room = room;
	}
	mutex_unlock(&t->lock);
	kfree(old);
	return 0;
}

static int next_index(const struct ipc_table *t)
{
	int end = (int)MIN(MAX(t->used + t->used / 2 + 1, (unsigned)CIRCLE), t->room);

	for (int i = t->last + 1; i < end; i++)
		if (!t->slots[i])
			return i;
	for (int i = 0; i < (int)t->room; i++)
		if (!t->slots[i])
			return i;
	return -1;
}

/* There is room. Numbers and owns it. */
static void add_locked(struct ipc_table *t, struct ipc *i, int32_t key, uint32_t mode)
{
	const struct proc *p = proc_current();
	int index = next_index(t);

	assert(index >= 0);
	if (index <= t->last)
		t->sequence = (t->sequence + 1) & 0xffff;
	t->last = index;
	t->slots[index] = i;
	t->used++;
	*i = (struct ipc){ key, t->sequence << IPC_INDEX_BITS | (uint32_t)index, p->euid, p->egid, p->euid, p->egid,
	                   mode & 0777 };
}

void ipc_remove_locked(struct ipc_table *t, struct ipc *i)
{
	t->slots[i->id & INDEX_MASK] = NULL;
	t->used--;
}

static struct ipc *find_key_locked(const struct ipc_table *t, int32_t key)
{
	for (unsigned i = 0; i < t->room; i++)
		if (t->slots[i] && t->slots[i]->key == key && key != IPC_PRIVATE)
			return t->slots[i];
	return NULL;
}

struct ipc *ipc_at_locked(const struct ipc_table *t, int index)
{
	if (index < 0 || (unsigned)index >= t->room || !t->slots[index])
		return err_ptr(-EINVAL);
	return t->slots[index];
}

struct ipc *ipc_find_locked(const struct ipc_table *t, int id)
{
	struct ipc *i = id < 0 ? err_ptr(-EINVAL) : ipc_at_locked(t, id & (int)INDEX_MASK);

	return !is_err(i) && i->id != (uint32_t)id ? err_ptr(-EINVAL) : i;
}

int ipc_max_index_locked(const struct ipc_table *t)
{
	for (unsigned i = t->room; i-- > 0;)
		if (t->slots[i])
			return (int)i;
	return 0;
}

/* ---- making, or finding by key ---- */

/* The number of what has the key, or of *made, which is then in the table. -EAGAIN: one must be made first; -errno */
static int64_t get_locked(struct ipc_table *t, const struct ipc_kind *kind, int32_t key, uint64_t size, int flags,
                          struct ipc **made)
{
	struct ipc *i = find_key_locked(t, key);

	if (i) {
		int err = flags & IPC_CREAT && flags & IPC_EXCL ? -EEXIST : kind->fits(i, size);
		return err ? err : ipc_allowed(i, (uint32_t)flags) ? (int64_t)i->id : -EACCES;
	}
	if (key != IPC_PRIVATE && !(flags & IPC_CREAT))
		return -ENOENT;
	if (!*made || t->used == t->room)
		return -EAGAIN;
	i = *made;
	*made = NULL;
	add_locked(t, i, key, (uint32_t)flags);
	kind->added_locked(i);
	return i->id;
}

int64_t ipc_get(struct ipc_table *t, const struct ipc_kind *kind, int32_t key, uint64_t size, int flags, unsigned limit)
{
	struct ipc *made = NULL;
	int64_t result;

	for (;;) {
		mutex_lock(&t->lock);
		result = get_locked(t, kind, key, size, flags, &made);
		mutex_unlock(&t->lock);
		if (result != -EAGAIN)
			break;
		result = made ? 0 : kind->create(size, flags, &made);
		if (!result)
			result = make_room(t, limit);
		if (result)
			break;
	}
	if (made)
		kind->discard(made);
	return result;
}

/* ---- rights ---- */

bool ipc_allowed(const struct ipc *i, uint32_t mode)
{
	struct proc *p = proc_current();
	uint32_t wanted = mode >> 6 | mode >> 3 | mode, granted = i->mode;

	if (p->euid == i->cuid || p->euid == i->uid)
		granted >>= 6;
	else if (p->egid == i->cgid || p->egid == i->gid || proc_in_groups(p, i->cgid) || proc_in_groups(p, i->gid))
		granted >>= 3;
	return !(wanted & ~granted & 7) || capable(CAP_IPC_OWNER);
}

bool ipc_owned(const struct ipc *i)
{
	uint32_t uid = proc_current()->euid;

	return uid == i->cuid || uid == i->uid || capable(CAP_SYS_ADMIN);
}

struct ipc *ipc_find_stat_locked(const struct ipc_table *t, int id, bool by_index, bool any)
{
	struct ipc *i = by_index ? ipc_at_locked(t, id & (int)INDEX_MASK) : ipc_find_locked(t, id);

	return !is_err(i) && !any && !ipc_allowed(i, 0444) ? err_ptr(-EACCES) : i;
}

void ipc_stat(const struct ipc *i, struct abi_ipc_perm *p)
{
	*p = (struct abi_ipc_perm){ .key = i->key, .uid = i->uid, .gid = i->gid, .cuid = i->cuid, .cgid = i->cgid,
	                            .mode = i->mode, .seq = (uint16_t)(i->id >> IPC_INDEX_BITS) };
}

unsigned ipc_mode_digits(const struct ipc *i)
{
	unsigned digits = 0;

	for (int shift = 9; shift >= 0; shift -= 3)
		digits = digits * 10 + (i->mode >> shift & 7);
	return digits;
}

int ipc_set(struct ipc *i, const struct abi_ipc_perm *p)
{
	if (p->uid == UINT32_MAX || p->gid == UINT32_MAX)
		return -EINVAL;
	i->uid = p->uid;
	i->gid = p->gid;
	i->mode = (i->mode & ~0777u) | (p->mode & 0777);
	return 0;
}
