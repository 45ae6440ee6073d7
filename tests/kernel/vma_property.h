/* SPDX-License-Identifier: MIT */
/* The property test of the VMA tree, for the kernel, the host and the fuzzer: see vma_property.c. */
#ifndef VMA_PROPERTY_H
#define VMA_PROPERTY_H

#include "vm/vm_impl.h"

/* Where a run takes its decisions from: the bytes of a fuzzer, which may end, or a generator, which does not. */
struct choices {
	const uint8_t *bytes; /* NULL: the generator */
	size_t left;
	uint64_t state;       /* of the generator; never 0 */
};

/*
 * vma_property: up to `operations` random operations on the empty tree of s, each compared with an array of pages.
 * -> NULL, or what did not hold; *done is how many operations were made. The tree is empty again when it held.
 * -> objects: two without pages or mappings, which only the caller refers to. It takes no lock but theirs.
 */
const char *vma_property(struct space *s, struct object *objects[2], struct choices *c, unsigned operations,
                         unsigned *done);

#endif
