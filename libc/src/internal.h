/* SPDX-License-Identifier: MIT */
/*
 * What the files of the library share and programs do not see: raw system calls, the thread
 * block that %fs points to, and the lock inside streams and the allocator.
 */
#ifndef LIBC_INTERNAL_H
#define LIBC_INTERNAL_H

#include <abi/syscall.h>
#include <stddef.h>
#include <stdint.h>
#include <atlas/lock.h>

/*
 * Raw calls: the kernel's answer as it is, a negated errno on failure. r10 stands for the fourth
 * argument because SYSCALL overwrites rcx (and r11) with the return address and the flags.
 */
static inline long sys6(long n, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

static inline long sys3(long n, long a, long b, long c)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(n), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return result;
}

/* A negated errno becomes errno and -1. */
long __sys_result(long result);

/*
 * call(n, ...) for at most three arguments, call6 for all six: pointers and integers of any width
 * may be mixed; the result went through __sys_result.
 */
#define raw0(n) sys3(n, 0, 0, 0)
#define raw1(n, a) sys3(n, (long)(a), 0, 0)
#define raw2(n, a, b) sys3(n, (long)(a), (long)(b), 0)
#define raw3(n, a, b, c) sys3(n, (long)(a), (long)(b), (long)(c))
#define raw4(n, a, b, c, d) sys6(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define raw5(n, a, b, c, d, e) \
	sys6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define raw6(n, a, b, c, d, e, f) \
	sys6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define call0(n) __sys_result(raw0(n))
#define call1(n, a) __sys_result(raw1(n, a))
#define call2(n, a, b) __sys_result(raw2(n, a, b))
#define call3(n, a, b, c) __sys_result(raw3(n, a, b, c))
#define call4(n, a, b, c, d) __sys_result(raw4(n, a, b, c, d))
#define call5(n, a, b, c, d, e) __sys_result(raw5(n, a, b, c, d, e))
#define call6(n, a, b, c, d, e, f) __sys_result(raw6(n, a, b, c, d, e, f))

/*
 * The block at %fs:0. The first word points to itself: so the ABI of thread-local storage wants
 * it. The canary must lie at 0x28, where code built with -fstack-protector looks for it.
 */
struct thread_block {
	struct thread_block *self;
	void *reserved[4];
	uintptr_t canary;
	int error;            /* errno of this thread */
	int tid;              /* not 0 while a made thread runs; the kernel clears it in the end */
	int joinable;         /* its number, for thread_join */
	void *map;            /* what thread_join unmaps: guard, stack, TLS and this block */
	size_t map_len;
	void *(*function)(void *);
	void *arg;
	void *result;
	struct thread_block *next; /* guarded by the lock of atlas/thread.c */
};

static inline struct thread_block *thread_self(void)
{
	struct thread_block *self;

	__asm__("mov %%fs:0, %0" : "=r"(self));
	return self;
}

/* start/tls.c: how much room a thread's storage takes, and laying it out in that room. */
void tls_describe(const unsigned long *auxv);
size_t tls_size(void);
struct thread_block *tls_layout(void *room);

/* start/auxv.c keeps what execve handed over. */
extern const unsigned long *__auxv;
extern uintptr_t __canary_seed;

/* stdlib/exit.c and stdio/file.c: what exit must still do. */
void __run_atexit(void);
void __stdio_flush_all(void);

#endif
