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
	int tid;              /* 0: not asked for yet (first thread), or ended: the kernel clears it */
	int state;            /* enum thread_state: will somebody join? */
	void *map;            /* what is unmapped in the end: guard, stack, TLS and this block; null: not ours */
	size_t map_len;
	void *stack;          /* for pthread_getattr_np; null for the first thread */
	size_t stack_len, guard_len;
	void *(*function)(void *);
	void *arg;
	void *result;
	int number;           /* its tid, for thread_join, when it has ended */
	struct thread_block *next; /* guarded by the lock of atlas/thread.c */
	int cancel;           /* pthread_cancel was called; the assembly of cancel.S reads it */
	unsigned char cancel_disabled, cancel_async;
	struct __cleanup *cleanup; /* innermost pthread_cleanup_push */
	struct key_value *values;  /* pthread_setspecific; null: none yet */
	int robust_known;     /* the kernel has been told of the next three words */
	struct robust_head {
		void *next;   /* the first held robust lock, or this word */
		long offset;
		void *pending;
	} robust;
};

static inline struct thread_block *thread_self(void)
{
	struct thread_block *self;

	__asm__("mov %%fs:0, %0" : "=r"(self));
	return self;
}

/* pthread/create.c: the calling thread's number; the first thread asks the kernel once. */
int __thread_tid(struct thread_block *self);
extern int __thread_count; /* threads that live */
void __fork_child(void);   /* what the only thread of a new process must forget */

/* pthread/cancel.c: a system call that pthread_cancel may end; its raw result. */
long __cancel_call(long n, long a, long b, long c, long d, long e, long f);
#define SIGTIMER 32
#define SIGCANCEL 33
#define cancel1(n, a) __sys_result(__cancel_call(n, (long)(a), 0, 0, 0, 0, 0))
#define cancel3(n, a, b, c) __sys_result(__cancel_call(n, (long)(a), (long)(b), (long)(c), 0, 0, 0))
#define cancel4(n, a, b, c, d) \
	__sys_result(__cancel_call(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0))
#define cancel6(n, a, b, c, d, e, f) \
	__sys_result(__cancel_call(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f)))

/* Locks that fork holds meanwhile, so that the child's only thread finds them free. */
void __malloc_fork(int begin);
void __stdio_fork(int begin);

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
