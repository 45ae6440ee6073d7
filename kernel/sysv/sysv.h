/* SPDX-License-Identifier: MIT */
/*
 * System V IPC: what segments (shm.c) and sets (sem.c) have in common, which is how a thing of either kind is named and
 * who may use it (ids.c).
 */
#ifndef SYSV_SYSV_H
#define SYSV_SYSV_H

#include <abi/errno.h>
#include <abi/sysv.h>

#include "file/file_impl.h"

/* The head of a segment or a set. Guarded by the lock of its table. */
struct ipc {
	int32_t key;
	uint32_t id, uid, gid, cuid, cgid, mode; /* mode: the nine bits, and SHM_DEST, SHM_LOCKED */
};

/* The things of one kind. A number is sequence << IPC_INDEX_BITS | index, and comes back only after a long time. */
#define IPC_INDEX_BITS 15
struct ipc_table {
	struct mutex lock;         /* RANK_FILE: the table and everything in it */
	struct ipc **slots;
	unsigned room, used, sequence;
	int last;                  /* index given last; -1 */
};

void ipc_table_init(struct ipc_table *t);

/* What shmget and semget do each in their own way. size: bytes, or semaphores. */
struct ipc_kind {
	int (*fits)(const struct ipc *i, uint64_t size);               /* is it as large as asked for? 0, -EINVAL */
	int (*create)(uint64_t size, int flags, struct ipc **out);     /* not in the table yet; may sleep */
	void (*added_locked)(struct ipc *i);                           /* it has its number */
	void (*discard)(struct ipc *i);                                /* somebody else was faster, or there is no room */
};
/*
 * ipc_get: the number of what has the key, or of a new thing.
 * -> limit: so many there may be
 * -> -EEXIST, -ENOENT, -EACCES, -ENOSPC, -ENOMEM, what fits and create say
 */
int64_t ipc_get(struct ipc_table *t, const struct ipc_kind *kind, int32_t key, uint64_t size, int flags, unsigned limit);
void ipc_remove_locked(struct ipc_table *t, struct ipc *i);
struct ipc *ipc_find_locked(const struct ipc_table *t, int id);               /* err_ptr(-EINVAL) */
struct ipc *ipc_at_locked(const struct ipc_table *t, int index);              /* err_ptr(-EINVAL) */
/* ipc_find_stat_locked: what IPC_STAT (a number) or SHM_STAT and its like (an index) ask about; any: whoever may read it. */
struct ipc *ipc_find_stat_locked(const struct ipc_table *t, int id, bool by_index, bool any); /* err_ptr; -EACCES */
int ipc_max_index_locked(const struct ipc_table *t);     /* 0 when there is none */
bool ipc_allowed(const struct ipc *i, uint32_t mode);    /* as the nine bits of a mode, any third of them */
bool ipc_owned(const struct ipc *i);                     /* may the caller change or remove it? */
void ipc_stat(const struct ipc *i, struct abi_ipc_perm *p);
int ipc_set(struct ipc *i, const struct abi_ipc_perm *p); /* IPC_SET. -EINVAL: nobody has such a number */
int64_t ipc_now(void);                                   /* seconds */
unsigned ipc_mode_digits(const struct ipc *i);           /* the mode's octal digits, as a decimal number */

/* What /proc/sys/kernel sets. */
extern struct sysv_limits { uint64_t shmmax, shmall; uint32_t shmmni, semmsl, semmns, semopm, semmni; } sysv_limits;

/* ---- shm.c ---- */
void shm_init(void);
int64_t shm_get(int32_t key, uint64_t size, int flags);
int64_t shm_attach(int id, vaddr_t addr, int flags);
int64_t shm_detach(vaddr_t addr);
int64_t shm_control(int id, int cmd, vaddr_t buf);
void shm_show(struct text *t);                           /* /proc/sysvipc/shm */

/* ---- sem.c, sem_op.c ---- */
void sem_init(void);
int64_t sem_get(int32_t key, int nsems, int flags);
int64_t sem_op(int id, const struct abi_sembuf *ops, unsigned count, uint64_t deadline_ns);
int64_t sem_control(int id, int num, int cmd, uint64_t arg);
void sem_exit(struct proc *p);                           /* its last thread has gone: SEM_UNDO */
void sem_show(struct text *t);                           /* /proc/sysvipc/sem */

#endif
