/* SPDX-License-Identifier: MIT */
/*
 * Locks on files: ranges and how they are cut and joined, who stands in whose way, waiting, deadlock, and when locks
 * end.
 */
#include <sys/file.h>

#include "show.h"

enum { GETLK = 5, SETLK, SETLKW, OFD_GETLK = 36, OFD_SETLK, OFD_SETLKW };

struct klock { short type, whence; int pad; long start, len; int pid, pad2; };

static long lock_whence(int fd, int cmd, int type, int whence, long start, long len)
{
	struct klock l = { (short)type, (short)whence, 0, start, len, 0, 0 };

	return CALL(fcntl, fd, cmd, &l);
}

static long lock(int fd, int cmd, int type, long start, long len) { return lock_whence(fd, cmd, type, 0, start, len); }

/* What stands in the way of a write lock, as another process sees it. */
static void look(int fd, const char *what)
{
	pid_t parent = getpid();

	printf("%s:", what);
	IN_CHILD({
		for (long at = 0;;) {
			struct klock l = { F_WRLCK, 0, 0, at, 0, 0, 0 };
			long r = CALL(fcntl, fd, GETLK, &l);
			if (r || l.type == F_UNLCK)
				break;
			printf(" %s %ld+%ld%s", l.type == F_RDLCK ? "r" : "w", l.start, l.len,
			       l.pid == parent ? "" : l.pid == -1 ? " (an open file)" : " (another)");
			if (!l.len)
				break;
			at = l.start + l.len;
		}
	});
	printf("\n");
}

/* How many wait: lines of /proc/locks with an arrow. show: print all, without what depends on chance. */
static int table(bool show)
{
	char line[200];
	int waiting = 0;
	FILE *f = fopen("/proc/locks", "r");

	while (f && fgets(line, sizeof line, f)) {
		char *at = strchr(line, ' '), kind[16], how[16], type[16], from[32], to[32];
		bool waits = at && !strncmp(at, " ->", 3);
		waiting += waits;
		if (show && at && sscanf(at + (waits ? 4 : 1), "%15s %15s %15s %*s %*s %31s %31s", kind, how, type, from,
		                         to) == 5)
			printf("  %s%s %s %s %s %s\n", waits ? "-> " : "", kind, how, type, from, to);
	}
	if (f)
		fclose(f);
	return waiting;
}

static void until_waiting(int n)
{
	while (table(false) != n)
		usleep(1000);
}

static void ranges(void)
{
	int fd = make_file("ranges", 10);
	static const struct { int type; long start, len; } steps[] = {
		{ F_WRLCK, 10, 10 }, { F_WRLCK, 20, 10 }, { F_RDLCK, 15, 5 }, { F_UNLCK, 12, 1 }, { F_WRLCK, 12, 1 },
		{ F_RDLCK, 30, 0 }, { F_UNLCK, 40, 5 }, { F_RDLCK, 0, 100 }, { F_WRLCK, 0, 0 }, { F_UNLCK, 5, 0 },
		{ F_RDLCK, 8, 1 }, { F_RDLCK, 6, 1 }, { F_RDLCK, 7, 1 }, { F_UNLCK, 0, 0 }, { F_UNLCK, 0, 0 },
		{ F_WRLCK, 20, -5 }, { F_UNLCK, 17, 1 }, { F_WRLCK, 0x7fffffffffffffff, 1 }, { F_WRLCK, 0x7ffffffffffffffe, 1 },
		{ F_UNLCK, 0, 0x7fffffffffffffff }, { F_UNLCK, 0, 0 },
	};

	for (size_t i = 0; i < COUNT(steps); i++) {
		printf("%s %ld+%ld %s", steps[i].type == F_UNLCK ? "un" : steps[i].type == F_RDLCK ? "r" : "w", steps[i].start,
		       steps[i].len, shown(lock(fd, SETLK, steps[i].type, steps[i].start, steps[i].len)));
		look(fd, "");
	}
	lseek(fd, 4, SEEK_SET);
	printf("from the position %s", shown(lock_whence(fd, SETLK, F_WRLCK, SEEK_CUR, -1, 2)));
	look(fd, "");
	printf("from the end %s", shown(lock_whence(fd, SETLK, F_WRLCK, SEEK_END, -1, 0)));
	look(fd, "");
	close(fd);
}

static void refusals(void)
{
	int rw = make_file("refusals", 10), r = open("refusals", O_RDONLY), w = open("refusals", O_WRONLY);
	int path = open("refusals", O_PATH), dir = open(".", O_RDONLY | O_DIRECTORY), ends[2];
	static const long starts[] = { 0, -1, 5, 0x7fffffffffffffff }, lens[] = { 0, 1, -1, -6, 0x7fffffffffffffff };

	for (int cmd = GETLK; cmd <= OFD_SETLK; cmd += cmd == SETLKW ? OFD_GETLK - SETLKW : 1)
		for (int type = -1; type <= 3; type++) {
			printf("cmd %d type %d: rw %s", cmd, type, shown(lock(rw, cmd, type, 0, 0)));
			lock(rw, SETLK, F_UNLCK, 0, 0);
			lock(rw, OFD_SETLK, F_UNLCK, 0, 0);
			printf(" r %s", shown(lock(r, cmd, type, 0, 0)));
			lock(r, OFD_SETLK, F_UNLCK, 0, 0);
			printf(" w %s", shown(lock(w, cmd, type, 0, 0)));
			lock(w, SETLK, F_UNLCK, 0, 0);
			lock(w, OFD_SETLK, F_UNLCK, 0, 0);
			printf(" path %s", shown(lock(path, cmd, type, 0, 0)));
			printf(" dir %s", shown(lock(dir, cmd, type, 0, 0)));
			lock(dir, SETLK, F_UNLCK, 0, 0);
			lock(dir, OFD_SETLK, F_UNLCK, 0, 0);
			printf(" none %s\n", shown(lock(99, cmd, type, 0, 0)));
		}
	for (size_t s = 0; s < COUNT(starts); s++)
		for (size_t l = 0; l < COUNT(lens); l++)
			for (int whence = -1; whence <= 3; whence++)
				printf("%ld+%ld from %d: %s %s\n", starts[s], lens[l], whence,
				       shown(lock_whence(rw, SETLK, F_UNLCK, whence, starts[s], lens[l])),
				       shown(lock_whence(rw, GETLK, F_WRLCK, whence, starts[s], lens[l])));
	printf("bad pointer %s %s\n", shown(CALL(fcntl, rw, SETLK, 8)), shown(CALL(fcntl, rw, GETLK, -8)));
	struct klock with_pid = { F_WRLCK, 0, 0, 0, 0, 1, 0 };
	printf("open file's with a pid %s %s\n", shown(CALL(fcntl, rw, OFD_SETLK, &with_pid)),
	       shown(CALL(fcntl, rw, OFD_GETLK, &with_pid)));
	printf("posix with a pid %s\n", shown(CALL(fcntl, rw, SETLK, &with_pid)));
	CALL(pipe2, ends, 0);
	printf("pipe: %s %s %s %s\n", shown(lock(ends[0], SETLK, F_RDLCK, 0, 0)),
	       shown(lock(ends[0], SETLK, F_WRLCK, 0, 0)), shown(lock(ends[1], SETLK, F_WRLCK, 0, 0)),
	       shown(CALL(flock, ends[0], LOCK_EX)));
	for (int op = -1; op < 34; op++)
		printf("flock %d: %s %s %s %s\n", op, shown(CALL(flock, rw, op)), shown(CALL(flock, path, op)),
		       shown(CALL(flock, 99, op)), shown(CALL(flock, w, op | LOCK_NB)));
	close(rw), close(r), close(w), close(path), close(dir), close(ends[0]), close(ends[1]);
}

/* Two open files of one file, in one process and in two, under all pairs of kinds and types. */
static long take(int fd, int kind, int type)
{
	if (kind == 2)
		return CALL(flock, fd, (type == F_RDLCK ? LOCK_SH : type == F_WRLCK ? LOCK_EX : LOCK_UN) | LOCK_NB);
	return lock(fd, kind ? OFD_SETLK : SETLK, type, 0, 0);
}

static void pairs(void)
{
	int a = make_file("pairs", 10), b = open("pairs", O_RDWR), copy = dup(a);

	for (int k = 0; k < 9; k++)
		for (int t = 0; t < 4; t++) {
			printf("kinds %d %d types %d %d: %s", k / 3, k % 3, t / 2, t % 2, shown(take(a, k / 3, t / 2)));
			printf(" other file %s", shown(take(b, k % 3, t % 2)));
			take(b, k % 3, F_UNLCK);
			take(a, k / 3, t / 2);
			printf(" copy %s", shown(take(copy, k % 3, t % 2)));
			take(copy, k % 3, F_UNLCK);
			take(a, k / 3, t / 2);
			IN_CHILD(printf(" child %s", shown(take(a, k % 3, t % 2)));
				 printf(" by other %s", shown(take(b, k % 3, t % 2))));
			printf("\n");
			take(a, 0, F_UNLCK), take(a, 1, F_UNLCK), take(a, 2, F_UNLCK);
			take(b, 0, F_UNLCK), take(b, 1, F_UNLCK), take(b, 2, F_UNLCK);
		}
	printf("shared, then the other too, then one exclusive: %s %s %s", shown(take(a, 2, F_RDLCK)),
	       shown(take(b, 2, F_RDLCK)), shown(take(a, 2, F_WRLCK)));
	printf(", the other exclusive %s\n", shown(take(b, 2, F_WRLCK)));
	close(a), close(b), close(copy);
}

static void ends(void)
{
	int a = make_file("ends", 10), b, c;

	lock(a, SETLK, F_WRLCK, 0, 0);
	look(a, "held");
	b = open("ends", O_RDONLY);
	close(b);
	look(a, "after another descriptor was closed");
	lock(a, SETLK, F_WRLCK, 0, 0);
	b = open("ends", O_PATH);
	close(b);
	look(a, "after a mere place was closed");
	b = dup(a);
	close(b);
	look(a, "after a copy was closed");
	lock(a, SETLK, F_WRLCK, 0, 0);
	b = open("ends", O_RDWR), c = open("/dev/null", O_RDONLY);
	CALL(dup2, c, b);
	look(a, "after another was replaced");
	lock(a, OFD_SETLK, F_WRLCK, 5, 5);
	CALL(flock, a, LOCK_EX);
	b = dup(a);
	CALL(close, a);
	look(b, "open file's: one of two closed");
	table(true);
	IN_CHILD(_exit(0));
	look(b, "a child has ended");
	c = open("ends", O_RDWR);
	IN_CHILD(printf("child unlocks %s %s\n", shown(lock(b, OFD_SETLK, F_UNLCK, 0, 0)), shown(CALL(flock, b, LOCK_UN))));
	look(b, "afterwards");
	printf("flock by another file %s\n", shown(CALL(flock, c, LOCK_EX | LOCK_NB)));
	IN_CHILD(lock(c, SETLK, F_WRLCK, 0, 3));
	look(c, "a child took one and ended");
	lock(c, SETLK, F_WRLCK, 1, 3);
	CALL(unlink, "ends");
	look(c, "unlinked");
	table(true);
	close(b), close(c);
	printf("none left\n");
	table(true);
}

static volatile int caught;
static void catch(int signo) { (void)signo; caught++; }

/* A child waits for a lock of its parent; a signal comes, then the lock is given back. */
static void waits(int kind, int flags)
{
	int fd = make_file("waits", 10), other = open("waits", O_RDWR), status;
	struct sigaction act = { .sa_handler = catch, .sa_flags = flags };

	take(fd, kind, F_WRLCK);
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		sigaction(SIGUSR1, &act, NULL);
		long r = kind == 2 ? CALL(flock, other, LOCK_EX) : lock(other, kind ? OFD_SETLKW : SETLKW, F_WRLCK, 2, 2);
		printf("kind %d flags %#x: %s, caught %d\n", kind, (unsigned)flags, shown(r), caught);
		exit(0);
	}
	until_waiting(1);
	table(true);
	kill(child, SIGUSR1);
	if (flags & SA_RESTART) {
		usleep(20000);
		until_waiting(1);
		take(fd, kind, F_UNLCK);
	}
	waitpid(child, &status, 0);
	close(fd), close(other);
}

static void killed_waiter(void)
{
	int fd = make_file("killed", 10), status;

	lock(fd, SETLK, F_WRLCK, 0, 0);
	fflush(stdout);
	pid_t child = fork();
	if (!child)
		exit((int)lock(fd, SETLKW, F_WRLCK, 0, 0));
	until_waiting(1);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	printf("killed while it waited: %#x, waiting %d\n", (unsigned)status, table(true));
	close(fd);
}

/* Three in a circle; the one that would close it is told. A reader beside a waiting writer still gets in. */
static void deadlock(void)
{
	int fd = make_file("circle", 10), ready[2], status;
	char byte;

	CALL(pipe2, ready, 0);
	lock(fd, SETLK, F_WRLCK, 0, 1);
	for (int i = 1; i < 3; i++) {
		fflush(stdout);
		if (!fork()) {
			lock(fd, SETLK, F_WRLCK, i, 1);
			CALL(write, ready[1], "x", 1);
			if (i == 1) /* 1 waits for 2, 2 for 0 */
				until_waiting(1);
			long r = lock(fd, SETLKW, F_WRLCK, i == 1 ? 2 : 0, 1);
			exit(r != 0);
		}
		CALL(read, ready[0], &byte, 1);
	}
	until_waiting(2);
	printf("circle of three %s", shown(lock(fd, SETLKW, F_WRLCK, 1, 1)));
	printf(", without waiting %s\n", shown(lock(fd, SETLK, F_WRLCK, 1, 1)));
	lock(fd, SETLK, F_UNLCK, 0, 1);
	for (int i = 0; i < 2; i++) {
		wait(&status);
		printf("a child ended with %#x\n", (unsigned)status);
	}
	close(fd);
	fd = make_file("readers", 10);
	int other = open("readers", O_RDWR), third = open("readers", O_RDWR);
	CALL(flock, fd, LOCK_SH);
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		close(fd), close(third);
		exit((int)CALL(flock, other, LOCK_EX));
	}
	until_waiting(1);
	printf("a reader beside a waiting writer %s\n", shown(CALL(flock, third, LOCK_SH | LOCK_NB)));
	close(fd), close(third);
	waitpid(child, &status, 0);
	printf("the writer ended with %#x\n", (unsigned)status);
}

/* Kept by exec's process, not by a child; of descriptors closed on exec nothing is left. */
static void over_exec(char *self)
{
	int fd = make_file("exec", 10);

	lock(fd, SETLK, F_WRLCK, 0, 5);
	IN_CHILD({
		int mine = open("exec", O_RDWR);
		lock(mine, SETLK, F_WRLCK, 5, 5);
		execl(self, self, "kept", NULL);
	});
	IN_CHILD({
		int mine = open("exec", O_RDWR | O_CLOEXEC);
		lock(mine, SETLK, F_WRLCK, 5, 5);
		execl(self, self, "lost", NULL);
	});
	close(fd);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 1 << 16);
	if (argc > 1) {
		look(open("exec", O_RDWR | O_CREAT, 0644), argv[1]);
		return 0;
	}
	ranges();
	refusals();
	pairs();
	ends();
	for (int kind = 0; kind < 3; kind++) {
		waits(kind, 0);
		waits(kind, SA_RESTART);
	}
	killed_waiter();
	deadlock();
	over_exec(argv[0]);
	return 0;
}
