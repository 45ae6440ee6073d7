/* SPDX-License-Identifier: MIT */
/*
 * A pager made for tests: a kernel thread with a "disk" of a few pages that counts what it is asked, fails on command,
 * and keeps a request unanswered for as long as a test wants. So every moment in which the kernel waits can be looked
 * at.
 */
#include "test_pager.h"

static void serve_read(struct pager *g, struct call *c, struct msg *reply)
{
	uint64_t first = c->m.arg[1], count = c->m.arg[2];

	g->reads++;
	reply->status = g->read_error;
	if (g->read_error)
		return;
	if (g->short_reads)
		count = MIN(count, g->short_reads);
	for (uint64_t i = 0; i < count && first + i < DISK_PAGES; i++)
		page_copy(page_to_virt(c->loan->page[i]), g->page[first + i]);
	g->pages_read += count;
	reply->arg[0] = g->nonsense ? 1000 : count;
}

static void serve_write(struct pager *g, struct call *c, struct msg *reply)
{
	uint64_t off = c->m.arg[1], len = c->m.arg[2];

	g->writes++;
	reply->status = g->write_error;
	if (g->write_error)
		return;
	g->bytes_written += len;
	for (uint64_t at = off; at < off + len; at += 512) {
		uint64_t in_loan = at - ALIGN_DOWN(off, PAGE_SIZE);
		memcpy(g->page[at / PAGE_SIZE] + at % PAGE_SIZE,
		       (char *)page_to_virt(c->loan->page[in_loan / PAGE_SIZE]) + in_loan % PAGE_SIZE, 512);
	}
}

static void answer(struct pager *g, struct msg *reply)
{
	struct thread *next;

	port_answer(g->port, reply, NULL, &next);
	if (next)
		sched_ready(next);
}

static void pager_main(void *arg)
{
	struct pager *g = arg;
	struct call *c;
	uint64_t bits;

	while (port_take(g->port, MSG_DATA_MAX, UINT64_MAX, NULL, &c, &bits) == 0) {
		struct msg reply = { .token = c->m.token };
		switch (c->m.op) {
		case PAGER_READ:
			serve_read(g, c, &reply);
			break;
		case PAGER_WRITE:
			serve_write(g, c, &reply);
			break;
		case PAGER_DIRTY:
			g->dirties++;
			reply.status = c->m.arg[2] > g->room ? -ENOSPC : g->dirty_error;
			break;
		case PAGER_SYNC:
			g->syncs++;
			break;
		case PAGER_PUNCH:
			for (uint64_t i = 0; i < c->m.arg[2]; i++)
				memset(g->page[c->m.arg[1] + i], 0, PAGE_SIZE);
			break;
		case PAGER_RESIZE:
			g->resizes++;
			g->last_size = c->m.arg[1];
			reply.status = g->resize_error;
			break;
		}
		if (c->m.op == g->hold) {
			g->hold = 0;
			g->held = c;
			continue;
		}
		call_put(c);
		answer(g, &reply);
	}
	g->running = false;
}

/* Answer a request that was kept. */
void pager_let_go(struct pager *g, struct call *c)
{
	struct msg reply = { .token = c->m.token };

	if (c->m.op == PAGER_READ)
		reply.arg[0] = c->m.arg[2]; /* it was served before it was kept */
	call_put(c);
	answer(g, &reply);
}

struct pager *pager_start(void)
{
	struct pager *g = kzalloc(sizeof *g);

	if (!g)
		return NULL;
	g->right = port_file_create(0);
	g->port = port_from_file(g->right, true);
	for (unsigned i = 0; i < DISK_PAGES; i++) {
		g->page[i] = page_to_virt(page_alloc(0, 0));
		memset(g->page[i], (int)i + 1, PAGE_SIZE);
	}
	g->running = true;
	g->room = DISK_PAGES;
	return thread_create_kernel("pager", pager_main, g) ? g : NULL;
}

void pass_time(void)
{
	wait_begin(WAIT_ALWAYS);
	wait_end(NULL, clock_now_ns() + 1000000);
}

void pager_stop(struct pager *g)
{
	if (g->right)
		file_put(g->right);
	while (g->running)
		pass_time();
	port_put(g->port);
	for (unsigned i = 0; i < DISK_PAGES; i++)
		page_free(phys_to_page(virt_to_phys(g->page[i])), 0);
	kfree(g);
}

/* Let other threads run until the pager has kept the request it was told to hold. */
struct call *pager_wait_held(struct pager *g)
{
	for (unsigned i = 0; i < PATIENCE && !g->held; i++)
		pass_time();
	struct call *c = g->held;
	g->held = NULL;
	return c;
}

static void job_main(void *arg)
{
	struct job *j = arg;

	j->work(j->object);
	j->done = true;
}

bool job_start(struct job *j, struct object *o, void (*work)(struct object *o))
{
	*j = (struct job){ o, work, false };
	return thread_create_kernel("job", job_main, j);
}

bool job_ends(struct job *j)
{
	for (unsigned i = 0; i < PATIENCE && !j->done; i++)
		pass_time();
	return j->done;
}

int map_object(struct space *s, struct object *o, size_t npages, uint32_t prot, uint32_t flags)
{
	vaddr_t at = BASE;

	return space_map(s, &at, npages * PAGE_SIZE, prot, flags | MAP_FIXED, o, 0, NULL, true);
}

enum fault_result poke(struct space *s, vaddr_t addr, uint8_t byte)
{
	enum fault_result r = vm_fault(s, addr, FAULT_WRITE);

	if (r == FAULT_DONE)
		*((uint8_t *)phys_to_virt(pte_paddr(*table_find(s, addr))) + (addr & PAGE_MASK)) = byte;
	return r;
}

/* The byte at `in_page` of the object's page `at`, as it lies in memory. */
int byte_of(struct object *o, pgoff_t at, size_t in_page)
{
	spin_lock(&o->lock);
	struct page *p = object_page_locked(o, at);
	int byte = p ? ((uint8_t *)page_to_virt(p))[in_page] : -1;
	spin_unlock(&o->lock);
	return byte;
}

void sync_durably(struct object *o) { EXPECT(object_sync(o, 0, ~0ul, true) == 0); }
void sync_data(struct object *o) { EXPECT(object_sync(o, 0, ~0ul, false) == 0); }
