/* SPDX-License-Identifier: MIT */
/*
 * System V semaphores: sets of counters that are changed together.
 *
 * semop does all of its operations or none. It tries them in order on the set; at the first that cannot be done now it takes the
 * earlier ones back and waits on the set until somebody has changed a value, then tries again from the start. The values say
 * everything, so a waiter carries no state but which semaphore it waits for (`ncount`, `zcount`), and a set that is removed
 * wakes all: they find their set marked and end with EIDRM. A waiter holds a reference, so that what it waits on stays.
 *
 * SEM_UNDO adds the opposite to an adjustment that the process keeps for each set; when it ends they are added to the values,
 * which stay between 0 and the largest. Threads have their process's.
 *
 *      process ──► undo ──► undo          of sets A and B, linked for the process and for the set
 *                   │set       │
 *                   A          B          a set that is removed takes its undos with it
 *
 * One lock for all sets and undos: a set is touched for a few hundred instructions. Nobody is queued for his turn: who finds
 * the values right first gets them, where Linux serves waiters in order.
 */
#include "sysv/sysv.h"

#define VALUE_MAX 32767
#define OPS_MAX 500

struct sem {
	uint16_t value;
	int pid;                /* of the last operation */
	unsigned ncount, zcount; /* who waits for a larger value; for zero */
};

struct set {
	struct ipc ipc;         /* first */
	unsigned refs;          /* the table's and each waiter's */
	bool removed;
	unsigned count;
	int64_t otime, ctime;
	struct wait_queue wait;
	struct sem_undo *undos;
	struct sem sems[];
};

struct sem_undo {
	struct sem_undo *next_of_proc, *next_of_set;
	struct proc *proc;
	struct set *set;        /* NULL: it has been removed */
	int16_t adjust[];
};

static struct ipc_table table;
static uint64_t total_sems;

void sem_init(void) { ipc_table_init(&table); }

static void set_put_locked(struct set *s)
{
	if (!--s->refs)
		kfree(s);
}

/* ---- undos ---- */

static struct sem_undo *undo_find_locked(const struct proc *p, const struct set *s)
{
	for (struct sem_undo *u = p->sem_undos; u; u = u->next_of_proc)
		if (u->set == s)
			return u;
	return NULL;
}

static void undo_add_locked(struct sem_undo *u, struct proc *p, struct set *s)
{
	u->proc = p;
	u->set = s;
	u->next_of_proc = p->sem_undos;
	u->next_of_set = s->undos;
	p->sem_undos = s->undos = u;
}

static void undo_leave_set_locked(struct sem_undo *u)
{
	for (struct sem_undo **at = &u->set->undos; *at; at = &(*at)->next_of_set)
		if (*at == u) {
			*at = u->next_of_set;
			break;
		}
	u->set = NULL;
}

static void undo_apply_locked(struct sem_undo *u)
{
	struct set *s = u->set;

	for (unsigned i = 0; i < s->count; i++) {
		if (!u->adjust[i])
			continue;
		int value = s->sems[i].value + u->adjust[i];
		s->sems[i].value = (uint16_t)MIN(MAX(value, 0), VALUE_MAX);
		s->sems[i].pid = u->proc->pid;
	}
	s->otime = ipc_now();
	wait_wake_all(&s->wait);
}

void sem_exit(struct proc *p)
{
	if (likely(!p->sem_undos))
		return;
	mutex_lock(&table.lock);
	for (struct sem_undo *u; (u = p->sem_undos);) {
		p->sem_undos = u->next_of_proc;
		if (u->set) {
			undo_apply_locked(u);
			undo_leave_set_locked(u);
		}
		kfree(u);
	}
	mutex_unlock(&table.lock);
}

/* ---- semget ---- */

static int set_create(int nsems, struct set **out)
{
	if (nsems <= 0 || (unsigned)nsems > sysv_limits.semmsl)
		return -EINVAL;
	if (total_sems + (unsigned)nsems > sysv_limits.semmns)
		return -ENOSPC;
	struct set *s = kzalloc(sizeof *s + (unsigned)nsems * sizeof(struct sem));
	if (!s)
		return -ENOMEM;
	s->refs = 1;
	s->count = (unsigned)nsems;
	s->ctime = ipc_now();
	wait_queue_init(&s->wait);
	*out = s;
	return 0;
}

static int64_t existing_locked(const struct set *s, int nsems, int flags)
{
	if (flags & IPC_CREAT && flags & IPC_EXCL)
		return -EEXIST;
	if (nsems > (int)s->count)
		return -EINVAL;
	return ipc_allowed(&s->ipc, (uint32_t)flags) ? (int64_t)s->ipc.id : -EACCES;
}

int64_t sem_get(int32_t key, int nsems, int flags)
{
	struct set *made = NULL;
	int64_t result;

	if (nsems < 0 || nsems > (int)sysv_limits.semmsl)
		return -EINVAL;
	for (;;) {
		mutex_lock(&table.lock);
		struct set *s = (struct set *)ipc_find_key_locked(&table, key);
		if (s) {
			result = existing_locked(s, nsems, flags);
		} else if (key != IPC_PRIVATE && !(flags & IPC_CREAT)) {
			result = -ENOENT;
		} else if (made && table.used < table.room) {
			ipc_add_locked(&table, &made->ipc, key, (uint32_t)flags);
			total_sems += made->count;
			result = made->ipc.id;
			made = NULL;
		} else {
			result = -EAGAIN;
		}
		mutex_unlock(&table.lock);
		if (result != -EAGAIN)
			break;
		result = made ? 0 : set_create(nsems, &made);
		if (!result)
			result = ipc_room(&table, sysv_limits.semmni);
		if (result)
			break;
	}
	kfree(made);
	return result;
}

/* ---- semop ---- */

/* What one semop call is about. */
struct request {
	const struct abi_sembuf *ops;
	unsigned count;
	bool alters, undoes;
	struct sem_undo *fresh; /* for the first SEM_UNDO on this set; NULL: not needed, or used */
};

static int apply_one_locked(struct set *s, const struct abi_sembuf *op, struct sem_undo *u)
{
	struct sem *sem = &s->sems[op->sem_num];
	int value = sem->value + op->sem_op;

	if ((!op->sem_op && sem->value) || value < 0)
		return 1;
	if (value > VALUE_MAX)
		return -ERANGE;
	if (op->sem_flg & SEM_UNDO) {
		int adjust = u->adjust[op->sem_num] - op->sem_op;
		if (adjust < -VALUE_MAX - 1 || adjust > VALUE_MAX)
			return -ERANGE;
		u->adjust[op->sem_num] = (int16_t)adjust;
	}
	sem->value = (uint16_t)value;
	return 0;
}

/* All operations, or none. 0; 1: *blocked cannot be done now; -ERANGE */
static int apply_locked(struct set *s, const struct request *r, struct sem_undo *u, unsigned *blocked)
{
	unsigned i = 0;
	int err = 0;

	for (; i < r->count && !err; i++)
		err = apply_one_locked(s, &r->ops[i], u);
	if (!err) {
		for (i = 0; i < r->count; i++)
			s->sems[r->ops[i].sem_num].pid = proc_current()->pid;
		return 0;
	}
	*blocked = --i;
	while (i-- > 0) {
		s->sems[r->ops[i].sem_num].value -= (uint16_t)r->ops[i].sem_op;
		if (r->ops[i].sem_flg & SEM_UNDO)
			u->adjust[r->ops[i].sem_num] += r->ops[i].sem_op;
	}
	return err;
}

/* One wait for what stands in the way of op. -EAGAIN: time is over; -EINTR, -EIDRM */
static int wait_locked(struct set *s, const struct abi_sembuf *op, uint64_t deadline_ns)
{
	struct sem *sem = &s->sems[op->sem_num];
	unsigned *count = op->sem_op ? &sem->ncount : &sem->zcount;

	s->refs++;
	++*count;
	int err = wait_on_mutex(&s->wait, &table.lock, WAIT_SIGNALS, deadline_ns);
	--*count;
	if (s->removed)
		err = -EIDRM;
	set_put_locked(s);
	return err == -ETIMEDOUT ? -EAGAIN : err;
}

static int check_locked(struct set *s, const struct request *r)
{
	for (unsigned i = 0; i < r->count; i++)
		if (r->ops[i].sem_num >= s->count)
			return -EFBIG;
	return ipc_allowed(&s->ipc, r->alters ? 0222 : 0444) ? 0 : -EACCES;
}

/* u is the undo of the set that u's adjustments go to; made of r->fresh if there is none. 0, 1: a fresh one is needed */
static int take_undo_locked(struct set *s, struct request *r, struct sem_undo **u)
{
	*u = r->undoes ? undo_find_locked(proc_current(), s) : NULL;
	if (*u || !r->undoes)
		return 0;
	if (!r->fresh)
		return 1;
	undo_add_locked(r->fresh, proc_current(), s);
	*u = r->fresh;
	r->fresh = NULL;
	return 0;
}

/* 0, -errno; 1: room for an undo of *nsems adjustments is needed. */
static int perform_locked(int id, struct request *r, uint64_t deadline_ns, unsigned *nsems)
{
	struct set *s = (struct set *)ipc_find_locked(&table, id);
	struct sem_undo *u;
	unsigned at;
	int err = is_err(s) ? (int)ptr_err(s) : check_locked(s, r);

	if (err)
		return err;
	*nsems = s->count;
	err = take_undo_locked(s, r, &u);
	if (err)
		return err;
	while ((err = apply_locked(s, r, u, &at)) == 1) {
		if (r->ops[at].sem_flg & IPC_NOWAIT)
			return -EAGAIN;
		err = wait_locked(s, &r->ops[at], deadline_ns);
		if (err)
			return err;
	}
	if (!err) {
		s->otime = ipc_now();
		if (r->alters)
			wait_wake_all(&s->wait);
	}
	return err;
}

int64_t sem_op(int id, const struct abi_sembuf *ops, unsigned count, uint64_t deadline_ns)
{
	struct request r = { .ops = ops, .count = count };
	unsigned nsems = 0;
	int err;

	for (unsigned i = 0; i < count; i++) {
		r.alters |= ops[i].sem_op != 0;
		r.undoes |= ops[i].sem_flg & SEM_UNDO;
	}
	for (;;) {
		mutex_lock(&table.lock);
		err = perform_locked(id, &r, deadline_ns, &nsems);
		mutex_unlock(&table.lock);
		if (err != 1)
			break;
		r.fresh = kzalloc(sizeof *r.fresh + nsems * sizeof *r.fresh->adjust);
		if (!r.fresh)
			return -ENOMEM;
	}
	kfree(r.fresh);
	return err;
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
	ipc_remove_locked(&table, &s->ipc);
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
	int64_t result = 0;

	mutex_lock(&table.lock);
	struct ipc *i = cmd == IPC_STAT ? ipc_find_locked(&table, id) : ipc_at_locked(&table, id & ((1 << IPC_INDEX_BITS) - 1));
	if (is_err(i))
		result = ptr_err(i);
	else if (cmd != SEM_STAT_ANY && !ipc_allowed(i, 0444))
		result = -EACCES;
	if (!result) {
		stat_locked((struct set *)i, &ds);
		result = cmd == IPC_STAT ? 0 : (int64_t)i->id;
	}
	mutex_unlock(&table.lock);
	return result >= 0 && copy_to_user(buf, &ds, sizeof ds) ? -EFAULT : result;
}

static int64_t control_info(int cmd, vaddr_t buf)
{
	struct abi_seminfo info = { (int32_t)sysv_limits.semmns, (int32_t)sysv_limits.semmni, (int32_t)sysv_limits.semmns,
	                            (int32_t)sysv_limits.semmns, (int32_t)sysv_limits.semmsl, (int32_t)sysv_limits.semopm, OPS_MAX, 20,
	                            VALUE_MAX, VALUE_MAX };

	mutex_lock(&table.lock);
	if (cmd == SEM_INFO) {
		info.semusz = (int32_t)table.used;
		info.semaem = (int32_t)total_sems;
	}
	int64_t highest = ipc_max_index_locked(&table);
	mutex_unlock(&table.lock);
	return copy_to_user(buf, &info, sizeof info) ? -EFAULT : highest;
}

/* IPC_RMID, IPC_SET. */
static int64_t control_owner(int id, int cmd, vaddr_t buf)
{
	struct abi_semid_ds ds;

	if (cmd == IPC_SET && copy_from_user(&ds, buf, sizeof ds))
		return -EFAULT;
	mutex_lock(&table.lock);
	struct set *s = (struct set *)ipc_find_locked(&table, id);
	int err = is_err(s) ? (int)ptr_err(s) : ipc_owned(&s->ipc) ? 0 : -EPERM;
	if (!err && cmd == IPC_RMID)
		remove_locked(s);
	if (!err && cmd == IPC_SET) {
		ipc_set(&s->ipc, &ds.sem_perm);
		s->ctime = ipc_now();
	}
	mutex_unlock(&table.lock);
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

	if (sets && (value < 0 || value > VALUE_MAX))
		return -ERANGE;
	mutex_lock(&table.lock);
	struct set *s = (struct set *)ipc_find_locked(&table, id);
	int64_t result = is_err(s) ? ptr_err(s) : !sets && !ipc_allowed(&s->ipc, 0444) ? -EACCES : 0;
	if (!result && sets && (num < 0 || num >= (int)s->count))
		result = -EINVAL;
	if (!result && sets && !ipc_allowed(&s->ipc, 0222))
		result = -EACCES;
	if (!result)
		result = one_locked(s, num, cmd, (uint16_t)value);
	mutex_unlock(&table.lock);
	return result;
}

/* How many semaphores there are, for a buffer; -errno. */
static int64_t size_of(int id, uint32_t access)
{
	mutex_lock(&table.lock);
	struct set *s = (struct set *)ipc_find_locked(&table, id);
	int64_t n = is_err(s) ? ptr_err(s) : ipc_allowed(&s->ipc, access) ? (int64_t)s->count : -EACCES;
	mutex_unlock(&table.lock);
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
		err = values[i] > VALUE_MAX ? -ERANGE : 0;
	if (!err) {
		mutex_lock(&table.lock);
		struct set *s = (struct set *)ipc_find_locked(&table, id);
		err = is_err(s) ? -EIDRM : 0;
		for (unsigned i = 0; !err && !sets && i < s->count; i++)
			values[i] = s->sems[i].value;
		if (!err && sets)
			set_values_locked(s, 0, s->count, values);
		mutex_unlock(&table.lock);
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
	mutex_lock(&table.lock);
	for (unsigned i = 0; i < table.room; i++) {
		const struct set *s = (struct set *)table.slots[i];
		if (!s)
			continue;
		text_printf(t, "%10d %10d  %4u %10u %5u %5u %5u %5u %10lu %10lu\n", s->ipc.key, (int)s->ipc.id, ipc_mode_digits(&s->ipc), s->count,
		            s->ipc.uid, s->ipc.gid, s->ipc.cuid, s->ipc.cgid, (uint64_t)s->otime, (uint64_t)s->ctime);
	}
	mutex_unlock(&table.lock);
}
