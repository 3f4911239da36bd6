/* conf_value.c - see conf_value.h. */
#include "common/conf_value.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/conf.h"
#include "common/duration.h"
#include "common/err.h"

#define ADDRESS_MAX_BYTES 64 /* longer than any address with its scope */

static int bool_parse(const char *text, int64_t *ret, struct err *e)
{
	if (strcmp(text, "true") == 0 || strcmp(text, "1") == 0)
		*ret = 1;
	else if (strcmp(text, "false") == 0 || strcmp(text, "0") == 0)
		*ret = 0;
	else
		return err_set(
			e, ERR_INVALID, "'%.100s' is not true or false", text);
	return 0;
}

static int int_parse(const char *text, int64_t *ret, struct err *e)
{
	const char *digits = *text == '-' ? text + 1 : text;

	errno = 0;
	*ret = strtoll(text, NULL, 10);
	if (errno != 0 || *digits == '\0' ||
		digits[strspn(digits, "0123456789")] != '\0')
		return err_set(
			e, ERR_INVALID, "'%.100s' is not a number", text);
	return 0;
}

static int choice_parse(const char *choices, const char *text, struct err *e)
{
	size_t n = strlen(text);
	const char *p = choices;

	while (n > 0 && p != NULL) {
		if (strncmp(p, text, n) == 0 && (p[n] == '|' || p[n] == '\0'))
			return 0;
		p = strchr(p, '|');
		p = p != NULL ? p + 1 : NULL;
	}
	return err_set(
		e, ERR_INVALID, "'%.100s' is not one of %s", text, choices);
}

/* Four numbers from 0 to 255, without zeros in front. */
static bool is_ipv4(const char *s)
{
	for (int part = 0; part < 4; part++) {
		size_t n = strspn(s, "0123456789");

		if (n < 1 || n > 3 || (n > 1 && *s == '0') ||
			strtoul(s, NULL, 10) > 255 ||
			s[n] != (part < 3 ? '.' : '\0'))
			return false;
		s += n + 1;
	}
	return true;
}

/* Only what can be one: bind() knows the rest. */
static bool is_ipv6(const char *s)
{
	return strchr(s, ':') != NULL && strlen(s) < ADDRESS_MAX_BYTES &&
		s[strspn(s, "0123456789abcdefABCDEF:.")] == '\0';
}

bool conf_value_is_loopback(const char *address)
{
	return strcmp(address, "localhost") == 0 ||
		strcmp(address, "::1") == 0 ||
		(is_ipv4(address) && strncmp(address, "127.", 4) == 0);
}

static int type_parse(const struct conf_option *o, const char *text,
	int64_t *ret, struct err *e)
{
	switch (o->type) {
	case CONF_BOOL:
		return bool_parse(text, ret, e);
	case CONF_INT:
		return int_parse(text, ret, e);
	case CONF_DURATION:
		return duration_parse(text, ret, e);
	case CONF_ENUM:
		return choice_parse(o->choices, text, e);
	case CONF_ADDRESS:
		if (is_ipv4(text) || is_ipv6(text))
			return 0;
		return err_set(
			e, ERR_INVALID, "'%.100s' is not an IP address", text);
	case CONF_PATH:
		if (*text != '\0')
			return 0;
		return err_set(e, ERR_INVALID, "an empty path");
	case CONF_STRING:
		return 0;
	}
	UNREACHABLE();
}

int conf_value_parse(const struct conf_option *o, const char *text,
	int64_t *ret, struct err *e)
{
	if (type_parse(o, text, ret, e) != 0)
		return -1;
	return o->check != NULL ? o->check(text, e) : 0;
}

/* A bound of the table; ours, so it parses. */
static int64_t bound(const struct conf_option *o, const char *text)
{
	int64_t v = 0;

	CHECK(type_parse(o, text, &v, NULL) == 0);
	return v;
}

int conf_value_range(const struct conf_option *o, const char *text,
	int64_t number, bool min_lifted, struct err *e)
{
	const char *lifts = o->lifts_min;

	if (o->max != NULL && number > bound(o, o->max))
		return o->min != NULL ? err_set(e, ERR_INVALID,
						"%s is out of range: %s to %s",
						text, o->min, o->max)
				      : err_set(e, ERR_INVALID, "%s is over %s",
						text, o->max);
	if (o->min == NULL || min_lifted || number >= bound(o, o->min))
		return 0;
	if (o->max != NULL)
		return err_set(e, ERR_INVALID, "%s is out of range: %s to %s",
			text, o->min, o->max);
	return err_set(e, ERR_INVALID, "%s is under %s%s%s%s", text, o->min,
		lifts != NULL ? " (--" : "", lifts != NULL ? lifts : "",
		lifts != NULL ? " allows it)" : "");
}
