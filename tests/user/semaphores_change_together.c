/* SPDX-License-Identifier: MIT */
/* System V semaphores: all operations of a call or none, waiting and its ends, what exit takes back. */
#define _GNU_SOURCE
#include "check.h"

#include <sys/sem.h>

#define KEY 0x53454d41

static int value(int id, int num) { return semctl(id, num, GETVAL); }

static int op(int id, int num, int by, int flags)
{
	struct sembuf one = { (unsigned short)num, (short)by, (short)flags };

	return semop(id, &one, 1);
}

static void wait_for(int id, int num, int what, int count)
{
	while (semctl(id, num, what) != count)
		usleep(1000);
}

static void handler(int signo) { (void)signo; }

static void sets(void)
{
	struct semid_ds ds;

	FAILS(semget(KEY, 1, 0600), ENOENT);
	FAILS(semget(KEY, 0, IPC_CREAT | 0600), EINVAL);
	FAILS(semget(IPC_PRIVATE, -1, 0600), EINVAL);
	FAILS(semget(IPC_PRIVATE, 32001, 0600), EINVAL);
	int id = semget(KEY, 3, IPC_CREAT | 0640);
	CHECK(id >= 0 && semget(KEY, 0, 0) == id && semget(KEY, 3, IPC_CREAT) == id);
	FAILS(semget(KEY, 4, 0), EINVAL);
	FAILS(semget(KEY, 3, IPC_CREAT | IPC_EXCL), EEXIST);
	CHECK(semctl(id, 0, IPC_STAT, &ds) == 0 && ds.sem_nsems == 3 && ds.sem_otime == 0 && ds.sem_ctime > 0);
	CHECK(ds.sem_perm.__key == KEY && ds.sem_perm.mode == 0640);
	CHECK(value(id, 0) == 0 && semctl(id, 1, SETVAL, 7) == 0 && value(id, 1) == 7 && semctl(id, 1, GETPID) == getpid());
	FAILS(semctl(id, 3, GETVAL), EINVAL);
	FAILS(semctl(id, -1, GETVAL), EINVAL);
	FAILS(semctl(id, 0, SETVAL, 32768), ERANGE);
	FAILS(semctl(id, 0, SETVAL, -1), ERANGE);
	FAILS(semctl(id, 0, 99), EINVAL);
	unsigned short all[3] = { 1, 2, 3 }, got[3];
	CHECK(semctl(id, 0, SETALL, all) == 0 && semctl(id, 0, GETALL, got) == 0 && !memcmp(all, got, sizeof all));
	all[1] = 40000;
	FAILS(semctl(id, 0, SETALL, all), ERANGE);
	FAILS(semctl(id, 0, GETALL, (void *)8), EFAULT);
	CHECK(semctl(id, 0, IPC_RMID) == 0);
	FAILS(semctl(id, 0, GETVAL), EINVAL);
}

static void together(void)
{
	int id = semget(IPC_PRIVATE, 3, 0600);
	struct sembuf take[3] = { { 0, -1, 0 }, { 1, -1, 0 }, { 2, -1, IPC_NOWAIT } };
	static struct sembuf many[600];

	CHECK(semctl(id, 0, SETVAL, 1) == 0 && semctl(id, 1, SETVAL, 1) == 0);
	FAILS(semop(id, take, 3), EAGAIN);
	CHECK(value(id, 0) == 1 && value(id, 1) == 1);
	CHECK(op(id, 2, 2, 0) == 0 && semop(id, take, 3) == 0 && value(id, 0) == 0 && value(id, 2) == 1);
	FAILS(op(id, 3, 1, 0), EFBIG);
	FAILS(semop(id, take, 0), EINVAL);
	FAILS(semop(id, many, 501), E2BIG);
	FAILS(semop(id, (void *)8, 1), EFAULT);
	FAILS(semop(-1, take, 1), EINVAL);
	CHECK(semctl(id, 0, SETVAL, 32767) == 0);
	FAILS(op(id, 0, 1, 0), ERANGE);
	FAILS(op(id, 0, 0, IPC_NOWAIT), EAGAIN);
	CHECK(op(id, 1, 0, 0) == 0); /* zero, and is */
	struct sembuf up_down[2] = { { 1, 5, 0 }, { 1, -3, 0 } };
	CHECK(semop(id, up_down, 2) == 0 && value(id, 1) == 2);
	CHECK(semctl(id, 0, IPC_RMID) == 0);
}

static void waiting(void)
{
	int id = semget(IPC_PRIVATE, 2, 0600), status;
	struct timespec soon = { 0, 20000000 }, wrong = { 0, 1000000000 };
	struct sembuf down = { 0, -1, 0 };

	FAILS(semtimedop(id, &down, 1, &soon), EAGAIN);
	FAILS(semtimedop(id, &down, 1, &wrong), EINVAL);
	pid_t pid = fork();
	if (pid == 0)
		_exit(op(id, 0, -2, 0) == 0 && op(id, 1, 0, 0) == 0 ? 0 : 1);
	wait_for(id, 0, GETNCNT, 1);
	CHECK(semctl(id, 1, SETVAL, 1) == 0 && op(id, 0, 1, 0) == 0 && value(id, 0) == 1 && op(id, 0, 1, 0) == 0);
	wait_for(id, 1, GETZCNT, 1);
	CHECK(value(id, 0) == 0 && semctl(id, 0, GETPID) == pid && op(id, 1, -1, 0) == 0);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);

	pid = fork();
	if (pid == 0) {
		signal(SIGUSR1, handler);
		FAILS(op(id, 0, -1, 0), EINTR);
		CHECK(semctl(id, 1, SETVAL, 9) == 0);
		FAILS(op(id, 0, -1, 0), EIDRM);
		_exit(0);
	}
	wait_for(id, 0, GETNCNT, 1);
	CHECK(kill(pid, SIGUSR1) == 0);
	wait_for(id, 1, GETVAL, 9);
	wait_for(id, 0, GETNCNT, 1);
	FAILS(semctl(id + 32768, 0, GETVAL), EINVAL); /* the place is taken, but by another */
	CHECK(semctl(id, 0, IPC_RMID) == 0 && waitpid(pid, &status, 0) == pid && status == 0);
}

static void taken_back(void)
{
	int id = semget(IPC_PRIVATE, 2, 0600);

	CHECK(semctl(id, 0, SETVAL, 5) == 0);
	CHILD_PASSES({ CHECK(op(id, 0, -3, SEM_UNDO) == 0 && op(id, 1, 4, SEM_UNDO) == 0 && value(id, 0) == 2); });
	CHECK(value(id, 0) == 5 && value(id, 1) == 0);
	CHILD_PASSES({ CHECK(op(id, 1, 4, SEM_UNDO) == 0 && op(id, 1, -3, 0) == 0); });
	CHECK(value(id, 1) == 0); /* not below zero */
	CHILD_PASSES({
		CHECK(op(id, 0, -3, SEM_UNDO) == 0);
		CHILD_PASSES({ }); /* a child has no undos of its parent's */
		CHECK(value(id, 0) == 2 && semctl(id, 0, SETVAL, 1) == 0);
	});
	CHECK(value(id, 0) == 1); /* setting a value forgets them */
	pid_t pid = fork();
	if (pid == 0) {
		op(id, 0, -1, SEM_UNDO);
		for (;;)
			pause();
	}
	while (value(id, 0))
		usleep(1000);
	CHECK(kill(pid, SIGKILL) == 0 && op(id, 0, -1, 0) == 0 && waitpid(pid, NULL, 0) == pid);
	FAILS(op(id, 0, -1, IPC_NOWAIT | SEM_UNDO), EAGAIN);
	CHILD_PASSES({ CHECK(op(id, 0, 1, SEM_UNDO) == 0 && semctl(id, 0, IPC_RMID) == 0); });
}

static void rights(void)
{
	int id = semget(KEY, 1, IPC_CREAT | 0604);
	struct semid_ds ds;

	CHILD_PASSES({
		CHECK(setgid(1000) == 0 && setuid(1000) == 0 && value(id, 0) == 0 && op(id, 0, 0, 0) == 0);
		FAILS(op(id, 0, 1, 0), EACCES);
		FAILS(semctl(id, 0, SETVAL, 1), EACCES);
		FAILS(semctl(id, 0, IPC_RMID), EPERM);
		FAILS(semget(KEY, 1, 0200), EACCES);
	});
	CHECK(semctl(id, 0, IPC_STAT, &ds) == 0);
	ds.sem_perm.mode = 0666;
	CHECK(semctl(id, 0, IPC_SET, &ds) == 0);
	CHILD_PASSES({ CHECK(setuid(1000) == 0 && op(id, 0, 1, 0) == 0); });
	CHECK(value(id, 0) == 1 && semctl(id, 0, IPC_RMID) == 0);
}

/* Two processes take turns. */
static void turns(void)
{
	int id = semget(IPC_PRIVATE, 2, 0600), status;
	int *count = (int *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	pid_t pid = fork();
	for (int i = 0; i < 200; i++) {
		if (pid) {
			CHECK(*count == 2 * i);
			++*count;
			CHECK(op(id, 0, 1, 0) == 0 && op(id, 1, -1, 0) == 0);
		} else {
			CHECK(op(id, 0, -1, 0) == 0 && *count == 2 * i + 1);
			++*count;
			CHECK(op(id, 1, 1, 0) == 0);
		}
	}
	if (!pid)
		_exit(0);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0 && *count == 400 && semctl(id, 0, IPC_RMID) == 0);
}

int main(void)
{
	struct seminfo info;

	sets();
	together();
	waiting();
	taken_back();
	rights();
	turns();
	CHECK(semctl(0, 0, IPC_INFO, &info) >= 0 && info.semmni == 32000 && info.semopm == 500 && info.semvmx == 32767);
	return 0;
}
