/* SPDX-License-Identifier: MIT */
/* Memory and load of the whole system. */
#ifndef SYS_SYSINFO_H
#define SYS_SYSINFO_H

#include <sys/cdefs.h>

struct sysinfo {
	long uptime;
	unsigned long loads[3];
	unsigned long totalram, freeram, sharedram, bufferram, totalswap, freeswap;
	unsigned short procs, __pad;
	unsigned long totalhigh, freehigh;
	unsigned int mem_unit;
};

__BEGIN_DECLS
int sysinfo(struct sysinfo *info);
int get_nprocs(void);
int get_nprocs_conf(void);
__END_DECLS

#endif
