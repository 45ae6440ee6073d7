/* SPDX-License-Identifier: MIT */
/*
 * The VMA tree on the host, for vma_test.c and the fuzzer; free of the kernel's headers, which clash with the host's.
 */
#ifndef HOST_VMA_H
#define HOST_VMA_H

#include <stddef.h>
#include <stdint.h>

/* One run of vma_property from `bytes`, or (NULL) from a generator. -> NULL, or what did not hold. */
const char *host_vma_run(const uint8_t *bytes, size_t len, uint64_t seed, unsigned operations, unsigned *done);

#endif
