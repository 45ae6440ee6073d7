/* SPDX-License-Identifier: MIT */
/*
 * Interrupts as notifications: a descriptor that binds a line (or a message, MSI) to bits of a port.
 *
 * A level-triggered line is masked by the interrupt path before the handler here runs and stays masked until the
 * driver has quietened its device and says irq_ack; so a driver that dies with its line asserted does not hang the
 * machine. Messages are edges and need no acknowledgement.
 *
 * Bindings live in a static table whose slots are never freed, because an interrupt may be under way on another CPU
 * when the descriptor is closed: the handler then finds, under the slot's lock, no port. The port is referenced by
 * the slot.
 *
 * Locks: a slot's (RANK_QUEUES), then the port's.
 */
#include "ipc/ipc_impl.h"

#include <abi/errno.h>

#include "file/file.h"

#define IRQ_SLOTS 32

struct irq_slot {
	struct spinlock lock;
	struct port *port;  /* NULL: nothing is to be notified */
	uint64_t bits;
	bool used;          /* claimed; guarded by table_lock */
	int gsi, vector;    /* -1: not this kind */
};

static struct spinlock table_lock = SPINLOCK_INIT(RANK_QUEUES);
static struct irq_slot slots[IRQ_SLOTS];

static void irq_handler(void *arg)
{
	struct irq_slot *s = arg;
	spin_lock(&s->lock);
	if (s->port)
		port_notify_bits(s->port, s->bits);
	spin_unlock(&s->lock);
}

static struct irq_slot *slot_claim(struct port *p, uint64_t bits)
{
	struct irq_slot *s = NULL;
	spin_lock(&table_lock);
	for (unsigned i = 0; i < IRQ_SLOTS && !s; i++)
		if (!slots[i].used)
			s = &slots[i];
	if (s)
		s->used = true;
	spin_unlock(&table_lock);
	if (!s)
		return NULL;
	s->gsi = s->vector = -1;
	spin_init(&s->lock, RANK_QUEUES);
	port_get(p);
	spin_lock(&s->lock);
	s->port = p;
	s->bits = bits;
	spin_unlock(&s->lock);
	return s;
}

static void slot_release(struct irq_slot *s)
{
	spin_lock(&s->lock);
	struct port *p = s->port;
	s->port = NULL;
	spin_unlock(&s->lock);
	port_put(p);
	spin_lock(&table_lock);
	s->used = false;
	spin_unlock(&table_lock);
}

static void irq_release_file(struct file *f)
{
	struct irq_slot *s = f->data;
	if (s->gsi >= 0)
		irq_release(s->gsi);
	else
		msi_free(s->vector);
	slot_release(s);
}

static const struct file_ops irq_ops = { .release = irq_release_file };

struct file *irq_file_create(struct port *p, unsigned gsi, uint64_t bits)
{
	struct irq_slot *s = slot_claim(p, bits);
	if (!s)
		return err_ptr(-ENOSPC);
	int err = irq_route(gsi, irq_handler, s);
	if (err) {
		slot_release(s);
		return err_ptr(err);
	}
	s->gsi = gsi;
	struct file *f = file_create(FILE_HANDLE, &irq_ops, O_RDWR, s);
	if (!f) {
		irq_release(gsi);
		slot_release(s);
		return err_ptr(-ENOMEM);
	}
	irq_unmask(gsi);
	return f;
}

struct file *msi_file_create(struct port *p, uint64_t bits, uint64_t *address, uint32_t *data)
{
	struct irq_slot *s = slot_claim(p, bits);
	if (!s)
		return err_ptr(-ENOSPC);
	int vector = msi_alloc(irq_handler, s, address, data);
	if (vector < 0) {
		slot_release(s);
		return err_ptr(vector);
	}
	s->vector = vector;
	struct file *f = file_create(FILE_HANDLE, &irq_ops, O_RDWR, s);
	if (f)
		return f;
	msi_free(vector);
	slot_release(s);
	return err_ptr(-ENOMEM);
}

int irq_file_ack(struct file *f)
{
	if (f->ops != &irq_ops)
		return -EINVAL;
	struct irq_slot *s = f->data;
	if (s->gsi >= 0)
		irq_unmask(s->gsi);
	return 0;
}
