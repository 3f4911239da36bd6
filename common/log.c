/* log.c - see log.h. */
#include "common/log.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#define LINE_MAX_BYTES 2048 /* a longer fact is cut: it is not a fact */

static log_emit_f *hook;
static enum log_level level_max = LOG_LEVEL_INFO;

void log_hook_set(log_emit_f *emit)
{
	hook = emit;
}

void log_level_set(enum log_level max)
{
	level_max = max;
}

enum log_level log_level_get(void)
{
	return level_max;
}

void log_line(enum log_level level, const char *event, const char *fmt, ...)
{
	char text[LINE_MAX_BYTES];
	va_list ap;

	if (hook == NULL || level > level_max)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* may be cut */
	va_end(ap);
	hook(level, event, text);
}
