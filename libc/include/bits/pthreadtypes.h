/* SPDX-License-Identifier: MIT */
/* The types of pthread.h, which sys/types.h has as well. All zero is what the static initialisers make. */
#ifndef BITS_PTHREADTYPES_H
#define BITS_PTHREADTYPES_H

typedef unsigned long pthread_t;
typedef int pthread_once_t;
typedef unsigned int pthread_key_t;
typedef int pthread_spinlock_t;

typedef struct {
	unsigned long __stack_size, __guard_size, __stack; /* __stack: lowest address; 0: none given */
	int __detached, __policy, __priority, __explicit;
} pthread_attr_t;

typedef struct {
	int __word, __kind, __depth, __pad;
	struct {
		void *__next, *__prev;
	} __link;
} pthread_mutex_t;

typedef struct {
	unsigned int __sequence, __waiters;
	int __flags;
} pthread_cond_t;

typedef struct {
	int __word, __shared, __writer;
} pthread_rwlock_t;

typedef struct {
	unsigned int __count, __in, __round, __leaving;
	int __shared;
} pthread_barrier_t;

typedef struct {
	int __kind;
} pthread_mutexattr_t;
typedef struct {
	int __flags;
} pthread_condattr_t;
typedef struct {
	int __shared;
} pthread_rwlockattr_t;
typedef struct {
	int __shared;
} pthread_barrierattr_t;

#endif
