/*
 * io_http_client.h - what the files of the HTTP client share. Not for others:
 * they include io_http.h.
 *
 * io_http_client.c          the connection, and the queue in front of it
 * io_http_call.c            one call: its request, what is done with the answer
 * io_http_client_upgrade.c  connections that become something else
 */
#ifndef COMMON_IO_HTTP_CLIENT_H
#define COMMON_IO_HTTP_CLIENT_H

#include <event2/event.h>
#include <event2/event_struct.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/io_http.h"
#include "common/io_http_gzip.h"
#include "common/io_http_parse.h"
#include "common/io_resolve.h"
#include "common/list.h"

struct conn;
struct http_client_up;

/* One call, from http_call() to `done`. */
struct http_call_job {
	TAILQ_ENTRY(http_call_job) link;
	struct http_client *client;
	struct http_call_ops ops;
	void *ctx;
	struct buf request; /* head and body, as they are sent */
	char *what;	    /* "POST /api/v1", for errors */
	bool is_head;
	bool may_retry;		     /* GET or HEAD, and not tried twice */
	bool upgrade;		     /* 101 is what it wants */
	bool answered;		     /* a byte of the answer has come */
	bool ended;		     /* `done` was called */
	int status;		     /* 0: the answer's head isn't complete */
	struct http_parse_head head; /* of the answer */
	struct http_gzip_in *inflate;
	struct buf body;
};

TAILQ_HEAD(http_call_queue, http_call_job);

struct http_client {
	unsigned magic;
	struct event_base *base;
	char *host;
	char *unix_path;
	char *tls_name;
	char *label; /* "host:port" */
	uint16_t port;
	struct ssl_ctx_st *tls;
	struct ssl_session_st *session;
	unsigned depth;
	uint64_t timeout_ms;
	struct event kick; /* there is something to do */
	struct resolve *resolve;
	struct resolve_addr addrs[RESOLVE_MAX];
	size_t n_addrs;
	size_t next_addr;
	struct conn *conn; /* NULL: none */
	struct http_parse parse;
	struct http_call_queue waiting;
	struct http_call_queue sent; /* the first is being answered */
	unsigned n_sent;
	struct http_call_queue dead; /* freed when busy is 0 */
	bool reused;		     /* the connection has brought an answer */
	bool closing;		     /* this answer is its last */
	bool rejected; /* it goes down soon: nothing is sent on it */
	bool upgraded; /* the connection is to be given away */
	bool freed;    /* as soon as busy is 0 */
	unsigned busy; /* callbacks on the stack */
	TAILQ_HEAD(, http_client_up) ups;
};

/* --- io_http_call.c -------------------------------------------------------- */

struct http_call_job *http_call_new(struct http_client *c, const char *method,
	const char *target, const struct http_header *headers,
	const struct http_call_ops *ops);
void http_call_body(struct http_call_job *j, const void *body, size_t size);
void http_call_free(struct http_call_job *j);
/* The answer's head is complete. */
int http_call_head(struct http_call_job *j, struct err *e);
/* A piece of its body, as it came. */
int http_call_piece(
	struct http_call_job *j, const void *data, size_t size, struct err *e);
/* Both tell the caller the end, and bury the job. */
void http_call_done(struct http_call_job *j);
void http_call_fail(struct http_call_job *j, const struct err *why);
/* Before the same request is sent once more. */
void http_call_again(struct http_call_job *j);

/* --- io_http_client.c -------------------------------------------------------- */

/* Queues it; it is sent from the loop. */
void http_client_add(struct http_client *c, struct http_call_job *j);
/* Takes the connection that has become something else. */
struct conn *http_client_give(struct http_client *c);

/* --- io_http_client_upgrade.c ------------------------------------------------ */

/* The client goes: its upgrades fail. */
void http_client_upgrade_stop(struct http_client_up *u);

#endif
