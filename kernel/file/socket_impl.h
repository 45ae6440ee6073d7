/* SPDX-License-Identifier: MIT */
/* A pair of sockets, for socket.c, which makes and ends it, and socket_io.c, which moves its messages. */
#ifndef FILE_SOCKET_IMPL_H
#define FILE_SOCKET_IMPL_H

#include "file/socket.h"

#define HALF_MAX ((size_t)SOCKET_ROOM)
#define MESSAGE_COST 256u

struct message {
	struct list link;
	size_t len, at;            /* bytes; those received */
	unsigned nsent, nfiles;    /* descriptors sent with it; those that are still here */
	struct file **file;        /* references on their way; kmalloc'ed */
	char bytes[];
};

/* What one side receives. Guard: the pair's lock, but for the gate. */
struct half {
	struct list messages;
	size_t used;
	bool reader_gone, writer_gone; /* closed, or shut down */
	bool reset;                /* the other end went with unread bytes: one ECONNRESET */
	bool refused;              /* a sender of DGRAM has been told that nobody is there */
	struct wait_queue readable, writable;
	struct gate gate;
};

struct pair {
	struct spinlock lock;
	int type;
	unsigned open;             /* sides */
	struct half half[2];       /* [i]: what side i receives */
};

struct side { struct pair *pair; unsigned index; };

static inline struct half *mine(const struct side *s) { return &s->pair->half[s->index]; }
static inline struct half *theirs(const struct side *s) { return &s->pair->half[1 - s->index]; }

static inline bool ended_locked(const struct side *s)
{
	return mine(s)->reader_gone || (mine(s)->writer_gone && s->pair->type != SOCK_DGRAM);
}

/* ---- socket_io.c ---- */
void messages_free(struct list *messages); /* of no half any more */

#endif
