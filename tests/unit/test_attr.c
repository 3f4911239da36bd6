/* test_attr.c - attributes of agents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/arena.h"
#include "common/attr.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "mesos/v1/mesos.pb-c.h"

static void test_parse(void **state)
{
	static const struct {
		const char *text, *want; /* as printed */
	} rows[] = {
		{ "", "" }, { ";;\n", "" }, { "rack:r1", "rack:r1" },
		{ "rack:r1;disks:4;ports:[1-5, 6-7]",
			"rack:r1;disks:4;ports:[1-7]" },
		{ " rack : New York ;\n zone:b", "rack:NewYork;zone:b" },
		{ "rack:a\nrack:b", "rack:a;rack:b" },
		{ "url:http://x:80", "url:http://x:80" }, { "n:1.5", "n:1.5" },
		{ " [{\"name\":\"rack\",\"type\":\"TEXT\",\"text\":{\"value\":\"r1\"}},"
		  "{\"name\":\"n\",\"type\":\"SCALAR\",\"scalar\":{\"value\":2}}] ",
			"rack:r1;n:2" },
		{ "[]", "" }, { "n:-1", "n:-1" }, /* a text */
		{ "n:inf", "n:inf" },		  /* a text */
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		Mesos__V1__Attribute **attrs;
		struct buf b = BUF_INIT;
		struct err e = { 0 };
		struct arena a;
		size_t n;

		arena_init(&a);
		if (attr_parse(&attrs, &n, rows[i].text, &a, &e) != 0)
			fail_msg("'%s': %s", rows[i].text, e.text);
		attr_print(&b, attrs, n);
		assert_string_equal(buf_str(&b), rows[i].want);
		buf_fini(&b);
		arena_fini(&a);
	}
}

static void test_types(void **state)
{
	Mesos__V1__Attribute **m;
	struct arena a;
	size_t n;

	(void)state;
	arena_init(&a);
	assert_int_equal(attr_parse(&m, &n, "a:x;b:1.5;c:[1-2]", &a, NULL), 0);
	assert_int_equal(n, 3);
	assert_int_equal(m[0]->type, MESOS__V1__VALUE__TYPE__TEXT);
	assert_string_equal(m[0]->text->value, "x");
	assert_int_equal(m[1]->type, MESOS__V1__VALUE__TYPE__SCALAR);
	assert_true(m[1]->scalar->value == 1.5);
	assert_int_equal(m[2]->type, MESOS__V1__VALUE__TYPE__RANGES);
	assert_int_equal(m[2]->ranges->range[0]->end, 2);
	arena_fini(&a);
}

static void test_refuses(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "rack", "at byte 0, 'rack': there is no ':'" },
		{ "a:b;:x", "at byte 4, ':x': the name is missing" },
		{ "a:", "the value is missing" },
		{ "a: ", "the value is missing" },
		{ "a:{x,y}", "can't be a set" },
		{ "a:[1-", "not a list of ranges" },
		{ "a:b(c", "don't match" },
		{ "a:1e-320", "too small" },
		{ "[{\"name\":\"a\"}]", "attributes[0]" },
		{ "[{\"name\":\"a\",\"type\":\"TEXT\"}]",
			"attributes[0]: 'text' is missing" },
		{ "[{\"name\":\"a\",\"type\":\"SET\",\"set\":{\"item\":[\"b\"]}}]",
			"can't be a set" },
		{ "[{\"name\":\"a\",\"type\":\"SCALAR\",\"scalar\":{\"value\":-1}}]",
			"below 0" },
		{ "[] x", "must be one JSON array" },
		{ "[{\"name\"", "must be one JSON array" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		Mesos__V1__Attribute **attrs;
		struct err e = { 0 };
		struct arena a;
		size_t n;

		arena_init(&a);
		if (attr_parse(&attrs, &n, rows[i].text, &a, &e) == 0)
			fail_msg("'%s' was accepted", rows[i].text);
		if (strstr(e.text, rows[i].why) == NULL)
			fail_msg("'%s' gave: %s", rows[i].text, e.text);
		arena_fini(&a);
	}
}

static void test_equal(void **state)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} rows[] = {
		{ "", "", true },
		{ "a:1;b:x", "b:x;a:1.0", true },
		{ "a:x;a:y", "a:y;a:x", true },
		{ "a:x;a:x", "a:x", false },
		{ "a:x;a:x", "a:x;a:y", false },
		{ "p:[1-2,3-4]", "p:[1-4]", true },
		{ "a:1", "a:2", false },
		{ "a:x", "b:x", false },
		{ "a:[1-1]", "a:1", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		Mesos__V1__Attribute **x, **y;
		struct arena a;
		size_t nx, ny;

		arena_init(&a);
		assert_int_equal(attr_parse(&x, &nx, rows[i].a, &a, NULL), 0);
		assert_int_equal(attr_parse(&y, &ny, rows[i].b, &a, NULL), 0);
		if (attr_equal(x, nx, y, ny) != rows[i].equal)
			fail_msg("'%s' and '%s'", rows[i].a, rows[i].b);
		arena_fini(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_equal),
	};

	return cmocka_run_group_tests_name("attr", tests, NULL, NULL);
}
