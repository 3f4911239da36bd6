/* complete.c - see complete.h. */
#include "cli/complete.h"

#include <stdbool.h>
#include <string.h>

#include "cli/command.h"
#include "common/buf.h"
#include "common/check.h"

/* The rest of the name after the words, if it begins with them; else NULL. */
static const char *rest_of(const char *name, char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t size = strlen(words[i]);

		if (strncmp(name, words[i], size) != 0 || name[size] != ' ')
			return NULL;
		name += size + 1;
	}
	return name;
}

static void add_word(struct buf *to, const char *word, size_t size)
{
	const char *at = buf_str(to);

	/* Each one once: "task" begins many names. */
	while (at != NULL && *at != '\0') {
		if (strncmp(at, word, size) == 0 && at[size] == '\n')
			return;
		at = strchr(at, '\n');
		at = at != NULL ? at + 1 : NULL;
	}
	buf_add(to, word, size);
	buf_add_char(to, '\n');
}

static void add_names(struct buf *to, char *const *words, size_t n)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		const char *names[2] = { command_table[i].name,
			command_table[i].alias };

		for (int k = 0; k < 2 && names[k] != NULL; k++) {
			const char *rest = rest_of(names[k], words, n);

			if (rest != NULL)
				add_word(to, rest, strcspn(rest, " "));
		}
	}
}

static void add_options(struct buf *to, const struct args_option *table)
{
	for (; table->name != NULL; table++)
		buf_printf(to, "--%s\n", table->name);
}

/* The option that a word is, if it takes its value from the next one. */
static const struct args_option *option_of(
	const struct command *c, const char *word)
{
	const struct args_option *tables[2] = { c->options, command_common };

	for (int t = 0; t < 2; t++)
		for (const struct args_option *o = tables[t]; o->name != NULL;
			o++)
			if (o->type != ARGS_FLAG &&
				((strncmp(word, "--", 2) == 0 &&
					 strcmp(word + 2, o->name) == 0) ||
					(word[0] == '-' &&
						word[1] == o->letter &&
						word[2] == '\0')))
				return o;
	return NULL;
}

static enum complete_kind add_values(
	struct buf *to, const struct args_option *o)
{
	static const struct {
		const char *name;
		enum complete_kind kind;
		const char *words;
	} rows[] = {
		{ "output", COMPLETE_WORDS, "json\nname\nwide\ntable\n" },
		{ "tls", COMPLETE_WORDS, "on\noff\n" },
		{ "cacert", COMPLETE_FILES, "" },
		{ "cert", COMPLETE_FILES, "" },
		{ "key", COMPLETE_FILES, "" },
		{ "dir", COMPLETE_FILES, "" },
		{ "framework", COMPLETE_FRAMEWORKS, "" },
		{ "agent", COMPLETE_AGENTS, "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strcmp(o->name, rows[i].name) == 0) {
			buf_add_str(to, rows[i].words);
			return rows[i].kind;
		}
	return COMPLETE_WORDS;
}

/* The nth operand of a command, from 0. */
static enum complete_kind operand_kind(const struct command *c, size_t nth)
{
	if (c == &command_table[COMMAND_TASK_FILES_CP] && nth == 2)
		return COMPLETE_FILES;
	if (nth > 0 || c->operands == NULL)
		return COMPLETE_WORDS;
	if (strncmp(c->name, "agent ", 6) == 0)
		return COMPLETE_AGENTS;
	if (strncmp(c->name, "framework ", 10) == 0)
		return COMPLETE_FRAMEWORKS;
	if (strncmp(c->name, "task ", 5) == 0)
		return COMPLETE_TASKS;
	return COMPLETE_FILES;
}

enum complete_kind complete_words(struct buf *to, char *const *words, size_t n)
{
	const struct command *c = NULL;
	const struct args_option *o;
	size_t used = 0, operands = 0;

	CHECK(n > 0);
	if (n > 1)
		c = command_find(words, n - 1, &used, NULL);
	if (c == NULL) {
		add_names(to, words, n - 1);
		return COMPLETE_WORDS;
	}
	o = n - 1 > used ? option_of(c, words[n - 2]) : NULL;
	if (o != NULL)
		return add_values(to, o);
	if (words[n - 1][0] == '-') {
		add_options(to, c->options);
		add_options(to, command_common);
		return COMPLETE_WORDS;
	}
	for (size_t i = used; i + 1 < n; i++)
		if (option_of(c, words[i]) != NULL)
			i++;
		else
			operands += words[i][0] != '-';
	return operand_kind(c, operands);
}
