/* SPDX-License-Identifier: MIT */
/*
 * The page index against a sorted table of candidate page numbers: near each other, at the borders
 * of nodes, and at the far end of the 64-bit range. Nodes come from the host's heap, so the address
 * sanitizer sees every stale one; the number of nodes alive is compared as well.
 */
#include "host.h"

#include <abi/errno.h>

#include "lib/pageindex.h"
#include "pure.h"

#define CANDIDATES 220

struct candidate { pgoff_t at; bool present, marked; };

static struct candidate model[CANDIDATES];
static unsigned candidates;

static void *entry_for(pgoff_t at) { return (void *)(at << 4 | 1ul << 63 | 1); }

static int by_number(const void *a, const void *b)
{
	pgoff_t x = ((const struct candidate *)a)->at, y = ((const struct candidate *)b)->at;

	return x < y ? -1 : x > y;
}

/* width: bits of the largest page number. */
static void choose_candidates(unsigned width)
{
	uint64_t mask = width == 64 ? ~0ul : (1ul << width) - 1;

	candidates = 0;
	for (unsigned i = 0; i < CANDIDATES; i++) {
		uint64_t at = host_random();
		switch (host_below(4)) {
		case 0: at &= 127; break;
		case 1: at = (1ul << host_below(width)) + host_below(3) - 1; break;
		case 2: at = mask - host_below(70); break;
		}
		model[candidates++] = (struct candidate){ at & mask, false, false };
	}
	qsort(model, candidates, sizeof(model[0]), by_number);
	unsigned kept = 0;
	for (unsigned i = 0; i < candidates; i++)
		if (i == 0 || model[i].at != model[kept - 1].at)
			model[kept++] = model[i];
	candidates = kept;
}

static void check_next(const struct page_index *index, pgoff_t from, pgoff_t last, bool marked)
{
	pgoff_t at = from;
	void *entry = marked ? page_index_next_marked(index, &at, last) : page_index_next(index, &at, last);

	for (unsigned i = 0; i < candidates; i++) {
		const struct candidate *c = &model[i];
		if (c->at < from || c->at > last || !c->present || (marked && !c->marked))
			continue;
		CHECK(entry == entry_for(c->at) && at == c->at);
		return;
	}
	CHECK(!entry && at == from);
}

static void check_all(const struct page_index *index)
{
	uint64_t count = 0, marked = 0;

	CHECK(page_index_check(index) == NULL);
	for (unsigned i = 0; i < candidates; i++) {
		const struct candidate *c = &model[i];
		CHECK(page_index_get(index, c->at) == (c->present ? entry_for(c->at) : NULL));
		CHECK(page_index_marked(index, c->at) == c->marked);
		count += c->present;
		marked += c->marked;
	}
	CHECK(index->count == count && index->marked == marked);
}

static void insert(struct page_index *index, struct candidate *c)
{
	if (host_below(8) == 0)
		host_fail_allocation(1 + host_below(6));
	int err = page_index_insert(index, c->at, entry_for(c->at));
	host_fail_allocation(0);
	if (c->present) {
		CHECK(err == -EEXIST);
		return;
	}
	CHECK(err == 0 || err == -ENOMEM);
	if (err)
		CHECK(page_index_check(index) == NULL && !page_index_get(index, c->at));
	c->present = err == 0;
}

static void step(struct page_index *index, bool growing)
{
	struct candidate *c = &model[host_below(candidates)];
	pgoff_t other = model[host_below(candidates)].at;

	switch (host_below(8)) {
	case 0: case 1:
		insert(index, c);
		break;
	case 2:
		if (growing && host_below(4))
			break;
		CHECK(page_index_remove(index, c->at) == (c->present ? entry_for(c->at) : NULL));
		c->present = c->marked = false;
		break;
	case 3:
		if (c->present) {
			page_index_mark(index, c->at);
			c->marked = true;
		}
		break;
	case 4:
		page_index_unmark(index, c->at);
		c->marked = false;
		break;
	case 5:
		check_next(index, c->at + host_below(3) - 1, other, host_below(2));
		break;
	case 6:
		check_next(index, host_random(), ~0ul, host_below(2));
		break;
	default:
		CHECK(page_index_get(index, c->at) == (c->present ? entry_for(c->at) : NULL));
	}
}

static void random_run(unsigned width, unsigned ops)
{
	struct page_index index;
	long nodes = host_live_objects();

	choose_candidates(width);
	page_index_init(&index);
	for (unsigned op = 0; op < ops; op++) {
		step(&index, op / 2000 % 2);
		if (op % 61 == 0)
			check_all(&index);
	}
	for (unsigned i = 0; i < candidates; i++)
		if (host_below(2)) {
			page_index_remove(&index, model[i].at);
			model[i].present = model[i].marked = false;
		}
	check_all(&index);
	page_index_destroy(&index);
	CHECK(page_index_check(&index) == NULL && index.count == 0);
	CHECK(host_live_objects() == nodes);
}

void pageindex_random_operations(void)
{
	static const unsigned width[] = { 1, 6, 7, 12, 20, 36, 52, 60, 61, 64 };

	for (unsigned i = 0; i < ARRAY_SIZE(width); i++)
		random_run(width[i], 30000);
}

/* A file of one page costs no node. */
void pageindex_page_zero_alone_is_free(void)
{
	struct page_index index;
	long nodes = host_live_objects();

	page_index_init(&index);
	CHECK(page_index_insert(&index, 0, &index) == 0);
	page_index_mark(&index, 0);
	CHECK(host_live_objects() == nodes && page_index_marked(&index, 0));
	CHECK(page_index_insert(&index, 1, &nodes) == 0);
	CHECK(page_index_marked(&index, 0) && !page_index_marked(&index, 1));
	CHECK(page_index_remove(&index, 1) == &nodes);
	CHECK(host_live_objects() == nodes && page_index_marked(&index, 0));
	CHECK(page_index_remove(&index, 0) == &index && index.marked == 0);
}

/*
 * Each allocation of an insertion fails in turn; the index stays as it was and can be used again.
 */
void pageindex_every_allocation_fails(void)
{
	for (uint64_t far = 64; far; far <<= 6) {
		struct page_index index;
		long nodes = host_live_objects();
		page_index_init(&index);
		CHECK(page_index_insert(&index, 3, &index) == 0);
		long before = host_live_objects();
		unsigned n = 0;
		int err;
		do {
			host_fail_allocation(++n);
			err = page_index_insert(&index, far, &nodes);
			CHECK(err == 0 || (err == -ENOMEM && host_live_objects() == before));
			CHECK(page_index_check(&index) == NULL && page_index_get(&index, 3) == &index);
		} while (err);
		host_fail_allocation(0);
		CHECK(n > 1);
		page_index_destroy(&index);
		CHECK(host_live_objects() == nodes);
	}
}
