/*
 * err.h - errors that others cause: a code and a text that lets a person act.
 *
 * Functions that can fail return 0 or -1 and take `struct err *e` last; NULL is
 * allowed where the caller doesn't care. The text says what was tried, on what,
 * and why it failed. Who returns an error doesn't log it; the edge that handles
 * it does, once.
 */
#ifndef COMMON_ERR_H
#define COMMON_ERR_H

#include <stdarg.h>

#define ERR_TEXT_MAX 512

enum err_code {
	ERR_NONE,
	ERR_INVALID, /* malformed or out of range: the sender's fault */
	ERR_NOT_FOUND,
	ERR_EXISTS,
	ERR_CONFLICT, /* well formed, but against the present state */
	ERR_LIMIT,    /* over a limit of limits.h */
	ERR_DENIED,   /* not allowed, or not trusted */
	ERR_IO,	      /* disk, socket or kernel */
	ERR_TIMEOUT,
	ERR_UNSUPPORTED,
};

struct err {
	enum err_code code;
	char text[ERR_TEXT_MAX]; /* cut off when longer, always terminated */
};

/* Both return -1, so that an error path is one line. */
__attribute__((format(printf, 3, 4))) int err_set(
	struct err *e, enum err_code code, const char *fmt, ...);
/* Puts "context: " in front of the text that is there. */
__attribute__((format(printf, 2, 3))) int err_wrap(
	struct err *e, const char *fmt, ...);

const char *err_code_name(enum err_code code);

#endif
