/* SPDX-License-Identifier: MIT */
/*
 * System V shared memory: keys, rights, attachments counted over fork and exit, a removed segment lives until its last
 * one goes.
 */
#define _GNU_SOURCE
#include "check.h"

#include <sys/shm.h>

#define KEY 0x41544c53

static struct shmid_ds of(int id)
{
	struct shmid_ds ds;

	CHECK(shmctl(id, IPC_STAT, &ds) == 0);
	return ds;
}

static char *attach(int id, void *at, int flags)
{
	char *p = shmat(id, at, flags);

	CHECK(p != (void *)-1);
	return p;
}

static void keys(void)
{
	FAILS(shmget(KEY, 100, 0600), ENOENT);
	FAILS(shmget(IPC_PRIVATE, 0, 0600), EINVAL);
	int id = shmget(KEY, 2 * PAGE + 5, IPC_CREAT | 0640);
	CHECK(id >= 0 && shmget(KEY, 0, 0) == id && shmget(KEY, 3 * PAGE - PAGE + 5, IPC_CREAT) == id);
	FAILS(shmget(KEY, 2 * PAGE + 6, 0), EINVAL);
	FAILS(shmget(KEY, 1, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
	struct shmid_ds ds = of(id);
	CHECK(ds.shm_perm.__key == KEY && ds.shm_perm.mode == 0640 && ds.shm_segsz == 2 * PAGE + 5 && ds.shm_nattch == 0);
	CHECK(ds.shm_cpid == getpid() && ds.shm_lpid == 0 && ds.shm_atime == 0 && ds.shm_dtime == 0 && ds.shm_ctime > 0);
	CHECK(shmctl(id, IPC_RMID, NULL) == 0);
	FAILS(shmctl(id, IPC_STAT, &ds), EINVAL);
	FAILS(shmat(id, NULL, 0), EINVAL);
	int next = shmget(KEY, 1, IPC_CREAT | 0600);
	CHECK(next >= 0 && next != id && shmctl(next, IPC_RMID, NULL) == 0);
	FAILS(shmctl(-1, IPC_STAT, &ds), EINVAL);
}

static void attachments(void)
{
	int id = shmget(IPC_PRIVATE, 3 * PAGE, 0600);
	char *a = attach(id, NULL, 0), *b = attach(id, NULL, SHM_RDONLY);

	CHECK(a != b && of(id).shm_nattch == 2 && of(id).shm_lpid == getpid() && of(id).shm_atime > 0);
	a[PAGE] = 5;
	CHECK(b[PAGE] == 5);
	DIES_BY(SIGSEGV, STORE(b, 1));
	FAILS(mprotect(b, PAGE, PROT_READ | PROT_WRITE), EACCES);
	CHILD_PASSES({ CHECK(of(id).shm_nattch == 4); a[2 * PAGE] = 9; CHECK(shmdt(b) == 0 && of(id).shm_nattch == 3); });
	CHECK(b[2 * PAGE] == 9 && of(id).shm_nattch == 2 && of(id).shm_dtime > 0 && of(id).shm_lpid != getpid());
	FAILS(shmdt(a + PAGE), EINVAL);
	FAILS(shmdt(a + 1), EINVAL);
	CHECK(munmap(a + PAGE, PAGE) == 0 && of(id).shm_nattch == 3); /* in two pieces */
	CHECK(shmdt(a) == 0 && of(id).shm_nattch == 1);
	FAILS(shmdt(a), EINVAL);
	CHECK(shmctl(id, IPC_RMID, NULL) == 0 && (of(id).shm_perm.mode & SHM_DEST) && of(id).shm_perm.__key == 0);
	a = attach(id, NULL, 0);
	CHECK(a[2 * PAGE] == 9 && shmdt(a) == 0 && of(id).shm_nattch == 1 && shmdt(b) == 0);
	struct shmid_ds ds;
	FAILS(shmctl(id, IPC_STAT, &ds), EINVAL);
}

static void places(void)
{
	int id = shmget(IPC_PRIVATE, 2 * PAGE, 0600);
	char *room = (char *)map_anon(8 * PAGE);

	FAILS(shmat(id, room, 0), EINVAL);
	FAILS(shmat(id, room + 5, SHM_REMAP), EINVAL);
	FAILS(shmat(id, NULL, SHM_REMAP), EINVAL);
	CHECK(attach(id, room + PAGE + 7, SHM_REMAP | SHM_RND) == room + PAGE);
	strcpy(room + PAGE, "here");
	CHECK(munmap(room + 4 * PAGE, 4 * PAGE) == 0 && attach(id, room + 5 * PAGE, SHM_EXEC) == room + 5 * PAGE);
	CHECK(!strcmp(room + 5 * PAGE, "here") && shmdt(room + 5 * PAGE) == 0 && shmdt(room + PAGE) == 0);
	FAILS(shmdt(room + PAGE), EINVAL);
	FAILS(shmat(-1, NULL, 0), EINVAL);
	CHECK(shmctl(id, IPC_RMID, NULL) == 0);
}

static void rights(void)
{
	int id = shmget(KEY, PAGE, IPC_CREAT | 0604);
	struct shmid_ds ds = of(id);

	CHILD_PASSES({
		CHECK(setgid(1000) == 0 && setuid(1000) == 0);
		CHECK(shmget(KEY, 1, 0) == id && shmget(KEY, 1, 0400) == id);
		FAILS(shmget(KEY, 1, 0600), EACCES);
		FAILS(shmat(id, NULL, 0), EACCES);
		FAILS(shmat(id, NULL, SHM_RDONLY | SHM_EXEC), EACCES);
		CHECK(shmdt(attach(id, NULL, SHM_RDONLY)) == 0);
		FAILS(shmctl(id, IPC_RMID, NULL), EPERM);
		FAILS(shmctl(id, IPC_SET, &ds), EPERM);
	});
	ds.shm_perm.uid = 1000;
	ds.shm_perm.mode = 0600;
	CHECK(shmctl(id, IPC_SET, &ds) == 0 && of(id).shm_perm.uid == 1000 && of(id).shm_perm.cuid == 0);
	CHILD_PASSES({
		CHECK(setuid(1000) == 0 && shmdt(attach(id, NULL, 0)) == 0);
		CHECK(shmctl(id, SHM_LOCK, NULL) == 0 && (of(id).shm_perm.mode & SHM_LOCKED) &&
		      shmctl(id, SHM_UNLOCK, NULL) == 0);
		CHECK(shmctl(id, IPC_RMID, NULL) == 0);
	});
}

static void shown(void)
{
	int id = shmget(KEY, 5000, IPC_CREAT | 0600);
	char *p = attach(id, NULL, 0), line[300], name[64];
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned long start;
	int found = 0;

	while (fgets(line, sizeof line, f)) {
		sscanf(line, "%lx", &start);
		if (start != (unsigned long)p)
			continue;
		sprintf(name, " %d ", id);
		CHECK(strstr(line, "rw-s 00000000 00:01") && strstr(line, "/SYSV41544c53 (deleted)\n") && strstr(line, name));
		found = 1;
	}
	CHECK(found && fclose(f) == 0 && (f = fopen("/proc/sysvipc/shm", "r")) && fgets(line, sizeof line, f));
	CHECK(strstr(line, "key      shmid perms                  size"));
	p[0] = 1;
	for (found = 0; fgets(line, sizeof line, f);) {
		int key, shmid, nattch;
		unsigned mode;
		unsigned long size;
		CHECK(sscanf(line, "%d %d %o %lu %*u %*u %d", &key, &shmid, &mode, &size, &nattch) == 5);
		found |= key == KEY && shmid == id && mode == 0600 && size == 5000 && nattch == 1;
	}
	CHECK(found && fclose(f) == 0);
	struct shm_info info;
	struct shminfo limits;
	CHECK(shmctl(0, SHM_INFO, (void *)&info) >= 0 && info.used_ids >= 1 && info.shm_tot >= 2 && info.shm_rss >= 1);
	CHECK(shmctl(0, IPC_INFO, (void *)&limits) >= 0 && limits.shmmni == 4096 && limits.shmmin == 1 &&
	      limits.shmmax > 1ul << 62);
	CHECK(shmdt(p) == 0 && shmctl(id, IPC_RMID, NULL) == 0);
}

/* execve takes attachments away, exit too, and a segment that waits for that goes. */
static void ends(char **argv)
{
	int id = shmget(IPC_PRIVATE, PAGE, 0600), hold[2];
	char *p = attach(id, NULL, 0), byte;
	struct shmid_ds ds;

	CHECK(pipe(hold) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(hold[0], 0);
		close(hold[1]);
		execl(argv[0], argv[0], "wait", NULL);
		_exit(9);
	}
	close(hold[0]);
	for (int i = 0; of(id).shm_nattch != 1; i++)
		usleep(1000);
	CHECK(of(id).shm_nattch == 1 && shmctl(id, IPC_RMID, NULL) == 0 && shmdt(p) == 0);
	FAILS(shmctl(id, IPC_STAT, &ds), EINVAL);
	close(hold[1]);
	CHECK(waitpid(pid, NULL, 0) == pid);
	id = shmget(IPC_PRIVATE, PAGE, 0600);
	CHILD_PASSES({ p = attach(id, NULL, 0); *p = 3; CHECK(shmctl(id, IPC_RMID, NULL) == 0 && *p == 3); });
	FAILS(shmctl(id, IPC_STAT, &ds), EINVAL);
	(void)byte;
}

static void many(void)
{
	static int ids[300];

	for (int i = 0; i < 300; i++)
		CHECK((ids[i] = shmget(IPC_PRIVATE, PAGE, 0600)) >= 0);
	for (int i = 0; i < 300; i++)
		for (int j = 0; j < i; j++)
			CHECK(ids[i] != ids[j]);
	for (int i = 0; i < 300; i++)
		CHECK(shmctl(ids[i], IPC_RMID, NULL) == 0);
}

int main(int argc, char **argv)
{
	char byte;

	if (argc > 1)
		return (int)read(0, &byte, 1);
	keys();
	attachments();
	places();
	rights();
	shown();
	ends(argv);
	many();
	return 0;
}
