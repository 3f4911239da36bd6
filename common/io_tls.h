/*
 * io_tls.h - TLS contexts: the one place that decides what is trusted.
 *
 * TLS 1.2 and 1.3, P-256 first, no renegotiation, no compression. Sessions can
 * be resumed (a reconnect storm of 50,000 agents is mostly handshakes), buffers
 * of idle connections are released.
 */
#ifndef COMMON_IO_TLS_H
#define COMMON_IO_TLS_H

#include <stdbool.h>

struct err;
struct ssl_ctx_st;
struct ssl_session_st;
struct ssl_st;

enum tls_verify { TLS_VERIFY_NONE, TLS_VERIFY_OPTIONAL, TLS_VERIFY_REQUIRE };

struct tls_config {
	const char *cert_file; /* PEM, leaf first; may be NULL for a client */
	const char *key_file;
	const char *ca_file;	       /* NULL: the system's */
	enum tls_verify verify_client; /* servers only */
};

/* NULL and e set when a file can't be read, is not PEM, is expired, or key and
 * certificate don't belong together; the text names the file and the reason. */
struct ssl_ctx_st *tls_server_new(const struct tls_config *c, struct err *e);
/* A client always verifies chain, dates and name (DNS or IP). */
struct ssl_ctx_st *tls_client_new(const struct tls_config *c, struct err *e);
void tls_free(struct ssl_ctx_st *ctx);

/* --- for io_conn.c: one connection's TLS --------------------------------- */

struct ssl_st *tls_accept(struct ssl_ctx_st *ctx, int fd);
/* name: DNS name or address that the server's certificate must be for. session
 * may be NULL. */
struct ssl_st *tls_connect(struct ssl_ctx_st *ctx, int fd, const char *name,
	struct ssl_session_st *session);
/* Says what went wrong with the peer: which certificate, why, what to do. Call
 * it right after the failed SSL function. Returns -1. */
int tls_failed(struct ssl_st *ssl, int ret, const char *peer, struct err *e);

#endif
