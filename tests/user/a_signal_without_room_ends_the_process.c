/* SPDX-License-Identifier: MIT */
/*
 * A signal whose frame does not fit where the stack pointer is ends the process by SIGSEGV: the pointer leads to
 * nothing, to what cannot be written, into the kernel or nowhere, or handlers have nested till their alternate stack
 * is full. With an alternate stack for SIGSEGV the program lives on.
 */
#include <sys/syscall.h>

#include "check.h"

#define STACK 16384ul

static volatile int *depth; /* shared: how often the handler has begun */
static unsigned char *stack;
static sigjmp_buf back;

static void begins(int signo)
{
	(void)signo;
	__atomic_add_fetch(depth, 1, __ATOMIC_SEQ_CST);
}

static void leaves(int signo)
{
	(void)signo;
	siglongjmp(back, 1);
}

/* Each handler lets another begin on top of it, for ever. */
static void nests(int signo)
{
	begins(signo);
	raise(signo);
}

static void on_signal(int signo, void (*handler)(int), int flags)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof sa);
	sa.sa_handler = handler;
	sa.sa_flags = flags;
	CHECK(sigaction(signo, &sa, NULL) == 0);
}

static void use_alternate(void *at, size_t size)
{
	stack_t alternate = { .ss_sp = at, .ss_size = size };

	CHECK(sigaltstack(&alternate, NULL) == 0);
}

/* Sends itself SIGUSR1 with the stack pointer there; ud2 if it comes back from that. */
static void signal_at(unsigned long sp)
{
	long number = SYS_kill;

	__asm__ volatile("mov %3, %%rsp; syscall; ud2" : "+a"(number)
	                 : "D"((long)getpid()), "S"((long)SIGUSR1), "r"(sp) : "rcx", "r11", "memory");
}

/* A fault, rather than a signal sent, with the stack pointer there. */
static void fault_at(unsigned long sp)
{
	__asm__ volatile("mov %0, %%rsp; mov (%1), %%rax; ud2" ::"r"(sp), "r"(8l) : "rax", "memory");
}

static void dies_at(unsigned long sp)
{
	*depth = 0;
	DIES_BY(SIGSEGV, on_signal(SIGUSR1, begins, 0); signal_at(sp));
	DIES_BY(SIGSEGV, on_signal(SIGSEGV, begins, 0); fault_at(sp));
	/* SIGSEGV for the lost frame finds no room either; blocking or ignoring it helps nobody. */
	DIES_BY(SIGSEGV, on_signal(SIGUSR1, begins, 0); on_signal(SIGSEGV, begins, 0); signal_at(sp));
	DIES_BY(SIGSEGV, on_signal(SIGUSR1, begins, 0); on_signal(SIGSEGV, SIG_IGN, 0); signal_at(sp));
	DIES_BY(SIGSEGV, sigset_t all; sigfillset(&all); on_signal(SIGUSR1, begins, 0); sigdelset(&all, SIGUSR1);
	        sigprocmask(SIG_SETMASK, &all, NULL); signal_at(sp));
	CHECK(*depth == 0);
	/* But elsewhere there may be room. */
	CHILD_PASSES({
		use_alternate(stack, STACK);
		on_signal(SIGUSR1, begins, 0);
		on_signal(SIGSEGV, leaves, SA_ONSTACK);
		if (!sigsetjmp(back, 1))
			signal_at(sp);
		CHECK(*depth == 0);
	});
}

static void bad_stack_pointers(void)
{
	unsigned char *three = map_anon(3 * PAGE), *file;
	int fd = make_file("short", 10);

	CHECK(mprotect(three + PAGE, PAGE, PROT_READ) == 0);
	file = map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	unsigned long pointers[] = {
		0, 8, 0x1000, /* the frame wraps, or lies where nothing is */
		(unsigned long)three + 2 * PAGE, /* read-only */
		(unsigned long)three + 2 * PAGE + 64, /* its lower part is */
		(unsigned long)file + 2 * PAGE, /* behind the end of the file */
		0x0000800000000000, 0x0000800000001000, 0x8000000000000000,
		0xffff800000000000, 0xffff800000100000, 0xffffffff80100000, ~0ul, ~0ul - 7,
	};
	for (size_t i = 0; i < sizeof pointers / sizeof *pointers; i++)
		dies_at(pointers[i]);
	CHECK(munmap(three, 3 * PAGE) == 0 && munmap(file, 2 * PAGE) == 0 && close(fd) == 0 && unlink("short") == 0);
}

/* Nothing below the alternate stack is written, and the nesting comes to an end. */
static void an_alternate_stack_overflows(int signo)
{
	*depth = 0;
	DIES_BY(SIGSEGV, use_alternate(stack, STACK); on_signal(signo, nests, SA_ONSTACK | SA_NODEFER); raise(signo));
	CHECK(*depth > 1 && (unsigned long)*depth < STACK / 512);
	int until = *depth;
	*depth = 0;
	DIES_BY(SIGSEGV, use_alternate(stack, STACK); on_signal(signo, nests, SA_ONSTACK | SA_NODEFER);
	        on_signal(SIGSEGV, nests, SA_ONSTACK | SA_NODEFER); raise(signo));
	CHECK(*depth == until);
}

/* What is unmapped, or only readable, or gone in part, is no alternate stack. */
static void an_alternate_stack_is_gone(void)
{
	*depth = 0;
	for (int how = 0; how < 3; how++)
		DIES_BY(SIGSEGV, {
			use_alternate(stack, STACK);
			on_signal(SIGUSR1, begins, SA_ONSTACK);
			on_signal(SIGSEGV, begins, SA_ONSTACK);
			if (how == 0)
				munmap(stack, STACK);
			else
				mprotect(stack + (how == 1 ? 0 : STACK - PAGE), how == 1 ? STACK : PAGE, PROT_READ);
			raise(SIGUSR1);
		});
	CHECK(*depth == 0);
}

int main(void)
{
	depth = (volatile int *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	stack = map_anon(STACK + PAGE) + PAGE;
	CHECK(mprotect(stack - PAGE, PAGE, PROT_NONE) == 0);
	bad_stack_pointers();
	an_alternate_stack_overflows(SIGUSR1);
	an_alternate_stack_overflows(SIGSEGV);
	an_alternate_stack_is_gone();
	return 0;
}
