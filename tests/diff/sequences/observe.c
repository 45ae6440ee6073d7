/* SPDX-License-Identifier: MIT */
/*
 * What the real arena looks like, against what the model says: the lines of /proc/self/maps that lie in the arena, and
 * every byte that can be read there and in the two files. All that was seen goes into a hash, so that two systems can
 * be compared without the model.
 *
 * Reading a page brings it in. That must not show (a page never stored to has no family, and reads as zeros before and
 * after), but it hides mistakes of the kind that only a first touch can make; so only some sequences read everything
 * after every step.
 */
#include "sequences.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct line {
	int first, end;
	char access[5];
	char shows;       /* 'a' or 'b': a file; 'z': an object without a name; '-': private anonymous memory */
	long offset;      /* pages */
};

/* ---- /proc/self/maps ---- */

static char what_is_shown(const char *name)
{
	size_t len = strlen(name);

	if (len == 0)
		return '-';
	if (strncmp(name, "/dev/zero", 9) == 0)
		return 'z';
	return len >= 2 && name[len - 2] == '/' ? name[len - 1] : '?';
}

/* One line; false: it lies behind the arena. */
static bool parse_line(char *text, struct line *l)
{
	char *at = text;
	unsigned long start = strtoul(at, &at, 16), end = strtoul(at + 1, &at, 16), arena = (unsigned long)ARENA;

	if (start >= arena + (unsigned long)ARENA_BYTES)
		return false;
	l->first = (int)((long)(start - arena) / PAGE);
	l->end = (int)((long)(end - arena) / PAGE);
	memcpy(l->access, at + 1, 4);
	l->access[4] = '\0';
	l->offset = (long)(strtoul(at + 6, &at, 16) / PAGE);
	strtoul(at + 1, &at, 16); /* device */
	strtoul(at + 1, &at, 16);
	strtoul(at, &at, 10);     /* inode */
	l->shows = what_is_shown(at + strspn(at, " "));
	return true;
}

/* Reads until there is a line from behind the arena: the kernel need not make more lines than it is asked for. */
static void read_maps(char *text, size_t room)
{
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	size_t len = 0, line = 0;
	ssize_t n = 1;

	while (n > 0 && len < room - 1) {
		n = read(fd, text + len, len + 1000 < room ? 1000 : room - 1 - len);
		len += n > 0 ? (size_t)n : 0;
		text[len] = '\0';
		for (char *end; (end = strchr(text + line, '\n')); line = (size_t)(end + 1 - text))
			if (strtoul(text + line, NULL, 16) >= (unsigned long)(ARENA + ARENA_BYTES))
				n = 0;
	}
	close(fd);
}

static int real_lines(struct line *line, int max)
{
	static char text[16384];
	int n = 0;

	read_maps(text, sizeof(text));
	for (char *at = text, *end; (end = strchr(at, '\n')) && n < max; at = end + 1) {
		*end = '\0';
		if (!parse_line(at, &line[n]))
			break;
		n++;
	}
	return n;
}

static int model_lines(const struct process *p, struct line *line)
{
	for (int i = 0; i < p->areas; i++) {
		const struct area *a = &p->area[i];
		line[i] = (struct line){ .first = a->first, .end = a->end, .offset = a->object == NOTHING ? 0 : a->offset };
		snprintf(line[i].access, sizeof(line[i].access), "%c%c%c%c", a->flags & READ ? 'r' : '-',
		         a->flags & WRITE ? 'w' : '-', a->flags & EXEC ? 'x' : '-', area_is_shared(a) ? 's' : 'p');
		line[i].shows = a->object == NOTHING ? '-' : a->object < FILES ? (char)('a' + a->object) : 'z';
	}
	return p->areas;
}

static bool same_line(const struct line *a, const struct line *b)
{
	return a->first == b->first && a->end == b->end && strcmp(a->access, b->access) == 0 && a->shows == b->shows &&
	       a->offset == b->offset;
}

static size_t print_lines(char *text, size_t room, const char *title, const struct line *line, int n)
{
	size_t len = (size_t)snprintf(text, room, "  %s:\n", title);

	for (int i = 0; i < n && len < room; i++)
		len += (size_t)snprintf(text + len, room - len, "    %2d-%-2d %s %c %ld\n", line[i].first, line[i].end,
		                        line[i].access, line[i].shows, line[i].offset);
	return len;
}

bool observe_maps(const struct world *w, int who, uint64_t *hash, char *why, size_t room)
{
	struct line real[ARENA_PAGES + 1], model[ARENA_PAGES + 1];
	int n = real_lines(real, ARENA_PAGES + 1), expected = model_lines(&w->process[who], model);
	bool same = n == expected;

	for (int i = 0; i < n; i++) {
		const struct line *l = &real[i];
		same = same && same_line(l, &model[i]);
		hash_add(hash, (uint64_t)l->first << 48 | (uint64_t)l->end << 40 | (uint64_t)l->shows << 32 |
		         (uint64_t)l->offset);
		hash_add(hash, (uint64_t)l->access[0] << 24 | (uint64_t)l->access[1] << 16 | (uint64_t)l->access[2] << 8 |
		                       (uint64_t)l->access[3]);
	}
	if (!same) {
		size_t len = print_lines(why, room, "maps should be (page-page access object offset)", model, expected);
		if (len < room)
			print_lines(why + len, room - len, "maps are", real, n);
	}
	return same;
}

/* ---- bytes ---- */

static bool observe_arena(const struct world *w, int who, uint64_t *hash, char *why, size_t room)
{
	for (int page = 0; page < ARENA_PAGES; page++) {
		if (!page_is_readable(w, who, page))
			continue;
		for (int g = 0; g < GRAINS; g++) {
			long addr = (long)page * PAGE + g * GRAIN;
			uint8_t byte, expected = page_byte(w, who, addr);
			if (!real_load(ARENA + addr, &byte)) {
				snprintf(why, room, "  page %d of process %d cannot be read\n", page, who);
				return false;
			}
			hash_add(hash, byte);
			if (byte != expected) {
				snprintf(why, room, "  page %d byte %d of process %d is %02x and should be %02x\n", page,
				         g * GRAIN, who, byte, expected);
				return false;
			}
		}
	}
	return true;
}

static bool observe_file(const struct world *w, int file, uint64_t *hash, char *why, size_t room)
{
	static uint8_t bytes[(FILE_PAGES + 1) * PAGE];
	const struct object *o = &w->object[file];
	long size = pread(game->fd[file], bytes, o->grains * GRAIN + 1, 0);

	if (size != (long)o->grains * GRAIN) {
		snprintf(why, room, "  file %c has %ld bytes and should have %u\n", 'a' + file, size, o->grains * GRAIN);
		return false;
	}
	hash_add(hash, (uint64_t)size);
	for (unsigned g = 0; g < o->grains; g++) {
		hash_add(hash, bytes[g * GRAIN]);
		if (bytes[g * GRAIN] != o->byte[g]) {
			snprintf(why, room, "  file %c, byte %u is %02x and should be %02x\n", 'a' + file, g * GRAIN,
			         bytes[g * GRAIN], o->byte[g]);
			return false;
		}
	}
	return true;
}

bool observe_bytes(const struct world *w, int who, uint64_t *hash, char *why, size_t room)
{
	return observe_arena(w, who, hash, why, room) && observe_file(w, 0, hash, why, room) &&
	       observe_file(w, 1, hash, why, room);
}
