/* The arena: aligned, zeroed, bounded, gone in one go. */
#include "common/arena.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dies.h"

static bool all_zero(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0)
			return false;
	return true;
}

static void test_aligned_and_zeroed(void **state)
{
	static const size_t sizes[] = { 0, 1, 7, 8, 15, 16, 17, 100, 4096,
		16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1, 1 << 20 };
	struct arena a;

	(void)state;
	arena_init(&a);
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			unsigned char *p = arena_alloc(&a, sizes[i]);

			assert_non_null(p);
			assert_int_equal(
				(uintptr_t)p % alignof(max_align_t), 0);
			assert_true(all_zero(p, sizes[i]));
			memset(p, 0xff, sizes[i]);
		}
		arena_reset(&a);
		assert_int_equal(a.used, 0);
	}
	arena_fini(&a);
	assert_null(a.blocks);
}

static void test_pieces_do_not_meet(void **state)
{
	struct arena a;
	char *p[300];

	(void)state;
	arena_init(&a);
	for (int i = 0; i < 300; i++) {
		p[i] = arena_alloc(&a, (size_t)i + 1);
		memset(p[i], i, (size_t)i + 1);
	}
	for (int i = 0; i < 300; i++)
		for (int k = 0; k <= i; k++)
			assert_int_equal((unsigned char)p[i][k], i & 0xff);
	arena_fini(&a);
}

static void test_texts(void **state)
{
	struct arena a;
	char *s;

	(void)state;
	arena_init(&a);
	assert_null(arena_strdup(&a, NULL));
	assert_string_equal(arena_strdup(&a, ""), "");
	assert_string_equal(arena_strdup(&a, "abc"), "abc");
	assert_string_equal(arena_strndup(&a, "abcdef", 3), "abc");
	assert_string_equal(arena_printf(&a, "%s-%d", "x", 42), "x-42");
	assert_memory_equal(arena_memdup(&a, "a\0b", 3), "a\0b", 3);
	assert_non_null(arena_memdup(&a, NULL, 0));
	s = arena_printf(&a, "%20000s", "end");
	assert_int_equal(strlen(s), 20000);
	arena_fini(&a);
}

static void over_the_limit(void *arg)
{
	(void)arena_alloc(arg, 1000);
}

static void test_limit(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a);
	a.limit = 100;
	assert_non_null(arena_try(&a, 64));
	assert_null(arena_try(&a, 64));
	assert_non_null(arena_try(&a, 32));
	assert_null(arena_try(&a, SIZE_MAX));
	assert_null(arena_try(&a, SIZE_MAX / 2 + 1));
	assert_true(dies(over_the_limit, &a));
	arena_reset(&a);
	assert_int_equal(a.limit, 0);
	assert_non_null(arena_try(&a, 1000));
	arena_fini(&a);
}

static void test_reset_keeps_one_block(void **state)
{
	struct arena a;
	void *kept;

	(void)state;
	arena_init(&a);
	(void)arena_alloc(&a, 10);
	kept = a.blocks;
	(void)arena_alloc(&a, 1 << 20);
	arena_reset(&a);
	assert_ptr_equal(a.blocks, kept);
	(void)arena_alloc(&a, 100);
	assert_ptr_equal(a.blocks, kept);
	arena_reset(&a);
	arena_fini(&a);
	arena_fini(&a);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_aligned_and_zeroed),
		cmocka_unit_test(test_pieces_do_not_meet),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_reset_keeps_one_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
