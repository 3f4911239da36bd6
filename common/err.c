/* err.c - see err.h. */
#include "common/err.h"

#include <stdio.h>
#include <string.h>

#include "common/check.h"

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	CHECK(code != ERR_NONE);
	if (e == NULL)
		return -1;
	e->code = code;
	va_start(ap, fmt);
	(void)vsnprintf(e->text, sizeof(e->text), fmt, ap); /* may be cut */
	va_end(ap);
	return -1;
}

/* Cuts off what doesn't fit. */
static void text_append(char *text, size_t at, const char *more)
{
	size_t room = ERR_TEXT_MAX - 1 - at;
	size_t n = strnlen(more, ERR_TEXT_MAX);

	if (room < 2)
		return;
	memcpy(text + at, ": ", 2);
	room -= 2;
	n = n < room ? n : room;
	memcpy(text + at + 2, more, n);
	text[at + 2 + n] = '\0';
}

int err_wrap(struct err *e, const char *fmt, ...)
{
	char old[ERR_TEXT_MAX];
	va_list ap;
	int n;

	if (e == NULL)
		return -1;
	CHECK(e->code != ERR_NONE);
	memcpy(old, e->text, sizeof(old));
	va_start(ap, fmt);
	n = vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	CHECK(n >= 0);
	if ((size_t)n < sizeof(e->text))
		text_append(e->text, (size_t)n, old);
	return -1;
}

const char *err_code_name(enum err_code code)
{
	static const char *const names[] = {
		[ERR_NONE] = "none",
		[ERR_INVALID] = "invalid",
		[ERR_NOT_FOUND] = "not_found",
		[ERR_EXISTS] = "exists",
		[ERR_CONFLICT] = "conflict",
		[ERR_LIMIT] = "limit",
		[ERR_DENIED] = "denied",
		[ERR_IO] = "io",
		[ERR_TIMEOUT] = "timeout",
		[ERR_UNSUPPORTED] = "unsupported",
	};

	CHECK(code < ARRAY_LEN(names));
	return names[code];
}
