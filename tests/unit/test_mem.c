/* Allocation that aborts, arrays that grow, locals that clean up. */
#include "common/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dies.h"

static void test_copies(void **state)
{
	char *s = xstrdup("abc");

	(void)state;
	assert_null(xstrdup(NULL));
	assert_string_equal(s, "abc");
	free(s);
	s = xstrndup("abcdef", 3);
	assert_string_equal(s, "abc");
	free(s);
	s = xstrndup("ab", 3);
	assert_string_equal(s, "ab");
	free(s);
	s = xmemdup("a\0b", 3);
	assert_memory_equal(s, "a\0b", 3);
	free(s);
	s = xmemdup(NULL, 0);
	assert_non_null(s);
	free(s);
	s = xasprintf("%d %s", 1, "two");
	assert_string_equal(s, "1 two");
	free(s);
}

static void test_nothing_is_something(void **state)
{
	void *p = xmalloc(0);

	(void)state;
	assert_non_null(p);
	p = xrealloc(p, 0);
	assert_non_null(p);
	free(p);
	p = xcalloc(0, 8);
	assert_non_null(p);
	free(p);
}

static void test_grow(void **state)
{
	size_t cap = 0;
	uint64_t *a = NULL;

	(void)state;
	for (size_t n = 1; n <= 10000; n++) {
		a = xgrow(a, &cap, n, sizeof(*a));
		assert_true(cap >= n);
		assert_true(cap <= 8 || cap < 2 * n);
		a[n - 1] = n;
	}
	for (size_t n = 1; n <= 10000; n++)
		assert_int_equal(a[n - 1], n);
	assert_ptr_equal(xgrow(a, &cap, 5, sizeof(*a)), a);
	free(a);
}

static char *give(int whole)
{
	CLEANUP(mem_freep) char *s = xstrdup("given");

	return whole ? STEAL(s) : NULL;
}

static void test_cleanup(void **state)
{
	char *s = give(1);

	(void)state;
	assert_string_equal(s, "given");
	mem_freep(&s);
	assert_null(give(0)); /* leaks show under ASan */
}

static void too_much(void *arg)
{
	(void)arg;
	free(xcalloc(SIZE_MAX / 2, 3));
}

static void grow_too_much(void *arg)
{
	size_t cap = 0;

	(void)arg;
	free(xgrow(NULL, &cap, SIZE_MAX / 4, 16));
}

static void test_out_of_memory(void **state)
{
	(void)state;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	/* The sanitizers report this one themselves, and exits. */
	assert_true(dies(too_much, NULL));
#else
	(void)too_much;
#endif
	assert_true(dies(grow_too_much, NULL));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_nothing_is_something),
		cmocka_unit_test(test_grow),
		cmocka_unit_test(test_cleanup),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
