/* SPDX-License-Identifier: MIT */
/*
 * The boot archive as a filesystem: read-only, a tree built once from the cpio archive that the loader put into memory.
 *
 * An entry's inode number is its place in the table plus one; the root is 1. Directories that the archive implies but
 * does not list are made up. The table never changes after mounting, so nothing is locked. File bytes stay where the
 * loader put them: a node's object is of kind PAGER_BOOT and copies a page of the archive when the page is touched, for
 * the archive's files do not lie on page boundaries. Lookup is a walk along the table: it has some dozens of entries
 * and serves start-up.
 *
 * A malformed archive is cut off where it stops making sense, with a line in the log: what came before it is usable.
 */
#include "file/file_impl.h"
#include "lib/parse.h"

struct boot_entry {
	const char *name; /* last component, not terminated */
	size_t len;
	uint32_t parent;  /* index; the root is its own */
	uint32_t mode, uid, gid, mtime;
	const void *data;
	size_t size;
};

static struct boot_entry *entries;
static unsigned entry_count, entry_room;

static int find_entry(uint32_t parent, const char *name, size_t len)
{
	for (unsigned i = 1; i < entry_count; i++)
		if (entries[i].parent == parent && entries[i].len == len && !memcmp(entries[i].name, name, len))
			return (int)i;
	return -ENOENT;
}

static int add_entry(const struct boot_entry *e)
{
	if (entry_count == entry_room) {
		unsigned room = entry_room ? entry_room * 2 : 64;
		struct boot_entry *more = kmalloc(room * sizeof *more);
		if (!more)
			return -ENOMEM;
		if (entries)
			memcpy(more, entries, entry_count * sizeof *more);
		kfree(entries);
		entries = more;
		entry_room = room;
	}
	entries[entry_count] = *e;
	return (int)entry_count++;
}

/* Place one entry of the archive, with the directories above it. */
static int place(const struct cpio_entry *c)
{
	struct boot_entry e = { .mode = S_IFDIR | 0755 };
	const char *at = c->name;

	for (;;) {
		while (*at == '/')
			at++;
		const char *end = strchr(at, '/');
		e.name = at;
		e.len = end ? (size_t)(end - at) : strlen(at);
		if (!e.len || (e.len == 1 && *at == '.'))
			return 0;
		bool last = !end || !end[1];
		int i = find_entry(e.parent, at, e.len);
		if (i < 0 && last) {
			e.mode = c->mode;
			e.uid = c->uid;
			e.gid = c->gid;
			e.mtime = c->mtime;
			e.data = c->data;
			e.size = c->size;
		}
		if (i < 0)
			i = add_entry(&e);
		if (i < 0 || last)
			return i;
		e.parent = (uint32_t)i;
		at = end;
	}
}

static int load_archive(void)
{
	const struct boot_entry root = { .name = "", .mode = S_IFDIR | 0755 };
	const void *archive = phys_to_virt(boot_info.module);
	struct cpio_entry c;
	size_t pos = 0;
	int more = 0, err = add_entry(&root);

	while (err >= 0 && boot_info.module && (more = cpio_next(archive, boot_info.module_len, &pos, &c)) == 1)
		err = place(&c);
	if (more < 0)
		klog(LOG_ERROR, "boot archive: malformed at byte %lu of %lu", pos, boot_info.module_len);
	return err < 0 ? err : 0;
}

static int bootfs_getattr(struct filesystem *fs, uint64_t ino, struct fs_attr *attr)
{
	const struct boot_entry *e = &entries[ino - 1];

	(void)fs;
	memset(attr, 0, sizeof *attr);
	attr->ino = ino;
	attr->size = e->size;
	attr->blocks = (e->size + 511) / 512;
	attr->nlink = S_ISDIR(e->mode) ? 2 : 1;
	attr->mode = e->mode;
	attr->uid = e->uid;
	attr->gid = e->gid;
	attr->atime.tv_sec = attr->mtime.tv_sec = attr->ctime.tv_sec = e->mtime;
	return 0;
}

/*
 * The cache makes an object for what has a pager port only: ours is made here, the first time the node comes out of it.
 */
static int node_of(struct filesystem *fs, unsigned index, struct node **out)
{
	const struct boot_entry *e = &entries[index];
	struct fs_attr attr;

	bootfs_getattr(fs, index + 1, &attr);
	int err = node_cache_get(fs, &attr, node_cache_changes(), out);
	if (err || !S_ISREG(e->mode) || (*out)->object)
		return err;
	struct object *o = object_create(PAGER_BOOT, e->size);
	if (!o) {
		node_put(*out);
		return -ENOMEM;
	}
	o->boot_data = e->data;
	o->node = *out;
	struct object *none = NULL;
	if (!__atomic_compare_exchange_n(&(*out)->object, &none, o, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		o->node = NULL;
		object_put(o);
	}
	return 0;
}

static int bootfs_lookup(struct node *dir, const char *name, size_t len, struct node **out)
{
	uint32_t at = (uint32_t)dir->ino - 1;
	int i = len == 2 && !memcmp(name, "..", 2) ? (int)entries[at].parent : find_entry(at, name, len);

	return i < 0 ? i : node_of(dir->fs, (unsigned)i, out);
}

static int bootfs_readlink(struct node *n, char *buf, size_t cap)
{
	const struct boot_entry *e = &entries[n->ino - 1];
	size_t len = MIN(cap, e->size);

	memcpy(buf, e->data, len);
	return (int)len;
}

/* Cookies: 0 and 1 are "." and "..", then the index of the next entry to look at plus 2. */
static int64_t bootfs_readdir(struct node *dir, uint64_t cookie, void *buf, size_t room)
{
	uint32_t self = (uint32_t)dir->ino - 1;
	char name[NAME_MAX + 1];
	size_t used = 0;

	for (; cookie < entry_count + 2ul; cookie++) {
		uint64_t i = cookie < 2 ? 0 : cookie - 2;
		if (cookie >= 2 && (i == 0 || entries[i].parent != self))
			continue;
		uint64_t ino = cookie == 0 ? dir->ino : cookie == 1 ? entries[self].parent + 1ul : i + 1;
		if (cookie < 2)
			strlcpy(name, cookie ? ".." : ".", sizeof name);
		else
			strlcpy(name, entries[i].name, MIN(entries[i].len + 1, sizeof name));
		if (!dirent_add(buf, room, &used, ino, cookie + 1, cookie < 2 ? S_IFDIR : entries[i].mode, name))
			return used ? (int64_t)used : -EINVAL;
	}
	return (int64_t)used;
}

const struct fs_ops bootfs_ops = {
	.type = "bootfs",
	.magic = 0x858458f6, /* that of Linux's ramfs */
	.lookup = bootfs_lookup,
	.readlink = bootfs_readlink,
	.readdir = bootfs_readdir,
	.getattr = bootfs_getattr,
};

int bootfs_mount(struct filesystem **fs, struct node **root)
{
	int err = load_archive();

	*fs = err ? NULL : fs_create(&bootfs_ops, true);
	return *fs ? node_of(*fs, 0, root) : -ENOMEM;
}
