/* SPDX-License-Identifier: MIT */
/*
 * Chooses the steps of a sequence. The choice looks at the model, so that addresses are mostly near what is mapped and
 * few steps are wasted; it depends on nothing but the seed and what has been chosen before.
 *
 * Every sequence has a theme: which calls it makes and how often, which flags of mmap and which advices it knows. A
 * sequence that uses few kinds of step goes deeper with them than one that uses all (Groce et al., Swarm Testing,
 * 2012).
 *
 * Left out is what Linux does not define (step_is_defined): bytes stored past the end of a file in its last page,
 * copies between a file and a mapping of it, what is left of pages given up with MADV_FREE.
 */
#include "sequences.h"

#include <sys/mman.h>

const char *const op_names[OPS] = { "look", "load", "store", "mmap", "munmap", "mprotect", "mremap", "madvise", "mlock",
                                    "munlock", "msync", "remap_file_pages", "ftruncate", "pread", "pwrite", "fork",
                                    "exit" };
static const int usual_weight[OPS] = { 6, 8, 20, 24, 6, 14, 12, 14, 4, 3, 2, 2, 4, 4, 4, 2, 2 };
static const unsigned rare_flags[] = { MAP_POPULATE, MAP_LOCKED, MAP_NORESERVE, MAP_GROWSDOWN, MAP_STACK, MAP_NONBLOCK,
                                       MAP_32BIT, MAP_DENYWRITE, MAP_EXECUTABLE };
static const int all_advices[] = { MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED, MADV_FREE,
                                   MADV_REMOVE, MADV_DONTFORK, MADV_DOFORK, MADV_HUGEPAGE, MADV_NOHUGEPAGE,
                                   MADV_DONTDUMP, MADV_DODUMP, MADV_WIPEONFORK, MADV_KEEPONFORK, MADV_COLD,
                                   MADV_PAGEOUT, MADV_POPULATE_READ, MADV_POPULATE_WRITE };
#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

bool left_out[OPS];
bool advice_left_out[32];

uint64_t random_next(struct random *r)
{
	uint64_t z = (r->state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

void theme_choose(struct random *r, struct theme *t)
{
	bool everything = chance(r, 15);

	for (int op = 0; op < OPS; op++) {
		bool needed = op == OP_MMAP || op == OP_STORE || op == OP_LOOK;
		bool in = needed || everything || chance(r, 55);
		t->weight[op] = in && !left_out[op] ? usual_weight[op] * (1 + random_below(r, 3)) : 0;
	}
	t->flags = 0;
	for (int i = 0; i < COUNT(rare_flags); i++)
		if (chance(r, 25))
			t->flags |= rare_flags[i];
	t->advices = 0;
	for (int i = 0; i < COUNT(all_advices); i++)
		if (!advice_left_out[all_advices[i]] && (everything || chance(r, 35)))
			t->advice[t->advices++] = all_advices[i];
	t->file_base = random_below(r, ARENA_PAGES - 4);
}

/* ---- arguments ---- */

struct range {
	int first, pages;
};

/* Mostly an edge of something mapped, or close to it. */
static int some_page(struct random *r, const struct process *p, int limit)
{
	int page = random_below(r, limit);

	if (p->areas > 0 && chance(r, 65)) {
		const struct area *a = &p->area[random_below(r, p->areas)];
		page = chance(r, 50) ? a->first : a->end;
		page += chance(r, 40) ? random_below(r, 3) - 1 : 0;
	}
	return page < 0 ? 0 : page >= limit ? limit - 1 : page;
}

static struct range some_range(struct random *r, const struct process *p)
{
	struct range g = { some_page(r, p, ARENA_PAGES), 1 };
	int i = area_find(p, g.first);

	if (i < p->areas && chance(r, 40)) { /* just one area, or the hole before it */
		g.pages = (p->area[i].first > g.first ? p->area[i].first : p->area[i].end) - g.first;
	} else {
		while (g.pages < 8 && chance(r, 60))
			g.pages++;
	}
	if (g.first + g.pages > ARENA_PAGES)
		g.pages = ARENA_PAGES - g.first;
	return g;
}

/* The same in bytes; sometimes not whole pages. */
static void some_bytes(struct random *r, const struct process *p, long *addr, long *len)
{
	struct range g = some_range(r, p);

	*addr = (long)g.first * PAGE;
	*len = (long)g.pages * PAGE - (chance(r, 8) ? random_below(r, PAGE) : 0);
	if (chance(r, 1))
		*addr += 1 + random_below(r, PAGE - 1), *len = *len > PAGE ? *len - PAGE : 1;
	if (chance(r, 1))
		*len = 0;
}

static long some_access(struct random *r)
{
	static const int usual[] = { PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE, PROT_READ | PROT_WRITE | PROT_EXEC };

	return chance(r, 50) ? usual[0] : chance(r, 70) ? usual[random_below(r, COUNT(usual))] : random_below(r, 8);
}

static long some_fd(struct random *r)
{
	return chance(r, 85) ? random_below(r, 2) : random_below(r, FDS);
}

static void choose_mmap(struct random *r, const struct process *p, const struct theme *t, long *arg)
{
	int kind = random_below(r, 100);
	long flags = kind < 45 ? MAP_PRIVATE | MAP_ANONYMOUS : kind < 65 ? MAP_PRIVATE : kind < 85 ? MAP_SHARED
	           : kind < 95 ? MAP_SHARED | MAP_ANONYMOUS : kind < 98 ? MAP_SHARED_VALIDATE
	           : random_below(r, 4) | (chance(r, 50) ? MAP_ANONYMOUS : 0);
	int place = random_below(r, 100);

	flags |= place < 75 ? MAP_FIXED : place < 88 ? MAP_FIXED_NOREPLACE : 0;
	for (int i = 0; i < COUNT(rare_flags); i++)
		if (t->flags & rare_flags[i] && chance(r, 20))
			flags |= rare_flags[i];
	some_bytes(r, p, &arg[0], &arg[1]);
	arg[2] = some_access(r);
	arg[3] = flags;
	arg[4] = flags & MAP_ANONYMOUS ? FD_CLOSED : some_fd(r);
	long page = arg[0] / PAGE - t->file_base;
	arg[5] = (chance(r, 75) && page >= 0 ? page : random_below(r, FILE_PAGES)) * PAGE;
	if (flags & MAP_ANONYMOUS)
		arg[5] = 0;
	if (chance(r, 1))
		arg[5] += 512;
}

static void choose_mremap(struct random *r, const struct process *p, long *arg)
{
	static const int flags[] = { 0, MREMAP_MAYMOVE, MREMAP_MAYMOVE | MREMAP_FIXED, MREMAP_MAYMOVE | MREMAP_FIXED,
	                             MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, MREMAP_MAYMOVE | MREMAP_DONTUNMAP };
	struct range old = some_range(r, p), new = some_range(r, p);

	arg[3] = chance(r, 98) ? flags[random_below(r, COUNT(flags))] : random_below(r, 16);
	if (chance(r, 60) || arg[3] & MREMAP_DONTUNMAP)
		new.pages = old.pages;
	if (chance(r, 6))
		old.pages = 0;
	int room = ARENA_PAGES - (arg[3] & (MREMAP_FIXED | MREMAP_DONTUNMAP) ? new.first : old.first);
	if (new.pages > room && arg[3] & (MREMAP_FIXED | MREMAP_DONTUNMAP)) {
		new.first = ARENA_PAGES - new.pages;
	} else if (new.pages > room) {
		new.pages = room;
	}
	arg[0] = (long)old.first * PAGE;
	arg[1] = (long)old.pages * PAGE;
	arg[2] = (long)new.pages * PAGE;
	arg[4] = (long)new.first * PAGE;
	if (chance(r, 1))
		arg[chance(r, 50) ? 0 : 4] += 1;
	if (chance(r, 1))
		arg[2] = 0;
}

static void choose_madvise(struct random *r, const struct process *p, const struct theme *t, long *arg)
{
	some_bytes(r, p, &arg[0], &arg[1]);
	arg[2] = t->advices && chance(r, 98) ? t->advice[random_below(r, t->advices)] : MADV_NORMAL;
	if (chance(r, 1))
		arg[2] = 5 + random_below(r, 3); /* nobody's */
}

static void choose_mprotect(struct random *r, const struct process *p, long *arg)
{
	some_bytes(r, p, &arg[0], &arg[1]);
	arg[2] = some_access(r);
	if (chance(r, 3))
		arg[2] |= chance(r, 70) ? PROT_GROWSDOWN : PROT_GROWSUP;
	if (chance(r, 1))
		arg[2] |= 1 << random_below(r, 8);
}

static void choose_transfer(struct random *r, const struct process *p, long *arg)
{
	int page = some_page(r, p, ARENA_PAGES - 2);

	arg[0] = some_fd(r);
	arg[1] = (long)page * PAGE + random_below(r, GRAINS) * GRAIN;
	arg[2] = (1 + random_below(r, 2 * GRAINS)) * (long)GRAIN;
	arg[3] = random_below(r, (FILE_PAGES - 2) * GRAINS) * (long)GRAIN;
}

static void choose_sync(struct random *r, const struct process *p, long *arg)
{
	static const int flags[] = { MS_ASYNC, MS_ASYNC, MS_INVALIDATE, MS_INVALIDATE | MS_ASYNC, 0 };

	some_bytes(r, p, &arg[0], &arg[1]);
	arg[2] = chance(r, 15) ? MS_SYNC : chance(r, 95) ? flags[random_below(r, COUNT(flags))] : random_below(r, 16);
}

static void choose_file_pages(struct random *r, const struct process *p, long *arg)
{
	some_bytes(r, p, &arg[0], &arg[1]);
	arg[2] = chance(r, 3) ? PROT_READ : 0;
	arg[3] = random_below(r, FILE_PAGES);
	arg[4] = chance(r, 50) ? MAP_NONBLOCK : 0;
}

static void choose_arguments(struct game *g, struct step *s)
{
	struct random *r = &g->random;
	const struct process *p = &g->world.process[s->who];
	long *arg = s->arg;

	switch (s->op) {
	case OP_LOAD:
	case OP_STORE:
		arg[0] = (long)some_page(r, p, ARENA_PAGES) * PAGE + random_below(r, GRAINS) * GRAIN;
		arg[1] = 1 + random_below(r, 255);
		break;
	case OP_MMAP: choose_mmap(r, p, &g->theme, arg); break;
	case OP_MPROTECT: choose_mprotect(r, p, arg); break;
	case OP_MREMAP: choose_mremap(r, p, arg); break;
	case OP_MADVISE: choose_madvise(r, p, &g->theme, arg); break;
	case OP_MSYNC: choose_sync(r, p, arg); break;
	case OP_REMAP_FILE: choose_file_pages(r, p, arg); break;
	case OP_MLOCK:
		some_bytes(r, p, &arg[0], &arg[1]);
		arg[2] = chance(r, 40) ? MLOCK_ONFAULT : chance(r, 2) ? 2 : 0;
		break;
	case OP_MUNMAP:
	case OP_MUNLOCK: some_bytes(r, p, &arg[0], &arg[1]); break;
	case OP_FTRUNCATE:
		arg[0] = some_fd(r);
		arg[1] = random_below(r, FILE_PAGES * GRAINS + 1) * (long)GRAIN;
		break;
	case OP_PREAD:
	case OP_PWRITE: choose_transfer(r, p, arg); break;
	case OP_FORK:
		for (int i = 0; i < PROCESSES; i++)
			if (!g->world.process[i].alive)
				arg[0] = i;
		break;
	default: break;
	}
}

static int choose_op(struct random *r, const struct theme *t)
{
	int total = 0, op = 0;

	for (int i = 0; i < OPS; i++)
		total += t->weight[i];
	for (int n = random_below(r, total); n >= t->weight[op]; op++)
		n -= t->weight[op];
	return op;
}

/* Mostly the same process goes on: a change of hands takes the system some time. */
static int choose_process(struct random *r, const struct world *w, int current)
{
	if (w->process[current].alive && chance(r, 88))
		return current;
	int who = random_below(r, PROCESSES);
	while (!w->process[who].alive)
		who = (who + 1) % PROCESSES;
	return who;
}

struct step step_choose(struct game *g, int current)
{
	struct step s;

	do {
		s = (struct step){ .who = (uint8_t)choose_process(&g->random, &g->world, current) };
		s.op = (uint8_t)choose_op(&g->random, &g->theme);
		choose_arguments(g, &s);
	} while (!step_is_defined(&g->world, &s));
	return s;
}

/* ---- what Linux leaves open ---- */

/*
 * The object that a page of the arena shows; NOTHING: a copy or nothing at all. stores: through which it can be
 * changed.
 */
static int shown_object(const struct process *p, long addr, bool stores)
{
	int page = (int)(addr / PAGE);
	const struct area *a = &p->area[area_find(p, page)];

	if (!area_covers(p, page) || p->copy[page].own || (stores && !(a->flags & SHARED)))
		return NOTHING;
	return a->object;
}

/* A grain in the last page of a file, past its end. */
static bool store_past_end(const struct world *w, const struct process *p, long addr)
{
	int object = shown_object(p, addr, true);

	if (object == NOTHING)
		return false;
	const struct area *a = &p->area[area_find(p, (int)(addr / PAGE))];
	long grain = area_page(a, (int)(addr / PAGE)) * GRAINS + addr % PAGE / GRAIN;
	return grain >= (long)w->object[object].grains;
}

static bool transfer_is_defined(const struct world *w, const struct process *p, const struct step *s)
{
	for (long done = 0; done < s->arg[2]; done += GRAIN) {
		if (shown_object(p, s->arg[1] + done, s->op == OP_PREAD) == fd_object((int)s->arg[0]) && s->arg[0] != FD_CLOSED)
			return false;
		if (s->op == OP_PREAD && store_past_end(w, p, s->arg[1] + done))
			return false;
	}
	return true;
}

static bool has_copies(const struct process *p, long addr, long len)
{
	for (int page = (int)(addr / PAGE); page < pages_of(addr + len); page++)
		if (p->copy[page].own)
			return true;
	return false;
}

bool step_is_defined(const struct world *w, const struct step *s)
{
	const struct process *p = &w->process[s->who];

	if (!p->alive)
		return false;
	switch (s->op) {
	case OP_STORE: return !store_past_end(w, p, s->arg[0]);
	case OP_PREAD:
	case OP_PWRITE: return transfer_is_defined(w, p, s);
	case OP_MADVISE: return s->arg[2] != MADV_FREE || !has_copies(p, s->arg[0], s->arg[1]);
	case OP_FORK: return !w->process[s->arg[0]].alive && s->arg[0] != s->who;
	case OP_EXIT: return s->who != 0;
	default: return true;
	}
}
