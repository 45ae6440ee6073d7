/* SPDX-License-Identifier: MIT */
/*
 * What only Atlas's library has: threads by number, locks, and copies that survive a fault; and C11's
 * threads. POSIX's are tested in tests/user.
 */
#include "check.h"
#include <atlas/lock.h>
#include <atlas/thread.h>
#include <atlas/try_copy.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <threads.h>
#include <unistd.h>

enum { THREADS = 8, ROUNDS = 20000 };

static struct lock lock;
static long counter;
static __thread long own = 7;

static void *work(void *arg)
{
	own += (long)arg;
	for (int i = 0; i < ROUNDS; i++) {
		lock_acquire(&lock);
		counter++;
		lock_release(&lock);
		if (i % 16 == 0)
			free(malloc((size_t)i % 300));
	}
	errno = (int)own;
	CHECK(close(-1) == -1 && errno == EBADF);
	return (void *)own;
}

static void threads(void)
{
	int tid[THREADS];

	for (long i = 0; i < THREADS; i++) {
		tid[i] = thread_create(work, (void *)i, 0);
		CHECK(tid[i] > 0);
	}
	for (long i = 0; i < THREADS; i++) {
		void *result;

		CHECK(thread_join(tid[i], &result) == 0 && (long)result == 7 + i);
	}
	CHECK(counter == (long)THREADS * ROUNDS && own == 7);
	CHECK(thread_join(tid[0], NULL) == -ESRCH);
}

static void copies(void)
{
	int fd = open("mapped", O_CREAT | O_RDWR, 0600);
	char buffer[64], *map;

	CHECK(fd >= 0 && ftruncate(fd, 100) == 0);
	map = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED && try_copy_init() == 0);
	CHECK(try_copy(buffer, "hello", 6) == 0);
	CHECK_TEXT(buffer, "hello");
	CHECK(try_copy(buffer, map, 64) == 0);
	CHECK(try_copy(buffer, map + 4090, 20) == -1);
	CHECK(try_copy(buffer, map + 4096, 3) == -1);
	CHECK(try_copy(buffer, (void *)8, 5) == -1 && try_copy(map, buffer, 5) == -1);
	close(fd);
	unlink("mapped");
}

static mtx_t mutex;
static cnd_t cond;
static tss_t key;
static once_flag once = ONCE_FLAG_INIT;
static int turn, onces, destroyed;

static void count_once(void)
{
	onces++;
}

static void destroy(void *value)
{
	destroyed += *(int *)value;
}

static int standard_work(void *arg)
{
	int *mine = arg;

	call_once(&once, count_once);
	CHECK(tss_set(key, mine) == thrd_success && tss_get(key) == mine);
	CHECK(mtx_lock(&mutex) == thrd_success && mtx_trylock(&mutex) == thrd_success);
	CHECK(mtx_unlock(&mutex) == thrd_success);
	while (turn != *mine)
		CHECK(cnd_wait(&cond, &mutex) == thrd_success);
	turn++;
	CHECK(cnd_broadcast(&cond) == thrd_success && mtx_unlock(&mutex) == thrd_success);
	return -*mine;
}

static void standard(void)
{
	static int number[3] = { 0, 1, 2 };
	struct timespec past = { 1, 0 }, moment = { 0, 1000 };
	thrd_t t[3];

	CHECK(mtx_init(&mutex, mtx_recursive) == thrd_success && cnd_init(&cond) == thrd_success);
	CHECK(tss_create(&key, destroy) == thrd_success);
	for (int i = 2; i >= 0; i--)
		CHECK(thrd_create(&t[i], standard_work, &number[i]) == thrd_success);
	for (int i = 0; i < 3; i++) {
		int result;

		CHECK(thrd_join(t[i], &result) == thrd_success && result == -i);
	}
	CHECK(onces == 1 && destroyed == 3 && thrd_sleep(&moment, NULL) == 0);
	CHECK(mtx_lock(&mutex) == thrd_success);
	CHECK(cnd_timedwait(&cond, &mutex, &past) == thrd_timedout && mtx_unlock(&mutex) == thrd_success);
}

int main(void)
{
	threads();
	standard();
	copies();
	return 0;
}
