/*
 * log.h - level, event, key=value; one fact per line, ids in full.
 *
 *	log_info("task_step", "task=%s from=%s to=%s", id, a, b);
 *
 * error: a person must act. warn: we coped. info: a state changed. debug: the
 * rest. Pure code logs too: the line goes through a hook that an edge installs
 * (io_log.c writes it to stderr or a file), so that two runs of a seed have
 * identical logs. Values that may hold spaces are written as '%s'. Never log a
 * secret.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

typedef void log_emit_f(
	enum log_level level, const char *event, const char *text);

/* NULL: drop every line (the default). Set once, before threads start. */
void log_hook_set(log_emit_f *emit);
void log_level_set(enum log_level max);
enum log_level log_level_get(void);

__attribute__((format(printf, 3, 4))) void log_line(
	enum log_level level, const char *event, const char *fmt, ...);

#define log_error(event, ...) log_line(LOG_LEVEL_ERROR, event, __VA_ARGS__)
#define log_warn(event, ...)  log_line(LOG_LEVEL_WARN, event, __VA_ARGS__)
#define log_info(event, ...)  log_line(LOG_LEVEL_INFO, event, __VA_ARGS__)
#define log_debug(event, ...) log_line(LOG_LEVEL_DEBUG, event, __VA_ARGS__)

#endif
