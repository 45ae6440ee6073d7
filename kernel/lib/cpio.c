/* SPDX-License-Identifier: MIT */
/*
 * The boot archive: a cpio archive in the "newc" format, as `cpio -o -H newc` writes it. An entry
 * is
 *
 *      header   110 bytes of ASCII: the magic "070701" (or "070702", with a
 *               checksum), then 13 fields of 8 hex digits
 *      name     namesize bytes, the NUL included; header and name together are padded to a
 *               multiple of 4
 *      data     filesize bytes, padded to a multiple of 4
 *
 * and the archive ends with an entry of the name "TRAILER!!!"; what follows it is padding. An
 * archive that stops without a trailer was cut, and is malformed.
 *
 * The archive comes from outside, so every length is checked against what is left before it is
 * used; all sums are of 32-bit fields and an offset into real memory and cannot overflow 64 bits.
 * Nothing is copied: names and data are pointers into the archive, which the caller keeps.
 *
 * Checksums are not verified: the loader has read the archive from the same medium as the kernel.
 */
#include <abi/errno.h>

#include "lib/parse.h"
#include "lib/string.h"

#define MAGIC_LEN  6
#define FIELD_LEN  8
#define HEADER_LEN 110

enum field {
	INO, MODE, UID, GID, NLINK, MTIME, FILESIZE, DEV_MAJOR, DEV_MINOR, RDEV_MAJOR, RDEV_MINOR,
	NAMESIZE, CHECK, FIELDS
};

static bool parse_hex(const char *text, uint32_t *value)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < FIELD_LEN; i++) {
		char c = text[i];
		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
		else
			return false;
	}
	*value = v;
	return true;
}

static bool parse_header(const char *header, uint32_t field[FIELDS])
{
	if (memcmp(header, "070701", MAGIC_LEN) != 0 && memcmp(header, "070702", MAGIC_LEN) != 0)
		return false;
	for (unsigned i = 0; i < FIELDS; i++)
		if (!parse_hex(header + MAGIC_LEN + i * FIELD_LEN, &field[i]))
			return false;
	return true;
}

/* "./bin/sh" and "/bin/sh" are bin/sh. */
static const char *strip_leading(const char *name)
{
	for (;;) {
		if (name[0] == '/')
			name += 1;
		else if (name[0] == '.' && name[1] == '/')
			name += 2;
		else
			return name;
	}
}

int cpio_next(const void *archive, size_t len, size_t *pos, struct cpio_entry *out)
{
	const char *base = archive;
	uint32_t field[FIELDS];

	if (*pos > len || len - *pos < HEADER_LEN || !parse_header(base + *pos, field))
		return -EINVAL;

	size_t name = *pos + HEADER_LEN;
	if (field[NAMESIZE] == 0 || field[NAMESIZE] > len - name)
		return -EINVAL;
	if (strnlen(base + name, field[NAMESIZE]) != field[NAMESIZE] - 1)
		return -EINVAL;
	if (strcmp(base + name, "TRAILER!!!") == 0)
		return 0;

	size_t data = ALIGN_UP(name + field[NAMESIZE], 4);
	if (data > len || field[FILESIZE] > len - data)
		return -EINVAL;
	*out = (struct cpio_entry){
		.name = strip_leading(base + name),
		.mode = field[MODE], .uid = field[UID], .gid = field[GID],
		.mtime = field[MTIME], .nlink = field[NLINK], .ino = field[INO],
		.data = base + data, .size = field[FILESIZE],
	};
	*pos = ALIGN_UP(data + field[FILESIZE], 4);
	return 1;
}
