/* SPDX-License-Identifier: MIT */
/*
 * Callers that wait for input to come or for output to leave.
 *
 * A caller may leave at any time, when it dies; the reader of a stream also when a signal comes. The server learns of it
 * when its answer fails with ESRCH. A reader's bytes are therefore taken from their buffer only after the answer was
 * accepted, and the next reader gets them otherwise. A dead writer has its bytes sent all the same: they are on their
 * way.
 *
 * Waiters come from malloc: there are at most as many as threads in the system, so no bound of our own is needed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <abi/fcntl.h>
#include <abi/devproto.h>
#include <atlas/port.h>

#include "tty.h"

static bool is_nonblock(const struct msg *m)
{
	return (m->op == DEV_READ && (m->arg[2] & O_NONBLOCK)) || (m->op == DEV_WRITE && (m->arg[1] & O_NONBLOCK));
}

struct waiter *waiter_add(struct waiters *list, const struct msg *m, const void *data, uint32_t len)
{
	struct waiter *w = malloc(sizeof(*w) + (data ? len : 0));

	if (!w) {
		answer(m->token, -ENOMEM, 0, NULL, 0);
		return NULL;
	}
	*w = (struct waiter){
		.token = m->token, .thread = m->arg[5], .op = m->arg[1], .len = len, .nonblock = is_nonblock(m),
	};
	if (data)
		memcpy(w->data, data, len);
	if (list->first)
		list->last->next = w;
	else
		list->first = w;
	list->last = w;
	return w;
}

void waiter_drop(struct waiters *list, struct waiter *w)
{
	struct waiter **at = &list->first, *before = NULL;

	for (; *at != w; at = &(*at)->next)
		before = *at;
	*at = w->next;
	if (list->last == w)
		list->last = before;
	free(w);
}

struct waiter *waiter_find(const struct waiters *list, uint64_t thread)
{
	for (struct waiter *w = list->first; w; w = w->next)
		if (w->thread == thread)
			return w;
	return NULL;
}

static bool reply(uint64_t token, int status, uint64_t result, uint32_t lflag, const void *data, uint32_t len)
{
	static struct message reply; /* one thread: it can stay off the stack */

	memset(&reply.head, 0, sizeof(reply.head));
	reply.head.token = token;
	reply.head.status = status;
	reply.head.arg[0] = result;
	reply.head.arg[1] = lflag;
	reply.head.data_len = len;
	if (len)
		memcpy(reply.data, data, len);
	return port_reply(server_port, &reply.head) >= 0;
}

bool answer(uint64_t token, int status, uint64_t result, const void *data, uint32_t len)
{
	return reply(token, status, result, 0, data, len);
}

bool answer_ioctl(uint64_t token, int status, uint32_t lflag, const void *data, uint32_t len)
{
	return reply(token, status, 0, lflag, data, len);
}
