/* SPDX-License-Identifier: MIT */
/*
 * Files and paths on top of the core, for the host test: what the kernel does between a system call and the server.
 *
 * A write reserves its pages (DIRTY), changes them, and writes them whole up to the page's end (WRITE) with a zero
 * tail. A truncation into the middle of a page zeroes that page's tail and writes it first. Reading goes by pages too.
 */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#define PAGE 4096

static const struct data_stamp no_stamp = { 0, { -1, 0 } };
static const struct abi_timespec no_time = { -1, 0 };

struct name text_name(const char *text)
{
	return (struct name){ text, (uint32_t)strlen(text) };
}

void forget(struct fs *fs, uint32_t ino)
{
	data_close(fs, ino, 1, &no_stamp, &no_time);
}

static int page_read(struct fs *fs, uint32_t ino, uint64_t page, uint32_t npages, uint8_t *buf)
{
	struct plan plan;
	int err = data_plan_read(fs, ino, page, npages, &plan);

	if (err)
		return err;
	memset(buf, 0xee, npages * PAGE);
	for (uint32_t i = 0; i < plan.npieces; i++) {
		struct piece *p = &plan.piece[i];

		if (p->disk_off)
			device_data_read(fs->dev, p->disk_off, buf + p->loan_off, p->len);
		else
			memset(buf + p->loan_off, 0, p->len);
	}
	data_end_read(fs, &plan);
	return 0;
}

static int page_write(struct fs *fs, uint32_t ino, uint64_t page, const uint8_t *buf, uint64_t size)
{
	struct plan plan;
	struct data_stamp stamp = { size, { 1700000000, 5 } };
	int err = data_plan_write(fs, ino, page * PAGE, PAGE, size, &plan);

	if (err)
		return err;
	for (uint32_t i = 0; i < plan.npieces; i++) {
		struct piece *p = &plan.piece[i];

		if (!p->disk_off)
			err = -EIO;
		else
			device_data_write(fs->dev, p->disk_off, buf + p->loan_off, p->len);
	}
	return data_end_write(fs, &plan, page * PAGE, PAGE, &stamp, err);
}

int file_read(struct fs *fs, uint32_t ino, uint64_t off, void *buf, size_t len)
{
	uint8_t pages[8 * PAGE];
	uint8_t *to = buf;

	while (len) {
		uint64_t page = off / PAGE;
		size_t within = off % PAGE, n = sizeof(pages) - within;
		int err = page_read(fs, ino, page, 8, pages);

		if (err)
			return err;
		n = n < len ? n : len;
		memcpy(to, pages + within, n);
		to += n;
		off += n;
		len -= n;
	}
	return 0;
}

int file_write(struct fs *fs, uint32_t ino, uint64_t off, const void *buf, size_t len)
{
	uint64_t size, first = off / PAGE, last = (off + len - 1) / PAGE;
	const uint8_t *from = buf;
	struct fs_attr attr;
	int err = op_getattr(fs, ino, &attr);

	if (err)
		return err;
	size = off + len > attr.size ? off + len : attr.size;
	err = data_dirty(fs, ino, first, last - first + 1, size);
	for (uint64_t page = first; page <= last && !err; page++) {
		uint64_t start = page == first ? off % PAGE : 0, end = page == last ? (off + len - 1) % PAGE + 1 : PAGE;
		uint8_t bytes[PAGE];

		err = page_read(fs, ino, page, 1, bytes);
		if (err)
			break;
		memcpy(bytes + start, from, end - start);
		from += end - start;
		if (size < (page + 1) * PAGE)
			memset(bytes + (size - page * PAGE), 0, (page + 1) * PAGE - size);
		err = page_write(fs, ino, page, bytes, page == last ? size : attr.size > (page + 1) * PAGE ? attr.size :
				 (page + 1) * PAGE);
	}
	return err;
}

int file_truncate(struct fs *fs, uint32_t ino, uint64_t size)
{
	struct data_stamp stamp = { size, { 1700000001, 0 } };
	uint8_t bytes[PAGE];
	struct fs_attr attr;
	int err = op_getattr(fs, ino, &attr);

	if (!err && size < attr.size && size % PAGE) {
		err = page_read(fs, ino, size / PAGE, 1, bytes);
		memset(bytes + size % PAGE, 0, PAGE - size % PAGE);
		if (!err)
			err = data_dirty(fs, ino, size / PAGE, 1, attr.size);
		if (!err)
			err = page_write(fs, ino, size / PAGE, bytes, attr.size);
	}
	return err ? err : data_resize(fs, ino, &stamp);
}

int path_parent(struct fs *fs, const char *path, uint32_t *dir, struct name *name)
{
	uint32_t at = EXT2_ROOT_INO;

	for (;;) {
		const char *end;
		struct fs_attr attr;
		int err;

		while (*path == '/')
			path++;
		end = strchr(path, '/');
		if (!end) {
			*dir = at;
			*name = text_name(path);
			return 0;
		}
		err = op_lookup(fs, at, (struct name){ path, (uint32_t)(end - path) }, &attr);
		if (err)
			return err;
		at = (uint32_t)attr.ino;
		forget(fs, at);
		path = end;
	}
}

int path_walk(struct fs *fs, const char *path, struct fs_attr *attr)
{
	struct name name;
	uint32_t dir;
	int err = path_parent(fs, path, &dir, &name);

	if (err)
		return err;
	if (!name.len)
		return op_getattr(fs, dir, attr);
	err = op_lookup(fs, dir, name, attr);
	if (!err)
		forget(fs, (uint32_t)attr->ino);
	return err;
}
