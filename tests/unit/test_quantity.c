/* test_quantity.c - amounts by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/check.h"
#include "common/err.h"
#include "common/quantity.h"
#include "common/res.h"

static void test_list(void **state)
{
	struct quantity_list l;

	(void)state;
	assert_int_equal(
		quantity_parse(&l, " cpus : 1.5 ;mem:32;cpus:1;x:0", NULL), 0);
	assert_int_equal(l.n, 2);
	assert_int_equal(quantity_find(&l, "cpus"), 2500);
	assert_int_equal(quantity_find(&l, "mem"), 32000);
	assert_int_equal(quantity_find(&l, "x"), 0);
	quantity_sub(&l, "cpus", 3000);
	assert_int_equal(quantity_find(&l, "cpus"), 0);
	assert_int_equal(l.n, 1);
	quantity_sub(&l, "none", 1);
	quantity_add(&l, "mem", INT64_MAX);
	assert_int_equal(quantity_find(&l, "mem"), INT64_MAX);
	quantity_fini(&l);
}

static void test_refuses(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "cpus", "at byte 0: 'cpus' is not of the form" },
		{ ":1", "not of the form" },
		{ "cpus:1|mem", "at byte 7: 'mem'" },
		{ "cpus:x", "'x' of 'cpus' is not" },
		{ "cpus:-1", "not a non-negative number" },
		{ "cpus:[1-2]", "not a non-negative number" },
		{ "cpus:nan", "not a non-negative number" },
		{ "cpus:", "not a non-negative number" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct quantity_sets s;
		struct err e = { 0 };

		if (quantity_sets_parse(&s, rows[i].text, &e) == 0)
			fail_msg("'%s' was accepted", rows[i].text);
		if (strstr(e.text, rows[i].why) == NULL)
			fail_msg("'%s' gave: %s", rows[i].text, e.text);
	}
}

/* Min-allocatable: OR of lists, AND in a list, an empty one never passes. */
static void test_pass(void **state)
{
	static const struct {
		const char *sets, *res;
		bool pass;
	} rows[] = {
		{ "cpus:0.01|mem:32", "cpus:0.01", true },
		{ "cpus:0.01|mem:32", "mem:32", true },
		{ "cpus:0.01|mem:32", "mem:31;disk:9", false },
		{ "cpus:1;mem:32", "cpus:1", false },
		{ "cpus:1;mem:32", "cpus:1;mem:32", true },
		{ "cpus:2", "cpus:1;cpus(r):1", true }, /* reserved counts */
		{ "ports:3", "ports:[1-3]", true },
		{ "ports:3", "ports:[1-2]", false },
		{ "z:2", "z:{a,b}", true },
		{ "", "x:1", true },
		{ "", "", false },
		{ "cpus:0", "", false },
		{ "cpus:0", "x:1", true },
		{ "|cpus:1", "x:1", true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct res r = RES_INIT;
		struct quantity_sets s;

		assert_int_equal(
			quantity_sets_parse(&s, rows[i].sets, NULL), 0);
		assert_int_equal(res_parse(&r, rows[i].res, "*", NULL), 0);
		if (quantity_sets_pass(&s, &r) != rows[i].pass)
			fail_msg("'%s' of '%s'", rows[i].sets, rows[i].res);
		quantity_sets_fini(&s);
		res_fini(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_pass),
	};

	return cmocka_run_group_tests_name("quantity", tests, NULL, NULL);
}
