/*
 * args.h - options and operands of one command line, checked against tables.
 *
 * Long options take their value as --name=VALUE or --name VALUE, short ones as
 * -n VALUE or -nVALUE; flags of one letter can be joined (-fa). "--" ends the
 * options. Values are checked when they are parsed, so that reading them later
 * can't fail. The strings belong to argv.
 */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum args_type {
	ARGS_FLAG,     /* no value */
	ARGS_TEXT,     /* anything */
	ARGS_UINT,     /* a whole number, 0 to 4294967295 */
	ARGS_MILLI,    /* "0.5", kept as thousandths */
	ARGS_DURATION, /* "90", "250ms", "10secs"; kept as ms */
};

struct args_option {
	const char *name; /* without "--"; NULL ends a table */
	char letter;	  /* or 0 */
	enum args_type type;
	const char *value; /* its name in the help: "NAME" */
	const char *help;
};

struct args_value {
	const struct args_option *option;
	const char *text; /* flags: "" */
	uint64_t number;  /* by type: count, thousandths, ms */
};

struct args {
	struct args_value *values; /* in the order given */
	size_t n_values;
	size_t cap_values;
	const char **operands;
	size_t n_operands;
	size_t cap_operands;
};

void args_init(struct args *a);
void args_fini(struct args *a);

/*
 * Reads words[0..n). `tables` are one or two, the second may be NULL. If raw is
 * set, the first operand ends the options: what follows is another program's.
 * Returns how many words were read (less than n only if `first_only`: it then
 * stops in front of the first operand), or -1.
 */
enum args_mode { ARGS_ALL, ARGS_RAW, ARGS_LEADING };
int args_parse(struct args *a, const struct args_option *const tables[2],
	enum args_mode mode, char *const *words, size_t n, struct err *e);

bool args_has(const struct args *a, const char *name);
/* The last one given, or otherwise. */
const char *args_text(
	const struct args *a, const char *name, const char *otherwise);
uint64_t args_number(
	const struct args *a, const char *name, uint64_t otherwise);
/* The nth value of an option that can be repeated; NULL after the last. */
const char *args_nth(const struct args *a, const char *name, size_t nth);

/* "90" (seconds), or as common/duration.h: "250ms", "1.5hrs"; to ms. */
int args_duration(const char *text, uint64_t *ret_ms, struct err *e);
/* "1", "0.25", up to three decimals: to thousandths. */
int args_milli(const char *text, uint64_t *ret, struct err *e);
int args_uint(const char *text, uint64_t max, uint64_t *ret, struct err *e);

#endif
