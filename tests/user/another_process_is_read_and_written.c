/* SPDX-License-Identifier: MIT */
/*
 * process_vm_readv and process_vm_writev: bytes of another process, as its own loads and stores would find and leave
 * them.
 */
#define _GNU_SOURCE
#include "check.h"
#include <sys/uio.h>

#define N 8

static unsigned char *area; /* N pages at the same place in both */
static pid_t child;
static int tell[2], told[2];

static ssize_t copy_in(void *to, size_t len, void *from, size_t other_len)
{
	struct iovec here = { to, len }, there = { from, other_len };

	return process_vm_readv(child, &here, 1, &there, 1, 0);
}

static ssize_t copy_out(const void *from, size_t len, void *to)
{
	struct iovec here = { (void *)from, len }, there = { to, len };

	return process_vm_writev(child, &here, 1, &there, 1, 0);
}

/*
 * The child answers each question, the number of a byte of the area, with what it sees there; it ends with the
 * questions.
 */
static void answer(void)
{
	long at;

	close(tell[1]);
	while (read(tell[0], &at, sizeof at) == sizeof at)
		CHECK(write(told[1], area + at, 1) == 1);
	_exit(0);
}

static int seen_by_child(long at)
{
	unsigned char byte;

	CHECK(write(tell[1], &at, sizeof at) == sizeof at && read(told[0], &byte, 1) == 1);
	return byte;
}

static void start(void)
{
	CHECK(pipe(tell) == 0 && pipe(told) == 0);
	child = fork();
	CHECK(child >= 0);
	if (child == 0)
		answer();
	close(tell[0]);
}

static void stop(void)
{
	int status;

	close(tell[1]);
	CHECK(waitpid(child, &status, 0) == child && status == 0);
	close(told[0]);
	close(told[1]);
}

/* A store goes to the child's copy; the parent's bytes stay, and so do the file's. */
static void private_memory(int fd)
{
	unsigned char buf[2 * PAGE];

	area = map_anon(N * PAGE);
	area[0] = 1;
	unsigned char *file = map(PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	start();
	CHECK(copy_out("\7", 1, area) == 1 && copy_out("\10", 1, area + 3 * PAGE) == 1 && copy_out("\11", 1, file) == 1);
	CHECK(seen_by_child(0) == 7 && seen_by_child(3 * PAGE) == 8 && area[0] == 1 && area[3 * PAGE] == 0);
	CHECK(copy_in(buf, 1, file, 1) == 1 && buf[0] == 9 && file[0] == 1);
	CHECK(copy_in(buf, 2 * PAGE, area + 2 * PAGE + 1, 2 * PAGE) == 2 * PAGE && buf[PAGE - 1] == 8 && buf[PAGE] == 0);
	CHECK(pread(fd, buf, 1, 0) == 1 && buf[0] == 1);
	stop();
	munmap(area, N * PAGE);
	munmap(file, PAGE);
}

static void shared_memory(int fd)
{
	unsigned char byte;

	area = map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	start();
	CHECK(copy_out("\52", 1, area + PAGE + 5) == 1);
	CHECK(seen_by_child(PAGE + 5) == 42 && area[PAGE + 5] == 42 && pread(fd, &byte, 1, PAGE + 5) == 1 && byte == 42);
	stop();
	munmap(area, 2 * PAGE);
}

/* Nobody's rights are widened, and what cannot be reached ends the copy. */
static void rights(void)
{
	unsigned char buf[4 * PAGE];

	area = map_anon(N * PAGE);
	CHECK(mprotect(area + PAGE, PAGE, PROT_READ) == 0 && mprotect(area + 3 * PAGE, PAGE, PROT_NONE) == 0);
	CHECK(munmap(area + 5 * PAGE, PAGE) == 0);
	start();
	FAILS(copy_out("x", 1, area + PAGE), EFAULT);
	FAILS(copy_in(buf, 1, area + 3 * PAGE, 1), EFAULT);
	FAILS(copy_in(buf, 1, area + 5 * PAGE, 1), EFAULT);
	FAILS(copy_in(area + PAGE, 1, area, 1), EFAULT); /* our own side */
	CHECK(copy_in(buf, sizeof buf, area + PAGE, sizeof buf) == 2 * PAGE);
	CHECK(copy_out(buf, 2 * PAGE, area + 4 * PAGE) == PAGE);
	stop();
	munmap(area, N * PAGE);
}

static void lists(void)
{
	unsigned char a[3] = "", b[5] = "";
	struct iovec here[] = { { a, 3 }, { NULL, 0 }, { b, 5 } }, there[3];

	area = map_anon(2 * PAGE);
	memcpy(area, "abcdefgh", 8);
	start();
	there[0] = (struct iovec){ area + 4, 4 };
	there[1] = (struct iovec){ area, 2 };
	there[2] = (struct iovec){ area + 2, 1 };
	CHECK(process_vm_readv(child, here, 3, there, 3, 0) == 7);
	CHECK(!memcmp(a, "efg", 3) && !memcmp(b, "habc", 4) && b[4] == 0);
	CHECK(process_vm_readv(child, here, 0, there, 3, 0) == 0 && process_vm_readv(child, here, 3, there, 0, 0) == 0);
	FAILS(process_vm_readv(child, here, 3, there, 3, 1), EINVAL);
	FAILS(process_vm_readv(child, here, 1025, there, 3, 0), EINVAL);
	FAILS(process_vm_readv(child, (void *)8, 3, there, 3, 0), EFAULT);
	FAILS(process_vm_writev(child, here, 3, (void *)8, 3, 0), EFAULT);
	stop();
	FAILS(process_vm_readv(child, here, 3, there, 3, 0), ESRCH);
	munmap(area, 2 * PAGE);
}

/* Who is neither root nor the same user may not. */
static void users(void)
{
	unsigned char byte;

	area = map_anon(PAGE);
	start();
	CHILD_PASSES({
		CHECK(setgid(1000) == 0 && setuid(1000) == 0);
		FAILS(copy_in(&byte, 1, area, 1), EPERM);
		FAILS(copy_out("x", 1, area), EPERM);
	});
	CHECK(copy_in(&byte, 1, area, 1) == 1);
	stop();
}

int main(void)
{
	int fd = make_file("f", 2 * PAGE);

	private_memory(fd);
	shared_memory(fd);
	rights();
	lists();
	users();
	return 0;
}
