/* SPDX-License-Identifier: MIT */
/* System V shared memory and semaphores: shmget(2), shmctl(2), semop(2), semctl(2). */
#ifndef ABI_SYSV_H
#define ABI_SYSV_H

#include <abi/types.h>

#define IPC_PRIVATE 0
#define IPC_CREAT 01000
#define IPC_EXCL 02000
#define IPC_NOWAIT 04000
#define IPC_RMID 0
#define IPC_SET 1
#define IPC_STAT 2
#define IPC_INFO 3

struct abi_ipc_perm {
	int32_t key;
	uint32_t uid, gid, cuid, cgid, mode;
	uint16_t seq, pad;
	uint64_t unused[2];
}; /* 48 bytes */

#define SHM_RDONLY 010000
#define SHM_RND 020000
#define SHM_REMAP 040000
#define SHM_EXEC 0100000
#define SHM_HUGETLB 04000
#define SHM_NORESERVE 010000
#define SHM_HUGE_SHIFT 26 /* the logarithm of the size of a huge page, 0: the default */
#define SHM_HUGE_MASK 0x3f
#define SHM_DEST 01000   /* in the mode: goes with its last mapping */
#define SHM_LOCKED 02000
#define SHM_LOCK 11
#define SHM_UNLOCK 12
#define SHM_STAT 13
#define SHM_INFO 14
#define SHM_STAT_ANY 15

struct abi_shmid_ds {
	struct abi_ipc_perm shm_perm;
	uint64_t shm_segsz;
	int64_t shm_atime, shm_dtime, shm_ctime;
	int32_t shm_cpid, shm_lpid;
	uint64_t shm_nattch, unused[2];
}; /* 112 bytes */

struct abi_shminfo { uint64_t shmmax, shmmin, shmmni, shmseg, shmall, unused[4]; };
struct abi_shm_info { int32_t used_ids, pad; uint64_t shm_tot, shm_rss, shm_swp, swap_attempts, swap_successes; };

#define SEM_UNDO 0x1000
#define SEM_GETPID 11
#define SEM_GETVAL 12
#define SEM_GETALL 13
#define SEM_GETNCNT 14
#define SEM_GETZCNT 15
#define SEM_SETVAL 16
#define SEM_SETALL 17
#define SEM_STAT 18
#define SEM_INFO 19
#define SEM_STAT_ANY 20

struct abi_semid_ds {
	struct abi_ipc_perm sem_perm;
	int64_t sem_otime, unused1, sem_ctime, unused2;
	uint64_t sem_nsems, unused3, unused4;
}; /* 104 bytes */

struct abi_sembuf { uint16_t sem_num; int16_t sem_op, sem_flg; };
struct abi_seminfo { int32_t semmap, semmni, semmns, semmnu, semmsl, semopm, semume, semusz, semvmx, semaem; };

#endif
