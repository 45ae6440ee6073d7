/* SPDX-License-Identifier: MIT */
/*
 * Attributes: structures with a field for each thing that can be asked for. Setters check, since what is made from
 * them later does not. What the system cannot do (contention scopes other than the system's, priorities of mutexes)
 * is ENOTSUP.
 */
#include "pthread_impl.h"
#include <sys/resource.h>

/* ---- of threads ---- */

int pthread_attr_destroy(pthread_attr_t *attr)
{
	(void)attr;
	return 0;
}

int pthread_attr_getdetachstate(const pthread_attr_t *attr, int *state)
{
	*state = attr->__detached;
	return 0;
}

int pthread_attr_setdetachstate(pthread_attr_t *attr, int state)
{
	if (state != PTHREAD_CREATE_JOINABLE && state != PTHREAD_CREATE_DETACHED)
		return EINVAL;
	attr->__detached = state;
	return 0;
}

int pthread_attr_getguardsize(const pthread_attr_t *__restrict attr, size_t *__restrict size)
{
	*size = attr->__guard_size;
	return 0;
}

int pthread_attr_setguardsize(pthread_attr_t *attr, size_t size)
{
	if (size > LONG_MAX / 4)
		return EINVAL;
	attr->__guard_size = size;
	return 0;
}

int pthread_attr_getinheritsched(const pthread_attr_t *__restrict attr, int *__restrict inherit)
{
	*inherit = attr->__explicit;
	return 0;
}

int pthread_attr_setinheritsched(pthread_attr_t *attr, int inherit)
{
	if (inherit != PTHREAD_INHERIT_SCHED && inherit != PTHREAD_EXPLICIT_SCHED)
		return EINVAL;
	attr->__explicit = inherit;
	return 0;
}

int pthread_attr_getschedparam(const pthread_attr_t *__restrict attr, struct sched_param *__restrict param)
{
	param->sched_priority = attr->__priority;
	return 0;
}

int pthread_attr_setschedparam(pthread_attr_t *__restrict attr, const struct sched_param *__restrict param)
{
	attr->__priority = param->sched_priority;
	return 0;
}

int pthread_attr_getschedpolicy(const pthread_attr_t *__restrict attr, int *__restrict policy)
{
	*policy = attr->__policy;
	return 0;
}

int pthread_attr_setschedpolicy(pthread_attr_t *attr, int policy)
{
	if (policy != SCHED_OTHER && policy != SCHED_FIFO && policy != SCHED_RR)
		return EINVAL;
	attr->__policy = policy;
	return 0;
}

int pthread_attr_getscope(const pthread_attr_t *__restrict attr, int *__restrict scope)
{
	(void)attr;
	*scope = PTHREAD_SCOPE_SYSTEM;
	return 0;
}

int pthread_attr_setscope(pthread_attr_t *attr, int scope)
{
	(void)attr;
	return scope == PTHREAD_SCOPE_SYSTEM ? 0 : scope == PTHREAD_SCOPE_PROCESS ? ENOTSUP : EINVAL;
}

int pthread_attr_getstack(const pthread_attr_t *__restrict attr, void **__restrict stack, size_t *__restrict size)
{
	*stack = (void *)attr->__stack;
	*size = attr->__stack_size;
	return 0;
}

int pthread_attr_setstack(pthread_attr_t *attr, void *stack, size_t size)
{
	int error = pthread_attr_setstacksize(attr, size);

	if (!error)
		attr->__stack = (unsigned long)stack;
	return error;
}

int pthread_attr_getstacksize(const pthread_attr_t *__restrict attr, size_t *__restrict size)
{
	*size = attr->__stack_size;
	return 0;
}

int pthread_attr_setstacksize(pthread_attr_t *attr, size_t size)
{
	if (size < PTHREAD_STACK_MIN || size > LONG_MAX / 4)
		return EINVAL;
	attr->__stack_size = size;
	return 0;
}

/* The first thread's stack ends at a page above its vectors and may grow down to the limit. */
static void first_stack(pthread_attr_t *attr)
{
	struct rlimit limit;
	unsigned long top = ((unsigned long)__auxv + 4095) & ~4095ul;

	getrlimit(RLIMIT_STACK, &limit);
	attr->__stack_size = limit.rlim_cur > 1ul << 30 ? 1ul << 30 : limit.rlim_cur & ~4095ul;
	attr->__stack = top - attr->__stack_size;
	attr->__guard_size = 0;
}

int pthread_getattr_np(pthread_t thread, pthread_attr_t *attr)
{
	struct thread_block *t = (struct thread_block *)thread;

	pthread_attr_init(attr);
	attr->__detached = __atomic_load_n(&t->state, __ATOMIC_RELAXED) == THREAD_DETACHED;
	if (!t->stack) {
		first_stack(attr);
		return 0;
	}
	attr->__stack = (unsigned long)t->stack;
	attr->__stack_size = t->stack_len;
	attr->__guard_size = t->guard_len;
	return 0;
}

/* ---- of mutexes ---- */

int pthread_mutexattr_init(pthread_mutexattr_t *attr)
{
	attr->__kind = PTHREAD_MUTEX_DEFAULT;
	return 0;
}

int pthread_mutexattr_destroy(pthread_mutexattr_t *attr)
{
	(void)attr;
	return 0;
}

int pthread_mutexattr_gettype(const pthread_mutexattr_t *__restrict attr, int *__restrict type)
{
	*type = attr->__kind & KIND_TYPE;
	return 0;
}

int pthread_mutexattr_settype(pthread_mutexattr_t *attr, int type)
{
	if (type < PTHREAD_MUTEX_NORMAL || type > PTHREAD_MUTEX_ERRORCHECK)
		return EINVAL;
	attr->__kind = (attr->__kind & ~KIND_TYPE) | type;
	return 0;
}

static int bit_set(int *word, int bit, int value)
{
	if (value != 0 && value != 1)
		return EINVAL;
	*word = value ? *word | bit : *word & ~bit;
	return 0;
}

int pthread_mutexattr_getpshared(const pthread_mutexattr_t *__restrict attr, int *__restrict shared)
{
	*shared = !!(attr->__kind & KIND_SHARED);
	return 0;
}

int pthread_mutexattr_setpshared(pthread_mutexattr_t *attr, int shared)
{
	return bit_set(&attr->__kind, KIND_SHARED, shared);
}

int pthread_mutexattr_getrobust(const pthread_mutexattr_t *__restrict attr, int *__restrict robust)
{
	*robust = !!(attr->__kind & KIND_ROBUST);
	return 0;
}

int pthread_mutexattr_setrobust(pthread_mutexattr_t *attr, int robust)
{
	return bit_set(&attr->__kind, KIND_ROBUST, robust);
}

int pthread_mutexattr_getprotocol(const pthread_mutexattr_t *__restrict attr, int *__restrict protocol)
{
	(void)attr;
	*protocol = PTHREAD_PRIO_NONE;
	return 0;
}

int pthread_mutexattr_setprotocol(pthread_mutexattr_t *attr, int protocol)
{
	(void)attr;
	if (protocol == PTHREAD_PRIO_NONE)
		return 0;
	return protocol == PTHREAD_PRIO_INHERIT || protocol == PTHREAD_PRIO_PROTECT ? ENOTSUP : EINVAL;
}

/* ---- of read-write locks and barriers ---- */

int pthread_rwlockattr_init(pthread_rwlockattr_t *attr)
{
	attr->__shared = 0;
	return 0;
}

int pthread_rwlockattr_destroy(pthread_rwlockattr_t *attr)
{
	(void)attr;
	return 0;
}

int pthread_rwlockattr_getpshared(const pthread_rwlockattr_t *__restrict attr, int *__restrict shared)
{
	*shared = attr->__shared;
	return 0;
}

int pthread_rwlockattr_setpshared(pthread_rwlockattr_t *attr, int shared)
{
	return bit_set(&attr->__shared, 1, shared);
}

int pthread_barrierattr_init(pthread_barrierattr_t *attr)
{
	attr->__shared = 0;
	return 0;
}

int pthread_barrierattr_destroy(pthread_barrierattr_t *attr)
{
	(void)attr;
	return 0;
}

int pthread_barrierattr_getpshared(const pthread_barrierattr_t *__restrict attr, int *__restrict shared)
{
	*shared = attr->__shared;
	return 0;
}

int pthread_barrierattr_setpshared(pthread_barrierattr_t *attr, int shared)
{
	return bit_set(&attr->__shared, 1, shared);
}
