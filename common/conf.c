/* conf.c - see conf.h. */
#include "common/conf.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/check.h"
#include "common/conf_value.h"
#include "common/duration.h"
#include "common/err.h"
#include "common/mem.h"
#include "common/near.h"

#define ENV_PREFIX  "BUTTE_"
#define FILE_PREFIX "file://"
#define NAME_BYTES  64

static size_t option_find(const struct conf *c, const char *name);

void conf_init(struct conf *c, const char *program, const char *about)
{
	*c = (struct conf){ .program = program, .about = about };
}

void conf_add(struct conf *c, const struct conf_option *options, size_t n)
{
	c->options = xrealloc(c->options, (c->n + n) * sizeof(*c->options));
	c->values = xrealloc(c->values, (c->n + n) * sizeof(*c->values));
	for (size_t i = 0; i < n; i++) {
		CHECK(option_find(c, options[i].name) == c->n);
		c->options[c->n] = options[i];
		c->values[c->n] = (struct conf_value){ 0 };
		c->n++;
	}
}

void conf_fini(struct conf *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->values[i].text);
	free(c->values);
	free(c->options);
	*c = (struct conf){ 0 };
}

/* --- one option from one place -------------------------------------------- */

/* Where a piece of input stands, and how to read what it refers to. */
struct source {
	const struct conf_input *in;
	const char *place;
	bool command_line; /* a later one replaces an earlier one */
};

static size_t option_find(const struct conf *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->n; i++) {
		const struct conf_option *o = &c->options[i];

		if (strcmp(o->name, name) == 0 ||
			(o->old != NULL && strcmp(o->old, name) == 0))
			break;
	}
	return i;
}

/* An old spelling that is near stands for the option's name. */
static const char *nearest(const struct conf *c, const char *name)
{
	struct near near;
	const char *best;

	near_init(&near, name, strlen(name));
	for (size_t i = 0; i < c->n; i++) {
		near_offer(&near, c->options[i].name);
		if (c->options[i].old != NULL)
			near_offer(&near, c->options[i].old);
	}
	best = near_best(&near);
	return best != NULL ? c->options[option_find(c, best)].name : NULL;
}

static int refuse_unknown(const struct conf *c, const char *name,
	const struct source *src, struct err *e)
{
	const char *near = nearest(c, name);

	return err_set(e, ERR_INVALID, "--%.100s is unknown (%s); %s%s", name,
		src->place,
		near != NULL ? "did you mean --" : "see --help for all options",
		near != NULL ? near : "");
}

/* The content of the file instead of its name. */
static int file_fetch(
	const struct source *src, const char *value, char **ret, struct err *e)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;

	if (src->in->read(src->in->ctx, value + strlen(FILE_PREFIX), &b, e) !=
		0)
		return -1;
	while (b.size > 0 && isspace((unsigned char)b.data[b.size - 1]))
		b.data[--b.size] = '\0';
	if (memchr(buf_str(&b), '\0', b.size) != NULL)
		return err_set(e, ERR_INVALID, "'%s' has a NUL byte", value);
	*ret = buf_steal(&b);
	return 0;
}

static int value_set(struct conf *c, size_t i, const char *value,
	const struct source *src, struct err *e)
{
	const struct conf_option *o = &c->options[i];
	struct conf_value *v = &c->values[i];
	CLEANUP(mem_freep) char *text = NULL;

	if (v->given && !src->command_line)
		return 0;
	if (o->type != CONF_PATH &&
		strncmp(value, FILE_PREFIX, strlen(FILE_PREFIX)) == 0) {
		if (file_fetch(src, value, &text, e) != 0)
			return err_wrap(e, "--%s (%s)", o->name, src->place);
	} else {
		text = xstrdup(value);
	}
	if (conf_value_parse(o, text, &v->number, e) != 0)
		return err_wrap(e, "--%s (%s)", o->name, src->place);
	free(v->text);
	v->text = STEAL(text);
	v->given = true;
	(void)snprintf(v->place, sizeof(v->place), "%s", src->place);
	return 0;
}

/* name: without dashes; value NULL: none was given. */
static int option_set(struct conf *c, const char *name, const char *value,
	const struct source *src, struct err *e)
{
	bool no = strncmp(name, "no-", 3) == 0;
	size_t i = option_find(c, no ? name + 3 : name);

	if (i == c->n)
		return refuse_unknown(c, name, src, e);
	if (c->options[i].type == CONF_BOOL) {
		if (no && value != NULL)
			return err_set(e, ERR_INVALID,
				"--%s (%s): takes no value", name, src->place);
		return value_set(c, i,
			value != NULL ? value
				: no  ? "false"
				      : "true",
			src, e);
	}
	if (no)
		return err_set(e, ERR_INVALID,
			"--%s (%s): --%s can't be switched off, it takes a "
			"value",
			name, src->place, name + 3);
	if (value == NULL)
		return err_set(e, ERR_INVALID,
			"--%s (%s): a value is missing: --%s=%s", name,
			src->place, name, c->options[i].metavar);
	return value_set(c, i, value, src, e);
}

/* --- the sources ------------------------------------------------------------ */

/* Copies the name before '=' (or all); -1: too long to be one of ours. */
static int name_copy(char *to, const char *from, size_t n)
{
	if (n >= NAME_BYTES)
		return -1;
	memcpy(to, from, n);
	to[n] = '\0';
	return 0;
}

/* Whether the option wants a value as the next argument. */
static bool takes_next(const struct conf *c, const char *name)
{
	size_t i = option_find(c, name);

	return i < c->n && c->options[i].type != CONF_BOOL;
}

static int arguments_parse(
	struct conf *c, const struct conf_input *in, struct err *e)
{
	const struct source src = { in, "on the command line", true };

	for (const char *const *p = in->argv + (in->argv[0] != NULL);
		*p != NULL; p++) {
		const char *arg = *p + 2;
		const char *eq = strchr(*p, '=');
		const char *value = eq != NULL ? eq + 1 : NULL;
		char name[NAME_BYTES];

		if (strncmp(*p, "--", 2) != 0 || *arg == '\0')
			return err_set(e, ERR_INVALID,
				"'%.100s' is not an option: they begin with "
				"--, see --help",
				*p);
		if (name_copy(name, arg,
			    eq != NULL ? (size_t)(eq - arg) : strlen(arg)) != 0)
			return refuse_unknown(c, arg, &src, e);
		if (value == NULL && p[1] != NULL && takes_next(c, name))
			value = *++p;
		if (option_set(c, name, value, &src, e) != 0)
			return -1;
	}
	return 0;
}

/* BUTTE_WORK_DIR is work_dir. */
static int environment_parse(
	struct conf *c, const struct conf_input *in, struct err *e)
{
	for (const char *const *p = in->env; p != NULL && *p != NULL; p++) {
		const char *eq = strchr(*p, '=');
		char place[NAME_BYTES + 32], name[NAME_BYTES];
		const struct source src = { in, place, false };
		size_t i;

		if (eq == NULL || eq[1] == '\0' ||
			strncmp(*p, ENV_PREFIX, strlen(ENV_PREFIX)) != 0 ||
			name_copy(name, *p, (size_t)(eq - *p)) != 0)
			continue;
		(void)snprintf(
			place, sizeof(place), "%s in the environment", name);
		for (char *n = name; *n != '\0'; n++)
			*n = (char)tolower((unsigned char)*n);
		i = option_find(c, name + strlen(ENV_PREFIX));
		if (i < c->n && value_set(c, i, eq + 1, &src, e) != 0)
			return -1;
	}
	return 0;
}

/* One line of a --config file; changes it. */
static int line_parse(
	struct conf *c, char *line, const struct source *src, struct err *e)
{
	char *name = line + strspn(line, " \t\r");
	char *end = name + strlen(name);
	char *value = name + strcspn(name, "= \t\r");
	char name_copied[NAME_BYTES];

	while (end > name && isspace((unsigned char)end[-1]))
		*--end = '\0';
	if (*name == '\0' || *name == '#')
		return 0;
	if (name_copy(name_copied, name, (size_t)(value - name)) != 0)
		return refuse_unknown(c, name, src, e);
	if (strcmp(name_copied, "config") == 0)
		return err_set(e, ERR_INVALID,
			"--config (%s): a file can't name another", src->place);
	value += strspn(value, " \t\r");
	if (*value == '=')
		value += 1 + strspn(value + 1, " \t\r");
	else if (*value == '\0')
		value = NULL;
	return option_set(c, name_copied, value, src, e);
}

static int file_parse(struct conf *c, const struct conf_input *in,
	const char *path, struct err *e)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;
	CLEANUP(mem_freep) char *text = NULL;
	unsigned number = 0;
	char *line, *rest;

	if (in->read(in->ctx, path, &b, e) != 0)
		return err_wrap(e, "--config");
	if (memchr(buf_str(&b), '\0', b.size) != NULL)
		return err_set(e, ERR_INVALID,
			"--config: '%s' has a NUL byte: it is not a text",
			path);
	text = buf_steal(&b);
	rest = text;
	while ((line = strsep(&rest, "\n")) != NULL) {
		char place[96];
		const struct source src = { in, place, false };

		(void)snprintf(place, sizeof(place), "line %u of '%.60s'",
			++number, path);
		if (line_parse(c, line, &src, e) != 0)
			return -1;
	}
	return 0;
}

/* --- all of it -------------------------------------------------------------- */

/* --help and --version win over whatever else is wrong. */
static bool wants_text(struct conf *c, const char *const *argv)
{
	for (const char *const *p = argv + (argv[0] != NULL); *p != NULL; p++) {
		if (strcmp(*p, "--help") == 0 || strcmp(*p, "-h") == 0)
			c->help = true;
		if (strcmp(*p, "--version") == 0)
			c->version = true;
	}
	return c->help || c->version;
}

static void defaults_set(struct conf *c)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct conf_option *o = &c->options[i];
		struct conf_value *v = &c->values[i];

		if (v->text != NULL || o->value == NULL)
			continue;
		CHECK(conf_value_parse(o, o->value, &v->number, NULL) == 0);
		v->text = xstrdup(o->value);
		(void)snprintf(v->place, sizeof(v->place), "the default");
	}
}

static int values_check(struct conf *c, struct err *e)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct conf_option *o = &c->options[i];
		struct conf_value *v = &c->values[i];
		bool lifted =
			o->lifts_min != NULL && conf_bool(c, o->lifts_min);

		if (o->required && v->text == NULL)
			return err_set(e, ERR_INVALID,
				"--%s=%s is required: %s", o->name, o->metavar,
				o->help);
		if (v->given &&
			conf_value_range(o, v->text, v->number, lifted, e) != 0)
			return conf_refuse(c, o->name, e);
	}
	return 0;
}

int conf_parse(struct conf *c, const struct conf_input *in, struct err *e)
{
	size_t config;

	if (wants_text(c, in->argv))
		return 0;
	if (arguments_parse(c, in, e) != 0 || environment_parse(c, in, e) != 0)
		return -1;
	config = option_find(c, "config");
	if (config < c->n && c->values[config].given &&
		file_parse(c, in, c->values[config].text, e) != 0)
		return -1;
	defaults_set(c);
	return values_check(c, e);
}

int conf_refuse(const struct conf *c, const char *name, struct err *e)
{
	size_t i = option_find(c, name);

	CHECK(i < c->n);
	if (!c->values[i].given)
		return err_wrap(e, "--%s", name);
	return err_wrap(e, "--%s (%s)", name, c->values[i].place);
}

/* --- values ------------------------------------------------------------------- */

static const struct conf_value *value_find(
	const struct conf *c, const char *name, const struct conf_option **ret)
{
	size_t i = option_find(c, name);

	CHECK(i < c->n);
	*ret = &c->options[i];
	return &c->values[i];
}

const char *conf_text(const struct conf *c, const char *name)
{
	const struct conf_option *o;

	return value_find(c, name, &o)->text;
}

bool conf_bool(const struct conf *c, const char *name)
{
	const struct conf_option *o;
	const struct conf_value *v = value_find(c, name, &o);

	CHECK(o->type == CONF_BOOL);
	return v->number != 0;
}

int64_t conf_int(const struct conf *c, const char *name)
{
	const struct conf_option *o;
	const struct conf_value *v = value_find(c, name, &o);

	CHECK(o->type == CONF_INT);
	return v->number;
}

uint64_t conf_ms(const struct conf *c, const char *name)
{
	const struct conf_option *o;
	const struct conf_value *v = value_find(c, name, &o);

	CHECK(o->type == CONF_DURATION && v->number >= 0);
	return (uint64_t)v->number / 1000000 + (v->number % 1000000 != 0);
}

bool conf_flag(
	const struct conf *c, size_t i, const char **ret_name, struct buf *to)
{
	const struct conf_option *o = &c->options[i];
	const struct conf_value *v = &c->values[i];

	CHECK(i < c->n);
	*ret_name = o->name;
	if (v->text == NULL || o->secret)
		return false;
	if (o->type == CONF_DURATION)
		duration_print(to, v->number);
	else if (o->type == CONF_BOOL)
		buf_add_str(to, v->number != 0 ? "true" : "false");
	else
		buf_add_str(to, v->text);
	return true;
}
