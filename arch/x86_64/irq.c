/* SPDX-License-Identifier: MIT */
/*
 * irq.c: interrupts of devices: IO-APIC lines (GSIs) and message-signalled ones.
 *
 *     device ── line ──► IO-APIC entry ──► vector VECTOR_GSI + gsi ──► line[gsi].handler     first CPU
 *     device ── write of data to address ─► vector from VECTOR_MSI ──► message[i].handler    first CPU
 *
 * How a line is wired (edge or level, polarity) is the MADT's word where it overrides; else ISA's rule below 16 (edge,
 * active high) and PCI's above (level, active low). A level-triggered line is masked before its handler runs, because
 * it stays asserted until its driver, a user process, has looked at the device; the driver's acknowledgement unmasks
 * it.
 *
 * A handler runs with interrupts off in the interrupted context (user mode or idle): it may wake threads, not sleep.
 * irq_release and msi_free return only when no handler of that line runs any more, so that its argument may be freed.
 *
 * Lock: irq_lock (unchecked rank, held over a few register accesses and never while a handler runs).
 * The two 8259s are moved off the exception vectors and masked for good. All interrupts go to the first CPU; spreading
 * them is not done.
 */
#include <abi/errno.h>

#include "arch_impl.h"
#include "lib/log.h"
#include "x86.h"

#define GSIS (VECTOR_MSI - VECTOR_GSI)
#define MESSAGES (VECTOR_MSI_END - VECTOR_MSI)
#define MSI_ADDRESS 0xfee00000ul

#define ENTRY_LOW       (1u << 13)
#define ENTRY_LEVEL     (1u << 15)
#define ENTRY_MASKED    (1u << 16)
#define OVERRIDE_POLARITY(f) ((f) & 3)
#define OVERRIDE_TRIGGER(f)  ((f) >> 2 & 3)
enum { POLARITY_LOW = 3, TRIGGER_LEVEL = 3 };

struct source { void (*handler)(void *); void *arg; unsigned running; };
struct line { struct source source; uint32_t entry; /* low half of the redirection entry, without the mask */ };

static struct spinlock irq_lock = SPINLOCK_INIT(RANK_NONE);
static struct line lines[GSIS];          /* irq_lock */
static struct source messages[MESSAGES]; /* irq_lock */
static struct { volatile uint32_t *registers; unsigned first, count; } ioapics[ACPI_IOAPICS_MAX];

/* ---- the IO-APIC: an index register and a data register 16 bytes behind it ---- */

static uint32_t ioapic_read(unsigned i, unsigned reg)
{
	ioapics[i].registers[0] = reg;
	return ioapics[i].registers[4];
}

static void ioapic_write(unsigned i, unsigned reg, uint32_t value)
{
	ioapics[i].registers[0] = reg;
	ioapics[i].registers[4] = value;
}

static int ioapic_of(unsigned gsi)
{
	for (unsigned i = 0; i < acpi.ioapics; i++)
		if (gsi >= ioapics[i].first && gsi < ioapics[i].first + ioapics[i].count)
			return i;
	return -1;
}

static void entry_write_locked(unsigned gsi, uint32_t low)
{
	int i = ioapic_of(gsi);
	unsigned reg = 0x10 + 2 * (gsi - ioapics[i].first);

	ioapic_write(i, reg + 1, cpus[0]->apic_id << 24);
	ioapic_write(i, reg, low);
}

static void ioapic_init(unsigned i)
{
	ioapics[i].registers = mmio_map(acpi.ioapic[i].base, 0x20);
	if (!ioapics[i].registers)
		panic("irq: no memory to map an IO-APIC");
	ioapics[i].first = acpi.ioapic[i].gsi_base;
	ioapics[i].count = (ioapic_read(i, 1) >> 16 & 0xff) + 1;
	for (unsigned pin = 0; pin < ioapics[i].count; pin++)
		ioapic_write(i, 0x10 + 2 * pin, ENTRY_MASKED);
}

static uint32_t line_wiring(unsigned gsi)
{
	uint32_t entry = gsi < 16 ? 0 : ENTRY_LEVEL | ENTRY_LOW;

	for (unsigned irq = 0; irq < ARRAY_SIZE(acpi.isa); irq++) {
		if (!acpi.isa[irq].present || acpi.isa[irq].gsi != gsi)
			continue;
		uint16_t flags = acpi.isa[irq].flags;
		entry = OVERRIDE_POLARITY(flags) == POLARITY_LOW ? ENTRY_LOW : 0;
		entry |= OVERRIDE_TRIGGER(flags) == TRIGGER_LEVEL ? ENTRY_LEVEL : 0;
	}
	return entry | (VECTOR_GSI + gsi);
}

/*
 * Initialisation words 1 to 4, then everything masked (Intel 8259A data sheet).
 * -> before lapic_enable masks LINT0: a request of firmware's timer still pending in the 8259 would otherwise stay
 *    raised towards the CPU with nobody to name its vector; QEMU then delivers vector -1, a #GP at the first STI.
 */
void irq_silence_pic(void)
{
	static const struct { uint16_t port; uint8_t value; } words[] = {
		{ 0x20, 0x11 }, { 0xa0, 0x11 }, { 0x21, VECTOR_PIC }, { 0xa1, VECTOR_PIC + 8 },
		{ 0x21, 4 }, { 0xa1, 2 }, { 0x21, 1 }, { 0xa1, 1 }, { 0x21, 0xff }, { 0xa1, 0xff },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		outb(words[i].port, words[i].value);
}

void irq_init(void)
{
	for (unsigned i = 0; i < acpi.ioapics; i++)
		ioapic_init(i);
}

/* ---- lines ---- */

static bool gsi_valid(unsigned gsi)
{
	return gsi < GSIS && ioapic_of(gsi) >= 0;
}

int irq_route(unsigned gsi, void (*handler)(void *), void *arg)
{
	int err = 0;

	if (!gsi_valid(gsi))
		return -EINVAL;
	spin_lock(&irq_lock);
	if (lines[gsi].source.handler) {
		err = -EBUSY;
	} else {
		lines[gsi] = (struct line){ { handler, arg, 0 }, line_wiring(gsi) };
		entry_write_locked(gsi, lines[gsi].entry);
	}
	spin_unlock(&irq_lock);
	return err;
}

static void source_clear(struct source *s)
{
	spin_lock(&irq_lock);
	s->handler = NULL;
	while (s->running) {
		spin_unlock(&irq_lock);
		cpu_poll();
		spin_lock(&irq_lock);
	}
	spin_unlock(&irq_lock);
}

void irq_release(unsigned gsi)
{
	irq_mask(gsi);
	if (gsi_valid(gsi))
		source_clear(&lines[gsi].source);
}

void irq_mask(unsigned gsi)
{
	if (!gsi_valid(gsi))
		return;
	spin_lock(&irq_lock);
	entry_write_locked(gsi, lines[gsi].entry | ENTRY_MASKED);
	spin_unlock(&irq_lock);
}

/* Only a line that somebody owns: an entry without a handler would interrupt for ever. */
void irq_unmask(unsigned gsi)
{
	if (!gsi_valid(gsi))
		return;
	spin_lock(&irq_lock);
	if (lines[gsi].source.handler)
		entry_write_locked(gsi, lines[gsi].entry);
	spin_unlock(&irq_lock);
}

/* ---- messages ---- */

int msi_alloc(void (*handler)(void *), void *arg, uint64_t *address, uint32_t *data)
{
	int vector = -ENOSPC;

	spin_lock(&irq_lock);
	for (unsigned i = 0; i < MESSAGES; i++) {
		if (messages[i].handler || messages[i].running)
			continue;
		messages[i] = (struct source){ handler, arg, 0 };
		vector = VECTOR_MSI + i;
		break;
	}
	spin_unlock(&irq_lock);
	*address = MSI_ADDRESS | (uint64_t)cpus[0]->apic_id << 12;
	*data = vector;
	return vector;
}

void msi_free(int vector)
{
	source_clear(&messages[vector - VECTOR_MSI]);
}

/* ---- delivery ---- */

/* The handler is called without the lock; `running` keeps its argument alive meanwhile. */
static void source_call(struct source *s)
{
	spin_lock(&irq_lock);
	void (*handler)(void *) = s->handler;
	void *arg = s->arg;
	s->running += handler != NULL;
	spin_unlock(&irq_lock);
	if (!handler)
		return;
	handler(arg);
	spin_lock(&irq_lock);
	s->running--;
	spin_unlock(&irq_lock);
}

void irq_dispatch(unsigned vector)
{
	if (vector >= VECTOR_GSI && vector < VECTOR_MSI) {
		unsigned gsi = vector - VECTOR_GSI;
		if (lines[gsi].entry & ENTRY_LEVEL)
			irq_mask(gsi);
		lapic_eoi();
		source_call(&lines[gsi].source);
	} else if (vector >= VECTOR_MSI && vector < VECTOR_MSI_END) {
		lapic_eoi();
		source_call(&messages[vector - VECTOR_MSI]);
	} else {
		lapic_eoi();
		klog(LOG_WARN, "irq: vector %x has no owner", vector);
	}
}
