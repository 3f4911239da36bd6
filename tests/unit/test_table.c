/* test_table.c - what a person sees: tables, times, amounts, JSON, tails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/age.h"
#include "cli/outcome.h"
#include "cli/pick.h"
#include "cli/pretty.h"
#include "cli/table.h"
#include "cli/tail.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"

static const struct table_column columns[] = {
	{ "ID", false, false },
	{ "CPUS", true, false },
	{ "NOTE", false, true },
	{ "NAME", false, false },
	{ NULL },
};

static void fill(struct table *t)
{
	table_init(t, columns);
	table_add(t, "a-1");
	table_addf(t, "%d", 10);
	table_add(t, NULL);
	table_add(t, "bl\xc3\xa4u");
	table_colour_set(t, TABLE_GREEN);
	table_add(t, "a-long-one");
	table_addf(t, "%s", "0.5");
	table_add(t, "x\033[2J\ny");
	table_add(t, "");
}

static void test_table(void **state)
{
	static const struct {
		bool wide, colours;
		const char *want;
	} rows[] = {
		{ false, false,
			"ID           CPUS   NAME\n"
			"a-1            10   bl\xc3\xa4u\n"
			"a-long-one    0.5   -\n" },
		{ true, false,
			"ID           CPUS   NOTE      NAME\n"
			"a-1            10   -         bl\xc3\xa4u\n"
			"a-long-one    0.5   x?[2J?y   -\n" },
		{ false, true,
			"ID           CPUS   NAME\n"
			"a-1            10   \033[32mbl\xc3\xa4u\033[0m\n"
			"a-long-one    0.5   -\n" },
	};
	struct table t;
	struct buf b = BUF_INIT;

	(void)state;
	fill(&t);
	assert_int_equal(table_rows(&t), 2);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_clear(&b);
		table_print(&b, &t, rows[i].wide, rows[i].colours);
		assert_string_equal(buf_str(&b), rows[i].want);
	}
	buf_clear(&b);
	table_print_names(&b, &t);
	assert_string_equal(buf_str(&b), "a-1\na-long-one\n");
	buf_fini(&b);
	table_fini(&t);
}

static void test_empty_table(void **state)
{
	struct table t;
	struct buf b = BUF_INIT;

	(void)state;
	table_init(&t, columns);
	table_print(&b, &t, false, false);
	assert_string_equal(buf_str(&b), "ID   CPUS   NAME\n");
	buf_fini(&b);
	table_fini(&t);
}

static void test_age(void **state)
{
	static const struct {
		int64_t seconds;
		const char *want;
	} rows[] = { { -1, "-" }, { 0, "0s" }, { 59, "59s" }, { 192, "3m12s" },
		{ 3600, "1h00m" }, { 18420, "5h07m" }, { 86400, "1d00h" },
		{ 273600, "3d04h" } };
	static const struct {
		int64_t seconds;
		const char *want;
	} dates[] = { { 0, "-" }, { 1, "1970-01-01T00:00:01Z" },
		{ 951782400, "2000-02-29T00:00:00Z" },
		{ 1795482123, "2026-11-24T01:02:03Z" },
		{ 253402300799, "9999-12-31T23:59:59Z" },
		{ 253402300800, "-" } };
	static const struct {
		int64_t milli;
		const char *want;
	} amounts[] = { { 0, "0" }, { 4000, "4" }, { 500, "0.5" },
		{ 1, "0.001" }, { 12340, "12.34" } };
	char text[AGE_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		age_text(text, rows[i].seconds);
		assert_string_equal(text, rows[i].want);
	}
	for (size_t i = 0; i < ARRAY_LEN(dates); i++) {
		age_date(text, dates[i].seconds);
		assert_string_equal(text, dates[i].want);
	}
	for (size_t i = 0; i < ARRAY_LEN(amounts); i++) {
		age_milli(text, amounts[i].milli);
		assert_string_equal(text, amounts[i].want);
	}
}

static void test_pick(void **state)
{
	static const struct {
		const char *id, *name;
	} things[] = {
		{ "aaaa-0001", "web" },
		{ "aaaa-0002", "web" },
		{ "aaaa-0012", "db" },
		{ "bbbb-S1", "host" },
		{ "bbbb", NULL },
	};
	static const struct {
		const char *word;
		int want; /* -1: none or several */
		const char *why;
	} rows[] = {
		{ "aaaa-0001", 0, NULL },
		{ "aaaa-001", 2, NULL },
		{ "0002", 1, NULL },
		{ "S1", 3, NULL },
		{ "bbbb", 4, NULL },
		{ "db", 2, NULL },
		{ "host", 3, NULL },
		{ "web", -1, "'web' can be 2 of them" },
		{ "aaaa", -1, "'aaaa' can be 3 of them" },
		{ "2", -1, "no thing '2'" },
		{ "", -1, "no thing ''" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pick p;
		struct err e;
		size_t best;

		pick_init(&p, "thing", rows[i].word);
		for (size_t k = 0; k < ARRAY_LEN(things); k++)
			pick_offer(&p, things[k].id, things[k].name);
		if (rows[i].want >= 0) {
			assert_int_equal(pick_done(&p, &best, &e), 0);
			assert_int_equal(best, (size_t)rows[i].want);
		} else {
			assert_int_equal(pick_done(&p, &best, &e), -1);
			assert_int_equal(e.code, ERR_NOT_FOUND);
			assert_non_null(strstr(e.text, rows[i].why));
		}
	}
}

static void test_pretty(void **state)
{
	static const struct {
		const char *json, *want;
	} rows[] = {
		{ "{}", "{}\n" },
		{ "{\"a\":1,\"b\":[]}", "{\n  \"a\": 1,\n  \"b\": []\n}\n" },
		{ "[1,{\"x\":\"a,{\\\"\"}]",
			"[\n  1,\n  {\n    \"x\": \"a,{\\\"\"\n  }\n]\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf b = BUF_INIT;

		pretty_json(&b, rows[i].json, strlen(rows[i].json));
		assert_string_equal(buf_str(&b), rows[i].want);
		buf_fini(&b);
	}
}

static void test_tail(void **state)
{
	static const struct {
		const char *text;
		uint64_t lines;
		size_t want;
	} rows[] = { { "a\nb\nc\n", 1, 4 }, { "a\nb\nc\n", 2, 2 },
		{ "a\nb\nc", 1, 4 }, { "a\nb\nc", 9, 0 }, { "", 3, 0 },
		{ "a\n", 0, 2 }, { "\n\n\n", 1, 2 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(tail_begin((const uint8_t *)rows[i].text,
					 strlen(rows[i].text), rows[i].lines),
			rows[i].want);
}

static void test_outcome(void **state)
{
	static const struct {
		int state;
		const char *message;
		int want;
	} rows[] = {
		{ MESOS__V1__TASK_STATE__TASK_FINISHED, NULL, 0 },
		{ MESOS__V1__TASK_STATE__TASK_FINISHED,
			"Command exited with status 0", 0 },
		{ MESOS__V1__TASK_STATE__TASK_FAILED,
			"Command exited with status 3", 3 },
		{ MESOS__V1__TASK_STATE__TASK_FAILED,
			"Command terminated with signal Killed", 137 },
		{ MESOS__V1__TASK_STATE__TASK_FAILED,
			"Command terminated with signal Segmentation fault (core "
			"dumped)",
			139 },
		{ MESOS__V1__TASK_STATE__TASK_KILLED,
			"Command terminated with signal Terminated", 143 },
		{ MESOS__V1__TASK_STATE__TASK_KILLED,
			"Command exited with status 0", 1 },
		{ MESOS__V1__TASK_STATE__TASK_FAILED,
			"Command terminated with signal Stopped (tty input)",
			149 },
		{ MESOS__V1__TASK_STATE__TASK_LOST, NULL, 1 },
		{ MESOS__V1__TASK_STATE__TASK_FAILED, "Executor terminated",
			1 },
		{ MESOS__V1__TASK_STATE__TASK_FAILED,
			"Command exited with status 99999999999", 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		Mesos__V1__TaskStatus s = MESOS__V1__TASK_STATUS__INIT;
		char message[128] = "";

		s.state = (Mesos__V1__TaskState)rows[i].state;
		if (rows[i].message != NULL) {
			memcpy(message, rows[i].message,
				strlen(rows[i].message));
			s.message = message;
		}
		assert_int_equal(outcome_status(&s), rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_empty_table),
		cmocka_unit_test(test_age),
		cmocka_unit_test(test_pick),
		cmocka_unit_test(test_pretty),
		cmocka_unit_test(test_tail),
		cmocka_unit_test(test_outcome),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
