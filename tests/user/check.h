/* SPDX-License-Identifier: MIT */
/*
 * What every user-level test uses. A test is one program about one behaviour; it ends with 0 when the behaviour holds,
 * and otherwise with a line on standard error. It starts in an empty directory. What tests
 * Linux's calls runs on Linux too; what needs Atlas leaves with 77 there.
 */
#ifndef CHECK_H
#define CHECK_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ul

#define CHECK(x) \
	do { \
		if (!(x)) { \
			fprintf(stderr, "%s:%d: does not hold: %s (errno %d)\n", __FILE__, __LINE__, #x, errno); \
			exit(1); \
		} \
	} while (0)

/* The call fails, with this errno. */
#define FAILS(call, error) \
	do { \
		errno = 0; \
		long result_ = (long)(call); \
		if (result_ != -1 || errno != (error)) { \
			fprintf(stderr, "%s:%d: %s: returned %ld, errno %d, expected errno %d\n", __FILE__, __LINE__, #call, \
			        result_, errno, (error)); \
			exit(1); \
		} \
	} while (0)

/* A file of `size` bytes, byte i being i % 251 + 1; opened O_RDWR. */
static inline int make_file(const char *name, size_t size)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
	CHECK(fd >= 0);
	unsigned char buf[PAGE];
	for (size_t done = 0; done < size;) {
		size_t n = size - done < PAGE ? size - done : PAGE;
		for (size_t i = 0; i < n; i++)
			buf[i] = (unsigned char)((done + i) % 251 + 1);
		CHECK(write(fd, buf, n) == (ssize_t)n);
		done += n;
	}
	return fd;
}

static inline unsigned char *map(size_t len, int prot, int flags, int fd, off_t off)
{
	void *p = mmap(NULL, len, prot, flags, fd, off);
	CHECK(p != MAP_FAILED);
	return p;
}

static inline unsigned char *map_anon(size_t len)
{
	return map(len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Runs body in a child; the wait status. */
#define IN_CHILD(body) \
	({ \
		fflush(NULL); \
		pid_t pid_ = fork(); \
		int status_ = 0; \
		CHECK(pid_ >= 0); \
		if (pid_ == 0) { \
			body; \
			_exit(0); \
		} \
		CHECK(waitpid(pid_, &status_, 0) == pid_); \
		status_; \
	})
#define DIES_BY(signo, body) CHECK(({ int s_ = IN_CHILD(body); WIFSIGNALED(s_) && WTERMSIG(s_) == (signo); }))
#define CHILD_PASSES(body) CHECK(IN_CHILD(body) == 0)

/* Whom memory that is gone costs the life: -1000 nobody that has it, 1000 this process before all others. */
static inline void oom_score_adj(const char *value)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);
	CHECK(fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value) && close(fd) == 0);
}

#define TOUCH(p) (void)*(volatile unsigned char *)(p)
#define STORE(p, v) (*(volatile unsigned char *)(p) = (unsigned char)(v))

#endif
