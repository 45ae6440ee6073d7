/* SPDX-License-Identifier: MIT */
/*
 * What a handler sees of a fault and what it can do: every kind of access to every kind of bad address, masks, nesting,
 * the alternate stack, a handler that repairs, ends that cannot be caught.
 */
#include "show.h"

static volatile int seen;
static volatile unsigned long eight = 8;
static unsigned long context_stack;

static void store_at_8(void) { *(volatile char *)eight = 1; }

static void describe(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	char line[200];
	unsigned long fault_at = (unsigned long)info->si_addr;

	seen++;
	context_stack = (unsigned long)__builtin_frame_address(0);
	int n = snprintf(line, sizeof(line), "    signal %d code %d errno %d addr %s err %#llx trap %lld cr2 %#llx cs/ss %#llx mask %#lx flags %#llx\n",
			 signo, info->si_code, info->si_errno, shown((long)fault_at), uc->uc_mcontext.gregs[REG_ERR],
			 uc->uc_mcontext.gregs[REG_TRAPNO], uc->uc_mcontext.gregs[REG_CR2],
			 uc->uc_mcontext.gregs[REG_CSGSFS] & 0xffff00000000ffffll, *(unsigned long *)&uc->uc_sigmask,
			 uc->uc_mcontext.gregs[REG_EFL] & 0x10000ll);
	if (write(1, line, (size_t)n) != n)
		_exit(98);
	siglongjmp(fault.back, 1);
}

static void install(int flags)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO | flags };

	action.sa_sigaction = describe;
	sigaddset(&action.sa_mask, SIGUSR2);
	for (int signo = 1; signo < 32; signo++) {
		if (signo == SIGSEGV || signo == SIGBUS || signo == SIGFPE || signo == SIGILL || signo == SIGTRAP)
			sigaction(signo, &action, NULL);
	}
}

static void bad_addresses(void)
{
	static const unsigned long addresses[] = { 0, 8, 4095, 4096, ARENA, ARENA + 4095, ARENA + PAGE, ARENA + 2 * PAGE,
	                                           ARENA + 3 * PAGE,
						   0x7ffffffff000, 0x7ffffffffff8, 0x800000000000, 0xffff7fffffffffff, 0xffff800000000000,
						   0xffffffff80000000, 0xffffffffff600000, ~0ul - 7 };
	int file = make_file("file", 1);

	map_at(1, 1, PROT_NONE, PRIVATE, -1, 0);
	map_at(2, 1, PROT_READ, PRIVATE, -1, 0);
	map_at(3, 1, RW, MAP_SHARED, file, PAGE);
	for (size_t a = 0; a < COUNT(addresses); a++) {
		for (int kind = LOAD; kind <= JUMP; kind++) {
			printf("address %#lx kind %d\n", addresses[a], kind);
			fflush(stdout);
			if (sigsetjmp(fault.back, 1))
				continue;
			volatile unsigned char *p = (void *)addresses[a];
			if (kind == LOAD)
				(void)*p;
			else if (kind == STORE)
				*p = 1;
			else
				((void (*)(void))addresses[a])();
			printf("    nothing\n");
		}
	}
	/* Wide accesses: where in them the fault is told to be. */
	map_at(6, 1, RW, PRIVATE, -1, 0);
	for (volatile long off = 1; off < 16; off += 2) {
		printf("16 bytes, %ld before the end\n", off);
		fflush(stdout);
		if (!sigsetjmp(fault.back, 1))
			__asm__ volatile("movups (%0), %%xmm0" : : "r"(at(7) - off) : "xmm0", "memory");
		fflush(stdout);
		if (!sigsetjmp(fault.back, 1))
			__asm__ volatile("movq %%rax, (%0)" : : "r"(at(7) - off) : "memory");
	}
	printf("rep movsb over the end\n");
	fflush(stdout);
	if (!sigsetjmp(fault.back, 1)) {
		unsigned long n = 100;
		unsigned char *to = at(7) - 50, *from = at(6);
		__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
	}
	clear_arena();
}

static void instructions(void)
{
	printf("ud2\n");
	fflush(stdout);
	if (!sigsetjmp(fault.back, 1))
		__asm__ volatile("ud2");
	printf("int3\n");
	fflush(stdout);
	if (!sigsetjmp(fault.back, 1))
		__asm__ volatile("int3");
	printf("divide\n");
	fflush(stdout);
	if (!sigsetjmp(fault.back, 1))
		__asm__ volatile("xorl %%edx, %%edx\n movl $1, %%eax\n xorl %%ecx, %%ecx\n divl %%ecx" : : : "rax",
		                 "rcx", "rdx");
	printf("hlt\n");
	fflush(stdout);
	if (!sigsetjmp(fault.back, 1))
		__asm__ volatile("hlt");
	printf("int $0x50\n");
	fflush(stdout);
	if (!sigsetjmp(fault.back, 1))
		__asm__ volatile("int $0x50");
	printf("into the middle of nowhere on the stack\n");
	fflush(stdout);
	if (!sigsetjmp(fault.back, 1))
		__asm__ volatile("movq %0, %%rax\n movq (%%rax), %%rax" : : "r"(0x1234567890123456ul) : "rax");
	printf("trap flag\n");
	fflush(stdout);
	if (!sigsetjmp(fault.back, 1))
		__asm__ volatile("pushfq\n orq $0x100, (%%rsp)\n popfq\n nop\n nop" : : : "memory", "cc");
}

static void ends(void)
{
	sigset_t set;

	printf("ignored:\n");
	IN_CHILD(signal(SIGSEGV, SIG_IGN); store_at_8());
	printf("blocked:\n");
	sigemptyset(&set);
	sigaddset(&set, SIGSEGV);
	IN_CHILD(sigprocmask(SIG_BLOCK, &set, NULL); store_at_8());
	printf("default:\n");
	IN_CHILD(signal(SIGSEGV, SIG_DFL); store_at_8());
	printf("bus, default:\n");
	IN_CHILD({
		signal(SIGBUS, SIG_DFL);
		map_at(0, 1, RW, MAP_SHARED, make_file("empty", 0), 0);
		*at(0) = 1;
	});
	printf("no stack for the handler:\n");
	IN_CHILD({
		fflush(stdout);
		__asm__ volatile("movq $0x1000, %rsp\n pushq %rax");
	});
	printf("a bad alternate stack:\n");
	IN_CHILD({
		stack_t bad = { .ss_sp = (void *)0x2000, .ss_size = 0x4000 };
		install(SA_ONSTACK);
		sigaltstack(&bad, NULL);
		store_at_8();
	});
	printf("a handler that faults itself, SA_NODEFER:\n");
	IN_CHILD({
		struct rlimit small = { 64 << 10, 64 << 10 };
		setrlimit(RLIMIT_STACK, &small);
		struct sigaction action = { .sa_flags = SA_NODEFER };
		action.sa_handler = (void (*)(int))8;
		sigaction(SIGSEGV, &action, NULL);
		store_at_8();
	});
	printf("a handler that faults itself:\n");
	IN_CHILD({
		struct sigaction action = { .sa_handler = (void (*)(int))8 };
		sigaction(SIGSEGV, &action, NULL);
		store_at_8();
	});
}

static void repair(int signo, siginfo_t *info, void *context)
{
	(void)signo, (void)context;
	seen++;
	CALL(mprotect, (unsigned long)info->si_addr & ~(PAGE - 1), PAGE, RW);
}

static void repairs(void)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO };
	unsigned char from[64], to[64];
	unsigned long kept[6], i;

	action.sa_sigaction = repair;
	sigaction(SIGSEGV, &action, NULL);
	map_at(0, 8, PROT_NONE, PRIVATE, -1, 0);
	seen = 0;
	for (i = 0; i < 8 * PAGE; i += 512)
		*(at(0) + i) = (unsigned char)i;
	printf("repaired %d faults, %s\n", seen, arena_text());
	CALL(mprotect, at(0), PAGE, PROT_NONE);
	for (i = 0; i < 64; i++)
		from[i] = (unsigned char)(i * 3);
	__asm__ volatile("movups (%2), %%xmm3\n movups 16(%2), %%xmm9\n"
			 "movq $0x1111, %%rbx\n movq $0x2222, %%r12\n movq $0x3333, %%r13\n movq $0x4444, %%rsi\n stc\n std\n"
			 "movb $7, (%1)\n"
			 "setc %%al\n pushfq\n popq %%rdx\n cld\n"
			 "movups %%xmm3, (%3)\n movups %%xmm9, 16(%3)\n"
			 "movq %%rbx, (%0)\n movq %%r12, 8(%0)\n movq %%r13, 16(%0)\n movq %%rsi, 24(%0)\n movq %%rdx, 32(%0)\n"
			 : : "r"(kept), "r"(at(0)), "r"(from), "r"(to)
			 : "rax", "rbx", "rdx", "rsi", "r12", "r13", "xmm3", "xmm9", "memory", "cc");
	printf("kept %#lx %#lx %#lx %#lx flags %#lx vectors %s\n", kept[0], kept[1], kept[2], kept[3], kept[4] & 0x401,
	       memcmp(from, to, 32) ? "lost" : "kept");
	clear_arena();
}

static void nested(int signo, siginfo_t *info, void *context)
{
	sigset_t now;

	(void)context;
	sigprocmask(SIG_BLOCK, NULL, &now);
	seen++;
	printf("  level %d: signal %d at %s, mask %#lx\n", seen, signo, shown((long)info->si_addr),
	       *(unsigned long *)&now & 0x7fffffff);
	if (seen < 4)
		*at(seen) = 1; /* the next level makes it possible */
	CALL(mprotect, (unsigned long)info->si_addr & ~(PAGE - 1), PAGE, RW);
}

static void nesting(void)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK };
	static unsigned char space[65536];
	stack_t alt = { .ss_sp = space, .ss_size = sizeof(space) }, old;

	sigaltstack(&alt, NULL);
	action.sa_sigaction = nested;
	sigaction(SIGSEGV, &action, NULL);
	map_at(0, 8, PROT_NONE, PRIVATE, -1, 0);
	seen = 0;
	*at(0) = 1;
	printf("nested %d: %s\n", seen, arena_text());
	install(SA_ONSTACK);
	printf("on the alternate stack\n");
	fflush(stdout);
	if (!sigsetjmp(fault.back, 1))
		store_at_8();
	printf("  %s\n", context_stack - (unsigned long)space < sizeof(space) ? "yes" : "no");
	sigaltstack(NULL, &old);
	printf("  flags %d, size %ld, min %s\n", old.ss_flags, (long)old.ss_size,
	       shown(CALL(sigaltstack, (&(stack_t){ .ss_sp = space, .ss_size = 2047 }), 0)));
	install(SA_RESETHAND);
	printf("once\n");
	fflush(stdout);
	if (!sigsetjmp(fault.back, 1))
		store_at_8();
	IN_CHILD(store_at_8());
	clear_arena();
}

int main(void)
{
	setvbuf(stdout, NULL, _IOFBF, 4096);
	install(0);
	bad_addresses();
	instructions();
	ends();
	repairs();
	nesting();
	return 0;
}
