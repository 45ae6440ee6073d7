/* SPDX-License-Identifier: MIT */
/*
 * space.c: page-table roots, which CPU has which one loaded, and the TLB shootdown.
 *
 * A space knows the CPUs that may hold entries of it (`cpus`). A CPU adds itself before it loads the root and leaves
 * after it has loaded another one (no PCIDs: loading CR3 drops every entry that is not global). The add is a locked
 * instruction, hence a full fence: either the initiator of a shootdown sees the CPU in the mask, or the CPU's first
 * page walk sees the initiator's change of the tables.
 *
 * The shootdown. Each CPU has one request of its own and an inbox, a mask of the CPUs that want something from it:
 *
 *     initiator                                    target (interrupt, or cpu_poll while it spins)
 *     fill request[me], waiting = targets
 *     set bit `me` in inbox[t], for each t; IPI    take all bits of inbox[me] at once
 *     until waiting == 0: answer my own inbox      for each: flush; clear my bit in request[i].waiting
 *
 * Nobody waits without answering: the kernel runs with interrupts off, so a CPU that spins for a lock or for its own
 * shootdown must look at its inbox (cpu_poll), otherwise two initiators would wait for each other. One request a CPU is
 * enough, because its owner waits until all have answered before it can fill it again. Therefore the functions here
 * take no lock and may be called with any spin lock held.
 *
 * A target that runs long in the kernel without spinning delays the initiator until its next exit: loops over much
 * memory call sched_point (vm/map.c, vm/seal.c).
 * Rejected: a broadcast vector with one shared request under a lock: simpler, but serialises all shootdowns.
 */
#include <abi/errno.h>

#include "arch_impl.h"
#include "lib/string.h"
#include "pte.h"
#include "x86.h"

#define FLUSH_PAGES_MAX 32 /* more pages than this: the whole TLB of the space */

struct tlb_request {
	struct arch_space *space; /* NULL: whatever is loaded */
	vaddr_t start;
	size_t npages;
	bool evict;               /* stop using the space altogether */
	volatile uint64_t waiting; /* CPUs that have not answered */
} __attribute__((aligned(64)));

static struct tlb_request requests[MAX_CPUS]; /* by initiator */
static struct { volatile uint64_t from; } __attribute__((aligned(64))) inbox[MAX_CPUS]; /* by target */
static volatile uint64_t kernel_cpus; /* those that kernel shootdowns reach */

static uint64_t cpu_bit(unsigned cpu)
{
	return 1ul << cpu;
}

/* ---- flushing this CPU ---- */

static void flush_all_global(void)
{
	uint64_t cr4 = read_cr4();

	if (cr4 & CR4_PGE) {
		write_cr4(cr4 & ~CR4_PGE);
		write_cr4(cr4);
	} else {
		write_cr3(read_cr3());
	}
}

/* Entries of a space that is not loaded went with the load of its successor. */
static void flush_local(const struct arch_space *s, vaddr_t start, size_t npages)
{
	if (s && s != cpu_this()->space)
		return;
	if (npages > FLUSH_PAGES_MAX) {
		if (s)
			write_cr3(read_cr3());
		else
			flush_all_global();
		return;
	}
	for (; npages--; start += PAGE_SIZE)
		invlpg(start);
}

static void request_perform(const struct tlb_request *r)
{
	if (!r->evict)
		flush_local(r->space, r->start, r->npages);
	else if (cpu_this()->space == r->space)
		arch_space_load(NULL);
}

void tlb_answer(void)
{
	unsigned me = cpu_index();
	uint64_t from = __atomic_exchange_n(&inbox[me].from, 0, __ATOMIC_ACQ_REL);

	for (; from; from &= from - 1) {
		struct tlb_request *r = &requests[__builtin_ctzl(from)];
		request_perform(r);
		__atomic_and_fetch(&r->waiting, ~cpu_bit(me), __ATOMIC_RELEASE);
	}
}

void cpu_poll(void)
{
	cpu_pause();
	if (unlikely(inbox[cpu_index()].from))
		tlb_answer();
}

void tlb_join(void)
{
	__atomic_or_fetch(&kernel_cpus, cpu_bit(cpu_index()), __ATOMIC_SEQ_CST);
	flush_all_global();
}

/* ---- asking others ---- */

static void request_send(struct arch_space *s, vaddr_t start, size_t npages, bool evict, uint64_t targets)
{
	unsigned me = cpu_index();
	struct tlb_request *r = &requests[me];

	r->space = s;
	r->start = start;
	r->npages = npages;
	r->evict = evict;
	__atomic_store_n(&r->waiting, targets, __ATOMIC_RELEASE);
	for (uint64_t left = targets; left; left &= left - 1) {
		unsigned cpu = __builtin_ctzl(left);
		__atomic_or_fetch(&inbox[cpu].from, cpu_bit(me), __ATOMIC_SEQ_CST);
		lapic_ipi(cpus[cpu]->apic_id, VECTOR_TLB);
	}
	while (__atomic_load_n(&r->waiting, __ATOMIC_ACQUIRE))
		cpu_poll();
}

void tlb_shootdown(struct arch_space *s, vaddr_t start, size_t npages)
{
	if (cpu_count > 1) {
		__atomic_thread_fence(__ATOMIC_SEQ_CST); /* the tables changed before we look who uses them */
		uint64_t targets = (s ? s->cpus : kernel_cpus) & ~cpu_bit(cpu_index());
		if (targets)
			request_send(s, start, npages, false, targets);
	}
	flush_local(s, start, npages);
}

/* ---- spaces ---- */

int arch_space_init(struct arch_space *s)
{
	struct page *page = page_alloc(0, ALLOC_ZERO);

	if (!page)
		return -ENOMEM;
	page->kind = PAGE_TABLE;
	pte_t *root = page_to_virt(page);
	const pte_t *kernel = phys_to_virt(kernel_root);
	memcpy(root + PT_ENTRIES / 2, kernel + PT_ENTRIES / 2, PT_ENTRIES / 2 * sizeof(pte_t));
	s->root = page_to_phys(page);
	s->cpus = 0;
	return 0;
}

void arch_space_destroy(struct arch_space *s)
{
	arch_space_evict(s);
	struct page *page = phys_to_page(s->root);
	page->kind = PAGE_KERNEL;
	page_free(page, 0);
	s->root = 0;
}

void arch_space_load(struct arch_space *s)
{
	struct cpu *cpu = cpu_this();
	struct arch_space *old = cpu->space;

	if (s == old)
		return;
	if (s)
		__atomic_or_fetch(&s->cpus, cpu_bit(cpu->index), __ATOMIC_SEQ_CST);
	write_cr3(s ? s->root : kernel_root);
	cpu->space = s;
	if (old)
		__atomic_and_fetch(&old->cpus, ~cpu_bit(cpu->index), __ATOMIC_RELEASE);
}

void arch_space_evict(struct arch_space *s)
{
	if (cpu_this()->space == s)
		arch_space_load(NULL);
	uint64_t targets = __atomic_load_n(&s->cpus, __ATOMIC_ACQUIRE);
	if (targets)
		request_send(s, 0, 0, true, targets);
}
