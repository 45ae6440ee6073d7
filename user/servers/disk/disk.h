/* SPDX-License-Identifier: MIT */
/*
 * The disk server's parts: virtio_pci.c finds and starts the device, virtqueue.c passes requests to it and takes them
 * back, disk.c answers calls. One thread, no locks. Section numbers are those of "Virtual I/O Device (VIRTIO) 1.1".
 */
#ifndef DISK_H
#define DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SECTOR_SIZE 512u
#define FRAME_SIZE  4096u

#define QUEUE_MAX 128u /* descriptors; the ring layout in virtqueue.c is drawn for this many */

#define NOTE_DEVICE 1u /* notification bit: the device has an interrupt for us */

/* Request types of 5.2.6. */
enum blk_type { BLK_READ = 0, BLK_WRITE = 1, BLK_FLUSH = 4 };

/* A physically contiguous part of a request's data. */
struct piece {
	uint64_t paddr;
	uint32_t len;
};

struct device {
	volatile uint8_t *common;   /* common configuration, 4.1.4.3 */
	volatile uint16_t *notify;  /* the queue's doorbell, 4.1.4.4 */
	volatile uint8_t *isr;      /* reading it acknowledges INTx, 4.1.4.5 */
	volatile uint8_t *config;   /* struct virtio_blk_config, 5.2.4 */
	uint32_t notify_multiplier;
	int pci_fd;
	int irq_fd;                 /* INTx to acknowledge; -1 with MSI-X */
	uint64_t sectors;
	uint32_t pieces_max;        /* data descriptors a request may have */
	uint16_t queue_size;
	bool read_only;
	bool has_flush;
};

/*
 * device_open: finds the first virtio-blk device and starts it; its interrupts arrive at `port` as NOTE_DEVICE.
 * -> 0, or a negative errno after one sentence on standard error.
 */
int device_open(struct device *dev, int port, unsigned number); /* the number-th of the bus */
/* device_interrupt: call it on NOTE_DEVICE, before queue_reap. */
void device_interrupt(struct device *dev);

/* Where the queue's three parts lie, for the device's registers. */
struct queue_address { uint64_t desc, driver, device; };

/* queue_create: -> 0 or a negative errno. */
int queue_create(uint16_t size, struct queue_address *address);
/*
 * queue_submit: hands a request to the device, which sees it at the next queue_kick.
 * -> false when there are not enough descriptors now; `cookie` comes back through queue_reap.
 */
bool queue_submit(enum blk_type type, uint64_t sector, const struct piece *pieces, uint32_t npieces, void *cookie);
void queue_kick(struct device *dev);
/* queue_reap: calls done for every finished request; status 0 or -EIO. */
void queue_reap(void (*done)(void *cookie, int status));

#endif
