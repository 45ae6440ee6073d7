/* SPDX-License-Identifier: MIT */
/*
 * The host program for kernel/lib: the table of its tests, and a heap on malloc with failures on
 * demand.
 */
#include "host.h"

#include "lib/pageindex.h"
#include "mm/mm.h"
#include "pure.h"

char host_memory[1]; /* nothing here follows a physical address */

struct cache { size_t size; };

static long live;
static unsigned fail_in;

long host_live_objects(void) { return live; }
void host_fail_allocation(unsigned nth) { fail_in = nth; }

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

static const struct host_test tests[] = {
	HOST_TEST(rbtree_random_operations_on_few_keys),
	HOST_TEST(rbtree_random_operations_on_many_keys),
	HOST_TEST(rbtree_stays_flat_when_keys_come_in_order),
	HOST_TEST(rbtree_check_finds_damage),
	HOST_TEST(pageindex_random_operations),
	HOST_TEST(pageindex_page_zero_alone_is_free),
	HOST_TEST(pageindex_every_allocation_fails),
	HOST_TEST(printf_agrees_with_the_host),
	HOST_TEST(printf_cuts_and_measures),
	HOST_TEST(memory_functions_agree_with_the_host),
	HOST_TEST(string_functions_agree_with_the_host),
	HOST_TEST(glob_agrees_with_a_recursive_matcher),
	HOST_TEST(parse_u64_accepts_numbers_only),
	HOST_TEST(cpio_reads_an_archive),
	HOST_TEST(cpio_survives_mutation),
	HOST_TEST(elf_accepts_a_program),
	HOST_TEST(elf_refuses_what_it_must),
	HOST_TEST(elf_survives_mutation),
	HOST_TEST(cmdline_finds_values),
	HOST_TEST(cmdline_survives_mutation),
};

int main(int argc, char **argv)
{
	page_index_boot();
	return host_main(tests, ARRAY_SIZE(tests), argc, argv);
}
