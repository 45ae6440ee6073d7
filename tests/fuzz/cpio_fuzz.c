/* SPDX-License-Identifier: MIT */
/* The reader of the boot archive: whatever the bytes, an entry lies inside the archive and the walk comes to an end. */
#include "fuzz.h"

#include "lib/parse.h"

static size_t put(char *out, const char *name, const char *data)
{
	size_t n = (size_t)sprintf(out, "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x%s", 7, 0100644,
	                           1, 2, 1, 0x60000000, strlen(data), 0, 0, 0, 0, strlen(name) + 1, 0, name) + 1;

	while (n % 4)
		out[n++] = '\0';
	memcpy(out + n, data, strlen(data));
	n += strlen(data);
	while (n % 4)
		out[n++] = '\0';
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char sample[1024];
	size_t n = put(sample, "./init", "hello"), size, pos = 0, before = 0;

	n += put(sample + n, "bin/sh", "");
	n += put(sample + n, "/etc/motd", "twelve bytes");
	n += put(sample + n, "TRAILER!!!", "");
	char *archive = fuzz_over(sample, n, data, len, &size);
	struct cpio_entry e;
	for (; cpio_next(archive, size, &pos, &e) == 1; before = pos) {
		HOLDS(pos > before && pos <= size);
		HOLDS(e.name >= archive && e.name + strlen(e.name) < archive + size && e.name[0] != '/');
		HOLDS((const char *)e.data >= archive && e.size <= size && (const char *)e.data + e.size <= archive + size);
		size_t sum = 0; /* the sanitizer sees every byte touched */
		for (size_t i = 0; i < e.size; i++)
			sum += ((const unsigned char *)e.data)[i];
		HOLDS(sum <= 255 * e.size);
	}
	free(archive);
	return 0;
}
