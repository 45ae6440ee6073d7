/* SPDX-License-Identifier: MIT */
/*
 * Finds the virtio-blk device and brings it to life, by the modern PCI transport (4.1).
 *
 * Where the registers are is told by vendor capabilities in configuration space, each naming a BAR, an offset and a
 * length (4.1.4):
 *
 *     common  features, status, queue addresses        notify  the doorbell of each queue
 *     isr     what INTx was about                      device  virtio-blk's own: capacity, limits
 *
 * Life of the device (3.1.1): reset -> ACKNOWLEDGE -> DRIVER -> features -> FEATURES_OK -> queue -> DRIVER_OK. When a
 * step fails, FAILED is written and the server ends; closing the claim stops the device's DMA.
 *
 * Interrupts: MSI-X when the device has it and the kernel has a vector left, with one vector for the queue and none
 * for configuration changes (a disk that is resized under a mounted filesystem is not followed); INTx otherwise.
 *
 * Features taken: VERSION_1, which the modern transport demands; RO, FLUSH and SEG_MAX. Not taken: indirect
 * descriptors (a loan is 32 frames at most, so 34 descriptors do) and event indices (a hint to save interrupts that
 * costs a second kind of race). The legacy transport is not spoken: every QEMU since 2.4 has the modern one.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <abi/atlas.h>
#include <atlas/device.h>

#include "disk.h"

#define VIRTIO_VENDOR       0x1af4
#define BLK_MODERN          0x1042 /* 0x1040 + device type 2 */
#define BLK_TRANSITIONAL    0x1001

/* PCI configuration space. */
#define PCI_COMMAND         0x04
#define PCI_COMMAND_MEMORY  0x0002
#define PCI_COMMAND_MASTER  0x0004
#define PCI_COMMAND_NO_INTX 0x0400
#define PCI_STATUS          0x06
#define PCI_STATUS_CAPS     0x0010
#define PCI_CAP_POINTER     0x34
#define PCI_CAP_VENDOR      0x09
#define PCI_CAP_MSIX        0x11
#define MSIX_ENABLE         0x8000
#define MSIX_MASK_ALL       0x4000

/* cfg_type of a virtio capability, 4.1.4. */
enum { CAP_COMMON = 1, CAP_NOTIFY = 2, CAP_ISR = 3, CAP_DEVICE = 4 };

/* Offsets in the common configuration, 4.1.4.3. */
enum {
	COMMON_DEVICE_FEATURE_SELECT = 0, COMMON_DEVICE_FEATURE = 4, COMMON_DRIVER_FEATURE_SELECT = 8,
	COMMON_DRIVER_FEATURE = 12, COMMON_MSIX_CONFIG = 16, COMMON_STATUS = 20, COMMON_QUEUE_SELECT = 22,
	COMMON_QUEUE_SIZE = 24, COMMON_QUEUE_MSIX = 26, COMMON_QUEUE_ENABLE = 28, COMMON_QUEUE_NOTIFY_OFF = 30,
	COMMON_QUEUE_DESC = 32, COMMON_QUEUE_DRIVER = 40, COMMON_QUEUE_DEVICE = 48,
};
#define NO_VECTOR 0xffff

/* Device status, 2.1. */
enum { STATUS_ACKNOWLEDGE = 1, STATUS_DRIVER = 2, STATUS_DRIVER_OK = 4, STATUS_FEATURES_OK = 8, STATUS_FAILED = 128 };

/* Features: 5.2.3 and 6. */
#define FEATURE_SEG_MAX   (1ull << 2)
#define FEATURE_RO        (1ull << 5)
#define FEATURE_FLUSH     (1ull << 9)
#define FEATURE_VERSION_1 (1ull << 32)

/* Offsets in struct virtio_blk_config, 5.2.4. */
enum { CONFIG_CAPACITY = 0, CONFIG_SEG_MAX = 12 };

static uint8_t get8(volatile uint8_t *base, unsigned off) { return base[off]; }
static uint16_t get16(volatile uint8_t *base, unsigned off) { return *(volatile uint16_t *)(base + off); }
static uint32_t get32(volatile uint8_t *base, unsigned off) { return *(volatile uint32_t *)(base + off); }
static void put8(volatile uint8_t *base, unsigned off, uint8_t v) { base[off] = v; }
static void put16(volatile uint8_t *base, unsigned off, uint16_t v) { *(volatile uint16_t *)(base + off) = v; }
static void put32(volatile uint8_t *base, unsigned off, uint32_t v) { *(volatile uint32_t *)(base + off) = v; }

/* A 64-bit register may be written in halves (4.1.3.1). */
static void put64(volatile uint8_t *base, unsigned off, uint64_t v)
{
	put32(base, off, (uint32_t)v);
	put32(base, off + 4, v >> 32);
}

static uint32_t config_read(int fd, unsigned off, unsigned width)
{
	return (uint32_t)pci_config(fd, off, width, 0, 0);
}

/* Maps `len` bytes at `off` of a BAR; NULL when the capability lies or the kernel refuses. */
static volatile uint8_t *map_registers(int fd, const struct pci_device *pci, unsigned bar, uint32_t off, uint32_t len)
{
	if (bar >= 6 || pci->bar[bar].is_io || (uint64_t)off + len > pci->bar[bar].size)
		return NULL;
	uint32_t skip = off % FRAME_SIZE;
	void *at = mmap(NULL, skip + len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PCI_BAR(bar) + (off - skip));
	return at == MAP_FAILED ? NULL : (volatile uint8_t *)at + skip;
}

/* One capability of configuration space that says where registers are. */
static void take_capability(struct device *dev, const struct pci_device *pci, unsigned cap)
{
	int fd = dev->pci_fd;
	unsigned kind = config_read(fd, cap + 3, 1);
	unsigned bar = config_read(fd, cap + 4, 1);
	uint32_t off = config_read(fd, cap + 8, 4);
	uint32_t len = config_read(fd, cap + 12, 4);
	volatile uint8_t **place = kind == CAP_COMMON ? &dev->common : kind == CAP_ISR ? &dev->isr :
				   kind == CAP_DEVICE ? &dev->config : NULL;

	if (kind == CAP_NOTIFY && !dev->notify) {
		dev->notify = (volatile uint16_t *)map_registers(fd, pci, bar, off, len);
		dev->notify_multiplier = config_read(fd, cap + 16, 4);
	}
	if (place && !*place) /* the first of a kind is the preferred one, 4.1.4.1 */
		*place = map_registers(fd, pci, bar, off, len);
}

/* Walks the capability list; returns where the MSI-X capability is, 0 without one. */
static unsigned scan_capabilities(struct device *dev, const struct pci_device *pci)
{
	int fd = dev->pci_fd;
	unsigned msix = 0;

	if (!(config_read(fd, PCI_STATUS, 2) & PCI_STATUS_CAPS))
		return 0;
	unsigned cap = config_read(fd, PCI_CAP_POINTER, 1) & 0xfc;
	for (unsigned hops = 0; cap && hops < 64; hops++) { /* 64 fit: more is a loop */
		unsigned id = config_read(fd, cap, 1);
		if (id == PCI_CAP_VENDOR)
			take_capability(dev, pci, cap);
		else if (id == PCI_CAP_MSIX)
			msix = cap;
		cap = config_read(fd, cap + 1, 1) & 0xfc;
	}
	return msix;
}

/* Points entry 0 of the device's vector table at the port. -> 0 or a negative errno. */
static int enable_msix(struct device *dev, const struct pci_device *pci, unsigned cap, int port)
{
	uint32_t where = config_read(dev->pci_fd, cap + 4, 4); /* BAR in the low 3 bits, offset above */
	volatile uint8_t *table = map_registers(dev->pci_fd, pci, where & 7, where & ~7u, 16);
	struct msi_message message;

	if (!table)
		return -ENODEV;
	int fd = msi_bind(port, NOTE_DEVICE, &message);
	if (fd < 0)
		return fd;
	put32(table, 0, (uint32_t)message.address);
	put32(table, 4, message.address >> 32);
	put32(table, 8, message.data);
	put32(table, 12, 0); /* not masked */
	uint32_t control = config_read(dev->pci_fd, cap + 2, 2);
	pci_config(dev->pci_fd, cap + 2, 2, 1, (control | MSIX_ENABLE) & ~(uint32_t)MSIX_MASK_ALL);
	return 0;
}

/* Chooses MSI-X or INTx; says through *vector what the queue is to be told. -> 0 or a negative errno. */
static int bind_interrupt(struct device *dev, const struct pci_device *pci, unsigned msix, int port, uint16_t *vector)
{
	uint32_t cmd = config_read(dev->pci_fd, PCI_COMMAND, 2) | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;

	dev->irq_fd = -1;
	*vector = NO_VECTOR;
	if (msix && enable_msix(dev, pci, msix, port) == 0) {
		*vector = 0;
		pci_config(dev->pci_fd, PCI_COMMAND, 2, 1, cmd | PCI_COMMAND_NO_INTX);
		return 0;
	}
	dev->irq_fd = irq_bind(port, pci->gsi, NOTE_DEVICE);
	pci_config(dev->pci_fd, PCI_COMMAND, 2, 1, cmd & ~(uint32_t)PCI_COMMAND_NO_INTX);
	return dev->irq_fd < 0 ? dev->irq_fd : 0;
}

static uint64_t device_features(struct device *dev)
{
	put32(dev->common, COMMON_DEVICE_FEATURE_SELECT, 0);
	uint64_t low = get32(dev->common, COMMON_DEVICE_FEATURE);
	put32(dev->common, COMMON_DEVICE_FEATURE_SELECT, 1);
	return low | (uint64_t)get32(dev->common, COMMON_DEVICE_FEATURE) << 32;
}

static void add_status(struct device *dev, uint8_t bits)
{
	put8(dev->common, COMMON_STATUS, get8(dev->common, COMMON_STATUS) | bits);
}

/* Reset and feature negotiation, steps 1 to 6 of 3.1.1. -> 0 or a negative errno. */
static int negotiate(struct device *dev)
{
	put8(dev->common, COMMON_STATUS, 0);
	while (get8(dev->common, COMMON_STATUS) != 0)
		;
	add_status(dev, STATUS_ACKNOWLEDGE);
	add_status(dev, STATUS_DRIVER);

	uint64_t offered = device_features(dev);
	uint64_t taken = offered & (FEATURE_VERSION_1 | FEATURE_RO | FEATURE_FLUSH | FEATURE_SEG_MAX);
	if (!(taken & FEATURE_VERSION_1))
		return -ENODEV;
	put32(dev->common, COMMON_DRIVER_FEATURE_SELECT, 0);
	put32(dev->common, COMMON_DRIVER_FEATURE, (uint32_t)taken);
	put32(dev->common, COMMON_DRIVER_FEATURE_SELECT, 1);
	put32(dev->common, COMMON_DRIVER_FEATURE, taken >> 32);
	add_status(dev, STATUS_FEATURES_OK);
	if (!(get8(dev->common, COMMON_STATUS) & STATUS_FEATURES_OK))
		return -ENODEV;

	dev->read_only = taken & FEATURE_RO;
	dev->has_flush = taken & FEATURE_FLUSH;
	dev->pieces_max = LOAN_MAX;
	if (taken & FEATURE_SEG_MAX) {
		uint32_t limit = get32(dev->config, CONFIG_SEG_MAX);
		if (limit > 0 && limit < dev->pieces_max)
			dev->pieces_max = limit;
	}
	dev->sectors = get32(dev->config, CONFIG_CAPACITY) |
		       (uint64_t)get32(dev->config, CONFIG_CAPACITY + 4) << 32;
	return 0;
}

/* Sets up queue 0, the only one (5.2.2), and lets the device go. -> 0 or a negative errno. */
static int start_queue(struct device *dev, uint16_t vector)
{
	struct queue_address address;

	put16(dev->common, COMMON_MSIX_CONFIG, NO_VECTOR);
	put16(dev->common, COMMON_QUEUE_SELECT, 0);
	dev->queue_size = get16(dev->common, COMMON_QUEUE_SIZE); /* a power of two; may be made smaller, 4.1.5.1.3 */
	if (dev->queue_size > QUEUE_MAX)
		dev->queue_size = QUEUE_MAX;
	if (dev->queue_size < 4)
		return -ENODEV;
	if (dev->pieces_max > dev->queue_size - 2u)
		dev->pieces_max = dev->queue_size - 2u;
	int error = queue_create(dev->queue_size, &address);
	if (error)
		return error;

	put16(dev->common, COMMON_QUEUE_SIZE, dev->queue_size);
	put16(dev->common, COMMON_QUEUE_MSIX, vector);
	if (vector != NO_VECTOR && get16(dev->common, COMMON_QUEUE_MSIX) != vector)
		return -ENOSPC;
	put64(dev->common, COMMON_QUEUE_DESC, address.desc);
	put64(dev->common, COMMON_QUEUE_DRIVER, address.driver);
	put64(dev->common, COMMON_QUEUE_DEVICE, address.device);
	dev->notify += get16(dev->common, COMMON_QUEUE_NOTIFY_OFF) * dev->notify_multiplier / sizeof(*dev->notify);
	put16(dev->common, COMMON_QUEUE_ENABLE, 1);
	add_status(dev, STATUS_DRIVER_OK);
	return 0;
}

int device_open(struct device *dev, int port, unsigned number)
{
	struct pci_device pci;
	uint16_t vector;

	memset(dev, 0, sizeof(*dev));
	dev->pci_fd = pci_claim(VIRTIO_VENDOR, BLK_MODERN, number, &pci);
	if (dev->pci_fd == -ENODEV && number == 0)
		dev->pci_fd = pci_claim(VIRTIO_VENDOR, BLK_TRANSITIONAL, 0, &pci);
	if (dev->pci_fd < 0) {
		fprintf(stderr, "disk: there is no virtio disk on the PCI bus (%s)\n", strerror(-dev->pci_fd));
		return dev->pci_fd;
	}
	unsigned msix = scan_capabilities(dev, &pci);
	if (!dev->common || !dev->notify || !dev->isr || !dev->config) {
		fprintf(stderr, "disk: the device lacks the registers of virtio 1.0 (is it legacy only?)\n");
		return -ENODEV;
	}
	int error = bind_interrupt(dev, &pci, msix, port, &vector);
	if (error == 0)
		error = negotiate(dev);
	if (error == 0)
		error = start_queue(dev, vector);
	if (error) {
		add_status(dev, STATUS_FAILED);
		fprintf(stderr, "disk: the device could not be started: %s\n", strerror(-error));
		return error;
	}
	fprintf(stderr, "disk: virtio-blk, %llu MiB%s, %s, queue of %u\n",
		(unsigned long long)(dev->sectors / 2048), dev->read_only ? ", read-only" : "",
		dev->irq_fd < 0 ? "MSI-X" : "INTx", dev->queue_size);
	return 0;
}

void device_interrupt(struct device *dev)
{
	if (dev->irq_fd < 0)
		return; /* a message needs no acknowledgement */
	(void)get8(dev->isr, 0); /* lowers the line; only then may it be unmasked */
	irq_ack(dev->irq_fd);
}
