/* SPDX-License-Identifier: MIT */
/*
 * Streams: the buffer and its two states, locking, the list of open streams.
 *
 *      reading   base .... at ~~~~~~ end           [at, end) was read ahead
 *      writing   base ~~~~~~ at ....  base+size    [base, at) waits to be written
 *
 * A stream is in one state at a time (F_WRITING). Going from reading to writing gives back what was
 * read ahead by seeking; the other way flushes. Neither needs the caller to seek in between, which
 * the standard demands of programs.
 *
 * Behind the buffer are four operations, for a descriptor the system calls. Requests at least as
 * large as the buffer go past it. A write error drops the buffer and sets the error mark, so that
 * one failing disk does not make every later call repeat the same bytes.
 *
 * Whether standard output is a terminal is asked at its first write, not before main, so programs
 * that print nothing pay nothing. Reading from a terminal flushes standard output first, so that
 * a prompt without a newline is seen.
 *
 * Locks: each stream has one that its owner may take again (a printf inside flockfile). The list
 * lock guards the links alone; the order is list, then stream. fork copies streams as they are. A thread
 * that holds one is not cancelled, hence the raw calls below.
 */
#include "stdio_impl.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static ssize_t fd_read(FILE *f, void *to, size_t n)
{
	return call3(SYS_read, f->fd, to, n);
}

static ssize_t fd_write(FILE *f, const void *from, size_t n)
{
	return call3(SYS_write, f->fd, from, n);
}

static off_t fd_seek(FILE *f, off_t off, int whence)
{
	return lseek(f->fd, off, whence);
}

static int fd_close(FILE *f)
{
	return (int)call1(SYS_close, f->fd);
}

const struct file_ops __fd_ops = { fd_read, fd_write, fd_seek, fd_close };

static unsigned char in_buffer[UNGET + BUFSIZ], out_buffer[UNGET + BUFSIZ];

static FILE standard[3] = {
	{ .fd = STDIN_FILENO, .flags = F_READ | F_STATIC, .ops = &__fd_ops, .size = BUFSIZ,
	  .base = in_buffer + UNGET, .at = in_buffer + UNGET, .end = in_buffer + UNGET,
	  .next = &standard[1] },
	{ .fd = STDOUT_FILENO, .flags = F_WRITE | F_STATIC | F_CHOOSE, .ops = &__fd_ops,
	  .size = BUFSIZ, .base = out_buffer + UNGET, .at = out_buffer + UNGET,
	  .end = out_buffer + UNGET, .next = &standard[2], .prev = &standard[0] },
	{ .fd = STDERR_FILENO, .flags = F_WRITE | F_STATIC | F_UNBUFFERED, .ops = &__fd_ops,
	  .size = 1, .base = standard[2].tiny + UNGET, .at = standard[2].tiny + UNGET,
	  .end = standard[2].tiny + UNGET, .prev = &standard[1] },
};

#undef stdin
#undef stdout
#undef stderr
FILE *stdin = &standard[0];
FILE *stdout = &standard[1];
FILE *stderr = &standard[2];

static struct lock list_lock;
static FILE *list = &standard[0];

void __stdio_fork(int begin)
{
	if (begin)
		lock_acquire(&list_lock);
	else
		lock_release(&list_lock);
}

void __file_lock(FILE *f)
{
	struct thread_block *self = thread_self();

	/* Only we can have written our own block here, so the unlocked read is safe. */
	if (__atomic_load_n(&f->owner, __ATOMIC_RELAXED) != self) {
		lock_acquire(&f->lock);
		__atomic_store_n(&f->owner, self, __ATOMIC_RELAXED);
	}
	f->depth++;
}

void __file_unlock(FILE *f)
{
	if (--f->depth > 0)
		return;
	__atomic_store_n(&f->owner, NULL, __ATOMIC_RELAXED);
	lock_release(&f->lock);
}

void flockfile(FILE *f)
{
	__file_lock(f);
}

int ftrylockfile(FILE *f)
{
	struct thread_block *self = thread_self();

	if (f->owner != self) {
		if (!lock_try_acquire(&f->lock))
			return -1;
		f->owner = self;
	}
	f->depth++;
	return 0;
}

void funlockfile(FILE *f)
{
	__file_unlock(f);
}

FILE *__file_create(int fd, unsigned int flags, const struct file_ops *ops, void *cookie)
{
	FILE *f = calloc(1, sizeof(*f));
	unsigned char *buffer = malloc(UNGET + BUFSIZ);

	if (!f || !buffer) {
		free(f);
		free(buffer);
		return NULL;
	}
	f->fd = fd;
	f->flags = flags | F_OWN_BUFFER;
	f->ops = ops;
	f->cookie = cookie;
	f->base = f->at = f->end = buffer + UNGET;
	f->size = BUFSIZ;
	lock_acquire(&list_lock);
	f->next = list;
	if (list)
		list->prev = f;
	list = f;
	lock_release(&list_lock);
	return f;
}

static void drop_buffer(FILE *f)
{
	if (f->flags & F_OWN_BUFFER)
		free(f->base - UNGET);
	f->flags &= ~(unsigned int)F_OWN_BUFFER;
}

void __file_destroy(FILE *f)
{
	lock_acquire(&list_lock);
	if (f->prev)
		f->prev->next = f->next;
	else
		list = f->next;
	if (f->next)
		f->next->prev = f->prev;
	f->next = f->prev = NULL;
	lock_release(&list_lock);
	drop_buffer(f);
	if (!(f->flags & F_STATIC))
		free(f);
}

/* Translates "r+b" and the like; 0 means that the mode is none. */
int __file_flags(const char *mode, int *open_flags)
{
	int plus = strchr(mode, '+') != NULL;
	int access = plus ? O_RDWR : *mode == 'r' ? O_RDONLY : O_WRONLY;

	if (*mode == 'r')
		*open_flags = access;
	else if (*mode == 'w')
		*open_flags = access | O_CREAT | O_TRUNC;
	else if (*mode == 'a')
		*open_flags = access | O_CREAT | O_APPEND;
	else
		return 0;
	if (strchr(mode, 'x'))
		*open_flags |= O_EXCL;
	if (strchr(mode, 'e'))
		*open_flags |= O_CLOEXEC;
	return (plus ? F_READ | F_WRITE : *mode == 'r' ? F_READ : F_WRITE) |
	       (*mode == 'a' ? F_APPEND : 0);
}

static int fail(FILE *f)
{
	f->flags |= F_ERROR;
	return -1;
}

/* Returns how many bytes were written; fewer than n after an error. */
static size_t write_through(FILE *f, const unsigned char *from, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = f->ops->write(f, from + done, n - done);

		if (got < 0) {
			fail(f);
			break;
		}
		done += (size_t)got;
	}
	return done;
}

int __file_flush_locked(FILE *f)
{
	size_t n;

	if (!(f->flags & F_WRITING))
		return 0;
	n = (size_t)(f->at - f->base);
	f->at = f->base;
	return n == 0 || write_through(f, f->base, n) == n ? 0 : EOF;
}

/* A pipe or terminal cannot give back what was read; that is no error. */
int __file_settle_locked(FILE *f)
{
	int saved = errno;

	if (f->flags & F_WRITING)
		return __file_flush_locked(f);
	if (f->at < f->end && f->ops->seek(f, f->at - f->end, SEEK_CUR) < 0)
		errno = saved;
	else
		f->at = f->end = f->base;
	return 0;
}

static void choose_buffering(FILE *f)
{
	int saved = errno;

	f->flags &= ~(unsigned int)F_CHOOSE;
	if (f->ops == &__fd_ops && isatty(f->fd))
		f->flags |= F_LINE;
	errno = saved;
}

static int begin_writing(FILE *f)
{
	if (!(f->flags & F_WRITE)) {
		errno = EBADF;
		return fail(f);
	}
	if (f->flags & F_CHOOSE)
		choose_buffering(f);
	if (!(f->flags & F_WRITING)) {
		__file_settle_locked(f);
		f->at = f->end = f->base;
		f->flags |= F_WRITING;
	}
	return 0;
}

/* Once the end was met it stays, whatever a terminal or a growing file has by then: until clearerr or a seek. */
static int begin_reading(FILE *f)
{
	if (!(f->flags & F_READ)) {
		errno = EBADF;
		return fail(f);
	}
	if (f->flags & F_EOF)
		return -1;
	if (f->flags & F_WRITING) {
		if (__file_flush_locked(f) < 0)
			return -1;
		f->flags &= ~(unsigned int)F_WRITING;
		f->at = f->end = f->base;
	}
	/* What was ever asked of standard output about terminals tells whether there is one. */
	if (f == stdin && (stdout->flags & F_LINE))
		fflush(stdout);
	return 0;
}

int __file_fill_locked(FILE *f)
{
	ssize_t n;

	if (!(f->flags & F_WRITING) && f->at < f->end)
		return 0;
	if (begin_reading(f) < 0)
		return -1;
	f->at = f->end = f->base;
	n = f->ops->read(f, f->base, f->size);
	if (n <= 0) {
		f->flags |= n < 0 ? F_ERROR : F_EOF;
		return -1;
	}
	f->end = f->base + n;
	return 0;
}

size_t __file_write_locked(FILE *f, const void *from, size_t n)
{
	const unsigned char *s = from;

	if (n == 0 || begin_writing(f) < 0)
		return 0;
	if (n > (size_t)(f->base + f->size - f->at) || (f->flags & F_UNBUFFERED)) {
		if (__file_flush_locked(f) < 0)
			return 0;
		if (n >= f->size || (f->flags & F_UNBUFFERED))
			return write_through(f, s, n);
	}
	memcpy(f->at, s, n);
	f->at += n;
	if ((f->flags & F_LINE) && memrchr(s, '\n', n) && __file_flush_locked(f) < 0)
		return 0;
	return n;
}

size_t __file_read_locked(FILE *f, void *to, size_t n)
{
	unsigned char *d = to;
	size_t left = n;

	while (left > 0) {
		size_t have = f->flags & F_WRITING ? 0 : (size_t)(f->end - f->at);
		ssize_t got;

		if (have > 0) {
			have = have < left ? have : left;
			memcpy(d, f->at, have);
			f->at += have;
		} else if (left < f->size) {
			if (__file_fill_locked(f) < 0)
				break;
			continue;
		} else {
			if (begin_reading(f) < 0)
				break;
			got = f->ops->read(f, d, left);
			if (got <= 0) {
				f->flags |= got < 0 ? F_ERROR : F_EOF;
				break;
			}
			have = (size_t)got;
		}
		d += have;
		left -= have;
	}
	return n - left;
}

int __file_seek_locked(FILE *f, off_t off, int whence)
{
	if (__file_flush_locked(f) < 0)
		return -1;
	if (whence == SEEK_CUR && !(f->flags & F_WRITING))
		off -= f->end - f->at;
	if (f->ops->seek(f, off, whence) < 0)
		return -1;
	f->at = f->end = f->base;
	f->flags &= ~(unsigned int)(F_EOF | F_WRITING);
	return 0;
}

int fflush_unlocked(FILE *f)
{
	return __file_settle_locked(f);
}

int fflush(FILE *f)
{
	int result = 0;

	if (f) {
		__file_lock(f);
		result = __file_settle_locked(f);
		__file_unlock(f);
		return result;
	}
	lock_acquire(&list_lock);
	for (f = list; f; f = f->next) {
		__file_lock(f);
		if ((f->flags & F_WRITING) && __file_flush_locked(f) < 0)
			result = EOF;
		__file_unlock(f);
	}
	lock_release(&list_lock);
	return result;
}

/*
 * Called by exit. A stream that another thread holds, perhaps for ever, is left alone; so is
 * the list, for exit may run in a signal handler that interrupted its holder.
 */
void __stdio_flush_all(void)
{
	for (FILE *f = list; f; f = f->next) {
		if (ftrylockfile(f) < 0)
			continue;
		__file_settle_locked(f);
		__file_unlock(f);
	}
}

int setvbuf(FILE *__restrict f, char *__restrict buffer, int mode, size_t size)
{
	unsigned char *own = NULL;

	if (mode != _IOFBF && mode != _IOLBF && mode != _IONBF) {
		errno = EINVAL;
		return -1;
	}
	__file_lock(f);
	__file_settle_locked(f);
	if (mode == _IONBF || (buffer && size <= 2 * UNGET)) {
		drop_buffer(f);
		f->base = f->tiny + UNGET;
		f->size = 1;
	} else if (buffer || size > f->size) {
		if (!buffer)
			own = malloc(UNGET + size);
		if (buffer || own) {
			drop_buffer(f);
			f->base = (own ? own : (unsigned char *)buffer) + UNGET;
			f->size = own ? size : size - UNGET;
			f->flags |= own ? F_OWN_BUFFER : 0;
		}
	}
	f->at = f->end = f->base;
	f->flags &= ~(unsigned int)(F_LINE | F_UNBUFFERED | F_CHOOSE | F_WRITING);
	f->flags |= mode == _IONBF ? F_UNBUFFERED : mode == _IOLBF ? F_LINE : 0;
	__file_unlock(f);
	return 0;
}

void setbuf(FILE *__restrict f, char *__restrict buffer)
{
	setvbuf(f, buffer, buffer ? _IOFBF : _IONBF, BUFSIZ);
}

void setlinebuf(FILE *f)
{
	setvbuf(f, NULL, _IOLBF, 0);
}
