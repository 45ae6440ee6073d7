/* SPDX-License-Identifier: MIT */
/* System V semaphores. */
#ifndef SYS_SEM_H
#define SYS_SEM_H

#include <sys/ipc.h>
#include <time.h>

#define SEM_UNDO 0x1000
#define GETPID 11
#define GETVAL 12
#define GETALL 13
#define GETNCNT 14
#define GETZCNT 15
#define SETVAL 16
#define SETALL 17
#define SEM_STAT 18
#define SEM_INFO 19
#define SEM_STAT_ANY 20

struct semid_ds {
	struct ipc_perm sem_perm;
	time_t sem_otime, __unused1, sem_ctime, __unused2;
	unsigned long sem_nsems, __unused[2];
};

struct sembuf { unsigned short sem_num; short sem_op, sem_flg; };
struct seminfo { int semmap, semmni, semmns, semmnu, semmsl, semopm, semume, semusz, semvmx, semaem; };

__BEGIN_DECLS
int semget(key_t key, int nsems, int flags);
int semop(int id, struct sembuf *ops, size_t count);
int semtimedop(int id, struct sembuf *ops, size_t count, const struct timespec *timeout);
int semctl(int id, int num, int cmd, ...);
__END_DECLS

#endif
