/* SPDX-License-Identifier: MIT */
/* System V shared memory and semaphores: decode and check; sysv/ performs. */
#include "sysv/sysv.h"

#include "sys/sys.h"

#define SEM_OPS_MOST 16384 /* no request is copied that is longer, whatever /proc/sys/kernel/sem says */

SYSCALL(shmget)
{
	return shm_get((int32_t)a, b, (int)c);
}

SYSCALL(shmat)
{
	return shm_attach((int)a, b, (int)c);
}

SYSCALL(shmdt)
{
	return shm_detach(a);
}

SYSCALL(shmctl)
{
	return shm_control((int)a, (int)b, c);
}

SYSCALL(semget)
{
	return sem_get((int32_t)a, (int)b, (int)c);
}

SYSCALL(semctl)
{
	return sem_control((int)a, (int)b, (int)c, d);
}

static int64_t semaphore_ops(int id, vaddr_t user, unsigned count, const struct abi_timespec *timeout)
{
	if (count > MIN(sysv_limits.semopm, (uint32_t)SEM_OPS_MOST))
		return -E2BIG;
	struct abi_sembuf *ops = kmalloc(MAX(count, 1u) * sizeof *ops);
	if (!ops)
		return -ENOMEM;
	int64_t err = copy_from_user(ops, user, count * sizeof *ops);
	uint64_t deadline = UINT64_MAX;
	if (!err && (!count || id < 0))
		err = -EINVAL;
	if (!err && timeout) {
		if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec >= 1000000000)
			err = -EINVAL;
		else if (timeout->tv_sec < 1l << 32)
			deadline = clock_now_ns() + (uint64_t)timeout->tv_sec * 1000000000 + (uint64_t)timeout->tv_nsec;
	}
	if (!err)
		err = sem_op(id, ops, count, deadline);
	kfree(ops);
	return err;
}

SYSCALL(semop)
{
	return semaphore_ops((int)a, b, (unsigned)c, NULL);
}

SYSCALL(semtimedop)
{
	struct abi_timespec timeout;

	if (d && copy_from_user(&timeout, d, sizeof timeout))
		return -EFAULT;
	return semaphore_ops((int)a, b, (unsigned)c, d ? &timeout : NULL);
}
