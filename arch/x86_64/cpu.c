/* SPDX-License-Identifier: MIT */
/*
 * cpu.c: one CPU made ready for the kernel: per-CPU data, descriptor tables, control registers, MSRs.
 *
 * Each CPU has a struct cpu_private: its GDT (only the TSS descriptor differs), its TSS, its struct cpu, and three
 * emergency stacks. GS points at struct cpu while the kernel runs; the other half of SWAPGS holds the user's base.
 * The IDT is one for all: 256 gates to the stubs of entry.S, all interrupt gates, so that interrupts are off from the
 * first instruction.
 *
 *     GDT   00 null   10 kernel code   18 kernel data   28 user data   30 user code   38 TSS (two slots)
 *
 * There is no 32-bit user code segment: a far jump to compatibility mode is a #GP, and the SYSCALL and SYSENTER entries
 * for it stay unset. FSGSBASE stays off: a user GS base is below USER_END always, which is how the NMI entry tells
 * whose GS is loaded. The NMI, double fault and machine check stacks (IST) are those that can come at the one moment
 * when RSP is the user's: between SYSCALL and the stack switch, or on a stack that overflowed.
 *
 * Features (SMEP, SMAP, UMIP, XSAVE, ...) are used where CPUID has them; without SMAP the STAC and CLAC instructions
 * are patched to no-ops, once, while text is still writable. NX is required (boot.S checks).
 * Takes no locks. Does not start other CPUs (smp.c) and knows no scheduling.
 */
#include "arch_impl.h"
#include "lib/log.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "x86.h"

struct cpu *cpus[MAX_CPUS];
unsigned cpu_count;
struct cpu_features cpu_features;
volatile bool cpu_panicking;

static struct cpu_private first_cpu;

struct idt_gate { uint16_t offset0, selector; uint8_t ist, type; uint16_t offset1; uint32_t offset2, reserved; };
static struct idt_gate idt[256] __attribute__((aligned(16)));

struct table_register { uint16_t limit; uint64_t base; } __attribute__((packed));

#define GATE_INTERRUPT 0x8e
#define GATE_USER      0x60 /* DPL 3 */
#define VECTOR_BREAKPOINT 3
#define VECTOR_OVERFLOW   4

/* ---- tables ---- */

static void idt_init(void)
{
	for (unsigned v = 0; v < 256; v++) {
		vaddr_t stub = (vaddr_t)isr_stubs + 16 * v;
		idt[v] = (struct idt_gate){
			.offset0 = stub, .offset1 = stub >> 16, .offset2 = stub >> 32,
			.selector = KERNEL_CS, .type = GATE_INTERRUPT,
		};
	}
	idt[VECTOR_BREAKPOINT].type |= GATE_USER;
	idt[VECTOR_OVERFLOW].type |= GATE_USER;
	idt[2].ist = IST_NMI;
	idt[8].ist = IST_DOUBLE_FAULT;
	idt[18].ist = IST_MACHINE_CHECK;
}

static void gdt_init(struct cpu_private *p)
{
	uint64_t tss = (uint64_t)&p->tss;

	p->gdt[KERNEL_CS / 8] = 0x00209b0000000000;
	p->gdt[KERNEL_DS / 8] = 0x0000930000000000;
	p->gdt[USER_DS / 8] = 0x0000f30000000000;
	p->gdt[USER_CS / 8] = 0x0020fb0000000000;
	p->gdt[TSS_SEL / 8] = (sizeof(struct tss) - 1) | (tss & 0xffffff) << 16 | 0x89ul << 40 | (tss >> 24 & 0xff) << 56;
	p->gdt[TSS_SEL / 8 + 1] = tss >> 32;
}

void cpu_describe(struct cpu_private *p, unsigned index, unsigned apic_id)
{
	p->cpu.self = &p->cpu;
	p->cpu.index = index;
	p->cpu.apic_id = apic_id;
	p->cpu.arch = p;
	gdt_init(p);
	for (unsigned i = 0; i < IST_COUNT; i++)
		p->tss.ist[i] = (uint64_t)p->ist[i] + PAGE_SIZE;
	p->tss.iomap = sizeof(struct tss);
	cpus[index] = &p->cpu;
}

static void tables_load(struct cpu_private *p)
{
	struct table_register gdtr = { sizeof(p->gdt) - 1, (uint64_t)p->gdt };
	struct table_register idtr = { sizeof(idt) - 1, (uint64_t)idt };

	__asm__ volatile(
		"lgdt %0\n\t"
		"lidt %1\n\t"
		"push %2\n\t"
		"lea 1f(%%rip), %%rax\n\t"
		"push %%rax\n\t"
		"lretq\n"
		"1:\tmov %3, %%ss\n\t"
		"mov %4, %%ds\n\t"
		"mov %4, %%es\n\t"
		"mov %4, %%fs\n\t"
		"mov %4, %%gs\n\t"
		"lldt %w4\n\t"
		"ltr %w5"
		: : "m"(gdtr), "m"(idtr), "i"(KERNEL_CS), "r"(KERNEL_DS), "r"(0), "r"(TSS_SEL) : "rax", "memory");
}

/* ---- features ---- */

static void features_find(void)
{
	uint32_t max = cpuid(0, 0).a;
	struct cpuid one = cpuid(1, 0), seven = max >= 7 ? cpuid(7, 0) : (struct cpuid){ 0 };

	cpu_features = (struct cpu_features){
		.nx = cpuid(0x80000001, 0).d >> 20 & 1,
		.pge = one.d >> 13 & 1,
		.mce = one.d >> 7 & 1,
		.smep = seven.b >> 7 & 1,
		.smap = seven.b >> 20 & 1,
		.umip = seven.c >> 2 & 1,
		.xsave = max >= 0xd && one.c >> 26 & 1,
		.avx = one.c >> 28 & 1,
		.rdrand = one.c >> 30 & 1,
	};
}

/* Without SMAP, STAC and CLAC are undefined opcodes: each becomes a 3-byte NOP. Text is still writable. */
static void smap_patch(void)
{
	static const uint8_t nop3[3] = { 0x0f, 0x1f, 0x00 };

	for (const uint64_t *site = smap_sites_start; site < smap_sites_end; site++)
		memcpy((void *)*site, nop3, sizeof(nop3));
	cpuid(0, 0); /* serialise */
}

/* From scratch: what firmware or the loader had on is not ours to inherit. The PAT is the one of power-on. */
static void control_registers_init(void)
{
	uint64_t cr4 = CR4_PAE | CR4_DE | CR4_OSFXSR | CR4_OSXMMEXCPT;

	cr4 |= cpu_features.pge ? CR4_PGE : 0;
	cr4 |= cpu_features.mce ? CR4_MCE : 0;
	cr4 |= cpu_features.smep ? CR4_SMEP : 0;
	cr4 |= cpu_features.smap ? CR4_SMAP : 0;
	cr4 |= cpu_features.umip ? CR4_UMIP : 0;
	cr4 |= cpu_features.xsave ? CR4_OSXSAVE : 0;
	write_cr0(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG);
	write_cr4(cr4);
	wrmsr(MSR_PAT, PAT_DEFAULT);
}

/* SYSCALL: CS and SS from STAR 47:32; SYSRET: SS = STAR 63:48 + 8, CS = + 16 (AMD APM vol. 2, 6.1.1). */
static void syscall_init(void)
{
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE | EFER_NXE);
	wrmsr(MSR_STAR, (uint64_t)(USER_DS - 8) << 48 | (uint64_t)KERNEL_CS << 32);
	wrmsr(MSR_LSTAR, (uint64_t)syscall_stub);
	wrmsr(MSR_SFMASK, RFLAGS_IF | RFLAGS_TF | RFLAGS_DF | RFLAGS_NT | RFLAGS_AC | RFLAGS_IOPL | RFLAGS_RF);
}

void cpu_install(struct cpu_private *p)
{
	tables_load(p);
	wrmsr(MSR_GS_BASE, (uint64_t)&p->cpu);
	wrmsr(MSR_KERNEL_GS_BASE, 0);
	control_registers_init();
	fpu_enable();
	syscall_init();
}

void cpu_boot_gs(void)
{
	first_cpu.cpu.self = &first_cpu.cpu;
	wrmsr(MSR_GS_BASE, (uint64_t)&first_cpu.cpu);
}

void arch_cpu_init(void)
{
	features_find();
	if (!cpu_features.smap)
		smap_patch();
	idt_init();
	cpu_describe(&first_cpu, 0, cpuid(1, 0).b >> 24);
	cpu_install(&first_cpu);
	tlb_join();
	cpu_count = 1;
}

void arch_devices_init(void)
{
	irq_silence_pic();
	acpi_init();
	lapic_map();
	lapic_enable();
	cpus[0]->apic_id = lapic_id();
	irq_init();
	clock_init();
}

bool cpu_random(uint64_t *value)
{
	bool ok = false;

	for (int tries = 0; cpu_features.rdrand && !ok && tries < 10; tries++)
		__asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(ok));
	return ok;
}

/* ---- ways out ---- */

static noreturn void halt_for_ever(void)
{
	for (;;) {
		interrupts_off();
		cpu_halt();
	}
}

noreturn void arch_panic_exit(void)
{
	char how[8];

	interrupts_off();
	cpu_panicking = true;
	if (lapic_ready())
		lapic_nmi_others();
	if (!cmdline_get(boot_info.cmdline, "panic", how, sizeof(how)) || strcmp(how, "halt"))
		outb(0xf4, 0x11);
	halt_for_ever();
}

#define PM1_SLEEP_ENABLE 0x2000 /* sleep type 0 is S5 in QEMU's DSDT */

noreturn void arch_poweroff(void)
{
	interrupts_off();
	outb(0xf4, 0x10);
	if (acpi.pm1a_control)
		outw(acpi.pm1a_control, PM1_SLEEP_ENABLE);
	outw(0x604, PM1_SLEEP_ENABLE);
	outw(0xb004, PM1_SLEEP_ENABLE);
	halt_for_ever();
}

noreturn void arch_reboot(void)
{
	static const struct table_register none = { 0, 0 };

	interrupts_off();
	outb(0xcf9, 0x02);
	outb(0xcf9, 0x06);
	outb(0x64, 0xfe);
	__asm__ volatile("lidt %0\n\tud2" : : "m"(none)); /* a triple fault resets the machine */
	halt_for_ever();
}
