/* SPDX-License-Identifier: MIT */
/*
 * smp.c: the other CPUs, from INIT to cpu_start().
 *
 *     first CPU                                         other CPU
 *     copy trampoline.S below 640 KiB
 *     INIT to all; wait 10 ms
 *     for each: fill in stack and CPU; SIPI ──────────► real mode at the page ─► long mode, boot tables
 *       wait for `alive`                                ap_entry: kernel tables, own stack
 *                                                       ap_main: own GDT, TSS, MSRs, APIC, joins shootdowns
 *       ◄────────────────────────────────────── alive
 *     next                                              cpu_start(): its idle loop
 *
 * One at a time, so that one set of parameters suffices. A CPU that does not answer within ten seconds (the host of an
 * emulator may be busy) is skipped with a line in the log; should it come late, its APIC id is not the expected one and
 * it halts in the trampoline's last step.
 * Which CPUs exist is the MADT's word; maxcpus=N on the command line takes fewer. (SDM vol. 3, 9.4.4.)
 *
 * Also here: interrupts that only wake or nudge a CPU, and the idle CPU's wait.
 * No locks. A CPU's memory (one block of 16 KiB, one stack) is never freed.
 */
#include "arch_impl.h"
#include "lib/log.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "x86.h"

#define ICR_INIT 0x4500u
#define ICR_SIPI 0x4600u
#define PRIVATE_ORDER 2
#define ANSWER_US 10000000

_Static_assert(sizeof(struct cpu_private) <= PAGE_SIZE << PRIVATE_ORDER, "a CPU's block");

extern char trampoline_start[], trampoline_end[];

/* Read by ap_entry (trampoline.S), which runs before it has a stack. */
uint64_t ap_stack, ap_root;
struct cpu_private *ap_private;
volatile uint32_t ap_expected; /* APIC id; anybody else halts */

static volatile bool ap_alive;

void ap_main(struct cpu_private *p);

/* ap_main: first C on another CPU; on its own stack and the kernel's page tables. */
void ap_main(struct cpu_private *p)
{
	cpu_install(p);
	lapic_enable();
	tlb_join();
	__atomic_store_n(&ap_alive, true, __ATOMIC_RELEASE);
	cpu_start();
}

static bool ap_wait(unsigned us)
{
	for (uint64_t end = clock_now_ns() + us * 1000ul; clock_now_ns() < end;) {
		if (__atomic_load_n(&ap_alive, __ATOMIC_ACQUIRE))
			return true;
		cpu_poll();
	}
	return false;
}

static void ap_start(unsigned apic_id)
{
	struct page *page = page_alloc(PRIVATE_ORDER, 0);
	char *stack = kstack_alloc();

	if (!page || !stack) {
		klog(LOG_WARN, "smp: no memory for the CPU with APIC id %u", apic_id);
		if (page)
			page_free(page, PRIVATE_ORDER);
		if (stack)
			kstack_free(stack);
		return;
	}
	ap_private = page_to_virt(page);
	memset(ap_private, 0, sizeof(*ap_private));
	cpu_describe(ap_private, cpu_count, apic_id);
	ap_stack = (uint64_t)stack + KSTACK_PAGES * PAGE_SIZE;
	ap_alive = false;
	__atomic_store_n(&ap_expected, apic_id, __ATOMIC_SEQ_CST);
	lapic_command(apic_id, ICR_SIPI | boot_trampoline >> PAGE_SHIFT);
	if (!ap_wait(1000))
		lapic_command(apic_id, ICR_SIPI | boot_trampoline >> PAGE_SHIFT);
	if (ap_wait(ANSWER_US)) {
		cpu_count++;
		return;
	}
	/* Its block and stack are not reused: it might be on its way after all. */
	ap_expected = UINT32_MAX;
	cpus[cpu_count] = NULL;
	klog(LOG_WARN, "smp: the CPU with APIC id %u does not answer, going on without it", apic_id);
}

static unsigned cpus_wanted(void)
{
	char text[8];
	uint64_t n;

	if (cmdline_get(boot_info.cmdline, "maxcpus", text, sizeof(text)) && parse_u64(text, &n))
		return MIN(MAX(n, 1), MAX_CPUS);
	return MAX_CPUS;
}

/* The first instruction's page, and where its two absolute operands are, see trampoline.S. */
static void trampoline_place(void)
{
	extern char trampoline_gdt_base[], trampoline_far[], trampoline_root[], trampoline_gdt[], trampoline_long[];
	char *page = phys_to_virt(boot_trampoline);
	const struct { char *field, *target; } absolute[] = {
		{ trampoline_gdt_base, trampoline_gdt }, { trampoline_far, trampoline_long },
	};

	memcpy(page, trampoline_start, trampoline_end - trampoline_start);
	for (unsigned i = 0; i < ARRAY_SIZE(absolute); i++)
		*(uint32_t *)(page + (absolute[i].field - trampoline_start)) =
			boot_trampoline + (absolute[i].target - trampoline_start);
	*(uint32_t *)(page + (trampoline_root - trampoline_start)) = image_to_phys(boot_pml4);
	ap_root = kernel_root;
}

void smp_start(void)
{
	unsigned wanted = cpus_wanted();

	if (acpi.cpus <= 1 || wanted == 1)
		return;
	if (!boot_trampoline) {
		klog(LOG_WARN, "smp: no memory below 640 KiB, going on with one CPU");
		return;
	}
	trampoline_place();
	for (unsigned i = 0; i < acpi.cpus; i++)
		if (acpi.apic_id[i] != cpus[0]->apic_id)
			lapic_command(acpi.apic_id[i], ICR_INIT);
	clock_delay_us(10000);
	for (unsigned i = 0; i < acpi.cpus && cpu_count < wanted; i++)
		if (acpi.apic_id[i] != cpus[0]->apic_id)
			ap_start(acpi.apic_id[i]);
	klog(LOG_INFO, "smp: %u CPUs", cpu_count);
}

/* ---- nudges ---- */

void smp_kick(unsigned cpu)
{
	if (cpu != cpu_index())
		lapic_ipi(cpus[cpu]->apic_id, VECTOR_KICK);
}

/* STI takes effect after the next instruction, so nothing can be missed between the caller's check and HLT. */
void cpu_idle_wait(void)
{
	__asm__ volatile("sti\n\thlt\n\tcli" : : : "memory");
}

void cpu_irq_window(void)
{
	__asm__ volatile("sti\n\tnop\n\tcli" : : : "memory");
}

/* ---- freezing ---- */

/*
 * The kernel is never interrupted, so a CPU that takes the kick was in user mode, idle or at a sched_point: it holds no
 * spin lock, and what it sees of the kernel is nobody's half-done work. A CPU inside the kernel takes it on its way out.
 * Two CPUs that freeze at once: the second is at a safe point by being here, and parks.
 *
 *     freezer      0 ──► me ───────────────────────────────────► 0
 *     generation   even ──► odd ──────────────────► even
 *     parked_at                  this one, CPU by CPU
 *
 * A CPU parks for one generation: one that is slow to leave (its host thread was descheduled) is not counted by the
 * next freezer, nor does it wait for that one's end.
 */
static volatile uint32_t freezer;             /* CPU index + 1; 0: nobody */
static volatile uint32_t generation;          /* odd while the others are frozen */
static volatile uint32_t parked_at[MAX_CPUS]; /* the generation in which a CPU last parked */

void smp_park(void)
{
	uint32_t now = generation;

	if (likely(!(now & 1)))
		return;
	__atomic_store_n(&parked_at[cpu_index()], now, __ATOMIC_SEQ_CST);
	while (generation == now)
		cpu_poll();
}

void smp_freeze(void)
{
	for (uint32_t nobody = 0; !__atomic_compare_exchange_n(&freezer, &nobody, cpu_index() + 1, false,
	                                                       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); nobody = 0) {
		smp_park();
		cpu_poll();
	}
	uint32_t now = __atomic_add_fetch(&generation, 1, __ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < cpu_count; i++)
		smp_kick(i);
	for (unsigned i = 0; i < cpu_count; i++)
		while (i != cpu_index() && parked_at[i] != now)
			cpu_poll();
}

void smp_thaw(void)
{
	__atomic_add_fetch(&generation, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&freezer, 0, __ATOMIC_SEQ_CST);
}
