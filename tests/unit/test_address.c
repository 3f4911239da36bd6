/* test_address.c - addresses as people and redirects write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/check.h"
#include "common/err.h"
#include "sched/address.h"
#include "sched/backoff.h"
#include "sched/roles.h"

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		const char *want; /* NULL: refused */
		enum address_scheme scheme;
	} rows[] = {
		{ "localhost", "localhost:5050", ADDRESS_ANY },
		{ "m1:6000", "m1:6000", ADDRESS_ANY },
		{ "10.0.0.1:1", "10.0.0.1:1", ADDRESS_ANY },
		{ "[::1]:5051", "[::1]:5051", ADDRESS_ANY },
		{ "[fe80::1%eth0]", "[fe80::1%eth0]:5050", ADDRESS_ANY },
		{ "https://m1/", "m1:5050", ADDRESS_HTTPS },
		{ "http://m1:80/x/y", "m1:80", ADDRESS_HTTP },
		{ "", NULL, 0 },
		{ ":5050", NULL, 0 },
		{ "m1:", NULL, 0 },
		{ "m1:0", NULL, 0 },
		{ "m1:65536", NULL, 0 },
		{ "m1:123456", NULL, 0 },
		{ "m1:5o50", NULL, 0 },
		{ "::1", NULL, 0 },
		{ "[::1", NULL, 0 },
		{ "[::1]x", NULL, 0 },
		{ "[m1]", NULL, 0 },
		{ "m 1", NULL, 0 },
		{ "zk://a:2181/mesos", NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[ADDRESS_TEXT_MAX];
		struct address a;
		struct err e;
		int r = address_parse(
			&a, rows[i].text, strlen(rows[i].text), 5050, &e);

		assert_int_equal(r, rows[i].want == NULL ? -1 : 0);
		if (r != 0)
			continue;
		address_text(text, &a);
		assert_string_equal(text, rows[i].want);
		assert_int_equal(a.scheme, rows[i].scheme);
	}
}

static void test_others(void **state)
{
	struct address a[ADDRESS_LIST_MAX];
	size_t n;

	(void)state;
	assert_int_equal(address_list(a, &n, "a,b:2,[::1]:3", 9, NULL), 0);
	assert_int_equal(n, 3);
	assert_int_equal(a[0].port, 9);
	assert_string_equal(a[2].host, "::1");
	assert_int_equal(address_list(a, &n, "a,,b", 9, NULL), -1);
	assert_int_equal(address_list(a, &n,
				 "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a", 9, NULL),
		-1);
	assert_int_equal(address_redirect(a, "//m:1/api", NULL), 0);
	assert_int_equal(a[0].port, 1);
	assert_int_equal(address_redirect(a, "/api", NULL), -1);
	assert_int_equal(address_pid(a, "slave(1)@127.0.0.1:5051", NULL), 0);
	assert_string_equal(a[0].host, "127.0.0.1");
	assert_int_equal(address_pid(a, "127.0.0.1", NULL), -1);
}

static void test_backoff(void **state)
{
	struct backoff b, c;

	(void)state;
	backoff_init(&b, 1, 10, 80);
	backoff_init(&c, 1, 10, 80);
	for (uint32_t bound = 10; bound < 1000; bound *= 2) {
		uint32_t pause = backoff_next(&b);

		assert_true(pause <= (bound < 80 ? bound : 80));
		assert_int_equal(pause, backoff_next(&c));
	}
	backoff_reset(&b);
	assert_true(backoff_next(&b) <= 10);
}

static void test_roles(void **state)
{
	struct roles r;

	(void)state;
	roles_init(&r);
	roles_add(&r, "a");
	roles_add(&r, "b");
	roles_add(&r, "a");
	assert_int_equal(r.n, 2);
	roles_remove(&r, "a");
	roles_remove(&r, "z");
	assert_int_equal(r.n, 1);
	assert_string_equal(r.names[0], "b");
	roles_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_roles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
