/*
 * bench_http - calls per CPU second of the HTTP server: small POSTs, answered
 * 202, as a DECLINE is; plain and over TLS, one call at a time on many
 * connections and pipelined.
 *
 * The server is a process of its own, so that its CPU time is only its own.
 * Each figure is the median of 5 runs, with their minimum and maximum.
 */
#include <event2/event.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "certs.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/io_http.h"
#include "common/io_tls.h"
#include "common/mem.h"

#define RUNS	  5
#define BODY_SIZE 180 /* a DECLINE of one offer with its filters */

struct setting {
	const char *name;
	bool tls;
	unsigned connections;
	unsigned depth;
	unsigned calls;
};

static const struct setting SETTINGS[] = {
	{ "plain, 64 connections", false, 64, 1, 100000 },
	{ "plain, 4 connections, pipelined 16", false, 4, 16, 200000 },
	{ "tls, 64 connections", true, 64, 1, 100000 },
	{ "tls, 4 connections, pipelined 16", true, 4, 16, 200000 },
	{ "tls, 1 connection", true, 1, 1, 50000 },
};

static char dir[] = "/tmp/butte-bench-http-XXXXXX";

/* --- the server ------------------------------------------------------------- */

static struct http_server *server;

static void on_request(
	void *ctx, struct http_req *r, const uint8_t *body, size_t size)
{
	(void)ctx, (void)body;
	CHECK(size == BODY_SIZE);
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

static _Noreturn void serve(bool tls, int port_pipe)
{
	static const struct http_server_ops ops = { .request = on_request };
	struct event_base *base = event_base_new();
	struct ssl_ctx_st *ctx = tls ? context(true) : NULL;
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

/* --- the load --------------------------------------------------------------- */

struct load {
	struct event_base *base;
	unsigned left; /* to be sent */
	unsigned n;    /* answered */
	unsigned calls;
};

struct source {
	struct load *load;
	struct http_client *client;
};

static void call(struct source *s);

static void on_done(void *ctx, int status, const uint8_t *body, size_t size,
	const struct err *e)
{
	struct source *s = ctx;

	(void)body, (void)size;
	if (status != 202) {
		fprintf(stderr, "status %d: %s\n", status, e->text);
		exit(1);
	}
	if (++s->load->n == s->load->calls)
		event_base_loopbreak(s->load->base);
	else
		call(s);
}

static void call(struct source *s)
{
	static const struct http_call_ops ops = { .done = on_done };
	static const char body[BODY_SIZE] = { 0 };
	static const struct http_header headers[] = {
		{ "Content-Type", "application/x-protobuf" },
		{ "Mesos-Stream-Id", "130ae4e3-6b13-4ef4-baa9-9f2e85c3e9af" },
		{ NULL, NULL },
	};

	if (s->load->left == 0)
		return;
	s->load->left--;
	http_call(s->client, "POST", "/api/v1/scheduler", headers, body,
		sizeof(body), &ops, s);
}

static double cpu_seconds(pid_t pid)
{
	clockid_t id;
	struct timespec t;

	CHECK(clock_getcpuclockid(pid, &id) == 0);
	CHECK(clock_gettime(id, &t) == 0);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void load_run(struct load *l, struct source *sources,
	const struct setting *set, unsigned calls)
{
	l->left = l->calls = calls;
	l->n = 0;
	for (unsigned i = 0; i < set->connections * set->depth; i++)
		call(&sources[i % set->connections]);
	event_base_dispatch(l->base);
	CHECK(l->n == l->calls);
}

/* Calls per CPU second of the server. */
static double run(const struct setting *set)
{
	struct load l = { .base = event_base_new() };
	struct source *sources = xcalloc(set->connections, sizeof(*sources));
	struct http_endpoint to = { .host = "127.0.0.1" };
	struct ssl_ctx_st *ctx = set->tls ? context(false) : NULL;
	double cpu;
	pid_t pid;
	int ends[2];

	CHECK(pipe(ends) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		serve(set->tls, ends[1]);
	CHECK(read(ends[0], &to.port, sizeof(to.port)) == sizeof(to.port));
	to.tls = ctx;
	for (unsigned i = 0; i < set->connections; i++) {
		sources[i].load = &l;
		sources[i].client = http_client_new(l.base, &to);
		http_client_depth(sources[i].client, set->depth);
	}
	/* Handshakes and first pages of memory are not what is measured. */
	load_run(&l, sources, set, set->connections * set->depth * 4);
	cpu = cpu_seconds(pid);
	load_run(&l, sources, set, set->calls);
	cpu = cpu_seconds(pid) - cpu;
	for (unsigned i = 0; i < set->connections; i++)
		http_client_free(sources[i].client);
	CHECK(kill(pid, SIGKILL) == 0);
	CHECK(waitpid(pid, NULL, 0) == pid);
	(void)close(ends[0]);
	(void)close(ends[1]);
	event_base_free(l.base);
	tls_free(ctx);
	free(sources);
	return set->calls / cpu;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
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
		double figures[RUNS];

		for (int j = 0; j < RUNS; j++)
			figures[j] = run(&SETTINGS[i]);
		qsort(figures, RUNS, sizeof(*figures), compare);
		printf("http POST, %s: %.0f calls/s of a core (min %.0f, max "
		       "%.0f)\n",
			SETTINGS[i].name, figures[RUNS / 2], figures[0],
			figures[RUNS - 1]);
		(void)fflush(stdout);
	}
	remove_certs();
	return 0;
}
