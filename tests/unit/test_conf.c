/* Options: sources and their order, types, ranges, errors, help. */
#include "common/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/check.h"
#include "common/conf_help.h"
#include "common/conf_value.h"
#include "common/err.h"

static int even(const char *value, struct err *e)
{
	return strlen(value) % 2 == 0 ? 0 : err_set(e, ERR_INVALID, "is odd");
}

static const struct conf_option table[] = {
	{ .name = "dir",
		.type = CONF_PATH,
		.metavar = "DIRECTORY",
		.required = true,
		.help = "Where it is." },
	{ .name = "text",
		.type = CONF_STRING,
		.metavar = "TEXT",
		.check = even,
		.help = "Some text. It has a second sentence that is long "
			"enough to be wrapped in a terminal." },
	{ .name = "flag", .type = CONF_BOOL, .value = "true", .help = "On." },
	{ .name = "short", .type = CONF_BOOL, .value = "false", .help = "S." },
	{ .name = "count",
		.type = CONF_INT,
		.metavar = "N",
		.value = "3",
		.min = "1",
		.max = "9",
		.help = "How many." },
	{ .name = "agent_wait",
		.type = CONF_DURATION,
		.metavar = "DURATION",
		.value = "10mins",
		.min = "1mins",
		.lifts_min = "short",
		.old = "slave_wait",
		.help = "How long." },
	{ .name = "mode",
		.type = CONF_ENUM,
		.metavar = "MODE",
		.value = "slow",
		.choices = "slow|fast|faster",
		.help = "How." },
	{ .name = "at", .type = CONF_ADDRESS, .metavar = "IP", .help = "W." },
	{ .name = "password",
		.type = CONF_STRING,
		.metavar = "WORD",
		.secret = true,
		.help = "Hidden." },
	{ .name = "config",
		.type = CONF_PATH,
		.metavar = "FILE",
		.help = "M." },
};

/* The only files there are. */
static int read_file(
	void *ctx, const char *path, struct buf *ret, struct err *e)
{
	if (strcmp(path, "c") == 0)
		buf_add_str(ret, ctx);
	else if (strcmp(path, "/two") == 0)
		buf_add_str(ret, "22 \n\n");
	else
		return err_set(e, ERR_IO, "'%s': no such file", path);
	return 0;
}

#define MAX_ARGS 8

struct input {
	const char *argv[MAX_ARGS + 2];
	const char *env[MAX_ARGS + 1];
};

static int parse(
	struct conf *c, struct input *in, const char *file, struct err *e)
{
	char text[1024] = "";
	const struct conf_input ci = { in->argv, in->env, read_file, text };

	if (file != NULL)
		strncpy(text, file, sizeof(text) - 1);
	conf_init(c, "prog", "It does things.");
	conf_add(c, table, 3);
	conf_add(c, table + 3, ARRAY_LEN(table) - 3);
	return conf_parse(c, &ci, e);
}

static void expect(struct conf *c, const char *name, const char *value)
{
	for (size_t i = 0; i < c->n; i++) {
		struct buf b = BUF_INIT;
		const char *n;

		if (conf_flag(c, i, &n, &b) && strcmp(n, name) == 0) {
			assert_string_equal(buf_str(&b), value);
			buf_fini(&b);
			return;
		}
		buf_fini(&b);
	}
	assert_null(value);
}

static const struct {
	struct input in;
	const char *file;
	const char *name, *value; /* of one option */
} good[] = {
	{ { { "p", "--dir=/x" } }, NULL, "dir", "/x" },
	{ { { "p", "--dir", "/x" } }, NULL, "dir", "/x" },
	{ { { "p", "--dir=a=b" } }, NULL, "dir", "a=b" },
	{ { { "p", "--dir=a", "--dir=b" } }, NULL, "dir", "b" },
	{ { { "p", "--dir=file:///two" } }, NULL, "dir", "file:///two" },
	{ { { "p", "--dir=a", "--text=file:///two" } }, NULL, "text", "22" },
	{ { { "p", "--dir=a" } }, NULL, "text", NULL },
	{ { { "p", "--dir=a", "--text=" } }, NULL, "text", "" },
	{ { { "p", "--dir=a", "--flag" } }, NULL, "flag", "true" },
	{ { { "p", "--dir=a", "--no-flag" } }, NULL, "flag", "false" },
	{ { { "p", "--dir=a", "--flag=0" } }, NULL, "flag", "false" },
	{ { { "p", "--flag", "--dir", "a" } }, NULL, "flag", "true" },
	{ { { "p", "--dir=a" } }, NULL, "count", "3" },
	{ { { "p", "--dir=a", "--count=9" } }, NULL, "count", "9" },
	{ { { "p", "--dir=a", "--agent_wait=90secs" } }, NULL, "agent_wait",
		"90secs" },
	{ { { "p", "--dir=a", "--slave_wait=600secs" } }, NULL, "agent_wait",
		"10mins" },
	{ { { "p", "--dir=a", "--agent_wait=1secs", "--short" } }, NULL,
		"agent_wait", "1secs" },
	{ { { "p", "--dir=a", "--mode=faster" } }, NULL, "mode", "faster" },
	{ { { "p", "--dir=a", "--at=10.0.0.255" } }, NULL, "at", "10.0.0.255" },
	{ { { "p", "--dir=a", "--at=fe80::1" } }, NULL, "at", "fe80::1" },
	{ { { "p", "--dir=a", "--password=x" } }, NULL, "password", NULL },
	/* environment */
	{ { { "p" }, { "BUTTE_DIR=/e" } }, NULL, "dir", "/e" },
	{ { { "p", "--dir=a" }, { "BUTTE_DIR=/e" } }, NULL, "dir", "a" },
	{ { { "p", "--dir=a" }, { "BUTTE_SLAVE_WAIT=2mins" } }, NULL,
		"agent_wait", "2mins" },
	{ { { "p", "--dir=a" }, { "BUTTE_COUNT=" } }, NULL, "count", "3" },
	{ { { "p", "--dir=a" }, { "BUTTE_CACERT=x", "X", "DIR=x" } }, NULL,
		"dir", "a" },
	/* --config */
	{ { { "p", "--config=c" } }, "dir=/f", "dir", "/f" },
	{ { { "p", "--config=c" } }, "\n# dir=no\n \t dir \t /f g \r\n", "dir",
		"/f g" },
	{ { { "p", "--config=c" } }, "dir = /f\ncount=4", "count", "4" },
	{ { { "p", "--config=c" } }, "dir=/f\nno-flag\nshort", "flag",
		"false" },
	{ { { "p", "--config=c", "--dir=a" } }, "dir=/f", "dir", "a" },
	{ { { "p" }, { "BUTTE_CONFIG=c", "BUTTE_DIR=/e" } }, "dir=/f", "dir",
		"/e" },
	{ { { "p", "--config=c" } }, "dir=/f\ntext=file:///two", "text", "22" },
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct input in = good[i].in;
		struct err e = { 0 };
		struct conf c;

		if (parse(&c, &in, good[i].file, &e) != 0)
			fail_msg("case %zu: %s", i, e.text);
		expect(&c, good[i].name, good[i].value);
		conf_fini(&c);
	}
}

static const struct {
	struct input in;
	const char *file;
	const char *text;
} bad[] = {
	{ { { "p" } }, NULL, "--dir=DIRECTORY is required: Where it is." },
	{ { { "p", "dir" } }, NULL, "'dir' is not an option" },
	{ { { "p", "-dir=x" } }, NULL, "'-dir=x' is not an option" },
	{ { { "p", "--" } }, NULL, "'--' is not an option" },
	{ { { "p", "--dri=x" } }, NULL,
		"--dri is unknown (on the command line); did you mean --dir" },
	{ { { "p", "--slave_wiat=x" } }, NULL, "did you mean --agent_wait" },
	{ { { "p", "--zzzzzz=x" } }, NULL,
		"--zzzzzz is unknown (on the "
		"command line); see --help" },
	{ { { "p", "--dir" } }, NULL, "a value is missing: --dir=DIRECTORY" },
	{ { { "p", "--dir=" } }, NULL,
		"--dir (on the command line): an empty "
		"path" },
	{ { { "p", "--no-dir" } }, NULL, "--dir can't be switched off" },
	{ { { "p", "--no-flag=1" } }, NULL, "takes no value" },
	{ { { "p", "--flag=maybe" } }, NULL, "'maybe' is not true or false" },
	{ { { "p", "--dir=a", "--count=0" } }, NULL,
		"--count (on the command line): 0 is out of range: 1 to 9" },
	{ { { "p", "--dir=a", "--count=10" } }, NULL, "1 to 9" },
	{ { { "p", "--count=" } }, NULL, "'' is not a number" },
	{ { { "p", "--count=1x" } }, NULL, "'1x' is not a number" },
	{ { { "p", "--count= 1" } }, NULL, "' 1' is not a number" },
	{ { { "p", "--count=99999999999999999999" } }, NULL,
		"is not a number" },
	{ { { "p", "--dir=a", "--agent_wait=59secs" } }, NULL,
		"59secs is under 1mins (--short allows it)" },
	{ { { "p", "--agent_wait=fast" } }, NULL, "'fast' is not a duration" },
	{ { { "p", "--mode=quick" } }, NULL,
		"'quick' is not one of slow|fast|faster" },
	{ { { "p", "--mode=fas" } }, NULL, "'fas' is not one of" },
	{ { { "p", "--mode=" } }, NULL, "'' is not one of" },
	{ { { "p", "--at=10.0.0.256" } }, NULL, "is not an IP address" },
	{ { { "p", "--at=10.0.0" } }, NULL, "is not an IP address" },
	{ { { "p", "--at=1.2.3.4.5" } }, NULL, "is not an IP address" },
	{ { { "p", "--at=01.2.3.4" } }, NULL, "is not an IP address" },
	{ { { "p", "--at=localhost" } }, NULL, "is not an IP address" },
	{ { { "p", "--text=abc" } }, NULL,
		"--text (on the command line): is odd" },
	{ { { "p", "--text=file:///none" } }, NULL,
		"--text (on the command line): '/none': no such file" },
	{ { { "p", "--dir=a" }, { "BUTTE_COUNT=x" } }, NULL,
		"--count (BUTTE_COUNT in the environment): 'x' is not a" },
	{ { { "p", "--dir=a" }, { "BUTTE_COUNT=10" } }, NULL,
		"--count (BUTTE_COUNT in the environment): 10 is out" },
	{ { { "p", "--config=none" } }, NULL,
		"--config: 'none': no such file" },
	{ { { "p", "--config=c" } }, "dir=a\n\ncuont=1\n",
		"--cuont is unknown (line 3 of 'c'); did you mean --count" },
	{ { { "p", "--config=c" } }, "dir=a\ncount 10",
		"--count (line 2 of 'c'): 10 is out of range" },
	{ { { "p", "--config=c" } }, "dir", "a value is missing" },
	{ { { "p", "--config=c" } }, "config=d", "can't name another" },
	{ { { "p", "--config=c" } }, "--dir=a", "did you mean --dir" },
	{ { { "p", "--config=c" } }, "=", "is unknown" },
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct input in = bad[i].in;
		struct err e = { 0 };
		struct conf c;

		if (parse(&c, &in, bad[i].file, &e) == 0)
			fail_msg("case %zu was accepted", i);
		if (strstr(e.text, bad[i].text) == NULL)
			fail_msg("'%s' lacks '%s'", e.text, bad[i].text);
		conf_fini(&c);
	}
}

static void test_values(void **state)
{
	struct input in = { { "p", "--dir=a", "--agent_wait=90.0000001secs" },
		{ NULL } };
	struct err e = { 0 };
	struct conf c;

	(void)state;
	assert_int_equal(parse(&c, &in, NULL, &e), 0);
	assert_int_equal(conf_int(&c, "count"), 3);
	assert_int_equal(conf_ms(&c, "agent_wait"), 90001);
	assert_true(conf_bool(&c, "flag"));
	assert_string_equal(conf_text(&c, "dir"), "a");
	assert_null(conf_text(&c, "at"));
	(void)err_set(&e, ERR_INVALID, "no");
	assert_int_equal(conf_refuse(&c, "dir", &e), -1);
	assert_string_equal(e.text, "--dir (on the command line): no");
	conf_fini(&c);
}

static void test_help(void **state)
{
	struct input in = { { "p", "--nonsense", "--help" }, { NULL } };
	struct buf b = BUF_INIT;
	struct err e = { 0 };
	struct conf c;
	size_t column = 0;

	(void)state;
	assert_int_equal(parse(&c, &in, NULL, &e), 0);
	assert_true(c.help && !c.version);
	conf_help_print(&c, &b);
	for (size_t i = 0; i < b.size; i++) {
		column = b.data[i] == '\n' ? 0 : column + 1;
		assert_true(column < 80);
	}
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		assert_non_null(strstr(buf_str(&b), table[i].name));
	assert_non_null(strstr(buf_str(&b),
		"--dir=DIRECTORY\n        Where it "
		"is. (required)\n"));
	assert_non_null(strstr(buf_str(&b), "--[no-]flag\n"));
	assert_non_null(strstr(buf_str(&b),
		"How long. (default 10mins; at least 1mins unless --short)"));
	assert_non_null(
		strstr(buf_str(&b), "(default slow; slow, fast or faster)"));
	buf_fini(&b);
	conf_fini(&c);
}

static void test_loopback(void **state)
{
	(void)state;
	assert_true(conf_value_is_loopback("127.0.0.1"));
	assert_true(conf_value_is_loopback("127.255.0.9"));
	assert_true(conf_value_is_loopback("::1"));
	assert_true(conf_value_is_loopback("localhost"));
	assert_false(conf_value_is_loopback("0.0.0.0"));
	assert_false(conf_value_is_loopback("::"));
	assert_false(conf_value_is_loopback("127.0.0.1.example.org"));
	assert_false(conf_value_is_loopback("127.example.org"));
	assert_false(conf_value_is_loopback("10.0.0.1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_loopback),
	};

	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
