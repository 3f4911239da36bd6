/* The buffer: bytes with a NUL behind them, at every size. */
#include "common/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dies.h"

static void test_text(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	assert_string_equal(buf_str(&b), "");
	buf_add_str(&b, "");
	assert_string_equal(buf_str(&b), "");
	buf_add_str(&b, "ab");
	buf_add_char(&b, 'c');
	buf_printf(&b, "%d%s", 12, "");
	buf_add(&b, NULL, 0);
	assert_string_equal(buf_str(&b), "abc12");
	assert_int_equal(b.size, 5);
	buf_clear(&b);
	assert_string_equal(buf_str(&b), "");
	assert_int_equal(b.size, 0);
	buf_fini(&b);
	buf_fini(&b);
	buf_clear(&b);
	assert_string_equal(buf_str(&b), "");
}

static void test_bytes(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		buf_add_char(&b, (char)i);
		assert_int_equal(b.data[b.size], '\0');
	}
	assert_int_equal(b.size, 100000);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(b.data[i], (char)i);
	buf_fini(&b);
}

static void test_drop(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_drop(&b, 0);
	buf_add_str(&b, "hello world");
	buf_drop(&b, 0);
	buf_drop(&b, 6);
	assert_string_equal(buf_str(&b), "world");
	buf_drop(&b, 5);
	assert_string_equal(buf_str(&b), "");
	assert_int_equal(b.size, 0);
	buf_add_str(&b, "x");
	assert_string_equal(buf_str(&b), "x");
	buf_fini(&b);
}

static void test_reserve(void **state)
{
	struct buf b = BUF_INIT;
	char *to;

	(void)state;
	buf_add_str(&b, "ab");
	to = buf_reserve(&b, 1000);
	assert_ptr_equal(to, b.data + 2);
	memset(to, 'x', 1000);
	b.size += 1000;
	buf_add_char(&b, '!');
	assert_int_equal(b.size, 1003);
	assert_int_equal(b.data[1002], '!');
	buf_fini(&b);
}

static void test_steal(void **state)
{
	struct buf b = BUF_INIT;
	char *s;

	(void)state;
	s = buf_steal(&b);
	assert_string_equal(s, "");
	free(s);
	buf_add_str(&b, "mine");
	s = buf_steal(&b);
	assert_string_equal(s, "mine");
	assert_null(b.data);
	assert_int_equal(b.size, 0);
	free(s);
}

static void drop_too_much(void *arg)
{
	buf_drop(arg, 3);
}

static void reserve_everything(void *arg)
{
	(void)buf_reserve(arg, SIZE_MAX);
}

static void test_misuse(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_add_str(&b, "ab");
	assert_true(dies(drop_too_much, &b));
	assert_true(dies(reserve_everything, &b));
	buf_fini(&b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_drop),
		cmocka_unit_test(test_reserve),
		cmocka_unit_test(test_steal),
		cmocka_unit_test(test_misuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
