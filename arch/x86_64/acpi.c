/* SPDX-License-Identifier: MIT */
/*
 * acpi.c: the two static tables of ACPI 6 that we need: the MADT (CPUs, IO-APICs, how ISA interrupts are wired) and
 * the FADT (the port that powers the machine off).
 *
 *     RSDP ──► XSDT (or RSDT) ──► table, table, ...     found by their four letters
 *
 * Firmware's tables are input from outside: every table must lie wholly in the physmap, be as long as its header at
 * least, and sum to zero; every entry is checked against the end of its table. One that is not is left out with a line
 * in the log. Without a MADT the machine counts as one CPU with the standard IO-APIC.
 *
 * Runs once on the first CPU; the result, `acpi`, never changes after. No AML is interpreted: so no sleep types from
 * the DSDT (QEMU's S5 is type 0) and no routing of PCI interrupts (the boards we run on tell the line in PCI
 * configuration space).
 */
#include "arch_impl.h"
#include "lib/log.h"
#include "lib/string.h"

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length; /* from here on: revision 2 */
	uint64_t xsdt;
	uint8_t checksum2, reserved[3];
} __attribute__((packed));

struct table {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem[6], oem_table[8];
	uint32_t oem_revision, creator, creator_revision;
} __attribute__((packed));

struct madt_entry { uint8_t type, length; } __attribute__((packed));
enum { MADT_LAPIC = 0, MADT_IOAPIC = 1, MADT_OVERRIDE = 2 };
struct madt_lapic { struct madt_entry e; uint8_t processor, apic_id; uint32_t flags; } __attribute__((packed));
struct madt_ioapic { struct madt_entry e; uint8_t id, reserved; uint32_t base, gsi_base; } __attribute__((packed));
struct madt_override { struct madt_entry e; uint8_t bus, irq; uint32_t gsi; uint16_t flags; } __attribute__((packed));
#define MADT_ENTRIES_AT 44
#define MADT_ENABLED 1
#define FADT_PM1A_AT 64

struct acpi_info acpi;

static bool sums_to_zero(const void *start, size_t len)
{
	uint8_t sum = 0;

	for (const uint8_t *p = start; len--; p++)
		sum += *p;
	return !sum;
}

static const struct rsdp *rsdp_at(paddr_t pa)
{
	const struct rsdp *r = physmap_view(pa, sizeof(*r));

	if (!r || memcmp(r->signature, "RSD PTR ", 8) || !sums_to_zero(r, 20))
		return NULL;
	return r;
}

/* Where a BIOS leaves it: on a 16-byte border in the first KiB of the EBDA or between 0xe0000 and 1 MiB. */
static const struct rsdp *rsdp_search(paddr_t from, paddr_t to)
{
	for (paddr_t pa = ALIGN_UP(from, 16); pa + sizeof(struct rsdp) <= to; pa += 16) {
		const struct rsdp *r = rsdp_at(pa);
		if (r)
			return r;
	}
	return NULL;
}

static const struct rsdp *rsdp_find(void)
{
	const struct rsdp *r = boot_info.rsdp ? rsdp_at(boot_info.rsdp) : NULL;
	paddr_t ebda = (paddr_t)*(volatile uint16_t *)phys_to_virt(0x40e) << 4;

	if (!r && ebda >= 0x400 && ebda < 0xa0000)
		r = rsdp_search(ebda, ebda + 1024);
	return r ? r : rsdp_search(0xe0000, 0x100000);
}

static const struct table *table_at(paddr_t pa)
{
	const struct table *t = physmap_view(pa, sizeof(*t));

	if (t && t->length >= sizeof(*t) && physmap_view(pa, t->length) && sums_to_zero(t, t->length))
		return t;
	klog(LOG_WARN, "acpi: the table at %llx is damaged or out of reach, left out", (unsigned long long)pa);
	return NULL;
}

static paddr_t entry_address(const struct table *root, size_t off, size_t width)
{
	paddr_t pa = 0;

	memcpy(&pa, (const char *)root + off, width);
	return pa;
}

/* ---- MADT ---- */

static void add_cpu(const struct madt_lapic *e)
{
	if (!(e->flags & MADT_ENABLED) || acpi.cpus == ARRAY_SIZE(acpi.apic_id))
		return;
	acpi.apic_id[acpi.cpus++] = e->apic_id;
}

static void add_ioapic(const struct madt_ioapic *e)
{
	if (acpi.ioapics == ACPI_IOAPICS_MAX)
		return;
	acpi.ioapic[acpi.ioapics].base = e->base;
	acpi.ioapic[acpi.ioapics++].gsi_base = e->gsi_base;
}

static void add_override(const struct madt_override *e)
{
	if (e->irq >= ARRAY_SIZE(acpi.isa))
		return;
	acpi.isa[e->irq].present = true;
	acpi.isa[e->irq].gsi = e->gsi;
	acpi.isa[e->irq].flags = e->flags;
}

static void parse_madt(const struct table *t)
{
	const char *p = (const char *)t + MADT_ENTRIES_AT, *end = (const char *)t + t->length;

	while (p + sizeof(struct madt_entry) <= end) {
		const struct madt_entry *e = (const void *)p;
		if (e->length < sizeof(*e) || p + e->length > end)
			break;
		if (e->type == MADT_LAPIC && e->length >= sizeof(struct madt_lapic))
			add_cpu((const void *)e);
		else if (e->type == MADT_IOAPIC && e->length >= sizeof(struct madt_ioapic))
			add_ioapic((const void *)e);
		else if (e->type == MADT_OVERRIDE && e->length >= sizeof(struct madt_override))
			add_override((const void *)e);
		p += e->length;
	}
}

static void parse_fadt(const struct table *t)
{
	uint32_t port = 0;

	if (t->length >= FADT_PM1A_AT + sizeof(port))
		memcpy(&port, (const char *)t + FADT_PM1A_AT, sizeof(port));
	if (port < 0x10000)
		acpi.pm1a_control = port;
}

static void parse_root(const struct table *root, size_t width)
{
	for (size_t off = sizeof(*root); off + width <= root->length; off += width) {
		const struct table *t = table_at(entry_address(root, off, width));
		if (!t)
			continue;
		if (!memcmp(t->signature, "APIC", 4))
			parse_madt(t);
		else if (!memcmp(t->signature, "FACP", 4))
			parse_fadt(t);
	}
}

void acpi_init(void)
{
	const struct rsdp *rsdp = rsdp_find();
	const struct table *root = NULL;
	size_t width = 8;

	if (rsdp && rsdp->revision >= 2 && rsdp->xsdt)
		root = table_at(rsdp->xsdt);
	if (rsdp && !root) {
		root = table_at(rsdp->rsdt);
		width = 4;
	}
	if (root)
		parse_root(root, width);
	if (!acpi.cpus)
		klog(LOG_WARN, "acpi: no CPUs described, going on with one");
	if (!acpi.ioapics) {
		acpi.ioapics = 1;
		acpi.ioapic[0].base = 0xfec00000;
	}
}
