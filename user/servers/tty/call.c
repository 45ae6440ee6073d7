/* SPDX-License-Identifier: MIT */
/*
 * Callers that wait for input to come or for output to leave.
 *
 * A caller may leave at any time: a reader when a signal comes, a writer when it dies. The server learns of it when its
 * answer fails with ESRCH. A reader's bytes are therefore taken from their buffer only after the answer was accepted,
 * and the next reader gets them otherwise. A dead writer has its bytes sent all the same: they are on their way.
 *
 * Waiters come from malloc: there are at most as many as threads in the system, so no bound of our own is needed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <atlas/port.h>

#include "tty.h"

struct waiter *waiter_add(struct waiters *list, uint64_t token, const void *data, uint32_t len)
{
	struct waiter *w = malloc(sizeof(*w) + (data ? len : 0));

	if (!w) {
		answer(token, -ENOMEM, 0, NULL, 0);
		return NULL;
	}
	*w = (struct waiter){ .token = token, .len = len };
	if (data)
		memcpy(w->data, data, len);
	if (list->first)
		list->last->next = w;
	else
		list->first = w;
	list->last = w;
	return w;
}

void waiter_drop_first(struct waiters *list)
{
	struct waiter *w = list->first;

	list->first = w->next;
	free(w);
}

bool answer(uint64_t token, int status, uint64_t result, const void *data, uint32_t len)
{
	static struct message reply; /* one thread: it can stay off the stack */

	memset(&reply.head, 0, sizeof(reply.head));
	reply.head.token = token;
	reply.head.status = status;
	reply.head.arg[0] = result;
	reply.head.data_len = len;
	if (len)
		memcpy(reply.data, data, len);
	return port_reply(server_port, &reply.head) >= 0;
}
