/*
 * The lists of options in the man pages are those of the tables, word by word.
 *
 * They stand between the lines OPTIONS_BEGIN and OPTIONS_END. After a change of
 * a table, "build/tests/unit/test_conf_man master" (or agent) prints what
 * belongs there.
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/agent_conf.h"
#include "common/buf.h"
#include "common/conf.h"
#include "common/conf_help.h"
#include "common/mem.h"
#include "master/master_conf.h"

#define OPTIONS_BEGIN                             \
	".\\\" The list below is generated: see " \
	"tests/unit/test_conf_man.c.\n"
#define OPTIONS_END ".\\\" The end of the generated list.\n"
#define WIDTH	    76

/* A word of running text: two dashes stay two dashes. */
static void word_add(struct buf *to, const char *word, size_t n, size_t *column)
{
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		if (word[i] == '-' && (i == 0 || word[i - 1] == '-') &&
			i + 1 < n && (word[i + 1] == '-' || i > 0))
			buf_add_str(&b, "\\-");
		else
			buf_add_char(&b, word[i]);
	}
	if (*column > 0 && *column + 1 + b.size > WIDTH) {
		buf_add_char(to, '\n');
		*column = 0;
	}
	if (*column > 0)
		buf_add_char(to, ' ');
	else if (b.data[0] == '\'' || b.data[0] == '.')
		buf_add_str(to, "\\&"); /* no macro */
	buf_add(to, b.data, b.size);
	*column += b.size + 1;
	buf_fini(&b);
}

/* Each sentence begins a line, as mdoc wants it. */
static void text_add(struct buf *to, const char *text)
{
	size_t column = 0;

	while (*text != '\0') {
		size_t n = strcspn(text, " ");

		word_add(to, text, n, &column);
		if (text[n] == ' ' && n > 0 && text[n - 1] == '.') {
			buf_add_char(to, '\n');
			column = 0;
		}
		text += n + (text[n] == ' ');
	}
	buf_add_char(to, '\n');
}

static void option_add(struct buf *to, const struct conf_option *o)
{
	struct buf facts = BUF_INIT;

	if (o->type == CONF_BOOL)
		buf_printf(to, ".It Fl -%s , Fl -no-%s\n", o->name, o->name);
	else
		buf_printf(
			to, ".It Fl -%s Ns = Ns Ar %s\n", o->name, o->metavar);
	text_add(to, o->help);
	conf_help_describe(o, &facts);
	if (facts.size > 0) {
		facts.data[0] = (char)toupper((unsigned char)facts.data[0]);
		buf_add_char(&facts, '.');
		text_add(to, buf_str(&facts));
	}
	buf_fini(&facts);
}

static void list_add(struct buf *to, void (*init)(struct conf *))
{
	struct conf c;

	init(&c);
	for (size_t i = 0; i < c.n; i++)
		option_add(to, &c.options[i]);
	conf_fini(&c);
}

static char *page_read(const char *path)
{
	struct buf b = BUF_INIT;
	FILE *f = fopen(path, "r");
	size_t n;

	if (f == NULL)
		fail_msg("%s is not there (tests run in the top directory)",
			path);
	do {
		n = fread(buf_reserve(&b, 4096), 1, 4096, f);
		b.size += n;
	} while (n > 0);
	b.data[b.size] = '\0';
	assert_int_equal(fclose(f), 0);
	return buf_steal(&b);
}

static void page_check(const char *path, void (*init)(struct conf *))
{
	CLEANUP(mem_freep) char *page = page_read(path);
	CLEANUP(buf_fini) struct buf list = BUF_INIT;
	char *begin = strstr(page, OPTIONS_BEGIN), *end;

	if (begin == NULL)
		fail_msg("%s: no generated list", path);
	begin += strlen(OPTIONS_BEGIN);
	end = strstr(begin, OPTIONS_END);
	assert_non_null(end);
	*end = '\0';
	list_add(&list, init);
	if (strcmp(begin, buf_str(&list)) != 0)
		fail_msg("%s: the list of options is not that of the table; "
			 "see the head of tests/unit/test_conf_man.c",
			path);
}

static void test_master(void **state)
{
	(void)state;
	page_check("man/butte-master.8", master_conf_init);
}

static void test_agent(void **state)
{
	(void)state;
	page_check("man/butte-agent.8", agent_conf_init);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_master),
		cmocka_unit_test(test_agent),
	};
	struct buf b = BUF_INIT;

	if (argc > 1) {
		list_add(&b,
			strcmp(argv[1], "master") == 0 ? master_conf_init
						       : agent_conf_init);
		(void)fputs(buf_str(&b), stdout);
		buf_fini(&b);
		return EXIT_SUCCESS;
	}
	return cmocka_run_group_tests_name("conf_man", tests, NULL, NULL);
}
