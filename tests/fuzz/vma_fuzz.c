/* SPDX-License-Identifier: MIT */
/* The VMA tree: each byte of the input is a decision of tests/kernel/vma_property.c. */
#include "fuzz.h"

#include "../host/vma/host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	unsigned done;
	const char *wrong = host_vma_run(data, len, 1, ~0u, &done);

	if (wrong)
		fprintf(stderr, "operation %u: %s\n", done, wrong);
	HOLDS(!wrong);
	return 0;
}
