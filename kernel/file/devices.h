/* SPDX-License-Identifier: MIT */
/* Devices behind /dev: what devfs.c, which has their names, and dev_server.c, which asks their servers, share. */
#ifndef FILE_DEVICES_H
#define FILE_DEVICES_H

#include "file/file_impl.h"

static inline uint64_t dev_minor(uint64_t rdev)
{
	return (rdev & 0xff) | (rdev >> 12 & ~0xfful);
}

/*
 * dev_open_instance: f becomes an open device of the port's server; takes over the port's reference. The server's
 * errors.
 */
int dev_open_instance(struct file *f, struct port *port, uint64_t rdev);

#endif
