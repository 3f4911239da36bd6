/* media.c - see media.h. */
#include "common/media.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "common/check.h"
#include "common/err.h"

static const char *const names[] = {
	[MEDIA_NONE] = "",
	[MEDIA_JSON] = "application/json",
	[MEDIA_PROTOBUF] = "application/x-protobuf",
};

const char *media_name(enum media m)
{
	CHECK(m < ARRAY_LEN(names));
	return names[m];
}

/* A piece of a header; not terminated. */
struct span {
	const char *p;
	size_t n;
};

static struct span trim(struct span s)
{
	while (s.n > 0 && strchr(" \t", s.p[0]) != NULL)
		s.p++, s.n--;
	while (s.n > 0 && strchr(" \t", s.p[s.n - 1]) != NULL)
		s.n--;
	return s;
}

/* What is before the first `by` outside of quotes; *rest is behind it, or
 * begins with NUL. */
static struct span cut(const char *s, char by, const char **rest)
{
	struct span first = { s, 0 };
	bool quoted = false;

	while (s[first.n] != '\0' && (quoted || s[first.n] != by)) {
		if (quoted && s[first.n] == '\\' && s[first.n + 1] != '\0')
			first.n++;
		else if (s[first.n] == '"')
			quoted = !quoted;
		first.n++;
	}
	*rest = s + first.n + (s[first.n] != '\0');
	return first;
}

static bool span_is(struct span s, const char *text)
{
	return s.n == strlen(text) && strncasecmp(s.p, text, s.n) == 0;
}

int media_request(const char *content_type, enum media *ret, struct err *e)
{
	struct span type;
	const char *rest;

	if (content_type == NULL) {
		(void)err_set(e, ERR_INVALID,
			"Expecting 'Content-Type' to be present");
		return 400;
	}
	type = trim(cut(content_type, ';', &rest));
	for (enum media m = MEDIA_JSON; m <= MEDIA_PROTOBUF; m++)
		if (span_is(type, names[m])) {
			*ret = m;
			return 0;
		}
	(void)err_set(e, ERR_UNSUPPORTED,
		"Expecting 'Content-Type' of %s or %s, not '%.100s'",
		names[MEDIA_JSON], names[MEDIA_PROTOBUF], content_type);
	return 415;
}

/* How well the range names the type: 3 fully, 2 application/..., 1 all, 0 not.
 */
static int range_match(struct span range, const char *type)
{
	if (span_is(range, type))
		return 3;
	if (span_is(range, "application/*"))
		return 2;
	return span_is(range, "*/*") || span_is(range, "*") ? 1 : 0;
}

/* q=0, q=0.0, q=0.000 */
static bool is_q_zero(struct span param)
{
	size_t i = 2;

	if (param.n < 3 || strncasecmp(param.p, "q=", 2) != 0 ||
		param.p[i++] != '0')
		return false;
	if (i < param.n && param.p[i++] != '.')
		return false;
	while (i < param.n && param.p[i] == '0')
		i++;
	return i == param.n;
}

/* One element of the list: how well it names the type, and whether it is to be
 * refused. */
static int element_match(struct span element, const char *type, bool *refused)
{
	char text[256];
	const char *rest = text;
	struct span range;

	*refused = false;
	if (element.n >= sizeof(text))
		return 0;
	memcpy(text, element.p, element.n);
	text[element.n] = '\0';
	range = trim(cut(text, ';', &rest));
	while (*rest != '\0')
		if (is_q_zero(trim(cut(rest, ';', &rest))))
			*refused = true;
	return range_match(range, type);
}

static bool accepts(const char *accept, const char *type)
{
	int best = 0;
	bool good = false;

	while (*accept != '\0') {
		bool refused;
		struct span element = cut(accept, ',', &accept);
		int match = element_match(element, type, &refused);

		if (match > best) {
			best = match;
			good = !refused;
		} else if (match == best && match > 0) {
			good = good || !refused;
		}
	}
	return good;
}

enum media media_accept(const char *accept)
{
	if (accept == NULL || accept[strspn(accept, " \t")] == '\0')
		return MEDIA_JSON;
	if (accepts(accept, names[MEDIA_JSON]))
		return MEDIA_JSON;
	if (accepts(accept, names[MEDIA_PROTOBUF]))
		return MEDIA_PROTOBUF;
	return MEDIA_NONE;
}
