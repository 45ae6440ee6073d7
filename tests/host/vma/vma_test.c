/* SPDX-License-Identifier: MIT */
/*
 * kernel/vm/vma.c on the host, under sanitizers: the tree of VMAs against a plain array with one entry a page. Random
 * insertions, removals, splits, merges and changes of range; after each the tree's own checks, and the search for a gap against
 * one that looks at every page. The few functions that vma.c calls outside of lib/ are stood in for here.
 *
 * vma_test FIRST SEED: prints one TAP line a test, numbered from FIRST.
 */
#include "vm/vm_impl.h"

/* The host's C library, without its headers: they clash with the kernel's. */
int printf(const char *fmt, ...);
int atoi(const char *s);
void *malloc(size_t n);
void free(void *p);
noreturn void exit(int status);
int fflush(void *stream);

#define PAGES 256
#define BASE 0x10000000ul

static long live; /* VMAs allocated and not freed */

void *cache_alloc(struct cache *c)
{
	(void)c;
	live++;
	return malloc(sizeof(struct vma));
}

void cache_free(struct cache *c, void *obj)
{
	(void)c;
	live--;
	free(obj);
}

void cpu_poll(void) {}
void object_put(struct object *o) { o->refs--; }
void object_zero_tail_locked(struct object *o) { (void)o; }
void file_put(struct file *f) { (void)f; }

noreturn void panic(const char *fmt, ...)
{
	printf("# panic: %s\n", fmt);
	fflush(NULL);
	exit(1);
}

static uint64_t state;

static uint64_t draw(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % below;
}

/* ---- the model ---- */

struct cell { int prot; struct object *object; pgoff_t pgoff; }; /* prot -1: nothing mapped */

static struct cell model[PAGES];
static struct space space;
static struct object objects[2];
static const char *wrong;

#define HOLDS(x) ((x) || (wrong = wrong ? wrong : #x, false))

static vaddr_t address(unsigned page) { return BASE + page * PAGE_SIZE; }

static void clear_range(unsigned first, unsigned n)
{
	struct list dead = LIST_INIT(dead);
	vaddr_t start = address(first), end = address(first + n);
	struct vma *v = vma_find(&space, start), *next;

	if (v && v->start < start)
		HOLDS(vma_split(&space, v, start) != NULL);
	v = vma_find(&space, end - 1);
	if (v && v->start < end && v->end > end)
		HOLDS(vma_split(&space, v, end) != NULL);
	for (v = vma_find(&space, start); v && v->start < end; v = next) {
		next = vma_next(v);
		vma_detach(v);
		vma_remove(&space, v);
		vma_free(v);
	}
	for (unsigned p = first; p < first + n; p++)
		model[p].prot = -1;
}

static void map_range(unsigned first, unsigned n)
{
	struct list dead = LIST_INIT(dead);
	struct vma *v = cache_alloc(NULL);
	struct object *o = draw(2) ? &objects[draw(2)] : NULL;

	clear_range(first, n);
	memset(v, 0, sizeof *v);
	v->start = address(first);
	v->end = address(first + n);
	v->prot = (uint32_t)draw(2) + 1;
	v->flags = MAP_PRIVATE;
	v->object = o;
	v->pgoff = o ? first + draw(2) * 1000 : v->start >> PAGE_SHIFT;
	v->may_write = true;
	for (unsigned p = 0; p < n; p++)
		model[first + p] = (struct cell){ (int)v->prot, o, v->pgoff + p };
	vma_insert(&space, v);
	vma_attach(v);
	vma_merge(&space, v, &dead);
	for (struct list *l; (l = list_pop_front(&dead));)
		vma_free(list_entry(l, struct vma, object_link));
}

/* Cells that a merge must have joined. */
static bool continues(unsigned p)
{
	struct cell *a = &model[p - 1], *b = &model[p];

	return a->prot == b->prot && a->object == b->object && a->pgoff + 1 == b->pgoff;
}

static void compare(bool merged)
{
	unsigned vmas = 0, boundaries = 0;

	for (unsigned p = 0; p < PAGES; p++) {
		struct vma *v = vma_find(&space, address(p));
		bool there = v && v->start <= address(p);
		HOLDS(there == (model[p].prot >= 0));
		if (!there)
			continue;
		HOLDS((int)v->prot == model[p].prot && v->object == model[p].object && vma_pgoff(v, address(p)) == model[p].pgoff);
		vmas += v->start == address(p);
		boundaries += p == 0 || model[p - 1].prot < 0 || !continues(p);
	}
	HOLDS(vmas == space.nvmas && live == (long)vmas);
	if (merged)
		HOLDS(vmas == boundaries);
	const char *bad = vma_check(&space);
	wrong = wrong ? wrong : bad;
}

static void compare_gap(unsigned len, unsigned low, unsigned high)
{
	vaddr_t found = vma_find_gap(&space, len * PAGE_SIZE, address(low), address(high)), expected = 0;

	for (unsigned p = high; p >= low + len && !expected; p--) {
		unsigned free_pages = 0;
		while (free_pages < len && model[p - 1 - free_pages].prot < 0)
			free_pages++;
		if (free_pages == len)
			expected = address(p - len);
	}
	HOLDS(found == expected);
}

static void run(unsigned operations, bool only_maps)
{
	for (unsigned i = 0; i < PAGES; i++)
		model[i].prot = -1;
	memset(&space, 0, sizeof space);
	vma_tree_init(&space);
	for (unsigned i = 0; i < 2; i++) {
		memset(&objects[i], 0, sizeof objects[i]);
		list_init(&objects[i].vmas);
	}
	live = 0;
	wrong = NULL;
	for (unsigned i = 0; i < operations && !wrong; i++) {
		unsigned first = (unsigned)draw(PAGES), n = 1 + (unsigned)draw(draw(8) ? 6 : PAGES - first);
		n = MIN(n, PAGES - first);
		if (only_maps || draw(3))
			map_range(first, n);
		else
			clear_range(first, n);
		unsigned low = (unsigned)draw(PAGES), high = low + (unsigned)draw(PAGES - low + 1);
		compare_gap(1 + (unsigned)draw(20), low, high);
		if (i % 16 == 0)
			compare(only_maps);
	}
	clear_range(0, PAGES);
	HOLDS(space.nvmas == 0 && space.total_pages == 0 && live == 0);
	HOLDS(list_empty(&objects[0].vmas) && list_empty(&objects[1].vmas));
}

static int report(int number, const char *name, uint64_t seed)
{
	printf("%sok %d - %s\n", wrong ? "not " : "", number, name);
	if (wrong)
		printf("# seed %lu: %s\n", seed, wrong);
	return wrong != NULL;
}

int main(int argc, char **argv)
{
	int first = argc > 1 ? atoi(argv[1]) : 1, failed = 0;
	uint64_t seed = argc > 2 ? (uint64_t)atoi(argv[2]) : 1;

	state = seed * 2654435761u + 88172645463325252ul;
	run(100000, false);
	failed += report(first, "maps, unmaps and gaps agree with an array of pages", seed);
	run(50000, true);
	failed += report(first + 1, "neighbours that continue each other are merged", seed);
	return failed != 0;
}
