/* SPDX-License-Identifier: MIT */
/*
 * The program's memory, seen from a system call. The copies themselves are in arch (usercopy.S) and survive a fault by
 * stopping short; here a copy that stopped brings the missing page in and goes on. So these may sleep, for a pager
 * perhaps, and no lock may be held. Code that must copy under a lock uses the _nofault forms, lets everything go when
 * they fall short, calls user_fault_in and starts over.
 *
 * A kernel store takes the same path as the program's own: through vm_fault, which marks pages dirty and breaks
 * copy-on-write. The kernel never writes to a user page behind its PTE.
 */
#include "vm/vm_impl.h"

static bool range_ok(vaddr_t addr, size_t len)
{
	return addr < USER_END && len <= USER_END - addr;
}

int user_fault_in(vaddr_t addr, bool write)
{
	struct thread *t = thread_current();
	enum fault_result result;

	if (addr >= USER_END)
		return -EFAULT;
	while ((result = vm_fault(t->space, addr, write ? FAULT_WRITE : FAULT_READ)) == FAULT_OOM && !t->pager &&
	       !thread_killed())
		oom_kill();
	return result == FAULT_DONE ? 0 : -EFAULT;
}

size_t copy_from_user_nofault(void *dst, vaddr_t src, size_t len)
{
	return range_ok(src, len) ? len - user_copy_in(dst, src, len) : 0;
}

size_t copy_to_user_nofault(vaddr_t dst, const void *src, size_t len)
{
	return range_ok(dst, len) ? len - user_copy_out(dst, src, len) : 0;
}

/* One page's part of another space: bytes copied, 0: it is not mapped. With its object locked no truncation frees it. */
static size_t read_page(struct space *s, vaddr_t addr, char *buf, size_t len)
{
	size_t n = 0;

	mutex_lock(&s->lock);
	const struct vma *v = vma_find(s, addr);
	struct object *o = v ? v->object : NULL;
	if (o)
		spin_lock(&o->lock);
	const pte_t *pte = table_find(s, addr);
	if (pte && *pte & PTE_PRESENT && !(*pte & PTE_UNCACHED)) {
		n = MIN(len, PAGE_SIZE - (addr & PAGE_MASK));
		memcpy(buf, (char *)phys_to_virt(pte_paddr(*pte)) + (addr & PAGE_MASK), n);
	}
	if (o)
		spin_unlock(&o->lock);
	mutex_unlock(&s->lock);
	return n;
}

size_t space_read(struct space *s, vaddr_t addr, void *buf, size_t len)
{
	size_t done = 0;

	while (done < len && addr + done < USER_END) {
		size_t n = read_page(s, addr + done, (char *)buf + done, len - done);
		if (!n && vm_fault(s, addr + done, FAULT_READ) != FAULT_DONE)
			break;
		done += n;
	}
	return done;
}

int copy_from_user(void *dst, vaddr_t src, size_t len)
{
	if (unlikely(!range_ok(src, len)))
		return len ? -EFAULT : 0;
	for (;;) {
		size_t left = user_copy_in(dst, src, len);
		if (likely(!left))
			return 0;
		dst = (char *)dst + (len - left);
		src += len - left;
		len = left;
		if (user_fault_in(src, false))
			return -EFAULT;
	}
}

int copy_to_user(vaddr_t dst, const void *src, size_t len)
{
	if (unlikely(!range_ok(dst, len)))
		return len ? -EFAULT : 0;
	for (;;) {
		size_t left = user_copy_out(dst, src, len);
		if (likely(!left))
			return 0;
		src = (const char *)src + (len - left);
		dst += len - left;
		len = left;
		if (user_fault_in(dst, true))
			return -EFAULT;
	}
}

size_t copy_to_user_prefix(vaddr_t dst, const void *src, size_t len)
{
	size_t done = 0;

	if (!range_ok(dst, len))
		return 0;
	do
		done = len - user_copy_out(dst + done, (const char *)src + done, len - done);
	while (done < len && !user_fault_in(dst + done, true));
	return done;
}

size_t zero_user_prefix(vaddr_t dst, size_t len)
{
	size_t left = len;

	if (!range_ok(dst, len))
		return 0;
	while ((left = user_zero(dst + (len - left), left)) && !user_fault_in(dst + (len - left), true))
		;
	return len - left;
}

int zero_user(vaddr_t dst, size_t len)
{
	return zero_user_prefix(dst, len) == len ? 0 : -EFAULT;
}

long copy_string_from_user(char *dst, vaddr_t src, size_t cap)
{
	if (src >= USER_END)
		return -EFAULT;
	size_t room = MIN(cap, USER_END - src), done = 0;
	while (done < room) {
		/* Not past the page: a string may end right before memory that is not there. */
		size_t part = MIN(room - done, PAGE_SIZE - ((src + done) & PAGE_MASK));
		long n = user_strncpy(dst + done, src + done, part);
		if (n < 0) {
			if (user_fault_in(src + done, false))
				return -EFAULT;
		} else if ((size_t)n < part) {
			return (long)done + n;
		} else {
			done += part;
		}
	}
	return room < cap ? -EFAULT : -ENAMETOOLONG;
}
