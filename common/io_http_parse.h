/*
 * io_http_parse.h - bytes to HTTP messages: llhttp, with our limits and with
 * heads gathered. Knows no sockets: it is fed, and so it can be fuzzed.
 *
 * Refused here, with the status and a text for the answer: what is malformed,
 * a request line, headers or chunk framing over their limit, both
 * Content-Length and Transfer-Encoding, several Content-Lengths, a transfer
 * coding other than chunked, no or several Hosts. Trailers are read and
 * forgotten.
 */
#ifndef COMMON_IO_HTTP_PARSE_H
#define COMMON_IO_HTTP_PARSE_H

#include <llhttp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

#define HTTP_PARSE_TEXT_MAX 160
#define HTTP_PARSE_NO_SIZE  UINT64_MAX

struct http_parse_field {
	uint32_t name; /* offsets in text, of strings */
	uint32_t value;
};

/* One message's head. The owner keeps it and may use it again. */
struct http_parse_head {
	struct buf text; /* the target first, then names and values */
	struct http_parse_field *fields;
	size_t n_fields;
	size_t cap_fields;
	const char *method; /* static; requests */
	int status;	    /* responses */
	uint64_t length;    /* of the body; HTTP_PARSE_NO_SIZE: chunked, or
			     * until the connection ends */
	bool chunked;
	bool http10;
	bool keep_alive;
	bool upgrade;
};

void http_parse_head_clear(struct http_parse_head *h);
void http_parse_head_fini(struct http_parse_head *h);
/* The next field with the name, any case, from *i on; NULL: no more. Leaves the
 * place behind it in *i, which begins with 0. */
const char *http_parse_head_next(
	const struct http_parse_head *h, const char *name, size_t *i);

struct http_parse_ops {
	/* A message begins: where to put its head. It is cleared. */
	struct http_parse_head *(*begin)(void *ctx);
	/* The head is complete. False: a message without body follows the rules
	 * of its request (HEAD), and has none. */
	bool (*head)(void *ctx);
	void (*body)(void *ctx, const uint8_t *data, size_t size);
	/* The message is complete. */
	void (*end)(void *ctx);
};

struct http_parse {
	llhttp_t llhttp;
	const struct http_parse_ops *ops;
	void *ctx;
	struct http_parse_head *head; /* of the message under way; or NULL */
	size_t line_size;	      /* of the request line */
	size_t headers_size;
	size_t extra_size; /* trailers and chunk extensions */
	size_t raw_size;   /* bytes of an incomplete head, whatever they are */
	bool in_head;
	bool in_body;
	bool pause;
	bool stop;
	int status; /* of the error; 0: none */
	char text[HTTP_PARSE_TEXT_MAX];
};

void http_parse_init(struct http_parse *p, llhttp_type_t type,
	const struct http_parse_ops *ops, void *ctx);

enum http_parse_result {
	HTTP_PARSE_OK,	    /* all was used */
	HTTP_PARSE_PAUSED,  /* after the end of a message */
	HTTP_PARSE_UPGRADE, /* what follows may be another protocol */
	HTTP_PARSE_BAD,	    /* see status and text; can't go on */
};

/* *used: how many bytes were taken. */
enum http_parse_result http_parse_feed(
	struct http_parse *p, const void *data, size_t size, size_t *used);
/* The peer sends no more. True if that is a good end of the message. */
bool http_parse_eof(struct http_parse *p);

/* From inside a callback: feed returns after the end of this message. */
void http_parse_pause(struct http_parse *p);
/* From inside a callback: nothing more is parsed; feed returns BAD. */
void http_parse_stop(struct http_parse *p);
/* After HTTP_PARSE_UPGRADE: it was no upgrade, HTTP goes on. */
void http_parse_continue(struct http_parse *p);

#endif
