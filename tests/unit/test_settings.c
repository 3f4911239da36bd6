/* test_settings.c - where settings come from, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/settings.h"
#include "common/check.h"
#include "common/err.h"

static void test_order(void **state)
{
	struct settings s;

	(void)state;
	settings_init(&s);
	settings_set(&s, SETTINGS_MASTER, "env:1", SETTINGS_ENVIRONMENT);
	assert_int_equal(settings_parse(&s,
				 "# ours\n\nmaster = file:1\n"
				 "  cacert=\"/a b/ca.crt\"  \r\n",
				 NULL),
		0);
	settings_parse_mesos(&s, "[master]\n  address = \"mesos:1\"\n");
	assert_int_equal(settings_finish(&s, NULL), 0);
	assert_string_equal(s.values[SETTINGS_MASTER], "env:1");
	assert_int_equal(s.from[SETTINGS_MASTER], SETTINGS_ENVIRONMENT);
	assert_string_equal(s.values[SETTINGS_CACERT], "/a b/ca.crt");
	assert_string_equal(settings_source_text(s.from[SETTINGS_CACERT]),
		"~/.config/butte/config");
	settings_set(&s, SETTINGS_MASTER, "flag:1", SETTINGS_FLAG);
	assert_string_equal(s.values[SETTINGS_MASTER], "flag:1");
	assert_false(settings_plaintext(&s));
	settings_fini(&s);
}

static void test_defaults(void **state)
{
	struct settings s;

	(void)state;
	settings_init(&s);
	assert_int_equal(settings_finish(&s, NULL), 0);
	assert_string_equal(s.values[SETTINGS_MASTER], "localhost:5050");
	assert_int_equal(s.from[SETTINGS_MASTER], SETTINGS_DEFAULT);
	settings_fini(&s);
}

static void test_mesos(void **state)
{
	static const struct {
		const char *text;
		const char *master; /* NULL: nothing found */
	} rows[] = {
		{ "[master]\naddress=\"a:1\"\n", "a:1" },
		{ "address=\"a:1\"\n", NULL },
		{ "[agent]\naddress=\"a:1\"\n[master]\n\n# x\n", NULL },
		{ "plugins = [\n  \"x\"\n]\n[master]\naddress = \"b:2\"",
			"b:2" },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct settings s;

		settings_init(&s);
		settings_parse_mesos(&s, rows[i].text);
		if (rows[i].master == NULL)
			assert_null(s.values[SETTINGS_MASTER]);
		else
			assert_string_equal(
				s.values[SETTINGS_MASTER], rows[i].master);
		settings_fini(&s);
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} rows[] = {
		{ "x", "line 1: 'x' is not name = value" },
		{ "\nmastr=a",
			"line 2: unknown name 'mastr'; did you mean "
			"'master'?" },
		{ "frobnicate=1", "line 1: unknown name 'frobnicate'" },
		{ "tls=maybe",
			"tls is 'maybe' (~/.config/butte/config); it can be on or off" },
		{ "cert=a",
			"cert and key belong together; only cert is given" },
		{ "key=a", "cert and key belong together; only key is given" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct settings s;
		struct err e;
		int r;

		settings_init(&s);
		r = settings_parse(&s, rows[i].text, &e);
		if (r == 0)
			r = settings_finish(&s, &e);
		assert_int_equal(r, -1);
		assert_string_equal(e.text, rows[i].why);
		settings_fini(&s);
	}
}

static void test_plaintext(void **state)
{
	static const struct {
		const char *value;
		bool plaintext;
	} rows[] = { { NULL, false }, { "", false }, { "0", false },
		{ "1", true }, { "yes", true } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct settings s;

		settings_init(&s);
		settings_plaintext_env(&s, rows[i].value);
		assert_int_equal(settings_finish(&s, NULL), 0);
		assert_int_equal(settings_plaintext(&s), rows[i].plaintext);
		settings_fini(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_mesos),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_plaintext),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
