/* SPDX-License-Identifier: MIT */
/*
 * Options of sockets (getsockopt(2), setsockopt(2)), of the level SOL_SOCKET: others are of other families.
 *
 * Of those that mean something to a network only the value is kept. A size that is set is doubled and lies between
 * bounds, as on Linux; the sender's counts, the receiver's is kept. Times are multiples of 4 ms.
 */
#include "file/socket_impl.h"

#define SEND_ROOM_MIN 4608
#define RECEIVE_ROOM_MIN 2304
#define TICK_US 4000
#define SECONDS_MAX (INT64_MAX / 1000000000)

/* Kept as a bit each, which is read as 0 or 1. */
static bool is_remembered(unsigned option)
{
	switch (option) {
	case SO_DEBUG: case SO_REUSEADDR: case SO_DONTROUTE: case SO_BROADCAST: case SO_KEEPALIVE: case SO_OOBINLINE:
		return true;
	}
	return false;
}

static struct abi_timeval time_of(uint64_t ns)
{
	if (ns == UINT64_MAX)
		return (struct abi_timeval){ 0, 0 };
	return (struct abi_timeval){ (int64_t)(ns / 1000000000), (int64_t)(ns % 1000000000 / 1000) };
}

/* What one number says. */
static int get_number_locked(struct socket *s, unsigned option, int32_t *value)
{
	switch (option) {
	case SO_TYPE:
		*value = s->type;
		return 0;
	case SO_DOMAIN:
		*value = AF_UNIX;
		return 0;
	case SO_PROTOCOL:
		*value = 0;
		return 0;
	case SO_ERROR:
		*value = -socket_error_locked(s);
		return 0;
	case SO_ACCEPTCONN:
		*value = s->state == SOCKET_LISTENS;
		return 0;
	case SO_SNDBUF:
		*value = (int32_t)s->room;
		return 0;
	case SO_RCVBUF:
		*value = (int32_t)s->receive_room;
		return 0;
	case SO_PASSCRED:
		*value = s->pass_cred;
		return 0;
	case SO_RCVLOWAT: case SO_SNDLOWAT:
		*value = 1;
		return 0;
	case SO_REUSEPORT:
		*value = 0;
		return 0;
	}
	*value = s->options >> (option & 31) & 1;
	return is_remembered(option) ? 0 : -ENOPROTOOPT;
}

int socket_get_option(struct file *f, unsigned option, void *value, size_t *size)
{
	struct socket *s = f->data;
	int err = 0;

	spin_lock(&sockets_lock);
	if (option == SO_PEERCRED) {
		memcpy(value, &s->cred, *size = sizeof s->cred);
	} else if (option == SO_LINGER) {
		memcpy(value, &s->linger, *size = sizeof s->linger);
	} else if (option == SO_RCVTIMEO || option == SO_SNDTIMEO) {
		struct abi_timeval time = time_of(option == SO_RCVTIMEO ? s->receive_ns : s->send_ns);
		memcpy(value, &time, *size = sizeof time);
	} else {
		err = get_number_locked(s, option, value);
		*size = sizeof(int32_t);
	}
	spin_unlock(&sockets_lock);
	return err;
}

/* How long to wait: 0 is for ever, less than that not at all. */
static int set_time(uint64_t *ns, const void *value, size_t size)
{
	struct abi_timeval time;

	if (size < sizeof time)
		return -EINVAL;
	memcpy(&time, value, sizeof time);
	if (time.tv_usec < 0 || time.tv_usec >= 1000000)
		return -EDOM;
	if (time.tv_sec < 0)
		*ns = 0;
	else if ((!time.tv_sec && !time.tv_usec) || time.tv_sec >= SECONDS_MAX)
		*ns = UINT64_MAX;
	else
		*ns = (uint64_t)time.tv_sec * 1000000000 + ((uint64_t)time.tv_usec + TICK_US - 1) / TICK_US * TICK_US * 1000;
	return 0;
}

/* Doubled, for what messages cost beside their bytes. */
static size_t room_for(int32_t asked, size_t least, bool force)
{
	int64_t value = force ? MAX(asked, 0) : (int64_t)MIN((uint32_t)asked, (uint32_t)SOCKET_ROOM);

	return MAX((size_t)MIN(value, INT32_MAX / 2) * 2, least);
}

static int set_linger(struct socket *s, const void *value, size_t size)
{
	if (size < sizeof s->linger)
		return -EINVAL;
	memcpy(&s->linger, value, sizeof s->linger);
	s->linger.on = s->linger.on != 0;
	return 0;
}

static int set_locked(struct socket *s, unsigned option, int32_t number, const void *value, size_t size)
{
	switch (option) {
	case SO_RCVTIMEO:
		return set_time(&s->receive_ns, value, size);
	case SO_SNDTIMEO:
		return set_time(&s->send_ns, value, size);
	case SO_LINGER:
		return set_linger(s, value, size);
	case SO_PASSCRED:
		s->pass_cred = number;
		return 0;
	case SO_SNDBUF: case SO_SNDBUFFORCE:
		s->room = room_for(number, SEND_ROOM_MIN, false);
		wait_wake_all(&s->writable);
		return 0;
	case SO_RCVBUF: case SO_RCVBUFFORCE:
		s->receive_room = room_for(number, RECEIVE_ROOM_MIN, option == SO_RCVBUFFORCE);
		return 0;
	case SO_REUSEPORT:
		return number ? -EOPNOTSUPP : 0;
	case SO_RCVLOWAT:
		return number == 1 ? 0 : -ENOPROTOOPT;
	}
	if (!is_remembered(option))
		return -ENOPROTOOPT;
	s->options = (s->options & ~(1u << option)) | (uint32_t)(number != 0) << option;
	return 0;
}

int socket_set_option(struct file *f, unsigned option, const void *value, size_t size)
{
	bool privileged = option == SO_DEBUG || option == SO_SNDBUFFORCE || option == SO_RCVBUFFORCE;
	int32_t number;

	memcpy(&number, value, sizeof number);
	if (privileged && (option != SO_DEBUG || number) && !capable(CAP_NET_ADMIN))
		return option == SO_DEBUG ? -EACCES : -EPERM;
	spin_lock(&sockets_lock);
	int err = set_locked(f->data, option, number, value, size);
	spin_unlock(&sockets_lock);
	poll_changed();
	return err;
}
