/* SPDX-License-Identifier: MIT */
/*
 * Files from inside the kernel: path walks over what is always mounted, the node cache against a filesystem made here,
 * whose lookups are counted like a server's, pipes, texts, devices, directory records. These run in a kernel thread:
 * there is no process, hence no descriptors and no user memory; tests/user has what needs those.
 */
#include "file/file_impl.h"
#include "file/procfs.h"
#include "lib/test.h"

/* ---- file.path ---- */

/* What walking gives: the canonical name must be `name`. */
static int walk_gives(const char *text, unsigned how, const char *name)
{
	struct path at;
	int err = path_walk(AT_FDCWD, text, how, &at, NULL);

	if (err)
		return err;
	bool same = !strcmp(at.name, name);
	if (!same)
		klog(LOG_ERROR, "walk of %s: %s, not %s", text, at.name, name);
	path_put(&at);
	return same ? 0 : 1;
}

TEST(walk_makes_canonical_names)
{
	EXPECT(walk_gives("/", 0, "/") == 0);
	EXPECT(walk_gives("//dev///null", 0, "/dev/null") == 0);
	EXPECT(walk_gives("/dev/./null", 0, "/dev/null") == 0);
	EXPECT(walk_gives("/dev/../proc/.", 0, "/proc") == 0);
	EXPECT(walk_gives("/../..", 0, "/") == 0);
	EXPECT(walk_gives("/boot/", PATH_DIRECTORY, "/boot") == 0);
	EXPECT(walk_gives("dev/null", 0, "/dev/null") == 0); /* no process: relative to "/" */
}

TEST(walk_gives_linux_errors)
{
	char longest[300];

	EXPECT(walk_gives("", 0, "") == -ENOENT);
	EXPECT(walk_gives("/dev/no-such", 0, "") == -ENOENT);
	EXPECT(walk_gives("/no-such/x", 0, "") == -ENOENT);
	EXPECT(walk_gives("/dev/null/x", 0, "") == -ENOTDIR);
	EXPECT(walk_gives("/dev/null/", 0, "") == -ENOTDIR);
	EXPECT(walk_gives("/dev/null/..", 0, "") == -ENOTDIR);
	EXPECT(walk_gives("/dev/null", PATH_DIRECTORY, "") == -ENOTDIR);
	memset(longest, 'a', sizeof longest);
	longest[0] = '/';
	longest[256] = '\0';
	EXPECT(walk_gives(longest, 0, "") == -ENOENT);
	longest[256] = 'a';
	longest[257] = '\0';
	EXPECT(walk_gives(longest, 0, "") == -ENAMETOOLONG);
}

TEST(walk_of_a_parent_keeps_the_last_component)
{
	static const struct { const char *text, *dir, *last; } cases[] = {
		{ "/dev/null", "/dev", "null" }, { "/dev/", "/", "dev" }, { "/", "/", "" }, { "/dev/.", "/dev", "." },
		{ "/dev/..", "/dev", ".." }, { "new", "/", "new" },
	};
	char last[NAME_MAX + 1];
	struct path at;

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		int err = path_walk(AT_FDCWD, cases[i].text, PATH_PARENT, &at, last);
		EXPECT(err == 0);
		if (err)
			continue;
		EXPECT(!strcmp(at.name, cases[i].dir));
		EXPECT(!strcmp(last, cases[i].last));
		path_put(&at);
	}
}

TEST(mounts_stand_over_the_root)
{
	struct node *root = mount_root(), *dev = mount_child(root, "dev", 3);

	REQUIRE(dev != NULL);
	EXPECT(path_is_mount(dev) && path_is_mount(root));
	EXPECT(mount_child(dev, "dev", 3) == NULL);
	EXPECT(mount_child(root, "de", 2) == NULL);
	node_put(dev);
	node_put(root);
}

/* ---- file.open ---- */

static int open_error(const char *path, int flags)
{
	struct file *f = file_open(AT_FDCWD, path, flags, 0644);

	if (is_err(f))
		return (int)ptr_err(f);
	file_put(f);
	return 0;
}

TEST(open_gives_linux_errors)
{
	EXPECT(open_error("/dev/null", O_RDWR) == 0);
	EXPECT(open_error("/dev", O_RDONLY | O_DIRECTORY) == 0);
	EXPECT(open_error("/dev", O_WRONLY) == -EISDIR);
	EXPECT(open_error("/dev", O_CREAT) == -EISDIR);
	EXPECT(open_error("/", O_CREAT) == -EISDIR);
	EXPECT(open_error("/dev/null", O_DIRECTORY) == -ENOTDIR);
	EXPECT(open_error("/dev/null/", O_RDONLY) == -ENOTDIR);
	EXPECT(open_error("/dev/null", O_CREAT | O_EXCL) == -EEXIST);
	EXPECT(open_error("/dev/new", O_CREAT) == -EROFS);
	EXPECT(open_error("/dev/new/", O_CREAT) == -EISDIR);
	EXPECT(open_error("/proc/self", O_NOFOLLOW) == -ELOOP);
	EXPECT(open_error("/proc/self", O_NOFOLLOW | O_PATH) == 0);
	EXPECT(open_error("/dev/null", O_TMPFILE | O_RDWR) == -ENOTDIR);
	EXPECT(open_error("/proc/version", O_WRONLY) == 0); /* root may, and writing is EIO */
	EXPECT(open_error("/proc/sys/kernel/osrelease", O_WRONLY) == -EACCES);
	EXPECT(open_error("/proc/sys/vm/drop_caches", O_RDONLY) == -EACCES);
}

TEST(open_survives_every_failing_allocation)
{
	struct file *f = NULL;

	for (uint64_t n = 1; n < 100; n++) {
		failalloc_arm(n);
		f = file_open(AT_FDCWD, "/proc/version", O_RDONLY, 0);
		bool struck = failalloc_left == 0;
		failalloc_arm(0);
		if (!is_err(f))
			file_put(f);
		else
			EXPECT(ptr_err(f) == -ENOMEM);
		if (!struck)
			break;
		EXPECT(is_err(f));
	}
	EXPECT(!is_err(f));
}

TEST(proc_texts_end_with_a_newline)
{
	static proc_make_fn *const makers[] = { proc_make_meminfo, proc_make_vmstat, proc_make_mounts, proc_make_version,
	                                        proc_make_uptime, proc_make_cmdline, proc_make_stat, proc_make_loadavg,
	                                        proc_make_filesystems, proc_make_mountinfo, proc_make_swaps };

	for (unsigned i = 0; i < ARRAY_SIZE(makers); i++) {
		struct proc_ref of = { .pid = 0 };
		struct text t = { .len = 0 };
		uint64_t next = TEXT_END;
		EXPECT(makers[i](&t, &of, &next) == 0 && next == TEXT_END);
		EXPECT(!t.failed && t.len > 1 && t.buf[t.len - 1] == '\n');
		kfree(t.buf);
	}
}

TEST(device_names_are_checked)
{
	EXPECT(dev_add("", 0600, 0, NULL) == -EINVAL);
	EXPECT(dev_add("a/b", 0600, 0, NULL) == -EINVAL);
	EXPECT(dev_add("..", 0600, 0, NULL) == -EINVAL);
	EXPECT(dev_add("a-name-that-is-far-too-long-for-a-device", 0600, 0, NULL) == -EINVAL);
	EXPECT(dev_add("null", 0600, 0, NULL) == -EEXIST);
}

TEST(mount_paths_are_checked)
{
	EXPECT(mount_remove("/nothing") == -EINVAL);
	EXPECT(mount_remove("/proc") == -EINVAL);
	EXPECT(mount_remove("relative") == -EINVAL);
	EXPECT(mount_remove("/a/b") == -EINVAL);
}

/* ---- file.node: a filesystem that counts ---- */

#define INODES 8
static struct { uint64_t lookups, given_back; uint32_t nlink; unsigned fetched; } inode[INODES];

static int fake_getattr(struct filesystem *fs, uint64_t ino, struct fs_attr *attr)
{
	(void)fs;
	memset(attr, 0, sizeof *attr);
	attr->ino = ino;
	attr->mode = S_IFDIR | 0700;
	attr->nlink = inode[ino].nlink;
	inode[ino].fetched++;
	return 0;
}

static void fake_close(struct filesystem *fs, uint64_t ino, uint64_t lookups, const struct node *n)
{
	(void)fs, (void)n;
	inode[ino].given_back += lookups;
}

static const struct fs_ops fake_ops = { .type = "fake", .getattr = fake_getattr, .close = fake_close };

static struct filesystem *fake_begin(void)
{
	memset(inode, 0, sizeof inode);
	for (unsigned i = 0; i < INODES; i++)
		inode[i].nlink = 1;
	return fs_create(&fake_ops, false);
}

/* What server_lookup does, with an answer as old as `changes`. */
static struct node *fake_lookup(struct filesystem *fs, uint64_t ino, uint64_t changes)
{
	struct fs_attr attr;
	struct node *n;

	inode[ino].lookups++;
	fake_getattr(fs, ino, &attr);
	return node_cache_get(fs, &attr, changes, &n) ? NULL : n;
}

/* Everything out of the cache: each lookup must have been given back, once. */
static void fake_end(struct filesystem *fs)
{
	fs->state = FS_LEAVING;
	node_cache_close_fs(fs);
	fs->state = FS_GONE;
	EXPECT(fs->refs == 1);
	fs_put(fs);
	for (unsigned i = 0; i < INODES; i++)
		EXPECT(inode[i].lookups == inode[i].given_back);
}

TEST(an_inode_has_one_node_and_keeps_it_while_idle)
{
	struct filesystem *fs = fake_begin();

	REQUIRE(fs != NULL);
	struct node *a = fake_lookup(fs, 1, node_cache_changes()), *b = fake_lookup(fs, 1, node_cache_changes());
	EXPECT(a && a == b && a->refs == 2);
	node_put(a);
	node_put(b);
	EXPECT(inode[1].given_back == 0);
	EXPECT(fake_lookup(fs, 1, node_cache_changes()) == a);
	node_put(a);
	fake_end(fs);
}

TEST(lookups_are_given_back_when_memory_is_wanted)
{
	struct filesystem *fs = fake_begin();

	REQUIRE(fs != NULL);
	for (unsigned i = 1; i < INODES; i++)
		node_put(fake_lookup(fs, i, node_cache_changes()));
	struct node *held = fake_lookup(fs, 1, node_cache_changes());
	while (node_cache_shrink(64))
		;
	EXPECT(inode[1].given_back == 0);
	for (unsigned i = 2; i < INODES; i++)
		EXPECT(inode[i].given_back == 1);
	node_put(held);
	fake_end(fs);
}

TEST(an_unlinked_inode_closes_with_its_last_reference)
{
	struct filesystem *fs = fake_begin();

	REQUIRE(fs != NULL);
	struct node *n = fake_lookup(fs, 3, node_cache_changes());
	node_lost_name(fs, 3, 0);
	EXPECT(n->nlink == 0 && inode[3].given_back == 0);
	node_put(n);
	EXPECT(inode[3].given_back == 1);
	/* idle when it loses its name: it goes at once */
	node_put(fake_lookup(fs, 4, node_cache_changes()));
	node_lost_name(fs, 4, 0);
	EXPECT(inode[4].given_back == 1);
	fake_end(fs);
}

TEST(an_answer_from_before_a_change_is_asked_for_again)
{
	struct filesystem *fs = fake_begin();

	REQUIRE(fs != NULL);
	uint64_t before = node_cache_changes();
	node_lost_name(fs, 5, 1);
	struct node *n = fake_lookup(fs, 5, before);
	EXPECT(inode[5].fetched == 2); /* the answer, and again */
	node_put(n);
	fake_end(fs);
}

TEST(unmounting_takes_lookups_from_nodes_in_use)
{
	struct filesystem *fs = fake_begin();

	REQUIRE(fs != NULL);
	struct node *n = fake_lookup(fs, 6, node_cache_changes());
	fs->state = FS_LEAVING;
	node_cache_close_fs(fs);
	EXPECT(inode[6].given_back == 1);
	fs->state = FS_GONE;
	node_put(n);
	fs_put(fs);
	EXPECT(inode[6].given_back == 1);
}

/* ---- file.pipe ---- */

static int64_t put(struct file *f, const void *bytes, size_t len)
{
	return f->ops->write_kernel(f, bytes, len, NULL);
}

TEST(a_pipe_holds_64_kib_and_then_says_so)
{
	struct file *end[2];
	char *bytes = kzalloc(PAGE_SIZE);
	int64_t total = 0, n;

	REQUIRE(bytes && pipe_create(O_NONBLOCK, end) == 0);
	EXPECT(end[0]->ops->poll(end[0]) == 0);
	EXPECT(end[1]->ops->poll(end[1]) == POLLOUT);
	while ((n = put(end[1], bytes, PAGE_SIZE)) > 0)
		total += n;
	EXPECT(n == -EAGAIN && total == 65536);
	EXPECT(end[0]->ops->poll(end[0]) == POLLIN);
	EXPECT(end[1]->ops->poll(end[1]) == 0);
	file_put(end[1]);
	EXPECT(end[0]->ops->poll(end[0]) == (POLLIN | POLLHUP));
	file_put(end[0]);
	kfree(bytes);
}

TEST(a_small_pipe_write_is_all_or_nothing)
{
	struct file *end[2];
	char *bytes = kzalloc(65536);

	REQUIRE(bytes && pipe_create(O_NONBLOCK, end) == 0);
	EXPECT(put(end[1], bytes, 65536 - 10) == 65536 - 10);
	EXPECT(put(end[1], bytes, 11) == -EAGAIN);
	EXPECT(put(end[1], bytes, 5000) == 10); /* more than PIPE_BUF: what fits */
	EXPECT(put(end[1], bytes, 1) == -EAGAIN);
	file_put(end[0]);
	EXPECT(end[1]->ops->poll(end[1]) == POLLERR);
	file_put(end[1]);
	kfree(bytes);
}

/* ---- file.lib: gates, texts, records ---- */

static struct gate gate;
static volatile unsigned passed, inside;

static void gate_thread(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 50; i++) {
		EXPECT(gate_enter(&gate) == 0);
		EXPECT(inside++ == 0);
		sched_yield();
		inside--;
		gate_leave(&gate);
	}
	__atomic_add_fetch(&passed, 1, __ATOMIC_SEQ_CST);
}

TEST(one_thread_at_a_time_passes_a_gate)
{
	unsigned threads = 0;

	gate_init(&gate);
	passed = 0;
	for (unsigned i = 0; i < 3; i++)
		threads += thread_create_kernel("gate", gate_thread, NULL) != NULL;
	while (passed < threads)
		sched_yield();
	EXPECT(threads == 3 && gate.state == 0);
}

TEST(a_text_grows_and_pads)
{
	struct text t = { .buf = NULL };

	for (unsigned i = 0; i < 1000; i++)
		text_printf(&t, "%03u ", i);
	EXPECT(t.len == 4000 && !t.failed && !memcmp(t.buf + 3996, "999 ", 4));
	size_t start = t.len;
	text_printf(&t, "ab");
	text_pad(&t, start, 5);
	EXPECT(t.len == start + 5 && !memcmp(t.buf + start, "ab   ", 5));
	kfree(t.buf);
}

TEST(directory_records_are_padded_to_eight_bytes)
{
	char buf[64];
	size_t used = 0;
	const struct abi_dirent64 *d = (const void *)buf;

	EXPECT(dirent_add(buf, sizeof buf, &used, 7, 1, S_IFREG, "abcd") && used == 24);
	EXPECT(d->d_ino == 7 && d->d_off == 1 && d->d_reclen == 24 && d->d_type == DT_REG && !strcmp(d->d_name, "abcd"));
	EXPECT(dirent_add(buf, sizeof buf, &used, 8, 2, S_IFDIR, "abcde") && used == 24 + 32);
	EXPECT(!dirent_add(buf, sizeof buf, &used, 9, 3, S_IFLNK, "x") && used == 56);
}

TEST(the_audit_sees_a_wrong_count_of_pages)
{
	int64_t pos = 0;
	struct file *f = memfd_create("counted", false, 0);
	REQUIRE(!is_err(f) && f->ops->write_kernel(f, "x", 1, &pos) == 1);
	struct object *o = f->node->object;
	EXPECT(vm_audit() == 0);
	o->quota->used++;
	EXPECT(vm_audit() == 1);
	o->quota->used--;
	o->charged--;
	EXPECT(vm_audit() >= 1);
	o->charged++;
	EXPECT(vm_audit() == 0);
	file_put(f);
}

TEST_SUITE(file_path, "file.path", TEST_CASE(walk_makes_canonical_names), TEST_CASE(walk_gives_linux_errors),
           TEST_CASE(walk_of_a_parent_keeps_the_last_component), TEST_CASE(mounts_stand_over_the_root));
TEST_SUITE(file_open, "file.open", TEST_CASE(open_gives_linux_errors),
           TEST_CASE(open_survives_every_failing_allocation),
           TEST_CASE(proc_texts_end_with_a_newline), TEST_CASE(device_names_are_checked),
           TEST_CASE(mount_paths_are_checked));
TEST_SUITE(file_node, "file.node", TEST_CASE(an_inode_has_one_node_and_keeps_it_while_idle),
           TEST_CASE(lookups_are_given_back_when_memory_is_wanted),
           TEST_CASE(an_unlinked_inode_closes_with_its_last_reference),
           TEST_CASE(an_answer_from_before_a_change_is_asked_for_again),
           TEST_CASE(unmounting_takes_lookups_from_nodes_in_use));
TEST_SUITE(file_pipe, "file.pipe",
           TEST_CASE(a_pipe_holds_64_kib_and_then_says_so), TEST_CASE(a_small_pipe_write_is_all_or_nothing));
TEST_SUITE(file_audit, "file.audit", TEST_CASE(the_audit_sees_a_wrong_count_of_pages));
TEST_SUITE(file_lib, "file.lib", TEST_CASE(one_thread_at_a_time_passes_a_gate), TEST_CASE(a_text_grows_and_pads),
           TEST_CASE(directory_records_are_padded_to_eight_bytes));
