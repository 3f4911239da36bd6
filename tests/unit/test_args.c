/* test_args.c - command lines, good and bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/args.h"
#include "common/check.h"
#include "common/err.h"

static const struct args_option table[] = {
	{ "all", 'a', ARGS_FLAG, NULL, "" },
	{ "force", 'f', ARGS_FLAG, NULL, "" },
	{ "name", 'n', ARGS_TEXT, "NAME", "" },
	{ "cpus", 'c', ARGS_MILLI, "N", "" },
	{ "count", 0, ARGS_UINT, "N", "" },
	{ "wait", 'w', ARGS_DURATION, "TIME", "" },
	{ NULL },
};

static const struct args_option common[] = {
	{ "master", 'm', ARGS_TEXT, "HOST", "" },
	{ NULL },
};

static const struct args_option *const tables[2] = { table, common };

static char words[12][32];
static char *pointers[12];

/* Splits at '|'. */
static size_t split(const char *line)
{
	size_t n = 0;

	memset(words, 0, sizeof(words));
	while (*line != '\0') {
		size_t size = strcspn(line, "|");

		memcpy(words[n], line, size);
		pointers[n] = words[n];
		n++;
		line += size + (line[size] == '|');
	}
	return n;
}

static void test_good(void **state)
{
	struct args a;
	size_t n;

	(void)state;
	args_init(&a);
	n = split("-fa|--name=x|--name|y|-c0.25|one|-m|host:1|two");
	assert_int_equal(
		args_parse(&a, tables, ARGS_ALL, pointers, n, NULL), (int)n);
	assert_true(args_has(&a, "all"));
	assert_true(args_has(&a, "force"));
	assert_false(args_has(&a, "wait"));
	assert_string_equal(args_text(&a, "name", ""), "y");
	assert_string_equal(args_nth(&a, "name", 0), "x");
	assert_null(args_nth(&a, "name", 2));
	assert_int_equal(args_number(&a, "cpus", 1), 250);
	assert_int_equal(args_number(&a, "count", 7), 7);
	assert_string_equal(args_text(&a, "master", ""), "host:1");
	assert_int_equal(a.n_operands, 2);
	assert_string_equal(a.operands[1], "two");
	args_fini(&a);
}

static void test_modes(void **state)
{
	static const struct {
		const char *line;
		enum args_mode mode;
		int read;
		size_t operands;
		bool all;
	} rows[] = {
		{ "x|-a", ARGS_ALL, 2, 1, true },
		{ "x|-a", ARGS_RAW, 2, 2, false },
		{ "-a|x|-a", ARGS_RAW, 3, 2, true },
		{ "--|-a|x", ARGS_ALL, 3, 2, false },
		{ "-a|x|y", ARGS_LEADING, 1, 0, true },
		{ "-", ARGS_ALL, 1, 1, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t n = split(rows[i].line);
		struct args a;

		args_init(&a);
		assert_int_equal(
			args_parse(&a, tables, rows[i].mode, pointers, n, NULL),
			rows[i].read);
		assert_int_equal(a.n_operands, rows[i].operands);
		assert_int_equal(args_has(&a, "all"), rows[i].all);
		args_fini(&a);
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *line;
		const char *why;
	} rows[] = {
		{ "--nmae=x", "unknown option --nmae; did you mean --name?" },
		{ "--zzzzzz", "unknown option --zzzzzz" },
		{ "-z", "unknown option -z" },
		{ "--all=1", "option --all takes no value" },
		{ "--name", "option --name needs NAME" },
		{ "-n", "option -n needs NAME" },
		{ "--cpus=x", "option --cpus: 'x' is not a number" },
		{ "--cpus=1.2345",
			"option --cpus: '1.2345' is not a number with "
			"up to three decimals" },
		{ "--count=-1",
			"option --count: '-1' is not a whole number "
			"from 0 to 4294967295" },
		{ "--count=4294967296",
			"option --count: '4294967296' is not a "
			"whole number from 0 to 4294967295" },
		{ "--wait=5x",
			"option --wait: '5x' is not a duration such as "
			"250ms, 10secs, 3mins or 1hrs" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t n = split(rows[i].line);
		struct args a;
		struct err e;

		args_init(&a);
		assert_int_equal(
			args_parse(&a, tables, ARGS_ALL, pointers, n, &e), -1);
		assert_string_equal(e.text, rows[i].why);
		assert_int_equal(e.code, ERR_INVALID);
		args_fini(&a);
	}
}

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} rows[] = {
		{ "0", 0 },
		{ "90", 90000 },
		{ "250ms", 250 },
		{ "10secs", 10000 },
		{ "1.5hrs", 5400000 },
		{ "3mins", 180000 },
		{ "1hrs", 3600000 },
		{ "2days", 172800000 },
	};
	uint64_t ms;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(args_duration(rows[i].text, &ms, NULL), 0);
		assert_int_equal(ms, rows[i].ms);
	}
	assert_int_equal(args_duration("", &ms, NULL), -1);
	assert_int_equal(args_duration("3m", &ms, NULL), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_durations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
