/*
 * command.h - what `butte` can be told to do: one table.
 *
 * The parser, the help texts, "did you mean" and the completion come from it;
 * main.c binds each id to the function that does the work.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stddef.h>

#include "cli/args.h"

struct buf;
struct err;

enum command_id {
	COMMAND_RUN,
	COMMAND_AGENT_LIST,
	COMMAND_AGENT_SHOW,
	COMMAND_FRAMEWORK_LIST,
	COMMAND_FRAMEWORK_SHOW,
	COMMAND_FRAMEWORK_TEARDOWN,
	COMMAND_TASK_LIST,
	COMMAND_TASK_SHOW,
	COMMAND_TASK_LOGS,
	COMMAND_TASK_KILL,
	COMMAND_TASK_FILES_LS,
	COMMAND_TASK_FILES_CAT,
	COMMAND_TASK_FILES_CP,
	COMMAND_MASTER_SHOW,
	COMMAND_EVENTS,
	COMMAND_CONFIG_SHOW,
	COMMAND_CERT_INIT,
	COMMAND_CERT_ISSUE,
	COMMAND_VERSION,
	COMMANDS
};

struct command {
	const char *name;     /* "task list" */
	const char *alias;    /* another name, or NULL */
	const char *operands; /* as in the usage line, or NULL */
	unsigned min, max;    /* how many operands */
	enum args_mode mode;
	const struct args_option *options; /* never NULL */
	const char *brief;		   /* one line */
	const char *text;		   /* what the help says about it */
	const char *examples;		   /* lines, each with its '\n' */
};

extern const struct command command_table[COMMANDS];
/* Options that every command takes. */
extern const struct args_option command_common[];

/*
 * Finds the command that words[0..n) begin with and says in *ret_used how many
 * words name it. NULL: no such command, e says so; or, when the words name a
 * group ("task") and nothing follows, NULL with *ret_used the words of it (n).
 */
const struct command *command_find(
	char *const *words, size_t n, size_t *ret_used, struct err *e);

/* The help of everything, of a group ("task") or of one command. */
void command_help(struct buf *to, const char *group);
void command_help_one(struct buf *to, const struct command *c);
void command_usage(struct buf *to, const struct command *c);

#endif
