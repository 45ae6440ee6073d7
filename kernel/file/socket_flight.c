/* SPDX-License-Identifier: MIT */
/*
 * Sockets on their way through sockets (SCM_RIGHTS), and rings of them.
 *
 *      A.messages ──► file of B          no descriptor leads to A or B any more, and each keeps the other: a count of
 *      B.messages ──► file of A          references never comes to 0, and what lies there is lost to everybody
 *
 * So when a socket is closed while others are on their way, rings are looked for among these. A socket is a candidate
 * if all references to its file are messages (file->refs == flights). A candidate lives if one of those messages lies
 * where it can be received: at a socket that is no candidate, or in the hands of a receiver. It is enough to count
 * the messages that lie at candidates: if there are fewer than flights, it lives, and so does what lies at a living
 * one. The messages of the others are freed, and with them the ring falls apart.
 *
 *      FLYING ──all references are messages──► CANDIDATE ──reached from outside──► FLYING, else its messages go
 *
 * All this happens under sockets_lock, so no message moves meanwhile; a reference that comes and goes (epoll looks at
 * the file) only puts the finding off to the next time. The cost is the number of messages at sockets on their way,
 * of which there are at most FLIGHTS_MAX.
 */
#include "file/socket_impl.h"

#define FLIGHTS_MAX 16384u

static struct list flying = LIST_INIT(flying); /* (sockets_lock) sockets with flights */
static unsigned flights_total;                 /* (sockets_lock) */

static struct socket *socket_in(const struct message *m, unsigned i)
{
	return is_socket(m->file[i]) ? m->file[i]->data : NULL;
}

bool flight_begin_locked(const struct message *m)
{
	unsigned n = 0;

	for (unsigned i = 0; i < m->nfiles; i++)
		n += socket_in(m, i) != NULL;
	if (n && flights_total + n > FLIGHTS_MAX)
		return false;
	flights_total += n;
	for (unsigned i = 0; n && i < m->nfiles; i++) {
		struct socket *s = socket_in(m, i);
		if (s && !s->flights++)
			list_push_back(&flying, &s->flight_link);
	}
	return true;
}

void flight_end_locked(const struct message *m)
{
	for (unsigned i = 0; flights_total && i < m->nfiles; i++) {
		struct socket *s = socket_in(m, i);
		if (!s)
			continue;
		flights_total--;
		if (!--s->flights)
			list_remove(&s->flight_link);
	}
}

/* ---- rings ---- */

/* For each candidate that lies in one of the messages. */
static void visit_messages(struct list *messages, void (*visit)(struct socket *s, struct list *reached),
                           struct list *reached)
{
	list_for_each(link, messages) {
		const struct message *m = list_entry(link, struct message, link);
		for (unsigned i = 0; i < m->nfiles; i++) {
			struct socket *s = socket_in(m, i);
			if (s && s->candidate)
				visit(s, reached);
		}
	}
}

/* And at connections that nobody has accepted. */
static void visit_held(struct socket *s, void (*visit)(struct socket *s, struct list *reached), struct list *reached)
{
	visit_messages(&s->messages, visit, reached);
	list_for_each(link, &s->pending)
		visit_messages(&list_entry(link, struct socket, pending_link)->messages, visit, reached);
}

static void count(struct socket *s, struct list *reached)
{
	(void)reached;
	s->held++;
}

static void reach(struct socket *s, struct list *reached)
{
	s->candidate = false;
	list_push_back(reached, &s->reached_link);
}

/* What is left of the candidates is in rings that nobody can reach. */
static void find_rings_locked(void)
{
	struct list reached = LIST_INIT(reached);

	list_for_each(link, &flying) {
		struct socket *s = list_entry(link, struct socket, flight_link);
		s->candidate = s->file && s->file->refs == s->flights;
		s->held = 0;
	}
	list_for_each(link, &flying) {
		struct socket *s = list_entry(link, struct socket, flight_link);
		if (s->candidate)
			visit_held(s, count, NULL);
	}
	list_for_each(link, &flying) {
		struct socket *s = list_entry(link, struct socket, flight_link);
		if (s->candidate && s->held < s->flights)
			reach(s, &reached);
	}
	for (struct list *link; (link = list_pop_front(&reached));)
		visit_held(list_entry(link, struct socket, reached_link), reach, &reached);
}

void flight_collect(void)
{
	struct list lost = LIST_INIT(lost);

	if (!flights_total)
		return;
	spin_lock(&sockets_lock);
	find_rings_locked();
	list_for_each(link, &flying) {
		struct socket *s = list_entry(link, struct socket, flight_link);
		if (!s->candidate)
			continue;
		list_splice_back(&lost, &s->messages);
		list_for_each(waits, &s->pending)
			list_splice_back(&lost, &list_entry(waits, struct socket, pending_link)->messages);
	}
	spin_unlock(&sockets_lock);
	messages_free(&lost);
}
