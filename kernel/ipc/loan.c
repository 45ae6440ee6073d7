/* SPDX-License-Identifier: MIT */
/*
 * Loans: frames that travel with a call so that a server can fill or drain them without their bytes being copied.
 *
 * A server names a loan by the call that carries it (port, token). It may have the frames' physical addresses for
 * DMA, zero or copy parts through the kernel, and lend them on with a call of its own; that call takes another
 * reference, so the frames stay lent (BUSY) until the last of these calls is over, whoever dies first. The release
 * function of who made the loan then runs.
 *
 * An operation here holds a reference of its own while it works: a caller that gives up, or a reply from another
 * thread of the server, cannot take the frames away under a copy. Copying may fault in the server's memory, so no
 * lock is held.
 */
#include "ipc/ipc_impl.h"

#include <abi/errno.h>

#include "lib/string.h"
#include "mm/mm.h"
#include "vm/vm.h"

struct loan *loan_of_call(struct port *p, uint64_t token)
{
	struct loan *l = NULL;
	spin_lock(&p->lock);
	list_for_each(n, &p->active) {
		struct call *c = list_entry(n, struct call, link);
		if (c->m.token != token)
			continue;
		l = c->loan;
		if (l)
			loan_get(l);
		break;
	}
	spin_unlock(&p->lock);
	return l;
}

static bool in_loan(const struct loan *l, uint64_t off, uint64_t len)
{
	uint64_t size = l->npages * PAGE_SIZE;
	return off <= size && len <= size - off;
}

static char *loan_at(struct loan *l, uint64_t off)
{
	return (char *)page_to_virt(l->page[off >> PAGE_SHIFT]) + (off & PAGE_MASK);
}

int loan_bytes_zero(struct loan *l, uint64_t off, uint64_t len)
{
	if (!in_loan(l, off, len))
		return -EINVAL;
	while (len) {
		uint64_t n = MIN(len, PAGE_SIZE - (off & PAGE_MASK));
		memset(loan_at(l, off), 0, n);
		off += n;
		len -= n;
	}
	return 0;
}

int loan_bytes_copy(struct loan *l, uint64_t off, vaddr_t buf, uint64_t len, bool to_loan)
{
	if (!in_loan(l, off, len))
		return -EINVAL;
	while (len) {
		uint64_t n = MIN(len, PAGE_SIZE - (off & PAGE_MASK));
		int err = to_loan ? copy_from_user(loan_at(l, off), buf, n) : copy_to_user(buf, loan_at(l, off), n);
		if (err)
			return err;
		off += n;
		buf += n;
		len -= n;
	}
	return 0;
}
