/* SPDX-License-Identifier: MIT */
/*
 * Semaphores in memory. The value and the number of sleepers share one word of 64 bits, so that sem_post raises the
 * one and learns the other in one step: afterwards the semaphore may be gone (who waited may destroy it), and only
 * its address is used. Sleepers wait on the lower half, the value, while it is 0.
 */
#include "pthread_impl.h"
#include <semaphore.h>

#define SLEEPER (1ul << 32)

static unsigned int value_of(unsigned long word) { return (unsigned int)word; }

int sem_init(sem_t *sem, int shared, unsigned int value)
{
	if (value > SEM_VALUE_MAX) {
		errno = EINVAL;
		return -1;
	}
	sem->__s.__value = value;
	sem->__s.__shared = shared != 0;
	return 0;
}

int sem_destroy(sem_t *sem)
{
	(void)sem;
	return 0;
}

/* Takes one, and `sleepers` off the count of sleepers; 0 if the value was 0. */
static int take(sem_t *sem, unsigned long sleepers)
{
	unsigned long word = __atomic_load_n(&sem->__s.__value, __ATOMIC_RELAXED);

	while (value_of(word))
		if (__atomic_compare_exchange_n(&sem->__s.__value, &word, word - 1 - sleepers, 0, __ATOMIC_SEQ_CST,
						__ATOMIC_RELAXED))
			return 1;
	return 0;
}

int sem_trywait(sem_t *sem)
{
	if (take(sem, 0))
		return 0;
	errno = EAGAIN;
	return -1;
}

static void sleeper_leave(void *sem)
{
	__atomic_sub_fetch(&((sem_t *)sem)->__s.__value, SLEEPER, __ATOMIC_SEQ_CST);
}

int sem_clockwait(sem_t *__restrict sem, clockid_t clock, const struct timespec *__restrict until)
{
	int error = 0, taken;

	pthread_testcancel();
	if (take(sem, 0))
		return 0;
	__atomic_add_fetch(&sem->__s.__value, SLEEPER, __ATOMIC_SEQ_CST);
	pthread_cleanup_push(sleeper_leave, sem);
	while (!(taken = take(sem, SLEEPER))) {
		error = __wait_cancel(&sem->__s.__value, 0, clock, until, sem->__s.__shared);
		if (error && error != EAGAIN)
			break;
	}
	pthread_cleanup_pop(!taken);
	if (taken)
		return 0;
	errno = error;
	return -1;
}

int sem_timedwait(sem_t *__restrict sem, const struct timespec *__restrict until)
{
	return sem_clockwait(sem, CLOCK_REALTIME, until);
}

int sem_wait(sem_t *sem)
{
	return sem_clockwait(sem, CLOCK_REALTIME, NULL);
}

int sem_post(sem_t *sem)
{
	unsigned long word = __atomic_load_n(&sem->__s.__value, __ATOMIC_RELAXED);
	int shared = sem->__s.__shared;

	do {
		if (value_of(word) == SEM_VALUE_MAX) {
			errno = EOVERFLOW;
			return -1;
		}
	} while (!__atomic_compare_exchange_n(&sem->__s.__value, &word, word + 1, 0, __ATOMIC_SEQ_CST,
					      __ATOMIC_RELAXED));
	if (word >= SLEEPER)
		__wake(&sem->__s.__value, 1, shared);
	return 0;
}

int sem_getvalue(sem_t *__restrict sem, int *__restrict value)
{
	*value = (int)value_of(__atomic_load_n(&sem->__s.__value, __ATOMIC_RELAXED));
	return 0;
}
