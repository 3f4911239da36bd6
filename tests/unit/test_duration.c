/* Durations as Mesos has them. */
#include "common/duration.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"

static void test_parse(void **state)
{
	static const struct {
		const char *in;
		int64_t ns; /* -1: refused */
	} cases[] = {
		{ "0ns", 0 },
		{ "1ns", 1 },
		{ "3us", 3000 },
		{ "250ms", 250000000 },
		{ "15secs", 15000000000 },
		{ "10mins", 600000000000 },
		{ "1hrs", 3600000000000 },
		{ "2days", 172800000000000 },
		{ "1weeks", 604800000000000 },
		{ "1.5secs", 1500000000 },
		{ "0.25hrs", 900000000000 },
		{ "1.0000000019secs", 1000000001 },
		{ "15250weeks", 9223200000000000000 },
		{ "15251weeks", -1 },
		{ "9223372036854775807ns", INT64_MAX },
		{ "9223372036854775808ns", -1 },
		{ "9223372036.9secs", -1 },
		{ "99999999999999999999999secs", -1 },
		{ "", -1 },
		{ "5", -1 },
		{ "secs", -1 },
		{ "5 secs", -1 },
		{ "-5secs", -1 },
		{ "+5secs", -1 },
		{ ".5secs", -1 },
		{ "5.secs", -1 },
		{ "1.2.3secs", -1 },
		{ "5s", -1 },
		{ "5sec", -1 },
		{ "5Secs", -1 },
		{ "fast", -1 },
		{ "1e3ms", -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err e = { 0 };
		int64_t ns = -1;
		int r = duration_parse(cases[i].in, &ns, &e);

		if (ns != cases[i].ns || (r == 0) != (cases[i].ns >= 0))
			fail_msg("%s: %lld", cases[i].in, (long long)ns);
		if (r != 0)
			assert_non_null(strstr(e.text, cases[i].in));
	}
}

static void test_print(void **state)
{
	static const struct {
		int64_t ns;
		const char *out;
	} cases[] = {
		{ 0, "0ns" },
		{ 999, "999ns" },
		{ 1000, "1us" },
		{ 1500, "1500ns" },
		{ 250000000, "250ms" },
		{ 15000000000, "15secs" },
		{ 1500000000, "1500ms" },
		{ 60000000000, "1mins" },
		{ 90000000000, "90secs" },
		{ 600000000000, "10mins" },
		{ 3600000000000, "1hrs" },
		{ 5400000000000, "90mins" },
		{ 864000000000000, "10days" },
		{ 604800000000000, "1weeks" },
		{ 1000500000, "1000.5ms" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = BUF_INIT;

		duration_print(&b, cases[i].ns);
		assert_string_equal(buf_str(&b), cases[i].out);
		buf_fini(&b);
	}
	{
		struct buf b = BUF_INIT;

		duration_print_ms(&b, 2000);
		assert_string_equal(buf_str(&b), "2secs");
		duration_print_ms(&b, UINT64_MAX);
		buf_fini(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_print),
	};

	return cmocka_run_group_tests_name("duration", tests, NULL, NULL);
}
