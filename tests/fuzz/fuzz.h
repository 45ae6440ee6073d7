/* SPDX-License-Identifier: MIT */
/*
 * What the fuzz targets share. Each is one program: LLVMFuzzerTestOneInput gets an input and aborts when a promise is
 * broken.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define HOLDS(x) \
	do { \
		if (!(x)) { \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #x); \
			abort(); \
		} \
	} while (0)

/*
 * A good sample with the input laid over it by exclusive or, in a block of exactly its length: the empty input is the
 * sample itself, so the fuzzer starts from what a parser accepts. Input past the sample's end is appended. The caller
 * frees it.
 */
static inline char *fuzz_over(const void *sample, size_t sample_len, const uint8_t *data, size_t len, size_t *out_len)
{
	*out_len = len > sample_len ? len : sample_len;
	char *out = malloc(*out_len ? *out_len : 1);
	HOLDS(out);
	memset(out, 0, *out_len);
	memcpy(out, sample, sample_len);
	for (size_t i = 0; i < len; i++)
		out[i] ^= (char)data[i];
	return out;
}

#endif
