/* SPDX-License-Identifier: MIT */
/*
 * Ports, messages, loans of frames, notifications, device handles. abi/atlas.h says what user programs see.
 *
 * A call lives from the caller's port_call to the reply. It is on its port's `waiting` list, then (received) on
 * `active`.
 * A caller that gives up (killed) abandons the call: it stays active without a caller until the server replies or dies.
 * A loan is counted: one reference of who made it, one of each call that carries it. Its release function runs when the
 * last goes, in whatever context that is (no lock held), so lent frames stay BUSY until nobody can write to them.
 */
#ifndef IPC_IPC_H
#define IPC_IPC_H

#include <abi/atlas.h>

#include "lib/list.h"
#include "lib/spinlock.h"
#include "lib/types.h"

struct port;
struct file;
struct page;
struct object;

struct loan {
	volatile uint32_t refs;
	uint32_t npages;
	struct page *page[LOAN_MAX];
	int result;                      /* its maker's, read by release */
	void (*release)(struct loan *);  /* last reference gone; frees what embeds the loan */
};
static inline void loan_get(struct loan *l) { __atomic_add_fetch(&l->refs, 1, __ATOMIC_RELAXED); }
static inline void loan_put(struct loan *l)
{
	if (__atomic_sub_fetch(&l->refs, 1, __ATOMIC_ACQ_REL) == 0)
		l->release(l);
}

void ipc_init(void);
void port_get(struct port *p);
void port_put(struct port *p);
bool port_alive(struct port *p);
/*
 * port_call_kernel: the kernel as client. m (and data behind it, in `data`) is sent; the reply replaces m, its data
 * goes to
 * reply_data (up to reply_cap). -> 0 when a reply came (look at m->status), -EPIPE (owner died), -EINTR (see call_end),
 * -ENOMEM.
 * -> may sleep; no lock may be held (asserted). loan may be NULL; the call takes its own reference.
 */
/* What ends the wait for a reply early. */
enum call_end {
	CALL_TO_DEATH,  /* the waiting process is being killed */
	CALL_TO_SIGNAL, /* or has any signal to see to */
	CALL_CANCELLED, /* then the server is asked, once, to answer soon (DEV_CANCEL), and the wait goes on to death */
};
int port_call_kernel(struct port *p, struct msg *m, const void *data, void *reply_data, size_t reply_cap,
                     struct loan *loan, enum call_end end);
/*
 * port_call_memory: the same for a call whose answer is memory to map (DEV_MAP), without data.
 * -> *object: what was offered with the reply, whatever its status, referenced, from page *pgoff on; NULL: nothing was
 */
int port_call_memory(struct port *p, struct msg *m, struct object **object, pgoff_t *pgoff);
/* port_from_file: the port behind a descriptor (any right / receive right only), referenced; NULL when it is none. */
struct port *port_from_file(struct file *f, bool receive);

#endif
