/* SPDX-License-Identifier: MIT */
/*
 * The core's device on Atlas: the disk's own object.
 *
 * Metadata is read through a mapping of the whole disk, with a copy that survives a page the disk cannot give; it is
 * changed by pwrite on the object's descriptor, which reaches the same page of the one cache and marks exactly the
 * sectors it covers. object_clean writes marked sectors when the core says so, never earlier.
 *
 *     dev_read  ── mapping ──┐
 *                            ├── pages of the disk's object ── object_clean ──► disk server
 *     dev_write ── pwrite ───┘
 *
 * Only metadata passes here. File data goes between the kernel's pages and the disk (pages.c), past this cache: a page
 * of it may hold stale bytes where a file's block lies, and nobody looks at them.
 */
#include <abi/pager.h>
#include <atlas/port.h>
#include <atlas/try_copy.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "server.h"

struct dev {
	int disk;   /* right to call the disk's server */
	int object; /* the disk's object */
	const uint8_t *map;
	uint64_t size;
};

static struct dev the_device;

static int fail(const char *what, int err)
{
	fprintf(stderr, "ext2: %s: %s\n", what, strerror(-err));
	return err;
}

static int disk_call(struct dev *dev, struct message *m, uint32_t op)
{
	int err;

	memset(&m->head, 0, sizeof(m->head));
	m->head.op = op;
	err = port_call(dev->disk, &m->head, MSG_DATA_MAX);
	return err == -EPIPE ? -EIO : err ? err : m->head.status; /* EPIPE: its server has died */
}

int device_open(struct dev **result, int disk, bool *readonly)
{
	struct dev *dev = &the_device;
	struct message m;
	void *map;
	int err = try_copy_init();

	dev->disk = disk;
	if (!err)
		err = disk_call(dev, &m, DISK_INFO);
	if (err)
		return fail("the disk does not answer", err);
	dev->size = m.head.arg[0] * SECTOR;
	if (m.head.arg[1])
		*readonly = true;
	if (!dev->size)
		return fail("the disk is empty", -ENXIO);
	dev->object = object_create(disk, 0, dev->size, OBJECT_BLOCKS);
	if (dev->object < 0)
		return fail("no object for the disk", dev->object);
	map = mmap(NULL, dev->size, PROT_READ, MAP_SHARED, dev->object, 0);
	if (map == MAP_FAILED)
		return fail("the disk cannot be mapped", -errno);
	dev->map = map;
	*result = dev;
	return 0;
}

static bool in_range(const struct dev *dev, uint64_t off, uint64_t len)
{
	return off <= dev->size && len <= dev->size - off;
}

int dev_read(struct dev *dev, uint64_t off, void *buf, size_t len)
{
	if (!in_range(dev, off, len))
		return -EIO;
	return try_copy(buf, dev->map + off, len) ? -EIO : 0;
}

int dev_write(struct dev *dev, uint64_t off, const void *buf, size_t len)
{
	const uint8_t *from = buf;

	if (!in_range(dev, off, len))
		return -EIO;
	while (len) {
		ssize_t n = pwrite(dev->object, from, len, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 && errno == ENOMEM ? -ENOMEM : -EIO;
		from += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int dev_discard(struct dev *dev, uint64_t off, uint64_t len)
{
	return object_clean(dev->object, off, len, OBJECT_DISCARD);
}

int dev_clean(struct dev *dev, uint64_t off, uint64_t len)
{
	return object_clean(dev->object, off, len, OBJECT_WRITE);
}

int dev_flush(struct dev *dev)
{
	struct message m;

	return disk_call(dev, &m, DISK_FLUSH);
}

uint64_t dev_size(struct dev *dev)
{
	return dev->size;
}

void dev_now(struct dev *dev, struct abi_timespec *now)
{
	struct timespec t;

	(void)dev;
	clock_gettime(CLOCK_REALTIME, &t);
	*now = (struct abi_timespec){ t.tv_sec, t.tv_nsec };
}

void dev_log(struct dev *dev, const char *line)
{
	(void)dev;
	fprintf(stderr, "%s\n", line);
}
