/* SPDX-License-Identifier: MIT */
/*
 * System calls for drivers (devices, interrupts, DMA memory, the paging role) and for those who test the kernel. All
 * need CAP_SYS_RAWIO. ipc/device.c and ipc/irq.c do the work.
 */
#include <abi/errno.h>
#include <abi/mman.h>

#include "file/file.h"
#include "ipc/ipc_impl.h"
#include "lib/log.h"
#include "lib/test.h"
#include "mm/mm.h"
#include "sys/calls.h"
#include "sys/sys.h"
#include "task/task_impl.h"
#include "vm/vm.h"

#define PATTERN_MAX 256

static bool privileged(void) { return capable(CAP_SYS_RAWIO); }

/* A new descriptor whose number is no use to the program when it cannot have the rest of the answer. */
static int64_t install_with(struct file *f, vaddr_t at, const void *answer, size_t len)
{
	if (!is_err(f) && copy_to_user(at, answer, len) != 0) {
		file_put(f);
		return -EFAULT;
	}
	return fd_give(f, false);
}

SYSCALL(pci_claim)
{
	struct pci_device info = { .gsi = 0 };
	if (!privileged())
		return -EPERM;
	return install_with(pci_file_claim(a, b, c, &info), d, &info, sizeof(info));
}

SYSCALL(pci_config)
{
	if (!privileged())
		return -EPERM;
	struct file *file = fd_get(a);
	if (!file)
		return -EBADF;
	int64_t result = pci_file_config(file, b, c, d, e);
	file_put(file);
	return result;
}

/* The port behind a receive right, referenced; NULL: EBADF. */
static struct port *port_get_by_fd(int fd)
{
	struct file *f = fd_get(fd);
	struct port *p = f ? port_from_file(f, true) : NULL;
	if (f)
		file_put(f);
	return p;
}

SYSCALL(irq_bind)
{
	if (!privileged())
		return -EPERM;
	struct port *p = port_get_by_fd(a);
	if (!p)
		return -EBADF;
	int64_t fd = fd_give(irq_file_create(p, b, c), false);
	port_put(p);
	return fd;
}

SYSCALL(msi_bind)
{
	struct msi_message message = { .pad = 0 };
	if (!privileged())
		return -EPERM;
	struct port *p = port_get_by_fd(a);
	if (!p)
		return -EBADF;
	struct file *file = msi_file_create(p, b, &message.address, &message.data);
	port_put(p);
	return install_with(file, c, &message, sizeof(message));
}

SYSCALL(irq_ack)
{
	struct file *file = fd_get(a);
	if (!file)
		return -EBADF;
	int64_t err = privileged() ? irq_file_ack(file) : -EPERM;
	file_put(file);
	return err;
}

SYSCALL(dma_alloc)
{
	paddr_t paddr;
	if (!privileged())
		return -EPERM;
	int64_t at = dma_map(a, &paddr);
	if (at < 0)
		return at;
	if (copy_to_user(b, &paddr, sizeof(paddr)) == 0)
		return at;
	space_unmap(thread_current()->space, at, a * PAGE_SIZE);
	return -EFAULT;
}

/* ---- the paging role ---- */

/* What of the current space is mapped, range by range: VMAs may not be walked while pages are brought in. */
struct next_range { vaddr_t from, start, end; uint32_t prot; };

static bool range_visit(struct vma *v, void *arg)
{
	struct next_range *next = arg;
	next->start = MAX(v->start, next->from);
	next->end = v->end;
	next->prot = vma_is_shared(v) ? PROT_NONE : v->flags & VMA_PROT; /* a mapped disk stays where it is */
	return false;
}

/* Brings every accessible private page of the space in, writable where it may be, so that it does not fault later. */
static int fill_space(struct space *s)
{
	struct next_range next = { .from = 0 };
	for (;;) {
		next.end = 0;
		space_visit(s, next.from, range_visit, &next);
		if (!next.end)
			return 0;
		for (vaddr_t at = next.start; at < next.end && next.prot; at += PAGE_SIZE)
			if (user_fault_in(at, next.prot & PROT_WRITE) != 0)
				return -ENOMEM;
		next.from = next.end;
	}
}

SYSCALL(pager_role)
{
	struct proc *p = proc_current();
	if (!privileged())
		return -EPERM;
	int err = fill_space(thread_current()->space);
	if (err)
		return err;
	spin_lock(&p->lock);
	list_for_each(n, &p->threads)
		list_entry(n, struct thread, proc_link)->pager = true;
	p->server = true;
	spin_unlock(&p->lock);
	return 0;
}

/* ---- trust ---- */

struct test_run { struct wait_queue done_wait; struct spinlock lock; const char *pattern; unsigned failed; bool done; };

static void test_thread(void *arg)
{
	struct test_run *run = arg;
	unsigned failed = kernel_test_run(run->pattern);
	spin_lock(&run->lock);
	run->failed = failed;
	run->done = true;
	wait_wake_all(&run->done_wait);
	spin_unlock(&run->lock);
}

/* In a kernel thread, for tests count on having no process. Not to be interrupted: the run is on our stack. */
SYSCALL(kernel_test)
{
	char pattern[PATTERN_MAX];
	struct test_run run = { .pattern = pattern };
	if (!privileged())
		return -EPERM;
	if (b >= sizeof(pattern))
		return -EINVAL;
	if (copy_from_user(pattern, a, b) != 0)
		return -EFAULT;
	pattern[b] = '\0';
	wait_queue_init(&run.done_wait);
	spin_init(&run.lock, RANK_PORT);
	if (!thread_create_kernel("test", test_thread, &run))
		return -ENOMEM;
	spin_lock(&run.lock);
	while (!run.done)
		wait_on(&run.done_wait, &run.lock, WAIT_ALWAYS, NO_DEADLINE);
	spin_unlock(&run.lock);
	return run.failed;
}

SYSCALL(alloc_fail)
{
	if (!privileged())
		return -EPERM;
	uint64_t count = failalloc_count();
	failalloc_arm(a);
	return count;
}
