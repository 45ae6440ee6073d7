/* SPDX-License-Identifier: MIT */
/*
 * semop(2), and SEM_UNDO.
 *
 * semop does all of its operations or none. It tries them in order on the set; at the first that cannot be done now it
 * takes the earlier ones back and waits on the set until somebody has changed a value, then tries again from the start.
 * The values say everything, so a waiter carries no state but which semaphore it waits for (`ncount`, `zcount`), and a
 * set that is removed wakes all: they find their set marked and end with EIDRM. A waiter holds a reference, so that
 * what it waits on stays.
 *
 * SEM_UNDO adds the opposite to an adjustment that the process keeps for each set; when it ends they are added to the
 * values, which stay between 0 and the largest. Threads have their process's.
 *
 *      process ──► undo ──► undo          of sets A and B, linked for the process and for the set
 *                   │set       │
 *                   A          B          a set that is removed takes its undos with it
 *
 * One lock for all sets and undos: a set is touched for a few hundred instructions. Nobody is queued for his turn: who
 * finds the values right first gets them, where Linux serves waiters in order.
 */
#include "sysv/sem.h"

void set_put_locked(struct set *s)
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

void undo_leave_set_locked(struct sem_undo *u)
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
		s->sems[i].value = (uint16_t)MIN(MAX(value, 0), SEM_VALUE_MAX);
		s->sems[i].pid = u->proc->pid;
	}
	s->otime = ipc_now();
	wait_wake_all(&s->wait);
}

void sem_exit(struct proc *p)
{
	if (likely(!p->sem_undos))
		return;
	mutex_lock(&sem_table.lock);
	for (struct sem_undo *u; (u = p->sem_undos);) {
		p->sem_undos = u->next_of_proc;
		if (u->set) {
			undo_apply_locked(u);
			undo_leave_set_locked(u);
		}
		kfree(u);
	}
	mutex_unlock(&sem_table.lock);
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
	if (value > SEM_VALUE_MAX)
		return -ERANGE;
	if (op->sem_flg & SEM_UNDO) {
		int adjust = u->adjust[op->sem_num] - op->sem_op;
		if (adjust < -SEM_VALUE_MAX - 1 || adjust > SEM_VALUE_MAX)
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
	int err = wait_on_mutex(&s->wait, &sem_table.lock, WAIT_SIGNALS, deadline_ns);
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

/*
 * u is the undo of the set that u's adjustments go to; made of r->fresh if there is none. 0, 1: a fresh one is needed
 */
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
	struct set *s = (struct set *)ipc_find_locked(&sem_table, id);
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
		mutex_lock(&sem_table.lock);
		err = perform_locked(id, &r, deadline_ns, &nsems);
		mutex_unlock(&sem_table.lock);
		if (err != 1)
			break;
		r.fresh = kzalloc(sizeof *r.fresh + nsems * sizeof *r.fresh->adjust);
		if (!r.fresh)
			return -ENOMEM;
	}
	kfree(r.fresh);
	return err;
}
