#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Threads of programs from outside: static ones made for Linux with musl and with glibc, in C and in C++, run unmodified,
# on one CPU and on four; and the same C program made with tools/atlas-cc.
set -u
. tests/host/bad_input.bash
begin show_threads

cat >"$work/t.c" <<'END'
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NEED(x) \
	do { \
		if (!(x)) { \
			printf("wrong in line %d: %s (%s)\n", __LINE__, #x, strerror(errno)); \
			exit(1); \
		} \
	} while (0)

static __thread int own = 5;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static sem_t sem;
static int onces, destroyed, waiting, handled;
static long counter;

static void count_once(void) { onces++; }
static void destroy(void *value) { __atomic_add_fetch(&destroyed, (int)(long)value, __ATOMIC_SEQ_CST); }
static void handler(int signo) { handled += signo; }

static void *work(void *arg)
{
	NEED(own == 5);
	own += (int)(long)arg;
	pthread_once(&once, count_once);
	NEED(pthread_setspecific(key, arg) == 0);
	for (int i = 0; i < 2000; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
		pthread_rwlock_rdlock(&rwlock);
		pthread_rwlock_unlock(&rwlock);
		free(malloc((size_t)i));
	}
	pthread_barrier_wait(&barrier);
	NEED(counter == 8 * 2000);
	pthread_barrier_wait(&barrier);
	pthread_mutex_lock(&mutex);
	waiting++;
	pthread_cond_wait(&cond, &mutex);
	pthread_mutex_unlock(&mutex);
	return (void *)(long)own;
}

static void workers(void)
{
	pthread_t t[8];
	void *result;
	int left = 8;

	NEED(pthread_key_create(&key, destroy) == 0 && pthread_barrier_init(&barrier, NULL, 8) == 0);
	for (long i = 0; i < 8; i++)
		NEED(pthread_create(&t[i], NULL, work, (void *)(i + 1)) == 0);
	while (left) {
		pthread_mutex_lock(&mutex);
		if (waiting == 8)
			left = 0, pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&mutex);
		sched_yield();
	}
	for (long i = 0; i < 8; i++)
		NEED(pthread_join(t[i], &result) == 0 && (long)result == 6 + i);
	NEED(onces == 1 && destroyed == 36 && own == 5);
}

static void *forever(void *arg)
{
	sem_post(&sem);
	for (;;)
		pause();
	return arg;
}

static void *detached(void *arg)
{
	sem_post(&sem);
	return arg;
}

static void ends(void)
{
	struct timespec until;
	pthread_attr_t attr;
	pthread_t t;
	void *result;

	NEED(sem_init(&sem, 0, 0) == 0);
	NEED(pthread_create(&t, NULL, forever, NULL) == 0 && sem_wait(&sem) == 0);
	signal(SIGUSR1, handler);
	NEED(pthread_kill(t, SIGUSR1) == 0);
	while (!*(volatile int *)&handled)
		sched_yield();
	NEED(pthread_cancel(t) == 0 && pthread_join(t, &result) == 0 && result == PTHREAD_CANCELED);
	NEED(pthread_attr_init(&attr) == 0 && pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED) == 0);
	for (int i = 0; i < 50; i++)
		NEED(pthread_create(&t, &attr, detached, NULL) == 0 && sem_wait(&sem) == 0);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec = (until.tv_nsec + 20000000) % 1000000000;
	until.tv_sec += until.tv_nsec < 20000000;
	pthread_mutex_lock(&mutex);
	NEED(pthread_cond_timedwait(&cond, &mutex, &until) == ETIMEDOUT);
	pthread_mutex_unlock(&mutex);
	NEED(sem_timedwait(&sem, &until) == -1 && errno == ETIMEDOUT);
}

static void robust(void)
{
	pthread_mutex_t *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t attr;
	int status;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	NEED(pthread_mutex_init(m, &attr) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		pthread_mutex_lock(m);
		kill(getpid(), SIGKILL);
	}
	NEED(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	NEED(pthread_mutex_lock(m) == EOWNERDEAD && pthread_mutex_consistent(m) == 0 && pthread_mutex_unlock(m) == 0);
	NEED(pthread_mutex_lock(m) == 0 && pthread_mutex_unlock(m) == 0);
}

int main(void)
{
	workers();
	ends();
	robust();
	puts("threads work");
	return 42;
}
END

cat >"$work/t.cc" <<'END'
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <future>
#include <mutex>
#include <shared_mutex>
#include <stdexcept>
#include <thread>
#include <vector>

static std::atomic<int> destroyed;
struct counted {
	int value = 0;
	~counted() { destroyed += value; }
};
static thread_local counted own;

int main()
{
	std::mutex mutex;
	std::shared_mutex shared;
	std::condition_variable changed;
	std::vector<std::thread> threads;
	long sum = 0;
	int turn = 0;

	for (int i = 0; i < 8; i++)
		threads.emplace_back([&, i] {
			own.value = i;
			for (int k = 0; k < 1000; k++) {
				std::lock_guard<std::mutex> lock(mutex);
				sum += i;
			}
			std::shared_lock<std::shared_mutex> reading(shared);
			std::unique_lock<std::mutex> lock(mutex);
			changed.wait(lock, [&] { return turn == i; });
			turn++;
			changed.notify_all();
		});
	for (auto &t : threads)
		t.join();

	auto failing = std::async(std::launch::async, []() -> int { throw std::runtime_error("thrown in a thread"); });
	std::string caught;
	try {
		failing.get();
	} catch (const std::exception &e) {
		caught = e.what();
	}
	std::promise<int> promise;
	auto future = promise.get_future();
	std::thread setter([&] {
		std::this_thread::sleep_for(std::chrono::milliseconds(5));
		promise.set_value(7);
	});
	int seven = future.get();
	setter.join();
	std::unique_lock<std::mutex> lock(mutex);
	bool late = changed.wait_for(lock, std::chrono::milliseconds(5)) == std::cv_status::timeout;
	std::printf("%ld %d %d %s %d\n", sum, destroyed.load(), seven, caught.c_str(), late);
	return 42;
}
END

runs() { # name expected-output file
	for cpus in 1 4; do
		boot --cpus "$cpus" --cwd /tmp --add "$3:/home/t" /home/t
		said() { ended 42 && [ "$(cat "$work/out")" = "$2" ] && ! logged 'does not exist here'; }
		holds "$1, on $cpus CPU(s)" said "$1" "$2"
	done
}

made() { # source output compiler options...
	local source=$1 output=$2
	shift 2
	command -v "$1" >/dev/null && "$@" -static -O2 -o "$output" "$source" 2>"$work/made.err"
}

for maker in musl-gcc gcc; do
	if made "$work/t.c" "$work/t" "$maker" -pthread; then
		runs "threads of a static program made by $maker work" 'threads work' "$work/t"
	else
		echo "ok $((number += 1)) - threads made by $maker # SKIP $maker cannot make static ones here"
	fi
done
if made "$work/t.cc" "$work/t" g++ -std=c++17 -pthread; then
	runs 'std::thread and its kin work' '28000 28 7 thrown in a thread 1' "$work/t"
else
	echo "ok $((number += 1)) - std::thread # SKIP g++ cannot make static ones here"
fi
holds "atlas-cc takes -pthread and -lpthread" "$root/tools/atlas-cc" -pthread -O2 -Wall -Wextra -Werror -o "$work/t" "$work/t.c" \
	-lpthread -lrt
runs "threads of a program made by atlas-cc work" 'threads work' "$work/t"
finish
