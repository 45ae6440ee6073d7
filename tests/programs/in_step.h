/* SPDX-License-Identifier: MIT */
/*
 * Keeps a writer and a reader of one database together: ten times on its way the writer waits until the reader has
 * once more seen it grow. Whatever the speed of either, the reader then has read ten states between empty and full.
 */
#pragma once

#include <unistd.h>

static int in_step_pipe[2];

static inline int in_step_begin(void) { return pipe(in_step_pipe); }

static inline void in_step_reader(void) { close(in_step_pipe[0]); }

static inline int in_step_has_grown(void) { return write(in_step_pipe[1], "", 1) == 1; }

static inline void in_step_writer(void) { close(in_step_pipe[1]); }

/* -> 0 when the reader is gone. */
static inline int in_step_wait(void) { return read(in_step_pipe[0], &(char){ 0 }, 1) == 1; }
