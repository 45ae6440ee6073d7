/* SPDX-License-Identifier: MIT */
/*
 * Directories: opendir to closedir, scandir.
 *
 * A DIR is a descriptor and a buffer that getdents64 fills; readdir hands out its records one by
 * one. A record is copied into the DIR's struct dirent, since the kernel's has no room for
 * the longest name at the end of the buffer. telldir returns the offset that the kernel put into the
 * last record, and seekdir goes there and forgets the buffer.
 *
 * readdir returns null both at the end and on an error; only the error sets errno. A DIR belongs to
 * one thread at a time and has no lock.
 */
#include "../internal.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER 4096

struct __dir {
	int fd;
	size_t at, filled; /* bytes in the buffer */
	long off;
	struct dirent entry;
	_Alignas(8) char buffer[BUFFER];
};

ssize_t getdents64(int fd, void *buffer, size_t size)
{
	return call3(SYS_getdents64, fd, buffer, size);
}

DIR *fdopendir(int fd)
{
	struct stat st;
	DIR *d;

	if (fstat(fd, &st) < 0)
		return NULL;
	if (!S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return NULL;
	}
	d = malloc(sizeof(*d));
	if (!d)
		return NULL;
	d->fd = fd;
	d->at = d->filled = 0;
	d->off = 0;
	return d;
}

DIR *opendir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d;

	if (fd < 0)
		return NULL;
	d = fdopendir(fd);
	if (!d)
		close(fd);
	return d;
}

struct dirent *readdir(DIR *d)
{
	const struct abi_dirent64 *record;
	ssize_t n;

	if (d->at >= d->filled) {
		n = getdents64(d->fd, d->buffer, BUFFER);
		if (n <= 0)
			return NULL;
		d->filled = (size_t)n;
		d->at = 0;
	}
	record = (const void *)(d->buffer + d->at);
	d->at += record->d_reclen;
	d->off = record->d_off;
	d->entry.d_ino = record->d_ino;
	d->entry.d_off = record->d_off;
	d->entry.d_reclen = record->d_reclen;
	d->entry.d_type = record->d_type;
	strlcpy(d->entry.d_name, record->d_name, sizeof(d->entry.d_name));
	return &d->entry;
}

int closedir(DIR *d)
{
	int fd = d->fd;

	free(d);
	return close(fd);
}

void seekdir(DIR *d, long off)
{
	d->off = lseek(d->fd, off, SEEK_SET);
	d->at = d->filled = 0;
}

void rewinddir(DIR *d)
{
	seekdir(d, 0);
}

long telldir(DIR *d)
{
	return d->off;
}

int dirfd(DIR *d)
{
	return d->fd;
}

int alphasort(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void list_free(struct dirent **list, size_t count)
{
	while (count > 0)
		free(list[--count]);
	free(list);
}

static int list_add(struct dirent ***list, size_t count, const struct dirent *entry)
{
	struct dirent **bigger, *copy;

	/* Doubling at each power of two needs no separate record of the room. */
	if ((count & (count - 1)) == 0) {
		bigger = reallocarray(*list, count ? count * 2 : 1, sizeof(*bigger));
		if (!bigger)
			return -1;
		*list = bigger;
	}
	copy = malloc(sizeof(*copy));
	if (!copy)
		return -1;
	*copy = *entry;
	(*list)[count] = copy;
	return 0;
}

int scandir(const char *path, struct dirent ***list, int (*select)(const struct dirent *),
	    int (*compare)(const struct dirent **, const struct dirent **))
{
	struct dirent **found = NULL, *entry;
	DIR *d = opendir(path);
	size_t count = 0;

	if (!d)
		return -1;
	while ((errno = 0, entry = readdir(d))) {
		if (select && !select(entry))
			continue;
		if (list_add(&found, count, entry) < 0)
			break;
		count++;
	}
	if (errno) {
		int saved = errno;

		closedir(d);
		list_free(found, count);
		errno = saved;
		return -1;
	}
	closedir(d);
	if (compare && count)
		qsort(found, count, sizeof(*found), (int (*)(const void *, const void *))compare);
	*list = found;
	return (int)count;
}
