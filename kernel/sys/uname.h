/* SPDX-License-Identifier: MIT */
/* What uname(2) says, and /proc/sys/kernel. The names of node and domain can be set (uname.c). */
#ifndef SYS_UNAME_H
#define SYS_UNAME_H

#define UNAME_SYSNAME    "Linux" /* the interface that programs ask for */
#define UNAME_NODENAME   "atlas"
#define UNAME_RELEASE    "6.1.0-atlas"
#define UNAME_VERSION    "Atlas teaching kernel"
#define UNAME_MACHINE    "x86_64"
#define UNAME_DOMAINNAME "(none)"
#define UNAME_SIZE 65

extern char uname_nodename[UNAME_SIZE], uname_domainname[UNAME_SIZE];

#endif
