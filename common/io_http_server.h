/*
 * io_http_server.h - what the files of the HTTP server share. Not for others:
 * they include io_http.h.
 *
 * io_http_server.c  listening, connections, what arrives
 * io_http_req.c     one exchange: its head, its place among the others
 * io_http_reply.c   whole answers
 * io_http_stream.c  answers in pieces
 * io_http_gzip.c    compression both ways
 *
 * A connection (http_peer) has a queue of exchanges in request order. Only the
 * first one writes to the connection; what later ones answer waits in their
 * `out`. An exchange leaves the queue when its request has been received and
 * its answer is complete; its number is void as soon as the answer is.
 */
#ifndef COMMON_IO_HTTP_SERVER_H
#define COMMON_IO_HTTP_SERVER_H

#include <event2/event.h>
#include <event2/event_struct.h>

#include "common/buf.h"
#include "common/io_http.h"
#include "common/io_http_gzip.h"
#include "common/io_http_parse.h"
#include "common/list.h"

struct conn;
struct http_peer;

/* A string that lives as long as the request: a query value, a joined header.
 */
struct http_req_text {
	struct http_req_text *next;
	char text[];
};

struct http_req {
	unsigned magic;
	uint64_t id; /* 0: answered, or not begun */
	uint32_t slot;
	struct http_server *server;
	struct http_peer *peer;
	TAILQ_ENTRY(http_req) link; /* in peer->reqs, or server->spare */
	struct http_parse_head head;
	struct buf path;
	struct http_req_text *texts;
	struct buf body;	      /* gathered */
	const uint8_t *body_borrowed; /* not gathered yet: the input itself */
	size_t body_borrowed_size;
	struct http_gzip_in *inflate; /* the body is compressed */
	uint64_t body_left_max;	      /* bytes it may still have */
	http_body_f *on_body;	      /* wants it as it arrives */
	void *on_body_ctx;
	struct buf out;	  /* of an answer that is not the first in the queue */
	bool shown;	  /* the handler knows it */
	bool received;	  /* the request is complete */
	bool answered;	  /* the answer is complete */
	bool streaming;	  /* http_stream_open() was called */
	bool is_head;	  /* HEAD: the answer has no body */
	bool chunked;	  /* the answer's pieces are chunks */
	bool any_size;	  /* a GET: its answer may be large */
	bool close;	  /* the connection ends after the answer */
	uint64_t gone_id; /* the number that the handler has to hear is gone */
};

TAILQ_HEAD(http_req_queue, http_req);

enum http_peer_wait {
	HTTP_WAIT_NONE, /* for the handler */
	HTTP_WAIT_TLS,
	HTTP_WAIT_IDLE,
	HTTP_WAIT_HEAD,
	HTTP_WAIT_BODY,
};

/* A client's connection. */
struct http_peer {
	unsigned magic;
	struct http_server *server;
	struct conn *conn; /* NULL: given away or finished */
	struct http_addr *addr;
	const char *address;	     /* its text, or "unix" */
	char *cgroups;		     /* see http_req_peer_cgroups() */
	TAILQ_ENTRY(http_peer) link; /* in server->peers, or server->dying */
	struct http_parse parse;
	struct http_req_queue reqs; /* in request order */
	struct http_req *cur;	    /* the one that is being received */
	unsigned n_reqs;
	unsigned n_any_size;
	enum http_peer_wait wait;
	bool is_tls;
	bool eof;	  /* the client sends no more */
	bool stopped;	  /* nothing more is parsed */
	bool upgrade;	  /* the parser waits for what becomes of an upgrade */
	bool paused;	  /* too much waits for its answer, or to be sent */
	bool body_paused; /* by the handler */
	bool refused;	  /* over the connections per address */
	bool dying; /* over; the handler hears it at the end of the pass */
};

TAILQ_HEAD(http_peer_list, http_peer);

struct http_listener {
	unsigned magic;
	struct http_server *server;
	struct event accept;
	struct event resume; /* some time after files had run out */
	int fd;
	uint16_t port;
	char *unix_path;
	struct ssl_ctx_st *tls;
	TAILQ_ENTRY(http_listener) link;
};

/* How many connections an address has. */
struct http_addr;

struct http_server {
	unsigned magic;
	struct event_base *base;
	const struct http_server_ops *ops;
	void *ctx;
	struct http_limits limits;
	TAILQ_HEAD(, http_listener) listeners;
	struct http_peer_list peers;
	struct http_peer_list dying;
	struct event reap;
	struct event trim;
	unsigned n_handshakes;	 /* since the heap was trimmed */
	struct http_addr *addrs; /* a map */
	struct http_req **slots; /* of exchanges under way */
	size_t cap_slots;
	uint32_t n_slots;
	uint32_t *free_slots;
	size_t cap_free_slots;
	uint32_t n_free_slots;
	uint64_t serial;
	struct http_req_queue spare; /* to be used again */
	unsigned n_spare;
	struct http_gzip_out *gzip;
	struct buf scratch;
	int64_t date_at; /* the second that date is for */
	char date[40];
};

/* --- io_http_server_listen.c ------------------------------------------------ */

void http_server_listen_stop(struct http_listener *l);
/* /proc/PID/cgroup of who is at the other end of a unix socket, or ""; owned by
 * the caller. */
char *http_server_listen_peer(int fd);

/* --- io_http_server.c ---------------------------------------------------- */

/* A client has connected. */
void http_server_accepted(struct http_listener *l, int fd);
/* The answer of r was its last: the connection is given away, and returned. */
struct conn *http_server_give(struct http_req *r);

/* Where the exchange writes: the connection, or what waits behind others. */
struct buf *http_server_out(struct http_req *r);
/* The answer is complete: its number is void, later answers may leave. */
void http_server_answered(struct http_req *r);
/* Sets deadlines and back-pressure after something has changed. */
void http_server_settle(struct http_peer *p);
/* Cuts the client off; `gone` is called at the end of the pass. */
void http_server_abort(struct http_peer *p);
/* Answers what can't be handled, and ends the connection after it. */
__attribute__((format(printf, 3, 4))) void http_server_refuse(
	struct http_peer *p, int status, const char *fmt, ...);

/* --- io_http_req.c --------------------------------------------------------- */

struct http_req *http_req_new(struct http_peer *p);
/* The exchange has left its queue. */
void http_req_recycle(struct http_req *r);
void http_req_free(struct http_req *r);
void http_req_void(struct http_req *r); /* its number means nothing any more */
/* Understands the target. 0, or the status of the refusal and its text. */
int http_req_parse_target(struct http_req *r, const char **ret_text);

/* --- io_http_reply.c -------------------------------------------------------- */

/* Lengths of bodies that end otherwise. */
#define HTTP_LENGTH_CHUNKED UINT64_MAX
#define HTTP_LENGTH_CLOSE   (UINT64_MAX - 1)

struct http_reply_head {
	int status;
	const char *content_type;	   /* or NULL */
	const struct http_header *headers; /* or NULL */
	uint64_t length;
	bool gzip;
};

void http_reply_head_add(
	struct http_req *r, struct buf *to, const struct http_reply_head *h);
const char *http_reply_reason(int status);
bool http_reply_has_no_body(int status); /* 204 and its like */

#endif
