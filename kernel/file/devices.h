/* SPDX-License-Identifier: MIT */
/* Devices behind /dev: what devfs.c and devpts.c, which have their names, and dev_server.c, which asks their servers, share. */
#ifndef FILE_DEVICES_H
#define FILE_DEVICES_H

#include "file/file_impl.h"

static inline uint64_t dev_minor(uint64_t rdev)
{
	return (rdev & 0xff) | (rdev >> 12 & ~0xfful);
}

static inline uint64_t dev_number(uint64_t major, uint64_t minor)
{
	return (minor & 0xff) | (major & 0xfff) << 8 | (minor & ~0xfful) << 12;
}

#define PTS_MAX   64u /* pseudo-terminals at a time */
#define PTS_MAJOR 136u

static inline uint64_t dev_major(uint64_t rdev) { return rdev >> 8 & 0xfff; }
static inline bool dev_is_pts(uint64_t rdev) { return dev_major(rdev) == PTS_MAJOR; }

/* ---- devpts.c ---- */
/* devpts_add: /dev/pts/INDEX, the caller's, is there, served by the port. -ENOMEM, -ENOSPC */
int devpts_add(unsigned index, struct port *port);
void devpts_remove(unsigned index);
struct node *devpts_node(unsigned index); /* referenced; NULL: it is not there any more */

/*
 * dev_open_instance: f becomes an open device of the port's server; takes over the port's reference. The server's
 * errors.
 */
int dev_open_instance(struct file *f, struct port *port, uint64_t rdev);

#endif
