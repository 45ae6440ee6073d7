/* SPDX-License-Identifier: MIT */
/*
 * What -fsanitize=undefined calls when the program does what C leaves undefined. The checked build
 * is compiled with it; each handler prints the kind and the place and panics, because what follows
 * from undefined behaviour is not worth running.
 *
 * The compiler passes a static structure that begins with the place in the source (file, line,
 * column), and the values involved; the layouts are those of the sanitizer runtime of gcc and
 * clang. Values wider than a word come by address, so only the ones that are plain words are
 * printed: the place is what one needs.
 *
 * A null or misaligned pointer and an object too small arrive at the same handler (type mismatch)
 * and are told apart by the pointer and the alignment in its data. Alignment itself is not checked:
 * x86-64 does not mind, and packed structures of devices and file systems are read as they lie.
 *
 * The handlers have no prototypes in any header: only the compiler calls them.
 */
#include "lib/log.h"

struct source_location { const char *file; uint32_t line, column; };

/* How every handler's data begins. */
struct ubsan_data { struct source_location location; };

struct type_descriptor { uint16_t kind, info; char name[]; };

struct type_mismatch_data {
	struct source_location location;
	struct type_descriptor *type;
	uint8_t log_alignment;
	uint8_t access;
};

static noreturn void report(const struct source_location *at, const char *what)
{
	panic("undefined behaviour at %s:%u:%u: %s", at->file, at->line, at->column, what);
}

void __ubsan_handle_type_mismatch_v1(struct type_mismatch_data *data, uintptr_t pointer)
{
	uintptr_t alignment = 1ul << data->log_alignment;

	if (!pointer)
		report(&data->location, "null pointer used");
	if (pointer & (alignment - 1))
		report(&data->location, "misaligned pointer used");
	report(&data->location, "object too small for its type");
}

void __ubsan_handle_out_of_bounds(struct ubsan_data *data, uintptr_t index)
{
	const struct source_location *at = &data->location;

	panic("undefined behaviour at %s:%u:%u: index %ld out of bounds",
	      at->file, at->line, at->column, (long)index);
}

void __ubsan_handle_add_overflow(struct ubsan_data *data, uintptr_t a, uintptr_t b)
{
	(void)a, (void)b;
	report(&data->location, "signed addition overflows");
}

void __ubsan_handle_sub_overflow(struct ubsan_data *data, uintptr_t a, uintptr_t b)
{
	(void)a, (void)b;
	report(&data->location, "signed subtraction overflows");
}

void __ubsan_handle_mul_overflow(struct ubsan_data *data, uintptr_t a, uintptr_t b)
{
	(void)a, (void)b;
	report(&data->location, "signed multiplication overflows");
}

void __ubsan_handle_negate_overflow(struct ubsan_data *data, uintptr_t value)
{
	(void)value;
	report(&data->location, "signed negation overflows");
}

void __ubsan_handle_divrem_overflow(struct ubsan_data *data, uintptr_t a, uintptr_t b)
{
	(void)a, (void)b;
	report(&data->location, "division by zero, or its result overflows");
}

void __ubsan_handle_shift_out_of_bounds(struct ubsan_data *data, uintptr_t value, uintptr_t count)
{
	(void)value, (void)count;
	report(&data->location, "shift by too much, or of a negative number");
}

void __ubsan_handle_pointer_overflow(struct ubsan_data *data, uintptr_t base, uintptr_t result)
{
	(void)base, (void)result;
	report(&data->location, "pointer arithmetic overflows");
}

void __ubsan_handle_load_invalid_value(struct ubsan_data *data, uintptr_t value)
{
	(void)value;
	report(&data->location, "value is not one of its type (bool or enum)");
}

void __ubsan_handle_vla_bound_not_positive(struct ubsan_data *data, uintptr_t bound)
{
	(void)bound;
	report(&data->location, "array of no or negative length");
}

void __ubsan_handle_nonnull_arg(struct ubsan_data *data)
{
	report(&data->location, "null passed where the callee forbids it");
}

void __ubsan_handle_nonnull_return_v1(struct ubsan_data *data, struct source_location *at)
{
	(void)data;
	report(at, "null returned where that is forbidden");
}

void __ubsan_handle_builtin_unreachable(struct ubsan_data *data)
{
	report(&data->location, "unreachable code reached");
}

void __ubsan_handle_missing_return(struct ubsan_data *data)
{
	report(&data->location, "function ends without a value");
}

void __ubsan_handle_invalid_builtin(struct ubsan_data *data)
{
	report(&data->location, "a count of zero bits in zero");
}
