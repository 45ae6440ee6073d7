/* SPDX-License-Identifier: MIT */
/* The machine's mechanisms, as far as they can be tried from a kernel thread. */
#include <abi/errno.h>

#include "lib/string.h"
#include "lib/test.h"
#include "vm/vm.h"

#define BASE 0x30000000ul

/* A space with two pages at BASE, loaded on this CPU while the test runs. */
static struct space *load_space(void)
{
	struct space *s = space_create();
	vaddr_t at = BASE;

	if (!s)
		return NULL;
	EXPECT(space_map(s, &at, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, NULL,
	                 0, NULL, true) == 0);
	EXPECT(vm_fault(s, BASE, FAULT_WRITE) == FAULT_DONE);
	space_load(s);
	return s;
}

TEST(user_copies_stop_where_the_memory_stops)
{
	char buf[64];
	struct space *s = load_space();
	REQUIRE(s);

	memset(buf, 'a', sizeof buf);
	EXPECT(user_copy_out(BASE + PAGE_SIZE - 10, buf, 30) == 20); /* the second page is not there yet */
	EXPECT(user_copy_in(buf, BASE + PAGE_SIZE - 10, 30) == 20 && buf[0] == 'a');
	EXPECT(user_zero(BASE + PAGE_SIZE - 10, 11) == 1);
	EXPECT(user_copy_in(buf, BASE + PAGE_SIZE - 10, 10) == 0 && buf[9] == 0);
	EXPECT(user_copy_in(buf, 0x1000, 1) == 1);
	EXPECT(user_strncpy(buf, BASE + 2 * PAGE_SIZE, 5) == -1);
	space_load(NULL);
	space_put(s);
}

TEST(compare_and_exchange_on_user_memory)
{
	uint32_t seen = 9;
	struct space *s = load_space();
	REQUIRE(s);

	EXPECT(user_cmpxchg32(BASE, 0, 5, &seen) == 0 && seen == 0);
	EXPECT(user_cmpxchg32(BASE, 0, 6, &seen) == 0 && seen == 5);
	EXPECT(user_cmpxchg32(0x1000, 0, 6, &seen) == -EFAULT);
	space_load(NULL);
	space_put(s);
}

TEST(the_clock_never_runs_backwards)
{
	for (uint64_t last = clock_now_ns(), i = 0; i < 10000; i++) {
		uint64_t now = clock_now_ns();
		EXPECT(now >= last);
		last = now;
	}
}

TEST(frozen_processors_come_back_however_often)
{
	for (int i = 0; i < 50; i++) {
		smp_freeze();
		smp_thaw();
	}
}

TEST_SUITE(arch, "arch.machine", TEST_CASE(user_copies_stop_where_the_memory_stops),
	TEST_CASE(compare_and_exchange_on_user_memory), TEST_CASE(the_clock_never_runs_backwards),
	TEST_CASE(frozen_processors_come_back_however_often));
