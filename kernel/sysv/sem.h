/* SPDX-License-Identifier: MIT */
/* Semaphore sets, for sem.c, which makes, shows and removes them, and sem_op.c, which changes their values. */
#ifndef SYSV_SEM_H
#define SYSV_SEM_H

#include "sysv/sysv.h"

#define SEM_VALUE_MAX 32767

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

extern struct ipc_table sem_table; /* its lock guards sets and undos */

/* ---- sem_op.c ---- */
void set_put_locked(struct set *s);
void undo_leave_set_locked(struct sem_undo *u);

#endif
