/*
 * settings.h - where the cluster is and who we are: from a flag, else the
 * environment, else ~/.config/butte/config, else ~/.mesos/config.toml. Pure:
 * the texts come from outside (io_client.c).
 *
 * The config file has a line `name = value` each; '#' begins a comment. Of
 * Mesos' own file only `address` in the section [master] is understood.
 */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

struct args;
struct err;

enum settings_key {
	SETTINGS_MASTER,
	SETTINGS_TLS, /* "on" or "off" */
	SETTINGS_CACERT,
	SETTINGS_CERT,
	SETTINGS_KEY,
	SETTINGS_PRINCIPAL,
	SETTINGS_SECRET, /* never a flag: those can be seen by everybody */
	SETTINGS_KEYS
};

enum settings_source {
	SETTINGS_DEFAULT,
	SETTINGS_MESOS, /* ~/.mesos/config.toml */
	SETTINGS_FILE,
	SETTINGS_ENVIRONMENT,
	SETTINGS_FLAG,
};

struct settings {
	char *values[SETTINGS_KEYS]; /* owned; NULL: not set */
	enum settings_source from[SETTINGS_KEYS];
};

extern const char *const settings_names[SETTINGS_KEYS];	      /* "cacert" */
extern const char *const settings_environment[SETTINGS_KEYS]; /* BUTTE_... */
const char *settings_source_text(enum settings_source from);

void settings_init(struct settings *s);
void settings_fini(struct settings *s);
/* Takes the value unless a better source has set it. NULL: no-op. */
void settings_set(struct settings *s, enum settings_key key, const char *value,
	enum settings_source from);
/* The text of our config file; errors name the line. */
int settings_parse(struct settings *s, const char *text, struct err *e);
/* The text of Mesos'; what is not understood is passed over. */
void settings_parse_mesos(struct settings *s, const char *text);
/* BUTTE_PLAINTEXT: any text but "" and "0" is BUTTE_TLS=off. */
void settings_plaintext_env(struct settings *s, const char *value);
void settings_flags(struct settings *s, const struct args *a);
/* After all sources: defaults, and is what is there possible? */
int settings_finish(struct settings *s, struct err *e);
bool settings_plaintext(const struct settings *s);

#endif
