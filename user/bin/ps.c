/* SPDX-License-Identifier: MIT */
/*
 * ps [-e] - list all processes
 *
 * Everything comes from /proc/PID/stat (proc(5): pid, name in parentheses, state, parent, ..., times in
 * field 14 and 15, virtual size in 23, resident pages in 24) and /proc/PID/cmdline. A process may end
 * while it is being read: it is left out. The name may hold blanks and parentheses, so the fields are
 * counted from the last closing parenthesis.
 *
 *	PID PPID STATE  RSS (KiB)  SIZE (KiB)  TIME (processor, m:ss)  COMMAND
 */
#include <dirent.h>

#include "procfile.h"

struct process {
	int pid, ppid;
	char state;
	unsigned long long ticks, size_kib, rss_kib;
	char command[256];
};

static struct process *list;
static size_t count, cap;

/* The command line with blanks for the NULs; a process without one shows its name in brackets. */
static void read_command(struct process *p, const char *name, size_t name_len)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", p->pid);
	n = proc_read(path, p->command, sizeof(p->command));
	if (n <= 0) {
		snprintf(p->command, sizeof(p->command), "[%.*s]", (int)name_len, name);
		return;
	}
	for (ssize_t i = 0; i < n; i++)
		if (!p->command[i] || p->command[i] == '\n')
			p->command[i] = ' ';
	while (n > 0 && p->command[n - 1] == ' ')
		p->command[--n] = '\0';
}

static int read_process(int pid, struct process *p)
{
	char path[64], text[1024], *name, *end, *s;
	long page_kib = sysconf(_SC_PAGESIZE) / 1024;
	unsigned long long field[25] = { 0 };

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (proc_read(path, text, sizeof(text)) <= 0)
		return -1;
	name = strchr(text, '(');
	end = strrchr(text, ')');
	if (!name || !end || end[1] != ' ' || !end[2])
		return -1;
	p->pid = pid;
	p->state = end[2];
	s = end + 3;
	for (int i = 4; i <= 24 && *s; i++) {
		char *next;

		field[i] = strtoull(s, &next, 10);
		if (next == s)
			break;
		s = next;
	}
	p->ppid = field[4];
	p->ticks = field[14] + field[15];
	p->size_kib = field[23] / 1024;
	p->rss_kib = field[24] * page_kib;
	read_command(p, name + 1, end - name - 1);
	return 0;
}

static void read_all(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;

	if (!dir)
		err(1, "/proc");
	while ((e = readdir(dir))) {
		char *end;
		long pid = strtol(e->d_name, &end, 10);

		if (*end || pid <= 0)
			continue;
		if (count == cap) {
			cap = cap * 2 + 64;
			list = realloc(list, cap * sizeof(*list));
			if (!list)
				err(1, NULL);
		}
		if (read_process(pid, &list[count]) == 0)
			count++;
	}
	closedir(dir);
}

static int by_pid(const void *a, const void *b)
{
	return ((const struct process *)a)->pid - ((const struct process *)b)->pid;
}

int main(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "eAaxf")) != -1)
		if (c == '?')
			usage("ps [-e]");
	read_all();
	if (!count)
		errx(1, "/proc shows no process");
	qsort(list, count, sizeof(*list), by_pid);
	printf("%5s %5s S %8s %9s %7s COMMAND\n", "PID", "PPID", "RSS", "SIZE", "TIME");
	for (size_t i = 0; i < count; i++) {
		struct process *p = &list[i];
		unsigned long long seconds = p->ticks / 100;

		printf("%5d %5d %c %8llu %9llu %4llu:%02llu %s\n", p->pid, p->ppid, p->state, p->rss_kib,
		       p->size_kib, seconds / 60, seconds % 60, p->command);
	}
	return finish(0);
}
