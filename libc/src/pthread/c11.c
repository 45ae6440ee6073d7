/* SPDX-License-Identifier: MIT */
/*
 * C11's <threads.h>: the types are POSIX's, and so is the work. What is left is another set of results, and threads
 * whose function returns int: what to call is handed over in a small allocation, which the new thread frees.
 */
#include "pthread_impl.h"
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

struct start {
	thrd_start_t function;
	void *arg;
};

static int answer(int error)
{
	switch (error) {
	case 0:
		return thrd_success;
	case EBUSY:
		return thrd_busy;
	case ENOMEM:
	case EAGAIN:
		return thrd_nomem;
	case ETIMEDOUT:
		return thrd_timedout;
	default:
		return thrd_error;
	}
}

static void *begin(void *arg)
{
	struct start s = *(struct start *)arg;

	free(arg);
	return (void *)(intptr_t)s.function(s.arg);
}

int thrd_create(thrd_t *thread, thrd_start_t function, void *arg)
{
	struct start *s = malloc(sizeof(*s));
	int error;

	if (!s)
		return thrd_nomem;
	*s = (struct start){ function, arg };
	error = pthread_create(thread, NULL, begin, s);
	if (error)
		free(s);
	return answer(error);
}

thrd_t thrd_current(void)
{
	return pthread_self();
}

int thrd_equal(thrd_t a, thrd_t b)
{
	return a == b;
}

int thrd_detach(thrd_t thread)
{
	return answer(pthread_detach(thread));
}

int thrd_join(thrd_t thread, int *result)
{
	void *value;
	int error = pthread_join(thread, &value);

	if (!error && result)
		*result = (int)(intptr_t)value;
	return answer(error);
}

_Noreturn void thrd_exit(int result)
{
	pthread_exit((void *)(intptr_t)result);
}

/* -1: a signal came; another negative number: any other mistake. */
int thrd_sleep(const struct timespec *length, struct timespec *rest)
{
	int error = clock_nanosleep(CLOCK_REALTIME, 0, length, rest);

	return error == 0 ? 0 : error == EINTR ? -1 : -2;
}

void thrd_yield(void)
{
	sched_yield();
}

int mtx_init(mtx_t *mutex, int type)
{
	*mutex = (mtx_t){ .__kind = type & mtx_recursive ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_NORMAL };
	return thrd_success;
}

void mtx_destroy(mtx_t *mutex)
{
	pthread_mutex_destroy(mutex);
}

int mtx_lock(mtx_t *mutex)
{
	return answer(pthread_mutex_lock(mutex));
}

int mtx_trylock(mtx_t *mutex)
{
	return answer(pthread_mutex_trylock(mutex));
}

int mtx_timedlock(mtx_t *__restrict mutex, const struct timespec *__restrict until)
{
	return answer(pthread_mutex_timedlock(mutex, until));
}

int mtx_unlock(mtx_t *mutex)
{
	return answer(pthread_mutex_unlock(mutex));
}

int cnd_init(cnd_t *cond)
{
	return answer(pthread_cond_init(cond, NULL));
}

void cnd_destroy(cnd_t *cond)
{
	pthread_cond_destroy(cond);
}

int cnd_signal(cnd_t *cond)
{
	return answer(pthread_cond_signal(cond));
}

int cnd_broadcast(cnd_t *cond)
{
	return answer(pthread_cond_broadcast(cond));
}

int cnd_wait(cnd_t *cond, mtx_t *mutex)
{
	return answer(pthread_cond_wait(cond, mutex));
}

int cnd_timedwait(cnd_t *__restrict cond, mtx_t *__restrict mutex, const struct timespec *__restrict until)
{
	return answer(pthread_cond_timedwait(cond, mutex, until));
}

int tss_create(tss_t *key, tss_dtor_t destructor)
{
	return answer(pthread_key_create(key, destructor));
}

void tss_delete(tss_t key)
{
	pthread_key_delete(key);
}

void *tss_get(tss_t key)
{
	return pthread_getspecific(key);
}

int tss_set(tss_t key, void *value)
{
	return answer(pthread_setspecific(key, value));
}

void call_once(once_flag *once, void (*function)(void))
{
	pthread_once(once, function);
}
