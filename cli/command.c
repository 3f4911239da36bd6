/* command.c - see command.h. */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#include "cli/near.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"

const struct args_option command_common[] = {
	{ "help", 'h', ARGS_FLAG, NULL, "say how this is used" },
	{ NULL },
};

static const struct args_option no_options[] = {
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
	if (n == 1 && is_group(words[0]))
		*ret_used = 1;
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
