/* SPDX-License-Identifier: MIT */
/*
 * The page index against a table. An input begins with the page numbers (8 pairs: a shift and a value) and goes on with
 * operations: two bytes each, what and which. An allocation may be made to fail.
 */
#include "fuzz.h"

#include <abi/errno.h>

#include "lib/pageindex.h"
#include "mm/mm.h"

#define NUMBERS 64

char host_memory[1]; /* nothing here follows a physical address */

struct cache { size_t size; };

static unsigned fail_in;
static long live;

struct cache *cache_create(const char *name, size_t size)
{
	static struct cache cache;

	(void)name;
	cache.size = size;
	return &cache;
}

void *cache_alloc(struct cache *cache)
{
	if (fail_in && --fail_in == 0)
		return NULL;
	live++;
	return malloc(cache->size);
}

void cache_free(struct cache *cache, void *obj)
{
	(void)cache;
	live--;
	free(obj);
}

_Noreturn void panic(const char *fmt, ...)
{
	fprintf(stderr, "panic: %s\n", fmt);
	abort();
}

struct entry { pgoff_t at; bool present, marked; };

static struct entry table[NUMBERS];

static void *entry_for(pgoff_t at) { return (void *)(at << 4 | 1ul << 63 | 1); }

/* Eight neighbours of eight places: one table in order, without repetitions. */
static unsigned make_table(const uint8_t *data)
{
	unsigned n = 0;

	for (unsigned place = 0; place < 8; place++)
		for (unsigned i = 0; i < 8; i++)
			table[n++] = (struct entry){ ((pgoff_t)data[2 * place + 1] << data[2 * place] % 60) + i * 9, false, false };
	for (unsigned i = 1; i < n; i++)
		for (unsigned j = i; j > 0 && table[j - 1].at > table[j].at; j--) {
			struct entry e = table[j];
			table[j] = table[j - 1];
			table[j - 1] = e;
		}
	unsigned kept = 1;
	for (unsigned i = 1; i < n; i++)
		if (table[i].at != table[kept - 1].at)
			table[kept++] = table[i];
	return kept;
}

static void check_next(const struct page_index *index, unsigned entries, pgoff_t from, pgoff_t last, bool marked)
{
	pgoff_t at = from;
	void *found = marked ? page_index_next_marked(index, &at, last) : page_index_next(index, &at, last);

	for (unsigned i = 0; i < entries; i++) {
		struct entry *e = &table[i];
		if (e->at < from || e->at > last || !e->present || (marked && !e->marked))
			continue;
		HOLDS(found == entry_for(e->at) && at == e->at);
		return;
	}
	HOLDS(!found && at == from);
}

static void operation(struct page_index *index, unsigned entries, unsigned what, unsigned which)
{
	struct entry *e = &table[which % entries];
	int err;

	switch (what % 8) {
	case 0: case 1: case 2:
		fail_in = what / 8 % 8;
		err = page_index_insert(index, e->at, entry_for(e->at));
		HOLDS(e->present ? err == -EEXIST : err == 0 || (err == -ENOMEM && what / 8 % 8));
		fail_in = 0;
		e->present |= !err;
		break;
	case 3:
		HOLDS(page_index_remove(index, e->at) == (e->present ? entry_for(e->at) : NULL));
		e->present = e->marked = false;
		break;
	case 4:
		if (e->present)
			page_index_mark(index, e->at);
		e->marked |= e->present;
		break;
	case 5:
		page_index_unmark(index, e->at);
		e->marked = false;
		break;
	default:
		check_next(index, entries, e->at - (what / 8) % 2, table[what / 16 % entries].at, what % 8 == 6);
	}
}

static void check_all(const struct page_index *index, unsigned entries)
{
	uint64_t count = 0, marked = 0;

	HOLDS(page_index_check(index) == NULL);
	for (unsigned i = 0; i < entries; i++) {
		struct entry *e = &table[i];
		HOLDS(page_index_get(index, e->at) == (e->present ? entry_for(e->at) : NULL));
		HOLDS(page_index_marked(index, e->at) == e->marked);
		count += e->present;
		marked += e->marked;
	}
	HOLDS(index->count == count && index->marked == marked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static bool booted;
	struct page_index index;

	if (!booted)
		page_index_boot();
	booted = true;
	if (len < 16)
		return 0;
	unsigned entries = make_table(data);
	page_index_init(&index);
	for (size_t i = 16; i + 1 < len; i += 2) {
		operation(&index, entries, data[i], data[i + 1]);
		check_all(&index, entries);
	}
	page_index_destroy(&index);
	HOLDS(live == 0);
	return 0;
}
