/* SPDX-License-Identifier: MIT */
/*
 * What surrounds the mappings: fork and exit, and the calls on files that mappings show.
 *
 * fork    the child gets every area but those marked DONTFORK, every copy, and no locks. Its families are new, one an area,
 *         and count as forked. A WIPEONFORK area comes without pages and family.
 * files   read and write see the bytes that mappings see. A file cut short loses whole pages in every mapping, private
 *         copies too; of the last page only what the object shows past the end becomes zero. The kernel copies to and from
 *         the arena as a program would, with faults; at the first byte that faults the call ends with what was done, or with
 *         EFAULT when that is nothing.
 */
#include "spec.h"

#include <errno.h>
#include <string.h>

void spec_begin(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->process[0].alive = true;
}

void spec_fork(struct world *w, int who, int child)
{
	struct process *from = &w->process[who], *to = &w->process[child];

	to->alive = true;
	to->areas = 0;
	memcpy(to->copy, from->copy, sizeof(to->copy));
	for (int i = 0; i < from->areas; i++) {
		struct area a = from->area[i];
		bool wipe = a.flags & (WIPEONFORK | DONTFORK);
		for (int page = a.first; wipe && page < a.end; page++)
			to->copy[page].own = false;
		if (a.flags & DONTFORK)
			continue;
		a.flags &= ~(unsigned)(LOCKED | ONFAULT);
		a.family = wipe || a.family == NONE ? NONE : -++w->families;
		to->area[to->areas++] = a;
	}
}

void spec_exit(struct world *w, int who)
{
	struct process *p = &w->process[who];

	area_clear(p, 0, ARENA_PAGES);
	p->alive = false;
}

/* ---- files ---- */

/* Copies of pages that lie behind the end of the file are gone, in every process. */
static void drop_copies_past_end(struct world *w, int object)
{
	for (int who = 0; who < PROCESSES; who++) {
		struct process *p = &w->process[who];
		for (int i = 0; p->alive && i < p->areas; i++)
			for (int page = p->area[i].first; page < p->area[i].end; page++)
				if (p->area[i].object == object &&
				    area_page(&p->area[i], page) * GRAINS >= (long)w->object[object].grains)
					p->copy[page].own = false;
	}
}

long spec_ftruncate(struct world *w, int fd, long size)
{
	if (size < 0)
		return -EINVAL;
	if (fd_object(fd) == NOTHING)
		return -EBADF;
	if (!fd_writes(fd))
		return -EINVAL;
	struct object *o = &w->object[fd_object(fd)];
	o->grains = (unsigned)(size / GRAIN);
	memset(o->byte + o->grains, 0, sizeof(o->byte) - o->grains);
	drop_copies_past_end(w, fd_object(fd));
	return 0;
}

long spec_pread(struct world *w, int who, int fd, long addr, long len, long offset)
{
	long done = 0;

	if (fd_object(fd) == NOTHING || !fd_reads(fd))
		return -EBADF;
	const struct object *o = &w->object[fd_object(fd)];
	for (; done < len && offset + done < (long)o->grains * GRAIN; done += GRAIN)
		if (spec_store(w, who, addr + done, o->byte[(offset + done) / GRAIN]).signal)
			return done ? done : -EFAULT;
	return done;
}

long spec_pwrite(struct world *w, int who, int fd, long addr, long len, long offset)
{
	long done = 0;

	if (fd_object(fd) == NOTHING || !fd_writes(fd))
		return -EBADF;
	struct object *o = &w->object[fd_object(fd)];
	for (; done < len; done += GRAIN) {
		struct outcome out = spec_load(w, who, addr + done);
		if (out.signal)
			return done ? done : -EFAULT;
		unsigned grain = (unsigned)((offset + done) / GRAIN);
		o->byte[grain] = out.value;
		if (grain + 1 > o->grains)
			o->grains = grain + 1;
	}
	return done;
}
