/* SPDX-License-Identifier: MIT */
/* POSIX semaphores: counters in memory, of one process or shared, and named ones. */
#ifndef SEMAPHORE_H
#define SEMAPHORE_H

#include <bits/timespec.h>
#include <bits/types.h>
#include <fcntl.h>
#include <sys/cdefs.h>

#define SEM_VALUE_MAX 0x7fffffff
#define SEM_FAILED ((sem_t *)0)

typedef union {
	struct {
		unsigned long __value; /* lower half: the value; upper half: how many wait */
		int __shared;
	} __s;
	char __room[32];
} sem_t;

__BEGIN_DECLS
int sem_init(sem_t *sem, int shared, unsigned int value);
int sem_destroy(sem_t *sem);
int sem_wait(sem_t *sem);
int sem_trywait(sem_t *sem);
int sem_timedwait(sem_t *__restrict sem, const struct timespec *__restrict until);
int sem_clockwait(sem_t *__restrict sem, clockid_t clock, const struct timespec *__restrict until);
int sem_post(sem_t *sem);
int sem_getvalue(sem_t *__restrict sem, int *__restrict value);
sem_t *sem_open(const char *name, int flags, ...);
int sem_close(sem_t *sem);
int sem_unlink(const char *name);
__END_DECLS

#endif
