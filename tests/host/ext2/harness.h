/* SPDX-License-Identifier: MIT */
/* What the parts of the ext2 host test share: a disk in memory, and files driven the way the kernel drives them. */
#ifndef EXT2_HARNESS_H
#define EXT2_HARNESS_H

#include "ext2.h"

/* ---- device.c ---- */
struct dev {
	uint64_t size;
	uint8_t *disk;      /* what a read of the disk gives */
	uint8_t *stable;    /* what survives a power cut for certain */
	uint8_t *unflushed; /* by sector: disk differs from stable */
	uint8_t *cache;     /* the disk's object: pages of metadata */
	uint8_t *present;   /* by page of the cache */
	uint8_t *dirty;     /* by sector of the cache */
	uint64_t ndirty;
	uint64_t clock;
	uint64_t fuse;      /* sectors that may still be written before the power fails; ~0: it never does */
	uint64_t bad_page;  /* reads of this page of the cache fail; ~0: none */
	uint64_t rng;
	uint64_t violations;/* file data written where the cache is dirty */
	bool cut, quiet;
};

struct dev *device_open(const char *path);
struct dev *device_copy(const struct dev *dev);
void device_close(struct dev *dev);
void device_save(struct dev *dev, const char *path);
void device_data_read(struct dev *dev, uint64_t off, void *buf, size_t len);
void device_data_write(struct dev *dev, uint64_t off, const void *buf, size_t len);
void device_forget_clean(struct dev *dev); /* drops clean pages of the cache, as reclaim would */
uint64_t rng_next(uint64_t *state);

/* ---- files.c ---- */
int file_write(struct fs *fs, uint32_t ino, uint64_t off, const void *buf, size_t len);
int file_read(struct fs *fs, uint32_t ino, uint64_t off, void *buf, size_t len); /* without regard to the size */
int file_truncate(struct fs *fs, uint32_t ino, uint64_t size);
int path_walk(struct fs *fs, const char *path, struct fs_attr *attr); /* takes no lookup */
int path_parent(struct fs *fs, const char *path, uint32_t *dir, struct name *name);
void forget(struct fs *fs, uint32_t ino);
struct name text_name(const char *text);

/* ---- the tests: -> number of failures ---- */
int script_run(struct dev *dev, bool readonly);
int random_run(struct dev *dev, uint64_t seed, unsigned ops);
int full_run(struct dev *dev);
int fuzz_run(struct dev *dev, uint64_t first, uint64_t last);
bool damaged_run(struct dev *dev); /* one image; for the fuzzer (tests/fuzz) too */
int crash_run(struct dev *dev, uint64_t seed, const char *out);
int durable_run(struct dev *dev, uint64_t promised);

#define CHECK(fs_expression, want) \
	check_status(#fs_expression, __FILE__, __LINE__, (fs_expression), (want))
extern int failures;
void check_status(const char *what, const char *file, int line, long got, long want);

#endif
