/*
 * io_http.h - an HTTP/1.1 server and client over libevent and OpenSSL.
 *
 * Server: keep-alive, pipelining (responses leave in request order), chunked
 * both ways, request bodies that are consumable as they arrive, response
 * bodies that live for days, gzip both ways, Expect: 100-continue, HEAD,
 * upgrades. A plain-text request to a TLS port gets a readable 400. Every bound
 * is in limits.h; over one: a 4xx that names it, and close; other connections
 * don't notice.
 *
 * Flow control: a response's unsent bytes are counted. A stream whose reader
 * is slower than HTTP_STREAM_QUEUE_MAX allows is cut off with a log line; a
 * pipelined connection stops being read until its responses have left.
 *
 * An exchange (struct http_req) is addressed by its number, which is never
 * reused, so that a late answer to a gone client is a no-op and not a bug.
 *
 * One thread: that of the event base. Strings given to callbacks are borrowed
 * for the call.
 */
#ifndef COMMON_IO_HTTP_H
#define COMMON_IO_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct event_base;
struct http_client;
struct http_req;
struct http_server;
struct ssl_ctx_st;

struct http_header {
	const char *name;
	const char *value;
};

/* --- server ---------------------------------------------------------- */

/* The head of a request, as received. Lives as long as the exchange. */
const char *http_req_method(const struct http_req *r);
const char *http_req_path(const struct http_req *r); /* decoded, no query;
	"/.." and NUL were refused before */
/* The value of ?name=, decoded; NULL if absent. Lives like the request. */
const char *http_req_query(const struct http_req *r, const char *name);
/* Path and query as they came. */
const char *http_req_target(const struct http_req *r);
/* Value of the header, any case; several are joined with ", ". NULL if none. */
const char *http_req_header(const struct http_req *r, const char *name);
const char *http_req_peer(
	const struct http_req *r); /* "127.0.0.1", or "unix" */
/* /proc/PID/cgroup of the process that connected, from when it did: later the
 * pid may be another's. "" if it was gone by then; NULL over TCP. */
const char *http_req_peer_cgroups(const struct http_req *r);
bool http_req_is_tls(const struct http_req *r);
uint64_t http_req_id(const struct http_req *r);

struct http_server_ops {
	/* The head is complete. A handler that wants the body as it arrives
	 * sets on_body here by http_req_body_stream(); otherwise the body is
	 * gathered (up to HTTP_BODY_MAX) and `request` is called. It may also
	 * answer at once. NULL: always gather. */
	void (*head)(void *ctx, struct http_req *r);
	/* Head and whole body are here (decompressed). Answer now or later. */
	void (*request)(void *ctx, struct http_req *r, const uint8_t *body,
		size_t size);
	/* The exchange ended before its answer did: the client is gone, or was
	 * cut off. Not called after a regular end. */
	void (*gone)(void *ctx, uint64_t id);
};

typedef void http_body_f(
	void *ctx, uint64_t id, const uint8_t *data, size_t size, bool last);
void http_req_body_stream(struct http_req *r, http_body_f *on_body, void *ctx);
/* Stops and goes on taking the body: its consumer is slower than its sender. */
void http_req_body_pause(struct http_req *r, bool pause);

struct http_server *http_server_new(
	struct event_base *base, const struct http_server_ops *ops, void *ctx);
/* May be called several times. address: "127.0.0.1", "::", a name; port 0
 * takes a free one. tls NULL: plain text. */
int http_server_listen(struct http_server *s, const char *address,
	uint16_t port, struct ssl_ctx_st *tls, struct err *e);
/* A path socket, mode as given; an old socket file is replaced. */
int http_server_listen_unix(
	struct http_server *s, const char *path, unsigned mode, struct err *e);
uint16_t http_server_port(const struct http_server *s); /* of the first */

/* The bounds of limits.h under their names there; tests make them smaller. */
struct http_limits {
	uint64_t body_max;
	uint64_t idle_timeout_ms;
	uint64_t head_timeout_ms;
	uint64_t body_timeout_ms;
	uint64_t write_timeout_ms;
	size_t stream_queue_max;
	unsigned connections_per_address_max;
	unsigned pipeline_max;
};
struct http_limits *http_server_limits(struct http_server *s);
void http_server_free(struct http_server *s);

/* The exchange of that number, or NULL when it is over. */
struct http_req *http_req_find(struct http_server *s, uint64_t id);

/* The whole answer. Content-Length, Date, gzip (>= 1024 bytes, if accepted)
 * and HEAD are done here. headers ends with a NULL name, or is NULL. */
void http_reply(struct http_server *s, uint64_t id, int status,
	const char *content_type, const struct http_header *headers,
	const void *body, size_t size);
__attribute__((format(printf, 4, 5))) void http_reply_text(
	struct http_server *s, uint64_t id, int status, const char *fmt, ...);

/* An answer in pieces: chunked, never compressed. */
void http_stream_open(struct http_server *s, uint64_t id, int status,
	const char *content_type, const struct http_header *headers);
void http_stream_send(
	struct http_server *s, uint64_t id, const void *data, size_t size);
void http_stream_close(struct http_server *s, uint64_t id);
/* Unsent bytes of the exchange's connection; 0 if it is gone. */
size_t http_stream_queued(struct http_server *s, uint64_t id);

/*
 * Answers 101 and gives the connection to the link of io_link.h; the exchange
 * is over. See there.
 */
struct conn;
struct conn *http_upgrade(
	struct http_server *s, uint64_t id, const char *protocol);

/* --- client ----------------------------------------------------------- */

/*
 * A client keeps at most one connection to one server, opens it when needed,
 * and sends requests on it in order, pipelined up to http_client_depth. A
 * streaming response occupies its connection: use one client per stream.
 */
struct http_endpoint {
	const char *host; /* name or address; or unix_path */
	uint16_t port;
	const char *unix_path;	/* instead of host */
	struct ssl_ctx_st *tls; /* NULL: plain */
	const char *tls_name;	/* to verify; NULL: host */
};

struct http_response {
	int status;
	const char *(*header)(const struct http_response *r, const char *name);
	const void *impl;
};

struct http_call_ops {
	/* Status and headers are here. Optional. */
	void (*head)(void *ctx, const struct http_response *r);
	/* Pieces of the body, decompressed, as they arrive. If NULL the body is
	 * gathered and given to done. */
	void (*body)(void *ctx, const uint8_t *data, size_t size);
	/* The end. status 0: it failed before a complete answer, e says why;
	 * called exactly once per http_call, never from inside it. */
	void (*done)(void *ctx, int status, const uint8_t *body, size_t size,
		const struct err *e);
};

struct http_client *http_client_new(
	struct event_base *base, const struct http_endpoint *to);
/* Pending calls end with status 0. */
void http_client_free(struct http_client *c);
void http_client_depth(struct http_client *c, unsigned max);
/* For connect, and for an answer's head (body pieces have no deadline);
 * default HTTP_CLIENT_TIMEOUT_MS. 0: none. */
void http_client_timeout(struct http_client *c, uint64_t ms);
void http_call(struct http_client *c, const char *method, const char *target,
	const struct http_header *headers, const void *body, size_t size,
	const struct http_call_ops *ops, void *ctx);
/* Asks for 101 on a connection of its own; see io_link.h. */
typedef void http_upgraded_f(void *ctx, struct conn *conn, const struct err *e);
void http_client_upgrade(struct http_client *c, const char *target,
	const char *protocol, http_upgraded_f *done, void *ctx);

#endif
