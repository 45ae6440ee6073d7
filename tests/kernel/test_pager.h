/* SPDX-License-Identifier: MIT */
/*
 * The pager of test_pager.c, threads that do something while a test looks on, and mappings of a space that no CPU runs.
 */
#ifndef TEST_PAGER_H
#define TEST_PAGER_H

#include "ipc/ipc_impl.h"
#include "lib/test.h"
#include "vm/vm_impl.h"

#define DISK_PAGES 64
#define BASE 0x20000000ul
#define RW (PROT_READ | PROT_WRITE)

struct pager {
	struct file *right;  /* receive right */
	struct port *port;
	uint8_t *page[DISK_PAGES];
	volatile bool running;
	/* What to do. */
	volatile int read_error, write_error, dirty_error;
	volatile uint64_t short_reads; /* supply at most so many pages; 0: all */
	volatile bool nonsense;        /* answer READ with an absurd count */
	volatile int resize_error;
	volatile uint64_t room;        /* DIRTY is refused to who asks for more pages than these */
	volatile uint32_t hold;        /* requests of this op are not answered: kept until let_go */
	struct call *volatile held;
	/* What was asked. */
	volatile uint64_t reads, pages_read, writes, bytes_written, dirties, syncs, resizes, last_size;
};

struct pager *pager_start(void);              /* NULL: no memory */
void pager_stop(struct pager *g);             /* its objects have gone */
/* until it has kept the request it was told to hold; NULL: it does not come */
struct call *pager_wait_held(struct pager *g);
void pager_let_go(struct pager *g, struct call *c); /* answer a request that was kept */
void pass_time(void);                         /* a millisecond in which other threads run */
enum { PATIENCE = 30000 }; /* so often before what should happen never will: half a minute, on a busy host */

/* Something done by another thread. */
struct job { struct object *object; void (*work)(struct object *o); volatile bool done; };
bool job_start(struct job *j, struct object *o, void (*work)(struct object *o));
bool job_ends(struct job *j);                 /* false: not within a second */
void sync_durably(struct object *o);          /* work for a job: must succeed */
void sync_data(struct object *o);

int map_object(struct space *s, struct object *o, size_t npages, uint32_t prot, uint32_t flags); /* at BASE */
/* a store by the program: the fault, then the byte */
enum fault_result poke(struct space *s, vaddr_t addr, uint8_t byte);
int byte_of(struct object *o, pgoff_t at, size_t in_page); /* as it lies in memory; -1: the page does not */

#endif
