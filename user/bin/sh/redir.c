/* SPDX-License-Identifier: MIT */
/*
 * redir.c - opening, duplicating and restoring descriptors
 *
 * Redirections are done one after the other from left to right. For a command that runs in the shell
 * itself the old descriptors are kept, at numbers from 10 up and closed on exec, on one stack:
 *
 *	redir_mark()            the height of the stack
 *	redir_apply(r, true)    pushes {1, copy of what 1 was}, then makes 1 the file
 *	redir_restore(mark)     pops down to the mark and puts the copies back
 *	redir_forget(mark)      pops and closes the copies: `exec >file` stays
 *
 * In a child that will exec anyway nothing is kept.
 *
 * A here-document goes through a pipe. What fits into the pipe's buffer is written at once; a longer
 * one is written by a child. A temporary file would need a place to put it and somebody to remove it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sh.h"

#define PIPE_HOLDS 4096

struct kept {
	struct kept *next;
	int fd;
	int copy;		/* -1: fd was closed */
};

static struct kept *kept_top;

void *redir_mark(void)
{
	return kept_top;
}

static void push(int fd, int copy)
{
	struct kept *k = xmalloc(sizeof(*k));

	*k = (struct kept){ .next = kept_top, .fd = fd, .copy = copy };
	kept_top = k;
}

/* -1 with a message: what fd is could not be kept. */
static int keep(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 10);

	if (copy < 0 && errno != EBADF) {
		sh_warn("%d: %s", fd, strerror(errno));
		return -1;
	}
	push(fd, copy);
	return 0;
}

/* Descriptor `as` becomes what fd is; the old one is kept if `save`. -1 with a message. */
static int replace(int fd, int as, bool save)
{
	if (save && keep(as) < 0)
		return -1;
	if (fd == as || dup2(fd, as) >= 0)
		return 0;
	sh_warn("%d: %s", as, strerror(errno));
	return -1;
}

void redir_restore(void *mark)
{
	while (kept_top && kept_top != mark) {
		struct kept *k = kept_top;

		if (k->copy >= 0) {
			dup2(k->copy, k->fd);
			close(k->copy);
		} else {
			close(k->fd);
		}
		kept_top = k->next;
		free(k);
	}
}

void redir_forget(void *mark)
{
	while (kept_top && kept_top != mark) {
		struct kept *k = kept_top;

		if (k->copy >= 0)
			close(k->copy);
		kept_top = k->next;
		free(k);
	}
}

/* A descriptor from which the text can be read. */
static int open_here(const struct redir *r)
{
	char *text = r->literal ? r->body : expand_here(r->body);
	size_t len = strlen(text);
	int fds[2];

	if (pipe(fds) < 0)
		return -1;
	if (len <= PIPE_HOLDS) {
		write_all(fds[1], text, len);
	} else if (job_fork(NULL, FORK_SUBST) == 0) {
		close(fds[0]);
		write_all(fds[1], text, len);
		_exit(0);
	}
	close(fds[1]);
	return fds[0];
}

/* With -C, > must not cut off a regular file that exists. */
static int open_output(const char *path, bool protect)
{
	struct stat st;

	if (protect && stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
		errno = EEXIST;
		return -1;
	}
	return open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
}

static int open_target(const struct redir *r, const char *path)
{
	switch (r->op) {
	case R_IN:
		return open(path, O_RDONLY);
	case R_OUT:
		return open_output(path, sh.noclobber);
	case R_CLOBBER:
		return open_output(path, false);
	case R_APPEND:
		return open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
	default:
		return open(path, O_RDWR | O_CREAT, 0666);
	}
}

/* n>&m and n>&- */
static int apply_dup(const struct redir *r, const char *target, bool save)
{
	int from;

	if (strcmp(target, "-") == 0) {
		if (save && keep(r->fd) < 0)
			return -1;
		close(r->fd);
		return 0;
	}
	if (!*target || target[strspn(target, "0123456789")] || strlen(target) > 4) {
		sh_warn("%s: bad file descriptor number", target);
		return -1;
	}
	from = atoi(target);
	if (fcntl(from, F_GETFD) < 0) {
		sh_warn("%s: %s", target, strerror(errno));
		return -1;
	}
	return replace(from, r->fd, save);
}

static int apply_one(const struct redir *r, bool save)
{
	bool here = r->op == R_HERE || r->op == R_HERE_TABS;
	char *target = here ? r->target : expand_string(r->target);
	int fd, err;

	if (r->op == R_DUP_IN || r->op == R_DUP_OUT)
		return apply_dup(r, target, save);
	fd = here ? open_here(r) : open_target(r, target);
	if (fd < 0) {
		sh_warn("%s: %s", here ? "here-document" : target, strerror(errno));
		return -1;
	}
	if (fd == r->fd) {
		/* It was closed before: closing is what restores it. */
		if (save)
			push(fd, -1);
		return 0;
	}
	err = replace(fd, r->fd, save);
	close(fd);
	return err;
}

/* Do the redirections; 0, or -1 with a message, when the caller restores to its mark. */
int redir_apply(struct redir *r, bool save)
{
	for (; r; r = r->next)
		if (apply_one(r, save) < 0)
			return -1;
	return 0;
}
