/* SPDX-License-Identifier: MIT */
/*
 * The boot line, as far as it is init's: run=PROG,ARG,... cwd=DIR env=K=V,... (percent-encoded, joined by ','), streams=1,
 * display=1, window=ROWSxCOLUMNS of the terminal. The words of it are decoded in place and stay.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "init.h"

#define LINE_MAX_BYTES 4096
#define WORDS_MAX  LINE_MAX_BYTES /* more than a line can hold */

static char boot_line[LINE_MAX_BYTES];
char *run_words[WORDS_MAX];
char *directory;
bool streams, display;
struct winsize window;

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 :
	       c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Replaces %XX in place. */
static void percent_decode(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s == '%' && hex_digit(s[1]) >= 0 && hex_digit(s[2]) >= 0) {
			*to++ = (char)(hex_digit(s[1]) << 4 | hex_digit(s[2]));
			s += 2;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/* Splits at ',' in place and decodes each word; an empty word is an empty argument. */
static void split_words(char *list, char **words)
{
	int n = 0;

	while (list && n < WORDS_MAX - 1) {
		char *comma = strchr(list, ',');
		if (comma)
			*comma++ = '\0';
		percent_decode(list);
		words[n++] = list;
		list = comma;
	}
	words[n] = NULL;
}

static void take_option(char *word)
{
	char *value = strchr(word, '=');

	if (!value)
		return;
	*value++ = '\0';
	if (strcmp(word, "run") == 0) {
		split_words(value, run_words);
	} else if (strcmp(word, "cwd") == 0) {
		percent_decode(value);
		directory = value;
	} else if (strcmp(word, "env") == 0) {
		static char *words[WORDS_MAX];
		split_words(value, words);
		for (char **w = words; *w; w++)
			putenv(*w);
	} else if (strcmp(word, "streams") == 0) {
		streams = strcmp(value, "1") == 0;
	} else if (strcmp(word, "display") == 0) {
		display = strcmp(value, "1") == 0;
	} else if (strcmp(word, "window") == 0) {
		window.ws_row = strtoul(value, &value, 10);
		window.ws_col = *value == 'x' ? strtoul(value + 1, NULL, 10) : 0;
	}
}

/* Memory may be short for a moment; a machine that forgot what it was asked to run would be worse than a late one. */
static ssize_t try_boot_line(void)
{
	ssize_t len = -1;

	for (int tries = 0; len < 0 && tries < 3; tries++) {
		int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		len = read(fd, boot_line, sizeof(boot_line) - 1);
		close(fd);
	}
	if (len < 0)
		say("the boot line cannot be read: %s", strerror(errno));
	return len;
}

void read_boot_line(void)
{
	ssize_t len = try_boot_line();
	char *save;

	boot_line[len > 0 ? len : 0] = '\0';
	for (char *w = strtok_r(boot_line, " \n", &save); w; w = strtok_r(NULL, " \n", &save))
		take_option(w);
}
