/* test_ident.c - names of roles and ids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/check.h"
#include "common/err.h"
#include "common/ident.h"
#include "common/limits.h"

static void test_roles(void **state)
{
	static const struct {
		const char *role, *why; /* NULL: fine */
	} rows[] = {
		{ "*", NULL },
		{ "a", NULL },
		{ "a/b/c", NULL },
		{ "a*", NULL },
		{ "a-b.c", NULL },
		{ "...", NULL },
		{ "r\xc3\xb6le", NULL },
		{ "", "may not be empty" },
		{ "/a", "slash" },
		{ "a/", "slash" },
		{ "a//b", "slash" },
		{ "/", "slash" },
		{ ".", "component '.'" },
		{ "..", "component '..'" },
		{ "a/./b", "component '.'" },
		{ "a/../b", "component '..'" },
		{ "a/*", "component '*'" },
		{ "*/a", "component '*'" },
		{ "-a", "begins with '-'" },
		{ "a/-b", "begins with '-'" },
		{ "a b", "white space" },
		{ "a\tb", "white space" },
		{ "a\nb", "white space" },
		{ "a\vb", "white space" },
		{ "a\fb", "white space" },
		{ "a\rb", "white space" },
		{ "a\x7f", "white space" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = { 0 };
		int rc = ident_role_check(rows[i].role, &e);

		if (rows[i].why == NULL && rc != 0)
			fail_msg("'%s': %s", rows[i].role, e.text);
		if (rows[i].why != NULL &&
			(rc == 0 || strstr(e.text, rows[i].why) == NULL))
			fail_msg("'%s' gave %d: %s", rows[i].role, rc, e.text);
	}
}

static void test_long_role(void **state)
{
	char role[ROLE_MAX + 2];

	(void)state;
	memset(role, 'a', sizeof(role));
	role[ROLE_MAX + 1] = '\0';
	assert_int_equal(ident_role_check(role, NULL), -1);
	role[ROLE_MAX] = '\0';
	assert_int_equal(ident_role_check(role, NULL), 0);
}

static void test_ids(void **state)
{
	static const struct {
		const char *id, *why;
	} rows[] = {
		{ "a", NULL },
		{ "task 1", NULL },
		{ "...", NULL },
		{ "t\xc3\xa4sk", NULL },
		{ "", "task id may not be empty" },
		{ ".", "'.' is not allowed" },
		{ "..", "'..' is not allowed" },
		{ "a/b", "task id 'a/b' has a '/'" },
		{ "a\\b", "has a '\\'" },
		{ "a\nb", "control character at byte 1" },
		{ "a\x7f", "control character" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = { 0 };
		int rc = ident_id_check("task id", rows[i].id, &e);

		if (rows[i].why == NULL && rc != 0)
			fail_msg("'%s': %s", rows[i].id, e.text);
		if (rows[i].why != NULL &&
			(rc == 0 || strstr(e.text, rows[i].why) == NULL))
			fail_msg("'%s' gave %d: %s", rows[i].id, rc, e.text);
	}
}

static void test_long_id(void **state)
{
	char id[ID_MAX + 2];

	(void)state;
	memset(id, 'a', sizeof(id));
	id[ID_MAX + 1] = '\0';
	assert_int_equal(ident_id_check("id", id, NULL), -1);
	id[ID_MAX] = '\0';
	assert_int_equal(ident_id_check("id", id, NULL), 0);
}

static void test_ancestors(void **state)
{
	(void)state;
	assert_true(ident_role_is_ancestor("a", "a/b"));
	assert_true(ident_role_is_ancestor("a", "a/b/c"));
	assert_false(ident_role_is_ancestor("a", "a"));
	assert_false(ident_role_is_ancestor("a", "ab/c"));
	assert_false(ident_role_is_ancestor("a/b", "a"));
	assert_false(ident_role_is_ancestor("*", "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_long_role),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_long_id),
		cmocka_unit_test(test_ancestors),
	};

	return cmocka_run_group_tests_name("ident", tests, NULL, NULL);
}
