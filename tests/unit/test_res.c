/* test_res.c - the resource algebra, rule by rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/arena.h"
#include "common/check.h"
#include "common/err.h"
#include "common/res.h"
#include "mesos/v1/mesos.pb-c.h"

static struct res parse(const char *text)
{
	struct res r = RES_INIT;
	struct err e = { 0 };

	if (res_parse(&r, text, "*", &e) != 0)
		fail_msg("'%s': %s", text, e.text);
	return r;
}

static void assert_text(const struct res *r, const char *want)
{
	struct arena a;

	arena_init(&a);
	assert_string_equal(res_text(&a, r), want);
	arena_fini(&a);
}

static void test_parse_prints(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "cpus:24", "cpus:24" },
		{ " cpus : 2 4 ; mem:1024;", "cpus:24; mem:1024" },
		{ "cpus:1.5;cpus:0.25", "cpus:1.75" }, { "cpus:0", "{}" },
		{ "", "{}" }, { "cpus(*):1", "cpus:1" },
		{ "cpus(a):1;cpus:2",
			"cpus(reservations: [(STATIC,a)]):1; cpus:2" },
		{ "cpus( a/b ):1", "cpus(reservations: [(STATIC,a/b)]):1" },
		{ "ports:[5-9,1-2,3-4,20-30]", "ports:[1-9, 20-30]" },
		{ "ports:[1-5, 3-8]", "ports:[1-8]" }, { "ports:[]", "{}" },
		{ "ports:[0-18446744073709551615]",
			"ports:[0-18446744073709551615]" },
		{ "zones:{b,a}", "zones:{a, b}" }, { "cpus:1e2", "cpus:100" },
		{ "cpus:.5", "cpus:0.5" },
		{ "cpus:1.0005", "cpus:1.001" }, /* half away from zero */
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct res r = parse(rows[i].text);

		assert_text(&r, rows[i].want);
		res_fini(&r);
	}
}

static void test_parse_default_role(void **state)
{
	struct res r = RES_INIT;

	(void)state;
	assert_int_equal(res_parse(&r, "cpus:1;mem(*):2", "ops", NULL), 0);
	assert_text(&r, "cpus(reservations: [(STATIC,ops)]):1; mem:2");
	res_fini(&r);
}

static void test_parse_refuses(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "cpus", "at byte 0, 'cpus': there is no ':'" },
		{ "mem:1;cpus:1:2", "at byte 6, 'cpus:1:2': there is a" },
		{ ":1", "the name is missing" },
		{ "cpus:", "the value is missing" },
		{ "cpus:-1", "'-1' is neither" },
		{ "cpus:nan", "'nan' is neither" },
		{ "cpus:inf", "'inf' is neither" },
		{ "cpus:0x10", "'0x10' is neither" },
		{ "cpus:1.2.3", "'1.2.3' is neither" },
		{ "cpus:1e300", "too big" },
		{ "cpus:4e-320", "too small" },
		{ "cpus:0.0004", "less than a thousandth" },
		{ "cpus:abc", "'abc' is neither" },
		{ "cpus(a:1", "pair of parentheses" },
		{ "cpus a):1", "')' without '('" },
		{ "cpus(a)(b):1", "pair of parentheses" },
		{ "cpus():1", "the role is empty" },
		{ "cpus(-a):1", "begins with '-'" },
		{ "cpus:1;cpus:[1-2]", "'cpus' was of another type before" },
		{ "ports:[1-2", "not a list of ranges" },
		{ "ports:[1]", "not a list of ranges" },
		{ "ports:[2-1]", "not a list of ranges" },
		{ "ports:[1-2]x", "not a list of ranges" },
		{ "ports:[1-18446744073709551616]", "not a list of ranges" },
		{ "zones:{a,b", "not a set" },
		{ "zones:{a}b}", "not a set" },
		{ "zones:{a,a}", "'a' is twice in the set" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct res r = RES_INIT;
		struct err e = { 0 };

		if (res_parse(&r, rows[i].text, "*", &e) == 0)
			fail_msg("'%s' was accepted", rows[i].text);
		if (strstr(e.text, rows[i].why) == NULL)
			fail_msg("'%s' gave: %s", rows[i].text, e.text);
		assert_true(res_is_empty(&r));
	}
}

/* a + b, a - b, a contains b, in text. */
static void test_algebra(void **state)
{
	static const struct {
		const char *a, *b, *sum, *difference;
		bool contains;
	} rows[] = {
		{ "cpus:3", "cpus:1", "cpus:4", "cpus:2", true },
		{ "cpus:1", "cpus:3", "cpus:4", "{}", false },
		{ "cpus:1", "mem:1", "cpus:1; mem:1", "cpus:1", false },
		{ "cpus:1", "", "cpus:1", "cpus:1", true },
		{ "", "cpus:1", "cpus:1", "{}", false },
		{ "cpus:0.3", "cpus:0.1", "cpus:0.4", "cpus:0.2", true },
		/* per object: reserved ones don't help */
		{ "cpus(a):2;cpus:2", "cpus:3",
			"cpus(reservations: [(STATIC,a)]):2; cpus:5",
			"cpus(reservations: [(STATIC,a)]):2", false },
		{ "p:[1-10]", "p:[3-4,7-7]", "p:[1-10]", "p:[1-2, 5-6, 8-10]",
			true },
		{ "p:[1-10]", "p:[10-12]", "p:[1-12]", "p:[1-9]", false },
		{ "p:[1-3,7-9]", "p:[2-8]", "p:[1-9]", "p:[1-1, 9-9]", false },
		{ "p:[1-3]", "p:[0-18446744073709551615]",
			"p:[0-18446744073709551615]", "{}", false },
		{ "p:[1-2,4-5]", "p:[3-3]", "p:[1-5]", "p:[1-2, 4-5]", false },
		{ "z:{a,b,c}", "z:{c,a}", "z:{a, b, c}", "z:{b}", true },
		{ "z:{a}", "z:{b}", "z:{a, b}", "z:{a}", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct res a = parse(rows[i].a), b = parse(rows[i].b);
		struct res c = RES_INIT;

		assert_int_equal(res_contains(&a, &b), rows[i].contains);
		res_copy(&c, &a);
		assert_true(res_equal(&c, &a));
		res_add(&c, &b);
		assert_text(&c, rows[i].sum);
		res_sub(&a, &b);
		assert_text(&a, rows[i].difference);
		res_fini(&a);
		res_fini(&b);
		res_fini(&c);
	}
}

static void test_equal_ignores_order(void **state)
{
	struct res a = parse("cpus:1;mem:2;z:{a,b}");
	struct res b = parse("z:{b,a};mem:2;cpus:1");

	(void)state;
	assert_true(res_equal(&a, &b));
	res_fini(&a);
	res_fini(&b);
}

static void test_sum(void **state)
{
	struct res r = parse("cpus:1.5;cpus(a):2;ports:[1-5,8-8];z:{a,b}");

	(void)state;
	assert_int_equal(res_sum(&r, "cpus"), 3500);
	assert_int_equal(res_sum(&r, "ports"), 6000);
	assert_int_equal(res_sum(&r, "z"), 2000);
	assert_int_equal(res_sum(&r, "mem"), 0);
	res_fini(&r);
}

static void test_for_role(void **state)
{
	struct res all = parse("cpus:1;cpus(a):2;cpus(a/b):3;cpus(ab):4");
	static const struct {
		const char *role, *want;
	} rows[] = {
		{ "*", "cpus:1" },
		{ "a", "cpus:1; cpus(reservations: [(STATIC,a)]):2" },
		{ "a/b",
			"cpus:1; cpus(reservations: [(STATIC,a)]):2; "
			"cpus(reservations: [(STATIC,a/b)]):3" },
		{ "ab", "cpus:1; cpus(reservations: [(STATIC,ab)]):4" },
	};
	struct res part = RES_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		res_for_role(&part, &all, rows[i].role);
		assert_text(&part, rows[i].want);
	}
	res_unreserved(&part, &all);
	assert_text(&part, "cpus:1");
	res_fini(&part);
	res_fini(&all);
}

static void test_allocate(void **state)
{
	struct res a = parse("cpus:1;mem:2"), b = parse("cpus:1");

	(void)state;
	res_allocate(&a, "dev");
	assert_text(&a, "cpus(allocated: dev):1; mem(allocated: dev):2");
	assert_false(res_contains(&a, &b));
	res_add(&a, &b);
	res_allocate(&a, NULL);
	assert_text(&a, "cpus:2; mem:2");
	res_fini(&a);
	res_fini(&b);
}

static void test_messages_round_trip(void **state)
{
	struct res a = parse("cpus:1.5;mem(a/b):2;ports:[1-5,9-9];z:{x,y}");
	enum res_form forms[] = { RES_FORM_STACK, RES_FORM_OLD, RES_FORM_BOTH };
	size_t i;

	(void)state;
	res_allocate(&a, "a/b/c");
	for (i = 0; i < ARRAY_LEN(forms); i++) {
		struct res back = RES_INIT;
		struct err e = { 0 };
		struct arena arena;
		Mesos__V1__Resource **msgs;
		size_t n;

		arena_init(&arena);
		msgs = res_to_msgs(&a, &arena, forms[i], &n);
		if (res_from_msgs(&back, msgs, n, &e) != 0)
			fail_msg("%s", e.text);
		assert_true(res_equal(&a, &back));
		res_fini(&back);
		arena_fini(&arena);
	}
	res_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_prints),
		cmocka_unit_test(test_parse_default_role),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_algebra),
		cmocka_unit_test(test_equal_ignores_order),
		cmocka_unit_test(test_sum),
		cmocka_unit_test(test_for_role),
		cmocka_unit_test(test_allocate),
		cmocka_unit_test(test_messages_round_trip),
	};

	return cmocka_run_group_tests_name("res", tests, NULL, NULL);
}
