/*
 * bench_http - calls per CPU second of the HTTP server: small POSTs, answered
 * 202, as a DECLINE is; plain and over TLS, one call at a time on many
 * connections and pipelined. And what an idle connection costs.
 *
 * The server is a process of its own, so that its CPU time is only its own.
 * Each figure is the median of 5 runs, with their minimum and maximum.
 */
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "certs.h"
#include "common/check.h"
#include "common/err.h"
#include "common/io_http.h"
#include "common/io_tls.h"
#include "common/mem.h"
#include "httpload.h"

static const struct load_setting SETTINGS[] = {
	{ "plain, 64 connections", false, 64, 1, 100000 },
	{ "plain, 4 connections, pipelined 16", false, 4, 16, 200000 },
	{ "tls, 64 connections", true, 64, 1, 100000 },
	{ "tls, 4 connections, pipelined 16", true, 4, 16, 200000 },
	{ "tls, 1 connection", true, 1, 1, 50000 },
};

/* Connections that have done one call, and keep the line. */
static const struct load_setting IDLE[] = {
	{ "plain, idle", false, 2000, 1, 2000, 2 },
	{ "tls, idle", true, 2000, 1, 2000, 2 },
};

static char dir[] = "/tmp/butte-bench-http-XXXXXX";

/* --- the server ------------------------------------------------------------- */

static struct http_server *server;

static void on_request(
	void *ctx, struct http_req *r, const uint8_t *body, size_t size)
{
	(void)ctx, (void)body;
	CHECK(size == LOAD_BODY_SIZE);
	http_reply(server, http_req_id(r), 202, NULL, NULL, NULL, 0);
}

static struct ssl_ctx_st *context(bool is_server)
{
	char *cert = xasprintf("%s/server.pem", dir);
	char *key = xasprintf("%s/server.key", dir);
	char *ca = xasprintf("%s/ca.pem", dir);
	struct tls_config c = { is_server ? cert : NULL, is_server ? key : NULL,
		ca, TLS_VERIFY_NONE };
	struct err e = { .code = ERR_NONE };
	struct ssl_ctx_st *ctx =
		is_server ? tls_server_new(&c, &e) : tls_client_new(&c, &e);

	if (ctx == NULL) {
		fprintf(stderr, "%s\n", e.text);
		exit(1);
	}
	free(cert);
	free(key);
	free(ca);
	return ctx;
}

static void serve(const struct load_setting *set, int port_pipe)
{
	static const struct http_server_ops ops = { .request = on_request };
	struct event_base *base = event_base_new();
	struct ssl_ctx_st *ctx = set->tls ? context(true) : NULL;
	struct err e;
	uint16_t port;

	server = http_server_new(base, &ops, NULL);
	if (http_server_listen(server, "127.0.0.1", 0, ctx, &e) != 0) {
		fprintf(stderr, "%s\n", e.text);
		_exit(1);
	}
	port = http_server_port(server);
	CHECK(write(port_pipe, &port, sizeof(port)) == sizeof(port));
	event_base_dispatch(base);
	_exit(0);
}

static void make_certs(void)
{
	struct cert_wish ca_wish = { .name = "bench CA" };
	struct cert ca = certs_new(&ca_wish);
	struct cert_wish wish = {
		.name = "bench", .sans = "IP:127.0.0.1", .ca = &ca
	};

	CHECK(mkdtemp(dir) != NULL);
	certs_write(&ca, dir, "ca");
	certs_issue(&wish, dir, "server");
	certs_free(&ca);
}

static void remove_certs(void)
{
	static const char *const names[] = { "ca.pem", "ca.key", "server.pem",
		"server.key" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char *path = xasprintf("%s/%s", dir, names[i]);

		(void)unlink(path);
		free(path);
	}
	(void)rmdir(dir);
}

int main(void)
{
	make_certs();
	for (size_t i = 0; i < ARRAY_LEN(SETTINGS); i++) {
		const struct load_setting *set = &SETTINGS[i];
		struct ssl_ctx_st *ctx = set->tls ? context(false) : NULL;
		double figures[LOAD_RUNS];

		for (int j = 0; j < LOAD_RUNS; j++)
			figures[j] = load_measure(set, serve, ctx).calls;
		load_print("http POST", set, figures, LOAD_CALLS);
		tls_free(ctx);
	}
	for (size_t i = 0; i < ARRAY_LEN(IDLE); i++) {
		const struct load_setting *set = &IDLE[i];
		struct ssl_ctx_st *ctx = set->tls ? context(false) : NULL;
		double figures[LOAD_RUNS];

		for (int j = 0; j < LOAD_RUNS; j++)
			figures[j] = load_measure(set, serve, ctx).bytes;
		load_print("http connection", set, figures, "bytes of memory");
		tls_free(ctx);
	}
	remove_certs();
	return 0;
}
