/*
 * daemon_conf.h - the options that master and agent share: where to listen, who
 * we say we are, TLS, the log.
 *
 * Plain text is only for loopback: --tls=off with an address that others can
 * reach needs --allow_plaintext.
 */
#ifndef COMMON_DAEMON_CONF_H
#define COMMON_DAEMON_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/conf.h"
#include "common/log.h"

struct err;

/* As enum tls_verify of io_tls.h. */
enum daemon_verify {
	DAEMON_VERIFY_NONE,
	DAEMON_VERIFY_OPTIONAL,
	DAEMON_VERIFY_REQUIRE
};

/* Texts belong to the conf. */
struct daemon_options {
	const char *ip;		  /* to listen on; may be 0.0.0.0 or :: */
	uint16_t port;		  /* 0: a free one */
	const char *advertise_ip; /* or NULL */
	uint16_t advertise_port;  /* 0: the one we listen on */
	/* As published; NULL: look it up, or the address if !hostname_lookup */
	const char *hostname;
	bool hostname_lookup;
	bool tls;
	bool allow_plaintext;
	const char *tls_cert_file, *tls_key_file; /* set if tls */
	const char *tls_ca_file;		  /* NULL: the system's */
	enum daemon_verify tls_verify_client;
	const char *log_dir; /* NULL: stderr */
	enum log_level logging_level;
};

int daemon_conf_fill(
	struct daemon_options *ret, const struct conf *c, struct err *e);

/* The rows for conf_add(), all but --port, whose default is the daemon's. */
extern const struct conf_option daemon_conf_options[];
extern const size_t daemon_conf_n_options;

#endif
