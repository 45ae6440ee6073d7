/* SPDX-License-Identifier: MIT */
/* What kernel/ipc/ shares with the system calls on top of it (sys/port.c, sys/device.c) and with exit. */
#ifndef IPC_IPC_IMPL_H
#define IPC_IPC_IMPL_H

#include "ipc/ipc.h"
#include "task/task.h"

struct pci_device;

/*
 * Life of a call:
 *
 *   port_call ──► WAITING ── received ──► ACTIVE ── replied ──► DONE ──► the caller collects it
 *                    │ caller gives up       │ caller gives up: caller = NULL (abandoned)
 *                    ▼                       ▼
 *                  freed                 replied, or the port dies ──► freed
 *
 * Counted: one reference of the caller, one of the port's list that it hangs in.
 */
enum call_state { CALL_WAITING, CALL_ACTIVE, CALL_DONE };

/* Guards: (q) the port's lock, (c) constant while the call is in the port. After DONE everything is the caller's. */
struct call {
	struct list link;          /* (q) port->waiting or port->active */
	volatile uint32_t refs;
	enum call_state state;     /* (q) */
	struct thread *caller;     /* (q) NULL: abandoned */
	int result;                /* (q) 0: replied; -EPIPE: the owner died */
	struct msg m;              /* (c) the request; then the reply */
	void *data;                /* (c) m.data_len bytes, kmalloc'ed by who sent them; NULL when there are none */
	struct loan *loan;         /* (c) one reference */
	struct object *offer;      /* (q) memory that goes with the reply, one reference; NULL */
	pgoff_t offer_pgoff;       /* (q) from this page on */
};

struct port {
	struct spinlock lock;      /* RANK_PORT */
	volatile uint32_t refs;
	volatile bool dead;        /* (q) the receive right is closed */
	bool offers, offers_ended; /* (q) memory was offered through it once; no more is: the port is about to die */
	struct list waiting, active; /* (q) calls */
	struct list receivers;     /* (q) threads in port_receive, by wait_link */
	uint64_t pending;          /* (q) notification bits not yet received */
	uint64_t next_token;       /* (q) */
	struct timer timer;        /* one-shot, port_timer */
	uint64_t timer_bits;
};

/* What a client right's descriptor holds. */
struct port_client { struct port *port; uint64_t badge; };

/* ---- port.c ---- */
struct call *call_alloc(void);               /* refs 1, empty message; NULL */
void call_put(struct call *c);
/*
 * port_call_send: send c and wait. -> 0 when the reply is in c (m, data); -EPIPE, -EINTR (the call has been taken back
 * or abandoned; c is still the caller's to put). c->loan is dropped when the call is over.
 */
int port_call_send(struct port *p, struct call *c, enum call_end end);
/*
 * port_take: the next call or notification. next: a thread claimed but not yet ready, which gets this CPU if we wait,
 * and is made ready in any case.
 * -> 0: *out is an active call, referenced, or NULL and *bits are notifications. -EMSGSIZE when its data exceed cap (it
 *    stays waiting), -ETIMEDOUT, -EINTR, -EBADF (the right was closed meanwhile)
 */
int port_take(struct port *p, size_t cap, uint64_t deadline_ns, struct thread *next, struct call **out, uint64_t *bits);
/*
 * port_answer: reply m, data (kmalloc'ed, owned by the callee from here on) to the call m->token.
 * -> 0 with *next = the caller, claimed: the CPU is to be given to it, or sched_ready. -ESRCH: nobody waits for it
 */
int port_answer(struct port *p, const struct msg *m, void *data, struct thread **next);
void port_fail(struct port *p, struct call *c, int status); /* an active call that could not be delivered */
/*
 * port_attach_offer: o from page pgoff on goes with the reply to the active call `token`; what was offered before is
 * dropped.
 * -> takes o's reference in any case. 0, -ESRCH: no such call, -EBADF: the port is dead
 */
int port_attach_offer(struct port *p, uint64_t token, struct object *o, pgoff_t pgoff);
void port_notify_bits(struct port *p, uint64_t bits);       /* any context, no lock of rank PORT or above held */
void port_kill(struct port *p);                             /* the receive right is gone */
struct file *port_file_create(uint32_t flags);              /* a new port's receive right; NULL */
struct file *port_client_create(struct port *p, uint64_t badge, uint32_t flags);
struct port *port_of_receiver(struct file *f);              /* not referenced; NULL: not a receive right */
struct port_client *port_client_from_file(struct file *f);  /* NULL: not a client right */

/* ---- loan.c ---- */
struct loan *loan_of_call(struct port *p, uint64_t token);  /* referenced; NULL: no such active call, or no loan */
int loan_bytes_zero(struct loan *l, uint64_t off, uint64_t len);                               /* -EINVAL */
int loan_bytes_copy(struct loan *l, uint64_t off, vaddr_t buf, uint64_t len, bool to_loan);    /* -EINVAL, -EFAULT */

/* ---- irq.c ---- */
struct file *irq_file_create(struct port *p, unsigned gsi, uint64_t bits);                     /* err_ptr */
struct file *msi_file_create(struct port *p, uint64_t bits, uint64_t *address, uint32_t *data);/* err_ptr */
int irq_file_ack(struct file *f);                                                              /* -EINVAL */

/* ---- device.c ---- */
struct file *pci_file_claim(unsigned vendor, unsigned device, unsigned index, struct pci_device *info); /* err_ptr */
int64_t pci_file_config(struct file *f, unsigned off, unsigned width, bool write, uint32_t value);
void device_stop_all(int pid);                              /* the process ends: its devices do no more DMA */
int64_t dma_map(size_t npages, paddr_t *paddr);             /* address in the current space */

#endif
