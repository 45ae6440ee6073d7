/* SPDX-License-Identifier: MIT */
/* Threads of one process: as much as a server needs. */
#ifndef ATLAS_THREAD_H
#define ATLAS_THREAD_H

#include <stddef.h>
#include <sys/cdefs.h>

__BEGIN_DECLS
/*
 * Starts function(arg) in a new thread.
 * - stack_size in bytes; 0 means 64 KiB; a guard page lies below it
 * - returns the thread's number (gettid) or a negative errno; nothing is left behind on failure
 * - the thread ends when function returns; its memory stays until thread_join
 */
int thread_create(void *(*function)(void *), void *arg, size_t stack_size);

/*
 * Waits for the thread to end, stores what its function returned (result may be null), and frees
 * its memory. Returns 0, or -ESRCH for a thread that was never made or already joined.
 */
int thread_join(int tid, void **result);
__END_DECLS

#endif
