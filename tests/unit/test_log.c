/* Logs: levels and the hook, and the lines that io_log.c writes. */
#include "common/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/err.h"
#include "common/io_log.h"

static char seen[4096];

static void remember(enum log_level level, const char *event, const char *text)
{
	(void)snprintf(seen, sizeof(seen), "%d %s %s", (int)level, event, text);
}

static void test_levels(void **state)
{
	(void)state;
	log_hook_set(NULL);
	log_error("nobody", "hears %s", "this");
	log_hook_set(remember);
	log_level_set(LOG_LEVEL_WARN);
	assert_int_equal(log_level_get(), LOG_LEVEL_WARN);
	seen[0] = '\0';
	log_info("quiet", "n=%d", 1);
	assert_string_equal(seen, "");
	log_warn("loud", "n=%d id='%s'", 2, "a b");
	assert_string_equal(seen, "1 loud n=2 id='a b'");
	log_error("loud", "x");
	assert_string_equal(seen, "0 loud x");
	log_level_set(LOG_LEVEL_INFO);
	log_hook_set(NULL);
}

static void test_long_text_is_cut(void **state)
{
	char text[5000];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_hook_set(remember);
	log_info("long", "%s", text);
	assert_true(strlen(seen) > 2000 && strlen(seen) < 2100);
	log_hook_set(NULL);
}

/* What is in the file, without the time. */
static const char *lines(const char *path)
{
	static char data[16384];
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(data, 1, sizeof(data) - 1, f);
	data[n] = '\0';
	(void)fclose(f);
	return data;
}

static void test_file(void **state)
{
	char dir[] = "/tmp/butte-log.XXXXXX", path[64], moved[64];
	const char *text;
	struct err e;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/log", dir);
	(void)snprintf(moved, sizeof(moved), "%s/log.1", dir);
	assert_int_equal(log_open("butte-test", path, &e), 0);
	log_warn("task_step", "task=%s", "a\nb\tc\x1b[2J\x7f\xc3\xa4");
	text = lines(path);
	/* 2026-01-31T12:00:00.123Z */
	assert_true(strlen(text) > 25);
	assert_int_equal(text[4], '-');
	assert_int_equal(text[10], 'T');
	assert_int_equal(text[19], '.');
	assert_int_equal(text[23], 'Z');
	assert_string_equal(text + 24,
		" WARN butte-test task_step: task=a\\nb\\tc\\x1b[2J\\x7f"
		"\xc3\xa4\n");

	assert_int_equal(rename(path, moved), 0);
	log_info("still", "old");
	assert_int_equal(log_reopen(&e), 0);
	log_info("now", "new");
	assert_non_null(strstr(lines(moved), "still: old\n"));
	assert_null(strstr(lines(moved), "now"));
	assert_string_equal(lines(path) + 24, " INFO butte-test now: new\n");
	log_close();
	log_info("after", "close");
	assert_null(strstr(lines(path), "after"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(unlink(moved), 0);
	assert_int_equal(rmdir(dir), 0);
}

/* Escapes make text longer than the line. */
static void test_line_is_bounded(void **state)
{
	char path[] = "/tmp/butte-log.XXXXXX", text[2000];
	int fd = mkstemp(path);
	const char *said;

	(void)state;
	assert_true(fd >= 0);
	(void)close(fd);
	memset(text, 1, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(log_open("butte-test", path, NULL), 0);
	log_info("escapes", "%s", text);
	log_info("next", "line");
	said = strchr(lines(path), '\n');
	assert_non_null(said);
	assert_memory_equal(said - 3, "...", 3);
	assert_non_null(strstr(said, "next: line\n"));
	log_close();
	assert_int_equal(unlink(path), 0);
}

static void test_bad_path(void **state)
{
	struct err e = { ERR_NONE, "" };

	(void)state;
	assert_int_equal(log_open("butte-test", "/nonexistent/log", &e), -1);
	assert_int_equal(e.code, ERR_IO);
	assert_non_null(strstr(e.text, "/nonexistent/log"));
	assert_non_null(strstr(e.text, "No such file"));
	assert_int_equal(log_reopen(&e), 0); /* there is no file to reopen */
	log_close();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_long_text_is_cut),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_line_is_bounded),
		cmocka_unit_test(test_bad_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
