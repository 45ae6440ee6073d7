/* SPDX-License-Identifier: MIT */
/*
 * The ext2 core on damaged images: an input is a list of changes to a small image, four bytes each (where,
 * little-endian in three, and what). Everything is then walked, read, written and deleted as in
 * tests/host/ext2/damage.c. Any answer is right, but it must come. The image is the file named by $FUZZ_IMAGE.
 */
#include "fuzz.h"

#include "../host/ext2/harness.h"

int failures;

void check_status(const char *what, const char *file, int line, long got, long want)
{
	if (got == want)
		return;
	fprintf(stderr, "%s:%d: %s is %ld instead of %ld\n", file, line, what, got, want);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct dev *master;

	if (!master) {
		HOLDS(getenv("FUZZ_IMAGE"));
		master = device_open(getenv("FUZZ_IMAGE"));
		master->quiet = true;
	}
	struct dev *dev = device_copy(master);
	for (size_t i = 0; i + 4 <= len; i += 4) {
		uint64_t at = data[i] | data[i + 1] << 8 | (uint64_t)data[i + 2] << 16;
		if (at == 0xffffff)
			dev->bad_page = data[i + 3];
		else
			dev->disk[at % dev->size] = data[i + 3];
	}
	damaged_run(dev);
	device_close(dev);
	return 0;
}
