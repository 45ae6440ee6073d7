/* SPDX-License-Identifier: MIT */
/*
 * apic.c: the local APIC of each CPU (Intel SDM vol. 3, chapter 11): end of interrupt, interrupts to other CPUs, and
 * the one-shot timer that clock.c gives a meaning to.
 *
 * Registers are memory at the address in IA32_APIC_BASE, the same for every CPU, each seeing its own. Mapped once,
 * uncached. Commands go through the two halves of the ICR: high (destination) first, the write to the low half sends;
 * interrupts are off in the kernel, so nobody comes between. The timer's interrupt has a vector of its own; the other
 * local sources (LINT0, LINT1, error, performance) stay masked, but LINT1, the machine's NMI.
 *
 * No locks: everything is per CPU. x2APIC mode is not used; a CPU whose firmware left it on is switched back by
 * disabling the APIC first. Destinations have 8 bits, which 8 CPUs do not exhaust.
 */
#include "arch_impl.h"
#include "lib/log.h"
#include "x86.h"

enum {
	REG_ID = 0x20, REG_TPR = 0x80, REG_EOI = 0xb0, REG_SPURIOUS = 0xf0, REG_ICR = 0x300, REG_ICR_HIGH = 0x310,
	REG_LVT_TIMER = 0x320, REG_LVT_PERF = 0x340, REG_LVT_LINT0 = 0x350, REG_LVT_LINT1 = 0x360, REG_LVT_ERROR = 0x370,
	REG_TIMER_INITIAL = 0x380, REG_TIMER_CURRENT = 0x390, REG_TIMER_DIVIDE = 0x3e0,
};

#define APIC_BASE_ENABLE (1ul << 11)
#define APIC_BASE_X2APIC (1ul << 10)
#define SPURIOUS_ENABLE  (1u << 8)
#define LVT_MASKED       (1u << 16)
#define LVT_NMI          (4u << 8)
#define ICR_BUSY         (1u << 12)
#define ICR_ASSERT       (1u << 14)
#define ICR_NMI_OTHERS   (3u << 18 | ICR_ASSERT | 4u << 8)
#define DIVIDE_BY_1      0xb

static volatile uint32_t *registers;

static uint32_t lapic_read(unsigned reg)
{
	return registers[reg / 4];
}

static void lapic_write(unsigned reg, uint32_t value)
{
	registers[reg / 4] = value;
}

void lapic_map(void)
{
	registers = mmio_map(rdmsr(MSR_APIC_BASE) & 0xffffff000ul, PAGE_SIZE);
	if (!registers)
		panic("apic: no memory to map the local APIC");
}

bool lapic_ready(void)
{
	return registers;
}

void lapic_enable(void)
{
	uint64_t base = rdmsr(MSR_APIC_BASE);

	if (base & APIC_BASE_X2APIC)
		wrmsr(MSR_APIC_BASE, base & ~(APIC_BASE_ENABLE | APIC_BASE_X2APIC));
	wrmsr(MSR_APIC_BASE, (base & ~APIC_BASE_X2APIC) | APIC_BASE_ENABLE);
	lapic_write(REG_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
	lapic_write(REG_TPR, 0);
	lapic_write(REG_LVT_LINT0, LVT_MASKED);
	lapic_write(REG_LVT_LINT1, LVT_NMI);
	lapic_write(REG_LVT_ERROR, LVT_MASKED);
	lapic_write(REG_LVT_PERF, LVT_MASKED);
	lapic_write(REG_TIMER_DIVIDE, DIVIDE_BY_1);
	lapic_write(REG_LVT_TIMER, VECTOR_TIMER);
	lapic_write(REG_TIMER_INITIAL, 0);
	lapic_eoi();
}

unsigned lapic_id(void)
{
	return lapic_read(REG_ID) >> 24;
}

void lapic_eoi(void)
{
	lapic_write(REG_EOI, 0);
}

void lapic_command(unsigned apic_id, uint32_t command)
{
	while (lapic_read(REG_ICR) & ICR_BUSY)
		cpu_pause();
	lapic_write(REG_ICR_HIGH, apic_id << 24);
	lapic_write(REG_ICR, command);
}

void lapic_ipi(unsigned apic_id, unsigned vector)
{
	lapic_command(apic_id, ICR_ASSERT | vector);
}

void lapic_nmi_others(void)
{
	lapic_command(0, ICR_NMI_OTHERS);
}

void lapic_timer_start(uint32_t count)
{
	lapic_write(REG_TIMER_INITIAL, count);
}

uint32_t lapic_timer_left(void)
{
	return lapic_read(REG_TIMER_CURRENT);
}
