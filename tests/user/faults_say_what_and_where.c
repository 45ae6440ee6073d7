/* SPDX-License-Identifier: MIT */
/*
 * Each exception gives the signal, si_code, si_addr and the context's error code, trap number and CR2 that Linux gives.
 */
#include <stdbool.h>
#include <ucontext.h>

#include "check.h"

#define AT 0x10000000ul
#define ANY (~0ul)
#define HOLE (AT + 4 * PAGE) /* 0: read and write; 1: read; 2: nothing; 3: read and write; 4: hole */

struct seen { int signo, code; unsigned long addr, error, trap, cr2, rip; };
static volatile struct seen seen;
static sigjmp_buf back;

static void on_fault(int signo, siginfo_t *info, void *context)
{
	const greg_t *reg = ((ucontext_t *)context)->uc_mcontext.gregs;

	seen.signo = signo;
	seen.code = info->si_code;
	seen.addr = (unsigned long)info->si_addr;
	seen.error = (unsigned long)reg[REG_ERR];
	seen.trap = (unsigned long)reg[REG_TRAPNO];
	seen.cr2 = (unsigned long)reg[REG_CR2];
	seen.rip = (unsigned long)reg[REG_RIP];
	siglongjmp(back, 1);
}

static void expect(int line, int signo, int code, unsigned long addr, unsigned long error, unsigned long trap,
                   unsigned long cr2)
{
	bool same = seen.signo == signo && seen.code == code && (addr == ANY ? seen.addr == seen.rip : seen.addr == addr) &&
	            seen.error == error && seen.trap == trap && (cr2 == ANY || seen.cr2 == cr2);

	if (same)
		return;
	fprintf(stderr, "line %d: signal %d code %d addr %lx error %lx trap %lu cr2 %lx rip %lx\n", line, seen.signo,
	        seen.code, seen.addr, seen.error, seen.trap, seen.cr2, seen.rip);
	exit(1);
}

#define FAULT(what, ...) \
	do { \
		memset((void *)&seen, 0, sizeof seen); \
		if (!sigsetjmp(back, 1)) { \
			what; \
		} \
		expect(__LINE__, __VA_ARGS__); \
	} while (0)
#define PAGE_FAULT(what, code, addr, error) FAULT(what, SIGSEGV, code, addr, error, 14, addr)
#define ASM(text) __asm__ volatile(text ::: "rax", "rcx", "rdx", "memory", "cc")
#define LOAD(p) TOUCH(p)
#define CALL(p) ((void (*)(void))(p))()

static void page_faults(void)
{
	unsigned char *p = mmap((void *)AT, 5 * PAGE, PROT_READ | PROT_WRITE,
	                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	CHECK(p == (void *)AT && munmap(p + 4 * PAGE, PAGE) == 0);
	CHECK(mprotect(p + PAGE, PAGE, PROT_READ) == 0 && mprotect(p + 2 * PAGE, PAGE, PROT_NONE) == 0);
	PAGE_FAULT(LOAD(HOLE + 77), SEGV_MAPERR, HOLE + 77, 4);
	PAGE_FAULT(STORE(HOLE + 78, 1), SEGV_MAPERR, HOLE + 78, 6);
	PAGE_FAULT(STORE(AT + PAGE + 5, 1), SEGV_ACCERR, AT + PAGE + 5, 6);
	LOAD(p + PAGE);
	PAGE_FAULT(STORE(AT + PAGE + 5, 1), SEGV_ACCERR, AT + PAGE + 5, 7);
	PAGE_FAULT(LOAD(AT + 2 * PAGE + 9), SEGV_ACCERR, AT + 2 * PAGE + 9, 4);
	PAGE_FAULT(STORE(AT + 2 * PAGE + 9, 1), SEGV_ACCERR, AT + 2 * PAGE + 9, 6);
	PAGE_FAULT(CALL(AT + 100), SEGV_ACCERR, AT + 100, 0x15);
	PAGE_FAULT(CALL(HOLE + 3), SEGV_MAPERR, HOLE + 3, 0x14);
	PAGE_FAULT(*(volatile uint64_t *)(HOLE - 4) = 1, SEGV_MAPERR, HOLE, 6);
	PAGE_FAULT(LOAD(0), SEGV_MAPERR, 0, 4);
}

static void past_the_end(void)
{
	int fd = make_file("f", 100);
	unsigned char *p = map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	unsigned long at = (unsigned long)p + PAGE + 17;

	FAULT(LOAD(at), SIGBUS, BUS_ADRERR, at, 4, 14, at);
	FAULT(STORE(at, 1), SIGBUS, BUS_ADRERR, at, 6, 14, at);
	munmap(p, 2 * PAGE);
	close(fd);
}

/* The kernel's half: always "present", wherever something is mapped there. Not an address at all: no page fault. */
static void kernel_addresses(void)
{
	PAGE_FAULT(LOAD(0xffffffff81000000), SEGV_MAPERR, 0xffffffff81000000, 5);
	PAGE_FAULT(STORE(0xffff888000000010, 1), SEGV_MAPERR, 0xffff888000000010, 7);
	PAGE_FAULT(CALL(0xffffffff81000000), SEGV_MAPERR, 0xffffffff81000000, 0x15);
	PAGE_FAULT(LOAD(0xfffffffffffff123), SEGV_MAPERR, 0xfffffffffffff123, 5);
	FAULT(STORE(0x1234567800000000, 1), SIGSEGV, SI_KERNEL, 0, 0, 13, 0xfffffffffffff123);
	FAULT(raise(SIGUSR1), SIGUSR1, SI_TKILL, seen.addr, 0, 13, 0xfffffffffffff123);
}

static void instructions(void)
{
	FAULT(ASM("mov $0x80000000, %%eax; cdq; mov $-1, %%ecx; idiv %%ecx"), SIGFPE, FPE_INTDIV, ANY, 0, 0, ANY);
	FAULT(ASM("ud2"), SIGILL, ILL_ILLOPN, ANY, 0, 6, ANY);
	FAULT(ASM("int3"), SIGTRAP, SI_KERNEL, 0, 0, 3, ANY);
	FAULT(ASM("int $4"), SIGSEGV, SI_KERNEL, 0, 0, 4, ANY);
	FAULT(ASM("hlt"), SIGSEGV, SI_KERNEL, 0, 0, 13, ANY);
	FAULT(ASM("mov %%cr0, %%rax"), SIGSEGV, SI_KERNEL, 0, 0, 13, ANY);
	FAULT(ASM("mov $0x1234, %%eax; mov %%eax, %%ds"), SIGSEGV, SI_KERNEL, 0, 0x1234, 13, ANY);
	FAULT(ASM("pushf; orq $0x100, (%%rsp); popf; nop; nop"), SIGTRAP, TRAP_TRACE, ANY, 0, 1, ANY);
}

/* x divided by y on the x87 (0: zero, 1: one, 2: pi); QEMU without KVM does not raise SSE's exceptions. */
static void divide(uint16_t control, int x, int y)
{
	static const double values[] = { 0, 1, 3.14159 };

	__asm__ volatile("fninit; fldcw %0; fldl %1; fdivl %2; fwait" ::"m"(control), "m"(values[x]), "m"(values[y]));
}

static void floating_point(void)
{
	FAULT(divide(0x37b, 1, 0), SIGFPE, FPE_FLTDIV, ANY, 0, 16, ANY);
	FAULT(divide(0x37e, 0, 0), SIGFPE, FPE_FLTINV, ANY, 0, 16, ANY);
	FAULT(divide(0x35f, 1, 2), SIGFPE, FPE_FLTRES, ANY, 0, 16, ANY);
	__asm__ volatile("fninit");
}

int main(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGUSR1 };
	struct sigaction sa;

	memset(&sa, 0, sizeof sa);
	sa.sa_sigaction = on_fault;
	sa.sa_flags = SA_SIGINFO;
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		CHECK(sigaction(signals[i], &sa, NULL) == 0);
	page_faults();
	past_the_end();
	kernel_addresses();
	instructions();
	floating_point();
	return 0;
}
