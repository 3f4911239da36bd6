/* base64, with Mesos' leniency in reading. */
#include "common/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/check.h"

static void test_both_ways(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "\xff\xfe\xfd", "//79" }, { "\xfb\xef", "++8=" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = BUF_INIT, back = BUF_INIT;

		base64_encode(
			&b, (const uint8_t *)cases[i].in, strlen(cases[i].in));
		assert_string_equal(buf_str(&b), cases[i].out);
		assert_int_equal(base64_decode(&back, buf_str(&b), b.size), 0);
		assert_string_equal(buf_str(&back), cases[i].in);
		buf_fini(&b);
		buf_fini(&back);
	}
}

static void test_reading(void **state)
{
	static const struct {
		const char *in;
		int want;
		const char *out;
	} cases[] = { { " Zm\n9\tv ", 0, "foo" }, { "Zm8", 0, "fo" },
		{ "Zg==garbage!", 0, "f" }, { "=", 0, "" }, { "A", 0, "" },
		{ "Zm9v-", -1, "" }, { "_", -1, "" }, { "Zm9v\x80", -1, "" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = BUF_INIT;

		assert_int_equal(
			base64_decode(&b, cases[i].in, strlen(cases[i].in)),
			cases[i].want);
		if (cases[i].want == 0)
			assert_string_equal(buf_str(&b), cases[i].out);
		buf_fini(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_reading),
	};

	return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
