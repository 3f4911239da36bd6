/* command.c - see command.h. */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/near.h"

const struct args_option command_common[] = {
	{ "master", 'm', ARGS_TEXT, "HOST:PORT",
		"the masters, with commas (localhost:5050)" },
	{ "tls", 0, ARGS_TEXT, "on|off", "speak TLS (on)" },
	{ "cacert", 0, ARGS_TEXT, "FILE", "whom to trust, PEM" },
	{ "cert", 0, ARGS_TEXT, "FILE", "our certificate, PEM" },
	{ "key", 0, ARGS_TEXT, "FILE", "its key, PEM" },
	{ "principal", 0, ARGS_TEXT, "NAME",
		"who we are; the secret is in BUTTE_SECRET" },
	{ "timeout", 0, ARGS_DURATION, "TIME", "for one answer (10secs)" },
	{ "no-color", 0, ARGS_FLAG, NULL, "as if NO_COLOR were set" },
	{ "help", 'h', ARGS_FLAG, NULL, "say how this is used" },
	{ NULL },
};

static const struct args_option no_options[] = {
	{ NULL },
};

static const struct args_option run_options[] = {
	{ "cpus", 'c', ARGS_MILLI, "N", "cores of each instance (1)" },
	{ "mem", 0, ARGS_MILLI, "MB", "memory of each (128)" },
	{ "disk", 0, ARGS_MILLI, "MB", "disk of each (0)" },
	{ "name", 'n', ARGS_TEXT, "NAME", "what the task is called (run)" },
	{ "instances", 'i', ARGS_UINT, "N", "how many of it (1)" },
	{ "env", 'e', ARGS_TEXT, "NAME=VALUE", "environment; repeatable" },
	{ "attribute", 'a', ARGS_TEXT, "NAME=VALUE",
		"only on agents with it; repeatable" },
	{ "role", 0, ARGS_TEXT, "ROLE", "whose resources are used (*)" },
	{ "user", 'u', ARGS_TEXT, "USER", "as whom it runs (you)" },
	{ "command", 0, ARGS_TEXT, "TEXT", "the command, for sh -c" },
	{ "quiet", 'q', ARGS_FLAG, NULL, "only the task's own output" },
	{ NULL },
};

#define OUTPUT_OPTION                                       \
	{                                                   \
		"output", 'o', ARGS_TEXT, "json|wide|name", \
			"how it is printed (a table)"       \
	}
#define WATCH_OPTION                                       \
	{                                                  \
		"watch", 'w', ARGS_FLAG, NULL,             \
			"print it again every two seconds" \
	}

static const struct args_option list_options[] = {
	OUTPUT_OPTION,
	WATCH_OPTION,
	{ NULL },
};

static const struct args_option list_all_options[] = {
	{ "all", 'a', ARGS_FLAG, NULL, "also those that have ended" },
	OUTPUT_OPTION,
	WATCH_OPTION,
	{ NULL },
};

static const struct args_option task_list_options[] = {
	{ "all", 'a', ARGS_FLAG, NULL, "also those that have ended" },
	{ "framework", 'f', ARGS_TEXT, "ID", "only of this framework" },
	{ "agent", 0, ARGS_TEXT, "ID", "only on this agent" },
	OUTPUT_OPTION,
	WATCH_OPTION,
	{ NULL },
};

static const struct args_option show_options[] = {
	OUTPUT_OPTION,
	{ NULL },
};

static const struct args_option teardown_options[] = {
	{ "yes", 'y', ARGS_FLAG, NULL, "don't ask" },
	{ NULL },
};

static const struct args_option logs_options[] = {
	{ "follow", 'f', ARGS_FLAG, NULL, "go on as it grows" },
	{ "stderr", 'e', ARGS_FLAG, NULL, "stderr instead of stdout" },
	{ "tail", 'n', ARGS_UINT, "N", "only the last N lines" },
	{ NULL },
};

static const struct args_option events_options[] = {
	{ "follow", 'f', ARGS_FLAG, NULL,
		"go on as they happen; without it: what is there now" },
	OUTPUT_OPTION,
	{ NULL },
};

static const struct args_option cert_init_options[] = {
	{ "dir", 'd', ARGS_TEXT, "DIR", "where ca.crt and ca.key go" },
	{ "days", 0, ARGS_UINT, "N", "how long it is good (3650)" },
	{ "name", 0, ARGS_TEXT, "NAME", "its name (Butte CA)" },
	{ "force", 'f', ARGS_FLAG, NULL, "replace a CA that is there" },
	{ NULL },
};

static const struct args_option cert_issue_options[] = {
	{ "dir", 'd', ARGS_TEXT, "DIR", "where ca.crt and ca.key are" },
	{ "name", 0, ARGS_TEXT, "NAME", "makes NAME.crt and NAME.key there" },
	{ "host", 0, ARGS_TEXT, "NAMES",
		"host names and addresses, with commas or repeated; without "
		"it NAME itself" },
	{ "days", 0, ARGS_UINT, "N", "how long it is good (398)" },
	{ "force", 'f', ARGS_FLAG, NULL, "replace files that are there" },
	{ NULL },
};

const struct command command_table[COMMANDS] = {
	[COMMAND_RUN] = { "run", "execute",
		"COMMAND | -- PROGRAM [ARGUMENT]...", 0, 1000, ARGS_RAW,
		run_options, "run a command and follow it to its end",
		"Asks the cluster for resources, runs COMMAND (by sh -c) or "
		"PROGRAM there, prints its\nstdout and stderr as they come, and "
		"exits as it did; with 128 + n if signal n ended it.\n"
		"Ctrl-C kills the task.\n",
		"  butte run --cpus 0.5 --mem 64 'echo hello from $(hostname)'\n"
		"  butte run --name sleepers --instances 4 -- sleep 10\n"
		"  butte run --attribute zone=a --env LEVEL=3 'make test'\n" },
	[COMMAND_AGENT_LIST] = { "agent list", "agent ls", NULL, 0, 0, ARGS_ALL,
		list_options, "show the agents",
		"Lists the agents that the master knows.\n",
		"  butte agent list\n  butte agent list -o wide --watch\n" },
	[COMMAND_AGENT_SHOW] = { "agent show", "agent inspect", "ID", 1, 1,
		ARGS_ALL, show_options, "show one agent",
		"Shows what an agent has, what is used of it, and its tasks. "
		"ID may be its beginning,\nits end (S2), or the hostname.\n",
		"  butte agent show S0\n  butte agent show node7 -o json\n" },
	[COMMAND_FRAMEWORK_LIST] = { "framework list", "framework ls", NULL, 0,
		0, ARGS_ALL, list_all_options, "show the frameworks",
		"Lists the frameworks; with --all those that have ended, too.\n",
		"  butte framework list\n  butte framework list -a -o wide\n" },
	[COMMAND_FRAMEWORK_SHOW] = { "framework show", "framework inspect",
		"ID", 1, 1, ARGS_ALL, show_options, "show one framework",
		"Shows a framework and its tasks. ID may be its beginning, its "
		"end (0003), or the name.\n",
		"  butte framework show 0003\n" },
	[COMMAND_FRAMEWORK_TEARDOWN] = { "framework teardown", "framework rm",
		"ID", 1, 1, ARGS_ALL, teardown_options,
		"end a framework and all its tasks",
		"Ends a framework: its tasks are killed, and it can't come "
		"back. On a terminal its\nname is asked for first.\n",
		"  butte framework teardown 0003 --yes\n" },
	[COMMAND_TASK_LIST] = { "task list", "ps", NULL, 0, 0, ARGS_ALL,
		task_list_options, "show the tasks",
		"Lists the tasks that live; with --all those that have ended, "
		"too.\n",
		"  butte task list\n"
		"  butte ps --all --framework 0003 -o wide\n" },
	[COMMAND_TASK_SHOW] = { "task show", "task inspect", "ID", 1, 1,
		ARGS_ALL, show_options, "show one task",
		"Shows a task and the states it went through. ID may be its "
		"beginning, its end after\na '-', or the name.\n",
		"  butte task show run-5a3f09c1-0\n" },
	[COMMAND_TASK_LOGS] = { "task logs", "logs", "ID", 1, 1, ARGS_ALL,
		logs_options, "print a task's output",
		"Prints what a task wrote to stdout, or to stderr. With "
		"--follow it goes on until the\ntask has ended.\n",
		"  butte task logs -f run-5a3f\n"
		"  butte logs --stderr --tail 20 run-5a3f\n" },
	[COMMAND_TASK_KILL] = { "task kill", "kill", "ID", 1, 1, ARGS_ALL,
		no_options, "kill a task's container",
		"Kills the task's container with all that is in it, as an operator may. "
		"Its framework is told\nand may start another one.\n",
		"  butte task kill run-5a3f\n" },
	[COMMAND_TASK_FILES_LS] = { "task files ls", "files ls", "ID [PATH]", 1,
		2, ARGS_ALL, show_options, "list files in a task's sandbox",
		"Lists a folder of the task's sandbox.\n",
		"  butte task files ls run-5a3f\n" },
	[COMMAND_TASK_FILES_CAT] = { "task files cat", "files cat", "ID PATH",
		2, 2, ARGS_ALL, no_options, "print a file of a task's sandbox",
		"Writes a file of the task's sandbox to stdout.\n",
		"  butte task files cat run-5a3f result.json\n" },
	[COMMAND_TASK_FILES_CP] = { "task files cp", "cp", "ID PATH TARGET", 3,
		3, ARGS_ALL, no_options, "copy a file from a task's sandbox",
		"Copies a file of the task's sandbox to TARGET, a file or a "
		"folder here.\n",
		"  butte task files cp run-5a3f result.json .\n" },
	[COMMAND_MASTER_SHOW] = { "master show", "status", NULL, 0, 0, ARGS_ALL,
		show_options, "show the leading master",
		"Shows who leads, its version, and the cluster in a few "
		"figures.\n",
		"  butte master show\n" },
	[COMMAND_EVENTS] = { "events", NULL, NULL, 0, 0, ARGS_ALL,
		events_options, "show what happens",
		"Prints what happens in the cluster, a line each: tasks, "
		"agents, frameworks.\n",
		"  butte events -f\n  butte events -f -o json\n" },
	[COMMAND_CONFIG_SHOW] = { "config show", NULL, NULL, 0, 0, ARGS_ALL,
		show_options, "show the settings and where they come from",
		"Prints the settings: a flag wins over the environment, that "
		"over ~/.config/butte/config,\nthat over "
		"~/.mesos/config.toml.\n",
		"  butte config show\n" },
	[COMMAND_CERT_INIT] = { "cert init", NULL, NULL, 0, 0, ARGS_ALL,
		cert_init_options, "make a certificate authority",
		"Makes a P-256 key and a self-signed certificate, ca.key "
		"(mode 0600) and ca.crt, in\nDIR. Everything that shows a "
		"certificate signed by it is trusted, so keep ca.key\nin a "
		"safe place and give out only ca.crt.\n",
		"  butte cert init --dir /etc/butte/tls\n" },
	[COMMAND_CERT_ISSUE] = { "cert issue", NULL, NULL, 0, 0, ARGS_ALL,
		cert_issue_options,
		"make a certificate signed by the authority",
		"Makes a P-256 key and a certificate for servers and clients, "
		"NAME.key (mode 0600)\nand NAME.crt, signed by the authority "
		"in DIR.\n",
		"  butte cert issue --dir tls --name master "
		"--host m1.example.com,10.0.0.5\n"
		"  butte cert issue --dir tls --name agent "
		"--host localhost --host 127.0.0.1 --host ::1\n" },
	[COMMAND_VERSION] = { "version", NULL, NULL, 0, 0, ARGS_ALL, no_options,
		"print the version", "Prints the version of this program.\n",
		"  butte version\n" },
};

/* How many of the words the (spaced) name is made of, if they begin with it;
 * 0 if they don't. */
static size_t name_matches(const char *name, char *const *words, size_t n)
{
	size_t used = 0;

	while (*name != '\0') {
		size_t size = strcspn(name, " ");

		if (used == n || strlen(words[used]) != size ||
			strncmp(words[used], name, size) != 0)
			return 0;
		used++;
		name += size;
		name += *name == ' ';
	}
	return used;
}

/* Is the word the first one of a name with more than one word? */
static bool is_group(const char *word)
{
	size_t size = strlen(word);

	for (size_t i = 0; i < COMMANDS; i++) {
		const char *name = command_table[i].name;

		if (strncmp(name, word, size) == 0 && name[size] == ' ')
			return true;
	}
	return false;
}

/* Do some names begin with all of the words and go on? */
static bool names_group(char *const *words, size_t n)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		const char *name = command_table[i].name;
		size_t used = 0;

		while (used < n && strcspn(name, " ") == strlen(words[used]) &&
			strncmp(name, words[used], strlen(words[used])) == 0 &&
			name[strlen(words[used])] == ' ')
			name += strlen(words[used++]) + 1;
		if (used == n)
			return true;
	}
	return false;
}

static void offer_names(struct near *near, const char *word, const char *name)
{
	size_t size = word != NULL ? strlen(word) : 0;

	if (name == NULL)
		return;
	if (word == NULL)
		near_offer(near, name);
	else if (strncmp(name, word, size) == 0 && name[size] == ' ')
		near_offer(near, name + size + 1);
}

/* Nothing is called like that: says what may have been meant. */
static int unknown(char *const *words, size_t n, struct err *e)
{
	const char *group = n > 1 && is_group(words[0]) ? words[0] : NULL;
	const char *word = group != NULL ? words[1] : words[0];
	struct near near;

	near_init(&near, word, strlen(word));
	for (size_t i = 0; i < COMMANDS; i++) {
		offer_names(&near, group, command_table[i].name);
		offer_names(&near, group, command_table[i].alias);
		if (group == NULL) {
			/* The group's own name: "tsak" for "task". */
			static char groups[COMMANDS][NEAR_WORD_MAX + 1];
			size_t size = strcspn(command_table[i].name, " ");

			CHECK(size <= NEAR_WORD_MAX);
			memcpy(groups[i], command_table[i].name, size);
			near_offer(&near, groups[i]);
		}
	}
	if (near_best(&near) == NULL)
		return err_set(e, ERR_INVALID, "no command '%s%s%s'",
			group != NULL ? group : "", group != NULL ? " " : "",
			word);
	return err_set(e, ERR_INVALID,
		"no command '%s%s%s'; did you mean '%s%s%s'?",
		group != NULL ? group : "", group != NULL ? " " : "", word,
		group != NULL ? group : "", group != NULL ? " " : "",
		near_best(&near));
}

const struct command *command_find(
	char *const *words, size_t n, size_t *ret_used, struct err *e)
{
	CHECK(n > 0);
	*ret_used = 0;
	for (size_t i = 0; i < COMMANDS; i++) {
		const struct command *c = &command_table[i];
		size_t used = name_matches(c->name, words, n);

		if (used == 0 && c->alias != NULL)
			used = name_matches(c->alias, words, n);
		if (used > 0) {
			*ret_used = used;
			return c;
		}
	}
	if (names_group(words, n))
		*ret_used = n;
	else
		(void)unknown(words, n, e);
	return NULL;
}

static void help_options(
	struct buf *to, const char *title, const struct args_option *options)
{
	if (options->name == NULL)
		return;
	buf_printf(to, "\n%s:\n", title);
	for (const struct args_option *o = options; o->name != NULL; o++) {
		char left[64];
		int used;

		used = snprintf(left, sizeof(left), "%c%c%c --%s%s%s",
			o->letter ? '-' : ' ', o->letter ? o->letter : ' ',
			o->letter ? ',' : ' ', o->name, o->value ? " " : "",
			o->value ? o->value : "");
		CHECK(used > 0 && (size_t)used < sizeof(left));
		buf_printf(to, "  %-26s %s\n", left, o->help);
	}
}

void command_usage(struct buf *to, const struct command *c)
{
	buf_printf(to, "Usage: butte %s [options]%s%s\n", c->name,
		c->operands != NULL ? " " : "",
		c->operands != NULL ? c->operands : "");
}

void command_help_one(struct buf *to, const struct command *c)
{
	command_usage(to, c);
	buf_printf(to, "\n%s", c->text);
	if (c->alias != NULL)
		buf_printf(to, "Also called: butte %s\n", c->alias);
	help_options(to, "Options", c->options);
	help_options(to, "Options of every command", command_common);
	buf_printf(to, "\nExamples:\n%s", c->examples);
}

void command_help(struct buf *to, const char *group)
{
	size_t size = group != NULL ? strlen(group) : 0;

	buf_printf(to, "Usage: butte %s%sCOMMAND [options] ...\n\n",
		group != NULL ? group : "", group != NULL ? " " : "");
	if (group == NULL)
		buf_add_str(to,
			"Runs work on a Butte cluster and shows what "
			"is there.\n\n");
	buf_add_str(to, "Commands:\n");
	for (size_t i = 0; i < COMMANDS; i++) {
		const struct command *c = &command_table[i];

		if (group == NULL ||
			(strncmp(c->name, group, size) == 0 &&
				c->name[size] == ' '))
			buf_printf(to, "  %-18s %s\n", c->name, c->brief);
	}
	help_options(to, "Options of every command", command_common);
	buf_add_str(to, "\nExamples:\n");
	for (size_t i = 0; i < COMMANDS; i++) {
		const struct command *c = &command_table[i];

		if (group == NULL ||
			(strncmp(c->name, group, size) == 0 &&
				c->name[size] == ' '))
			buf_add(to, c->examples,
				strcspn(c->examples, "\n") + 1);
	}
	buf_add_str(to, "\n'butte COMMAND --help' says more; see butte(1).\n");
}
