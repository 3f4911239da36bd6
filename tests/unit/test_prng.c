/* test_prng.c - seeded random numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/prng.h"

static void test_same_seed_same_numbers(void **state)
{
	struct prng a, b, c;
	int i, same = 0;

	(void)state;
	prng_init(&a, 1);
	prng_init(&b, 1);
	prng_init(&c, 2);
	for (i = 0; i < 1000; i++) {
		uint64_t x = prng_next(&a);

		assert_true(x == prng_next(&b));
		same += x == prng_next(&c);
	}
	assert_int_equal(same, 0);
}

static void test_below_is_even(void **state)
{
	int seen[7] = { 0 }, i;
	struct prng p;

	(void)state;
	prng_init(&p, 3);
	for (i = 0; i < 70000; i++)
		seen[prng_below(&p, 7)]++;
	for (i = 0; i < 7; i++)
		assert_in_range(seen[i], 9500, 10500);
	assert_int_equal(prng_below(&p, 1), 0);
	assert_true(prng_below(&p, UINT64_MAX) < UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_seed_same_numbers),
		cmocka_unit_test(test_below_is_even),
	};

	return cmocka_run_group_tests_name("prng", tests, NULL, NULL);
}
