/* test_command.c - the table of commands, found, helped and misspelt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/command.h"
#include "cli/complete.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/near.h"

static void test_find(void **state)
{
	static const struct {
		const char *words[4];
		size_t used;
		int id; /* -1: none */
		const char *why;
	} rows[] = {
		{ { "run", "x" }, 1, COMMAND_RUN, NULL },
		{ { "ps" }, 1, COMMAND_TASK_LIST, NULL },
		{ { "task", "list" }, 2, COMMAND_TASK_LIST, NULL },
		{ { "agent", "inspect", "x" }, 2, COMMAND_AGENT_SHOW, NULL },
		{ { "task", "files", "ls", "x" }, 3, COMMAND_TASK_FILES_LS,
			NULL },
		{ { "task" }, 1, -1, NULL },
		{ { "task", "files" }, 2, -1, NULL },
		{ { "agnet", "list" }, 0, -1,
			"no command 'agnet'; did you mean 'agent'?" },
		{ { "task", "lsit" }, 0, -1,
			"no command 'task lsit'; did you mean 'task list'?" },
		{ { "frobnicate" }, 0, -1, "no command 'frobnicate'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = { ERR_NONE, "" };
		char copies[4][16];
		char *words[4];
		const struct command *c;
		size_t n = 0, used;

		for (; n < 4 && rows[i].words[n] != NULL; n++) {
			strncpy(copies[n], rows[i].words[n], 15);
			copies[n][15] = '\0';
			words[n] = copies[n];
		}
		c = command_find(words, n, &used, &e);
		assert_int_equal(used, rows[i].used);
		if (rows[i].id >= 0)
			assert_ptr_equal(c, &command_table[rows[i].id]);
		else
			assert_null(c);
		if (rows[i].why != NULL)
			assert_string_equal(e.text, rows[i].why);
	}
}

/* Every command says what it is, how it is used, and gives an example. */
static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < COMMANDS; i++) {
		const struct command *c = &command_table[i];
		struct buf b = BUF_INIT;

		assert_non_null(c->name);
		assert_true(c->min <= c->max);
		assert_true((c->operands == NULL) == (c->max == 0));
		assert_int_equal(strncmp(c->examples, "  butte ", 8), 0);
		command_help_one(&b, c);
		assert_non_null(strstr(buf_str(&b), "Usage: butte "));
		assert_non_null(strstr(buf_str(&b), "Examples:"));
		assert_non_null(strstr(buf_str(&b), "--help"));
		buf_fini(&b);
	}
}

static void test_help(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	command_help(&b, "task");
	assert_non_null(strstr(buf_str(&b), "task list"));
	assert_null(strstr(buf_str(&b), "agent list"));
	buf_fini(&b);
}

static void test_near(void **state)
{
	static const struct {
		const char *word;
		const char *best;
	} rows[] = {
		{ "list", "list" },
		{ "lsit", "list" },
		{ "lis", "list" },
		{ "show", "show" },
		{ "shwo", "show" },
		{ "teardwon", "teardown" },
		{ "tear", "teardown" },
		{ "x", NULL },
		{ "zzzzzz", NULL },
		{ "", NULL },
		{ "a-word-that-is-much-longer-than-anything-that-is-known",
			NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct near n;

		near_init(&n, rows[i].word, strlen(rows[i].word));
		near_offer(&n, "list");
		near_offer(&n, "show");
		near_offer(&n, "teardown");
		if (rows[i].best == NULL)
			assert_null(near_best(&n));
		else
			assert_string_equal(near_best(&n), rows[i].best);
	}
}

static void test_complete(void **state)
{
	static const struct {
		const char *words[5]; /* the last one is being typed */
		int kind;
		const char *some; /* NULL: nothing */
	} rows[] = {
		{ { "" }, COMPLETE_WORDS, "agent\nframework\ntask\n" },
		{ { "task", "" }, COMPLETE_WORDS, "list\n" },
		{ { "task", "files", "" }, COMPLETE_WORDS, "ls\ncat\ncp\n" },
		{ { "ps", "--" }, COMPLETE_WORDS, "--framework\n" },
		{ { "task", "list", "-o", "" }, COMPLETE_WORDS, "wide\n" },
		{ { "task", "show", "" }, COMPLETE_TASKS, NULL },
		{ { "agent", "show", "-o", "json", "" }, COMPLETE_AGENTS,
			NULL },
		{ { "framework", "teardown", "" }, COMPLETE_FRAMEWORKS, NULL },
		{ { "task", "list", "--agent", "" }, COMPLETE_AGENTS, NULL },
		{ { "agent", "list", "--cacert", "" }, COMPLETE_FILES, NULL },
		{ { "cp", "a", "b", "" }, COMPLETE_FILES, NULL },
		{ { "nonsense", "" }, COMPLETE_WORDS, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char copies[5][16];
		char *words[5];
		struct buf b = BUF_INIT;
		size_t n = 0;

		for (; n < 5 && rows[i].words[n] != NULL; n++) {
			strncpy(copies[n], rows[i].words[n], 15);
			copies[n][15] = '\0';
			words[n] = copies[n];
		}
		assert_int_equal(complete_words(&b, words, n), rows[i].kind);
		if (rows[i].some != NULL)
			assert_non_null(strstr(buf_str(&b), rows[i].some));
		else
			assert_int_equal(b.size, 0);
		buf_fini(&b);
	}
}

/* The man page knows every command and every option. */
static void test_man(void **state)
{
	static char man[64 * 1024];
	FILE *f = fopen("man/butte.1", "r");
	char line[128];

	(void)state;
	assert_non_null(f);
	assert_true(fread(man, 1, sizeof(man) - 1, f) > 0);
	assert_int_equal(fclose(f), 0);
	for (size_t i = 0; i < COMMANDS; i++) {
		const struct args_option *o = command_table[i].options;

		(void)snprintf(line, sizeof(line), ".It Nm Cm %s",
			command_table[i].name);
		if (strstr(man, line) == NULL)
			fail_msg("no '%s'", line);
		for (; o->name != NULL; o++) {
			(void)snprintf(line, sizeof(line), "Fl -%s", o->name);
			if (strstr(man, line) == NULL)
				fail_msg("no '%s'", line);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_near),
		cmocka_unit_test(test_complete),
		cmocka_unit_test(test_man),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
