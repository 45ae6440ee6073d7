/* SPDX-License-Identifier: MIT */
/*
 * What the machine offers to the kernel: mechanism only, no policy. Sources: Intel SDM vol. 3, AMD APM vol. 2,
 * multiboot2, the PVH boot ABI, ACPI 6. Interrupts are off in the kernel from entry to exit; handlers run only when an
 * interrupt arrived in user mode or in the idle loop. The kernel calls down through the functions here; arch calls up
 * through the few functions of the last section.
 */
#ifndef ARCH_H
#define ARCH_H

#include "lib/types.h"
#include "mm/mm.h"

struct thread; /* task/task.h; its first member is struct arch_thread */

/* ---- boot.c: what the loader told us ---- */
#define BOOT_RANGES_MAX 64
struct boot_info {
	char cmdline[4096];
	struct memory_range range[BOOT_RANGES_MAX];
	unsigned ranges;
	paddr_t module; /* the boot archive; 0 none */
	size_t module_len;
	paddr_t rsdp; /* 0: search the BIOS area */
	paddr_t image_start, image_end; /* where the kernel lies; the image may have been relocated */
	const char *loader; /* "pvh", "multiboot2" */
	uint64_t entry_tsc; /* rdtsc at the first instruction that could take it */
};
extern struct boot_info boot_info;

/* ---- order of initialisation, called by kernel_main on the first CPU ---- */
void arch_cpu_init(void);    /* GDT, TSS, IDT, SYSCALL, CR0/CR4 features, per-CPU area; before frames exist */
void arch_memory_init(void); /* after frames_init: final kernel page tables: physmap NX, image W^X, identity map gone */
void arch_devices_init(void);/* after heap_init: ACPI, local APIC, IO-APIC, clock calibration, PCI */
void smp_start(void);        /* start the other CPUs; each ends in cpu_start(). Returns when all have checked in */

/* ---- cpu.c: per-CPU data, reached through GS ---- */
struct cpu {
	struct cpu *self;          /* gs:0 */
	struct thread *current;    /* gs:8, running on this CPU */
	uint64_t kernel_stack;     /* top of current's kernel stack, for SYSCALL */
	uint64_t user_stack;       /* scratch of SYSCALL entry */
	uint32_t index, apic_id;
	struct arch_space *space;  /* whose CR3 is loaded; NULL: the kernel's */
	bool resched;              /* the scheduler wants this CPU at its next exit to user mode */
	uint32_t entered;          /* low half of the TSC when the kernel was entered, or current came here */
	struct thread *idle;
	void *sched;               /* the scheduler's own per-CPU data */
	void *arch;                /* GDT, TSS: private to cpu.c */
};
extern struct cpu *cpus[MAX_CPUS];
extern unsigned cpu_count; /* started and running */

/* ---- cpuid.c: what CPUID says ---- */

#define CPU_FLAG_BITS (5 * 32)
struct cpu_identity {
	char vendor[13], brand[49]; /* ended by 0; brand may be empty */
	uint32_t level, family, model, stepping;
	uint32_t flags[CPU_FLAG_BITS / 32];
};

/* The processor this runs on. */
void cpu_identify(struct cpu_identity *id);
/* The usual name of ability number bit (< CPU_FLAG_BITS); NULL: not there, or has none. */
const char *cpu_flag_name(const struct cpu_identity *id, unsigned bit);

/* Volatile, for a thread that slept may wake on another CPU: the compiler must not carry an answer over a call. */
static inline struct cpu *cpu_this(void)
{
	struct cpu *c;
	__asm__ volatile("mov %%gs:0, %0" : "=r"(c));
	return c;
}
static inline struct thread *thread_current(void)
{
	struct thread *t;
	__asm__ volatile("mov %%gs:8, %0" : "=r"(t));
	return t;
}
static inline unsigned cpu_index(void)
{
	uint32_t i;
	__asm__ volatile("mov %%gs:%c1, %0" : "=r"(i) : "i"(offsetof(struct cpu, index)));
	return i;
}
noreturn void arch_panic_exit(void); /* stop the other CPUs, isa-debug-exit 0x11, else halt (boot option panic=halt) */
noreturn void arch_poweroff(void);   /* isa-debug-exit 0x10, then ACPI S5, then halt */
noreturn void arch_reboot(void);
void arch_backtrace(void);           /* to the log: the return addresses of the current stack */

/* ---- trap.c, entry.S: what a thread left behind on its kernel stack when it came from user mode ---- */
struct trap_frame {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	uint64_t vector; /* 0..255; SYSCALL_VECTOR for a system call */
	uint64_t error;  /* of the exception; the number of the system call */
	uint64_t rip, cs, rflags, rsp, ss;
};
#define SYSCALL_VECTOR 0x100

struct arch_thread {
	uint64_t rsp;         /* saved by arch_switch */
	void *stack;          /* kstack_alloc'ed */
	uint64_t fs_base, gs_base;
	void *fpu;            /* FXSAVE/XSAVE image, fpu_size() bytes, 64-aligned; NULL for kernel threads */
	uint64_t iopl;        /* RFLAGS.IOPL granted by iopl(2): 0 or 3 << 12; inherited by fork */
};
/*
 * arch_thread_init: first switch to it calls entry(arg) on its kernel stack with interrupts off; entry must not return.
 */
void arch_thread_init(struct arch_thread *t, void *stack, void (*entry)(void *), void *arg);
/* arch_thread_frame: the user register frame at the top of its kernel stack. */
static inline struct trap_frame *arch_thread_frame(struct arch_thread *t)
{
	return (struct trap_frame *)((char *)t->stack + KSTACK_PAGES * PAGE_SIZE) - 1;
}
/* arch_switch: saves prev (its FPU too), makes next this CPU's current with its stack, FPU and FS base. Not CR3. */
void arch_switch(struct arch_thread *prev, struct arch_thread *next);
/*
 * arch_load_bases: current's fs_base and gs_base -> registers (after arch_prctl, execve). Both must be below USER_END.
 */
void arch_load_bases(void);
uint64_t arch_debug_status(void);                 /* DR6, which is cleared: why a #DB came; DEBUG_STEP is TF's */
#define DEBUG_STEP (1ul << 14)
noreturn void arch_return_to_user(void);          /* leave the kernel through the current thread's frame */
void arch_frame_init_user(struct trap_frame *f, vaddr_t entry, vaddr_t stack); /* flags, segments, zero registers */
/*
 * arch_frame_sanitize: segments and flags as user mode may have them (sigreturn, iopl); IOPL is the current thread's.
 */
void arch_frame_sanitize(struct trap_frame *f);
extern size_t fpu_image_size;
static inline size_t fpu_size(void) { return fpu_image_size; }
void fpu_init(void *image);                       /* the state a new program starts with */
void fpu_save_current(void);                      /* live registers -> current's image (before fork, signal frames) */
void fpu_load_current(void);                      /* current's image -> registers (after execve, sigreturn) */
uint64_t fpu_components(void);                    /* XCR0: the state components of an image; 0 without XSAVE */
uint32_t fpu_mxcsr_mask(void);                    /* the bits of MXCSR that may be set */
void fpu_load_initial(void);                      /* registers as a new program has them */
/* fpu_exceptions: the unmasked exceptions pending in the registers (MXCSR's six bits), for #MF (x87) or #XM. */
unsigned fpu_exceptions(bool x87);

/* ---- usercopy.S: the only code that touches user addresses; survives faults through a table of fixups ----
 * The range must lie below USER_END (the callers in vm/usercopy.c check). They return the bytes NOT done; no fault is
 * resolved here. */
size_t user_copy_in(void *dst, vaddr_t src, size_t n);
size_t user_copy_out(vaddr_t dst, const void *src, size_t n);
size_t user_zero(vaddr_t dst, size_t n);
/* user_strncpy: copies up to and including NUL; bytes copied without NUL; -1 on a fault; n when none was found. */
long user_strncpy(char *dst, vaddr_t src, size_t n);
/*
 * The live vector state to a user address and back, aligned to 64. 0; -EFAULT: the memory is not there, or (restore)
 * holds what the processor refuses, and the registers are undefined. Components of XSAVE that are not asked for become
 * initial.
 */
int user_fpu_save(vaddr_t image);
int user_fpu_restore(vaddr_t image, uint64_t components);
int user_read32(vaddr_t addr, uint32_t *word); /* 0, -EFAULT; this and the next: an aligned address below USER_END */
int user_cmpxchg32(vaddr_t addr, uint32_t expect, uint32_t desired, uint32_t *seen); /* 0, -EFAULT */

/* ---- space.c: page-table roots and the TLB. Walking and editing tables: vm/table.c with pte.h ---- */
struct arch_space {
	paddr_t root;              /* CR3 */
	volatile uint64_t cpus;    /* bit per CPU that may hold entries of it */
};
int arch_space_init(struct arch_space *s);     /* allocates the root with the kernel half; -ENOMEM */
void arch_space_destroy(struct arch_space *s); /* frees the root; no CPU may have it loaded (arch_space_evict) */
void arch_space_load(struct arch_space *s);    /* NULL: kernel tables */
void arch_space_evict(struct arch_space *s);   /* make every CPU that has it loaded let go; waits */
/*
 * tlb_shootdown: entries for [start, start + npages) are gone from every CPU of the space when it returns; of any CPU,
 * whatever it has loaded, when s is NULL (kernel addresses; a user table that several spaces have). Waits for
 * acknowledgements, answering others' meanwhile; any spin lock may be held. Many pages: the whole TLB of the space. No
 * pages: nothing but a full memory barrier on those CPUs.
 */
void tlb_shootdown(struct arch_space *s, vaddr_t start, size_t npages);

/* ---- kernel mappings (RANK_KMAP) ---- */
enum { KMAP_WRITE = 1, KMAP_UNCACHED = 2 };
int kmap(vaddr_t va, paddr_t pa, unsigned flags); /* one page, NX; -ENOMEM */
void kunmap(vaddr_t va, size_t npages);           /* and shoots it down everywhere, once for all */
void *mmio_map(paddr_t pa, size_t len);           /* uncached, for ever; NULL */

/* ---- irq.c: IO-APIC and MSI ---- */
/*
 * irq_route: deliver gsi to `handler(arg)`; level-triggered lines are masked before it is called. 0, -EBUSY, -EINVAL.
 */
int irq_route(unsigned gsi, void (*handler)(void *), void *arg);
void irq_release(unsigned gsi);
void irq_mask(unsigned gsi);
void irq_unmask(unsigned gsi);
/* msi_alloc: a vector; address and data for the device. -ENOSPC. */
int msi_alloc(void (*handler)(void *), void *arg, uint64_t *address, uint32_t *data);
void msi_free(int vector);

/* ---- clock.c ---- */
uint64_t clock_now_ns(void);       /* CLOCK_MONOTONIC since boot */
uint64_t clock_epoch_ns(void);     /* CLOCK_REALTIME of boot, from the RTC */
uint64_t clock_cycles_ns(uint64_t cycles); /* a span of the TSC */
void clock_arm(uint64_t deadline_ns); /* this CPU's next timer_interrupt(); UINT64_MAX: none */
static inline uint64_t rdtsc(void)
{
	uint32_t lo, hi;
	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (uint64_t)hi << 32 | lo;
}
bool cpu_random(uint64_t *value); /* RDRAND; false without */

/* ---- smp.c ---- */
void smp_kick(unsigned cpu);  /* interrupt it, so that it looks at cpu->resched; also out of the idle loop */
void cpu_idle_wait(void);     /* sti; hlt; cli: returns after an interrupt */
void cpu_irq_window(void);    /* sti; nop; cli: lets pending interrupts in; preemption points of long loops */
/* cpu_poll() is in lib/spinlock.h. */
void smp_freeze(void); /* park every other CPU where it holds nothing (on its way from or to user mode, or idle) */
void smp_thaw(void);

/* ---- serial.c: com 1..4; polled output ---- */
void serial_init(unsigned com);
void serial_write(unsigned com, const char *text, size_t len);

/* ---- pci.c: configuration space; bdf = bus << 8 | device << 3 | function ---- */
uint32_t pci_read(unsigned bdf, unsigned off, unsigned width);
void pci_write(unsigned bdf, unsigned off, unsigned width, uint32_t value);
/* pci_scan: calls visit(bdf, arg) for every function present until it returns true. */
bool pci_scan(bool (*visit)(unsigned bdf, void *arg), void *arg);

/* ---- called by arch: the kernel proper provides these ---- */
void kernel_main(void);                        /* main.c; entered from boot.c with a boot stack, never returns */
noreturn void cpu_start(void);                 /* task/sched.c: another CPU is ready; becomes its idle thread */
void syscall_entry(struct trap_frame *frame);  /* sys/syscall.c; result in frame->rax */
/* user_fault: an exception in user mode; #PF has addr = CR2 and the error code in the frame. Interrupts are off. */
void user_page_fault(struct trap_frame *frame, vaddr_t addr); /* vm/report.c */
void user_exception(struct trap_frame *frame);                /* task/signal.c: #DE #UD #GP ... */
void timer_interrupt(void);                    /* task/timer.c, on the CPU whose clock_arm expired */
/* thread_exit_work: before each return to user mode when cpu->resched or thread's `pending` byte is set. */
void thread_exit_work(struct trap_frame *frame); /* task/sigwork.c: reschedule, deliver signals, die */

#endif
