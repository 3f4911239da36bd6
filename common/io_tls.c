/* io_tls.c - see io_tls.h. */
#include "common/io_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/mem.h"

/* AEAD only; P-256 first, as its hand-written assembly is the fastest. */
#define TLS12_CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"
#define GROUPS	      "P-256:X25519:P-384"

/* What hangs on a context: the file that its errors have to name. */
static int ca_file_slot = -1;
/* What hangs on a connection: why its peer's certificate was refused. */
static int refusal_slot = -1;
/* All three are made once, and live as long as the process. */
static BIO_METHOD *socket_method;

static void text_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx,
	long argl, void *argp)
{
	(void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
	free(ptr);
}

static void make_slots(void)
{
	ca_file_slot = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, text_free);
	refusal_slot = SSL_get_ex_new_index(0, NULL, NULL, NULL, text_free);
	CHECK(ca_file_slot >= 0);
	CHECK(refusal_slot >= 0);
}

/* --- what a certificate is ------------------------------------------------ */

static void add_name(struct buf *b, X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	long n;

	CHECK(bio != NULL);
	if (X509_NAME_print_ex(bio, name, 0, XN_FLAG_ONELINE) < 0)
		(void)BIO_puts(bio, "?"); /* only a name for people */
	n = BIO_get_mem_data(bio, &data);
	if (n > 0)
		buf_add(b, data, (size_t)n < 128 ? (size_t)n : 128);
	BIO_free(bio);
}

static void add_time(struct buf *b, const ASN1_TIME *t)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm) != 1) {
		buf_add_str(b, "a date that can't be read");
		return;
	}
	buf_printf(b, "%04d-%02d-%02d %02d:%02d:%02d UTC", tm.tm_year + 1900,
		tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void add_san(struct buf *b, const GENERAL_NAME *g)
{
	char text[INET6_ADDRSTRLEN];
	const ASN1_OCTET_STRING *ip;

	if (g->type == GEN_DNS) {
		buf_printf(b, "%s%.*s", b->size > 0 ? ", " : "",
			ASN1_STRING_length(g->d.dNSName),
			(const char *)ASN1_STRING_get0_data(g->d.dNSName));
		return;
	}
	if (g->type != GEN_IPADD)
		return;
	ip = g->d.iPAddress;
	if (inet_ntop(ASN1_STRING_length(ip) == 4 ? AF_INET : AF_INET6,
		    ASN1_STRING_get0_data(ip), text, sizeof(text)) != NULL)
		buf_printf(b, "%s%s", b->size > 0 ? ", " : "", text);
}

/* The names and addresses that the certificate is for. */
static void add_sans(struct buf *b, X509 *cert)
{
	GENERAL_NAMES *all =
		X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	struct buf names = BUF_INIT;

	for (int i = 0; i < sk_GENERAL_NAME_num(all) && names.size < 160; i++)
		add_san(&names, sk_GENERAL_NAME_value(all, i));
	buf_add_str(b, names.size > 0 ? buf_str(&names) : "no name at all");
	buf_fini(&names);
	GENERAL_NAMES_free(all);
}

/* --- why it is refused ---------------------------------------------------- */

static void add_unknown_ca(struct buf *b, const char *ca_file)
{
	buf_printf(b,
		" is signed by an authority that is not in %s: use the CA "
		"that signed it (--tls_ca_file)",
		ca_file != NULL ? ca_file : "the system's list");
}

static void add_wrong_name(struct buf *b, X509 *cert, const SSL *ssl)
{
	X509_VERIFY_PARAM *p = SSL_get0_param((SSL *)(uintptr_t)ssl);
	const char *host = X509_VERIFY_PARAM_get0_host(p, 0);
	char *ip = X509_VERIFY_PARAM_get1_ip_asc(p);

	buf_add_str(b, " is for ");
	add_sans(b, cert);
	buf_printf(b,
		", not for '%s': use one of its names, or issue one for "
		"this name (butte cert issue)",
		host != NULL	     ? host
			: ip != NULL ? ip
				     : "?");
	OPENSSL_free(ip);
}

static void add_reason(struct buf *b, int code, X509 *cert, const SSL *ssl)
{
	const char *ca_file =
		SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), ca_file_slot);

	switch (code) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		buf_add_str(b, " expired on ");
		add_time(b, X509_get0_notAfter(cert));
		buf_add_str(b,
			": issue a new one (butte cert issue), or "
			"correct this machine's clock");
		break;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		buf_add_str(b, " is not valid before ");
		add_time(b, X509_get0_notBefore(cert));
		buf_add_str(b,
			": compare the clocks of this machine and of "
			"the one that issued it");
		break;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		add_wrong_name(b, cert, ssl);
		break;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		add_unknown_ca(b, ca_file);
		break;
	default:
		buf_printf(b, " is refused: %s",
			X509_verify_cert_error_string(code));
	}
}

/* Remembers the first reason; the handshake then fails. */
static int on_verify(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(
		store, SSL_get_ex_data_X509_STORE_CTX_idx());
	X509 *cert = X509_STORE_CTX_get_current_cert(store);
	struct buf b = BUF_INIT;

	if (ok || ssl == NULL || cert == NULL ||
		SSL_get_ex_data(ssl, refusal_slot) != NULL)
		return ok;
	buf_printf(&b, "the %s's certificate%s (",
		SSL_is_server(ssl) ? "client" : "server",
		X509_STORE_CTX_get_error_depth(store) > 0 ? " chain" : "");
	add_name(&b, X509_get_subject_name(cert));
	buf_add_str(&b, ")");
	add_reason(&b, X509_STORE_CTX_get_error(store), cert, ssl);
	(void)SSL_set_ex_data(ssl, refusal_slot, buf_steal(&b));
	return ok;
}

/* --- the socket ------------------------------------------------------------ */

/*
 * The socket under TLS. OpenSSL's own would raise SIGPIPE, and a library must
 * not change what a program does with its signals.
 */
static int socket_write(BIO *b, const char *data, int size)
{
	ssize_t n = send((int)(intptr_t)BIO_get_data(b), data, (size_t)size,
		MSG_NOSIGNAL);

	BIO_clear_retry_flags(b);
	if (n < 0 && BIO_sock_should_retry(-1))
		BIO_set_retry_write(b);
	return (int)n;
}

static int socket_read(BIO *b, char *to, int size)
{
	ssize_t n = recv((int)(intptr_t)BIO_get_data(b), to, (size_t)size, 0);

	BIO_clear_retry_flags(b);
	if (n < 0 && BIO_sock_should_retry(-1))
		BIO_set_retry_read(b);
	if (n == 0)
		BIO_set_flags(b, BIO_FLAGS_IN_EOF);
	return (int)n;
}

static long socket_ctrl(BIO *b, int cmd, long num, void *ptr)
{
	(void)num, (void)ptr;
	if (cmd == BIO_CTRL_EOF)
		return BIO_test_flags(b, BIO_FLAGS_IN_EOF) != 0;
	return cmd == BIO_CTRL_FLUSH || cmd == BIO_CTRL_DUP;
}

static void set_socket(SSL *ssl, int fd)
{
	BIO *b = BIO_new(socket_method);

	CHECK(b != NULL);
	BIO_set_data(b, (void *)(intptr_t)fd);
	BIO_set_init(b, 1);
	SSL_set_bio(ssl, b, b);
}

static void make_once(void)
{
	make_slots();
	socket_method = BIO_meth_new(
		BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
	CHECK(socket_method != NULL);
	(void)BIO_meth_set_write(socket_method, socket_write);
	(void)BIO_meth_set_read(socket_method, socket_read);
	(void)BIO_meth_set_ctrl(socket_method, socket_ctrl);
}

/* --- contexts ---------------------------------------------------------- */

static int on_password(char *text, int size, int writing, void *ctx)
{
	(void)text, (void)size, (void)writing, (void)ctx;
	return -1; /* never ask at a terminal: an encrypted key is an error */
}

static const char *ssl_reason(void)
{
	unsigned long code = ERR_peek_last_error();
	const char *text = ERR_reason_error_string(code);

	if (ERR_SYSTEM_ERROR(code))
		return strerror((int)ERR_GET_REASON(code));
	return text != NULL ? text : "unknown reason";
}

static int readable(const char *what, const char *path, struct err *e)
{
	if (access(path, R_OK) != 0)
		return err_set(e, ERR_IO, "TLS: %s '%s': %s", what, path,
			strerror(errno));
	return 0;
}

/* A daemon with an expired certificate would only look alive. */
static int check_dates(SSL_CTX *ctx, const char *path, struct err *e)
{
	X509 *cert = SSL_CTX_get0_certificate(ctx);
	struct buf b = BUF_INIT;

	CHECK(cert != NULL);
	if (X509_cmp_current_time(X509_get0_notAfter(cert)) >= 0)
		return 0;
	add_time(&b, X509_get0_notAfter(cert));
	(void)err_set(e, ERR_INVALID,
		"TLS: certificate '%s' expired on %s: issue a new one (butte "
		"cert issue)",
		path, buf_str(&b));
	buf_fini(&b);
	return -1;
}

static int load_own(SSL_CTX *ctx, const struct tls_config *c, struct err *e)
{
	ERR_clear_error();
	if (readable("certificate", c->cert_file, e) != 0)
		return -1;
	if (SSL_CTX_use_certificate_chain_file(ctx, c->cert_file) != 1)
		return err_set(e, ERR_INVALID,
			"TLS: '%s' is not a certificate in PEM: %s",
			c->cert_file, ssl_reason());
	if (check_dates(ctx, c->cert_file, e) != 0 ||
		readable("key", c->key_file, e) != 0)
		return -1;
	if (SSL_CTX_use_PrivateKey_file(ctx, c->key_file, SSL_FILETYPE_PEM) ==
		1)
		return 0;
	if (ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH)
		return err_set(e, ERR_INVALID,
			"TLS: key '%s' does not belong to certificate '%s'",
			c->key_file, c->cert_file);
	return err_set(e, ERR_INVALID,
		"TLS: '%s' is not a key in PEM without a password: %s",
		c->key_file, ssl_reason());
}

static int load_ca(SSL_CTX *ctx, const struct tls_config *c, struct err *e)
{
	ERR_clear_error();
	if (c->ca_file == NULL) {
		if (SSL_CTX_set_default_verify_paths(ctx) != 1)
			return err_set(e, ERR_IO,
				"TLS: the system's CA list: %s", ssl_reason());
		return 0;
	}
	if (readable("CA file", c->ca_file, e) != 0)
		return -1;
	if (SSL_CTX_load_verify_file(ctx, c->ca_file) != 1)
		return err_set(e, ERR_INVALID,
			"TLS: '%s' holds no CA certificate in PEM: %s",
			c->ca_file, ssl_reason());
	(void)SSL_CTX_set_ex_data(ctx, ca_file_slot, xstrdup(c->ca_file));
	return 0;
}

static SSL_CTX *ctx_new(const SSL_METHOD *method)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	SSL_CTX *ctx;

	CHECK(pthread_once(&once, make_once) == 0);
	ctx = SSL_CTX_new(method);
	CHECK(ctx != NULL);
	CHECK(SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1);
	CHECK(SSL_CTX_set_cipher_list(ctx, TLS12_CIPHERS) == 1);
	CHECK(SSL_CTX_set1_groups_list(ctx, (char *)(uintptr_t)GROUPS) == 1);
	SSL_CTX_set_options(ctx,
		SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
			SSL_OP_CIPHER_SERVER_PREFERENCE |
			SSL_OP_PRIORITIZE_CHACHA |
			SSL_OP_IGNORE_UNEXPECTED_EOF);
	/* Our output moves when it grows; idle connections keep no buffers. */
	SSL_CTX_set_mode(ctx,
		SSL_MODE_ENABLE_PARTIAL_WRITE |
			SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
			SSL_MODE_RELEASE_BUFFERS);
	/* One read(2) for many records instead of two for each. */
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_default_passwd_cb(ctx, on_password);
	return ctx;
}

static int server_verify(
	SSL_CTX *ctx, const struct tls_config *c, struct err *e)
{
	int mode = SSL_VERIFY_PEER;

	if (c->verify_client == TLS_VERIFY_NONE)
		return 0;
	if (load_ca(ctx, c, e) != 0)
		return -1;
	if (c->ca_file != NULL)
		SSL_CTX_set_client_CA_list(
			ctx, SSL_load_client_CA_file(c->ca_file));
	if (c->verify_client == TLS_VERIFY_REQUIRE)
		mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	SSL_CTX_set_verify(ctx, mode, on_verify);
	return 0;
}

struct ssl_ctx_st *tls_server_new(const struct tls_config *c, struct err *e)
{
	static const unsigned char id[] = "butte";
	SSL_CTX *ctx = ctx_new(TLS_server_method());

	/* Tickets hold the sessions, so that we needn't: no cache to bound. */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	CHECK(SSL_CTX_set_session_id_context(ctx, id, sizeof(id) - 1) == 1);
	CHECK(SSL_CTX_set_num_tickets(ctx, 1) == 1);
	if (c->cert_file == NULL || c->key_file == NULL) {
		(void)err_set(e, ERR_INVALID,
			"TLS: a server needs --tls_cert_file and "
			"--tls_key_file (butte cert issue makes them)");
	} else if (load_own(ctx, c, e) == 0 && server_verify(ctx, c, e) == 0) {
		return ctx;
	}
	SSL_CTX_free(ctx);
	return NULL;
}

static int client_load(SSL_CTX *ctx, const struct tls_config *c, struct err *e)
{
	if (load_ca(ctx, c, e) != 0)
		return -1;
	if ((c->cert_file == NULL) != (c->key_file == NULL))
		return err_set(e, ERR_INVALID,
			"TLS: --tls_cert_file and --tls_key_file belong "
			"together: give both or none");
	return c->cert_file != NULL ? load_own(ctx, c, e) : 0;
}

struct ssl_ctx_st *tls_client_new(const struct tls_config *c, struct err *e)
{
	SSL_CTX *ctx = ctx_new(TLS_client_method());

	/* Whoever owns a connection keeps its session (conn_session()). */
	SSL_CTX_set_session_cache_mode(
		ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, on_verify);
	if (client_load(ctx, c, e) == 0)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

void tls_free(struct ssl_ctx_st *ctx)
{
	SSL_CTX_free(ctx);
}

/* --- connections ------------------------------------------------------- */

struct ssl_st *tls_accept(struct ssl_ctx_st *ctx, int fd)
{
	SSL *ssl = SSL_new(ctx);

	CHECK(ssl != NULL);
	set_socket(ssl, fd);
	SSL_set_accept_state(ssl);
	return ssl;
}

static bool is_address(const char *name)
{
	uint8_t bytes[16];

	return inet_pton(AF_INET, name, bytes) == 1 ||
		inet_pton(AF_INET6, name, bytes) == 1;
}

struct ssl_st *tls_connect(struct ssl_ctx_st *ctx, int fd, const char *name,
	struct ssl_session_st *session)
{
	SSL *ssl = SSL_new(ctx);

	CHECK(ssl != NULL);
	set_socket(ssl, fd);
	SSL_set_connect_state(ssl);
	if (is_address(name)) {
		CHECK(X509_VERIFY_PARAM_set1_ip_asc(
			      SSL_get0_param(ssl), name) == 1);
	} else {
		/* A name too long for a certificate matches none. */
		(void)SSL_set1_host(ssl, name);
		/* Not written to: the macro's cast is OpenSSL's. */
		(void)SSL_set_tlsext_host_name(ssl, (char *)(uintptr_t)name);
	}
	if (session != NULL)
		(void)SSL_set_session(ssl, session); /* else a full handshake */
	return ssl;
}

/* The peer said no; it doesn't say much more than a number. */
static int peer_refused(unsigned long code, const char *peer, struct err *e)
{
	switch (ERR_GET_REASON(code)) {
	case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
	case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
		return err_set(e, ERR_DENIED,
			"TLS with %s: it asks for a client certificate: give "
			"--tls_cert_file and --tls_key_file",
			peer);
	case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
		return err_set(e, ERR_DENIED,
			"TLS with %s: it doesn't know the authority that "
			"signed our certificate: both sides need the same CA "
			"(--tls_ca_file)",
			peer);
	case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
		return err_set(e, ERR_DENIED,
			"TLS with %s: it says that our certificate has "
			"expired: issue a new one (butte cert issue)",
			peer);
	case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
		return err_set(e, ERR_DENIED,
			"TLS with %s: it refuses our certificate: look into "
			"its log for the reason",
			peer);
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_HTTP_REQUEST:
		return err_set(e, ERR_INVALID,
			"TLS with %s: the other side doesn't speak TLS: use "
			"http:// (or its TLS port)",
			peer);
	default:
		return err_set(e, ERR_IO, "TLS with %s: %s", peer,
			ERR_reason_error_string(code));
	}
}

int tls_failed(struct ssl_st *ssl, int ret, const char *peer, struct err *e)
{
	const char *refusal = SSL_get_ex_data(ssl, refusal_slot);
	int what = SSL_get_error(ssl, ret);
	unsigned long code = ERR_peek_error();
	int saved = errno;

	ERR_clear_error();
	if (refusal != NULL && !SSL_is_init_finished(ssl))
		return err_set(e, ERR_DENIED, "TLS with %s: %s", peer, refusal);
	if (code != 0 &&
		ERR_GET_REASON(code) == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
		return err_set(e, ERR_DENIED,
			"TLS with %s: it gave no certificate, and one is "
			"required (--tls_verify_client=require)",
			peer);
	if (code != 0)
		return peer_refused(code, peer, e);
	if (what == SSL_ERROR_SYSCALL && saved != 0)
		return err_set(
			e, ERR_IO, "TLS with %s: %s", peer, strerror(saved));
	return err_set(e, ERR_IO, "TLS with %s: closed in the handshake", peer);
}
