/* SPDX-License-Identifier: MIT */
/*
 * The name of a word of user memory: who else means the same word by it?
 *
 *   mapping                              name
 *   shared                               (object, offset)     the same in every process, at whatever address
 *   private, may be stored to            (space, address)     the page is, or will be by the first store, its own
 *   private, read-only, of a file        (object, offset)     the cache's page itself is what it shows
 *   private, read-only, anonymous        -EFAULT              nobody can ever change the word
 *
 * It is what a futex that is not marked private goes by. The lines are Linux's, where they fall out of how it looks
 * for the page; here no page is looked for: the VMA alone decides, so a word whose page is away has a name as well.
 * An object is named by its id and not by its address, which another object may get while somebody still waits under
 * the name.
 *
 * Takes the space's lock.
 */
#include "vm/vm_impl.h"

static int name_in(struct space *s, const struct vma *v, vaddr_t addr, struct word_name *name)
{
	const struct object *o = v->object;
	uint64_t off = (v->pgoff << PAGE_SHIFT) + (addr - v->start);
	bool store = v->flags & VMA_WRITE;
	if (!store && (!o || !(v->flags & VMA_READ)))
		return -EFAULT;
	if (o && o->pager != PAGER_DEVICE && off >= ALIGN_UP(o->size, PAGE_SIZE))
		return -EFAULT;
	if (o && (vma_is_shared(v) || !store))
		*name = (struct word_name){ o->id, off };
	else
		*name = (struct word_name){ (uintptr_t)s, addr };
	return 0;
}

int space_word_name(struct space *s, vaddr_t addr, struct word_name *name)
{
	for (bool grown = false;; grown = true) {
		mutex_lock(&s->lock);
		struct vma *v = vma_find(s, addr);
		int err = v && v->start <= addr ? name_in(s, v, addr, name) : -ENOENT;
		mutex_unlock(&s->lock);
		if (err != -ENOENT)
			return err;
		/* A stack may be about to grow down to it. */
		if (grown || user_fault_in(addr, false) != 0)
			return -EFAULT;
	}
}
