/* SPDX-License-Identifier: MIT */
/*
 * What stands in for the kernel around kernel/vm/vma.c and merge.c on the host: an allocator that counts, objects and
 * files whose references are only counted, a panic that ends the program.
 */
#include "../../kernel/vma_property.h"

/* The host's C library, without its headers: they clash with the kernel's. */
int printf(const char *fmt, ...);
void *malloc(size_t n);
void free(void *p);
noreturn void abort(void);
int fflush(void *stream);

static long live; /* VMAs allocated and not freed */
struct vm_tunables vm_tunable = { .max_map_count = 65530 };

void *cache_alloc(struct cache *c)
{
	(void)c;
	live++;
	return malloc(sizeof(struct vma));
}

void cache_free(struct cache *c, void *obj)
{
	(void)c;
	live--;
	free(obj);
}

void cpu_poll(void) {}
void object_put(struct object *o) { o->refs--; }
void object_zero_tail_locked(struct object *o) { (void)o; }
void file_put(struct file *f) { f->refs--; }

noreturn void panic(const char *fmt, ...)
{
	printf("# panic: %s\n", fmt);
	fflush(NULL);
	abort();
}

const char *host_vma_run(const uint8_t *bytes, size_t len, uint64_t seed, unsigned operations, unsigned *done)
{
	static struct space space;
	static struct object object[2];
	struct object *objects[2] = { &object[0], &object[1] };
	struct choices c = { bytes, len, seed };

	memset(&space, 0, sizeof space);
	vma_tree_init(&space);
	for (unsigned i = 0; i < 2; i++) {
		memset(&object[i], 0, sizeof object[i]);
		object[i].refs = 1;
		list_init(&object[i].vmas);
	}
	live = 0;
	const char *wrong = vma_property(&space, objects, &c, operations, done);
	return wrong ? wrong : live ? "every VMA is freed" : NULL;
}
