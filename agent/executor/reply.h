/*
 * reply.h - the answers of the agent's HTTP server, as they arrive.
 *
 * Just enough of an HTTP/1.1 client's reading half for butte-executor: status,
 * Content-Length, chunked, and bodies until the connection ends. Bytes come in
 * any pieces; parts of bodies point into what was given, so nothing is gathered
 * here. Lines are cut at REPLY_LINE_MAX (no header of interest is longer), a
 * whole head is bounded by REPLY_HEAD_MAX. Pure.
 */
#ifndef EXECUTOR_REPLY_H
#define EXECUTOR_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLY_LINE_MAX 256
#define REPLY_HEAD_MAX (64 * 1024)

struct err;

enum reply_state {
	REPLY_STATUS_LINE,
	REPLY_HEADERS,
	REPLY_BODY_LENGTH,
	REPLY_BODY_CLOSE,
	REPLY_CHUNK_SIZE,
	REPLY_CHUNK_DATA,
	REPLY_CHUNK_END,
	REPLY_TRAILERS,
	REPLY_DONE, /* the end is to be reported */
};

struct reply {
	enum reply_state state;
	int status;
	bool chunked;
	bool has_length;
	uint64_t left; /* bytes of the body, or of the chunk */
	size_t head;   /* bytes of the head so far */
	size_t n_line; /* may pass REPLY_LINE_MAX: the rest was cut */
	char line[REPLY_LINE_MAX];
};

enum reply_type {
	REPLY_MORE, /* all bytes are used; more are needed */
	REPLY_HEAD, /* status is known */
	REPLY_BODY, /* data, size */
	REPLY_END,  /* the next byte belongs to the next answer */
};

struct reply_part {
	enum reply_type type;
	int status;
	const uint8_t *data;
	size_t size;
};

void reply_init(struct reply *r);
/* Takes bytes from the front of *data. 0, or -1: no HTTP, give the connection
 * up. */
int reply_next(struct reply *r, const uint8_t **data, size_t *size,
	struct reply_part *ret, struct err *e);

#endif
