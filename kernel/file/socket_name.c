/* SPDX-License-Identifier: MIT */
/*
 * Names of sockets: paths, and abstract ones.
 *
 *      path ──walk──► node (S_IFSOCK) ──node->socket──► socket     while that is open; both under sockets_lock
 *      "\0name" ──hash, type──► socket                              the table below
 *
 * The inode ties a path to its socket: a second link leads there too, a file moved over the name does not, and
 * unlinking leaves the socket as it is. A socket keeps a reference to its node, so that it stays the one that a walk
 * finds; when the socket is closed the name stays and leads nowhere (ECONNREFUSED).
 *
 * A socket gets a name at most once. Who gives it one holds the gate of its file meanwhile, for making the node asks
 * a server. The sockets that accept(2) hands out show their listener's name and are found by none.
 */
#include "file/socket_impl.h"

#define BUCKETS 64
#define AUTO_NAMES (1u << 20) /* five hexadecimal digits */

static struct list abstract[BUCKETS];

void socket_name_init(void)
{
	for (unsigned i = 0; i < BUCKETS; i++)
		list_init(&abstract[i]);
}

int socket_name_check(struct socket_name *name)
{
	if (name->len <= NAME_PATH || name->len > sizeof(struct abi_sockaddr_un) || name->family != AF_UNIX)
		return -EINVAL;
	name->bytes[name->len] = '\0';
	if (*name_path(name))
		name->len = (uint32_t)(NAME_PATH + strlen(name_path(name)) + 1);
	return 0;
}

/* ---- finding ---- */

static struct list *bucket_of(const struct socket_name *name, int type)
{
	uint32_t hash = (uint32_t)type;

	for (uint32_t i = 0; i < name->len; i++)
		hash = hash * 31 + (uint8_t)name->bytes[i];
	return &abstract[hash % BUCKETS];
}

static struct socket *abstract_find_locked(const struct socket_name *name, int type)
{
	list_for_each(link, bucket_of(name, type)) {
		struct socket *s = list_entry(link, struct socket, name_link);
		if (s->type == type && s->name.len == name->len && !memcmp(s->name.bytes, name->bytes, name->len))
			return s;
	}
	return NULL;
}

static struct socket *find_abstract(const struct socket_name *name, int type)
{
	spin_lock(&sockets_lock);
	struct socket *s = abstract_find_locked(name, type);
	if (s)
		socket_get(s);
	spin_unlock(&sockets_lock);
	return s ? s : err_ptr(-ECONNREFUSED);
}

static struct socket *find_at_node(struct node *n, int type)
{
	spin_lock(&sockets_lock);
	struct socket *s = n->socket;
	if (s && s->type == type)
		socket_get(s);
	else
		s = err_ptr(s ? -EPROTOTYPE : -ECONNREFUSED);
	spin_unlock(&sockets_lock);
	return s;
}

struct socket *socket_find(const struct socket_name *name, int type)
{
	struct path at;

	if (!*name_path(name))
		return find_abstract(name, type);
	int err = path_walk(AT_FDCWD, name_path(name), PATH_FOLLOW, &at, NULL);
	if (err)
		return err_ptr(err);
	err = node_permission(at.node, W_OK);
	struct socket *s = err ? err_ptr(err) : find_at_node(at.node, type);
	if (!is_err(s))
		node_accessed(at.node);
	path_put(&at);
	return s;
}

/* ---- giving ---- */

bool socket_is_bound(const struct file *f)
{
	const struct socket *s = f->data;

	return s->name.len;
}

int socket_bind_node(struct file *f, const struct socket_name *name, struct node *node)
{
	struct socket *s = f->data;

	spin_lock(&sockets_lock);
	s->name = *name;
	s->node = node;
	node->socket = s;
	spin_unlock(&sockets_lock);
	return 0;
}

int socket_bind_abstract(struct file *f, const struct socket_name *name)
{
	struct socket *s = f->data;
	int err = s->name.len ? -EINVAL : 0;

	spin_lock(&sockets_lock);
	if (!err && abstract_find_locked(name, s->type))
		err = -EADDRINUSE;
	if (!err) {
		s->name = *name;
		list_push_back(bucket_of(name, s->type), &s->name_link);
	}
	spin_unlock(&sockets_lock);
	return err;
}

int socket_autobind(struct file *f)
{
	struct socket_name name = { .family = AF_UNIX };
	uint32_t from;
	int err = gate_enter(&f->pos_gate);

	if (err)
		return err;
	random_bytes(&from, sizeof from);
	err = socket_is_bound(f) ? 0 : -EADDRINUSE;
	for (uint32_t i = 0; err == -EADDRINUSE && i < AUTO_NAMES; i++) {
		ksnprintf(name.bytes + NAME_PATH + 1, 6, "%05x", (from + i) % AUTO_NAMES);
		name.len = NAME_PATH + 6;
		err = socket_bind_abstract(f, &name);
	}
	gate_leave(&f->pos_gate);
	return err == -EADDRINUSE ? -ENOSPC : err;
}

struct node *socket_forget_name_locked(struct socket *s)
{
	struct node *node = s->node;

	list_remove(&s->name_link);
	s->node = NULL;
	if (node)
		node->socket = NULL;
	return node;
}

/* ---- asking ---- */

int socket_get_name(const struct file *f, bool peer, struct socket_name *out)
{
	const struct socket *s = f->data;

	spin_lock(&sockets_lock);
	const struct socket *of = peer ? s->peer : s;
	if (of)
		*out = of->name;
	spin_unlock(&sockets_lock);
	if (!of)
		return -ENOTCONN;
	if (!out->len)
		*out = (struct socket_name){ .len = sizeof out->family, .family = AF_UNIX };
	return 0;
}
