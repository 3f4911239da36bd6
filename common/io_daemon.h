/*
 * io_daemon.h - what both daemons do with the options they share.
 */
#ifndef COMMON_IO_DAEMON_H
#define COMMON_IO_DAEMON_H

#include <stddef.h>
#include <stdint.h>

struct daemon_options;
struct err;
struct http_server;
struct ssl_ctx_st;

/* Longest host name, with its NUL (RFC 1035). */
#define DAEMON_HOST_SIZE 256

/* Who we say we are. */
struct daemon_identity {
	char hostname[DAEMON_HOST_SIZE];
	char ip[DAEMON_HOST_SIZE];
	uint16_t port;
};

/* Opens the log where the options say. */
int daemon_log_open(
	const char *program, const struct daemon_options *o, struct err *e);
/* *ret is NULL when TLS is off. The server's side, or ours as a client. */
int daemon_tls_server(
	struct ssl_ctx_st **ret, const struct daemon_options *o, struct err *e);
int daemon_tls_client(
	struct ssl_ctx_st **ret, const struct daemon_options *o, struct err *e);
/* Listens, and logs address and port. */
int daemon_listen(struct http_server *s, const struct daemon_options *o,
	struct ssl_ctx_st *tls, struct err *e);
/* After listening: what --hostname, --advertise_ip and --advertise_port say, or
 * else what the machine says. */
int daemon_identify(struct daemon_identity *ret, const struct daemon_options *o,
	uint16_t port, struct err *e);
/* Makes the directory and its parents (0755) if it isn't there. */
int daemon_directory(const char *path, struct err *e);
/* The same for one in which we trust names: refused if somebody else could
 * replace what is in it. If we own it, and mode is not 0, it gets that mode. */
int daemon_directory_own(const char *path, unsigned mode, struct err *e);
/* As many descriptors as the hard limit allows: each agent, framework and task
 * has its own. */
void daemon_raise_files(void);

#endif
