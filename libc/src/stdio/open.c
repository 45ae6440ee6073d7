/* SPDX-License-Identifier: MIT */
/*
 * Opening, closing and positioning streams, and the small questions about them.
 *
 * fopen and fdopen make a stream on a descriptor; freopen keeps the FILE and replaces what is
 * behind it, so that stdout itself can be redirected. fclose settles the buffer (flush, or give
 * back what was read ahead), closes, and reports the first error of the two. tmpfile makes
 * a file in /tmp and unlinks it at once: its bytes go when the last descriptor does.
 *
 * Positions are those of the program: what lies unread in the buffer is subtracted, what lies
 * unwritten is added.
 */
#include "stdio_impl.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

FILE *fopen(const char *__restrict path, const char *__restrict mode)
{
	int open_flags, flags = __file_flags(mode, &open_flags);
	FILE *f;
	int fd;

	if (!flags) {
		errno = EINVAL;
		return NULL;
	}
	fd = open(path, open_flags, 0666);
	if (fd < 0)
		return NULL;
	f = __file_create(fd, (unsigned int)flags | F_CHOOSE, &__fd_ops, NULL);
	if (!f)
		close(fd);
	return f;
}

FILE *fdopen(int fd, const char *mode)
{
	int open_flags, flags = __file_flags(mode, &open_flags);
	int now;

	if (!flags) {
		errno = EINVAL;
		return NULL;
	}
	now = fcntl(fd, F_GETFL);
	if (now < 0)
		return NULL;
	if ((flags & F_APPEND) && !(now & O_APPEND))
		fcntl(fd, F_SETFL, now | O_APPEND);
	return __file_create(fd, (unsigned int)flags | F_CHOOSE, &__fd_ops, NULL);
}

/* With no path, the same file is opened again through /proc, which needs a system that has it. */
FILE *freopen(const char *__restrict path, const char *__restrict mode, FILE *__restrict f)
{
	int open_flags, flags = __file_flags(mode, &open_flags);
	char own[32];
	int fd;

	if (!flags) {
		errno = EINVAL;
		fclose(f);
		return NULL;
	}
	__file_lock(f);
	__file_settle_locked(f);
	if (!path) {
		snprintf(own, sizeof(own), "/proc/self/fd/%d", f->fd);
		path = own;
	}
	fd = open(path, open_flags, 0666);
	if (fd >= 0 && f->fd >= 0 && fd != f->fd) {
		/* The stream keeps its number: 2>file must go on meaning descriptor 2. */
		int moved = dup3(fd, f->fd, open_flags & O_CLOEXEC);

		close(fd);
		fd = moved;
	}
	if (fd < 0) {
		__file_unlock(f);
		fclose(f);
		return NULL;
	}
	f->fd = fd;
	f->ops = &__fd_ops;
	f->at = f->end = f->base;
	f->flags &= F_STATIC | F_OWN_BUFFER | F_UNBUFFERED;
	f->flags |= (unsigned int)flags | (f->flags & F_UNBUFFERED ? 0 : F_CHOOSE);
	__file_unlock(f);
	return f;
}

int fclose(FILE *f)
{
	int result;

	__file_lock(f);
	result = __file_settle_locked(f);
	if (f->ops->close(f) < 0)
		result = EOF;
	f->fd = -1;
	__file_unlock(f);
	__file_destroy(f);
	return result;
}

FILE *tmpfile(void)
{
	char name[] = P_tmpdir "/tmpXXXXXX";
	int fd = mkstemp(name);
	FILE *f;

	if (fd < 0)
		return NULL;
	unlink(name);
	f = fdopen(fd, "w+");
	if (!f)
		close(fd);
	return f;
}

int fseeko(FILE *f, off_t off, int whence)
{
	int result;

	__file_lock(f);
	result = __file_seek_locked(f, off, whence);
	__file_unlock(f);
	return result;
}

int fseek(FILE *f, long off, int whence)
{
	return fseeko(f, off, whence);
}

off_t ftello(FILE *f)
{
	off_t off;

	__file_lock(f);
	/* In append mode the pending bytes will go to the end, wherever the offset is now. */
	if ((f->flags & F_APPEND) && (f->flags & F_WRITING) && f->at > f->base)
		off = f->ops->seek(f, 0, SEEK_END);
	else
		off = f->ops->seek(f, 0, SEEK_CUR);
	if (off >= 0)
		off += f->flags & F_WRITING ? f->at - f->base : f->at - f->end;
	__file_unlock(f);
	return off;
}

long ftell(FILE *f)
{
	return ftello(f);
}

void rewind(FILE *f)
{
	__file_lock(f);
	__file_seek_locked(f, 0, SEEK_SET);
	f->flags &= ~(unsigned int)F_ERROR;
	__file_unlock(f);
}

int fgetpos(FILE *__restrict f, fpos_t *__restrict pos)
{
	*pos = ftello(f);
	return *pos < 0 ? -1 : 0;
}

int fsetpos(FILE *f, const fpos_t *pos)
{
	return fseeko(f, *pos, SEEK_SET);
}

int feof(FILE *f)
{
	return (f->flags & F_EOF) != 0;
}

int ferror(FILE *f)
{
	return (f->flags & F_ERROR) != 0;
}

void clearerr(FILE *f)
{
	__file_lock(f);
	f->flags &= ~(unsigned int)(F_EOF | F_ERROR);
	__file_unlock(f);
}

int fileno(FILE *f)
{
	if (f->fd < 0)
		errno = EBADF;
	return f->fd;
}

void perror(const char *s)
{
	const char *reason = strerror(errno);

	if (s && *s)
		fprintf(stderr, "%s: %s\n", s, reason);
	else
		fprintf(stderr, "%s\n", reason);
}
