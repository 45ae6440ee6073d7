/* SPDX-License-Identifier: MIT */
/*
 * Processes full of threads that begin, end, are cancelled, lock robust mutexes and fork are killed, exit and run
 * another program at any moment. Every one of them is waited for in the end, and every lock can be taken.
 * Arguments: rounds, seed.
 */
#include <pthread.h>
#include <sched.h>

#include "check.h"

#define THREADS 4

static char self[256];

static struct shared { pthread_mutex_t mutex[2]; } *shared;

static unsigned random_number(unsigned *state)
{
	*state = *state * 1103515245 + 12345;
	return *state >> 16;
}

/* Whoever finds the owner dead mends it. */
static void lock_and_unlock(pthread_mutex_t *m)
{
	int error = pthread_mutex_lock(m);
	if (error == EOWNERDEAD)
		error = pthread_mutex_consistent(m);
	if (error)
		_exit(99);
	if (pthread_mutex_unlock(m) != 0)
		_exit(98);
}

static void *nothing(void *arg) { return arg; }

static void *loops(void *arg) /* until it is cancelled */
{
	for (;;) {
		lock_and_unlock(&shared->mutex[(long)arg & 1]);
		pthread_testcancel();
	}
	return NULL;
}

static void *comes_and_goes(void *arg)
{
	unsigned state = (unsigned)(long)arg;
	for (;;) {
		pthread_t t;
		unsigned what = random_number(&state) % 5;
		lock_and_unlock(&shared->mutex[what & 1]);
		if (pthread_create(&t, NULL, what == 0 ? loops : nothing, (void *)(long)what) != 0)
			continue;
		if (what == 0) {
			pthread_cancel(t);
			pthread_join(t, NULL);
		} else if (what < 3) {
			pthread_join(t, NULL);
		} else {
			pthread_detach(t);
		}
		if (random_number(&state) % 64 == 0) {
			pid_t pid = fork();
			if (pid == 0)
				_exit(0);
			if (pid > 0)
				waitpid(pid, NULL, 0);
		}
	}
}

/* The process: its threads run until one of them, or the parent, ends it. */
static void crowd(unsigned state, int how)
{
	pthread_t t;
	for (long i = 0; i < THREADS; i++)
		if (pthread_create(&t, NULL, comes_and_goes, (void *)(long)(state + i)) != 0)
			_exit(97);
	for (unsigned n = random_number(&state) % 200; n; n--)
		sched_yield();
	if (how == 0)
		_exit(7);
	if (how == 1)
		execl(self, "test", "leave", NULL);
	if (how == 2)
		pthread_exit(NULL); /* the others live on */
	for (;;)
		pause();
}

static void round_of(unsigned state)
{
	pid_t pid[4];
	int status;
	for (int how = 0; how < 4; how++) {
		pid[how] = fork();
		CHECK(pid[how] >= 0);
		if (pid[how] == 0)
			crowd(state + (unsigned)how * 77, how);
	}
	usleep(random_number(&state) % 20000);
	for (int how = 2; how < 4; how++)
		CHECK(kill(pid[how], SIGKILL) == 0);
	for (int how = 0; how < 4; how++) {
		CHECK(waitpid(pid[how], &status, 0) == pid[how]);
		if (how < 2)
			CHECK(status == 7 << 8);
		else
			CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		lock_and_unlock(&shared->mutex[how & 1]);
	}
}

int main(int argc, char **argv)
{
	pthread_mutexattr_t attr;
	if (argc > 1 && strcmp(argv[1], "leave") == 0)
		return 7;
	int rounds = argc > 1 ? atoi(argv[1]) : 15;
	unsigned seed = argc > 2 ? (unsigned)atoi(argv[2]) : 1;
	CHECK(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	shared = (struct shared *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(pthread_mutexattr_init(&attr) == 0 && pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST) == 0);
	CHECK(pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED) == 0);
	for (int i = 0; i < 2; i++)
		CHECK(pthread_mutex_init(&shared->mutex[i], &attr) == 0);
	for (int i = 0; i < rounds; i++)
		round_of(seed + (unsigned)i * 1000);
	return 0;
}
