/* SPDX-License-Identifier: MIT */
/*
 * Who the processor says it is: its maker, model and abilities, read by CPUID for /proc/cpuinfo. What the kernel itself
 * needs to know of them is in cpu_features; here is the whole list, by the names that Linux made usual.
 *
 * Source: Intel SDM volume 2A, CPUID, tables 3-8 to 3-11; AMD APM volume 3, appendix E (leaf 0x80000001).
 */
#include "arch_impl.h"
#include "x86.h"
#include "lib/string.h"

/*
 * The registers that hold abilities, and the name of each bit; NULL: reserved, or of what the kernel does not switch on
 * (AVX-512, FSGSBASE, virtualisation).
 */
enum { LEAF1_D, LEAF1_C, LEAF7_B, EXT_D, EXT_C, FLAG_WORDS };

static const char *const flag_names[FLAG_WORDS][32] = {
	[LEAF1_D] = { "fpu", "vme", "de", "pse", "tsc", "msr", "pae", "mce", "cx8", "apic", NULL, "sep", "mtrr", "pge", "mca", "cmov",
	              "pat", "pse36", "pn", "clflush", NULL, "dts", "acpi", "mmx", "fxsr", "sse", "sse2", "ss", "ht", "tm", "ia64", "pbe" },
	[LEAF1_C] = { "pni", "pclmulqdq", "dtes64", "monitor", "ds_cpl", NULL, NULL, "est", "tm2", "ssse3", "cid", "sdbg", "fma",
	              "cx16", "xtpr", "pdcm", NULL, "pcid", "dca", "sse4_1", "sse4_2", "x2apic", "movbe", "popcnt",
	              "tsc_deadline_timer", "aes", "xsave", NULL, "avx", "f16c", "rdrand", "hypervisor" },
	[LEAF7_B] = { [1] = "tsc_adjust", [3] = "bmi1", [5] = "avx2", [7] = "smep", "bmi2", "erms", "invpcid", [18] = "rdseed", "adx", "smap",
	              [23] = "clflushopt", "clwb", [29] = "sha_ni" },
	[EXT_D] = { [11] = "syscall", [20] = "nx", [22] = "mmxext", [25] = "fxsr_opt", "pdpe1gb", "rdtscp", [29] = "lm", "3dnowext", "3dnow" },
	[EXT_C] = { "lahf_lm", "cmp_legacy", NULL, "extapic", "cr8_legacy", "abm", "sse4a", "misalignsse", "3dnowprefetch", "osvw",
	            [16] = "fma4" },
};

/* Family and model are spread over leaf 1's EAX: the extended family counts for family 15, the extended model from 6 on. */
static void signature_decode(struct cpu_identity *id, uint32_t a)
{
	id->stepping = a & 15;
	id->model = a >> 4 & 15;
	id->family = a >> 8 & 15;
	if (id->family >= 6)
		id->model |= (a >> 16 & 15) << 4;
	if (id->family == 15)
		id->family += a >> 20 & 255;
}

static void brand_read(char *brand)
{
	for (unsigned i = 0; i < 3; i++) {
		struct cpuid part = cpuid(0x80000002 + i, 0);

		memcpy(brand + 16 * i, &part, sizeof(part));
	}
	brand[48] = 0;
}

void cpu_identify(struct cpu_identity *id)
{
	struct cpuid zero = cpuid(0, 0), one = cpuid(1, 0);
	uint32_t most = cpuid(0x80000000, 0).a;

	*id = (struct cpu_identity){ .level = zero.a };
	memcpy(id->vendor, &zero.b, 4);
	memcpy(id->vendor + 4, &zero.d, 4);
	memcpy(id->vendor + 8, &zero.c, 4);
	signature_decode(id, one.a);
	if (most >= 0x80000004)
		brand_read(id->brand);
	id->flags[LEAF1_D] = one.d;
	id->flags[LEAF1_C] = one.c;
	id->flags[LEAF7_B] = zero.a >= 7 ? cpuid(7, 0).b : 0;
	if (most >= 0x80000001) {
		id->flags[EXT_D] = cpuid(0x80000001, 0).d;
		id->flags[EXT_C] = cpuid(0x80000001, 0).c;
	}
}

const char *cpu_flag_name(const struct cpu_identity *id, unsigned bit)
{
	return id->flags[bit / 32] >> bit % 32 & 1 ? flag_names[bit / 32][bit % 32] : NULL;
}
