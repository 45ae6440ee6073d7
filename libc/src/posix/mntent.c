/* SPDX-License-Identifier: MIT */
/*
 * Lists of mounted filesystems (getmntent(3)): a line each, six words, in which blanks and backslashes are \\ooo. Lines
 * without a folder, and those that begin with #, are passed over. A line that is longer than the caller's memory loses
 * its end. Adding lines is not offered: the list is the kernel's.
 */
#include <mntent.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\n"

static int is_octal(char c) { return c >= '0' && c <= '7'; }

/* In place. */
static char *unescape(char *word)
{
	char *to = word;

	for (const char *s = word; *s; to++) {
		if (s[0] == '\\' && is_octal(s[1]) && is_octal(s[2]) && is_octal(s[3])) {
			*to = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*to = *s++;
		}
	}
	*to = '\0';
	return word;
}

FILE *setmntent(const char *name, const char *mode)
{
	return fopen(name, mode);
}

static int get_line(FILE *file, char *text, int size)
{
	if (!fgets(text, size, file))
		return 0;
	if (!strchr(text, '\n'))
		for (int c; (c = getc(file)) != EOF && c != '\n';)
			;
	return 1;
}

struct mntent *getmntent_r(FILE *__restrict file, struct mntent *__restrict entry, char *__restrict text, int size)
{
	while (get_line(file, text, size)) {
		char *word[6] = { NULL }, *rest, *next = strtok_r(text, BLANKS, &rest);

		for (int i = 0; i < 6 && next; i++) {
			word[i] = unescape(next);
			next = strtok_r(NULL, BLANKS, &rest);
		}
		if (!word[1] || word[0][0] == '#')
			continue;
		*entry = (struct mntent){
			.mnt_fsname = word[0], .mnt_dir = word[1], .mnt_type = word[2] ? word[2] : (char *)"",
			.mnt_opts = word[3] ? word[3] : (char *)"", .mnt_freq = word[4] ? atoi(word[4]) : 0,
			.mnt_passno = word[5] ? atoi(word[5]) : 0,
		};
		return entry;
	}
	return NULL;
}

struct mntent *getmntent(FILE *file)
{
	static struct mntent entry;
	static char text[8192];

	return getmntent_r(file, &entry, text, sizeof(text));
}

int endmntent(FILE *file)
{
	if (file)
		fclose(file);
	return 1;
}

/* Where the option stands among those of the entry, whole or before its "="; NULL. */
char *hasmntopt(const struct mntent *entry, const char *option)
{
	size_t len = strlen(option);

	for (char *s = entry->mnt_opts; s; s = strchr(s, ',')) {
		s += *s == ',';
		if (strncmp(s, option, len) == 0 && (!s[len] || s[len] == ',' || s[len] == '='))
			return s;
	}
	return NULL;
}
