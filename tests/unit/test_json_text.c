/* Escapes and numbers. */
#include "common/json_text.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/check.h"

static void test_text(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "", "\"\"" },
		{ "plain /", "\"plain /\"" },
		{ "\b\f\n\r\t\"\\", "\"\\b\\f\\n\\r\\t\\\"\\\\\"" },
		{ "\x01\x1f", "\"\\u0001\\u001f\"" },
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x8d",
			"\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x8d\"" },
		{ "a\xff"
		  "b",
			"\"a\xef\xbf\xbd"
			"b\"" },
		{ "\xc0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "\xf4\x90\x80\x80",
			"\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
			"\xef\xbf\xbd\"" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = BUF_INIT;

		json_text_quote(&b, cases[i].in, strlen(cases[i].in));
		assert_string_equal(buf_str(&b), cases[i].out);
		buf_fini(&b);
	}
}

static void test_milli(void **state)
{
	static const struct {
		int64_t in;
		const char *out;
	} cases[] = {
		{ 0, "0.0" },
		{ 1, "0.001" },
		{ 10, "0.01" },
		{ 100, "0.1" },
		{ 1500, "1.5" },
		{ 2000, "2.0" },
		{ 1234567, "1234.567" },
		{ -500, "-0.5" },
		{ INT64_MIN, "-9223372036854775.808" },
		{ INT64_MAX, "9223372036854775.807" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = BUF_INIT;

		json_text_milli(&b, cases[i].in);
		assert_string_equal(buf_str(&b), cases[i].out);
		buf_fini(&b);
	}
}

static void test_double(void **state)
{
	static const struct {
		double in;
		const char *out;
	} cases[] = {
		{ 0, "0.0" },
		{ -0.0, "-0.0" },
		{ 15, "15.0" },
		{ 0.1, "0.1" },
		{ 0.57, "0.57" },
		{ -1.005, "-1.005" },
		{ 0.1 + 0.2, "0.30000000000000004" },
		{ 1.0 / 3, "0.3333333333333333" },
		{ 1e22, "1e+22" },
		{ 1.5e-9, "1.5e-09" },
		{ 123456789012345680.0, "1.2345678901234568e+17" },
		{ 999999999999.999, "999999999999.999" },
		{ 5e-324, "4.94065645841247e-324" },
		{ INFINITY, "Infinity" },
		{ -INFINITY, "-Infinity" },
		{ NAN, "NaN" },
	};
	uint64_t x = 1;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = BUF_INIT;

		json_text_double(&b, cases[i].in);
		assert_string_equal(buf_str(&b), cases[i].out);
		buf_fini(&b);
	}
	for (int i = 0; i < 20000; i++) {
		struct buf b = BUF_INIT;
		double d;

		x = x * 6364136223846793005U + 1442695040888963407U;
		memcpy(&d, &x, sizeof(d));
		if (i % 2 == 0)
			d = (double)(x >> 40) / 1000;
		json_text_double(&b, d);
		if (isfinite(d))
			assert_true(strtod(buf_str(&b), NULL) == d);
		buf_fini(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_milli),
		cmocka_unit_test(test_double),
	};

	return cmocka_run_group_tests_name("json_text", tests, NULL, NULL);
}
