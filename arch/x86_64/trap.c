/* SPDX-License-Identifier: MIT */
/*
 * trap.c: where an exception or interrupt goes, once entry.S has made a trap frame of it.
 *
 *                     from user mode                      from kernel mode
 *     page fault      user_page_fault(frame, CR2)         fixup of the instruction, else panic
 *     #GP             user_exception(frame)               fixup, else panic
 *     other exception user_exception(frame)               panic
 *     interrupt       irq.c, clock.c, space.c             the same (idle loop and interrupt windows only)
 *     NMI             halt when a panic is under way, else nothing
 *     #DF, #MC        panic
 *
 * No policy here: what a fault means is decided by vm/fault.c and task/signal.c. All functions run with interrupts off;
 * those called from user mode may sleep, those called from kernel mode must not. A fixup only moves the instruction
 * pointer: the code in usercopy.S does the rest. The table has a dozen entries, so the search is linear.
 *
 * A kernel stack that overflows hits its guard page; the CPU cannot push the #PF frame and raises #DF on a stack of its
 * own, which is how such a bug announces itself.
 *
 * Also here: the user's frame made and sanitised, new threads prepared, and the backtrace. The kernel is built without
 * frame pointers, which would cost each call two instructions; so the backtrace shows every word of the stack that
 * could be a return address, and some of them are left over from earlier calls.
 */
#include "arch_impl.h"
#include "lib/log.h"
#include "lib/string.h"
#include "x86.h"

enum { EXC_NMI = 2, EXC_DOUBLE_FAULT = 8, EXC_PROTECTION = 13, EXC_PAGE = 14, EXCEPTIONS = 32 };

#define USER_FLAGS 0x240dd5ul /* CF PF AF ZF SF TF DF OF RF AC ID: what a program may set in its frame */
#define BACKTRACE_MAX 24

static const char *const exception_names[EXCEPTIONS] = {
	"divide error", "debug exception", "NMI", "breakpoint", "overflow", "bound exceeded", "invalid opcode",
	"no FPU", "double fault", "9", "invalid TSS", "segment not present", "stack fault", "general protection fault",
	"page fault", "15", "x87 error", "alignment check", "machine check", "SIMD error", "virtualisation error",
	"control protection",
};

void thread_start(void); /* switch.S */

/* ---- panics ---- */

static void registers_log(const struct trap_frame *f)
{
	klog(LOG_ERROR, "rax %016llx rbx %016llx rcx %016llx rdx %016llx", (unsigned long long)f->rax,
	     (unsigned long long)f->rbx, (unsigned long long)f->rcx, (unsigned long long)f->rdx);
	klog(LOG_ERROR, "rsi %016llx rdi %016llx rbp %016llx rsp %016llx", (unsigned long long)f->rsi,
	     (unsigned long long)f->rdi, (unsigned long long)f->rbp, (unsigned long long)f->rsp);
	klog(LOG_ERROR, "r8  %016llx r9  %016llx r10 %016llx r11 %016llx", (unsigned long long)f->r8,
	     (unsigned long long)f->r9, (unsigned long long)f->r10, (unsigned long long)f->r11);
	klog(LOG_ERROR, "r12 %016llx r13 %016llx r14 %016llx r15 %016llx", (unsigned long long)f->r12,
	     (unsigned long long)f->r13, (unsigned long long)f->r14, (unsigned long long)f->r15);
	klog(LOG_ERROR, "rip %016llx flags %llx cs %llx cr2 %llx cr3 %llx", (unsigned long long)f->rip,
	     (unsigned long long)f->rflags, (unsigned long long)f->cs, (unsigned long long)read_cr2(),
	     (unsigned long long)read_cr3());
}

static noreturn void trap_panic(const struct trap_frame *f)
{
	const char *name = f->vector < EXCEPTIONS ? exception_names[f->vector] : NULL;

	registers_log(f);
	panic("%s in the kernel (error %llx) at %llx, address %llx", name ? name : "exception",
	      (unsigned long long)f->error, (unsigned long long)f->rip, (unsigned long long)read_cr2());
}

/* The end of the stack that `at` lies in, as far as we can know it. */
static uint64_t stack_end(uint64_t at)
{
	struct arch_thread *t = (struct arch_thread *)thread_current();
	uint64_t stack = t ? (uint64_t)t->stack : 0;

	if (at >= stack && at < stack + KSTACK_PAGES * PAGE_SIZE)
		return stack + KSTACK_PAGES * PAGE_SIZE;
	if (at >= (uint64_t)boot_stack && at < (uint64_t)boot_stack_top)
		return (uint64_t)boot_stack_top;
	return ALIGN_UP(at + 1, PAGE_SIZE);
}

void arch_backtrace(void)
{
	const uint64_t *word = __builtin_frame_address(0);
	const uint64_t *end = (const uint64_t *)stack_end((uint64_t)word);
	unsigned shown = 0;

	klog(LOG_ERROR, "cpu %u, text addresses on the stack (addr2line -e kernel):", cpu_index());
	for (; word < end && shown < BACKTRACE_MAX; word++) {
		if (*word < (uint64_t)text_start || *word >= (uint64_t)text_end)
			continue;
		klog(LOG_ERROR, "  %llx", (unsigned long long)*word);
		shown++;
	}
}

/* ---- dispatch ---- */

static bool fixup_apply(struct trap_frame *f)
{
	for (const struct fixup *x = fixup_table_start; x < fixup_table_end; x++)
		if (x->fault == f->rip) {
			f->rip = x->resume;
			return true;
		}
	return false;
}

static void kernel_exception(struct trap_frame *f)
{
	if ((f->vector == EXC_PAGE || f->vector == EXC_PROTECTION) && fixup_apply(f))
		return;
	trap_panic(f);
}

static void interrupt(unsigned vector)
{
	switch (vector) {
	case VECTOR_TIMER:
		lapic_eoi();
		clock_expired();
		break;
	case VECTOR_TLB:
		lapic_eoi();
		tlb_answer();
		break;
	case VECTOR_KICK: /* its return path looks at cpu->resched */
		lapic_eoi();
		smp_park();
		break;
	case VECTOR_SPURIOUS: /* no EOI: SDM vol. 3, 11.9 */
	case VECTOR_PIC ... VECTOR_PIC + 15:
		break;
	default:
		irq_dispatch(vector);
	}
}

void trap_dispatch(struct trap_frame *f)
{
	bool user = f->cs & 3;

	if (likely(f->vector == EXC_PAGE && user))
		user_page_fault(f, read_cr2());
	else if (f->vector >= EXCEPTIONS)
		interrupt(f->vector);
	else if (user)
		user_exception(f);
	else
		kernel_exception(f);
}

/*
 * A panicking CPU stops the others by NMI, because they may be spinning with interrupts off; they stay here for ever.
 * -> any other NMI is ignored, without a word: it may have hit the holder of the log's lock.
 */
void trap_nested(struct trap_frame *f)
{
	if (f->vector != EXC_NMI)
		trap_panic(f);
	while (cpu_panicking)
		cpu_halt();
}

/* ---- frames and threads ---- */

void arch_frame_init_user(struct trap_frame *f, vaddr_t entry, vaddr_t stack)
{
	struct arch_thread *t = (struct arch_thread *)thread_current();

	memset(f, 0, sizeof(*f));
	f->vector = SYSCALL_VECTOR;
	f->rip = entry;
	f->rsp = stack;
	f->cs = USER_CS;
	f->ss = USER_DS;
	f->rflags = RFLAGS_FIXED | RFLAGS_IF | (t ? t->iopl : 0);
}

void arch_frame_sanitize(struct trap_frame *f)
{
	struct arch_thread *t = (struct arch_thread *)thread_current();

	f->cs = USER_CS;
	f->ss = USER_DS;
	f->rflags = (f->rflags & USER_FLAGS) | RFLAGS_FIXED | RFLAGS_IF | t->iopl;
}

void arch_thread_init(struct arch_thread *t, void *stack, void (*entry)(void *), void *arg)
{
	t->stack = stack;
	uint64_t *sp = (uint64_t *)arch_thread_frame(t);
	*--sp = 0; /* as if called: keeps thread_start's stack aligned */
	*--sp = 0;
	*--sp = (uint64_t)thread_start;
	*--sp = 0;               /* rbp */
	*--sp = 0;               /* rbx */
	*--sp = (uint64_t)entry; /* r12 */
	*--sp = (uint64_t)arg;   /* r13 */
	*--sp = 0;               /* r14 */
	*--sp = 0;               /* r15 */
	t->rsp = (uint64_t)sp;
}

uint64_t arch_debug_status(void)
{
	uint64_t status, none = 0xffff0ff0; /* SDM vol. 3, 17.2.3: these bits read as 1 */

	__asm__ volatile("mov %%dr6, %0\n\tmov %1, %%dr6" : "=&r"(status) : "r"(none));
	return status;
}

void arch_load_bases(void)
{
	struct arch_thread *t = (struct arch_thread *)thread_current();

	wrmsr(MSR_FS_BASE, t->fs_base);
	wrmsr(MSR_KERNEL_GS_BASE, t->gs_base);
}
