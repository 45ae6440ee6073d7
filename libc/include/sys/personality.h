/* SPDX-License-Identifier: MIT */
/* personality: what a program expects of its kernel beyond the usual. */
#ifndef SYS_PERSONALITY_H
#define SYS_PERSONALITY_H

#include <abi/personality.h>
#include <sys/cdefs.h>

__BEGIN_DECLS
int personality(unsigned long persona);
__END_DECLS

#endif
