/*
 * main.c - butte: the command line of a cluster.
 *
 * Exit status: 0 done, 1 it failed, 2 it was told wrongly; `butte run` ends
 * with the task's own.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/command.h"
#include "cli/io_cert.h"
#include "cli/io_complete.h"
#include "cli/io_events.h"
#include "cli/io_files_cmd.h"
#include "cli/io_run.h"
#include "cli/io_show.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"

#define EXIT_USAGE 2

/* Returns the exit status; -1: it failed, e says why. */
typedef int command_f(const struct args *a, struct err *e);

static int version(const struct args *a, struct err *e)
{
	(void)a;
	(void)e;
	(void)printf("butte %s\n", BUTTE_VERSION);
	return 0;
}

static command_f *const functions[COMMANDS] = {
	[COMMAND_RUN] = run_command,
	[COMMAND_AGENT_LIST] = show_agents,
	[COMMAND_AGENT_SHOW] = show_agent,
	[COMMAND_FRAMEWORK_LIST] = show_frameworks,
	[COMMAND_FRAMEWORK_SHOW] = show_framework,
	[COMMAND_FRAMEWORK_TEARDOWN] = show_teardown,
	[COMMAND_TASK_LIST] = show_tasks,
	[COMMAND_TASK_SHOW] = show_task,
	[COMMAND_TASK_LOGS] = files_cmd_logs,
	[COMMAND_TASK_KILL] = show_kill,
	[COMMAND_TASK_FILES_LS] = files_cmd_ls,
	[COMMAND_TASK_FILES_CAT] = files_cmd_cat,
	[COMMAND_TASK_FILES_CP] = files_cmd_cp,
	[COMMAND_MASTER_SHOW] = show_master,
	[COMMAND_EVENTS] = events_command,
	[COMMAND_CONFIG_SHOW] = show_config,
	[COMMAND_CERT_INIT] = cert_init,
	[COMMAND_CERT_ISSUE] = cert_issue,
	[COMMAND_VERSION] = version,
};

static int print_help(const struct command *c, const char *group)
{
	struct buf text = BUF_INIT;

	if (c != NULL)
		command_help_one(&text, c);
	else
		command_help(&text, group);
	(void)fputs(buf_str(&text), stdout);
	buf_fini(&text);
	return 0;
}

static int usage_error(const struct command *c, const struct err *e)
{
	struct buf text = BUF_INIT;

	(void)fprintf(stderr, "butte: %s\n", e->text);
	if (c != NULL)
		command_usage(&text, c);
	(void)fprintf(stderr, "%s'butte%s%s --help' says more.\n",
		buf_str(&text), c != NULL ? " " : "", c != NULL ? c->name : "");
	buf_fini(&text);
	return EXIT_USAGE;
}

static int check_operands(
	const struct command *c, const struct args *a, struct err *e)
{
	if (a->n_operands < c->min)
		return err_set(
			e, ERR_INVALID, "'%s' needs %s", c->name, c->operands);
	if (a->n_operands > c->max)
		return err_set(e, ERR_INVALID,
			"'%s': nothing is expected after '%s'", c->name,
			c->max == 0 ? c->name : a->operands[c->max - 1]);
	return 0;
}

static int execute(const struct command *c, const struct args *a)
{
	struct err e = { ERR_NONE, "" };
	int r;

	if (args_has(a, "help"))
		return print_help(c, NULL);
	if (check_operands(c, a, &e) != 0)
		return usage_error(c, &e);
	r = functions[c - command_table](a, &e);
	if (r < 0) {
		(void)fprintf(stderr, "butte: %s\n", e.text);
		return e.code == ERR_INVALID ? EXIT_USAGE : EXIT_FAILURE;
	}
	/* A full disk or a closed pipe is found here at the latest. Who closed
	 * the pipe has read enough: that needs no words. */
	if (fflush(stdout) != 0 || ferror(stdout)) {
		struct pollfd out = { .fd = STDOUT_FILENO };

		if (poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0)
			return 128 + SIGPIPE;
		(void)fprintf(stderr, "butte: standard output: write failed\n");
		return EXIT_FAILURE;
	}
	return r;
}

/* "task" or "task files" alone. */
static int print_group(char *const *words, size_t n)
{
	struct buf name = BUF_INIT;

	for (size_t i = 0; i < n; i++)
		buf_printf(&name, "%s%s", i > 0 ? " " : "", words[i]);
	(void)print_help(NULL, buf_str(&name));
	buf_fini(&name);
	return 0;
}

/* How many words come before the first option. */
static size_t names_end(char *const *words, size_t n)
{
	size_t i = 0;

	while (i < n && words[i][0] != '-')
		i++;
	return i;
}

static int run(struct args *a, char **words, size_t n)
{
	const struct args_option *const common[2] = { command_common, NULL };
	struct err e = { ERR_NONE, "" };
	const struct command *c;
	size_t used, named;
	int read = args_parse(a, common, ARGS_LEADING, words, n, &e);

	if (read < 0)
		return usage_error(NULL, &e);
	words += read;
	n -= (size_t)read;
	if (n == 0)
		return print_help(NULL, NULL) + (args_has(a, "help") ? 0 : 2);
	named = names_end(words, n);
	c = command_find(words, named, &used, &e);
	if (c == NULL && used > 0)
		return print_group(words, used);
	if (c == NULL)
		return usage_error(NULL, &e);
	{
		const struct args_option *const tables[2] = { c->options,
			command_common };

		if (args_parse(a, tables, c->mode, words + used, n - used, &e) <
			0)
			return usage_error(c, &e);
	}
	return execute(c, a);
}

int main(int argc, char **argv)
{
	struct args a;
	int status;

	CHECK(argc > 0);
	(void)signal(SIGPIPE, SIG_IGN); /* a peer or a pager left: an error */
	if (argc > 1 && strcmp(argv[1], "__complete") == 0)
		return complete_command(argv + 2, (size_t)argc - 2);
	args_init(&a);
	status = run(&a, argv + 1, (size_t)argc - 1);
	args_fini(&a);
	return status;
}
