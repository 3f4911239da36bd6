/* test_res_json.c - resources as /state shows them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/json.h"
#include "common/res.h"
#include "common/res_json.h"

static void test_object(void **state)
{
	static const struct {
		const char *text, *want;
	} table[] = {
		{ "", "{\"cpus\":0.0,\"gpus\":0.0,\"mem\":0.0,\"disk\":0.0}" },
		{ "cpus:1.5;mem:64;disk:1",
			"{\"gpus\":0.0,\"cpus\":1.5,\"mem\":64.0,\"disk\":1.0}" },
		{ "cpus:1;cpus(a):2",
			"{\"gpus\":0.0,\"mem\":0.0,\"disk\":0.0,\"cpus\":3.0}" },
		{ "ports:[1-5,9-9];bugs:{a,b}",
			"{\"cpus\":0.0,\"gpus\":0.0,\"mem\":0.0,\"disk\":0.0,"
			"\"ports\":\"[1-5, 9-9]\",\"bugs\":\"{a, b}\"}" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(table); i++) {
		struct res r = RES_INIT;
		struct buf b = BUF_INIT;
		struct err e;
		struct json j;

		if (table[i].text[0] != '\0')
			assert_int_equal(
				res_parse(&r, table[i].text, "*", &e), 0);
		json_init(&j, &b);
		res_json_object(&j, &r);
		assert_string_equal(buf_str(&b), table[i].want);
		buf_fini(&b);
		res_fini(&r);
	}
}

static void test_list(void **state)
{
	struct res r = RES_INIT;
	struct buf b = BUF_INIT;
	struct err e;
	struct json j;

	(void)state;
	assert_int_equal(res_parse(&r, "cpus(web):2", "*", &e), 0);
	json_init(&j, &b);
	res_json_list(&j, &r);
	/* Old readers see "role", new ones "reservations". */
	assert_non_null(strstr(buf_str(&b), "\"role\":\"web\""));
	assert_non_null(strstr(buf_str(&b), "\"reservations\""));
	buf_fini(&b);
	res_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_object),
		cmocka_unit_test(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
