/* SPDX-License-Identifier: MIT */
/*
 * The tree of VMAs inside the kernel, with its allocator, its locks and its compiler flags: vma_property.c from
 * generators with seeds. The checked kernel, in which every step is checked besides, makes a tenth of the operations.
 */
#include "lib/test.h"
#include "vma_property.h"

#define OPERATIONS (CHECKED ? 100000u : 1000000u)
#define RUN        50000u /* operations that begin with an empty tree */

static void one_run(uint64_t seed)
{
	struct object *objects[2] = { object_create(PAGER_ZERO, 1ul << 40), object_create(PAGER_ZERO, 1ul << 40) };
	struct choices c = { .state = seed };
	struct space *s = space_create();
	unsigned done = 0;

	REQUIRE(s && objects[0] && objects[1]);
	const char *wrong = vma_property(s, objects, &c, RUN, &done);
	if (wrong) {
		klog(LOG_ERROR, "vma_property: generator 0x%lx, operation %u: %s", seed, done, wrong);
		test_fail(__FILE__, __LINE__, wrong);
		return; /* nothing can be given back */
	}
	space_put(s);
	object_put(objects[0]);
	object_put(objects[1]);
}

TEST(a_million_operations_agree_with_an_array_of_pages)
{
	for (unsigned done = 0; done < OPERATIONS; done += RUN) {
		one_run(test_random());
		sched_yield();
	}
}

TEST_SUITE(vma, "vm.vma", TEST_CASE(a_million_operations_agree_with_an_array_of_pages));
