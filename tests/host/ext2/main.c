/* SPDX-License-Identifier: MIT */
/*
 * The host test of the ext2 core.
 *
 *     ext2test script IMAGE         lines from standard input (script.c); the image is changed
 *     ext2test read IMAGE           the same, mounted read-only
 *     ext2test random IMAGE SEED N  N random operations against a model (random.c); the image is changed
 *     ext2test full IMAGE           out of space (damage.c); the image is changed
 *     ext2test fuzz IMAGE FROM TO   damaged copies of the image, one for each seed
 *     ext2test crash IMAGE SEED OUT a power cut; what is left goes to OUT, what was promised to standard output
 *     ext2test durable IMAGE BYTES  the promise, after e2fsck has repaired OUT
 *
 * Exit status: 0 when all is well, 1 after a failure, 2 when the test itself could not run.
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int failures;

void check_status(const char *what, const char *file, int line, long got, long want)
{
	if (got == want)
		return;
	failures++;
	printf("%s:%d: %s is %ld instead of %ld\n", file, line, what, got, want);
}

static int run(struct dev *dev, int argc, char **argv)
{
	const char *verb = argv[1], *path = argv[2];
	int failed = 2;

	if (!strcmp(verb, "script") || !strcmp(verb, "read"))
		failed = script_run(dev, verb[0] == 'r');
	else if (!strcmp(verb, "random") && argc == 5)
		failed = random_run(dev, strtoull(argv[3], NULL, 0), (unsigned)atoi(argv[4]));
	else if (!strcmp(verb, "full"))
		failed = full_run(dev);
	else if (!strcmp(verb, "fuzz") && argc == 5)
		return fuzz_run(dev, strtoull(argv[3], NULL, 0), strtoull(argv[4], NULL, 0));
	else if (!strcmp(verb, "crash") && argc == 5)
		return crash_run(dev, strtoull(argv[3], NULL, 0), argv[4]);
	else if (!strcmp(verb, "durable") && argc == 4)
		return durable_run(dev, strtoull(argv[3], NULL, 0));
	if (dev->violations)
		failed++;
	device_save(dev, path);
	return failed;
}

int main(int argc, char **argv)
{
	struct dev *dev;
	int failed;

	if (argc < 3) {
		fprintf(stderr, "usage: ext2test VERB IMAGE [ARG...]\n");
		return 2;
	}
	dev = device_open(argv[2]);
	failed = run(dev, argc, argv);
	device_close(dev);
	return failed != 0;
}
