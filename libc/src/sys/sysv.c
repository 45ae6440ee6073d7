/* SPDX-License-Identifier: MIT */
/*
 * System V shared memory and semaphores: the system calls as they are. semctl's fourth argument is a union in C and a
 * register in the call; every member of the union fits into it. ftok makes a key as everybody does, of the file's
 * number, its device and eight bits of the caller's.
 */
#include "../internal.h"
#include <stdarg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>

key_t ftok(const char *path, int project)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -1;
	return (key_t)((st.st_ino & 0xffff) | (st.st_dev & 0xff) << 16 | (unsigned)(project & 0xff) << 24);
}

int shmget(key_t key, size_t size, int flags)
{
	return (int)call3(SYS_shmget, key, size, flags);
}

void *shmat(int id, const void *addr, int flags)
{
	return (void *)call3(SYS_shmat, id, addr, flags);
}

int shmdt(const void *addr)
{
	return (int)call1(SYS_shmdt, addr);
}

int shmctl(int id, int cmd, struct shmid_ds *buf)
{
	return (int)call3(SYS_shmctl, id, cmd, buf);
}

int semget(key_t key, int nsems, int flags)
{
	return (int)call3(SYS_semget, key, nsems, flags);
}

int semop(int id, struct sembuf *ops, size_t count)
{
	return (int)call3(SYS_semop, id, ops, count);
}

int semtimedop(int id, struct sembuf *ops, size_t count, const struct timespec *timeout)
{
	return (int)call4(SYS_semtimedop, id, ops, count, timeout);
}

int semctl(int id, int num, int cmd, ...)
{
	va_list ap;

	va_start(ap, cmd);
	long arg = va_arg(ap, long);
	va_end(ap);
	return (int)call4(SYS_semctl, id, num, cmd, arg);
}
