/* SPDX-License-Identifier: MIT */
/*
 * The device of the host test: a disk in memory, with the cache that the kernel keeps of it.
 *
 * It behaves as the real pair does where that matters. Metadata goes through a cache of 4 KiB pages that is dirty by
 * sector and written by dev_clean only; file data goes to the disk directly and the cache does not hear of it. So a
 * block that turns from data to metadata without being initialised shows stale bytes, and a freed metadata block whose
 * marks were not dropped is caught when data is written there ("violations").
 *
 * The disk has a volatile cache of its own: until dev_flush, a power cut keeps or loses each sector by a coin. The cut
 * comes when the fuse has burnt down; everything after it is without effect.
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 4096

uint64_t rng_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static void *need(void *p)
{
	if (!p) {
		perror("memory");
		exit(2);
	}
	return p;
}

static struct dev *device_new(uint64_t size)
{
	struct dev *dev = need(calloc(1, sizeof(*dev)));

	dev->size = size;
	dev->disk = need(malloc(size));
	dev->stable = need(malloc(size));
	dev->cache = need(malloc(size + PAGE));
	dev->unflushed = need(calloc(size / SECTOR + 1, 1));
	dev->dirty = need(calloc(size / SECTOR + 1, 1));
	dev->present = need(calloc(size / PAGE + 1, 1));
	dev->clock = 1700000000;
	dev->fuse = dev->bad_page = ~0ull;
	dev->rng = 1;
	return dev;
}

struct dev *device_open(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct dev *dev;
	long size;

	if (!f || fseek(f, 0, SEEK_END) || (size = ftell(f)) < 0) {
		perror(path);
		exit(2);
	}
	dev = device_new((uint64_t)size / SECTOR * SECTOR);
	rewind(f);
	if (fread(dev->disk, 1, dev->size, f) != dev->size) {
		perror(path);
		exit(2);
	}
	fclose(f);
	memcpy(dev->stable, dev->disk, dev->size);
	return dev;
}

struct dev *device_copy(const struct dev *from)
{
	struct dev *dev = device_new(from->size);

	memcpy(dev->disk, from->disk, from->size);
	memcpy(dev->stable, from->disk, from->size);
	dev->quiet = from->quiet;
	return dev;
}

void device_close(struct dev *dev)
{
	free(dev->disk);
	free(dev->stable);
	free(dev->cache);
	free(dev->unflushed);
	free(dev->dirty);
	free(dev->present);
	free(dev);
}

void device_save(struct dev *dev, const char *path)
{
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(dev->disk, 1, dev->size, f) != dev->size || fclose(f)) {
		perror(path);
		exit(2);
	}
}

/* The power fails: of what was not flushed, each sector survives or not. */
static void power_cut(struct dev *dev)
{
	for (uint64_t s = 0; s < dev->size / SECTOR; s++)
		if (dev->unflushed[s] && rng_next(&dev->rng) & 1)
			memcpy(dev->disk + s * SECTOR, dev->stable + s * SECTOR, SECTOR);
	dev->cut = true;
}

static void write_sector(struct dev *dev, uint64_t sector, const uint8_t *from)
{
	if (dev->cut)
		return;
	if (dev->fuse != ~0ull && dev->fuse-- == 0) {
		power_cut(dev);
		return;
	}
	memcpy(dev->disk + sector * SECTOR, from, SECTOR);
	dev->unflushed[sector] = 1;
}

static int fill(struct dev *dev, uint64_t off, uint64_t len)
{
	for (uint64_t page = off / PAGE; page <= (off + len - 1) / PAGE; page++) {
		uint64_t n = dev->size - page * PAGE < PAGE ? dev->size - page * PAGE : PAGE;

		if (page == dev->bad_page)
			return -EIO;
		if (dev->present[page])
			continue;
		memcpy(dev->cache + page * PAGE, dev->disk + page * PAGE, n);
		dev->present[page] = 1;
	}
	return 0;
}

static bool in_range(const struct dev *dev, uint64_t off, uint64_t len)
{
	return off <= dev->size && len <= dev->size - off;
}

int dev_read(struct dev *dev, uint64_t off, void *buf, size_t len)
{
	if (!in_range(dev, off, len) || (len && fill(dev, off, len)))
		return -EIO;
	memcpy(buf, dev->cache + off, len);
	return 0;
}

int dev_write(struct dev *dev, uint64_t off, const void *buf, size_t len)
{
	if (!in_range(dev, off, len) || !len || fill(dev, off, len))
		return -EIO;
	memcpy(dev->cache + off, buf, len);
	for (uint64_t s = off / SECTOR; s <= (off + len - 1) / SECTOR; s++) {
		dev->ndirty += !dev->dirty[s];
		dev->dirty[s] = 1;
	}
	return 0;
}

int dev_discard(struct dev *dev, uint64_t off, uint64_t len)
{
	for (uint64_t s = off / SECTOR; s < (off + len) / SECTOR; s++) {
		dev->ndirty -= dev->dirty[s];
		dev->dirty[s] = 0;
	}
	return 0;
}

/* Sectors of one clean reach the disk in any order: here from a random place on, around. */
int dev_clean(struct dev *dev, uint64_t off, uint64_t len)
{
	uint64_t first = off / SECTOR, n = (off + len + SECTOR - 1) / SECTOR - first, start;

	if (!dev->ndirty || !n)
		return 0;
	start = rng_next(&dev->rng) % n;
	for (uint64_t i = 0; i < n && dev->ndirty; i++) {
		uint64_t s = first + (start + i) % n;

		if (!dev->dirty[s])
			continue;
		write_sector(dev, s, dev->cache + s * SECTOR);
		dev->dirty[s] = 0;
		dev->ndirty--;
	}
	return 0;
}

int dev_flush(struct dev *dev)
{
	if (dev->cut)
		return 0;
	for (uint64_t s = 0; s < dev->size / SECTOR; s++) {
		if (dev->unflushed[s])
			memcpy(dev->stable + s * SECTOR, dev->disk + s * SECTOR, SECTOR);
		dev->unflushed[s] = 0;
	}
	return 0;
}

uint64_t dev_size(struct dev *dev)
{
	return dev->size;
}

void dev_now(struct dev *dev, struct abi_timespec *now)
{
	now->tv_sec = (int64_t)dev->clock++;
	now->tv_nsec = 123456789;
}

void dev_log(struct dev *dev, const char *line)
{
	if (!dev->quiet)
		fprintf(stderr, "%s\n", line);
}

void device_data_read(struct dev *dev, uint64_t off, void *buf, size_t len)
{
	memcpy(buf, dev->disk + off, len);
}

void device_data_write(struct dev *dev, uint64_t off, const void *buf, size_t len)
{
	for (uint64_t s = off / SECTOR; s < (off + len) / SECTOR; s++) {
		if (dev->dirty[s]) {
			dev->violations++;
			if (!dev->quiet)
				fprintf(stderr, "data written to sector %llu, which is dirty in the cache\n",
					(unsigned long long)s);
		}
		write_sector(dev, s, (const uint8_t *)buf + (s * SECTOR - off));
	}
}

void device_forget_clean(struct dev *dev)
{
	for (uint64_t page = 0; page < dev->size / PAGE; page++) {
		bool dirty = false;

		for (uint64_t s = page * 8; s < page * 8 + 8; s++)
			dirty |= dev->dirty[s];
		if (!dirty)
			dev->present[page] = 0;
	}
}
