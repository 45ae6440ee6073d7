/* SPDX-License-Identifier: MIT */
/*
 * Drives the core by lines of text: "verb argument...", one a line, "#" begins a comment.
 *
 *     mkdir P | create P | put P HOSTFILE | get P HOSTFILE | write P OFFSET TEXT | truncate P SIZE | fill P BYTES
 *     symlink TARGET P | readlink P TARGET | link OLD NEW | rename OLD NEW | unlink P | rmdir P | mknod P c|b|p N
 *     peek P OFFSET TEXT | chmod P OCTAL | chown P UID GID | utime P SEC NSEC | stat P FIELD VALUE
 *     chattr P FLAGS | ls P COUNT | sync | free
 *
 * A line that begins with "!ERRNO" expects that error (its number). What goes otherwise is a failure. "free" prints the
 * free blocks and inodes of statfs, for the script to compare.
 */
#include "harness.h"

#include <abi/dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS 6

static struct fs fs;

static int made(int err, struct fs_attr *attr)
{
	if (!err)
		forget(&fs, (uint32_t)attr->ino);
	return err;
}

static int make(const char *path, uint32_t mode, const char *target, uint64_t rdev)
{
	struct create_args args = { .mode = mode, .uid = 1000, .gid = 100000, .rdev = rdev };
	struct fs_attr attr;
	uint32_t dir;
	int err = path_parent(&fs, path, &dir, &args.name);

	args.target = text_name(target);
	return err ? err : made(op_create(&fs, dir, &args, &attr), &attr);
}

static int put(const char *path, const char *host)
{
	static uint8_t buf[100000];
	struct fs_attr attr;
	uint64_t off = 0;
	size_t n;
	FILE *f = fopen(host, "rb");
	int err = make(path, 0100644, "", 0);

	if (!f)
		return -EINVAL;
	if (!err)
		err = path_walk(&fs, path, &attr);
	while (!err && (n = fread(buf, 1, sizeof(buf), f)) > 0) {
		err = file_write(&fs, (uint32_t)attr.ino, off, buf, n);
		off += n;
	}
	fclose(f);
	return err;
}

static int get(const char *path, const char *host)
{
	static uint8_t buf[65536];
	struct fs_attr attr;
	FILE *f = fopen(host, "wb");
	int err = path_walk(&fs, path, &attr);

	for (uint64_t off = 0; !err && off < attr.size; off += sizeof(buf)) {
		uint64_t n = attr.size - off < sizeof(buf) ? attr.size - off : sizeof(buf);

		err = file_read(&fs, (uint32_t)attr.ino, off, buf, n);
		if (!err && f)
			fwrite(buf, 1, n, f);
	}
	if (f)
		fclose(f);
	return err;
}

static int fill(const char *path, uint64_t bytes)
{
	static uint8_t buf[65536];
	struct fs_attr attr;
	int err = make(path, 0100644, "", 0);

	memset(buf, 0x5a, sizeof(buf));
	if (!err)
		err = path_walk(&fs, path, &attr);
	for (uint64_t off = 0; !err && off < bytes; off += sizeof(buf))
		err = file_write(&fs, (uint32_t)attr.ino, off, buf,
				 bytes - off < sizeof(buf) ? bytes - off : sizeof(buf));
	return err;
}

static int read_link(const char *path, const char *want)
{
	char buf[4096];
	struct fs_attr attr;
	int n = path_walk(&fs, path, &attr);

	if (!n)
		n = op_readlink(&fs, (uint32_t)attr.ino, buf, sizeof(buf));
	if (n < 0)
		return n;
	return strlen(want) == (size_t)n && !memcmp(buf, want, (size_t)n) ? 0 : -EBADMSG;
}

static int peek(const char *path, uint64_t off, const char *want)
{
	char buf[256];
	struct fs_attr attr;
	int err = path_walk(&fs, path, &attr);

	if (!err)
		err = file_read(&fs, (uint32_t)attr.ino, off, buf, strlen(want));
	return err ? err : memcmp(buf, want, strlen(want)) ? -EBADMSG : 0;
}

static int with_names(const char *verb, const char *a, const char *b)
{
	struct rename_args args = { 0 };
	struct rename_result result;
	struct fs_attr attr;
	int err = path_parent(&fs, a, &args.old_dir, &args.old_name);

	if (!strcmp(verb, "unlink"))
		return err ? err : op_unlink(&fs, args.old_dir, args.old_name, &attr);
	if (!strcmp(verb, "rmdir"))
		return err ? err : op_rmdir(&fs, args.old_dir, args.old_name, &attr);
	if (!err)
		err = path_parent(&fs, b, &args.new_dir, &args.new_name);
	if (err)
		return err;
	if (!strcmp(verb, "rename"))
		return op_rename(&fs, &args, &result);
	err = path_walk(&fs, a, &attr);
	return err ? err : op_link(&fs, args.new_dir, (uint32_t)attr.ino, args.new_name, &attr);
}

static int set(const char *path, struct fs_setattr *s)
{
	struct fs_attr attr;
	int err = path_walk(&fs, path, &attr);

	return err ? err : op_setattr(&fs, (uint32_t)attr.ino, s, &attr);
}

static int check_stat(const char *path, const char *field, uint64_t want)
{
	struct fs_attr a;
	uint64_t got = ~0ull;
	int err = path_walk(&fs, path, &a);

	if (err)
		return err;
	if (!strcmp(field, "size")) got = a.size;
	if (!strcmp(field, "blocks")) got = a.blocks;
	if (!strcmp(field, "nlink")) got = a.nlink;
	if (!strcmp(field, "mode")) got = a.mode;
	if (!strcmp(field, "uid")) got = a.uid;
	if (!strcmp(field, "gid")) got = a.gid;
	if (!strcmp(field, "rdev")) got = a.rdev;
	if (!strcmp(field, "mtime")) got = (uint64_t)a.mtime.tv_sec;
	if (!strcmp(field, "flags")) got = a.flags;
	if (!strcmp(field, "mnsec")) got = (uint64_t)a.mtime.tv_nsec;
	if (got == want)
		return 0;
	fprintf(stderr, "%s of %s is %llu\n", field, path, (unsigned long long)got);
	return -EBADMSG;
}

static int list(const char *path, unsigned want)
{
	uint8_t buf[600];
	struct fs_attr attr;
	uint64_t cookie = 0;
	unsigned count = 0;
	int n = path_walk(&fs, path, &attr);

	if (n)
		return n;
	while ((n = op_readdir(&fs, (uint32_t)attr.ino, cookie, buf, sizeof(buf))) > 0) {
		for (int at = 0; at < n; count++) {
			struct abi_dirent64 d;

			memcpy(&d, buf + at, offsetof(struct abi_dirent64, d_name));
			cookie = (uint64_t)d.d_off;
			at += d.d_reclen;
		}
	}
	if (n < 0)
		return n;
	if (count != want)
		fprintf(stderr, "%s has %u entries\n", path, count);
	return count == want ? 0 : -EBADMSG;
}

static int print_free(void)
{
	struct abi_statfs st;

	op_statfs(&fs, &st);
	printf("free %lld %lld\n", (long long)st.f_bfree, (long long)st.f_ffree);
	return 0;
}

static uint64_t number(const char *text)
{
	return strtoull(text, NULL, 0);
}

static int perform(char **w)
{
	struct fs_attr attr;
	struct fs_setattr s = { 0 };

	if (!strcmp(w[0], "mkdir")) return make(w[1], 040755, "", 0);
	if (!strcmp(w[0], "create")) return make(w[1], 0100644, "", 0);
	if (!strcmp(w[0], "symlink")) return make(w[2], 0120777, w[1], 0);
	if (!strcmp(w[0], "mknod"))
		return make(w[1], w[2][0] == 'c' ? 020600 : w[2][0] == 'b' ? 060600 : 010600, "", number(w[3]));
	if (!strcmp(w[0], "put")) return put(w[1], w[2]);
	if (!strcmp(w[0], "get")) return get(w[1], w[2]);
	if (!strcmp(w[0], "fill")) return fill(w[1], number(w[2]));
	if (!strcmp(w[0], "readlink")) return read_link(w[1], w[2]);
	if (!strcmp(w[0], "peek")) return peek(w[1], number(w[2]), w[3]);
	if (!strcmp(w[0], "stat")) return check_stat(w[1], w[2], number(w[3]));
	if (!strcmp(w[0], "ls")) return list(w[1], (unsigned)number(w[2]));
	if (!strcmp(w[0], "sync")) return volume_sync(&fs);
	if (!strcmp(w[0], "free")) return print_free();
	if (!strcmp(w[0], "chmod")) {
		s.mask = FS_SET_MODE;
		s.mode = (uint32_t)number(w[2]);
		return set(w[1], &s);
	}
	if (!strcmp(w[0], "chown")) {
		s.mask = FS_SET_UID | FS_SET_GID;
		s.uid = (uint32_t)number(w[2]);
		s.gid = (uint32_t)number(w[3]);
		return set(w[1], &s);
	}
	if (!strcmp(w[0], "chattr")) {
		s.mask = FS_SET_FLAGS;
		s.flags = (uint32_t)number(w[2]);
		return set(w[1], &s);
	}
	if (!strcmp(w[0], "utime")) {
		s.mask = FS_SET_MTIME;
		s.mtime = (struct abi_timespec){ strtoll(w[2], NULL, 0), strtoll(w[3], NULL, 0) };
		return set(w[1], &s);
	}
	if (!strcmp(w[0], "write") || !strcmp(w[0], "truncate")) {
		int err = path_walk(&fs, w[1], &attr);

		if (err)
			return err;
		if (w[0][0] == 't')
			return file_truncate(&fs, (uint32_t)attr.ino, number(w[2]));
		return file_write(&fs, (uint32_t)attr.ino, number(w[2]), w[3], strlen(w[3]));
	}
	return with_names(w[0], w[1], w[2]);
}

int script_run(struct dev *dev, bool readonly)
{
	char line[9000], why[200];
	int failed = 0, err = volume_mount(&fs, dev, readonly, why, sizeof(why));

	if (err) {
		printf("mount: %s\n", why);
		return 1;
	}
	for (unsigned n = 1; fgets(line, sizeof(line), stdin); n++) {
		char *w[WORDS] = { 0 };
		int words = 0, want = 0, got;

		for (char *t = strtok(line, " \n"); t && words < WORDS; t = strtok(NULL, " \n")) {
			if (words == 0 && t[0] == '!')
				want = -atoi(t + 1);
			else
				w[words++] = t;
		}
		if (!words || w[0][0] == '#')
			continue;
		for (; words < WORDS; words++)
			w[words] = "";
		got = perform(w);
		if (got != want) {
			printf("line %u: %s %.60s %.60s: %d instead of %d\n", n, w[0], w[1], w[2], got, want);
			failed++;
		}
	}
	CHECK(volume_unmount(&fs), 0);
	fs_release(&fs);
	return failed + failures;
}
