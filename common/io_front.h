/*
 * io_front.h - what both daemons' HTTP fronts have in common: routes, media
 * types, decoding of calls, and effects that become answers.
 *
 * A front owns an HTTP server. A request is matched against the daemon's route
 * table, bare or below one of its process prefixes ("/master/state" is
 * "/state"); the longest matching route wins and also takes what is below it at
 * a component border ("/api/v1/scheduler/x"), as in libprocess. The handler
 * makes an event and steps the room; the room's EFFECT_REPLY and
 * EFFECT_STREAM_* come back to front_effect(), are encoded as the client
 * accepts (JSON is preferred when both are), and leave.
 *
 * The checks of a call that need no state are made here, in the order of the
 * v1 API's table: method, Content-Type, decoding, Accept.
 */
#ifndef COMMON_IO_FRONT_H
#define COMMON_IO_FRONT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

struct arena;
struct effect;
struct err;
struct event_base;
struct front;
struct http_req;
struct http_server;

struct front_route {
	const char *path; /* "/api/v1/scheduler" */
	const char
		*methods; /* for 405's Allow; "POST", "GET, HEAD"; NULL: any */
	bool exact;	  /* does not take what is below it */
	/* Answers, or steps the room. arg is the route's. */
	void (*handle)(void *ctx, const struct front_route *route,
		struct http_req *r, const uint8_t *body, size_t size);
	int arg;
	/* Takes the body as it arrives; then handle is called at the head, with
	 * body NULL, and must call http_req_body_stream() or answer. */
	bool stream_body;
};

struct front_ops {
	const struct front_route *routes; /* ends with path NULL */
	const char *const *prefixes;	  /* "/master"; ends with NULL */
	/* A stream's client is gone. Not called for plain exchanges. */
	void (*stream_down)(void *ctx, uint64_t stream);
};

struct front *front_new(
	struct event_base *base, const struct front_ops *ops, void *ctx);
void front_free(struct front *f);
struct http_server *front_server(struct front *f);
/* Exchanges that it remembers something of. */
size_t front_pending(const struct front *f);

/*
 * Decodes the body of a call by its Content-Type into the arena. NULL: it has
 * been answered (400, 415).
 */
ProtobufCMessage *front_decode(struct front *f, struct http_req *r,
	const ProtobufCMessageDescriptor *desc, struct arena *a,
	const uint8_t *body, size_t size);
/* Chooses the answer's encoding by Accept. -1: it has been answered (406).
 * Without this call, a reply with a message is JSON. */
int front_accept(struct front *f, struct http_req *r);
/* The Mesos-Stream-Id to send if the exchange becomes a stream. */
void front_stream_id_set(struct front *f, uint64_t id, const char *stream_id);

/* REPLY, STREAM_OPEN, STREAM_SEND, STREAM_CLOSE. */
void front_effect(struct front *f, const struct effect *e);

/* The value of a form field in an application/x-www-form-urlencoded body,
 * decoded, in the arena; NULL if absent. */
char *front_form_value(
	struct arena *a, const uint8_t *body, size_t size, const char *name);

#endif
