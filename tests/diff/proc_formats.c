/* SPDX-License-Identifier: MIT */
/*
 * What a reader of /proc finds: formats, names of lines, and the values that both systems must agree on. What changes
 * from run to run is masked.
 */
#include "show.h"
#include <dirent.h>

/* Prints a text with every number replaced by 9, so that only the form is left. */
static void form(const char *text)
{
	for (bool digit = false; *text; text++) {
		bool now = *text >= '0' && *text <= '9';
		if (!now || !digit)
			putchar(now ? '9' : *text);
		digit = now;
	}
}

static void names(const char *path)
{
	printf("%s:", path);
	for (const char *line = file_text(path); *line;) {
		if (strncmp(line, "DirectMap1G", 11) != 0) /* the processor decides */
			printf(" %.*s", (int)strcspn(line, ": \t\n"), line);
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	printf("\n");
}

static void lines_with(const char *path, const char *const *wanted)
{
	const char *text = file_text(path);

	for (; *wanted; wanted++) {
		const char *line = text;
		while (line && strncmp(line, *wanted, strlen(*wanted)) != 0) {
			line = strchr(line, '\n');
			line = line && line[1] ? line + 1 : NULL;
		}
		printf("  %.*s\n", line ? (int)strcspn(line, "\n") : 6, line ? line : "no line");
	}
}

/* The lines of maps: device and inode are masked. */
static void show_maps(const char *path)
{
	printf("%s\n", path);
	for (const char *line = file_text(path); *line;) {
		unsigned long from = 0, to = 0, off = 0, inode = 0;
		unsigned major = 0, minor = 0;
		char perms[8] = "";
		int name = 0, len = (int)strcspn(line, "\n");
		sscanf(line, "%lx-%lx %7s %lx %x:%x %lu%n", &from, &to, perms, &off, &major, &minor, &inode, &name);
		int gap = (int)strspn(line + name, " ");
		printf("  %08lx-%08lx %s %08lx dev %s inode %s at %d: %.*s\n", from, to, perms, off,
		       major || minor ? "some" : "0", inode ? "some" : "0", line[name + gap] == '\n' ? gap : name + gap,
		       len - name - gap, line + name + gap);
		line += len;
		line += *line == '\n';
	}
}

/* smaps of the arena alone, whole. */
static void show_smaps(void)
{
	bool inside = false;

	for (const char *line = file_text("/proc/self/smaps"); *line;) {
		unsigned long from, to;
		char perms[8];
		int len = (int)strcspn(line, "\n");
		if (sscanf(line, "%lx-%lx %7s", &from, &to, perms) == 3) {
			inside = from >= ARENA && to <= ARENA + ARENA_PAGES * PAGE;
			if (inside)
				printf("  [%lu-%lu %s]\n", (from - ARENA) / PAGE, (to - ARENA) / PAGE, perms);
		} else if (inside) {
			printf("  %.*s\n", len, line);
		}
		line += len;
		line += *line == '\n';
	}
}

static void mappings(void)
{
	int file = make_file("file", 8), memfd = make_memfd("m", 4, 0);

	map_at(0, 4, RW, PRIVATE, -1, 0);
	*at(1) = 1;
	map_at(10, 4, RW, SHARED, -1, 0);
	*at(11) = 1;
	map_at(20, 4, RW, MAP_SHARED, file, 0);
	map_at(30, 4, RW, MAP_PRIVATE, file, PAGE);
	*at(31) = 1;
	map_at(40, 2, PROT_READ, MAP_PRIVATE, memfd, 0);
	map_at(50, 2, PROT_NONE, PRIVATE, -1, 0);
	map_at(60, 2, RW, PRIVATE | MAP_GROWSDOWN, -1, 0);
	map_at(70, 2, RW, PRIVATE | MAP_NORESERVE, -1, 0);
	map_at(80, 2, RW, PRIVATE | MAP_LOCKED, -1, 0);
	CALL(madvise, at(2), PAGE, MADV_SEQUENTIAL);
	CALL(madvise, at(3), PAGE, MADV_DONTFORK);
	CALL(madvise, at(12), PAGE, MADV_DONTDUMP);
	CALL(madvise, at(71), PAGE, MADV_WIPEONFORK);
	CALL(mlock2, at(13), PAGE, 1);
	close(open("with space\n", O_CREAT | O_RDWR, 0644));
	int odd = open("with space\n", O_RDWR);
	map_at(90, 1, PROT_READ, MAP_SHARED, odd, 0);
	map_at(92, 1, PROT_READ, MAP_SHARED, odd, 0);
	unlink("with space\n");
	show_maps("/proc/self/maps");
	show_smaps();
	unlink("file");
	show_maps("/proc/self/maps");
	char numa[32];
	snprintf(numa, sizeof(numa), "/proc/%d/maps", getpid());
	printf("by number the same: %d\n", file_text(numa)[0] != 0);
	clear_arena();
}

static void texts(void)
{
	static const char *const status[] = { "Name:", "Umask:", "State:", "Uid:", "Gid:", "VmPeak:", "VmSize:", "VmLck:",
					      "VmPin:", "VmData:", "VmStk:", "VmExe:", "VmLib:", "VmSwap:", "Threads:",
					      "SigPnd:", "SigBlk:", "SigIgn:", "SigCgt:", NULL };
	char path[64], target[256];

	names("/proc/self/status");
	lines_with("/proc/self/status", status);
	printf("stat: ");
	form(file_text("/proc/self/stat"));
	printf("statm: ");
	form(file_text("/proc/self/statm"));
	unsigned long size, resident, shared, text, lib, data;
	sscanf(file_text("/proc/self/statm"), "%lu %lu %lu %lu %lu %lu", &size, &resident, &shared, &text, &lib, &data);
	printf("size %lu text %lu lib %lu data %lu\n", size, text, lib, data);
	int fd = open("/proc/self/cmdline", O_RDONLY);
	ssize_t n = read(fd, target, sizeof(target));
	printf("cmdline: %zd bytes, %s\n", n, n > 0 ? target : "");
	n = readlink("/proc/self/exe", target, sizeof(target) - 1);
	printf("exe: %.*s\n", (int)n, target);
	n = readlink("/proc/self/cwd", target, sizeof(target) - 1);
	printf("cwd: %.*s\n", (int)n, target);
	n = readlink("/proc/self/root", target, sizeof(target) - 1);
	printf("root: %.*s\n", (int)n, target);
	for (int i = 0; i < 5; i++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", i);
		n = readlink(path, target, sizeof(target) - 1);
		printf("fd %d: %.*s\n", i, (int)n, target);
	}
	names("/proc/meminfo");
	names("/proc/self/limits");
	/* How many processes and signals there may be follows from the size of memory. */
	for (const char *line = strtok((char *)file_text("/proc/self/limits"), "\n"); line; line = strtok(NULL, "\n")) {
		if (strncmp(line, "Max processes", 13) != 0 && strncmp(line, "Max pending", 11) != 0) {
			form(line);
			printf("\n");
		}
	}
}

static void system_files(void)
{
	static const char *const vmstat[] = { "pgfault ", "pgmajfault ", "pswpin ", "pswpout ", "pgpgin ", "pgpgout ",
					      "nr_free_pages ", "nr_dirty ", "nr_mapped ", "nr_writeback ", "pgfree ", NULL };
	static const char *const settings[] = { "overcommit_memory", "overcommit_ratio", "overcommit_kbytes",
	                                        "max_map_count",
						"mmap_min_addr", "swappiness", "dirty_ratio", "dirty_background_ratio",
						"dirty_expire_centisecs", "dirty_writeback_centisecs", "min_free_kbytes", "nr_hugepages",
						"drop_caches", "admin_reserve_kbytes",
						"user_reserve_kbytes", "legacy_va_layout", "overcommit_bytes", NULL };
	char path[64];

	for (const char *const *name = vmstat; *name; name++)
		printf("vmstat %s: %s\n", *name, strstr(file_text("/proc/vmstat"), *name) ? "there" : "missing");
	for (const char *const *name = settings; *name; name++) {
		struct stat st = { 0 };
		snprintf(path, sizeof(path), "/proc/sys/vm/%s", *name);
		int found = stat(path, &st);
		printf("%s: %s mode %o ", *name, found ? error_name(errno) : "there", st.st_mode);
		bool steady = strcmp(*name, "min_free_kbytes") && strcmp(*name, "user_reserve_kbytes") &&
		              strcmp(*name, "admin_reserve_kbytes");
		printf("%s%s", steady ? file_text(path) : "", steady && file_text(path)[0] ? "" : "\n");
	}
	printf("filesystems: %d %d\n", !!strstr(file_text("/proc/filesystems"), "\text2\n"),
	       !!strstr(file_text("/proc/filesystems"), "nodev\tproc\n"));
	printf("mounts: %d\n", !!strstr(file_text("/proc/mounts"), " / ext2 "));
	printf("self mounts the same: %d\n", !strcmp(file_text("/proc/self/mounts"), strdup(file_text("/proc/mounts"))));
	printf("no such process: %s\n", shown_ok(CALL(open, "/proc/999999/maps", O_RDONLY)));
	printf("write maps: %s\n", shown_ok(CALL(open, "/proc/self/maps", O_WRONLY)));
	int maps = open("/proc/self/maps", O_RDONLY);
	char byte[2];
	printf("seek: %s", shown(CALL(lseek, maps, 10, SEEK_SET)));
	printf(" read %s", shown(CALL(read, maps, byte, 2)));
	printf(" end %s", shown(CALL(lseek, maps, 0, SEEK_END)));
	printf(" pread %s\n", shown(CALL(pread64, maps, byte, 1, 0)));
	struct stat st;
	fstat(maps, &st);
	printf("mode %o size %ld\n", st.st_mode, (long)st.st_size);
}

static void other_users(void)
{
	pid_t child = fork();

	if (child == 0) {
		CALL(setuid, 1001);
		pause();
	}
	char path[64];
	static const char *const files[] = { "maps", "smaps", "stat", "status", "statm", "cmdline", "fd", "exe", "cwd",
	                                     "limits" };
	usleep(50000);
	IN_CHILD({
		CALL(setuid, 1000);
		for (size_t f = 0; f < COUNT(files); f++) {
			char target[128];
			snprintf(path, sizeof(path), "/proc/%d/%s", child, files[f]);
			int fd = (int)CALL(open, path, O_RDONLY);
			printf("%s of another user: open %s", files[f], shown_ok(fd));
			printf(" read %s", fd < 0 ? "-" : shown_ok(CALL(read, fd, target, 10)));
			printf(" readlink %s\n", shown_ok(CALL(readlink, path, target, sizeof(target))));
		}
	});
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* A process that has changed its ids and started no other program: root owns what is shown of it. */
static void other_user_itself(void)
{
	static const char *const files[] = { "maps", "environ", "pagemap", "exe", "fd", "fd/1", "fdinfo", "fdinfo/1",
	                                     "task", "comm", "oom_score_adj" };
	int status = 0;
	pid_t parent = getpid();

	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		char path[64];
		CALL(setgid, 1001), CALL(setuid, 1001);
		for (size_t f = 0; f < COUNT(files); f++) {
			snprintf(path, sizeof path, "/proc/self/%s", files[f]);
			printf("%s of itself: readable %s", files[f], shown(CALL(access, path, R_OK)));
			printf(" writable %s", shown(CALL(access, path, W_OK)));
			printf(" open %s\n", shown_ok(CALL(open, path, O_RDONLY | O_NONBLOCK)));
		}
		snprintf(path, sizeof path, "/proc/self/task/%d/comm", getpid());
		printf("comm of its thread: open %s\n", shown_ok(CALL(open, path, O_WRONLY)));
		snprintf(path, sizeof path, "/proc/%d/fd", parent);
		printf("fd of its parent: open %s\n", shown_ok(CALL(open, path, O_RDONLY)));
		fflush(stdout);
		_exit(0);
	}
	waitpid(child, &status, 0);
	printf("ended with %#x\n", (unsigned)status);
}

/* The processor's family is the same on both sides, its number of processors is one. */
static void processor(void)
{
	static const char *const fields[] = { "processor", "vendor_id", "cpu family", "model", "model name", "stepping" };
	static const char *const flags[] = { " fpu", " tsc", " cx8", " sse2", " syscall", " nx", " lm", " pni", " avx512f" };
	const char *text = file_text("/proc/cpuinfo");

	for (size_t i = 0; i < COUNT(fields); i++) {
		char start[32];
		int len = snprintf(start, sizeof start, "%s\t", fields[i]);
		const char *line = strncmp(text, start, (size_t)len) ? strstr(text, start) : text;
		printf("cpuinfo %.*s\n", line ? (int)strcspn(line, "\n") : 0, line);
	}
	const char *all = strstr(text, "flags\t");
	for (size_t i = 0; i < COUNT(flags); i++)
		printf("flag%s: %d\n", flags[i], all && strstr(all, flags[i]));
}

int main(void)
{
	mappings();
	processor();
	texts();
	system_files();
	other_users();
	other_user_itself();
	return 0;
}
