/* SPDX-License-Identifier: MIT */
/*
 * Random operations against a shadow model: a tree of nodes in memory that says what every operation must answer and
 * what every file must hold. Files may be open (a lookup is kept), so that they outlive their names. Now and then the
 * metadata is synced, the clean pages of the cache are forgotten, or the filesystem is unmounted and mounted again.
 */
#include "harness.h"

#include <abi/dirent.h>
#include <abi/stat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES 400
#define ENTRIES 600
#define FILE_MAX 3000000

struct node {
	uint32_t ino, nlink, mode; /* ino 0: not in use */
	uint64_t size;
	uint8_t *bytes;            /* of a file, or a link's target */
	unsigned opens;
	bool nameless;             /* never had a name */
};

struct entry { int dir, node; char name[256]; }; /* dir -1: not in use */

static struct fs fs;
static struct node nodes[NODES];
static struct entry entries[ENTRIES];
static uint64_t rng;
static unsigned full;

static uint64_t pick(uint64_t n)
{
	return rng_next(&rng) % n;
}

static int random_node(uint32_t type, bool also_open)
{
	for (int tries = 0; tries < 50; tries++) {
		int i = (int)pick(NODES);

		if (nodes[i].ino && (nodes[i].mode & S_IFMT) == type &&
		    (nodes[i].nlink || (also_open && nodes[i].opens)))
			return i;
	}
	return type == S_IFDIR ? 0 : -1;
}

static struct entry *find_entry(int dir, const char *name)
{
	for (int i = 0; i < ENTRIES; i++)
		if (entries[i].dir == dir && !strcmp(entries[i].name, name))
			return &entries[i];
	return NULL;
}

static struct entry *random_entry(void)
{
	for (int tries = 0; tries < 50; tries++) {
		int i = (int)pick(ENTRIES);

		if (entries[i].dir >= 0)
			return &entries[i];
	}
	return NULL;
}

static int children(int dir)
{
	int n = 0;

	for (int i = 0; i < ENTRIES; i++)
		n += entries[i].dir == dir;
	return n;
}

static int parent_of(int node)
{
	for (int i = 0; i < ENTRIES; i++)
		if (entries[i].dir >= 0 && entries[i].node == node)
			return entries[i].dir;
	return -1;
}

static void random_name(char *name)
{
	unsigned len = pick(10) ? 1 + (unsigned)pick(12) : 1 + (unsigned)pick(255);

	for (unsigned i = 0; i < len; i++)
		name[i] = (char)('a' + pick(3));
	name[len] = 0;
	if (name[0] == '.')
		name[0] = 'x';
}

static struct entry *free_entry(void)
{
	for (int i = 0; i < ENTRIES; i++)
		if (entries[i].dir < 0)
			return &entries[i];
	return NULL;
}

static void node_maybe_free(int n)
{
	if (nodes[n].nlink == 0 && nodes[n].opens == 0) {
		free(nodes[n].bytes);
		memset(&nodes[n], 0, sizeof(nodes[n]));
	}
}

static void do_create(void)
{
	static const uint32_t types[] = { S_IFREG, S_IFREG, S_IFREG, S_IFDIR, S_IFLNK, S_IFIFO };
	struct create_args args = { .mode = types[pick(6)] | 0640, .uid = (uint32_t)pick(100000), .gid = 7 };
	int dir = random_node(S_IFDIR, false), n, err;
	struct entry *e = free_entry();
	char name[256], target[600];
	struct fs_attr attr;

	for (n = 1; n < NODES && nodes[n].ino; n++)
		;
	if (n == NODES || !e)
		return;
	random_name(name);
	memset(target, 't', sizeof(target));
	args.name = text_name(name);
	args.target = (struct name){ target, 1 + (uint32_t)pick(pick(2) ? 70 : sizeof(target)) };
	err = op_create(&fs, nodes[dir].ino, &args, &attr);
	if (err == -ENOSPC) {
		full++;
		return;
	}
	CHECK(err, find_entry(dir, name) ? -EEXIST : 0);
	if (err)
		return;
	e->dir = dir;
	e->node = n;
	strcpy(e->name, name);
	nodes[n] = (struct node){ .ino = (uint32_t)attr.ino, .nlink = 1, .mode = args.mode };
	if (S_ISDIR(args.mode)) {
		nodes[n].nlink = 2;
		nodes[dir].nlink++;
	}
	if (S_ISLNK(args.mode)) {
		nodes[n].size = args.target.len;
		nodes[n].bytes = malloc(args.target.len);
		memcpy(nodes[n].bytes, target, args.target.len);
	}
	CHECK(attr.nlink, nodes[n].nlink);
	if (pick(4) == 0)
		nodes[n].opens = 1;
	else
		forget(&fs, nodes[n].ino);
}

static void do_close(void)
{
	int n = random_node(S_IFREG, true);

	if (n < 0 || !nodes[n].opens)
		return;
	nodes[n].opens--;
	forget(&fs, nodes[n].ino);
	node_maybe_free(n);
}

static void do_write(void)
{
	static uint8_t buf[200000];
	int n = random_node(S_IFREG, true), err;
	uint64_t off, len = 1 + pick(pick(4) ? 9000 : sizeof(buf));

	if (n < 0)
		return;
	off = pick(3) ? (nodes[n].size < FILE_MAX ? nodes[n].size : 0) : pick(pick(5) ? 50000 : FILE_MAX);
	for (uint64_t i = 0; i < len; i++)
		buf[i] = (uint8_t)(off + i + rng);
	nodes[n].opens++; /* as the kernel would hold it */
	err = file_write(&fs, nodes[n].ino, off, buf, len);
	nodes[n].opens--;
	if (err == -ENOSPC) {
		full++;
		return; /* nothing was written: all pages are reserved first */
	}
	CHECK(err, 0);
	if (off + len > nodes[n].size) {
		nodes[n].bytes = realloc(nodes[n].bytes, off + len);
		if (off > nodes[n].size)
			memset(nodes[n].bytes + nodes[n].size, 0, off - nodes[n].size);
		nodes[n].size = off + len;
	}
	memcpy(nodes[n].bytes + off, buf, len);
}

static void do_truncate(void)
{
	int n = random_node(S_IFREG, true), err;
	uint64_t size;

	if (n < 0)
		return;
	size = pick(2) ? pick(nodes[n].size + 1) : pick(FILE_MAX);
	err = file_truncate(&fs, nodes[n].ino, size);
	if (err == -ENOSPC) {
		full++;
		return;
	}
	CHECK(err, 0);
	nodes[n].bytes = realloc(nodes[n].bytes, size + 1);
	if (size > nodes[n].size)
		memset(nodes[n].bytes + nodes[n].size, 0, size - nodes[n].size);
	nodes[n].size = size;
}

static void check_file(int n)
{
	uint8_t *buf = malloc(nodes[n].size + 1);
	struct fs_attr attr;

	CHECK(op_getattr(&fs, nodes[n].ino, &attr), 0);
	CHECK((long)attr.size, (long)nodes[n].size);
	CHECK(attr.nlink, nodes[n].nlink);
	CHECK(attr.mode & S_IFMT, nodes[n].mode & S_IFMT);
	if (S_ISLNK(nodes[n].mode))
		CHECK(op_readlink(&fs, nodes[n].ino, (char *)buf, (uint32_t)nodes[n].size), (long)nodes[n].size);
	else
		CHECK(file_read(&fs, nodes[n].ino, 0, buf, nodes[n].size), 0);
	if (nodes[n].size)
		CHECK(memcmp(buf, nodes[n].bytes, nodes[n].size), 0);
	free(buf);
}

static void check_dir(int n)
{
	uint8_t buf[1024];
	uint64_t cookie = 0;
	int got = 0, len;

	while ((len = op_readdir(&fs, nodes[n].ino, cookie, buf, sizeof(buf))) > 0) {
		for (int at = 0; at < len; got++) {
			struct abi_dirent64 d;
			const char *name = (char *)buf + at + offsetof(struct abi_dirent64, d_name);
			struct entry *e = find_entry(n, name);

			memcpy(&d, buf + at, offsetof(struct abi_dirent64, d_name));
			if (name[0] != '.')
				CHECK((long)d.d_ino, e ? nodes[e->node].ino : 0);
			cookie = (uint64_t)d.d_off;
			at += d.d_reclen;
		}
	}
	CHECK(len, 0);
	CHECK(got, nodes[n].nlink ? children(n) + 2 : 0);
}

static void check_node(int n)
{
	if (!nodes[n].ino || (!nodes[n].nlink && !nodes[n].opens))
		return;
	if (S_ISDIR(nodes[n].mode))
		check_dir(n);
	else if (S_ISREG(nodes[n].mode) || S_ISLNK(nodes[n].mode))
		check_file(n);
}

static void drop_entry(struct entry *e)
{
	int n = e->node;

	if (S_ISDIR(nodes[n].mode)) {
		nodes[n].nlink = 0;
		nodes[e->dir].nlink--;
	} else {
		nodes[n].nlink--;
	}
	e->dir = -1;
	node_maybe_free(n);
}

static void do_unlink(void)
{
	struct entry *e = random_entry();
	struct fs_attr attr;
	bool as_dir, is_dir;
	int err, want;

	if (!e)
		return;
	is_dir = S_ISDIR(nodes[e->node].mode);
	as_dir = pick(5) ? is_dir : !is_dir;
	err = (as_dir ? op_rmdir : op_unlink)(&fs, nodes[e->dir].ino, text_name(e->name), &attr);
	want = as_dir && !is_dir ? -ENOTDIR : !as_dir && is_dir ? -EISDIR : 0;
	if (!want && is_dir && children(e->node))
		want = -ENOTEMPTY;
	CHECK(err, want);
	if (err)
		return;
	drop_entry(e);
}

static void do_link(void)
{
	int dir = random_node(S_IFDIR, false), n = pick(2) ? random_node(S_IFREG, false) : random_node(S_IFREG, true), err;
	struct entry *e = free_entry();
	struct fs_attr attr;
	char name[256];

	if (n < 0 || !e)
		return;
	random_name(name);
	err = op_link(&fs, nodes[dir].ino, nodes[n].ino, text_name(name), &attr);
	if (err == -ENOSPC)
		return;
	CHECK(err, !nodes[n].nlink && !nodes[n].nameless ? -ENOENT : find_entry(dir, name) ? -EEXIST : 0);
	if (err)
		return;
	e->dir = dir;
	e->node = n;
	strcpy(e->name, name);
	nodes[n].nlink++;
	nodes[n].nameless = false;
}

/* A file without a name, open; a link may give it one later. */
static void do_nameless(void)
{
	int dir = random_node(S_IFDIR, false), n, err;
	struct create_args args = { .mode = S_IFREG | 0600 };
	struct fs_attr attr;

	for (n = 1; n < NODES && nodes[n].ino; n++)
		;
	if (n == NODES)
		return;
	err = op_create(&fs, nodes[dir].ino, &args, &attr);
	if (err == -ENOSPC) {
		full++;
		return;
	}
	CHECK(err, 0);
	CHECK(attr.nlink, 0);
	nodes[n] = (struct node){ .ino = (uint32_t)attr.ino, .mode = args.mode, .opens = 1, .nameless = true };
}

static bool below(int ancestor, int dir)
{
	for (; dir >= 0; dir = parent_of(dir))
		if (dir == ancestor)
			return true;
	return false;
}

static int rename_want(const struct entry *from, int dir, const struct entry *to)
{
	bool moves_dir = S_ISDIR(nodes[from->node].mode);

	if (to && to->node == from->node)
		return 0;
	if (moves_dir && below(from->node, dir))
		return -EINVAL;
	if (!to)
		return 0;
	if (!S_ISDIR(nodes[to->node].mode))
		return moves_dir ? -ENOTDIR : 0;
	if (!moves_dir)
		return -EISDIR;
	return children(to->node) ? -ENOTEMPTY : 0;
}

static void do_rename(void)
{
	int dir = random_node(S_IFDIR, false), err;
	struct entry *from = random_entry(), *to;
	struct rename_result result;
	char name[256];

	if (!from)
		return;
	to = pick(2) ? random_entry() : NULL;
	random_name(name);
	if (to) {
		dir = to->dir;
		strcpy(name, to->name);
	}
	to = find_entry(dir, name);
	err = op_rename(&fs, &(struct rename_args){ nodes[from->dir].ino, nodes[dir].ino, 0, text_name(from->name),
						    text_name(name) }, &result);
	if (err == -ENOSPC)
		return;
	CHECK(err, rename_want(from, dir, to));
	if (err || (to && to->node == from->node))
		return;
	CHECK(result.replaced, to ? nodes[to->node].ino : 0);
	if (to)
		drop_entry(to);
	if (S_ISDIR(nodes[from->node].mode)) {
		nodes[from->dir].nlink--;
		nodes[dir].nlink++;
	}
	from->dir = dir;
	strcpy(from->name, name);
}

static void do_exchange(void)
{
	struct entry *a = random_entry(), *b = random_entry();
	struct rename_result result;
	int want = 0, err, dir;
	char name[256];

	if (!a || !b || a == b)
		return;
	if (a->node != b->node && ((S_ISDIR(nodes[a->node].mode) && below(a->node, b->dir)) ||
				   (S_ISDIR(nodes[b->node].mode) && below(b->node, a->dir))))
		want = -EINVAL;
	err = op_rename(&fs, &(struct rename_args){ nodes[a->dir].ino, nodes[b->dir].ino, FS_RENAME_EXCHANGE,
						    text_name(a->name), text_name(b->name) }, &result);
	if (err == -ENOSPC)
		return;
	CHECK(err, want);
	CHECK(result.replaced, 0);
	if (err)
		return;
	for (int i = 0; i < 2; i++) {
		struct entry *e = i ? b : a, *other = i ? a : b;

		if (S_ISDIR(nodes[e->node].mode)) {
			nodes[e->dir].nlink--;
			nodes[other->dir].nlink++;
		}
	}
	dir = a->dir;
	a->dir = b->dir;
	b->dir = dir;
	strcpy(name, a->name);
	strcpy(a->name, b->name);
	strcpy(b->name, name);
}

static void do_lookup(void)
{
	int dir = random_node(S_IFDIR, false);
	struct fs_attr attr;
	struct entry *e;
	char name[256];
	int err;

	random_name(name);
	e = find_entry(dir, name);
	err = op_lookup(&fs, nodes[dir].ino, text_name(name), &attr);
	CHECK(err, e ? 0 : -ENOENT);
	if (!err) {
		CHECK((long)attr.ino, nodes[e->node].ino);
		forget(&fs, (uint32_t)attr.ino);
	}
}

/* Unmounts and mounts again: files that were only open are gone, and nothing is left dirty. */
static void do_remount(struct dev *dev)
{
	char why[200];

	CHECK(volume_unmount(&fs), 0);
	CHECK((long)dev->ndirty, 0);
	fs_release(&fs);
	for (int n = 1; n < NODES; n++) {
		nodes[n].opens = 0;
		if (nodes[n].ino)
			node_maybe_free(n);
	}
	CHECK(volume_mount(&fs, dev, false, why, sizeof(why)), 0);
}

static void step(struct dev *dev)
{
	switch (pick(24)) {
	case 0: case 1: case 2: case 3: case 4:
		do_create();
		break;
	case 5: case 6: case 7: case 8:
		do_write();
		break;
	case 9: case 10:
		do_truncate();
		break;
	case 11: case 12: case 13:
		do_unlink();
		break;
	case 14:
		do_link();
		break;
	case 15: case 16:
		do_rename();
		break;
	case 17:
		do_lookup();
		break;
	case 18:
		do_close();
		break;
	case 19:
		check_node((int)pick(NODES));
		break;
	case 20:
		device_forget_clean(dev);
		break;
	case 21:
		do_nameless();
		break;
	case 22:
		do_exchange();
		break;
	default:
		if (pick(50) == 0)
			do_remount(dev);
		else if (pick(5) == 0)
			CHECK(volume_sync(&fs), 0);
	}
}

int random_run(struct dev *dev, uint64_t seed, unsigned ops)
{
	char why[200];

	rng = seed;
	for (int i = 0; i < ENTRIES; i++)
		entries[i].dir = -1;
	if (volume_mount(&fs, dev, false, why, sizeof(why))) {
		printf("mount: %s\n", why);
		return 1;
	}
	nodes[0] = (struct node){ .ino = EXT2_ROOT_INO, .nlink = 3, .mode = S_IFDIR };
	nodes[1] = (struct node){ .ino = 11, .nlink = 2, .mode = S_IFDIR };
	entries[0] = (struct entry){ 0, 1, "lost+found" };
	for (unsigned i = 0; i < ops && !failures; i++) {
		step(dev);
		if (failures)
			printf("seed %llu, operation %u\n", (unsigned long long)seed, i);
	}
	do_remount(dev);
	for (int n = 0; n < NODES; n++)
		check_node(n);
	CHECK(volume_unmount(&fs), 0);
	CHECK((long)dev->ndirty, 0);
	CHECK((long)dev->violations, 0);
	fs_release(&fs);
	printf("seed %llu: %u operations, %u times out of space\n", (unsigned long long)seed, ops, full);
	return failures;
}
