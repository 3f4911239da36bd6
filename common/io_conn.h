/*
 * io_conn.h - one connection: a nonblocking socket, perhaps TLS on it, bytes
 * that wait to be read by its owner or to be sent.
 *
 * HTTP (io_http_*.c) and links (io_link.c) stand on this. It knows nothing of
 * their formats. What is written in one pass of the event loop leaves together
 * at its end, in as few system calls and TLS records as possible. An idle
 * connection keeps no buffers.
 *
 * The owner's callbacks are called from the event loop only, never from inside
 * a function of this header. Each of them may call any function here, conn_free
 * and conn_finish too. After `down` nothing is called any more; the owner then
 * calls conn_free.
 *
 * A connection can change owners (conn_owner): that is an HTTP upgrade.
 */
#ifndef COMMON_IO_CONN_H
#define COMMON_IO_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct conn;
struct err;
struct event_base;
struct sockaddr;
struct ssl_ctx_st;
struct ssl_session_st;

struct conn_ops {
	/* Connected, and the TLS handshake is done. May be NULL. */
	void (*up)(void *ctx);
	/* Bytes arrived. Returns how many were used; the others are offered
	 * again, with new ones behind them, when more arrive or after
	 * conn_resume(). */
	size_t (*data)(void *ctx, const uint8_t *data, size_t size);
	/* All that was written has gone to the kernel. May be NULL. */
	void (*drained)(void *ctx);
	/* The time of conn_deadline() is over. */
	void (*late)(void *ctx);
	/* A TLS server got something that is not TLS; what is written from now
	 * on goes out as it is. NULL: the connection goes down. */
	void (*plain)(void *ctx);
	/* The peer sends no more, but may still read. NULL: it goes down. */
	void (*eof)(void *ctx);
	/* The connection is over; why->code is ERR_NONE when the peer closed
	 * it in order. */
	void (*down)(void *ctx, const struct err *why);
};

/* Takes over an accepted socket, which must be nonblocking. tls NULL: plain. */
struct conn *conn_accepted(struct event_base *base, int fd,
	struct ssl_ctx_st *tls, const struct conn_ops *ops, void *ctx);

struct conn_target {
	const struct sockaddr *addr;
	unsigned addr_size;
	const char *label;		/* for errors: "host:port" */
	struct ssl_ctx_st *tls;		/* NULL: plain */
	const char *tls_name;		/* the name or address to verify */
	struct ssl_session_st *session; /* to resume; may be NULL */
};

/* Begins to connect; failures are told through `down`. Borrows `to`. */
struct conn *conn_connect(struct event_base *base, const struct conn_target *to,
	const struct conn_ops *ops, void *ctx);

/* Gives the connection to another owner; bytes that wait are offered to it. */
void conn_owner(struct conn *c, const struct conn_ops *ops, void *ctx);

/* Where to append what is to be sent; good until the callback returns. */
struct buf *conn_out(struct conn *c);
void conn_write(struct conn *c, const void *data, size_t size);
size_t conn_queued(const struct conn *c); /* unsent bytes */

/* Back-pressure: stops and goes on reading. Bytes that wait are offered again
 * after conn_resume(). */
void conn_pause(struct conn *c);
void conn_resume(struct conn *c);

/* Calls `late` after that many ms, unless set again; 0: never. */
void conn_deadline(struct conn *c, uint64_t ms);
/* Goes down when queued bytes make no way for that long; 0: never. */
void conn_write_timeout(struct conn *c, uint64_t ms);

bool conn_is_up(const struct conn *c);
bool conn_is_tls(const struct conn *c);
const char *conn_label(const struct conn *c); /* "127.0.0.1:4711", "unix" */
/* Without the port. */
const char *conn_address(const struct conn *c);
/* A session to resume later, owned by the caller; NULL if there is none. */
struct ssl_session_st *conn_session(const struct conn *c);

/* Makes it go down with that reason, at the end of the pass. */
void conn_break(struct conn *c, const struct err *why);
/* Closes at once; queued bytes are lost. NULL is fine. */
void conn_free(struct conn *c);
/* Sends what is queued, tells the peer, and frees itself when that has seen it
 * or after CONN_LINGER_MS. The owner has nothing to do with it any more. */
void conn_finish(struct conn *c);

#endif
