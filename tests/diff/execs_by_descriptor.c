/* SPDX-License-Identifier: MIT */
/*
 * execveat(2): programs and scripts found by a descriptor, with a name and without one; flags; what the new program is
 * told of itself. Each is this program again, which then says how it was started.
 */
#include "show.h"

#include <sys/auxv.h>
#include <sys/prctl.h>

#define EMPTY    0x1000
#define NOFOLLOW 0x100

static char *const args[] = { "started", "with", NULL };
static char *const environment[] = { "A=b", NULL };

/* We are the new program. */
static int say(int argc, char **argv)
{
	char comm[16];

	prctl(PR_GET_NAME, comm);
	printf("runs as %s, execfn %s, arguments", comm, (char *)getauxval(AT_EXECFN));
	for (int i = 0; i < argc; i++)
		printf(" %s", argv[i]);
	printf("\n");
	fflush(stdout);
	return 0;
}

static void try_args(const char *what, int dir, const char *path, char *const *argv, unsigned flags)
{
	printf("%s: ", what);
	fflush(stdout);
	if (!fork()) {
		long r = CALL(execveat, dir, path, argv, environment, flags);
		printf("%s\n", shown(r));
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
}

static void try(const char *what, int dir, const char *path, unsigned flags)
{
	try_args(what, dir, path, args, flags);
}

static int copy_to(const char *self, int to)
{
	char buf[4096];
	int from = open(self, O_RDONLY);

	for (ssize_t n; (n = read(from, buf, sizeof buf)) > 0;)
		if (write(to, buf, (size_t)n) != n)
			break;
	close(from);
	return to;
}

static void put(const char *path, const char *text, int mode)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0755);

	if (write(fd, text, strlen(text)) < 0)
		perror(path);
	fchmod(fd, (mode_t)mode);
	close(fd);
}

static void programs(void)
{
	int dir = open(".", O_RDONLY | O_DIRECTORY), fd = open("self", O_RDONLY), path = open("self", O_PATH);
	int closed = open("self", O_RDONLY | O_CLOEXEC), link = open("link", O_PATH | O_NOFOLLOW), ends[2];

	CALL(pipe2, ends, 0);
	try("by name", AT_FDCWD, "self", 0), try("by name from a directory", dir, "self", 0);
	try("by absolute name, no such descriptor", 99, "/none", 0);
	try("empty", fd, "", 0), try("empty allowed", fd, "", EMPTY), try("closed at exec", closed, "", EMPTY);
	try("O_PATH", path, "", EMPTY), try("name and empty", dir, "./self", EMPTY), try("directory", dir, "", EMPTY);
	try("working directory", AT_FDCWD, "", EMPTY), try("no descriptor", 99, "", EMPTY), try("no directory", 99, "self", 0);
	try("below a file", fd, "self", 0), try("pipe", ends[0], "", EMPTY), try("link", dir, "link", 0);
	try("link not followed", dir, "link", NOFOLLOW), try("not followed, no link", dir, "self", NOFOLLOW);
	try("link itself", link, "", EMPTY), try("link itself not followed", link, "", EMPTY | NOFOLLOW);
	try("bad flags", dir, "self", 1), try("bad flags, no file", dir, "none", 0x2000), try("none", dir, "none", 0);
	try("bad name", dir, (char *)8, 0), try("no name", dir, NULL, EMPTY), try("bad flags and name", dir, (char *)8, 1);
	try("bad flags and empty", fd, "", EMPTY | 1), try("bad flags, empty not allowed", fd, "", 1);
	try_args("bad arguments", fd, "", (char *const *)8, EMPTY);
	try("not executable", open("plain", O_RDONLY), "", EMPTY), try("no program", open("text", O_RDONLY), "", EMPTY);
	int written = open("self", O_RDWR);
	try("open for writing", written, "", EMPTY);
	close(written);
	int doomed = open("self2", O_RDONLY);
	CALL(unlink, "self2");
	try("unlinked", doomed, "", EMPTY);
	close(doomed), close(ends[0]), close(ends[1]), close(link), close(closed), close(path), close(fd), close(dir);
}

static void scripts(void)
{
	int dir = open(".", O_RDONLY), there = open("script", O_RDONLY), closed = open("script", O_RDONLY | O_CLOEXEC);
	int closed_dir = open(".", O_RDONLY | O_CLOEXEC);

	try("script by name", AT_FDCWD, "script", 0), try("script", there, "", EMPTY), try("script, closed at exec", closed, "", EMPTY);
	try("script from a directory", dir, "script", 0), try("script from a directory closed at exec", closed_dir, "script", 0);
	try("absolute script, closed at exec", closed, "/var/tmp/execs_script", 0);
	try("nested script", open("nested", O_RDONLY), "", EMPTY), try("nested, closed", open("nested", O_RDONLY | O_CLOEXEC), "", EMPTY);
	try("empty script, closed", open("hash", O_RDONLY | O_CLOEXEC), "", EMPTY);
	try("script of nothing, closed", open("lost", O_RDONLY | O_CLOEXEC), "", EMPTY), try("of nothing", open("lost", O_RDONLY), "", EMPTY);
}

static void memory_files(const char *self)
{
	int fd = copy_to(self, (int)CALL(memfd_create, "program", 0)), closed = copy_to(self, (int)CALL(memfd_create, "closed", MFD_CLOEXEC));

	try("memory file", fd, "", EMPTY), try("memory file, closed at exec", closed, "", EMPTY);
	CALL(fchmod, fd, 0644);
	try("memory file that is not executable", fd, "", EMPTY);
	int script = (int)CALL(memfd_create, "script", 0);
	char line[300];
	snprintf(line, sizeof line, "#!%s argument\n", self);
	if (write(script, line, strlen(line)) < 0)
		perror("script");
	try("script in memory", script, "", EMPTY);
}

int main(int argc, char **argv)
{
	char self[200], line[300];

	if (getenv("A"))
		return say(argc, argv);
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	self[n > 0 ? n : 0] = '\0';
	CALL(umask, 0), CALL(close_range, 3, ~0u, 0);
	int fd = copy_to(self, open("self", O_CREAT | O_RDWR, 0755));
	close(fd), close(copy_to(self, open("self2", O_CREAT | O_RDWR, 0755)));
	CALL(symlink, "self", "link");
	put("plain", "text", 0644), put("text", "text", 0755), put("hash", "#!\n", 0755), put("lost", "#!/none/such\n", 0755);
	CALL(link, "self", "/var/tmp/execs_self");
	snprintf(line, sizeof line, "#!/var/tmp/execs_self one word\n");
	put("script", line, 0755), put("/var/tmp/execs_script", line, 0755);
	put("nested", "#!/var/tmp/execs_script again\n", 0755);
	programs();
	scripts();
	memory_files("/var/tmp/execs_self");
	CALL(unlink, "/var/tmp/execs_self"), CALL(unlink, "/var/tmp/execs_script");
	return 0;
}
