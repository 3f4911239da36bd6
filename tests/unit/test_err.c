/* Errors: code and text, context in front, never longer than the room. */
#include "common/err.h"

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dies.h"

static void test_set(void **state)
{
	struct err e = { ERR_NONE, "" };

	(void)state;
	assert_int_equal(err_set(&e, ERR_IO, "disk '%s': %d", "sda", 5), -1);
	assert_int_equal(e.code, ERR_IO);
	assert_string_equal(e.text, "disk 'sda': 5");
	assert_int_equal(err_set(NULL, ERR_IO, "nobody cares"), -1);
	assert_int_equal(err_wrap(NULL, "nobody cares"), -1);
}

static void test_wrap(void **state)
{
	struct err e;

	(void)state;
	(void)err_set(&e, ERR_DENIED, "no");
	assert_int_equal(err_wrap(&e, "task '%s'", "t1"), -1);
	assert_int_equal(err_wrap(&e, "agent %d", 7), -1);
	assert_int_equal(e.code, ERR_DENIED);
	assert_string_equal(e.text, "agent 7: task 't1': no");
}

/* Whatever the lengths: terminated, and the context is what stays. */
static void test_long(void **state)
{
	static char s[ERR_TEXT_MAX + 100];

	(void)state;
	for (size_t n = ERR_TEXT_MAX - 10; n < ERR_TEXT_MAX + 10; n++) {
		struct err e;

		memset(s, 'o', n);
		s[n] = '\0';
		(void)err_set(&e, ERR_INVALID, "%s", s);
		assert_int_equal(strlen(e.text),
			n < ERR_TEXT_MAX ? n : ERR_TEXT_MAX - 1);
		(void)err_wrap(&e, "context");
		assert_memory_equal(e.text, "context: ooo", 12);
		assert_true(strlen(e.text) < ERR_TEXT_MAX);

		(void)err_set(&e, ERR_INVALID, "why");
		(void)err_wrap(&e, "%s", s);
		assert_true(strlen(e.text) < ERR_TEXT_MAX);
		assert_memory_equal(e.text, s, ERR_TEXT_MAX - 10);
	}
}

static void test_names(void **state)
{
	(void)state;
	for (int code = ERR_NONE; code <= ERR_UNSUPPORTED; code++)
		assert_true(strlen(err_code_name((enum err_code)code)) > 0);
	assert_string_equal(err_code_name(ERR_NOT_FOUND), "not_found");
}

static void set_none(void *arg)
{
	(void)err_set(arg, ERR_NONE, "nothing");
}

static void wrap_none(void *arg)
{
	(void)err_wrap(arg, "nothing");
}

static void name_of_nothing(void *arg)
{
	(void)arg;
	(void)err_code_name((enum err_code)(ERR_UNSUPPORTED + 1));
}

static void test_misuse(void **state)
{
	struct err e = { ERR_NONE, "" };

	(void)state;
	assert_true(dies(set_none, &e));
	assert_true(dies(wrap_none, &e));
	assert_true(dies(name_of_nothing, NULL));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_misuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
