/* SPDX-License-Identifier: MIT */
/*
 * What a program is in memory: its segments, and those of the interpreter that it names (the dynamic linker).
 *
 *      ET_EXEC                        where its addresses say
 *      ET_DYN with an interpreter     at PIE_BASE; the break follows its data
 *      ET_DYN without (static PIE)    where mmap would put so much of the file; the break begins at PIE_BASE
 *      the interpreter                likewise where mmap would put it
 *
 * as Linux 6.1 places them without randomisation. A dynamically linked program starts in its interpreter, which finds
 * the program's headers and entry in the auxiliary vector and maps the libraries by itself; the kernel knows nothing of
 * them.
 *
 * Pages of the files are not read here: segments are private file mappings and come by faults; only the last page of
 * initialised data is touched, to clear what lies behind the data in it.
 *
 * No locks: the space is new, and nobody else has it.
 */
#include "task/exec_impl.h"

#include <abi/errno.h>
#include <abi/mman.h>

#include "file/file.h"
#include "mm/mm.h"
#include "vm/vm.h"

#define PIE_BASE 0x555555554000ul

/* ---- find ---- */

int program_open(struct program *p, const struct program_name *name, struct page *head, size_t *head_len)
{
	struct file *f = file_open_exec(name->dirfd, name->path, name->flags);

	if (is_err(f))
		return ptr_err(f);
	if (p->file)
		file_put(p->file);
	p->file = f;
	if (f->kind != FILE_NODE)
		return -EACCES;
	int64_t n = object_read(f->node->object, 0, (uint64_t)page_to_virt(head), PAGE_SIZE, true);
	*head_len = n < 0 ? 0 : (size_t)n;
	return n < 0 ? (int)n : 0;
}

int program_parse(struct program *p, const struct page *head, size_t head_len)
{
	return elf_parse(page_to_virt(head), head_len, p->file->node->object->size, &p->elf);
}

int interpreter_find(const struct program *p, struct program *interpreter, struct page *head)
{
	size_t len = p->elf.interp_len, head_len;

	if (!len)
		return 0;
	char *path = kmalloc(len);
	if (!path)
		return -ENOMEM;
	int64_t n = object_read(p->file->node->object, p->elf.interp_off, (uint64_t)path, len, true);
	int err = n < 0 ? (int)n : (size_t)n < len || path[len - 1] ? -ENOEXEC : 0;
	if (!err)
		err = program_open(interpreter, &(struct program_name){ AT_FDCWD, path, 0 }, head, &head_len);
	if (!err && program_parse(interpreter, head, head_len))
		err = -ELIBBAD;
	kfree(path);
	return err;
}

/* ---- map ---- */

/* The file's part of a segment, and zeros behind it up to the end of that page. */
static int map_file_part(struct space *s, const struct program *p, struct object *object, const struct elf_segment *seg)
{
	vaddr_t at = p->base + ALIGN_DOWN(seg->vaddr, PAGE_SIZE);
	vaddr_t data_end = p->base + seg->vaddr + seg->filesz, end = ALIGN_UP(data_end, PAGE_SIZE);
	int err = space_map(s, &at, end - at, seg->prot, MAP_PRIVATE | MAP_FIXED, object, seg->off >> PAGE_SHIFT,
	                    p->file, true);

	if (!err && seg->memsz > seg->filesz && seg->prot & PROT_WRITE && data_end < end)
		err = zero_user(data_end, end - data_end);
	return err;
}

static int map_segment(struct space *s, const struct program *p, struct object *object, const struct elf_segment *seg)
{
	int err = seg->filesz ? map_file_part(s, p, object, seg) : 0;
	vaddr_t start = p->base + (seg->filesz ? ALIGN_UP(seg->vaddr + seg->filesz, PAGE_SIZE)
	                                       : ALIGN_DOWN(seg->vaddr, PAGE_SIZE));
	vaddr_t end = ALIGN_UP(p->base + seg->vaddr + seg->memsz, PAGE_SIZE);

	if (!err && end > start)
		err = space_map(s, &start, end - start, seg->prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, NULL, 0,
		                NULL, true);
	return err;
}

/* The base. Where mmap would put it is found by mapping and unmapping all of it: nobody else is in the space. */
static int place(struct space *s, struct program *p, struct object *object, bool interpreted)
{
	const struct elf_segment *first = &p->elf.segment[0], *last = &p->elf.segment[p->elf.nsegments - 1];
	vaddr_t start = ALIGN_DOWN(first->vaddr, PAGE_SIZE), at = 0;
	size_t len = ALIGN_UP(last->vaddr + last->memsz, PAGE_SIZE) - start;
	int err = 0;

	if (!p->elf.dynamic)
		return 0;
	if (interpreted)
		at = ALIGN_DOWN(PIE_BASE, p->elf.align);
	else
		err = space_map(s, &at, len, PROT_NONE, MAP_PRIVATE, object, first->off >> PAGE_SHIFT, p->file, true);
	if (!err && !interpreted)
		err = space_unmap(s, at, len);
	p->base = at - start;
	return err;
}

int program_map(struct space *s, struct program *p, bool interpreted)
{
	struct object *object;
	pgoff_t pgoff;
	int err = p->file->ops->map ? p->file->ops->map(p->file, 0, PAGE_SIZE, &object, &pgoff) : -EACCES;

	if (err)
		return err;
	err = place(s, p, object, interpreted);
	for (unsigned i = 0; !err && i < p->elf.nsegments; i++)
		err = map_segment(s, p, object, &p->elf.segment[i]);
	object_put(object);
	return err;
}

void space_note_program(struct space *s, const struct program *p, bool interpreted)
{
	for (unsigned i = 0; i < p->elf.nsegments; i++) {
		const struct elf_segment *seg = &p->elf.segment[i];
		vaddr_t start = p->base + seg->vaddr;
		s->data_start = MAX(s->data_start, start);
		s->data_end = MAX(s->data_end, start + seg->filesz);
		if (seg->prot & PROT_EXEC && !s->code_start) {
			s->code_start = start;
			s->code_end = start + seg->filesz;
		}
		s->brk_start = s->brk = ALIGN_UP(start + seg->memsz, PAGE_SIZE);
	}
	if (p->elf.dynamic && !interpreted)
		s->brk_start = s->brk = PIE_BASE + PAGE_SIZE;
}
