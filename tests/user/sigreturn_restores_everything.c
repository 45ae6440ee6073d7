/* SPDX-License-Identifier: MIT */
/*
 * After a handler every register is as before: general ones, flags, mask, x87, SSE and AVX. What the handler changes in
 * its frame is what the program goes on with; a frame that cannot be restored ends in SIGSEGV.
 */
#include <stdbool.h>
#include <ucontext.h>

#include "check.h"

#define MAGIC1 0x46505853u
#define MAGIC2 0x46505845u

struct registers { uint64_t value[15], flags; uint8_t vector[16][32]; };
static struct registers before, after;
static bool has_avx;
static volatile int calls;
static void (*volatile spoil)(ucontext_t *uc); /* what the handler does to its frame */

static uint32_t word_at(const void *base, size_t at)
{
	uint32_t word;

	memcpy(&word, (const char *)base + at, sizeof word);
	return word;
}

static void put_word(void *base, size_t at, uint32_t word) { memcpy((char *)base + at, &word, sizeof word); }

/* The image says how large it is where the ABI says so: bytes 464 of the FXSAVE area, and a word at its end. */
static void check_image(const ucontext_t *uc)
{
	const char *fx = (const char *)uc->uc_mcontext.fpregs;

	CHECK((uintptr_t)fx % 64 == 0 && ((uintptr_t)uc - 8) % 16 == 8);
	CHECK((uc->uc_flags & ~1ul) == 6);
	if (!(uc->uc_flags & 1))
		return;
	uint32_t size = word_at(fx, 480);
	CHECK(word_at(fx, 464) == MAGIC1 && word_at(fx, 468) == size + 4 && word_at(fx, size) == MAGIC2);
	CHECK((word_at(fx, 472) & 3) == 3 && (word_at(fx, 512) & 3) == 3);
}

static void on_signal(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)signo, (void)info;
	CHECK(++calls < 1000);
	check_image(uc);
	__asm__ volatile("fninit; fldpi; fldpi; xorps %%xmm0, %%xmm0; movaps %%xmm0, %%xmm15; std" ::: "xmm0", "xmm15",
	                 "memory");
	if (has_avx)
		__asm__ volatile("vpcmpeqd %%xmm3, %%xmm3, %%xmm3" ::: "xmm3");
	__asm__ volatile("cld");
	if (spoil)
		spoil(uc);
}

/* Loads all registers from `before`, executes ud2 (whose handler skips it), stores them to `after`. */
void probe(void);
__asm__(".text\nprobe:\n"
        "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
        "lea before(%rip), %rax\n"
        "push 120(%rax)\npopf\n"
        "mov 8(%rax), %rbx; mov 16(%rax), %rcx; mov 24(%rax), %rdx; mov 32(%rax), %rsi; mov 40(%rax), %rdi; mov 48(%rax), %rbp\n"
        "mov 56(%rax), %r8; mov 64(%rax), %r9; mov 72(%rax), %r10; mov 80(%rax), %r11; mov 88(%rax), %r12; mov 96(%rax), %r13\n"
        "mov 104(%rax), %r14; mov 112(%rax), %r15; mov 0(%rax), %rax\n"
        "ud2\n"
        "push %rax; pushf; lea after(%rip), %rax\n"
        "mov %rbx, 8(%rax); mov %rcx, 16(%rax); mov %rdx, 24(%rax); mov %rsi, 32(%rax); mov %rdi, 40(%rax); mov %rbp, 48(%rax)\n"
        "mov %r8, 56(%rax); mov %r9, 64(%rax); mov %r10, 72(%rax); mov %r11, 80(%rax); mov %r12, 88(%rax); mov %r13, 96(%rax)\n"
        "mov %r14, 104(%rax); mov %r15, 112(%rax)\n"
        "pop 120(%rax)\npop 0(%rax)\ncld\n"
        "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\nret\n");

static void skip_ud2(ucontext_t *uc) { uc->uc_mcontext.gregs[REG_RIP] += 2; }

static void general_registers(void)
{
	spoil = skip_ud2;
	for (int i = 0; i < 15; i++)
		before.value[i] = 0x1111111111111111ul * (uint64_t)(i + 1) + 0x8000000000000000ul;
	before.flags = 0x202 | 0x400 | 0x8d5; /* DF too, and all six of the arithmetic */
	probe();
	CHECK(calls == 1 && !memcmp(before.value, after.value, sizeof before.value));
	CHECK((after.flags & 0xcd5) == 0xcd5);
}

#define VECTOR_LOAD(n) __asm__ volatile("movups %0, %%xmm" #n ::"m"(before.vector[n]))
#define VECTOR_STORE(n) __asm__ volatile("movups %%xmm" #n ", %0" : "=m"(after.vector[n]))
#define YMM_LOAD(n) __asm__ volatile("vmovups %0, %%ymm" #n ::"m"(before.vector[n]))
#define YMM_STORE(n) __asm__ volatile("vmovups %%ymm" #n ", %0" : "=m"(after.vector[n]))
#define UD2 __asm__ volatile("ud2")

static void vector_registers(void)
{
	uint16_t control = 0x27f, control_after;
	uint32_t mxcsr = 0x9fc0, mxcsr_after;
	double x87;

	for (int i = 0; i < 16; i++)
		memset(before.vector[i], i + 1, 32);
	spoil = skip_ud2;
	__asm__ volatile("fninit; fldcw %0; fld1; ldmxcsr %1" ::"m"(control), "m"(mxcsr));
	VECTOR_LOAD(0);
	VECTOR_LOAD(7);
	VECTOR_LOAD(15);
	UD2;
	VECTOR_STORE(0);
	VECTOR_STORE(7);
	VECTOR_STORE(15);
	__asm__ volatile("fstpl %0; fnstcw %1; stmxcsr %2" : "=m"(x87), "=m"(control_after), "=m"(mxcsr_after));
	CHECK(x87 == 1.0 && control_after == control && mxcsr_after == mxcsr);
	CHECK(!memcmp(before.vector[0], after.vector[0], 16) && !memcmp(before.vector[7], after.vector[7], 16));
	CHECK(!memcmp(before.vector[15], after.vector[15], 16));
	mxcsr = 0x1f80;
	__asm__ volatile("fninit; ldmxcsr %0" ::"m"(mxcsr));
	if (!has_avx)
		return;
	YMM_LOAD(3);
	YMM_LOAD(12);
	UD2;
	YMM_STORE(3);
	YMM_STORE(12);
	CHECK(!memcmp(before.vector[3], after.vector[3], 32) && !memcmp(before.vector[12], after.vector[12], 32));
	__asm__ volatile("vzeroupper");
}

/* ---- what the handler changes ---- */

static void change_xmm5(ucontext_t *uc)
{
	skip_ud2(uc);
	memset((char *)uc->uc_mcontext.fpregs + 160 + 5 * 16, 0x5a, 16);
}

static void no_image(ucontext_t *uc)
{
	skip_ud2(uc);
	uc->uc_mcontext.fpregs = NULL;
}

static void forget_magic(ucontext_t *uc)
{
	skip_ud2(uc);
	put_word(uc->uc_mcontext.fpregs, 464, 0);
}

static void add_to_mask(ucontext_t *uc)
{
	skip_ud2(uc);
	sigaddset(&uc->uc_sigmask, SIGUSR2);
	sigaddset(&uc->uc_sigmask, SIGKILL);
}

static void xmm5_after(unsigned char byte)
{
	unsigned char expect[16];

	memset(expect, byte, sizeof expect);
	VECTOR_LOAD(5);
	UD2;
	VECTOR_STORE(5);
	CHECK(!memcmp(after.vector[5], expect, 16));
}

static void changes_are_honoured(void)
{
	sigset_t now;

	spoil = change_xmm5;
	xmm5_after(0x5a);
	spoil = forget_magic;
	xmm5_after(6);
	spoil = no_image;
	xmm5_after(0);
	spoil = add_to_mask;
	UD2;
	CHECK(sigprocmask(SIG_SETMASK, NULL, &now) == 0 && sigismember(&now, SIGUSR2) && !sigismember(&now, SIGKILL));
	CHECK(!sigismember(&now, SIGILL));
	sigemptyset(&now);
	sigprocmask(SIG_SETMASK, &now, NULL);
}

/* ---- frames that cannot be restored ---- */

static void bad_image(ucontext_t *uc) { uc->uc_mcontext.fpregs = (void *)0x7ffffffff000; }
static void crooked_image(ucontext_t *uc) { uc->uc_mcontext.fpregs = (char *)uc->uc_mcontext.fpregs + 8; }
static void kernel_image(ucontext_t *uc) { uc->uc_mcontext.fpregs = (void *)0xffff888000000000; }
static void bad_state(ucontext_t *uc) { put_word(uc->uc_mcontext.fpregs, 516, 0x80000000); }
static void bad_header(ucontext_t *uc) { put_word(uc->uc_mcontext.fpregs, 512 + 16, 1); }
static void bad_rip(ucontext_t *uc) { uc->uc_mcontext.gregs[REG_RIP] = 0x1234567812345678; }
static void kernel_rip(ucontext_t *uc) { uc->uc_mcontext.gregs[REG_RIP] = (greg_t)0xffffffff81000000; }

static void lost_stack(ucontext_t *uc)
{
	(void)uc;
	__asm__ volatile("mov $0x1000, %%rsp; mov $15, %%eax; syscall" ::: "memory");
}

static void frames_that_cannot_be_restored(void)
{
	static void (*const bad[])(ucontext_t *) = { bad_image, crooked_image, kernel_image, bad_rip, kernel_rip,
	                                             lost_stack, bad_state, bad_header };
	size_t n = sizeof bad / sizeof *bad;

	for (size_t i = 0; i < (has_avx ? n : n - 2); i++) {
		spoil = bad[i];
		DIES_BY(SIGSEGV, UD2);
	}
}

int main(void)
{
	struct sigaction sa;
	uint32_t a = 1, b, c, d;

	__asm__("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
	has_avx = c >> 28 & c >> 27 & 1;
	memset(&sa, 0, sizeof sa);
	sa.sa_sigaction = on_signal;
	sa.sa_flags = SA_SIGINFO;
	CHECK(sigaction(SIGILL, &sa, NULL) == 0);
	general_registers();
	vector_registers();
	changes_are_honoured();
	frames_that_cannot_be_restored();
	return 0;
}
