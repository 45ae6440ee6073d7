/* SPDX-License-Identifier: MIT */
/* A pipe, for pipe.c, which makes it, gives it its size and ends it, and pipe_io.c, which moves its bytes. */
#ifndef FILE_PIPE_H
#define FILE_PIPE_H

#include "file/file_impl.h"

/* Guards: (l) lock, (n) the node's. */
struct pipe {
	struct mutex lock;
	struct page **page;            /* (l) NULL: not yet written to */
	unsigned pages;                /* (l) a power of two */
	unsigned rings;                /* (l) how many there have been: who let the mutex go sees that his is another */
	uint64_t head, tail;           /* (l) */
	unsigned readers, writers;     /* (l) open files */
	uint32_t readers_came, writers_came; /* (l) ever */
	unsigned ends;                 /* (n) open files that know the pipe; the last frees it */
	struct wait_queue readable, writable, opened;
};

static inline size_t pipe_used(const struct pipe *p) { return p->head - p->tail; }
static inline size_t pipe_size(const struct pipe *p) { return (size_t)p->pages * PAGE_SIZE; }
/* A page that is read in part is not free yet, as on Linux. */
static inline size_t pipe_free(const struct pipe *p)
{
	return pipe_size(p) - (p->head - ALIGN_DOWN(p->tail, PAGE_SIZE));
}
static inline struct page **pipe_slot(const struct pipe *p, uint64_t pos)
{
	return &p->page[pos / PAGE_SIZE & (p->pages - 1)];
}

/* A change has been made and the mutex let go. */
void pipe_wake(struct wait_queue *q);

/* ---- pipe_io.c: as struct file_ops has them ---- */
int64_t pipe_read(struct file *f, vaddr_t buf, size_t len, int64_t *pos);
int64_t pipe_read_vector(struct file *f, const struct abi_iovec *iov, size_t len);
int64_t pipe_write(struct file *f, vaddr_t buf, size_t len, int64_t *pos);
int64_t pipe_write_kernel(struct file *f, const void *buf, size_t len, int64_t *pos);
int64_t pipe_write_vector(struct file *f, const struct abi_iovec *iov, size_t len);

#endif
