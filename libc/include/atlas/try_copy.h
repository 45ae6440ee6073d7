/* SPDX-License-Identifier: MIT */
/* Copying from a mapping that may fail to deliver a page. */
#ifndef ATLAS_TRY_COPY_H
#define ATLAS_TRY_COPY_H

#include <stddef.h>
#include <sys/cdefs.h>

__BEGIN_DECLS
/* Installs the handlers of SIGBUS and SIGSEGV that try_copy needs. Returns 0 or a negative errno. */
int try_copy_init(void);

/*
 * memcpy that survives a fault.
 * - returns 0, or -1 if the kernel sent SIGBUS or SIGSEGV; how much was copied is then unknown
 * - safe in several threads; the two signals must not be blocked
 */
int try_copy(void *to, const void *from, size_t n);
__END_DECLS

#endif
