/* SPDX-License-Identifier: MIT */
/*
 * boot.c: what the boot loader told us, brought into one form (struct boot_info).
 *
 * Owns boot_info. Two dialects are understood: the PVH boot ABI's hvm_start_info (QEMU -kernel; version 1, for the
 * memory map) and multiboot2's tag list (GRUB on BIOS and on UEFI). Both lie somewhere in memory that is about to
 * become free, so everything is copied out before anything is allocated: command line, memory map, and the RSDP where
 * multiboot2 hands over only a copy of it. The boot archive itself stays where the loader put it; main.c keeps it.
 *
 *     loader -> boot.S -> boot_main: copy -> sort the map -> claim our pages -> physmap_init -> kernel_main
 *
 * The memory map ends up sorted, without overlaps: where firmware contradicts itself, "not usable" wins. boot_claim()
 * takes pages out of it before the frame allocator exists: the tables of the physmap, and the page below 640 KiB in
 * which the other CPUs wake up.
 *
 * Runs on the boot page tables, once, on one CPU; takes no locks. It does not interpret the command line and does not
 * read ACPI. What the loader says is trusted to be readable (it has the machine anyway), but lengths are clipped to
 * the space we have.
 */
#include "arch_impl.h"
#include "lib/log.h"
#include "lib/string.h"
#include "x86.h"

#define MULTIBOOT_MAGIC 0x36d76289
#define PVH_MAGIC 0x336ec578
#define MEMORY_USABLE 1 /* the type number in both dialects: E820's */
#define LOW_MEMORY_END 0xa0000ul

struct boot_info boot_info;
paddr_t boot_trampoline;

void boot_main(uint32_t magic, paddr_t info, paddr_t image, uint64_t tsc);

/* ---- the memory map ---- */

static void range_delete(unsigned at)
{
	memmove(&boot_info.range[at], &boot_info.range[at + 1], (--boot_info.ranges - at) * sizeof(boot_info.range[0]));
}

/* A full table loses the range: memory not known is memory not used. */
static void range_insert(unsigned at, paddr_t base, uint64_t len, bool usable)
{
	if (boot_info.ranges == BOOT_RANGES_MAX || !len)
		return;
	memmove(&boot_info.range[at + 1], &boot_info.range[at], (boot_info.ranges++ - at) * sizeof(boot_info.range[0]));
	boot_info.range[at] = (struct memory_range){ base, len, usable };
}

static void range_append(paddr_t base, uint64_t len, bool usable)
{
	unsigned last = boot_info.ranges - 1;

	if (base + len < base)
		len = -base;
	if (boot_info.ranges && boot_info.range[last].usable == usable &&
	    boot_info.range[last].base + boot_info.range[last].len == base)
		boot_info.range[last].len += len;
	else
		range_insert(boot_info.ranges, base, len, usable);
}

/* Takes [base, end) out of usable range i, which contains it. */
static void range_carve(unsigned i, paddr_t base, paddr_t end)
{
	struct memory_range whole = boot_info.range[i];

	range_delete(i);
	range_insert(i, end, whole.base + whole.len - end, true);
	range_insert(i, base, end - base, false);
	range_insert(i, whole.base, base - whole.base, true);
}

static void ranges_sort(void)
{
	struct memory_range *r = boot_info.range;

	for (unsigned i = 1; i < boot_info.ranges; i++)
		for (unsigned j = i; j && r[j - 1].base > r[j].base; j--) {
			struct memory_range t = r[j];
			r[j] = r[j - 1];
			r[j - 1] = t;
		}
}

/* Neighbours that overlap: the usable one gives way; two usable ones are cut at the border. */
static void ranges_separate(void)
{
	struct memory_range *r = boot_info.range;

	for (unsigned i = 0; i + 1 < boot_info.ranges;) {
		uint64_t end = r[i].base + r[i].len, next_end = r[i + 1].base + r[i + 1].len;

		if (end <= r[i + 1].base) {
			i++;
		} else if (r[i].usable && !r[i + 1].usable) {
			r[i].len = r[i + 1].base - r[i].base;
			if (end > next_end)
				range_insert(i + 2, next_end, end - next_end, true);
			ranges_sort(); /* what is left may begin behind the range after next */
			i++;
		} else if (next_end <= end) {
			range_delete(i + 1);
		} else {
			r[i + 1].base = end;
			r[i + 1].len = next_end - end;
			i++;
		}
	}
}

/* The lowest place for len bytes in [base, end) that spares the image and the boot archive; end when there is none. */
static paddr_t place_find(paddr_t base, paddr_t end, size_t len)
{
	const struct { paddr_t start, end; } taken[] = {
		{ boot_info.image_start, boot_info.image_end },
		{ boot_info.module, boot_info.module + boot_info.module_len },
	};
	paddr_t at = ALIGN_UP(base, PAGE_SIZE);

	for (unsigned pass = 0; pass < ARRAY_SIZE(taken); pass++)
		for (unsigned i = 0; i < ARRAY_SIZE(taken); i++)
			if (at < taken[i].end && at + len > taken[i].start)
				at = ALIGN_UP(taken[i].end, PAGE_SIZE);
	return at + len <= end ? at : end;
}

paddr_t boot_claim(size_t len, paddr_t min, paddr_t limit)
{
	for (unsigned i = 0; i < boot_info.ranges; i++) {
		const struct memory_range *r = &boot_info.range[i];
		paddr_t base = MAX(r->base, min), end = MIN(r->base + r->len, limit);

		if (!r->usable || base >= end)
			continue;
		paddr_t at = place_find(base, end, len);
		if (at >= end)
			continue;
		range_carve(i, at, at + len);
		return at;
	}
	return 0;
}

/* ---- PVH: xen/include/public/arch-x86/hvm/start_info.h describes it ---- */

struct pvh_start_info {
	uint32_t magic, version, flags, nr_modules;
	uint64_t modules, cmdline, rsdp, memmap;
	uint32_t memmap_entries, reserved;
};
struct pvh_module { uint64_t base, size, cmdline, reserved; };
struct pvh_memory { uint64_t base, size; uint32_t type, reserved; };

static void parse_pvh(const struct pvh_start_info *info)
{
	boot_info.loader = "pvh";
	if (info->magic != PVH_MAGIC || info->version < 1)
		panic("boot: start info has magic %x, version %u: a memory map is needed (version 1)", info->magic,
		      info->version);
	if (info->cmdline)
		strlcpy(boot_info.cmdline, phys_to_virt(info->cmdline), sizeof(boot_info.cmdline));
	if (info->nr_modules) {
		const struct pvh_module *module = phys_to_virt(info->modules);
		boot_info.module = module->base;
		boot_info.module_len = module->size;
	}
	boot_info.rsdp = info->rsdp;
	const struct pvh_memory *memory = phys_to_virt(info->memmap);
	for (unsigned i = 0; i < info->memmap_entries; i++)
		range_append(memory[i].base, memory[i].size, memory[i].type == MEMORY_USABLE);
}

/* ---- multiboot2, chapter 3.6 of its specification ---- */

enum { TAG_END = 0, TAG_CMDLINE = 1, TAG_MODULE = 3, TAG_MEMORY = 6, TAG_ACPI_OLD = 14, TAG_ACPI_NEW = 15 };

struct mb_tag { uint32_t type, size; };
struct mb_module { struct mb_tag tag; uint32_t start, end; };
struct mb_memory { struct mb_tag tag; uint32_t entry_size, version; };
struct mb_memory_entry { uint64_t base, len; uint32_t type, reserved; };

static void parse_mb_memory(const struct mb_memory *tag)
{
	for (uint32_t off = sizeof(*tag); off + tag->entry_size <= tag->tag.size; off += tag->entry_size) {
		const struct mb_memory_entry *e = (const void *)((const char *)tag + off);
		range_append(e->base, e->len, e->type == MEMORY_USABLE);
	}
}

/* The tag holds the RSDP itself; the copy lives in the image, which the physmap covers. */
static void keep_rsdp(const struct mb_tag *tag)
{
	static char rsdp[36] __attribute__((aligned(16)));

	memcpy(rsdp, tag + 1, MIN(tag->size - sizeof(*tag), sizeof(rsdp)));
	boot_info.rsdp = image_to_phys(rsdp);
}

static void parse_mb_tag(const struct mb_tag *tag)
{
	switch (tag->type) {
	case TAG_CMDLINE:
		strlcpy(boot_info.cmdline, (const char *)(tag + 1), sizeof(boot_info.cmdline));
		break;
	case TAG_MODULE:
		if (!boot_info.module) {
			const struct mb_module *module = (const void *)tag;
			boot_info.module = module->start;
			boot_info.module_len = module->end - module->start;
		}
		break;
	case TAG_MEMORY:
		parse_mb_memory((const void *)tag);
		break;
	case TAG_ACPI_OLD:
		if (!boot_info.rsdp)
			keep_rsdp(tag);
		break;
	case TAG_ACPI_NEW:
		keep_rsdp(tag);
		break;
	}
}

static void parse_multiboot(const char *info)
{
	uint32_t total = *(const uint32_t *)info;

	boot_info.loader = "multiboot2";
	for (uint32_t off = 8; off + sizeof(struct mb_tag) <= total;) {
		const struct mb_tag *tag = (const void *)(info + off);
		if (tag->type == TAG_END || tag->size < sizeof(*tag))
			break;
		parse_mb_tag(tag);
		off += ALIGN_UP(tag->size, 8);
	}
}

/* boot_main: entered from boot.S on the boot stack and the boot page tables; `info` and `image` are physical. */
void boot_main(uint32_t magic, paddr_t info, paddr_t image, uint64_t tsc)
{
	cpu_boot_gs();
	boot_info.entry_tsc = tsc;
	boot_info.image_start = image;
	boot_info.image_end = image + (image_end - image_start);
	if (magic == MULTIBOOT_MAGIC)
		parse_multiboot(phys_to_virt(info));
	else
		parse_pvh(phys_to_virt(info));
	ranges_sort();
	ranges_separate();
	boot_trampoline = boot_claim(PAGE_SIZE, 0x8000, LOW_MEMORY_END);
	if (!boot_trampoline)
		boot_trampoline = boot_claim(PAGE_SIZE, PAGE_SIZE, LOW_MEMORY_END);
	physmap_init();
	kernel_main();
}
