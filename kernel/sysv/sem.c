/* SPDX-License-Identifier: MIT */
/*
 * System V semaphores: sets of counters that are changed together. Here they are made, read, set and removed; sem_op.c
 * has semop and the undos.
 *
 * One lock for all sets and undos: a set is touched for a few hundred instructions. User memory is not touched under
 * it, so what needs a buffer as long as the set looks the set up twice.
 */
#include "sysv/sem.h"

#define OPS_MAX 500

struct ipc_table sem_table;
static uint64_t total_sems;

void sem_init(void) { ipc_table_init(&sem_table); }

/* ---- semget ---- */

static int set_create(uint64_t nsems, int flags, struct ipc **out)
{
	(void)flags;
	if (!nsems)
		return -EINVAL;
	if (total_sems + nsems > sysv_limits.semmns)
		return -ENOSPC;
	struct set *s = kzalloc(sizeof *s + nsems * sizeof(struct sem));
	if (!s)
		return -ENOMEM;
	s->refs = 1;
	s->count = (unsigned)nsems;
	s->ctime = ipc_now();
	wait_queue_init(&s->wait);
	*out = &s->ipc;
	return 0;
}

static int set_fits(const struct ipc *i, uint64_t nsems)
{
	return nsems > ((const struct set *)i)->count ? -EINVAL : 0;
}

static void set_added_locked(struct ipc *i)
{
	total_sems += ((struct set *)i)->count;
}

static void set_discard(struct ipc *i)
{
	kfree(i);
}

int64_t sem_get(int32_t key, int nsems, int flags)
{
	static const struct ipc_kind sets = { set_fits, set_create, set_added_locked, set_discard };

	if (nsems < 0 || nsems > (int)sysv_limits.semmsl)
		return -EINVAL;
	return ipc_get(&sem_table, &sets, key, (uint64_t)nsems, flags, sysv_limits.semmni);
}

/* ---- semctl ---- */

static void forget_undo_locked(struct set *s, unsigned first, unsigned end)
{
	for (struct sem_undo *u = s->undos; u; u = u->next_of_set)
		for (unsigned i = first; i < end; i++)
			u->adjust[i] = 0;
}

static void set_values_locked(struct set *s, unsigned first, unsigned count, const uint16_t *values)
{
	for (unsigned i = 0; i < count; i++) {
		s->sems[first + i].value = values[i];
		s->sems[first + i].pid = proc_current()->pid;
	}
	forget_undo_locked(s, first, first + count);
	s->ctime = ipc_now();
	wait_wake_all(&s->wait);
}

static void remove_locked(struct set *s)
{
	while (s->undos)
		undo_leave_set_locked(s->undos);
	ipc_remove_locked(&sem_table, &s->ipc);
	total_sems -= s->count;
	s->removed = true;
	wait_wake_all(&s->wait);
	set_put_locked(s);
}

static void stat_locked(const struct set *s, struct abi_semid_ds *ds)
{
	*ds = (struct abi_semid_ds){ .sem_otime = s->otime, .sem_ctime = s->ctime, .sem_nsems = s->count };
	ipc_stat(&s->ipc, &ds->sem_perm);
}

static int64_t control_stat(int id, int cmd, vaddr_t buf)
{
	struct abi_semid_ds ds;

	mutex_lock(&sem_table.lock);
	struct ipc *i = ipc_find_stat_locked(&sem_table, id, cmd != IPC_STAT, cmd == SEM_STAT_ANY);
	int64_t result = is_err(i) ? ptr_err(i) : 0;
	if (!result) {
		stat_locked((struct set *)i, &ds);
		result = cmd == IPC_STAT ? 0 : (int64_t)i->id;
	}
	mutex_unlock(&sem_table.lock);
	return result >= 0 && copy_to_user(buf, &ds, sizeof ds) ? -EFAULT : result;
}

static int64_t control_info(int cmd, vaddr_t buf)
{
	struct abi_seminfo info = { (int32_t)sysv_limits.semmns, (int32_t)sysv_limits.semmni, (int32_t)sysv_limits.semmns,
	                            (int32_t)sysv_limits.semmns, (int32_t)sysv_limits.semmsl, (int32_t)sysv_limits.semopm,
	                            OPS_MAX, 20, SEM_VALUE_MAX, SEM_VALUE_MAX };

	mutex_lock(&sem_table.lock);
	if (cmd == SEM_INFO) {
		info.semusz = (int32_t)sem_table.used;
		info.semaem = (int32_t)total_sems;
	}
	int64_t highest = ipc_max_index_locked(&sem_table);
	mutex_unlock(&sem_table.lock);
	return copy_to_user(buf, &info, sizeof info) ? -EFAULT : highest;
}

/* IPC_RMID, IPC_SET. */
static int64_t control_owner(int id, int cmd, vaddr_t buf)
{
	struct abi_semid_ds ds;

	if (cmd == IPC_SET && copy_from_user(&ds, buf, sizeof ds))
		return -EFAULT;
	mutex_lock(&sem_table.lock);
	struct set *s = (struct set *)ipc_find_locked(&sem_table, id);
	int err = is_err(s) ? (int)ptr_err(s) : ipc_owned(&s->ipc) ? 0 : -EPERM;
	if (!err && cmd == IPC_RMID)
		remove_locked(s);
	if (!err && cmd == IPC_SET)
		err = ipc_set(&s->ipc, &ds.sem_perm);
	if (!err && cmd == IPC_SET)
		s->ctime = ipc_now();
	mutex_unlock(&sem_table.lock);
	return err;
}

/* What is about one semaphore of the set. */
static int64_t one_locked(struct set *s, int num, int cmd, uint16_t value)
{
	if (num < 0 || num >= (int)s->count)
		return -EINVAL;
	const struct sem *sem = &s->sems[num];
	switch (cmd) {
	case SEM_GETVAL:
		return sem->value;
	case SEM_GETPID:
		return sem->pid;
	case SEM_GETNCNT:
		return sem->ncount;
	case SEM_GETZCNT:
		return sem->zcount;
	}
	set_values_locked(s, (unsigned)num, 1, &value);
	return 0;
}

static int64_t control_one(int id, int num, int cmd, int value)
{
	bool sets = cmd == SEM_SETVAL;

	if (sets && (value < 0 || value > SEM_VALUE_MAX))
		return -ERANGE;
	mutex_lock(&sem_table.lock);
	struct set *s = (struct set *)ipc_find_locked(&sem_table, id);
	int64_t result = is_err(s) ? ptr_err(s) : !sets && !ipc_allowed(&s->ipc, 0444) ? -EACCES : 0;
	if (!result && sets && (num < 0 || num >= (int)s->count))
		result = -EINVAL;
	if (!result && sets && !ipc_allowed(&s->ipc, 0222))
		result = -EACCES;
	if (!result)
		result = one_locked(s, num, cmd, (uint16_t)value);
	mutex_unlock(&sem_table.lock);
	return result;
}

/* How many semaphores there are, for a buffer; -errno. */
static int64_t size_of(int id, uint32_t access)
{
	mutex_lock(&sem_table.lock);
	struct set *s = (struct set *)ipc_find_locked(&sem_table, id);
	int64_t n = is_err(s) ? ptr_err(s) : ipc_allowed(&s->ipc, access) ? (int64_t)s->count : -EACCES;
	mutex_unlock(&sem_table.lock);
	return n;
}

/* The set is looked up twice, for user memory is not touched under the lock. */
static int64_t control_all(int id, int cmd, vaddr_t user)
{
	bool sets = cmd == SEM_SETALL;
	int64_t count = size_of(id, sets ? 0222 : 0444), err = 0;
	uint16_t *values = count < 0 ? NULL : kmalloc((size_t)count * sizeof *values);

	if (!values)
		return count < 0 ? count : -ENOMEM;
	size_t bytes = (size_t)count * sizeof *values;
	if (sets && copy_from_user(values, user, bytes))
		err = -EFAULT;
	for (int64_t i = 0; sets && !err && i < count; i++)
		err = values[i] > SEM_VALUE_MAX ? -ERANGE : 0;
	if (!err) {
		mutex_lock(&sem_table.lock);
		struct set *s = (struct set *)ipc_find_locked(&sem_table, id);
		err = is_err(s) || s->count != count ? -EIDRM : 0;
		for (unsigned i = 0; !err && !sets && i < s->count; i++)
			values[i] = s->sems[i].value;
		if (!err && sets)
			set_values_locked(s, 0, s->count, values);
		mutex_unlock(&sem_table.lock);
	}
	if (!err && !sets && copy_to_user(user, values, bytes))
		err = -EFAULT;
	kfree(values);
	return err;
}

int64_t sem_control(int id, int num, int cmd, uint64_t arg)
{
	if (id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
	case SEM_INFO:
		return control_info(cmd, arg);
	case IPC_STAT:
	case SEM_STAT:
	case SEM_STAT_ANY:
		return control_stat(id, cmd, arg);
	case IPC_RMID:
	case IPC_SET:
		return control_owner(id, cmd, arg);
	case SEM_GETVAL:
	case SEM_GETPID:
	case SEM_GETNCNT:
	case SEM_GETZCNT:
	case SEM_SETVAL:
		return control_one(id, num, cmd, (int)arg);
	case SEM_GETALL:
	case SEM_SETALL:
		return control_all(id, cmd, arg);
	}
	return -EINVAL;
}

void sem_show(struct text *t)
{
	text_puts(t, "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n");
	mutex_lock(&sem_table.lock);
	for (unsigned i = 0; i < sem_table.room; i++) {
		const struct set *s = (struct set *)sem_table.slots[i];
		if (!s)
			continue;
		text_printf(t, "%10d %10d  %4u %10u %5u %5u %5u %5u %10lu %10lu\n", s->ipc.key, (int)s->ipc.id,
		            ipc_mode_digits(&s->ipc), s->count, s->ipc.uid, s->ipc.gid, s->ipc.cuid, s->ipc.cgid,
		            (uint64_t)s->otime, (uint64_t)s->ctime);
	}
	mutex_unlock(&sem_table.lock);
}
