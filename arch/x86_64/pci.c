/* SPDX-License-Identifier: MIT */
/*
 * pci.c: PCI configuration space by mechanism 1 (ports 0xcf8 and 0xcfc) and the walk over all functions (PCI Local Bus
 * 3.0, 3.2.2.3.2; PCI-to-PCI bridge 1.2).
 *
 * The walk starts at bus 0 and goes on behind each bridge it meets; a bitmap of buses seen keeps a bridge that firmware
 * numbered wrongly from leading it in circles. Functions 1 to 7 are asked only when function 0 says there are several.
 *
 * Lock: pci_lock (unchecked rank, leaf), for the address port and the data port belong together. Nothing is assigned
 * here: BARs and bus numbers are firmware's. Extended configuration space (above 256 bytes) is not reached.
 */
#include "arch_impl.h"
#include "x86.h"

#define ADDRESS_PORT 0xcf8
#define DATA_PORT    0xcfc
#define ENABLE       0x80000000u

enum { PCI_VENDOR = 0x00, PCI_CLASS = 0x0a, PCI_HEADER = 0x0e, PCI_SECONDARY = 0x19 };
#define NO_DEVICE 0xffff
#define HEADER_MULTI 0x80
#define CLASS_BRIDGE 0x0604

static struct spinlock pci_lock = SPINLOCK_INIT(RANK_NONE);

static void address_set(unsigned bdf, unsigned off)
{
	outl(ADDRESS_PORT, ENABLE | bdf << 8 | (off & 0xfc));
}

/* pci_read, pci_write: width is 1, 2 or 4; off is a multiple of it, below 256. */
uint32_t pci_read(unsigned bdf, unsigned off, unsigned width)
{
	uint16_t port = DATA_PORT + (off & 3);

	spin_lock(&pci_lock);
	address_set(bdf, off);
	uint32_t value = width == 1 ? inb(port) : width == 2 ? inw(port) : inl(port);
	spin_unlock(&pci_lock);
	return value;
}

void pci_write(unsigned bdf, unsigned off, unsigned width, uint32_t value)
{
	uint16_t port = DATA_PORT + (off & 3);

	spin_lock(&pci_lock);
	address_set(bdf, off);
	if (width == 1)
		outb(port, value);
	else if (width == 2)
		outw(port, value);
	else
		outl(port, value);
	spin_unlock(&pci_lock);
}

struct walk {
	uint64_t seen[4];  /* buses met */
	uint8_t queue[256];
	unsigned queued;
};

static void bus_add(struct walk *w, unsigned bus)
{
	if (w->seen[bus / 64] & 1ul << bus % 64)
		return;
	w->seen[bus / 64] |= 1ul << bus % 64;
	w->queue[w->queued++] = bus;
}

static bool device_visit(struct walk *w, unsigned bdf, bool (*visit)(unsigned, void *), void *arg)
{
	unsigned functions = 1;

	for (unsigned f = 0; f < functions; f++) {
		if (pci_read(bdf + f, PCI_VENDOR, 2) == NO_DEVICE)
			continue;
		if (f == 0 && pci_read(bdf, PCI_HEADER, 1) & HEADER_MULTI)
			functions = 8;
		if (pci_read(bdf + f, PCI_CLASS, 2) == CLASS_BRIDGE)
			bus_add(w, pci_read(bdf + f, PCI_SECONDARY, 1));
		if (visit(bdf + f, arg))
			return true;
	}
	return false;
}

bool pci_scan(bool (*visit)(unsigned bdf, void *arg), void *arg)
{
	struct walk w = { .queued = 0 };

	bus_add(&w, 0);
	for (unsigned i = 0; i < w.queued; i++)
		for (unsigned device = 0; device < 32; device++)
			if (device_visit(&w, w.queue[i] << 8 | device << 3, visit, arg))
				return true;
	return false;
}
