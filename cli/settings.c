/* settings.c - see settings.h. */
#include "cli/settings.h"

#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "common/check.h"
#include "common/err.h"
#include "common/mem.h"
#include "common/near.h"

const char *const settings_names[SETTINGS_KEYS] = {
	[SETTINGS_MASTER] = "master",
	[SETTINGS_TLS] = "tls",
	[SETTINGS_CACERT] = "cacert",
	[SETTINGS_CERT] = "cert",
	[SETTINGS_KEY] = "key",
	[SETTINGS_PRINCIPAL] = "principal",
	[SETTINGS_SECRET] = "secret",
};

const char *const settings_environment[SETTINGS_KEYS] = {
	[SETTINGS_MASTER] = "BUTTE_MASTER",
	[SETTINGS_TLS] = "BUTTE_TLS",
	[SETTINGS_CACERT] = "BUTTE_CACERT",
	[SETTINGS_CERT] = "BUTTE_CERT",
	[SETTINGS_KEY] = "BUTTE_KEY",
	[SETTINGS_PRINCIPAL] = "BUTTE_PRINCIPAL",
	[SETTINGS_SECRET] = "BUTTE_SECRET",
};

const char *settings_source_text(enum settings_source from)
{
	static const char *const texts[] = {
		[SETTINGS_DEFAULT] = "default",
		[SETTINGS_MESOS] = "~/.mesos/config.toml",
		[SETTINGS_FILE] = "~/.config/butte/config",
		[SETTINGS_ENVIRONMENT] = "environment",
		[SETTINGS_FLAG] = "flag",
	};

	CHECK(from < ARRAY_LEN(texts));
	return texts[from];
}

void settings_init(struct settings *s)
{
	memset(s, 0, sizeof(*s));
}

void settings_fini(struct settings *s)
{
	for (size_t i = 0; i < SETTINGS_KEYS; i++)
		free(s->values[i]);
	settings_init(s);
}

static void set(struct settings *s, enum settings_key key, char *value,
	enum settings_source from)
{
	if (s->values[key] != NULL && s->from[key] > from) {
		free(value);
		return;
	}
	free(s->values[key]);
	s->values[key] = value;
	s->from[key] = from;
}

void settings_set(struct settings *s, enum settings_key key, const char *value,
	enum settings_source from)
{
	CHECK(key < SETTINGS_KEYS);
	if (value != NULL)
		set(s, key, xstrdup(value), from);
}

void settings_plaintext_env(struct settings *s, const char *value)
{
	if (value != NULL && *value != '\0' && strcmp(value, "0") != 0)
		settings_set(s, SETTINGS_TLS, "off", SETTINGS_ENVIRONMENT);
}

void settings_flags(struct settings *s, const struct args *a)
{
	for (enum settings_key k = 0; k < SETTINGS_KEYS; k++)
		if (k != SETTINGS_SECRET)
			settings_set(s, k,
				args_text(a, settings_names[k], NULL),
				SETTINGS_FLAG);
}

/* --- lines --------------------------------------------------------------- */

struct line {
	const char *name;
	size_t name_size;
	const char *value;
	size_t value_size;
};

static void trim(const char **text, size_t *size)
{
	while (*size > 0 && strchr(" \t\r", (*text)[0]) != NULL) {
		(*text)++;
		(*size)--;
	}
	while (*size > 0 && strchr(" \t\r", (*text)[*size - 1]) != NULL)
		(*size)--;
}

/* 1: name = value; 0: nothing; -1: neither. */
static int line_read(struct line *l, const char *text, size_t size)
{
	const char *equals;

	trim(&text, &size);
	if (size == 0 || *text == '#')
		return 0;
	equals = memchr(text, '=', size);
	if (equals == NULL)
		return -1;
	l->name = text;
	l->name_size = (size_t)(equals - text);
	l->value = equals + 1;
	l->value_size = size - l->name_size - 1;
	trim(&l->name, &l->name_size);
	trim(&l->value, &l->value_size);
	if (l->value_size >= 2 && l->value[0] == '"' &&
		l->value[l->value_size - 1] == '"') {
		l->value++;
		l->value_size -= 2;
	}
	return 1;
}

static int set_line(struct settings *s, const struct line *l, struct err *e)
{
	struct near near;

	near_init(&near, l->name, l->name_size);
	for (enum settings_key k = 0; k < SETTINGS_KEYS; k++) {
		if (strlen(settings_names[k]) == l->name_size &&
			strncmp(settings_names[k], l->name, l->name_size) ==
				0) {
			set(s, k, xstrndup(l->value, l->value_size),
				SETTINGS_FILE);
			return 0;
		}
		near_offer(&near, settings_names[k]);
	}
	if (near_best(&near) != NULL)
		return err_set(e, ERR_INVALID,
			"unknown name '%.*s'; did you mean '%s'?",
			(int)l->name_size, l->name, near_best(&near));
	return err_set(e, ERR_INVALID, "unknown name '%.*s'", (int)l->name_size,
		l->name);
}

int settings_parse(struct settings *s, const char *text, struct err *e)
{
	for (unsigned number = 1; *text != '\0'; number++) {
		size_t size = strcspn(text, "\n");
		struct line l;
		int r = line_read(&l, text, size);

		if (r < 0)
			(void)err_set(e, ERR_INVALID,
				"'%.*s' is not name = value", (int)size, text);
		if (r < 0 || (r > 0 && set_line(s, &l, e) != 0))
			return err_wrap(e, "line %u", number);
		text += size + (text[size] == '\n');
	}
	return 0;
}

void settings_parse_mesos(struct settings *s, const char *text)
{
	bool master = false;

	while (*text != '\0') {
		size_t size = strcspn(text, "\n");
		const char *at = text;
		size_t n = size;
		struct line l;

		trim(&at, &n);
		if (n > 0 && at[0] == '[')
			master = n == 8 && strncmp(at, "[master]", n) == 0;
		else if (master && line_read(&l, at, n) == 1 &&
			l.name_size == 7 && strncmp(l.name, "address", 7) == 0)
			set(s, SETTINGS_MASTER, xstrndup(l.value, l.value_size),
				SETTINGS_MESOS);
		text += size + (text[size] == '\n');
	}
}

int settings_finish(struct settings *s, struct err *e)
{
	if (s->values[SETTINGS_MASTER] == NULL)
		settings_set(
			s, SETTINGS_MASTER, "localhost:5050", SETTINGS_DEFAULT);
	if (s->values[SETTINGS_TLS] == NULL)
		settings_set(s, SETTINGS_TLS, "on", SETTINGS_DEFAULT);
	if (strcmp(s->values[SETTINGS_TLS], "on") != 0 &&
		strcmp(s->values[SETTINGS_TLS], "off") != 0)
		return err_set(e, ERR_INVALID,
			"tls is '%s' (%s); it can be on or off",
			s->values[SETTINGS_TLS],
			settings_source_text(s->from[SETTINGS_TLS]));
	if ((s->values[SETTINGS_CERT] == NULL) !=
		(s->values[SETTINGS_KEY] == NULL))
		return err_set(e, ERR_INVALID,
			"cert and key belong together; only %s is given",
			s->values[SETTINGS_CERT] != NULL ? "cert" : "key");
	return 0;
}

bool settings_plaintext(const struct settings *s)
{
	CHECK(s->values[SETTINGS_TLS] != NULL);
	return strcmp(s->values[SETTINGS_TLS], "off") == 0;
}
