/* SPDX-License-Identifier: MIT */
/*
 * Directories: blocks of records that fill each block exactly.
 *
 *     | inode | record length | name length, type | name ... | room for another record |
 *     |<--- 8 bytes --------------------------->|
 *     |<------------------------ record length -------------------------------------->|
 *
 * A record with inode 0 is free; so is the room behind a name. A name is added into the first room that holds it, else
 * into a new block; a removed record is joined with the one before it in its block. A record never crosses a block.
 *
 * A block is read whole into a buffer and judged whole before anything in it is believed: lengths, alignment, inode
 * numbers, names. A change is written back as the bytes that changed, so that no more sectors become dirty than need
 * be.
 *
 * The hashed index some directories carry (dir_index) is disguised as free records, and is ignored. Whoever changes
 * such a directory clears its flag, or the index would lie; e2fsck -D can build it anew.
 *
 * The cookie of a listing is the offset of the next record. If that record has been joined with another since, the
 * listing goes on at the first record behind it.
 *
 * Rejected: an index of names in memory. The directories of a teaching system are short, and the kernel remembers
 * names it has looked up.
 */
#include "ext2.h"

#include <abi/dirent.h>
#include <string.h>

#define RECORD_ALIGN 4

static const uint8_t type_of_mode[16] = { [1] = 5, [2] = 3, [4] = 2, [6] = 4, [8] = 1, [10] = 7, [12] = 6 };
static const uint8_t dirent_type[8] = { DT_UNKNOWN, DT_REG, DT_DIR, DT_CHR, DT_BLK, DT_FIFO, DT_SOCK, DT_LNK };

struct record { uint32_t ino, len, name_len, type; const char *name; };

static uint32_t record_need(uint32_t name_len)
{
	return (EXT2_DIRENT_HEAD + name_len + RECORD_ALIGN - 1) & ~(RECORD_ALIGN - 1u);
}

static void record_get(const uint8_t *buf, uint32_t offset, struct record *r)
{
	const uint8_t *p = buf + offset;
	uint16_t len;

	memcpy(&r->ino, p, 4);
	memcpy(&len, p + 4, 2);
	r->len = len;
	r->name_len = p[6];
	r->type = p[7];
	r->name = (const char *)p + EXT2_DIRENT_HEAD;
}

static void record_put(struct fs *fs, uint8_t *buf, uint32_t offset, uint32_t len, uint32_t ino, struct name name,
		       uint32_t mode)
{
	uint8_t *p = buf + offset;
	uint16_t len16 = (uint16_t)len;

	memcpy(p, &ino, 4);
	memcpy(p + 4, &len16, 2);
	p[6] = (uint8_t)name.len;
	p[7] = fs->sb.incompat & EXT2_INCOMPAT_FILETYPE ? type_of_mode[mode >> 12 & 15] : 0;
	memcpy(p + EXT2_DIRENT_HEAD, name.text, name.len);
}

static bool record_is(const struct record *r, struct name name)
{
	return r->ino && r->name_len == name.len && !memcmp(r->name, name.text, name.len);
}

/* -> NULL, or what is wrong with the record. */
static const char *record_judge(const struct fs *fs, const uint8_t *buf, uint32_t offset, struct record *r)
{
	if (offset + record_need(1) > fs->block_size)
		return "a record crosses the end of the block";
	record_get(buf, offset, r);
	if (r->len < record_need(1) || r->len % RECORD_ALIGN || offset + r->len > fs->block_size)
		return "bad record length";
	if (!r->ino)
		return NULL;
	if (record_need(r->name_len) > r->len || r->name_len == 0 ||
	    (r->type && !(fs->sb.incompat & EXT2_INCOMPAT_FILETYPE))) /* there it is the length's high byte */
		return "bad name length";
	if (r->ino > fs->sb.inodes_count || (r->ino < fs->first_ino && r->ino != EXT2_ROOT_INO))
		return "bad inode number";
	if (memchr(r->name, '/', r->name_len) || memchr(r->name, 0, r->name_len))
		return "bad character in a name";
	return NULL;
}

static int complain(struct fs *fs, const struct inode *dir, uint32_t block, uint32_t offset, const char *what)
{
	fs_complain(fs, "ext2: inode %u: directory block %u, offset %u: %s", (unsigned)dir->ino, (unsigned)block,
		    (unsigned)offset, what);
	return -EIO;
}

static uint32_t dir_blocks(const struct fs *fs, const struct inode *dir)
{
	return (uint32_t)(dir->size >> fs->block_shift);
}

static int dir_disk_block(struct fs *fs, struct inode *dir, uint32_t block, uint32_t *disk)
{
	struct extent e;
	int err = map_find(fs, dir, block, 1, false, &e);

	if (err)
		return err;
	if (!e.block)
		return complain(fs, dir, block, 0, "the block is missing");
	*disk = e.block;
	return 0;
}

/* Reads and judges a block of the directory. */
static int dir_read_block(struct fs *fs, struct inode *dir, uint32_t block, uint8_t *buf)
{
	uint32_t disk, offset = 0;
	const char *wrong;
	struct record r;
	int err = dir_disk_block(fs, dir, block, &disk);

	if (err)
		return err;
	if (dev_read(fs->dev, fs_off(fs, disk), buf, fs->block_size))
		return complain(fs, dir, block, 0, "the block cannot be read");
	while (offset < fs->block_size) {
		wrong = record_judge(fs, buf, offset, &r);
		if (wrong)
			return complain(fs, dir, block, offset, wrong);
		offset += r.len;
	}
	return 0;
}

/*
 * Finds a name. ENOENT, EIO.
 * - a damaged block does not hide names in the blocks behind it
 */
int dir_find(struct fs *fs, struct inode *dir, struct name name, struct dir_pos *pos)
{
	uint8_t buf[EXT2_BLOCK_MAX];
	int failed = -ENOENT;

	for (uint32_t block = 0; block < dir_blocks(fs, dir); block++) {
		uint32_t offset = 0;
		int err = dir_read_block(fs, dir, block, buf);

		if (err) {
			failed = err;
			continue;
		}
		while (offset < fs->block_size) {
			struct record r;

			record_get(buf, offset, &r);
			if (record_is(&r, name)) {
				*pos = (struct dir_pos){ block, offset, r.ino };
				return 0;
			}
			offset += r.len;
		}
	}
	return failed;
}

/* The directory was changed: its index, if it had one, is void. */
static int dir_changed(struct fs *fs, struct inode *dir)
{
	dir->raw.flags &= ~(uint32_t)FS_INDEX_FL;
	inode_touch(fs, dir, TIME_MODIFY | TIME_CHANGE);
	return inode_write(fs, dir);
}

/* Puts a name into the room of one block. -> 1 when it fitted, 0 when not. */
static int add_to_block(struct fs *fs, struct inode *dir, uint32_t block, uint8_t *buf, struct name name,
			uint32_t ino, uint32_t mode)
{
	uint32_t offset = 0, need = record_need(name.len), disk;
	struct record r;
	int err;

	for (;; offset += r.len) {
		uint32_t used;

		if (offset >= fs->block_size)
			return 0;
		record_get(buf, offset, &r);
		used = r.ino ? record_need(r.name_len) : 0;
		if (r.len - used < need)
			continue;
		err = dir_disk_block(fs, dir, block, &disk);
		if (!err)
			err = order_add(fs, ORDER_NAME, fs_off(fs, disk), fs->block_size);
		if (err)
			return err;
		record_put(fs, buf, offset + used, r.len - used, ino, name, mode);
		if (used) {
			uint16_t len16 = (uint16_t)used;

			memcpy(buf + offset + 4, &len16, 2);
		}
		err = fs_write(fs, fs_off(fs, disk) + offset, buf + offset, used + need);
		return err ? err : 1;
	}
}

/* Gives the directory one more block, initialised with `buf` before it can be found. */
static int dir_grow(struct fs *fs, struct inode *dir, const uint8_t *buf)
{
	uint32_t block = dir_blocks(fs, dir);
	struct extent e;
	int err = map_reserve(fs, dir, block, 1);

	if (!err)
		err = map_find(fs, dir, block, 1, true, &e);
	if (!err)
		err = fs_write(fs, fs_off(fs, e.block), buf, fs->block_size);
	if (!err)
		err = order_add(fs, ORDER_CONTENT, fs_off(fs, e.block), fs->block_size);
	if (!err)
		err = map_commit(fs, dir, block, 1);
	if (err) {
		if (dir->npending)
			dev_discard(fs->dev, fs_off(fs, dir->pending->block), fs->block_size);
		pending_drop(fs, dir, block);
		return err;
	}
	dir->size += fs->block_size;
	err = dir_changed(fs, dir);
	return err ? err : inode_order(fs, dir, ORDER_DIRS);
}

/* Adds a name that is not there yet. ENOSPC, EIO; EFBIG when the directory cannot grow. */
int dir_add(struct fs *fs, struct inode *dir, struct name name, uint32_t ino, uint32_t mode)
{
	uint8_t buf[EXT2_BLOCK_MAX];

	for (uint32_t block = 0; block < dir_blocks(fs, dir); block++) {
		int err = dir_read_block(fs, dir, block, buf);

		if (!err)
			err = add_to_block(fs, dir, block, buf, name, ino, mode);
		if (err < 0)
			return err;
		if (err)
			return dir_changed(fs, dir);
	}
	if (dir->size + fs->block_size > INT32_MAX)
		return -EFBIG;
	memset(buf, 0, fs->block_size);
	record_put(fs, buf, 0, fs->block_size, ino, name, mode);
	return dir_grow(fs, dir, buf);
}

/*
 * -> offset of the record before the one at `offset`, in a block that was judged; `offset` itself if it is the first.
 */
static uint32_t record_before(const uint8_t *buf, uint32_t offset)
{
	uint32_t before = 0;
	struct record r;

	for (uint32_t at = 0; at < offset; at += r.len) {
		record_get(buf, at, &r);
		before = at;
	}
	return before < offset ? before : offset;
}

/*
 * Frees a record that dir_find has found; other records may have been added since.
 * - `late`: another name for the same inode was added just now, and must reach the disk before this one goes
 */
int dir_remove(struct fs *fs, struct inode *dir, const struct dir_pos *pos, bool late)
{
	uint8_t buf[EXT2_BLOCK_MAX];
	static const uint32_t none;
	uint32_t disk, previous;
	int err = dir_read_block(fs, dir, pos->block, buf);

	if (!err)
		err = dir_disk_block(fs, dir, pos->block, &disk);
	if (!err && late)
		err = order_add(fs, ORDER_LATE, fs_off(fs, disk), fs->block_size);
	if (!err)
		err = fs_write(fs, fs_off(fs, disk) + pos->offset, &none, sizeof(none));
	if (err)
		return err;
	previous = record_before(buf, pos->offset);
	if (previous != pos->offset) {
		struct record before, gone;
		uint16_t len;

		record_get(buf, previous, &before);
		record_get(buf, pos->offset, &gone);
		len = (uint16_t)(before.len + gone.len);
		err = fs_write(fs, fs_off(fs, disk) + previous + 4, &len, sizeof(len));
	}
	return err ? err : dir_changed(fs, dir);
}

/* Makes a name point to another inode. */
int dir_replace(struct fs *fs, struct inode *dir, const struct dir_pos *pos, uint32_t ino, uint32_t mode)
{
	uint8_t type = fs->sb.incompat & EXT2_INCOMPAT_FILETYPE ? type_of_mode[mode >> 12 & 15] : 0;
	uint32_t disk;
	int err = dir_disk_block(fs, dir, pos->block, &disk);

	if (!err)
		err = order_add(fs, ORDER_NAME, fs_off(fs, disk), fs->block_size);
	if (!err)
		err = fs_write(fs, fs_off(fs, disk) + pos->offset, &ino, sizeof(ino));
	if (!err)
		err = fs_write(fs, fs_off(fs, disk) + pos->offset + 7, &type, 1);
	return err ? err : dir_changed(fs, dir);
}

/*
 * Gives a record another name where it stands. -> 1 when that could be done within one sector, which the disk writes
 * whole, so that the file has one name at any moment; 0 when it could not, and nothing is changed.
 */
int dir_rename_here(struct fs *fs, struct inode *dir, const struct dir_pos *pos, struct name name)
{
	uint32_t end = pos->offset + EXT2_DIRENT_HEAD + name.len, disk;
	uint8_t buf[EXT2_BLOCK_MAX];
	struct record r;
	int err = dir_read_block(fs, dir, pos->block, buf);

	if (!err)
		err = dir_disk_block(fs, dir, pos->block, &disk);
	if (err)
		return err;
	record_get(buf, pos->offset, &r);
	if (record_need(name.len) > r.len || pos->offset / SECTOR != (end - 1) / SECTOR)
		return 0;
	buf[pos->offset + 6] = (uint8_t)name.len;
	memcpy(buf + pos->offset + EXT2_DIRENT_HEAD, name.text, name.len);
	err = fs_write(fs, fs_off(fs, disk) + pos->offset, buf + pos->offset, end - pos->offset);
	if (!err)
		err = dir_changed(fs, dir);
	return err ? err : 1;
}

static int write_head(struct fs *fs, uint32_t disk, const uint8_t *buf, uint32_t offset)
{
	return fs_write(fs, fs_off(fs, disk) + offset, buf + offset, EXT2_DIRENT_HEAD);
}

/*
 * Two names of a directory exchange their inodes. -> 1 when both heads lie in one sector, which the disk writes whole; 0
 * when they do not, and nothing is changed.
 */
int dir_exchange_here(struct fs *fs, struct inode *dir, const struct dir_pos *a, const struct dir_pos *b)
{
	uint32_t last = EXT2_DIRENT_HEAD - 1, sector = a->offset / SECTOR, disk;
	uint8_t buf[EXT2_BLOCK_MAX], type;
	int err;

	if (a->block != b->block || b->offset / SECTOR != sector || (a->offset + last) / SECTOR != sector ||
	    (b->offset + last) / SECTOR != sector)
		return 0;
	err = dir_read_block(fs, dir, a->block, buf);
	if (!err)
		err = dir_disk_block(fs, dir, a->block, &disk);
	if (!err)
		err = order_add(fs, ORDER_NAME, fs_off(fs, disk), fs->block_size);
	if (err)
		return err;
	type = buf[a->offset + 7];
	buf[a->offset + 7] = buf[b->offset + 7];
	buf[b->offset + 7] = type;
	memcpy(buf + a->offset, &b->ino, sizeof(b->ino));
	memcpy(buf + b->offset, &a->ino, sizeof(a->ino));
	err = write_head(fs, disk, buf, a->offset);
	if (!err)
		err = write_head(fs, disk, buf, b->offset);
	if (!err)
		err = dir_changed(fs, dir);
	return err ? err : 1;
}

/* The first block of a new directory: "." and "..". */
int dir_init(struct fs *fs, struct inode *dir, uint32_t parent)
{
	uint8_t buf[EXT2_BLOCK_MAX];

	memset(buf, 0, fs->block_size);
	record_put(fs, buf, 0, record_need(1), dir->ino, (struct name){ ".", 1 }, 0040000);
	record_put(fs, buf, record_need(1), fs->block_size - record_need(1), parent, (struct name){ "..", 2 },
		   0040000);
	return dir_grow(fs, dir, buf);
}

static bool is_dots(const struct record *r)
{
	return r->name[0] == '.' && (r->name_len == 1 || (r->name_len == 2 && r->name[1] == '.'));
}

int dir_is_empty(struct fs *fs, struct inode *dir)
{
	uint8_t buf[EXT2_BLOCK_MAX];

	for (uint32_t block = 0; block < dir_blocks(fs, dir); block++) {
		uint32_t offset = 0;
		int err = dir_read_block(fs, dir, block, buf);

		if (err)
			return err;
		while (offset < fs->block_size) {
			struct record r;

			record_get(buf, offset, &r);
			if (r.ino && !is_dots(&r))
				return 0;
			offset += r.len;
		}
	}
	return 1;
}

/* Appends one record of getdents64. -> its length, 0 when there is no room. */
static uint32_t list_record(const struct record *r, uint64_t next, uint8_t *out, uint32_t room)
{
	uint32_t head = offsetof(struct abi_dirent64, d_name), len = (head + r->name_len + 1 + 7) & ~7u;
	struct abi_dirent64 d = { .d_ino = r->ino, .d_off = (int64_t)next, .d_reclen = (uint16_t)len };

	if (len > room)
		return 0;
	d.d_type = r->type < 8 ? dirent_type[r->type] : DT_UNKNOWN;
	memset(out, 0, len);
	memcpy(out, &d, head);
	memcpy(out + head, r->name, r->name_len);
	return len;
}

/*
 * Lists records from `cookie` on as far as there is room. -> bytes used, 0 at the end. EINVAL: no room for one. EIO:
 * a damaged block; what lay before it has been listed by earlier calls.
 */
int dir_list(struct fs *fs, struct inode *dir, uint64_t cookie, void *out, uint32_t room)
{
	uint8_t buf[EXT2_BLOCK_MAX];
	uint32_t used = 0;

	for (uint64_t block = cookie >> fs->block_shift; block < dir_blocks(fs, dir); block++) {
		uint64_t start = block << fs->block_shift;
		uint32_t offset = 0;
		int err = dir_read_block(fs, dir, (uint32_t)block, buf);

		if (err)
			return used ? (int)used : err;
		while (offset < fs->block_size) {
			struct record r;
			uint32_t len;

			record_get(buf, offset, &r);
			if (r.ino && start + offset >= cookie) {
				len = list_record(&r, start + offset + r.len, (uint8_t *)out + used, room - used);
				if (!len)
					return used ? (int)used : -EINVAL;
				used += len;
			}
			offset += r.len;
		}
	}
	return (int)used;
}
