/* SPDX-License-Identifier: MIT */
/* A socket, for the files socket*.c. */
#ifndef FILE_SOCKET_IMPL_H
#define FILE_SOCKET_IMPL_H

#include "file/socket.h"
#include "task/task_impl.h"

#define PACKETS_MAX 10u /* that strangers may have lying at a socket, and one more */

struct message {
	struct list link;
	struct socket *sender;     /* a reference; it pays for the message */
	size_t cost;
	size_t len, at;            /* bytes; those received */
	unsigned nfiles;           /* descriptors that are still here */
	struct file **file;        /* references on their way; kmalloc'ed */
	struct abi_ucred cred;     /* pid 0: nobody asked for it */
	char bytes[];
};

enum socket_state { SOCKET_FREE, SOCKET_LISTENS, SOCKET_CONNECTED };
enum { SHUT_IN = 1, SHUT_OUT = 2 };

/*
 * Guards: (c) constant, (a) atomic, all else: sockets_lock. References: its file, its place in a backlog, each socket
 * whose peer it is, each message it has sent.
 */
struct socket {
	volatile uint32_t refs;    /* (a) */
	int type;                  /* (c) */
	uint64_t ino;              /* (c) */
	uint32_t uid, gid;         /* (c) of its maker */
	struct file *file;         /* no reference; NULL: nobody has accepted it yet, or closed */
	enum socket_state state;
	unsigned shut;             /* SHUT_* */
	bool dead;                 /* closed */
	int error;                 /* to be told once */
	struct socket *peer;       /* a reference; a stream's stays when that is closed */
	struct list followers, follow_link; /* who has it as peer; in its peer's list */

	struct socket_name name;
	struct node *node;         /* of its path, a reference: node->socket is this one */
	struct list name_link;     /* in the table of abstract names */

	struct list messages;      /* to be received */
	unsigned npackets;         /* not yet received, those included that a receiver looks at */
	struct gate gate;          /* who takes messages and may put them back */

	struct list pending, pending_link; /* connections to be accepted; in the listener's list */
	unsigned npending, backlog;

	size_t sent, room;         /* what it has sent and nobody received costs so much, and may */
	size_t receive_room;       /* SO_RCVBUF: remembered */
	uint64_t send_ns, receive_ns; /* how long calls wait; UINT64_MAX: for ever */
	uint32_t options;          /* bit SO_X: remembered */
	struct abi_linger { int32_t on, seconds; } linger; /* remembered */
	bool pass_cred;
	struct abi_ucred cred;     /* of who made the other end, or listens there */

	unsigned flights;          /* messages that its file lies in */
	struct list flight_link;   /* among those that have any */
	bool candidate; unsigned held; struct list reached_link; /* while rings are looked for: socket_flight.c */

	struct wait_queue readable; /* something has come, or ended */
	struct wait_queue writable; /* what it sent has been received */
	struct wait_queue drained; /* others wait here until there is room in its backlog, or for their packets */
};

extern struct spinlock sockets_lock; /* RANK_PORT */

/* ---- socket.c ---- */
struct socket *socket_alloc(int type); /* refs 1; NULL */
static inline void socket_get(struct socket *s) { __atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED); }
void socket_put(struct socket *s);
extern const struct file_ops socket_ops;
struct abi_ucred socket_own_cred(void); /* of the current process, as files see it */
/*
 * socket_set_peer_locked: NULL: nobody.
 * -> the one before, whose reference is the caller's; NULL
 */
must_check struct socket *socket_set_peer_locked(struct socket *s, struct socket *peer);
void socket_wake_locked(struct socket *s); /* all who wait for it */
static inline int socket_error_locked(struct socket *s) /* 0 or negative; told once */
{
	int err = s->error;
	s->error = 0;
	return err;
}
/* until when a call that may wait so long waits; 0: not at all */
static inline uint64_t socket_deadline(const struct file *f, unsigned flags, uint64_t ns)
{
	if (f->flags & O_NONBLOCK || flags & MSG_DONTWAIT || !ns)
		return 0;
	return ns == UINT64_MAX ? ns : clock_now_ns() + ns;
}
/* 0: woken, look again; -EAGAIN: not until the deadline; -EINTR, which is not to be made good where there is one */
int socket_wait_locked(struct wait_queue *q, uint64_t deadline);

/* ---- socket_send.c ---- */
void messages_free(struct list *messages); /* of no socket any more */
void message_free(struct message *m);  /* of no socket any more: its sender has paid it back */
/* a socket of packets whose peer other is not any more */
void socket_disconnected_locked(struct socket *s, struct socket *other, struct list *lost);

/* ---- socket_flight.c ---- */
/* its descriptors are on their way, or not any more; false: too many sockets are */
must_check bool flight_begin_locked(const struct message *m);
void flight_end_locked(const struct message *m);
void flight_collect(void);             /* no lock held: what lies in rings that nobody can reach is freed */

/* ---- socket_name.c ---- */
/*
 * socket_find: who has that name, referenced; for who may write to it.
 * -> err_ptr: -ECONNREFUSED, -EPROTOTYPE, -EACCES, the walk's
 */
struct socket *socket_find(const struct socket_name *name, int type);
struct node *socket_forget_name_locked(struct socket *s); /* nobody finds it any more; the node's reference; NULL */

#endif
