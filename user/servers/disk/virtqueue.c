/* SPDX-License-Identifier: MIT */
/*
 * The split virtqueue (2.6): how requests reach the device and come back.
 *
 *     descriptors   desc[0..127]: {address, length, flags, next}; a request is a chain of them
 *     driver area   ("available") ring of chain heads that we fill; idx counts for ever
 *     device area   ("used") ring of heads that the device gives back
 *
 * A virtio-blk request (5.2.6) is a chain: header (type, sector) -> data pieces -> one status byte. Header and status
 * of the chain that starts at descriptor i lie in slot i of a page of their own, so nothing is allocated per request.
 * All of it is in two wired frames:
 *
 *     frame 0:     0 descriptors (2048 bytes)   2048 driver area (262)   2560 device area (1030)
 *     frame 1:     128 slots of 32 bytes
 *
 * The chain of free descriptors and the owner of each head are kept in our own memory: a device that writes nonsense
 * can make us ignore an answer but not follow a wild index.
 *
 * x86 keeps stores in order, so publishing a chain before idx needs only the compiler's restraint. A full fence is
 * needed once: between the store of idx and the load of the device's "do not notify me" flag (2.6.13.4.1).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <abi/atlas.h>
#include <atlas/device.h>

#include "disk.h"

#define DRIVER_AREA 2048
#define DEVICE_AREA 2560
#define SLOT_SIZE   32

enum { DESC_NEXT = 1, DESC_DEVICE_WRITES = 2 }; /* 2.6.5 */
enum { USED_NO_NOTIFY = 1 };                    /* 2.6.8 */

struct descriptor { uint64_t address; uint32_t len; uint16_t flags, next; };
struct driver_area { uint16_t flags, idx, ring[QUEUE_MAX]; };
struct device_area { uint16_t flags, idx; struct { uint32_t id, len; } ring[QUEUE_MAX]; };
struct slot { uint32_t type, reserved; uint64_t sector; uint8_t status, pad[SLOT_SIZE - 17]; };

_Static_assert(sizeof(struct descriptor) * QUEUE_MAX <= DRIVER_AREA, "the driver area follows the descriptors");
_Static_assert(DRIVER_AREA + sizeof(struct driver_area) <= DEVICE_AREA, "the device area follows the driver area");
_Static_assert(DEVICE_AREA + sizeof(struct device_area) <= FRAME_SIZE, "the rings share a frame");
_Static_assert(sizeof(struct slot) == SLOT_SIZE && SLOT_SIZE * QUEUE_MAX == FRAME_SIZE, "the slots fill a frame");

static struct {
	volatile struct descriptor *desc;
	volatile struct driver_area *driver;
	volatile struct device_area *device;
	volatile struct slot *slots;
	uint64_t slots_paddr;
	uint16_t size;
	uint16_t nfree, first_free;
	uint16_t next[QUEUE_MAX];    /* of a free descriptor, or within a chain in flight */
	uint16_t length[QUEUE_MAX];  /* by head: descriptors in the chain */
	void *cookie[QUEUE_MAX];     /* by head; NULL: not in flight */
	uint16_t seen;               /* the device's idx as far as we have read it */
	bool unannounced;            /* something was published since the last kick */
} q;

int queue_create(uint16_t size, struct queue_address *address)
{
	uint64_t paddr;
	uint8_t *memory = dma_alloc(2, &paddr);

	if (!memory)
		return -ENOMEM;
	q.desc = (volatile struct descriptor *)memory;
	q.driver = (volatile struct driver_area *)(memory + DRIVER_AREA);
	q.device = (volatile struct device_area *)(memory + DEVICE_AREA);
	q.slots = (volatile struct slot *)(memory + FRAME_SIZE);
	q.slots_paddr = paddr + FRAME_SIZE;
	q.size = q.nfree = size;
	q.first_free = 0;
	for (uint16_t i = 0; i < size; i++)
		q.next[i] = i + 1;
	*address = (struct queue_address){ paddr, paddr + DRIVER_AREA, paddr + DEVICE_AREA };
	return 0;
}

/* Takes a free descriptor and fills it in; DESC_NEXT is set when the chain grows past it. */
static uint16_t add_descriptor(uint64_t address, uint32_t len, uint16_t flags)
{
	uint16_t i = q.first_free;

	q.first_free = q.next[i];
	q.nfree--;
	q.desc[i].address = address;
	q.desc[i].len = len;
	q.desc[i].flags = flags;
	q.desc[i].next = 0;
	return i;
}

static uint16_t chain_descriptor(uint16_t last, uint64_t address, uint32_t len, uint16_t flags)
{
	uint16_t i = add_descriptor(address, len, flags);

	q.desc[last].next = i;
	q.desc[last].flags |= DESC_NEXT;
	q.next[last] = i;
	return i;
}

bool queue_submit(enum blk_type type, uint64_t sector, const struct piece *pieces, uint32_t npieces, void *cookie)
{
	if (q.nfree < npieces + 2)
		return false;

	uint16_t head = q.first_free;
	uint64_t slot = q.slots_paddr + head * SLOT_SIZE;
	q.slots[head].type = type;
	q.slots[head].reserved = 0;
	q.slots[head].sector = sector;
	q.slots[head].status = 0xff; /* none that a device writes: no answer is a failure */

	uint16_t last = add_descriptor(slot, offsetof(struct slot, status), 0);
	for (uint32_t i = 0; i < npieces; i++)
		last = chain_descriptor(last, pieces[i].paddr, pieces[i].len, type == BLK_READ ? DESC_DEVICE_WRITES : 0);
	chain_descriptor(last, slot + offsetof(struct slot, status), 1, DESC_DEVICE_WRITES);
	q.length[head] = npieces + 2;
	q.cookie[head] = cookie;

	q.driver->ring[q.driver->idx % q.size] = head;
	__atomic_thread_fence(__ATOMIC_RELEASE); /* the chain before the idx that publishes it */
	q.driver->idx++;
	q.unannounced = true;
	return true;
}

void queue_kick(struct device *dev)
{
	if (!q.unannounced)
		return;
	q.unannounced = false;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!(q.device->flags & USED_NO_NOTIFY))
		*dev->notify = 0; /* the queue's number, 4.1.5.2 */
}

static void free_chain(uint16_t head)
{
	uint16_t last = head;

	for (uint16_t n = 1; n < q.length[head]; n++)
		last = q.next[last];
	q.next[last] = q.first_free;
	q.first_free = head;
	q.nfree += q.length[head];
}

void queue_reap(void (*done)(void *cookie, int status))
{
	while (q.seen != q.device->idx) {
		__atomic_thread_fence(__ATOMIC_ACQUIRE); /* idx before the entries that it covers */
		uint32_t head = q.device->ring[q.seen++ % q.size].id;
		if (head >= q.size || !q.cookie[head]) {
			fprintf(stderr, "disk: the device answered request %u, which was not asked\n", head);
			continue;
		}
		void *cookie = q.cookie[head];
		int status = q.slots[head].status == 0 ? 0 : -EIO;
		q.cookie[head] = NULL;
		free_chain(head);
		done(cookie, status);
	}
}
