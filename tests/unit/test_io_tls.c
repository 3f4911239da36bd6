/* TLS: who is trusted, and what is said about who is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <event2/event.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "certs.h"
#include "common/err.h"
#include "common/io_http.h"
#include "common/io_tls.h"
#include "common/mem.h"

static char dir[] = "/tmp/butte-test-tls-XXXXXX";

static char *file(const char *name, const char *end)
{
	return xasprintf("%s/%s.%s", dir, name, end);
}

static int make_all(void **state)
{
	struct cert_wish ca_wish = { .name = "butte test CA" };
	struct cert_wish other_wish = { .name = "another CA" };
	struct cert_wish old_wish = {
		.name = "old CA", .from_s = -3 * CERTS_DAY, .to_s = -CERTS_DAY
	};
	struct cert ca = certs_new(&ca_wish);
	struct cert other = certs_new(&other_wish);
	struct cert old = certs_new(&old_wish);
	const char *here = "DNS:localhost,IP:127.0.0.1,IP:::1";
	const struct cert_wish leaves[] = {
		{ "good", here, &ca, 0, 0 },
		{ "expired", here, &ca, -3 * CERTS_DAY, -CERTS_DAY },
		{ "future", here, &ca, CERTS_DAY, 2 * CERTS_DAY },
		{ "elsewhere", "DNS:agent7.example,IP:10.1.2.3", &ca, 0, 0 },
		{ "foreign", here, &other, 0, 0 },
		{ "selfsigned", here, NULL, 0, 0 },
		{ "oldca", here, &old, 0, 0 },
	};

	(void)state;
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < ARRAY_LEN(leaves); i++)
		certs_issue(&leaves[i], dir, leaves[i].name);
	certs_write(&ca, dir, "ca");
	certs_write(&old, dir, "old");
	certs_free(&ca);
	certs_free(&other);
	certs_free(&old);
	return 0;
}

static int remove_all(void **state)
{
	char *cmd = xasprintf("rm -rf '%s'", dir);

	(void)state;
	assert_int_equal(system(cmd), 0);
	free(cmd);
	return 0;
}

/* --- contexts --------------------------------------------------------------- */

struct load {
	const char *cert;
	const char *key;
	const char *ca;
	const char *says; /* NULL: it works */
};

static void server_loads(const struct load *t)
{
	char *cert = file(t->cert, "pem");
	char *key = file(t->key, "key");
	char *ca = file(t->ca, "pem");
	struct tls_config c = { cert, key, ca, TLS_VERIFY_REQUIRE };
	struct err e = { .code = ERR_NONE };
	struct ssl_ctx_st *ctx = tls_server_new(&c, &e);

	if (t->says == NULL) {
		assert_non_null(ctx);
	} else {
		assert_null(ctx);
		if (strstr(e.text, t->says) == NULL)
			fail_msg("'%s' is not in '%s'", t->says, e.text);
	}
	tls_free(ctx);
	free(cert);
	free(key);
	free(ca);
}

static void test_load(void **state)
{
	static const struct load table[] = {
		{ "good", "good", "ca", NULL },
		{ "missing", "good", "ca", "missing.pem': No such file" },
		{ "good", "missing", "ca", "missing.key': No such file" },
		{ "good", "good", "missing", "missing.pem': No such file" },
		{ "good", "expired", "ca", "does not belong to certificate" },
		{ "expired", "expired", "ca", "expired.pem' expired on 20" },
		{ "junk", "good", "ca", "junk.pem' is not a certificate" },
		{ "good", "junk", "ca", "junk.key' is not a key in PEM" },
		{ "good", "good", "junk", "junk.pem' holds no CA" },
	};
	char *junk[] = { file("junk", "pem"), file("junk", "key") };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(junk); i++) {
		FILE *f = fopen(junk[i], "w");

		assert_non_null(f);
		(void)fputs("not PEM\n", f);
		(void)fclose(f);
		free(junk[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		server_loads(&table[i]);
}

static void test_server_needs_a_certificate(void **state)
{
	struct tls_config none = { NULL, NULL, NULL, TLS_VERIFY_NONE };
	struct err e;

	(void)state;
	assert_null(tls_server_new(&none, &e));
	assert_non_null(strstr(e.text, "--tls_cert_file"));
	none.cert_file = "x";
	assert_null(tls_client_new(&none, &e));
	assert_non_null(strstr(e.text, "belong together"));
}

/* --- handshakes ---------------------------------------------------------------- */

struct meeting {
	const char *server; /* its certificate */
	enum tls_verify verify;
	const char *client;    /* or NULL */
	const char *client_ca; /* what the client trusts */
	const char *name;      /* what the client expects */
	const char *says;      /* part of the client's error; NULL: it works */
};

struct end {
	struct http_server *server;
	int status;
	int n_done;
	struct err e;
};

static void on_request(
	void *ctx, struct http_req *r, const uint8_t *body, size_t size)
{
	struct end *end = ctx;

	(void)body, (void)size;
	assert_true(http_req_is_tls(r));
	http_reply_text(end->server, http_req_id(r), 200, "hello");
}

static void on_done(void *ctx, int status, const uint8_t *body, size_t size,
	const struct err *e)
{
	struct end *end = ctx;

	(void)body, (void)size;
	end->status = status;
	end->e = *e;
	end->n_done++;
}

static struct ssl_ctx_st *context(
	const char *cert, const char *ca, int verify_client)
{
	char *cert_file = cert != NULL ? file(cert, "pem") : NULL;
	char *key_file = cert != NULL ? file(cert, "key") : NULL;
	char *ca_file = file(ca, "pem");
	struct tls_config c = { cert_file, key_file, ca_file,
		verify_client >= 0 ? (enum tls_verify)verify_client
				   : TLS_VERIFY_NONE };
	struct err e = { .code = ERR_NONE };
	struct ssl_ctx_st *ctx = verify_client >= 0 ? tls_server_new(&c, &e)
						    : tls_client_new(&c, &e);

	if (ctx == NULL)
		fail_msg("%s", e.text);
	free(cert_file);
	free(key_file);
	free(ca_file);
	return ctx;
}

/* Makes a context whose certificate tls_server_new() would refuse. */
static struct ssl_ctx_st *bad_context(const char *cert)
{
	struct ssl_ctx_st *ctx = context("good", "ca", TLS_VERIFY_NONE);
	char *cert_file = file(cert, "pem");
	char *key_file = file(cert, "key");

	assert_int_equal(
		SSL_CTX_use_certificate_file(ctx, cert_file, SSL_FILETYPE_PEM),
		1);
	assert_int_equal(
		SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM),
		1);
	free(cert_file);
	free(key_file);
	return ctx;
}

static void meet(const struct meeting *m)
{
	static const struct http_server_ops ops = { .request = on_request };
	static const struct http_call_ops call = { .done = on_done };
	struct event_base *base = event_base_new();
	struct end end = { .server = http_server_new(base, &ops, &end) };
	bool expired = strcmp(m->server, "expired") == 0;
	struct ssl_ctx_st *st = expired
		? bad_context(m->server)
		: context(m->server, "ca", (int)m->verify);
	struct ssl_ctx_st *ct = context(m->client, m->client_ca, -1);
	struct http_endpoint to = {
		.host = "127.0.0.1", .tls = ct, .tls_name = m->name
	};
	struct http_client *client;

	assert_int_equal(
		http_server_listen(end.server, "127.0.0.1", 0, st, NULL), 0);
	to.port = http_server_port(end.server);
	client = http_client_new(base, &to);
	http_call(client, "GET", "/", NULL, NULL, 0, &call, &end);
	while (end.n_done == 0)
		event_base_loop(base, EVLOOP_ONCE);
	if (m->says == NULL && end.status != 200)
		fail_msg("%s: %s", m->server, end.e.text);
	if (m->says != NULL && strstr(end.e.text, m->says) == NULL)
		fail_msg("'%s' is not in '%s'", m->says, end.e.text);
	http_client_free(client);
	http_server_free(end.server);
	event_base_free(base);
	tls_free(st);
	tls_free(ct);
}

static void test_meetings(void **state)
{
	static const struct meeting table[] = {
		{ "good", TLS_VERIFY_NONE, NULL, "ca", "localhost", NULL },
		{ "good", TLS_VERIFY_NONE, NULL, "ca", "127.0.0.1", NULL },
		{ "good", TLS_VERIFY_NONE, NULL, "ca", "::1", NULL },
		{ "good", TLS_VERIFY_OPTIONAL, NULL, "ca", "::1", NULL },
		{ "good", TLS_VERIFY_OPTIONAL, "good", "ca", "::1", NULL },
		{ "good", TLS_VERIFY_REQUIRE, "good", "ca", "::1", NULL },
		{ "good", TLS_VERIFY_NONE, NULL, "ca", "agent9",
			"is for localhost, 127.0.0.1, ::1, not for 'agent9'" },
		{ "good", TLS_VERIFY_NONE, NULL, "ca", "10.0.0.1",
			"not for '10.0.0.1'" },
		{ "elsewhere", TLS_VERIFY_NONE, NULL, "ca", "127.0.0.1",
			"is for agent7.example, 10.1.2.3, not for" },
		{ "expired", TLS_VERIFY_NONE, NULL, "ca", "localhost",
			"the server's certificate (CN = expired) expired on" },
		{ "future", TLS_VERIFY_NONE, NULL, "ca", "localhost",
			"(CN = future) is not valid before" },
		{ "foreign", TLS_VERIFY_NONE, NULL, "ca", "localhost",
			"authority that is not in /tmp/butte-test-tls-" },
		{ "selfsigned", TLS_VERIFY_NONE, NULL, "ca", "localhost",
			"authority that is not in" },
		{ "oldca", TLS_VERIFY_NONE, NULL, "old", "localhost",
			"chain (CN = old CA) expired on" },
		{ "good", TLS_VERIFY_REQUIRE, NULL, "ca", "localhost",
			"it asks for a client certificate" },
		{ "good", TLS_VERIFY_REQUIRE, "foreign", "ca", "localhost",
			"doesn't know the authority that signed our" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		meet(&table[i]);
}

/* A reconnect is cheap: it resumes the session. */
static void test_resumption(void **state)
{
	static const struct http_server_ops ops = { .request = on_request };
	static const struct http_call_ops call = { .done = on_done };
	struct event_base *base = event_base_new();
	struct end end = { .server = http_server_new(base, &ops, &end) };
	struct ssl_ctx_st *st = context("good", "ca", TLS_VERIFY_REQUIRE);
	struct ssl_ctx_st *ct = context("good", "ca", -1);
	struct http_endpoint to = { .host = "localhost", .tls = ct };
	struct http_header headers[] = { { "Connection", "close" },
		{ NULL, NULL } };
	struct http_client *client;

	(void)state;
	assert_int_equal(
		http_server_listen(end.server, "localhost", 0, st, NULL), 0);
	to.port = http_server_port(end.server);
	client = http_client_new(base, &to);
	for (int i = 1; i <= 3; i++) {
		http_call(client, "GET", "/", headers, NULL, 0, &call, &end);
		while (end.n_done < i)
			event_base_loop(base, EVLOOP_ONCE);
		assert_int_equal(end.status, 200);
	}
	assert_int_equal(SSL_CTX_sess_accept_good(st), 3);
	assert_int_equal(SSL_CTX_sess_hits(st), 2);
	http_client_free(client);
	http_server_free(end.server);
	event_base_free(base);
	tls_free(st);
	tls_free(ct);
}

static void test_too_many_connections(void **state)
{
	static const struct http_server_ops ops = { .request = on_request };
	static const struct http_call_ops call = { .done = on_done };
	struct event_base *base = event_base_new();
	struct end end = { .server = http_server_new(base, &ops, &end) };
	struct ssl_ctx_st *st = context("good", "ca", TLS_VERIFY_NONE);
	struct ssl_ctx_st *ct = context(NULL, "ca", -1);
	struct http_endpoint to = { .host = "127.0.0.1", .tls = ct };
	struct http_client *client;

	(void)state;
	http_server_limits(end.server)->connections_per_address_max = 0;
	assert_int_equal(
		http_server_listen(end.server, "127.0.0.1", 0, st, NULL), 0);
	to.port = http_server_port(end.server);
	client = http_client_new(base, &to);
	http_call(client, "POST", "/", NULL, "x", 1, &call, &end);
	while (end.n_done == 0)
		event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(end.status, 429);
	http_client_free(client);
	http_server_free(end.server);
	event_base_free(base);
	tls_free(st);
	tls_free(ct);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_server_needs_a_certificate),
		cmocka_unit_test(test_meetings),
		cmocka_unit_test(test_resumption),
		cmocka_unit_test(test_too_many_connections),
	};

	return cmocka_run_group_tests(tests, make_all, remove_all);
}
