/* SPDX-License-Identifier: MIT */
/*
 * PCI devices for user-mode drivers, and memory for their DMA.
 *
 * A driver claims a device by vendor and device number; the descriptor it gets is the device: configuration space is
 * read and written through it, mmap at PCI_BAR(n) maps base address register n uncached, and closing it (or the death
 * of its process) stops the device: bus mastering off, message interrupts off. That happens before the driver's
 * memory is freed, so no DMA reaches a frame that has another owner by then.
 *
 * The kernel drives no device and knows only the generic part of configuration space (PCI Local Bus 3.0, chapter 6).
 * The size of a base address register is found once, at the claim, by writing ones to it while the device does not
 * decode.
 *
 * A driver that programs DMA is trusted with physical addresses: there is no IOMMU (docs/limits.md).
 *
 * DMA memory is contiguous frames in a shared anonymous object: wired because such pages never leave, freed one by
 * one when the last mapping goes.
 *
 * Locks: device_lock (spin) guards the list of claims.
 */
#include "ipc/ipc_impl.h"

#include <abi/errno.h>
#include <abi/mman.h>

#include "file/file.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "vm/vm.h"

#define PCI_ID 0x00
#define PCI_COMMAND 0x04
#define PCI_CLASS 0x0a
#define PCI_HEADER_TYPE 0x0e
#define PCI_BAR0 0x10
#define PCI_CAPABILITIES 0x34
#define PCI_IRQ_LINE 0x3c
#define PCI_COMMAND_IO 1
#define PCI_COMMAND_MEMORY 2
#define PCI_COMMAND_MASTER 4
#define PCI_STATUS_CAPS (1u << 20) /* in the dword at PCI_COMMAND */
#define PCI_CAP_MSI 5
#define PCI_CAP_MSIX 17
#define PCI_BARS 6
#define DMA_ORDER_MAX 8

struct pci_claim {
	struct list link;       /* claims */
	unsigned bdf;
	int pid;                /* of the driver: its end stops the device */
	struct pci_device info;
};

static struct spinlock device_lock = SPINLOCK_INIT(RANK_QUEUES);
static struct list claims = LIST_INIT(claims);

/* ---- stopping ---- */

/* Offset of a capability; 0 without. The list is bounded in case a device's pointers loop. */
static unsigned capability_find(unsigned bdf, unsigned id)
{
	if (!(pci_read(bdf, PCI_COMMAND, 4) & PCI_STATUS_CAPS))
		return 0;
	unsigned at = pci_read(bdf, PCI_CAPABILITIES, 1) & ~3u;
	for (int i = 0; i < 48 && at >= 0x40; i++) {
		if (pci_read(bdf, at, 1) == id)
			return at;
		at = pci_read(bdf, at + 1, 1) & ~3u;
	}
	return 0;
}

static void device_stop(unsigned bdf)
{
	uint32_t command = pci_read(bdf, PCI_COMMAND, 2);
	pci_write(bdf, PCI_COMMAND, 2, command & ~PCI_COMMAND_MASTER);
	unsigned msi = capability_find(bdf, PCI_CAP_MSI), msix = capability_find(bdf, PCI_CAP_MSIX);
	if (msi)
		pci_write(bdf, msi + 2, 2, pci_read(bdf, msi + 2, 2) & ~1u);
	if (msix)
		pci_write(bdf, msix + 2, 2, pci_read(bdf, msix + 2, 2) & ~(1u << 15));
}

void device_stop_all(int pid)
{
	spin_lock(&device_lock);
	list_for_each(n, &claims) {
		struct pci_claim *c = list_entry(n, struct pci_claim, link);
		if (c->pid == pid)
			device_stop(c->bdf);
	}
	spin_unlock(&device_lock);
}

/* ---- finding and sizing ---- */

struct search { unsigned vendor, device, index; int bdf; };

static bool search_visit(unsigned bdf, void *arg)
{
	struct search *s = arg;
	uint32_t id = pci_read(bdf, PCI_ID, 4);
	if ((id & 0xffff) != s->vendor || id >> 16 != s->device || s->index-- != 0)
		return false;
	s->bdf = bdf;
	return true;
}

/*
 * Reads register i; returns how many registers it takes (2 for a 64-bit address). The device does not decode meanwhile.
 */
static unsigned bar_probe(unsigned bdf, unsigned i, struct pci_device *info)
{
	unsigned off = PCI_BAR0 + 4 * i;
	uint32_t low = pci_read(bdf, off, 4);
	bool io = low & 1, wide = !io && (low & 6) == 4 && i + 1 < PCI_BARS;
	uint64_t mask = io ? ~3ull : ~15ull;
	pci_write(bdf, off, 4, ~0u);
	uint64_t probed = pci_read(bdf, off, 4), paddr = low;
	pci_write(bdf, off, 4, low);
	if (wide) {
		uint32_t high = pci_read(bdf, off + 4, 4);
		pci_write(bdf, off + 4, 4, ~0u);
		probed |= (uint64_t)pci_read(bdf, off + 4, 4) << 32;
		pci_write(bdf, off + 4, 4, high);
		paddr |= (uint64_t)high << 32;
	} else if (probed) {
		probed |= 0xffffffff00000000ull;
	}
	probed &= mask;
	info->bar[i].is_io = io;
	info->bar[i].paddr = paddr & mask;
	info->bar[i].size = probed ? probed & -probed : 0;
	if (io)
		info->bar[i].paddr &= 0xffff;
	return wide ? 2 : 1;
}

static void info_read(unsigned bdf, struct pci_device *info)
{
	uint32_t command = pci_read(bdf, PCI_COMMAND, 2);
	memset(info, 0, sizeof(*info));
	info->bus_dev_fn = bdf;
	info->vendor = pci_read(bdf, PCI_ID, 2);
	info->device = pci_read(bdf, PCI_ID + 2, 2);
	info->class_code = pci_read(bdf, PCI_CLASS, 2);
	info->gsi = pci_read(bdf, PCI_IRQ_LINE, 1);
	if (pci_read(bdf, PCI_HEADER_TYPE, 1) & 0x7f)
		return; /* a bridge has other registers there */
	pci_write(bdf, PCI_COMMAND, 2, command & ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
	for (unsigned i = 0; i < PCI_BARS; )
		i += bar_probe(bdf, i, info);
	pci_write(bdf, PCI_COMMAND, 2, command);
}

/* ---- the descriptor ---- */

static void pci_release(struct file *f)
{
	struct pci_claim *c = f->data;
	device_stop(c->bdf);
	spin_lock(&device_lock);
	list_remove(&c->link);
	spin_unlock(&device_lock);
	kfree(c);
}

static int pci_map(struct file *f, uint64_t off, size_t len, struct object **object, pgoff_t *pgoff)
{
	struct pci_claim *c = f->data;
	unsigned bar = off >> 40;
	uint64_t at = off & (PCI_BAR(1) - 1);
	if (bar >= PCI_BARS || c->info.bar[bar].is_io || !c->info.bar[bar].size)
		return -ENXIO;
	uint64_t size = ALIGN_UP(c->info.bar[bar].size, PAGE_SIZE);
	if (at > size || ALIGN_UP(len, PAGE_SIZE) > size - at)
		return -ENXIO;
	struct object *o = object_create(PAGER_DEVICE, size);
	if (!o)
		return -ENOMEM;
	o->device_base = ALIGN_DOWN(c->info.bar[bar].paddr, PAGE_SIZE);
	*object = o;
	*pgoff = at >> PAGE_SHIFT;
	return 0;
}

static const struct file_ops pci_ops = { .map = pci_map, .release = pci_release };

static bool claim_enter(struct pci_claim *c)
{
	bool busy = false;
	spin_lock(&device_lock);
	list_for_each(n, &claims)
		busy |= list_entry(n, struct pci_claim, link)->bdf == c->bdf;
	if (!busy)
		list_push_back(&claims, &c->link);
	spin_unlock(&device_lock);
	return !busy;
}

struct file *pci_file_claim(unsigned vendor, unsigned device, unsigned index, struct pci_device *info)
{
	struct search search = { vendor, device, index, -1 };
	if (!pci_scan(search_visit, &search))
		return err_ptr(-ENODEV);
	struct pci_claim *c = kzalloc(sizeof(*c));
	if (!c)
		return err_ptr(-ENOMEM);
	c->bdf = search.bdf;
	c->pid = proc_current()->pid;
	if (!claim_enter(c)) {
		kfree(c);
		return err_ptr(-EBUSY);
	}
	info_read(c->bdf, &c->info);
	struct file *f = file_create(FILE_HANDLE, &pci_ops, O_RDWR, c);
	if (!f) {
		spin_lock(&device_lock);
		list_remove(&c->link);
		spin_unlock(&device_lock);
		kfree(c);
		return err_ptr(-ENOMEM);
	}
	*info = c->info;
	return f;
}

int64_t pci_file_config(struct file *f, unsigned off, unsigned width, bool write, uint32_t value)
{
	if (f->ops != &pci_ops)
		return -EINVAL;
	struct pci_claim *c = f->data;
	if ((width != 1 && width != 2 && width != 4) || off % width || off >= 256)
		return -EINVAL;
	if (write)
		pci_write(c->bdf, off, width, value);
	return pci_read(c->bdf, off, width);
}

/* ---- DMA memory ---- */

/* Frames of a block that nobody has taken go back one by one. */
static void frames_return(struct page *first, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		first[i].refs = 1;
		page_put(&first[i]);
	}
}

/* A block of frames becomes the pages of the object; what it has too many is given back. */
static int object_fill(struct object *o, struct page *block, size_t npages, unsigned order)
{
	int err = object_adopt(o, block, npages);
	size_t taken = err ? 0 : npages;
	frames_return(block + taken, (1ul << order) - taken);
	return err;
}

int64_t dma_map(size_t npages, paddr_t *paddr)
{
	unsigned order = 0;
	while (1ul << order < npages && order <= DMA_ORDER_MAX)
		order++;
	if (!npages || order > DMA_ORDER_MAX)
		return -EINVAL;
	struct object *o = object_create(PAGER_ZERO, npages * PAGE_SIZE);
	if (!o)
		return -ENOMEM;
	struct page *block = page_alloc(order, ALLOC_ZERO);
	int err = block ? 0 : -ENOMEM;
	if (block)
		*paddr = page_to_phys(block);
	if (!err)
		err = object_fill(o, block, npages, order);
	vaddr_t at = 0;
	if (!err)
		err = space_map(thread_current()->space, &at, npages * PAGE_SIZE, PROT_READ | PROT_WRITE,
		                MAP_SHARED | MAP_POPULATE, o, 0, NULL, true);
	object_put(o);
	if (err)
		return err;
	for (size_t i = 0; i < npages; i++)
		if (user_fault_in(at + i * PAGE_SIZE, true) != 0)
			klog(LOG_WARN, "dma_alloc: page %lu of %lu is not mapped yet", i, npages);
	return at;
}
