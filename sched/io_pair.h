/*
 * io_pair.h - the two connections of a v1 API client to one server: one for the
 * stream that SUBSCRIBE opens, one for all other calls, pipelined in order.
 *
 * Attempts are numbered by the caller; what still arrives from an older one has
 * its number. After pair_close() everything that was under way is reported as
 * failed (status 0), so each open and each send has exactly one end.
 */
#ifndef SCHED_IO_PAIR_H
#define SCHED_IO_PAIR_H

#include <stddef.h>
#include <stdint.h>

struct event_base;
struct http_endpoint;
struct pair;

#define PAIR_TAG_MAX 16

/* How an exchange ended. Texts are never NULL, location may be. */
struct pair_end {
	uint64_t attempt;
	int status; /* HTTP's; 0: no answer, text says why */
	const char *text;
	const char *location;
	int call_type;
	const uint8_t *tag; /* of pair_send() */
};

struct pair_ops {
	/* The stream was answered with 200. stream_id may be NULL. */
	void (*head)(void *ctx, uint64_t attempt, const char *stream_id);
	void (*data)(
		void *ctx, uint64_t attempt, const uint8_t *data, size_t size);
	void (*end)(void *ctx, const struct pair_end *end); /* the stream's */
	void (*answer)(void *ctx, const struct pair_end *end);
};

/* authorization: the header's value, or NULL; copied. target: for ever. */
struct pair *pair_new(struct event_base *base, const char *target,
	const char *authorization, const struct pair_ops *ops, void *ctx);
/* No callback comes after it. */
void pair_free(struct pair *p);

/* Closes what is open, dials, and posts SUBSCRIBE. */
void pair_open(struct pair *p, uint64_t attempt, const struct http_endpoint *to,
	const uint8_t *call, size_t size);
/* tag: PAIR_TAG_MAX bytes that come back with the answer, or NULL. The pair
 * must be open. */
struct pair_call {
	uint64_t attempt;
	int call_type;
	const char *stream_id; /* or NULL */
	const uint8_t *tag;
	const uint8_t *data;
	size_t size;
};
void pair_send(struct pair *p, const struct pair_call *c);
void pair_close(struct pair *p);

#endif
