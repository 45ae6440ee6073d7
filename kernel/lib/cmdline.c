/* SPDX-License-Identifier: MIT */
/*
 * The kernel command line: words separated by blanks, "key=value" or plain. A value has no blanks;
 * tools/atlas encodes what could contain one (%20). There is no quoting, so that the boot loader,
 * the tool and the kernel cannot disagree about it.
 *
 * When a key occurs twice the last one counts: what a person appends overrides what the tool wrote
 * before it. A value that does not fit the caller's buffer counts as absent, for half a value is
 * worse than none.
 *
 * The text may come from anybody who can edit a boot entry; it is NUL-terminated by boot.c and read
 * only here. No state, no lock.
 */
#include "lib/parse.h"
#include "lib/string.h"

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

static size_t word_length(const char *word)
{
	size_t n = 0;

	while (word[n] && !is_blank(word[n]))
		n++;
	return n;
}

bool cmdline_get(const char *cmdline, const char *key, char *buf, size_t cap)
{
	size_t key_len = strlen(key);
	const char *value = NULL;
	size_t value_len = 0;

	while (*cmdline) {
		size_t len = word_length(cmdline);
		if (len > key_len && cmdline[key_len] == '=' &&
		    strncmp(cmdline, key, key_len) == 0) {
			value = cmdline + key_len + 1;
			value_len = len - key_len - 1;
		}
		cmdline += len > 0 ? len : 1;
	}
	if (!value || value_len >= cap)
		return false;
	memcpy(buf, value, value_len);
	buf[value_len] = '\0';
	return true;
}
