/* SPDX-License-Identifier: MIT */
/* The kernel command line against a reader written from its description: the last "key=value" word that fits counts. */
#include "fuzz.h"

#include "lib/parse.h"

static bool expected(const char *line, const char *key, char *buf, size_t cap)
{
	char *copy = strdup(line), *rest = copy, *word, *value = NULL;

	while ((word = strtok_r(rest, " \t\n", &rest)))
		if (strncmp(word, key, strlen(key)) == 0 && word[strlen(key)] == '=')
			value = word + strlen(key) + 1;
	bool found = value && strlen(value) < cap;
	if (found)
		strcpy(buf, value);
	free(copy);
	return found;
}

/*
 * The first byte says how much room there is for the value and which key is looked for, the rest is the command line.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const keys[] = { "k", "run", "kk", "log" };

	if (!len)
		return 0;
	size_t cap = 1 + data[0] / 4 % 16;
	const char *key = keys[data[0] % 4];
	char *line = malloc(len), *want = malloc(cap), *got = malloc(cap);
	memcpy(line, data + 1, len - 1);
	line[len - 1] = '\0';
	bool found = expected(line, key, want, cap);
	HOLDS(cmdline_get(line, key, got, cap) == found);
	HOLDS(!found || strcmp(want, got) == 0);
	free(line);
	free(want);
	free(got);
	return 0;
}
