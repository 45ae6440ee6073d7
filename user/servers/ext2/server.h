/* SPDX-License-Identifier: MIT */
/* What the parts of the server around the core share: the filesystem and its lock, the descriptors, the messages. */
#ifndef EXT2_SERVER_H
#define EXT2_SERVER_H

#include <abi/atlas.h>

#include "ext2.h"

struct message {
	struct msg head;
	uint8_t data[MSG_DATA_MAX];
};

/* ---- gate.c: one lock around the core, whose waiters sleep ---- */
void gate_enter(void);
void gate_leave(void);
/* Lets go of the lock, waits until somebody calls gate_broadcast, and takes it again. */
void gate_wait(void);
void gate_broadcast(void);

/* ---- device.c ---- */
/* -> 0, or a negative errno after a sentence on standard error. *readonly is set when the disk cannot be written. */
int device_open(struct dev **dev, int disk, bool *readonly);

/* ---- files.c ---- */
void files_serve(int port) __attribute__((noreturn));

/* ---- pages.c ---- */
struct pages_args { int port, disk; };
void *pages_serve(void *pages_args); /* a thread; never returns */

/* ---- main.c ---- */
extern struct fs volume; /* (gate) */
/* The gate is held: something was changed; it will be written soon if nobody asks before. */
void volume_changed(void);
void volume_timer_fired(void);

#endif
