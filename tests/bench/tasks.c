/* SPDX-License-Identifier: MIT */
/*
 * tasks - what processes and threads cost each other and themselves: to and fro, signals, threads
 *
 * A round to and fro is two wake-ups, two sleeps and two switches. The thread row makes the calls of a C library's
 * pthread_create and pthread_join: a mapping of 1 MiB with a guard page, clone, exit, a futex, munmap; what the library
 * does besides is not in it.
 */
#include <abi/misc.h>
#include <abi/mman.h>
#include <abi/signal.h>
#include <abi/syscall.h>

#include "measure.h"

#define STACK_PAGES 257ul /* the lowest is the guard */
#define THREAD_FLAGS \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS | \
	 CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

/* ---- to and fro ---- */

static uint64_t futex_pingpong(unsigned long n)
{
	char *page = map(1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
	volatile uint32_t *turn = (volatile uint32_t *)page;
	long pid = fork();
	uint32_t mine = !pid;
	uint64_t start = now();

	for (unsigned long i = 0; i < n; i++) {
		while (*turn != mine)
			raw6(SYS_futex, ADDRESS(page), FUTEX_WAIT, !mine, 0, 0, 0);
		*turn = !mine;
		raw3(SYS_futex, ADDRESS(page), FUTEX_WAKE, 1);
	}
	start = now() - start;
	if (!pid)
		leave(0);
	reap(pid);
	unmap(page, 1);
	return start;
}

static void pass(int from, int to)
{
	char byte;

	must("read", raw3(SYS_read, (uint64_t)from, ADDRESS(&byte), 1));
	must("write", raw3(SYS_write, (uint64_t)to, ADDRESS(&byte), 1));
}

static uint64_t pipe_pingpong(unsigned long n)
{
	int there[2], back[2];
	char byte = 'x';

	must("pipe", raw3(SYS_pipe, ADDRESS(there), 0, 0));
	must("pipe", raw3(SYS_pipe, ADDRESS(back), 0, 0));
	long pid = fork();
	for (unsigned long i = 0; !pid && i < n + 1; i++)
		pass(there[0], back[1]);
	if (!pid)
		leave(0);
	must("write", raw3(SYS_write, (uint64_t)there[1], ADDRESS(&byte), 1));
	uint64_t start = now();
	for (unsigned long i = 0; i < n; i++)
		pass(back[0], there[1]);
	uint64_t ticks = now() - start;
	reap(pid);
	for (int i = 0; i < 2; i++) {
		raw3(SYS_close, (uint64_t)there[i], 0, 0);
		raw3(SYS_close, (uint64_t)back[i], 0, 0);
	}
	return ticks;
}

/* ---- signals ---- */

/* Asm, so that the program needs no compiler support for leaving a handler. */
void bench_restore(void);
__asm__("bench_restore:\n"
	"	movl $15, %eax\n" /* rt_sigreturn */
	"	syscall\n");

static volatile unsigned long caught;

static void catch(int signo, void (*handler)(int, struct abi_siginfo *, void *), uint64_t flags)
{
	struct { void *handler; uint64_t flags; void *restorer; uint64_t mask; } act = {
		(void *)handler, flags | SA_RESTORER, (void *)bench_restore, 0,
	};

	must("sigaction", raw6(SYS_rt_sigaction, (uint64_t)signo, ADDRESS(&act), 0, 8, 0, 0));
}

static void count_it(int signo, struct abi_siginfo *info, void *context)
{
	(void)signo, (void)info, (void)context;
	caught++;
}

static uint64_t kill_self(unsigned long n)
{
	uint64_t self = (uint64_t)raw3(SYS_getpid, 0, 0, 0);

	catch(SIGUSR1, count_it, 0);
	caught = 0;
	uint64_t start = now();
	for (unsigned long i = 0; i < n; i++)
		raw3(SYS_kill, self, SIGUSR1, 0);
	start = now() - start;
	return caught == n ? start : 0;
}

static void repair(int signo, struct abi_siginfo *info, void *context)
{
	(void)signo, (void)context;
	uint64_t at = *(uint64_t *)((char *)info + 16) & ~(PAGE - 1); /* si_addr */
	must("mprotect", raw3(SYS_mprotect, at, PAGE, PROT_READ | PROT_WRITE));
}

static uint64_t segv_repair(unsigned long n)
{
	char *at = map_anon(n);

	store_each(at, n);
	must("mprotect", raw3(SYS_mprotect, ADDRESS(at), n * PAGE, PROT_READ));
	catch(SIGSEGV, repair, SA_SIGINFO);
	uint64_t start = now();
	store_each(at, n);
	uint64_t ticks = now() - start;
	unmap(at, n);
	return ticks;
}

/* ---- threads ---- */

/* The thread begins where the caller goes on, but on its own stack, and calls what lies there. */
static long clone_thread(char *stack, volatile int *tid, char *tls)
{
	register uint64_t r10 __asm__("r10") = ADDRESS(tid);
	register uint64_t r8 __asm__("r8") = ADDRESS(tls);
	long result;

	__asm__ volatile("syscall\n"
			 "	testq %0, %0\n"
			 "	jnz 1f\n"
			 "	popq %%rax\n"
			 "	callq *%%rax\n"
			 "1:\n"
			 : "=a"(result)
			 : "0"((long)SYS_clone), "D"((long)THREAD_FLAGS), "S"(stack), "d"(tid), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return result;
}

static _Noreturn void thread_main(void)
{
	caught++;
	for (;;)
		raw3(SYS_exit, 0, 0, 0);
}

static uint64_t thread_create_join(unsigned long n)
{
	uint64_t start = now();

	for (unsigned long i = 0; i < n; i++) {
		char *at = map(STACK_PAGES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
		char *block = at + STACK_PAGES * PAGE - 256, *top = block - 16;
		volatile int *tid = (volatile int *)block;
		must("mprotect", raw3(SYS_mprotect, ADDRESS(at), PAGE, PROT_NONE));
		*(void (**)(void))top = thread_main;
		must("clone", clone_thread(top, tid, block));
		for (int value; (value = *tid);)
			raw6(SYS_futex, ADDRESS(tid), FUTEX_WAIT, (uint64_t)value, 0, 0, 0);
		unmap(at, STACK_PAGES);
	}
	return now() - start;
}

void measure_tasks(void)
{
	measure("futex_pingpong", futex_pingpong, 500);
	measure("pipe_pingpong", pipe_pingpong, 500);
	measure("kill_self", kill_self, 500);
	measure("segv_repair", segv_repair, 500);
	measure("thread_create_join", thread_create_join, 100);
}
