/* SPDX-License-Identifier: MIT */
/*
 * Thread-specific data: keys and each thread's values.
 *
 * A key is a slot in a table and the slot's generation, which rises when the key is deleted. A thread's table of
 * values is made at its first pthread_setspecific; each value remembers the generation that it was stored under, so a
 * new key in an old slot reads null in every thread, and deleting one touches no thread.
 *
 * At a thread's end the values that are not null are handed to their destructors, again and again while these store
 * new ones, at most PTHREAD_DESTRUCTOR_ITERATIONS times. The lock guards the table of keys; it is not held over
 * destructors.
 */
#include "pthread_impl.h"
#include <stdlib.h>

struct key_value {
	const void *value;
	unsigned int generation;
};

static struct lock lock; /* guards the table */
static struct {
	unsigned int generation; /* odd: in use */
	void (*destructor)(void *);
} keys[PTHREAD_KEYS_MAX];

int pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
	int error = EAGAIN;

	lock_acquire(&lock);
	for (pthread_key_t k = 0; k < PTHREAD_KEYS_MAX && error; k++) {
		if (keys[k].generation & 1)
			continue;
		keys[k].generation++;
		keys[k].destructor = destructor;
		*key = k;
		error = 0;
	}
	lock_release(&lock);
	return error;
}

static int key_valid(pthread_key_t key)
{
	return key < PTHREAD_KEYS_MAX && __atomic_load_n(&keys[key].generation, __ATOMIC_RELAXED) & 1;
}

int pthread_key_delete(pthread_key_t key)
{
	int error = EINVAL;

	lock_acquire(&lock);
	if (key_valid(key)) {
		keys[key].generation++;
		error = 0;
	}
	lock_release(&lock);
	return error;
}

void *pthread_getspecific(pthread_key_t key)
{
	struct key_value *values = thread_self()->values;

	if (!values || !key_valid(key) || values[key].generation != keys[key].generation)
		return NULL;
	return (void *)values[key].value;
}

int pthread_setspecific(pthread_key_t key, const void *value)
{
	struct thread_block *self = thread_self();

	if (!key_valid(key))
		return EINVAL;
	if (!self->values)
		self->values = calloc(PTHREAD_KEYS_MAX, sizeof(*self->values));
	if (!self->values)
		return ENOMEM;
	self->values[key] = (struct key_value){ value, keys[key].generation };
	return 0;
}

/* Takes the value out; how its destructor is to be called, or null. */
static void (*value_take(struct key_value *v, pthread_key_t key, void **value))(void *)
{
	void (*destructor)(void *) = NULL;

	lock_acquire(&lock);
	if (v->value && v->generation == keys[key].generation)
		destructor = keys[key].destructor;
	*value = (void *)v->value;
	v->value = NULL;
	lock_release(&lock);
	return destructor;
}

void __keys_destroy(struct thread_block *self)
{
	int called = 1;

	for (int round = 0; self->values && called && round < PTHREAD_DESTRUCTOR_ITERATIONS; round++) {
		called = 0;
		for (pthread_key_t k = 0; k < PTHREAD_KEYS_MAX; k++) {
			void *value;
			void (*destructor)(void *);

			if (!self->values[k].value)
				continue;
			destructor = value_take(&self->values[k], k, &value);
			if (!destructor)
				continue;
			destructor(value);
			called = 1;
		}
	}
	free(self->values);
	self->values = NULL;
}
