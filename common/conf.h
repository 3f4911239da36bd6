/*
 * conf.h - options of a daemon, from one table.
 *
 * A row says everything about an option; parsing, --help, /flags and the man
 * page's list come from it. Sources, the first that names an option wins:
 *
 *	command line	--name=value, --name value, --name and --no-name (bool)
 *	environment	BUTTE_NAME=value; empty means unset
 *	--config=FILE	lines "name=value" or "name value"; '#' begins a comment
 *	the default
 *
 * A value "file:///path" is the content of that file (without white space at
 * its end), except for options that are paths. On the command line the last
 * one of a kind counts. BUTTE_ variables that name no option are ignored: other
 * programs of ours have some, too.
 *
 * Pure: arguments, environment and a way to read files are given (io_conf.h has
 * them). Values are checked where they come in, so errors name the place.
 */
#ifndef COMMON_CONF_H
#define COMMON_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;

enum conf_type {
	CONF_STRING,
	CONF_PATH,
	CONF_ADDRESS, /* an IP address, v4 or v6 */
	CONF_BOOL,
	CONF_INT,
	CONF_DURATION, /* duration.h */
	CONF_ENUM,
};

/* Checks more than the type does; e without the option's name. */
typedef int conf_check_f(const char *value, struct err *e);

struct conf_option {
	const char *name; /* as Mesos has it, with underscores */
	enum conf_type type;
	const char *metavar; /* "DIRECTORY"; NULL for a bool */
	const char *value;   /* the default; NULL: none */
	const char *min;     /* texts of the type; NULL: no bound */
	const char *max;
	const char *lifts_min; /* a bool option that lifts min; or NULL */
	const char *choices;   /* ENUM: "none|optional|require" */
	const char *old;       /* a deprecated spelling of Mesos, accepted */
	bool required;
	bool secret; /* never shown */
	conf_check_f *check;
	const char *help; /* sentences, without mention of default or range */
};

struct conf_value {
	char *text;	/* NULL: unset, and without a default */
	bool given;	/* not only the default */
	int64_t number; /* INT; DURATION in ns; BOOL: 0 or 1 */
	char place[96]; /* "on the command line" */
};

struct conf {
	const char *program;
	const char *about; /* one sentence for --help */
	struct conf_option *options;
	struct conf_value *values; /* one per option */
	size_t n;
	bool help; /* --help was given: nothing else counts */
	bool version;
};

/* The whole file, at most CONF_FILE_MAX bytes. */
typedef int conf_read_f(
	void *ctx, const char *path, struct buf *ret, struct err *e);

struct conf_input {
	const char *const *argv; /* with the program's name; ends with NULL */
	const char *const *env;	 /* ends with NULL; or NULL */
	conf_read_f *read;
	void *ctx;
};

void conf_init(struct conf *c, const char *program, const char *about);
/* Adds rows; what they point to is borrowed. Names must differ (CHECK). */
void conf_add(struct conf *c, const struct conf_option *options, size_t n);
void conf_fini(struct conf *c);
/* The error says what is wrong, where, and what would be right. */
int conf_parse(struct conf *c, const struct conf_input *in, struct err *e);

/* Values by name; the option must exist and be of that type (CHECK). Texts live
 * as long as c. */
const char *conf_text(const struct conf *c, const char *name); /* or NULL */
bool conf_bool(const struct conf *c, const char *name);
int64_t conf_int(const struct conf *c, const char *name); /* 0 if unset */
uint64_t conf_ms(const struct conf *c, const char *name); /* 0 if unset; what
	is over 0 is at least 1 */
/* An error about the value of an option: "--name: " and its place are added. */
int conf_refuse(const struct conf *c, const char *name, struct err *e);

/* For /flags: option i, its value as Mesos would print it (text in `to`), or
 * false when it is unset or secret. */
bool conf_flag(
	const struct conf *c, size_t i, const char **ret_name, struct buf *to);

#endif
