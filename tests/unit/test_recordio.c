/* RecordIO: records out of any cut of the stream; bad lengths are fatal. */
#include "common/recordio.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "common/check.h"
#include "common/err.h"

static void test_any_cut(void **state)
{
	static const char *const texts[] = { "hello", "", "10\n10", "x" };
	struct buf stream = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		recordio_add(&stream, texts[i], strlen(texts[i]));
	assert_string_equal(buf_str(&stream), "5\nhello0\n5\n10\n101\nx");
	for (size_t step = 1; step <= stream.size; step++) {
		struct recordio r;
		size_t seen = 0, size;
		const uint8_t *p;

		recordio_init(&r, 100);
		for (size_t at = 0; at < stream.size; at += step) {
			size_t n = stream.size - at;

			recordio_feed(
				&r, stream.data + at, n < step ? n : step);
			while (recordio_next(&r, &p, &size, NULL) == 1) {
				assert_true(seen < ARRAY_LEN(texts));
				assert_int_equal(size, strlen(texts[seen]));
				assert_memory_equal(p, texts[seen], size);
				seen++;
			}
		}
		assert_int_equal(seen, ARRAY_LEN(texts));
		recordio_fini(&r);
	}
	buf_fini(&stream);
}

static void test_bad(void **state)
{
	static const struct {
		const char *in;
		int want;
		const char *text;
	} cases[] = {
		{ "", 0, "" },
		{ "12", 0, "" },
		{ "3\nab", 0, "" },
		{ "003\nabc", 1, "" },
		{ "\n", -1, "empty" },
		{ "-1\n", -1, "0x2d" },
		{ " 1\na", -1, "0x20" },
		{ "1x", -1, "0x78" },
		{ "101\n", -1, "limit of 100" },
		{ "18446744073709551617\n", -1, "too long" },
		{ "000000000000000000000000", -1, "too long" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct recordio r;
		struct err e = { 0 };
		const uint8_t *p;
		size_t size;

		recordio_init(&r, 100);
		recordio_feed(&r, cases[i].in, strlen(cases[i].in));
		assert_int_equal(
			recordio_next(&r, &p, &size, &e), cases[i].want);
		assert_non_null(strstr(e.text, cases[i].text));
		recordio_fini(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_cut),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests_name("recordio", tests, NULL, NULL);
}
