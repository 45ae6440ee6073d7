/* SPDX-License-Identifier: MIT */
/*
 * maps [PID | self] - the mappings of a process and what of them is in memory
 *
 * One line for every VMA, in pages, from /proc/PID/smaps (proc(5)):
 *
 *	SIZE	pages of address space: costs nothing by itself
 *	RSS	resident: pages the page tables map now
 *	DIRTY	of these, changed since they were last the same as their file (Private_Dirty + Shared_Dirty);
 *		pages that belong to no file count as dirty
 *	SHARED	of these, mapped by somebody else as well (Shared_Clean + Shared_Dirty)
 *
 * A line of numbers in smaps belongs to the last line that began with a range. Without an argument, or
 * with "self", maps shows itself.
 */
#include <stdbool.h>

#include "lines.h"

struct vma {
	char range[40], perms[8], offset[24];
	const char *name;
	unsigned long long size, rss, dirty, shared;
};

static unsigned long long total[4];

static void print(const struct vma *v)
{
	if (!v->range[0])
		return;
	printf("%-33s %-4s %8llu %6llu %6llu %6llu %s\n", v->range, v->perms, v->size, v->rss, v->dirty,
	       v->shared, v->name);
	total[0] += v->size;
	total[1] += v->rss;
	total[2] += v->dirty;
	total[3] += v->shared;
}

/* "lo-hi perms offset device inode name": true, with v filled, when the line is one. */
static bool parse_head(const char *s, struct vma *v, long page)
{
	static char name[4096];
	unsigned long long lo, hi;
	char *end;

	lo = strtoull(s, &end, 16);
	if (end == s || *end != '-')
		return false;
	hi = strtoull(end + 1, &end, 16);
	if (*end != ' ')
		return false;
	*v = (struct vma){ .size = (hi - lo) / page, .name = name };
	snprintf(v->range, sizeof(v->range), "%016llx-%016llx", lo, hi);
	snprintf(v->perms, sizeof(v->perms), "%.4s", end + 1);
	s = end + 1;
	for (int i = 0; i < 4; i++) {
		s += strcspn(s, " ");
		s += strspn(s, " ");
	}
	snprintf(name, sizeof(name), "%s", s);
	return true;
}

static void parse_count(const char *s, struct vma *v, unsigned long long page_kib)
{
	const char *colon = strchr(s, ':');
	unsigned long long pages;
	size_t n;

	if (!colon)
		return;
	n = colon - s;
	pages = strtoull(colon + 1, NULL, 10) / page_kib;
	if (n == 3 && memcmp(s, "Rss", 3) == 0)
		v->rss = pages;
	if (n == 13 && memcmp(s, "Private_Dirty", 13) == 0)
		v->dirty += pages;
	if (n == 12 && memcmp(s, "Shared_Dirty", 12) == 0)
		v->dirty += pages, v->shared += pages;
	if (n == 12 && memcmp(s, "Shared_Clean", 12) == 0)
		v->shared += pages;
}

int main(int argc, char **argv)
{
	long page = sysconf(_SC_PAGESIZE);
	struct vma vma = { .range = "" }, next;
	struct line l = { 0 };
	char path[64];
	FILE *f;

	if (argc > 2 || (argc == 2 && strcmp(argv[1], "self") != 0 &&
			 argv[1][strspn(argv[1], "0123456789")]))
		usage("maps [PID | self]");
	snprintf(path, sizeof(path), "/proc/%.20s/smaps", argc > 1 ? argv[1] : "self");
	f = fopen(path, "r");
	if (!f)
		err(1, "%s", path);
	printf("%-33s %-4s %8s %6s %6s %6s %s\n", "RANGE", "PERM", "SIZE", "RSS", "DIRTY", "SHARED", "NAME");
	while (line_read(f, &l)) {
		if (!vma.range[0] || strchr("0123456789abcdef", l.s[0])) {
			struct vma before = vma;
			char name[4096] = "";

			if (before.range[0])
				strcpy(name, before.name);
			before.name = name;
			if (parse_head(l.s, &next, page)) {
				print(&before);
				vma = next;
				continue;
			}
		}
		parse_count(l.s, &vma, page / 1024);
	}
	if (ferror(f))
		err(1, "%s", path);
	print(&vma);
	printf("%-33s %-4s %8llu %6llu %6llu %6llu pages\n", "TOTAL", "", total[0], total[1], total[2],
	       total[3]);
	return finish(0);
}
