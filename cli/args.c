/* args.c - see args.h. */
#include "cli/args.h"

#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/duration.h"
#include "common/err.h"
#include "common/mem.h"
#include "common/near.h"

void args_init(struct args *a)
{
	memset(a, 0, sizeof(*a));
}

void args_fini(struct args *a)
{
	free(a->values);
	free(a->operands);
	memset(a, 0, sizeof(*a));
}

/* The words that are still to be read. */
struct rest {
	char *const *words;
	size_t n;
	size_t i;
};

static int parse_long(struct args *a, const struct args_option *const *tables,
	struct rest *r, struct err *e);
static int parse_short(struct args *a, const struct args_option *const *tables,
	struct rest *r, struct err *e);

static void operand_add(struct args *a, const char *word)
{
	a->operands = xgrow(a->operands, &a->cap_operands, a->n_operands + 1,
		sizeof(*a->operands));
	a->operands[a->n_operands++] = word;
}

static bool is_option(const char *word)
{
	return word[0] == '-' && word[1] != '\0';
}

int args_parse(struct args *a, const struct args_option *const tables[2],
	enum args_mode mode, char *const *words, size_t n, struct err *e)
{
	struct rest r = { words, n, 0 };
	bool open = true;

	while (r.i < n) {
		const char *word = words[r.i];

		if (open && is_option(word)) {
			if (strcmp(word, "--") == 0) {
				open = false;
				r.i++;
				continue;
			}
			if ((word[1] == '-' ? parse_long(a, tables, &r, e)
					    : parse_short(a, tables, &r, e)) !=
				0)
				return -1;
			continue;
		}
		if (mode == ARGS_LEADING)
			break;
		operand_add(a, word);
		open = open && mode != ARGS_RAW;
		r.i++;
	}
	return (int)r.i;
}

static const struct args_option *find_long(
	const struct args_option *const *tables, const char *name, size_t size)
{
	for (int t = 0; t < 2; t++)
		for (const struct args_option *o = tables[t];
			o != NULL && o->name != NULL; o++)
			if (strlen(o->name) == size &&
				strncmp(o->name, name, size) == 0)
				return o;
	return NULL;
}

static const struct args_option *find_short(
	const struct args_option *const *tables, char letter)
{
	for (int t = 0; t < 2; t++)
		for (const struct args_option *o = tables[t];
			o != NULL && o->name != NULL; o++)
			if (o->letter == letter)
				return o;
	return NULL;
}

static int value_add(struct args *a, const struct args_option *o,
	const char *text, struct err *e)
{
	struct args_value v = { o, text, 0 };
	int r = 0;

	switch (o->type) {
	case ARGS_FLAG:
	case ARGS_TEXT:
		break;
	case ARGS_UINT:
		r = args_uint(text, UINT32_MAX, &v.number, e);
		break;
	case ARGS_MILLI:
		r = args_milli(text, &v.number, e);
		break;
	case ARGS_DURATION:
		r = args_duration(text, &v.number, e);
		break;
	}
	if (r != 0)
		return err_wrap(e, "option --%s", o->name);
	a->values =
		xgrow(a->values, &a->cap_values, a->n_values + 1, sizeof(v));
	a->values[a->n_values++] = v;
	return 0;
}

static int unknown_long(const struct args_option *const *tables,
	const char *name, size_t size, struct err *e)
{
	struct near near;

	near_init(&near, name, size);
	for (int t = 0; t < 2; t++)
		for (const struct args_option *o = tables[t];
			o != NULL && o->name != NULL; o++)
			near_offer(&near, o->name);
	if (near_best(&near) != NULL)
		return err_set(e, ERR_INVALID,
			"unknown option --%.*s; did you mean --%s?", (int)size,
			name, near_best(&near));
	return err_set(
		e, ERR_INVALID, "unknown option --%.*s", (int)size, name);
}

static int parse_long(struct args *a, const struct args_option *const *tables,
	struct rest *r, struct err *e)
{
	const char *name = r->words[r->i++] + 2;
	const char *equals = strchr(name, '=');
	size_t size = equals ? (size_t)(equals - name) : strlen(name);
	const struct args_option *o = find_long(tables, name, size);

	if (o == NULL)
		return unknown_long(tables, name, size, e);
	if (o->type == ARGS_FLAG) {
		if (equals != NULL)
			return err_set(e, ERR_INVALID,
				"option --%s takes no value", o->name);
		return value_add(a, o, "", e);
	}
	if (equals != NULL)
		return value_add(a, o, equals + 1, e);
	if (r->i == r->n)
		return err_set(e, ERR_INVALID, "option --%s needs %s", o->name,
			o->value);
	return value_add(a, o, r->words[r->i++], e);
}

static int parse_short(struct args *a, const struct args_option *const *tables,
	struct rest *r, struct err *e)
{
	const char *at = r->words[r->i++] + 1;

	for (; *at != '\0'; at++) {
		const struct args_option *o = find_short(tables, *at);

		if (o == NULL)
			return err_set(
				e, ERR_INVALID, "unknown option -%c", *at);
		if (o->type == ARGS_FLAG) {
			if (value_add(a, o, "", e) != 0)
				return -1;
			continue;
		}
		if (at[1] != '\0')
			return value_add(a, o, at + 1, e);
		if (r->i == r->n)
			return err_set(e, ERR_INVALID, "option -%c needs %s",
				*at, o->value);
		return value_add(a, o, r->words[r->i++], e);
	}
	return 0;
}

static const struct args_value *last(const struct args *a, const char *name)
{
	for (size_t i = a->n_values; i > 0; i--)
		if (strcmp(a->values[i - 1].option->name, name) == 0)
			return &a->values[i - 1];
	return NULL;
}

bool args_has(const struct args *a, const char *name)
{
	return last(a, name) != NULL;
}

const char *args_text(
	const struct args *a, const char *name, const char *otherwise)
{
	const struct args_value *v = last(a, name);

	return v != NULL ? v->text : otherwise;
}

uint64_t args_number(const struct args *a, const char *name, uint64_t otherwise)
{
	const struct args_value *v = last(a, name);

	CHECK(v == NULL || v->option->type >= ARGS_UINT);
	return v != NULL ? v->number : otherwise;
}

const char *args_nth(const struct args *a, const char *name, size_t nth)
{
	for (size_t i = 0; i < a->n_values; i++)
		if (strcmp(a->values[i].option->name, name) == 0 && nth-- == 0)
			return a->values[i].text;
	return NULL;
}

/* Reads digits; -1 if there are none or the number is over max. */
static int digits(const char **at, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;
	const char *p = *at;

	for (; *p >= '0' && *p <= '9'; p++) {
		uint64_t d = (uint64_t)(*p - '0');

		if (v > (max - d) / 10)
			return -1;
		v = v * 10 + d;
	}
	if (p == *at)
		return -1;
	*at = p;
	*ret = v;
	return 0;
}

int args_uint(const char *text, uint64_t max, uint64_t *ret, struct err *e)
{
	const char *at = text;
	uint64_t v;

	CHECK(max >= 9);
	if (digits(&at, max, &v) != 0 || *at != '\0')
		return err_set(e, ERR_INVALID,
			"'%s' is not a whole number from 0 to %llu", text,
			(unsigned long long)max);
	*ret = v;
	return 0;
}

int args_milli(const char *text, uint64_t *ret, struct err *e)
{
	const uint64_t max = 1000ULL * 1000 * 1000 * 1000;
	const char *at = text;
	uint64_t whole, part = 0;
	uint64_t unit = 100;

	if (digits(&at, max, &whole) != 0)
		return err_set(e, ERR_INVALID, "'%s' is not a number", text);
	if (*at == '.')
		for (at++; *at >= '0' && *at <= '9' && unit > 0; at++) {
			part += (uint64_t)(*at - '0') * unit;
			unit /= 10;
		}
	if (*at != '\0')
		return err_set(e, ERR_INVALID,
			"'%s' is not a number with up to three decimals", text);
	*ret = whole * 1000 + part;
	return 0;
}

int args_duration(const char *text, uint64_t *ret_ms, struct err *e)
{
	uint64_t seconds;
	int64_t ns;

	if (args_uint(text, 1000ULL * 1000 * 1000, &seconds, NULL) == 0) {
		*ret_ms = seconds * 1000;
		return 0;
	}
	if (duration_parse(text, &ns, NULL) == 0) {
		*ret_ms = (uint64_t)ns / 1000000;
		return 0;
	}
	return err_set(e, ERR_INVALID,
		"'%s' is not a duration such as 250ms, 10secs, 3mins or 1hrs",
		text);
}
