/* SPDX-License-Identifier: MIT */
/*
 * kernel/vm/vma.c on the host, under sanitizers: tests/kernel/vma_property.c with its decisions from a generator. The
 * few functions that vma.c calls outside of lib/ are stood in for by host.c.
 *
 * vma_test FIRST SEED [OPERATIONS]: prints one TAP line, numbered FIRST.
 */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>

#define RUN 50000u /* operations that begin with an empty tree */

int main(int argc, char **argv)
{
	int first = argc > 1 ? atoi(argv[1]) : 1;
	unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 0) : 1;
	unsigned operations = argc > 3 ? (unsigned)atoi(argv[3]) : 1000000, done = 0, total = 0;
	const char *wrong = NULL;

	for (unsigned long run = 0; total < operations && !wrong; run++) {
		wrong = host_vma_run(NULL, 0, (seed * 1000003 + run) * 0x9e3779b97f4a7c15ul | 1, RUN, &done);
		total += done;
	}
	printf("%sok %d - %u operations agree with an array of pages\n", wrong ? "not " : "", first, total);
	if (wrong)
		printf("# seed %lu, operation %u: %s\n", seed, total, wrong);
	return wrong != NULL;
}
