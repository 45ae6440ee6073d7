/* SPDX-License-Identifier: MIT */
/*
 * Path walking (kernel/file/path.c) over a small tree that this file keeps, against a resolver written for reading:
 *
 *      /  a/  b/  x          b may be searched by its owner only
 *         f   l1 l2 l3       the links are in /, a and b, with targets from the input
 *         m/  y              mounted over a name of "/"
 *
 * An input: how to walk and as whom, three targets that end with NUL, the path. Compared are the errno, the node, its
 * canonical name; every reference and every block is given back. Only the kernel's headers are used here, the host's
 * clash.
 */
#include "file/file_impl.h"

int printf(const char *fmt, ...);
void *malloc(size_t n);
void free(void *p);
noreturn void abort(void);
int fflush(void *stream);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define HOLDS(x) ((x) ? (void)0 : panic("%s:%d: does not hold: %s\n", __FILE__, __LINE__, #x))

enum { ROOT, A, B, X, F, L1, L2, L3, M, Y, NODES };

static const struct { uint32_t mode; int parent; const char *path; } tree[NODES] = {
	[ROOT] = { S_IFDIR | 0755, ROOT, "/" },     [A] = { S_IFDIR | 0755, ROOT, "/a" },
	[B] = { S_IFDIR | 0700, A, "/a/b" },        [X] = { S_IFREG | 0644, B, "/a/b/x" },
	[F] = { S_IFREG | 0644, ROOT, "/f" },       [L1] = { S_IFLNK | 0777, ROOT, NULL },
	[L2] = { S_IFLNK | 0777, ROOT, NULL },      [L3] = { S_IFLNK | 0777, ROOT, NULL },
	[M] = { S_IFDIR | 0755, ROOT, "/m" },       [Y] = { S_IFREG | 0644, M, "/m/y" },
};

static const struct { int dir; const char *name; int node; } names[] = {
	{ ROOT, "a", A }, { A, "b", B }, { B, "x", X }, { ROOT, "f", F }, { M, "y", Y },
	{ ROOT, "l1", L1 }, { ROOT, "l2", L2 }, { ROOT, "l3", L3 }, { A, "l1", L1 }, { A, "l2", L2 }, { A, "l3", L3 },
	{ B, "l1", L1 }, { B, "l2", L2 }, { B, "l3", L3 },
};

static struct node nodes[NODES];
static struct proc proc;
static struct thread thread = { .proc = &proc };
static char target[3][PATH_MAX];
static long blocks;

/* ---- what path.c calls ---- */

struct thread *host_thread(void) { return &thread; }
struct file *fd_get(int fd) { (void)fd; return NULL; }
void file_put(struct file *f) { (void)f; }
void kfree(void *p) { blocks -= p != NULL; free(p); }
void *kmalloc(size_t n) { blocks++; return malloc(n); }
void node_put(struct node *n) { n->refs--; }
bool proc_in_groups(struct proc *p, uint32_t gid) { (void)p, (void)gid; return false; }
void node_accessed(struct node *n) { (void)n; }
bool path_is_mount(const struct node *n) { return n == &nodes[M]; }

size_t strlcpy(char *dst, const char *src, size_t cap)
{
	size_t n = strlen(src), part = cap && n >= cap ? cap - 1 : n;

	if (cap) {
		memcpy(dst, src, part);
		dst[part] = '\0';
	}
	return n;
}

noreturn void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	const char *file = va_arg(ap, const char *);
	int line = va_arg(ap, int);
	printf("%s:%d: does not hold: %s\n", file, line, va_arg(ap, const char *));
	va_end(ap);
	fflush(NULL);
	abort();
}

static struct node *held(int n)
{
	node_get(&nodes[n]);
	return &nodes[n];
}

struct node *mount_root(void) { return held(ROOT); }

struct node *cwd_begin(const char **name)
{
	*name = tree[A].path;
	return held(A);
}

void cwd_end(void) {}

struct node *mount_child(const struct node *dir, const char *name, size_t len)
{
	return dir == &nodes[ROOT] && len == 1 && name[0] == 'm' ? held(M) : NULL;
}

/* The roots of mounts are M and ROOT, which is above itself. */
struct node *mount_up(struct node *n)
{
	return n == &nodes[M] || n == &nodes[ROOT] ? held(ROOT) : NULL;
}

static int find(int dir, const char *name, size_t len)
{
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].dir == dir && strlen(names[i].name) == len && !strncmp(names[i].name, name, len))
			return names[i].node;
	return -1;
}

static int tree_lookup(struct node *dir, const char *name, size_t len, struct node **out)
{
	HOLDS(len > 0 && len <= NAME_MAX && S_ISDIR(dir->mode));
	int found = len == 2 && !strncmp(name, "..", 2) ? tree[dir - nodes].parent : find((int)(dir - nodes), name, len);
	if (found < 0)
		return -ENOENT;
	*out = held(found);
	return 0;
}

static int tree_readlink(struct node *n, char *buf, size_t cap)
{
	const char *text = target[n - nodes - L1];

	HOLDS(strlen(text) <= cap);
	memcpy(buf, text, strlen(text));
	return (int)strlen(text);
}

static const struct fs_ops tree_ops = { .lookup = tree_lookup, .readlink = tree_readlink };
static struct filesystem tree_fs = { .ops = &tree_ops };

/* ---- the resolver ---- */

struct answer { int err, node; char name[PATH_MAX]; };

static bool may_search(int dir)
{
	return proc.fsuid == 0 || tree[dir].mode & 1;
}

/*
 * Where the walk stands is a node of the tree: a directory has one name. A final link or file is named below its
 * directory.
 */
static struct answer resolve(const char *path, bool follow, bool directory)
{
	static char rest[2 * PATH_MAX], joined[2 * PATH_MAX];
	struct answer a = { 0 };
	int at = path[0] == '/' ? ROOT : A, links = 0;

	if (!path[0])
		return a.err = -ENOENT, a;
	strlcpy(rest, path, sizeof rest);
	strlcpy(a.name, tree[at].path, PATH_MAX);
	for (const char *p = rest;;) {
		while (*p == '/')
			p++;
		if (!*p)
			break;
		size_t len = 0;
		while (p[len] && p[len] != '/')
			len++;
		const char *name = p, *behind = p + len;
		bool slash = *behind == '/';
		while (*behind == '/')
			behind++;
		p = behind;
		if (len > NAME_MAX)
			return a.err = -ENAMETOOLONG, a;
		if (!S_ISDIR(tree[at].mode))
			return a.err = -ENOTDIR, a;
		if (!may_search(at))
			return a.err = -EACCES, a;
		int next = at == ROOT && len == 1 && *name == 'm' ? M : find(at, name, len);
		if (len == 1 && *name == '.')
			next = at;
		else if (len == 2 && name[0] == '.' && name[1] == '.')
			next = tree[at].parent;
		if (next < 0)
			return a.err = -ENOENT, a;
		if (S_ISLNK(tree[next].mode) && (slash || follow)) {
			const char *to = target[next - L1];
			if (++links > SYMLINK_MAX)
				return a.err = -ELOOP, a;
			if (strlen(to) + strlen(behind) + 2 > PATH_MAX)
				return a.err = -ENAMETOOLONG, a;
			if (!*to)
				return a.err = -ENOENT, a;
			strlcpy(joined, to, sizeof joined);
			strlcpy(joined + strlen(to), slash ? "/" : "", 2);
			strlcpy(joined + strlen(joined), behind, PATH_MAX);
			memcpy(rest, joined, sizeof rest);
			p = rest;
			if (*to == '/')
				at = ROOT;
			strlcpy(a.name, tree[at].path, PATH_MAX);
			continue;
		}
		if (tree[next].path) {
			strlcpy(a.name, tree[next].path, PATH_MAX);
		} else {
			size_t end = strlen(a.name);
			strlcpy(a.name + end, end > 1 ? "/" : "", 2);
			strlcpy(a.name + strlen(a.name), name, len + 1);
		}
		at = next;
		if (slash && !S_ISDIR(tree[at].mode))
			return a.err = -ENOTDIR, a;
	}
	a.node = at;
	if (directory && !S_ISDIR(tree[at].mode))
		a.err = -ENOTDIR;
	return a;
}

/* ---- one input ---- */

static const char *take_text(const uint8_t **data, size_t *len, char *out)
{
	size_t n = 0;

	while (n < *len && n < PATH_MAX - 1 && (*data)[n])
		n++;
	memcpy(out, *data, n);
	out[n] = '\0';
	*data += MIN(n + 1, *len);
	*len -= MIN(n + 1, *len);
	return out;
}

static void set_up(uint8_t who)
{
	for (int i = 0; i < NODES; i++)
		nodes[i] = (struct node){ .fs = &tree_fs, .mode = tree[i].mode, .refs = 1 };
	proc.fsuid = proc.fsgid = who & 8 ? 1000 : 0;
	blocks = 0;
}

static void compare(const char *path, unsigned how)
{
	struct answer want = resolve(path, how & PATH_FOLLOW, how & PATH_DIRECTORY);
	struct path got;
	int err = path_walk(AT_FDCWD, path, how, &got, NULL);

	HOLDS(err == want.err);
	if (err)
		return;
	HOLDS(got.node == &nodes[want.node]);
	HOLDS(strcmp(got.name, want.name) == 0);
	path_put(&got);
}

/* To the directory of the last name: wherever the walk ends, it is a directory and is called so. */
static void walk_to_parent(const char *path, unsigned how, bool create)
{
	struct path got;
	struct node *child = NULL;
	char last[NAME_MAX + 1];
	int err = create ? path_walk_create(AT_FDCWD, path, how, &got, last, &child)
	                 : path_walk(AT_FDCWD, path, how | PATH_PARENT, &got, last);

	if (err)
		return;
	HOLDS(S_ISDIR(got.node->mode) && strcmp(got.name, tree[got.node - nodes].path) == 0);
	HOLDS(strlen(last) <= NAME_MAX);
	path_put(&got);
	if (child)
		node_put(child);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char path[PATH_MAX];

	if (!len)
		return 0;
	uint8_t how = *data++;
	len--;
	set_up(how);
	for (unsigned i = 0; i < 3; i++)
		take_text(&data, &len, target[i]);
	take_text(&data, &len, path);
	if (how & PATH_PARENT)
		walk_to_parent(path, how & (PATH_FOLLOW | PATH_DIRECTORY), how & 16);
	else
		compare(path, how & (PATH_FOLLOW | PATH_DIRECTORY));
	for (int i = 0; i < NODES; i++)
		HOLDS(nodes[i].refs == 1);
	HOLDS(blocks == 0);
	return 0;
}
