/* The report writer: commas and nesting. */
#include "common/json.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "common/buf.h"

static void test_tree(void **state)
{
	struct buf b = BUF_INIT;
	struct json j;

	(void)state;
	json_init(&j, &b);
	json_obj_begin(&j);
	json_kstr(&j, "name", "a\"b");
	json_kstr(&j, "none", NULL);
	json_kint(&j, "n", INT64_MIN);
	json_key(&j, "list");
	json_arr_begin(&j);
	json_uint(&j, UINT64_MAX);
	json_obj_begin(&j);
	json_obj_end(&j);
	json_arr_begin(&j);
	json_arr_end(&j);
	json_raw(&j, "{\"x\":1}", 7);
	json_arr_end(&j);
	json_kbool(&j, "yes", true);
	json_kmilli(&j, "cpus", 1500);
	json_key(&j, "load");
	json_double(&j, 0.25);
	json_obj_end(&j);
	assert_string_equal(buf_str(&b),
		"{\"name\":\"a\\\"b\",\"none\":null,\"n\":-9223372036854775808,"
		"\"list\":[18446744073709551615,{},[],{\"x\":1}],\"yes\":true,"
		"\"cpus\":1.5,\"load\":0.25}");
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
