/* SPDX-License-Identifier: MIT */
/*
 * What must not happen: a full disk that loses something, a damaged image that crashes or hangs the server, a power cut
 * after which e2fsck -p gives up.
 *
 * full_run   fills the disk until ENOSPC, in data and in inodes, deletes, and expects all space back
 * fuzz_run   flips bytes of the metadata, one image for each seed, and walks, reads, writes and deletes everything;
 *            any answer is right, but it must come, and the sanitizers must be silent
 * crash_run  makes files, directories and renames with a sync now and then, and cuts the power after so many sectors;
 *            the image left is for e2fsck
 */
#include "harness.h"

#include <abi/dirent.h>
#include <abi/stat.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct fs fs;

static int make(uint32_t dir, const char *name, uint32_t mode, uint32_t *ino)
{
	struct create_args args = { .mode = mode, .name = text_name(name), .target = text_name("target") };
	struct fs_attr attr = { 0 };
	int err = op_create(&fs, dir, &args, &attr);

	*ino = (uint32_t)attr.ino;
	if (!err)
		forget(&fs, *ino);
	return err;
}

/* Writes into a new file until the disk is full, so many bytes at a time. */
static void fill_file(const char *name, size_t chunk)
{
	static uint8_t buf[EXT2_PAGE_SIZE];
	uint64_t off = 0;
	uint32_t ino;
	int err;

	CHECK(make(EXT2_ROOT_INO, name, 0100600, &ino), 0);
	do {
		err = file_write(&fs, ino, off, buf, chunk);
		off += chunk;
	} while (!err);
	CHECK(err, -ENOSPC);
}

/* A page needs several blocks where they are small, so pages alone leave some blocks over. */
static void fill_data(void)
{
	uint32_t ino;

	fill_file("big", EXT2_PAGE_SIZE);
	fill_file("small", SECTOR);
	CHECK(make(EXT2_ROOT_INO, "d", 040700, &ino), -ENOSPC);
}

static void fill_inodes(void)
{
	char name[16];
	uint32_t ino;
	int err, n = 0;

	do {
		snprintf(name, sizeof(name), "f%d", n++);
		err = make(EXT2_ROOT_INO, name, 0100600, &ino);
	} while (!err);
	CHECK(err, -ENOSPC);
	for (n -= 2; n >= 0; n--) {
		struct fs_attr attr;

		snprintf(name, sizeof(name), "f%d", n);
		CHECK(op_unlink(&fs, EXT2_ROOT_INO, text_name(name), &attr), 0);
	}
}

int full_run(struct dev *dev)
{
	struct abi_statfs before, after;
	struct fs_attr attr;
	uint32_t ino;
	char why[200];

	CHECK(volume_mount(&fs, dev, false, why, sizeof(why)), 0);
	/* the root directory grows once and keeps its blocks: let it, before counting */
	fill_inodes();
	op_statfs(&fs, &before);
	fill_data();
	CHECK(op_unlink(&fs, EXT2_ROOT_INO, text_name("big"), &attr), 0);
	CHECK(op_unlink(&fs, EXT2_ROOT_INO, text_name("small"), &attr), 0);
	op_statfs(&fs, &after);
	CHECK((long)after.f_bfree, (long)before.f_bfree);
	CHECK((long)after.f_ffree, (long)before.f_ffree);
	CHECK(make(EXT2_ROOT_INO, "d", 040700, &ino), 0); /* the freed blocks can be had at once */
	fill_inodes();
	CHECK(volume_unmount(&fs), 0);
	CHECK((long)dev->violations, 0);
	fs_release(&fs);
	return failures;
}

/* ---- damaged images ---- */

#define DEPTH 5
#define FILES 60

static unsigned budget; /* files to look at in one image */

static void visit(uint32_t dir, int depth);

static void touch_file(uint32_t ino, const struct fs_attr *attr)
{
	static uint8_t buf[20000];
	char target[4096];
	struct fs_setattr set = { .mask = FS_SET_MODE, .mode = 0600 };
	struct fs_attr got;

	file_read(&fs, ino, 0, buf, sizeof(buf));
	file_read(&fs, ino, attr->size - 5, buf, 10);
	op_readlink(&fs, ino, target, sizeof(target));
	file_write(&fs, ino, 5000, buf, 9000);
	file_write(&fs, ino, 400000, buf, 9000);
	file_write(&fs, ino, attr->size, buf, 100);
	op_setattr(&fs, ino, &set, &got);
}

static void visit_entry(uint32_t dir, const char *text, int depth)
{
	struct name name = text_name(text);
	struct fs_attr attr, got;
	struct rename_result result;

	if (!budget || text[0] == '.' || op_lookup(&fs, dir, name, &attr))
		return;
	budget--;
	if (S_ISDIR(attr.mode))
		visit((uint32_t)attr.ino, depth + 1);
	else
		touch_file((uint32_t)attr.ino, &attr);
	op_link(&fs, dir, (uint32_t)attr.ino, text_name("another"), &got);
	op_rename(&fs, &(struct rename_args){ dir, EXT2_ROOT_INO, 0, name, text_name("moved") }, &result);
	if (S_ISREG(attr.mode))
		file_truncate(&fs, (uint32_t)attr.ino, 300000);
	if (S_ISREG(attr.mode))
		file_truncate(&fs, (uint32_t)attr.ino, 3000);
	forget(&fs, (uint32_t)attr.ino);
	op_unlink(&fs, EXT2_ROOT_INO, text_name("moved"), &got);
	op_rmdir(&fs, EXT2_ROOT_INO, text_name("moved"), &got);
	op_unlink(&fs, dir, name, &got);
	op_rmdir(&fs, dir, name, &got);
}

static void visit(uint32_t dir, int depth)
{
	uint8_t buf[2048];
	char name[256];
	uint64_t cookie = 0;
	uint32_t ino;
	int len;

	if (depth > DEPTH)
		return;
	for (int calls = 0; calls < 20; calls++) {
		len = op_readdir(&fs, dir, cookie, buf, sizeof(buf));
		for (int at = 0; at < len;) {
			struct abi_dirent64 d;

			memcpy(&d, buf + at, offsetof(struct abi_dirent64, d_name));
			snprintf(name, sizeof(name), "%s", (char *)buf + at + offsetof(struct abi_dirent64, d_name));
			visit_entry(dir, name, depth);
			cookie = (uint64_t)d.d_off;
			at += d.d_reclen;
		}
		if (len <= 0)
			break;
	}
	if (!make(dir, "new", 0100600, &ino))
		file_write(&fs, ino, 0, name, sizeof(name));
	make(dir, "newdir", 040700, &ino);
}

/* Flips bytes where metadata is: the first blocks, a random group's tables, directories and indirect blocks. */
static void flip(struct dev *dev, uint64_t *rng)
{
	uint64_t n = 1 + rng_next(rng) % 40;

	while (n--) {
		uint64_t where = rng_next(rng) % 8, at;

		if (where == 0)
			at = 1024 + rng_next(rng) % 264;
		else if (where == 1)
			at = 2048 + rng_next(rng) % 4096;
		else
			at = rng_next(rng) % (dev->size < 400000 ? dev->size : 400000);
		if (rng_next(rng) & 1)
			dev->disk[at] = (uint8_t)rng_next(rng);
		else
			dev->disk[at] ^= (uint8_t)(1u << rng_next(rng) % 8);
	}
}

/* Mounts what can be mounted and does everything to all it finds. -> whether it could be mounted. */
bool damaged_run(struct dev *dev)
{
	char why[200];

	budget = FILES;
	if (volume_mount(&fs, dev, false, why, sizeof(why)))
		return false;
	visit(EXT2_ROOT_INO, 0);
	volume_sync(&fs);
	volume_unmount(&fs);
	fs_release(&fs);
	return true;
}

int fuzz_run(struct dev *master, uint64_t first, uint64_t last)
{
	unsigned mounted = 0;

	for (uint64_t seed = first; seed < last; seed++) {
		struct dev *dev = device_copy(master);
		uint64_t rng = seed;

		dev->quiet = true;
		flip(dev, &rng);
		if (rng_next(&rng) % 8 == 0)
			dev->bad_page = rng_next(&rng) % 100;
		alarm(20); /* a hang ends the test by SIGALRM */
		mounted += damaged_run(dev);
		device_close(dev);
	}
	alarm(0);
	printf("%u of %u damaged images could be mounted\n", mounted, (unsigned)(last - first));
	CHECK(mounted > 0, 1);
	return failures;
}

/* ---- power cuts ---- */

/* What may be renamed onto what: see docs/limits.md for why a power cut is not tried with everything. */
static uint32_t crash_flags = FS_RENAME_NOREPLACE;
static bool crash_dirs;

static uint8_t log_byte(uint64_t at)
{
	return (uint8_t)(at * 7 + at / 251);
}

/* Appends to the file "log" and syncs. -> its size if that is a promise: the power was there until the end. */
static uint64_t append_and_sync(struct dev *dev, uint64_t *rng, uint64_t durable)
{
	static uint8_t buf[6000];
	struct fs_attr attr;
	uint64_t len = 1 + rng_next(rng) % sizeof(buf);
	uint32_t ino;

	if (path_walk(&fs, "log", &attr)) {
		if (make(EXT2_ROOT_INO, "log", 0100600, &ino) || op_getattr(&fs, ino, &attr))
			return durable;
	}
	for (uint64_t i = 0; i < len; i++)
		buf[i] = log_byte(attr.size + i);
	if (file_write(&fs, (uint32_t)attr.ino, attr.size, buf, len) || volume_sync(&fs) || dev->cut)
		return durable;
	return attr.size + len;
}

static bool is_file(uint32_t dir, const char *name)
{
	struct fs_attr attr;

	if (op_lookup(&fs, dir, text_name(name), &attr))
		return false;
	forget(&fs, (uint32_t)attr.ino);
	return !S_ISDIR(attr.mode);
}

static void crash_step(struct dev *dev, uint64_t *rng, uint64_t *durable)
{
	static uint8_t buf[70000];
	char a[16], b[16];
	struct rename_result result;
	struct fs_attr attr;
	uint32_t ino, dir = EXT2_ROOT_INO;

	if (rng_next(rng) & 1 && !path_walk(&fs, "d1", &attr) && S_ISDIR(attr.mode))
		dir = (uint32_t)attr.ino;
	snprintf(a, sizeof(a), "n%u", (unsigned)(rng_next(rng) % 30));
	snprintf(b, sizeof(b), "n%u", (unsigned)(rng_next(rng) % 30));
	memset(buf, (int)*rng, sizeof(buf));
	switch (rng_next(rng) % 10) {
	case 0: case 1: case 2:
		if (!make(dir, a, 0100600, &ino))
			file_write(&fs, ino, 0, buf, 1 + rng_next(rng) % sizeof(buf));
		break;
	case 3:
		make(dir, rng_next(rng) & 1 ? a : "d1", 040700, &ino);
		break;
	case 4:
		op_unlink(&fs, dir, text_name(a), &attr);
		op_rmdir(&fs, dir, text_name(a), &attr);
		break;
	case 5:
		if (op_lookup(&fs, dir, text_name(a), &attr))
			break;
		forget(&fs, (uint32_t)attr.ino);
		if (S_ISDIR(attr.mode) && !crash_dirs)
			break;
		op_rename(&fs, &(struct rename_args){ dir, EXT2_ROOT_INO, crash_flags, text_name(a),
						      text_name(b) }, &result);
		break;
	case 6:
		if (!op_lookup(&fs, dir, text_name(a), &attr)) {
			if (S_ISREG(attr.mode))
				file_truncate(&fs, (uint32_t)attr.ino, rng_next(rng) % sizeof(buf));
			forget(&fs, (uint32_t)attr.ino);
		}
		break;
	case 8:
		if (op_create(&fs, dir, &(struct create_args){ .mode = 0100600 }, &attr))
			break;
		ino = (uint32_t)attr.ino;
		file_write(&fs, ino, 0, buf, 1 + rng_next(rng) % sizeof(buf));
		if (rng_next(rng) & 1)
			op_link(&fs, dir, ino, text_name(a), &attr);
		if (rng_next(rng) & 3) /* else it stays open, with or without a name */
			forget(&fs, ino);
		break;
	case 9:
		if (!is_file(dir, a) || !is_file(EXT2_ROOT_INO, b))
			break;
		op_rename(&fs, &(struct rename_args){ dir, EXT2_ROOT_INO, FS_RENAME_EXCHANGE, text_name(a),
						      text_name(b) }, &result);
		break;
	default:
		if (rng_next(rng) % 4 == 0)
			*durable = append_and_sync(dev, rng, *durable);
	}
}

/* Prints how many bytes of "log" were promised, for durable_run. */
int crash_run(struct dev *dev, uint64_t seed, const char *out)
{
	uint64_t rng = seed, durable = 0;
	char why[200];

	dev->rng = seed + 1;
	dev->fuse = rng_next(&rng) % 3000;
	CHECK(volume_mount(&fs, dev, false, why, sizeof(why)), 0);
	for (unsigned i = 0; i < 3000 && !dev->cut; i++)
		crash_step(dev, &rng, &durable);
	device_save(dev, out);
	fs_release(&fs);
	printf("%llu\n", (unsigned long long)durable);
	return failures;
}

/* After the repair: the file "log" has at least the bytes promised, and they are right. */
int durable_run(struct dev *dev, uint64_t promised)
{
	struct fs_attr attr = { 0 };
	uint8_t *buf = malloc(promised + 1);
	char why[200];

	CHECK(volume_mount(&fs, dev, true, why, sizeof(why)), 0);
	CHECK(path_walk(&fs, "log", &attr), 0);
	CHECK(attr.size >= promised, 1);
	CHECK(file_read(&fs, (uint32_t)attr.ino, 0, buf, promised), 0);
	for (uint64_t i = 0; i < promised && !failures; i++)
		CHECK(buf[i], log_byte(i));
	fs_release(&fs);
	free(buf);
	return failures;
}
