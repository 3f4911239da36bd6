/* duration.c - see duration.h. */
#include "common/duration.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"

static const struct unit {
	const char *name;
	int64_t ns;
} units[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "ms", 1000 * 1000 },
	{ "secs", INT64_C(1000000000) },
	{ "mins", INT64_C(60000000000) },
	{ "hrs", INT64_C(3600000000000) },
	{ "days", INT64_C(86400000000000) },
	{ "weeks", INT64_C(604800000000000) },
};

/* Digits before and behind the point, in units of `unit` ns. */
static bool number_read(const char **p, int64_t unit, int64_t *ret)
{
	int64_t ns = 0, scale = unit;
	const char *s = *p;

	if (!isdigit((unsigned char)*s))
		return false;
	for (; isdigit((unsigned char)*s); s++) {
		if (ns > (INT64_MAX / unit - (*s - '0')) / 10 * unit)
			return false;
		ns = ns * 10 + (*s - '0') * unit;
	}
	if (*s == '.' && isdigit((unsigned char)s[1]))
		for (s++; isdigit((unsigned char)*s); s++) {
			scale /= 10; /* what is under 1 ns is lost */
			if (ns > INT64_MAX - (*s - '0') * scale)
				return false;
			ns += (*s - '0') * scale;
		}
	*p = s;
	*ret = ns;
	return true;
}

int duration_parse(const char *text, int64_t *ret_ns, struct err *e)
{
	const char *name = text + strspn(text, "0123456789.");

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		const char *p = text;
		int64_t ns = 0;

		if (strcmp(name, units[i].name) != 0)
			continue;
		if (!number_read(&p, units[i].ns, &ns) || p != name)
			break;
		*ret_ns = ns;
		return 0;
	}
	return err_set(e, ERR_INVALID,
		"'%.100s' is not a duration: a number and one of ns, us, ms, "
		"secs, mins, hrs, days, weeks",
		text);
}

void duration_print(struct buf *to, int64_t ns)
{
	size_t i = 0;

	CHECK(ns >= 0);
	while (i + 1 < ARRAY_LEN(units) && ns >= units[i + 1].ns)
		i++;
	if (i > 0 && ns % units[i].ns != 0)
		i--;
	buf_printf(
		to, "%.15g%s", (double)ns / (double)units[i].ns, units[i].name);
}

void duration_print_ms(struct buf *to, uint64_t ms)
{
	duration_print(to,
		ms > INT64_MAX / 1000000 ? INT64_MAX : (int64_t)ms * 1000000);
}
