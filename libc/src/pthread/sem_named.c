/* SPDX-License-Identifier: MIT */
/*
 * Named semaphores: a semaphore in a file of its own, /dev/shm/sem.NAME.
 *
 * A new one is prepared under another name and then linked to its own, so nobody can open one that is half made.
 * Opening the same file twice gives the same address, as POSIX wants: a list of what is open, by device and inode,
 * counts. The lock guards the list.
 */
#include "pthread_impl.h"
#include <fcntl.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_MOST 256

struct open_sem {
	struct open_sem *next;
	sem_t *sem;
	dev_t dev;
	ino_t ino;
	unsigned int uses;
};

static struct lock lock; /* guards the list */
static struct open_sem *list;

/* The file of a name; prefix tells it apart from others there. -1 with errno for a name that cannot be. */
static int file_name(const char *name, const char *prefix, char *path)
{
	while (*name == '/')
		name++;
	if (!*name || strchr(name, '/')) {
		errno = *name ? EINVAL : ENOENT;
		return -1;
	}
	if (strlen(name) > NAME_MAX - 16) {
		errno = ENAMETOOLONG;
		return -1;
	}
	snprintf(path, NAME_MOST + 32, "/dev/shm/%s%s", prefix, name);
	return 0;
}

/* Maps the open file, or finds that it is mapped. Closes fd. */
static sem_t *use(int fd)
{
	struct open_sem *o;
	struct stat st;
	sem_t *sem = SEM_FAILED;

	if (fstat(fd, &st) < 0)
		return SEM_FAILED;
	lock_acquire(&lock);
	for (o = list; o && (o->dev != st.st_dev || o->ino != st.st_ino);)
		o = o->next;
	if (o) {
		o->uses++;
		sem = o->sem;
	} else if ((o = malloc(sizeof(*o)))) {
		sem = mmap(NULL, sizeof(*sem), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (sem == MAP_FAILED) {
			sem = SEM_FAILED;
			free(o);
		} else {
			*o = (struct open_sem){ list, sem, st.st_dev, st.st_ino, 1 };
			list = o;
		}
	}
	lock_release(&lock);
	close(fd);
	return sem;
}

/* A file with the semaphore in it and no name yet but `path`. */
static int prepare(char *path, mode_t mode, unsigned int value)
{
	sem_t sem;
	int fd = mkstemp(path);

	if (fd < 0)
		return -1;
	memset(&sem, 0, sizeof(sem));
	sem_init(&sem, 1, value);
	if (write(fd, &sem, sizeof(sem)) == (ssize_t)sizeof(sem) && fchmod(fd, mode) == 0)
		return fd;
	close(fd);
	unlink(path);
	return -1;
}

static sem_t *create(const char *path, int exclusive, mode_t mode, unsigned int value)
{
	char temporary[NAME_MOST + 32];
	mode_t mask = umask(0);
	int fd, linked;

	umask(mask);
	if (value > SEM_VALUE_MAX) {
		errno = EINVAL;
		return SEM_FAILED;
	}
	if (file_name("XXXXXX", "new.", temporary) < 0)
		return SEM_FAILED;
	fd = prepare(temporary, mode & ~mask, value);
	if (fd < 0)
		return SEM_FAILED;
	linked = link(temporary, path);
	unlink(temporary);
	if (linked == 0)
		return use(fd);
	close(fd);
	if (errno != EEXIST || exclusive)
		return SEM_FAILED;
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? SEM_FAILED : use(fd);
}

sem_t *sem_open(const char *name, int flags, ...)
{
	char path[NAME_MOST + 32];
	unsigned int value;
	mode_t mode;
	va_list ap;
	int fd;

	va_start(ap, flags);
	mode = va_arg(ap, mode_t);
	value = va_arg(ap, unsigned int);
	va_end(ap);
	if (file_name(name, "sem.", path) < 0)
		return SEM_FAILED;
	if ((flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL)) {
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd >= 0)
			return use(fd);
		if (errno != ENOENT || !(flags & O_CREAT))
			return SEM_FAILED;
	}
	return create(path, flags & O_EXCL, mode, value);
}

int sem_close(sem_t *sem)
{
	struct open_sem **link, *o;
	int last = 0;

	lock_acquire(&lock);
	for (link = &list; *link && (*link)->sem != sem;)
		link = &(*link)->next;
	o = *link;
	if (o && --o->uses == 0) {
		*link = o->next;
		last = 1;
	}
	lock_release(&lock);
	if (!o) {
		errno = EINVAL;
		return -1;
	}
	if (last) {
		munmap(sem, sizeof(*sem));
		free(o);
	}
	return 0;
}

int sem_unlink(const char *name)
{
	char path[NAME_MOST + 32];

	return file_name(name, "sem.", path) < 0 ? -1 : unlink(path);
}
