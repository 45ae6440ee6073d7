/* SPDX-License-Identifier: MIT */
/*
 * The ext2 filesystem: what is on the disk, what is kept in memory, and the functions of the core.
 *
 * The core (super order block inode pending map dir ops rename data) is plain C over the device below and also builds
 * for the host. It has no lock of its own: its caller holds one lock around every call, except where data.c says so.
 * All functions return 0 or a count, or a negative errno, unless they say otherwise.
 *
 * Layout of a block group (the header only in the groups that hold a copy of the superblock):
 *
 *     | superblock | group descriptors | reserved | block bitmap | inode bitmap | inode table | data ... |
 *     |<------------- header ------------------->|
 */
#ifndef EXT2_H
#define EXT2_H

#include <abi/errno.h>
#include <abi/fs.h>
#include <abi/fsproto.h>
#include <abi/misc.h>
#include <abi/types.h>
#include <stdbool.h>

#define EXT2_BLOCK_MAX 4096
#define EXT2_PAGE_SIZE 4096
#define EXT2_ROOT_INO 2
#define EXT2_FIRST_INO 11 /* revision 0: lower numbers are reserved */
#define EXT2_LINK_MAX 32000
#define EXT2_NAME_MAX 255
#define EXT2_DIRECT 12
#define EXT2_SUPER_OFF 1024
#define SECTOR 512

#define EXT2_VALID_FS 1
#define EXT2_ERROR_FS 2
#define EXT2_COMPAT_SPARSE_SUPER2 0x200
#define EXT2_INCOMPAT_FILETYPE 0x2
#define EXT2_RO_SPARSE_SUPER 0x1
#define EXT2_RO_LARGE_FILE 0x2
#define EXT2_STRANGE_FL 0x10280800 /* encrypted, extents, extended attribute inode, inline data */
#define EXT2_VISIBLE_FL 0x325bdfff /* what chattr(1) may show, and set without an error; all else is EOPNOTSUPP */
#define EXT2_CHANGE_FL 0x224380ff  /* what it changes */
#define EXT2_INHERIT_FL (FS_SECRM_FL | FS_UNRM_FL | FS_COMPR_FL | FS_SYNC_FL | FS_NODUMP_FL | FS_NOATIME_FL | \
			 FS_NOTAIL_FL | FS_DIRSYNC_FL | FS_PROJINHERIT_FL | FS_DAX_FL)
#define EXT2_DIRS_FL (FS_DIRSYNC_FL | FS_TOPDIR_FL | FS_PROJINHERIT_FL) /* make sense of directories only */
#define EXT2_XATTR_MAGIC 0xea020000u

/* ---- on the disk (little endian, like the only machine this runs on) ---- */
struct ext2_super {
	uint32_t inodes_count, blocks_count, r_blocks_count, free_blocks, free_inodes, first_data_block;
	uint32_t log_block_size, log_frag_size, blocks_per_group, frags_per_group, inodes_per_group;
	uint32_t mtime, wtime;
	uint16_t mnt_count, max_mnt_count, magic, state, errors, minor_rev;
	uint32_t lastcheck, checkinterval, creator_os, rev_level;
	uint16_t def_resuid, def_resgid;
	uint32_t first_ino; /* from here on only revision 1 */
	uint16_t inode_size, block_group_nr;
	uint32_t compat, incompat, ro_compat;
	uint8_t uuid[16];
	char volume_name[16], last_mounted[64];
	uint32_t algorithms;
	uint8_t prealloc_blocks, prealloc_dir_blocks;
	uint16_t reserved_gdt_blocks;
	uint8_t journal[380];
	uint32_t backup_groups[2];
	uint8_t rest[428];
};

struct ext2_group {
	uint32_t block_bitmap, inode_bitmap, inode_table;
	uint16_t free_blocks, free_inodes, used_dirs, flags;
	uint32_t reserved[3];
};

struct ext2_inode {
	uint16_t mode, uid_low;
	uint32_t size_low, atime, ctime, mtime, dtime;
	uint16_t gid_low, links;
	uint32_t blocks, flags, version, block[EXT2_DIRECT + 3];
	uint32_t generation, file_acl, size_high, faddr;
	uint8_t frag, fsize;
	uint16_t pad, uid_high, gid_high;
	uint32_t author;
	uint16_t extra_isize, checksum; /* from here on only where inodes are larger than 128 bytes */
	uint32_t ctime_extra, mtime_extra, atime_extra, crtime, crtime_extra, version_high, project;
};

#define EXT2_INODE_OLD 128
#define EXT2_DIRENT_HEAD 8 /* u32 inode, u16 record length, u8 name length, u8 type; then the name */

/* ---- the device: a plain image file on the host, the disk's object on Atlas ---- */
struct dev;

/* dev_read: -EIO when the disk cannot give the bytes. */
int dev_read(struct dev *dev, uint64_t off, void *buf, size_t len);
/* dev_write: into the cache; marks the sectors dirty. Nothing reaches the disk before dev_clean. */
int dev_write(struct dev *dev, uint64_t off, const void *buf, size_t len);
/* dev_discard: the bytes are no metadata any more; they are never written. */
int dev_discard(struct dev *dev, uint64_t off, uint64_t len);
/* dev_clean: writes what is dirty in the range and waits for it. What fails stays dirty. */
int dev_clean(struct dev *dev, uint64_t off, uint64_t len);
/* dev_flush: everything written before is durable. */
int dev_flush(struct dev *dev);
uint64_t dev_size(struct dev *dev);
void dev_now(struct dev *dev, struct abi_timespec *now);
/* dev_log: one line for the system's log, without the newline. */
void dev_log(struct dev *dev, const char *line);

/* ---- in memory ---- */

/* Blocks given to a file that its map does not name yet: nothing has been written into them. */
struct run {
	uint32_t first; /* block of the file */
	uint32_t block; /* on the disk */
	uint32_t count;
};

struct inode {
	struct inode *next; /* in its hash chain */
	uint32_t ino;
	uint32_t refs;      /* operations and transfers in progress */
	uint32_t transfers; /* of file data, in progress without the lock */
	bool nameless;      /* made without a name: may get a first one */
	uint64_t lookups;   /* that the kernel has to give back */
	uint64_t size;
	uint32_t goal_block; /* disk block to try first when the file's block goal_for is allocated */
	uint32_t goal_for;
	struct run *pending; /* sorted by first */
	uint32_t npending, pending_room;
	struct ext2_inode raw;
};

struct bitmap {
	uint32_t group; /* ~0: holds nothing */
	uint32_t block;
	uint8_t bits[EXT2_BLOCK_MAX];
};

#define INODE_BUCKETS 256
#define ORDER_MAX 128
#define FREED_MAX 1024

enum order_level { ORDER_CONTENT, ORDER_NAME, ORDER_DIRS, ORDER_LATE, ORDER_FRESH, ORDER_LEVELS };

struct range { uint64_t off; uint32_t len; };
struct freed { uint32_t first, count; };

struct fs {
	struct dev *dev;
	struct ext2_super sb;
	bool readonly, sb_dirty;
	bool disk_readonly;   /* the disk itself refuses writes */
	bool damaged;         /* a structure on the disk was found wrong since the mount */
	uint16_t mount_state; /* s_state as it was before the mount */
	uint32_t block_size, block_shift, ngroups, inode_size, first_ino, inode_table_blocks, per_block;
	uint32_t header_blocks; /* superblock, descriptors and reserved blocks of a group that has them */
	struct ext2_group *groups;
	uint8_t *group_dirty;
	struct bitmap blocks_map, inodes_map; /* the bitmap blocks used last, written through */
	struct inode *buckets[INODE_BUCKETS];
	struct inode *root;
	uint32_t complaints;
	/* order.c */
	struct range order[ORDER_LEVELS][ORDER_MAX];
	uint32_t norder[ORDER_LEVELS];
	bool barrier;     /* file data was written that metadata now points to */
	uint64_t written; /* bytes of metadata changed since it was last clean */
	struct freed freed_blocks[FREED_MAX];
	uint32_t nfreed_blocks;
	uint32_t freed_inodes[FREED_MAX];
	uint32_t nfreed_inodes, freed_total;
};

/* A stretch of a file: `count` blocks from `block` on the disk, or a hole where block is 0. */
struct extent { uint32_t block, count; };

/* ---- super.c ---- */
/* On failure `why` holds a sentence for the user; nothing is kept. */
int volume_mount(struct fs *fs, struct dev *dev, bool readonly, char *why, size_t why_len);
int volume_begin_writing(struct fs *fs); /* to what was mounted read-only. -EACCES: the disk refuses; -EROFS */
int volume_unmount(struct fs *fs);
int volume_sync(struct fs *fs);
void fs_release(struct fs *fs); /* frees memory only */
int fs_write_counts(struct fs *fs);
void fs_complain(struct fs *fs, const char *format, ...) __attribute__((format(printf, 2, 3)));
int fs_write(struct fs *fs, uint64_t off, const void *buf, size_t len);
uint32_t fs_group_blocks(const struct fs *fs, uint32_t group);
uint32_t fs_group_header(const struct fs *fs, uint32_t group);
static inline uint32_t fs_group_first(const struct fs *fs, uint32_t group)
{
	return fs->sb.first_data_block + group * fs->sb.blocks_per_group;
}
static inline uint64_t fs_off(const struct fs *fs, uint32_t block)
{
	return (uint64_t)block << fs->block_shift;
}

/* ---- order.c ---- */
int order_add(struct fs *fs, enum order_level level, uint64_t off, uint32_t len);
int order_clean(struct fs *fs);
int order_before_death(struct fs *fs, uint64_t off, uint32_t len);
int order_new_dir(struct fs *fs, uint64_t off, uint32_t len);
bool order_is_dying(struct fs *fs, uint64_t off, uint32_t len);
int order_free_blocks(struct fs *fs, uint32_t first, uint32_t count);
int order_free_inode(struct fs *fs, uint32_t ino);

/* ---- block.c ---- */
bool block_is_data(const struct fs *fs, uint32_t block);
int bitmap_load(struct fs *fs, struct bitmap *map, uint32_t group, uint32_t block);
int bitmap_store(struct fs *fs, struct bitmap *map, uint32_t first, uint32_t count);
uint32_t bitmap_find_zero(const struct bitmap *map, uint32_t from, uint32_t end);
int block_alloc(struct fs *fs, uint32_t goal, uint32_t want, struct extent *got);
int block_free(struct fs *fs, uint32_t first, uint32_t count);

/* ---- inode.c ---- */
int inode_get(struct fs *fs, uint32_t ino, struct inode **inode);
void inode_put(struct fs *fs, struct inode *inode);
struct inode *inode_find(struct fs *fs, uint32_t ino);
int inode_write(struct fs *fs, struct inode *inode);
int inode_alloc(struct fs *fs, struct inode *parent, uint32_t mode, struct inode **inode);
int inode_free_number(struct fs *fs, uint32_t ino);
int inode_set_size(struct fs *fs, struct inode *inode, uint64_t size);
int inode_order(struct fs *fs, struct inode *inode, enum order_level level);
int inode_before_death(struct fs *fs, struct inode *inode);
int inode_before_name(struct fs *fs, struct inode *inode);
int inode_gets_dir(struct fs *fs, struct inode *parent);
void inode_attr(struct fs *fs, struct inode *inode, struct fs_attr *attr);
enum { TIME_ACCESS = 1, TIME_MODIFY = 2, TIME_CHANGE = 4 };
void inode_set_time(struct fs *fs, struct inode *inode, int which, const struct abi_timespec *time);
void inode_touch(struct fs *fs, struct inode *inode, int which);
void inode_set_owner(struct inode *inode, uint32_t uid, uint32_t gid);
void inode_drop_all(struct fs *fs);
bool inode_is_fast_link(const struct fs *fs, const struct inode *inode);

/* ---- map.c ---- */
uint64_t map_max_blocks(const struct fs *fs);
int map_find(struct fs *fs, struct inode *inode, uint32_t first, uint32_t max, bool pending, struct extent *e);
int map_reserve(struct fs *fs, struct inode *inode, uint32_t first, uint32_t count);
int map_commit(struct fs *fs, struct inode *inode, uint32_t first, uint32_t count);
int map_truncate(struct fs *fs, struct inode *inode, uint32_t keep);
int map_punch(struct fs *fs, struct inode *inode, uint32_t first, uint32_t count);

/* ---- pending.c ---- */
void pending_look(const struct inode *inode, uint32_t first, struct extent *e);
int pending_insert(struct inode *inode, uint32_t first, uint32_t block, uint32_t count);
int pending_remove(struct inode *inode, uint32_t first, uint32_t count);
int pending_drop(struct fs *fs, struct inode *inode, uint32_t keep);
int pending_punch(struct fs *fs, struct inode *inode, uint32_t first, uint32_t count);
uint32_t pending_count(const struct inode *inode);

/* ---- dir.c ---- */
struct name { const char *text; uint32_t len; };
struct dir_pos { uint32_t block, offset, ino; }; /* block of the directory, offset of the record in it */
int dir_find(struct fs *fs, struct inode *dir, struct name name, struct dir_pos *pos);
int dir_add(struct fs *fs, struct inode *dir, struct name name, uint32_t ino, uint32_t mode);
int dir_remove(struct fs *fs, struct inode *dir, const struct dir_pos *pos, bool late);
int dir_replace(struct fs *fs, struct inode *dir, const struct dir_pos *pos, uint32_t ino, uint32_t mode);
int dir_exchange_here(struct fs *fs, struct inode *dir, const struct dir_pos *a, const struct dir_pos *b);
int dir_rename_here(struct fs *fs, struct inode *dir, const struct dir_pos *pos, struct name name);
int dir_init(struct fs *fs, struct inode *dir, uint32_t parent);
int dir_is_empty(struct fs *fs, struct inode *dir); /* 1, 0, or an errno */
int dir_list(struct fs *fs, struct inode *dir, uint64_t cookie, void *buf, uint32_t room);

/* ---- ops.c: what rename.c needs of it ---- */
static inline bool name_is_dots(struct name name)
{
	return name.text[0] == '.' && (name.len == 1 || (name.len == 2 && name.text[1] == '.'));
}
static inline bool inode_is_dir(const struct inode *inode)
{
	return (inode->raw.mode & 0170000) == 0040000;
}
int dir_get(struct fs *fs, uint32_t ino, struct inode **dir);
int dir_get_to_change(struct fs *fs, uint32_t ino, struct name name, struct inode **dir);
int dir_find_inode(struct fs *fs, struct inode *dir, struct name name, struct dir_pos *pos, struct inode **inode);
int inode_drop_links(struct fs *fs, struct inode *inode, uint32_t count);

/* ---- ops.c, rename.c ---- */
struct create_args { uint32_t mode, uid, gid; uint64_t rdev; struct name name, target; };
int op_lookup(struct fs *fs, uint32_t dir, struct name name, struct fs_attr *attr);
int op_getattr(struct fs *fs, uint32_t ino, struct fs_attr *attr);
int op_setattr(struct fs *fs, uint32_t ino, const struct fs_setattr *set, struct fs_attr *attr);
int op_create(struct fs *fs, uint32_t dir, const struct create_args *args, struct fs_attr *attr);
int op_link(struct fs *fs, uint32_t dir, uint32_t ino, struct name name, struct fs_attr *attr);
int op_unlink(struct fs *fs, uint32_t dir, struct name name, struct fs_attr *attr);
int op_rmdir(struct fs *fs, uint32_t dir, struct name name, struct fs_attr *attr);
struct rename_args { uint32_t old_dir, new_dir, flags; struct name old_name, new_name; };
struct rename_result { uint32_t replaced, links; };
int op_rename(struct fs *fs, const struct rename_args *args, struct rename_result *result);
int op_readlink(struct fs *fs, uint32_t ino, char *buf, uint32_t room);
int op_readdir(struct fs *fs, uint32_t ino, uint64_t cookie, void *buf, uint32_t room);
int op_statfs(struct fs *fs, struct abi_statfs *st);

/* ---- data.c ---- */
/* A stretch of a transfer: disk_off 0 is a hole (byte 0 of a disk is never file data). */
struct piece { uint64_t disk_off; uint32_t loan_off, len; };
#define PIECE_MAX 256
struct plan { struct inode *inode; uint32_t npieces; struct piece piece[PIECE_MAX]; };
struct data_stamp { uint64_t size; struct abi_timespec mtime; };
bool data_busy(struct fs *fs, uint32_t ino);
int data_plan_read(struct fs *fs, uint32_t ino, uint64_t page, uint32_t npages, struct plan *plan);
int data_plan_write(struct fs *fs, uint32_t ino, uint64_t off, uint32_t len, uint64_t size, struct plan *plan);
void data_end_read(struct fs *fs, struct plan *plan);
int data_end_write(struct fs *fs, struct plan *plan, uint64_t off, uint32_t len, const struct data_stamp *stamp,
		   int status);
int data_dirty(struct fs *fs, uint32_t ino, uint64_t page, uint64_t npages, uint64_t size);
int data_resize(struct fs *fs, uint32_t ino, const struct data_stamp *stamp);
int data_punch(struct fs *fs, uint32_t ino, uint64_t page, uint64_t npages);
int data_seek(struct fs *fs, uint32_t ino, uint64_t off, uint64_t size, bool hole, uint64_t *found);
int data_stamp(struct fs *fs, uint32_t ino, const struct data_stamp *stamp);
int data_close(struct fs *fs, uint32_t ino, uint64_t lookups, const struct data_stamp *stamp,
	       const struct abi_timespec *atime);

#endif
