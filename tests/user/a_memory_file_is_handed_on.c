/* SPDX-License-Identifier: MIT */
/*
 * A memory file that fork or execve hands on is one file: either side sees the other's size, bytes, position and seals,
 * by descriptor, by mapping and by /proc; the last to let go of it, killed or not, frees it.
 */
#define _GNU_SOURCE
#include <sys/sysinfo.h>

#include "check.h"

#define PAGES_LARGE 1024ul

static off_t size_of(int fd)
{
	struct stat st;

	CHECK(fstat(fd, &st) == 0);
	return st.st_size;
}

static int make(unsigned flags, off_t size)
{
	int fd = memfd_create("shared", flags);

	CHECK(fd >= 0 && ftruncate(fd, size) == 0);
	return fd;
}

static void a_child_resizes(void)
{
	int fd = make(0, PAGE);
	unsigned char *p = map(4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	STORE(p, 1);
	DIES_BY(SIGBUS, TOUCH(p + PAGE));
	CHILD_PASSES({
		CHECK(ftruncate(fd, 3 * PAGE) == 0);
		STORE(p + 2 * PAGE, 7);
		CHECK(pwrite(fd, "tail", 4, 3 * PAGE) == 4);
	});
	CHECK(size_of(fd) == (off_t)(3 * PAGE + 4));
	CHECK(p[0] == 1 && p[PAGE] == 0 && p[2 * PAGE] == 7 && p[3 * PAGE] == 't');
	CHILD_PASSES(CHECK(ftruncate(fd, 100) == 0));
	CHECK(size_of(fd) == 100 && p[0] == 1);
	DIES_BY(SIGBUS, TOUCH(p + 2 * PAGE));
	CHILD_PASSES(CHECK(lseek(fd, 40, SEEK_SET) == 40 && write(fd, "x", 1) == 1));
	CHECK(lseek(fd, 0, SEEK_CUR) == 41 && p[40] == 'x');
	CHECK(munmap(p, 4 * PAGE) == 0 && close(fd) == 0);
}

static void a_child_seals(void)
{
	int fd = make(MFD_ALLOW_SEALING, 2 * PAGE);
	unsigned char *p = map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	CHILD_PASSES(CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) == 0));
	CHECK(fcntl(fd, F_GET_SEALS) == F_SEAL_SHRINK);
	FAILS(ftruncate(fd, PAGE), EPERM);
	CHECK(ftruncate(fd, 3 * PAGE) == 0);
	/* The parent's mapping may still write, and so may the child's copy of it. */
	CHILD_PASSES(FAILS(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY));
	CHILD_PASSES({
		CHECK(munmap(p, 2 * PAGE) == 0);
		FAILS(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
	});
	CHECK(munmap(p, 2 * PAGE) == 0);
	CHILD_PASSES(CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SEAL) == 0));
	CHECK(fcntl(fd, F_GET_SEALS) == (F_SEAL_SHRINK | F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SEAL));
	FAILS(write(fd, "x", 1), EPERM);
	FAILS(ftruncate(fd, 4 * PAGE), EPERM);
	FAILS(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, fd, 0), EPERM);
	FAILS(fcntl(fd, F_ADD_SEALS, 0), EPERM);
	CHECK(close(fd) == 0);
}

/* ---- through execve, by number ---- */

static int new_program(int fd)
{
	char path[64], text[64];

	unsigned char *p = map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(size_of(fd) == (off_t)(2 * PAGE) && !strcmp((char *)p, "from the old program"));
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(path, text, sizeof text - 1);
	CHECK(n > 0);
	text[n] = '\0';
	CHECK(!strcmp(text, "/memfd:shared (deleted)"));
	int again = open(path, O_RDONLY); /* an open file of its own */
	CHECK(again >= 0 && read(again, text, 4) == 4 && !memcmp(text, "from", 4) && lseek(fd, 0, SEEK_CUR) == 0);
	FAILS(write(again, "x", 1), EBADF);
	strcpy((char *)p, "from the new program");
	CHECK(munmap(p, 2 * PAGE) == 0);
	CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0 || errno == EBUSY); /* the old program maps it */
	CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW) == 0);
	return 0;
}

static void a_new_program_gets_it(char *self)
{
	char number[16];
	int fd = make(MFD_ALLOW_SEALING, 2 * PAGE), hidden = memfd_create("hidden", MFD_CLOEXEC);
	unsigned char *p = map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	strcpy((char *)p, "from the old program");
	snprintf(number, sizeof number, "%d", fd);
	char *argv[] = { self, number, NULL }, *closed[] = { self, "closed", number, NULL };
	CHILD_PASSES({ execv("/proc/self/exe", argv); _exit(9); });
	CHECK(!strcmp((char *)p, "from the new program") && fcntl(fd, F_GET_SEALS) == F_SEAL_GROW);
	snprintf(number, sizeof number, "%d", hidden);
	CHILD_PASSES({ execv("/proc/self/exe", closed); _exit(9); });
	CHECK(munmap(p, 2 * PAGE) == 0 && close(fd) == 0 && close(hidden) == 0);
}

/* A program in a memory file, while nobody may write to it. */
static void it_is_a_program(char *self)
{
	int in = open("/proc/self/exe", O_RDONLY), fd = memfd_create("program", 0);
	char buf[PAGE], path[64];
	char *argv[] = { self, "closed", "999", NULL };

	CHECK(in >= 0 && fd >= 0);
	for (ssize_t n; (n = read(in, buf, sizeof buf)) > 0;)
		CHECK(write(fd, buf, (size_t)n) == n);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	CHILD_PASSES({ execv(path, argv); _exit(errno); });
	CHECK(close(in) == 0 && close(fd) == 0);
}

/* ---- the last to let go ---- */

static unsigned long free_pages_now(void)
{
	struct sysinfo info;

	CHECK(sysinfo(&info) == 0);
	return (unsigned long)info.freeram * info.mem_unit / PAGE;
}

static unsigned long shared_pages_now(void)
{
	struct sysinfo info;

	CHECK(sysinfo(&info) == 0);
	return (unsigned long)info.sharedram * info.mem_unit / PAGE;
}

static void fill(int fd)
{
	static unsigned char page[PAGE];

	memset(page, 3, PAGE);
	for (unsigned long i = 0; i < PAGES_LARGE; i++)
		CHECK(pwrite(fd, page, PAGE, (off_t)(i * PAGE)) == (ssize_t)PAGE);
}

static void the_last_frees_it(void)
{
	int turn[2], status;
	char c;

	unsigned long before = free_pages_now();
	for (int round = 0; round < 16; round++) { /* 64 MiB, if each stayed */
		int fd = make(0, 0);
		CHECK(pipe(turn) == 0);
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0) {
			close(turn[1]);
			fill(fd);
			CHECK(shared_pages_now() >= PAGES_LARGE);
			CHECK(read(turn[0], &c, 1) == 0); /* until the parent has let go */
			CHECK(size_of(fd) == (off_t)(PAGES_LARGE * PAGE));
			unsigned char *p = map(PAGE, PROT_READ, MAP_SHARED, fd, (off_t)((PAGES_LARGE - 1) * PAGE));
			CHECK(close(fd) == 0 && p[5] == 3);
			if (round % 2)
				kill(getpid(), SIGKILL);
			_exit(0);
		}
		CHECK(close(fd) == 0 && close(turn[0]) == 0 && close(turn[1]) == 0);
		CHECK(waitpid(pid, &status, 0) == pid && status == (round % 2 ? SIGKILL : 0));
	}
	CHECK(free_pages_now() + 4 * PAGES_LARGE > before);
}

int main(int argc, char **argv)
{
	if (argc == 2)
		return new_program(atoi(argv[1]));
	if (argc == 3)
		return fcntl(atoi(argv[2]), F_GETFD) == -1 && errno == EBADF ? 0 : 1;
	a_child_resizes();
	a_child_seals();
	a_new_program_gets_it(argv[0]);
	it_is_a_program(argv[0]);
	the_last_frees_it();
	return 0;
}
