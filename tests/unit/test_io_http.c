/* The HTTP server over real sockets on loopback, against raw bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/io_http.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/mem.h"
#include "raw.h"

struct world {
	struct event_base *base;
	struct http_server *server;
	uint16_t port;
	int n_requests;
	uint64_t held[64]; /* /hold: not answered yet */
	int n_held;
	uint64_t stream;
	struct buf gone;     /* "id;" of each */
	struct buf streamed; /* request bodies taken as they arrive */
	int n_pieces;
	bool streamed_all;
};

static char log_text[512];

static void on_log(enum log_level level, const char *event, const char *text)
{
	if (level <= LOG_LEVEL_WARN)
		(void)snprintf(
			log_text, sizeof(log_text), "%s %s", event, text);
}

/* --- what is served ------------------------------------------------------------ */

static void on_piece(
	void *ctx, uint64_t id, const uint8_t *data, size_t size, bool last)
{
	struct world *w = ctx;

	buf_add(&w->streamed, data, size);
	w->n_pieces++;
	w->streamed_all = last;
	if (last)
		http_reply_text(
			w->server, id, 200, "took %zu", w->streamed.size);
}

static void on_head(void *ctx, struct http_req *r)
{
	struct world *w = ctx;
	const char *path = http_req_path(r);

	if (strcmp(path, "/take") == 0)
		http_req_body_stream(r, on_piece, w);
	else if (strcmp(path, "/early") == 0)
		http_reply_text(w->server, http_req_id(r), 403, "early");
}

static void on_request(
	void *ctx, struct http_req *r, const uint8_t *body, size_t size)
{
	struct world *w = ctx;
	uint64_t id = http_req_id(r);
	const char *path = http_req_path(r);
	const char *value = http_req_query(r, "v");

	w->n_requests++;
	if (strcmp(path, "/echo") == 0) {
		http_reply(w->server, id, 200, "text/x-echo", NULL, body, size);
	} else if (strcmp(path, "/hold") == 0) {
		assert_true(w->n_held < (int)ARRAY_LEN(w->held));
		w->held[w->n_held++] = id;
	} else if (strcmp(path, "/stream") == 0) {
		w->stream = id;
		http_stream_open(w->server, id, 200, "text/x-stream", NULL);
	} else if (strcmp(path, "/query") == 0) {
		http_reply_text(w->server, id, 200, "v=%s",
			value != NULL ? value : "(none)");
	} else if (strcmp(path, "/header") == 0) {
		value = http_req_header(r, "x-test");
		http_reply_text(w->server, id, 200, "x=%s",
			value != NULL ? value : "(none)");
	} else if (strcmp(path, "/empty") == 0) {
		http_reply(w->server, id, 202, NULL, NULL, NULL, 0);
	} else {
		http_reply_text(
			w->server, id, 200, "%s %s", http_req_method(r), path);
	}
}

static void on_gone(void *ctx, uint64_t id)
{
	struct world *w = ctx;

	buf_printf(&w->gone, "%llu;", (unsigned long long)id);
	assert_null(http_req_find(w->server, id));
	/* Late answers are no-ops. */
	http_reply_text(w->server, id, 200, "late");
	http_stream_send(w->server, id, "late", 4);
	http_stream_close(w->server, id);
}

static const struct http_server_ops OPS = { on_head, on_request, on_gone };

static int setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	struct err e;

	log_text[0] = '\0';
	log_hook_set(on_log);
	w->base = event_base_new();
	w->server = http_server_new(w->base, &OPS, w);
	if (http_server_listen(w->server, "127.0.0.1", 0, NULL, &e) != 0)
		fail_msg("%s", e.text);
	w->port = http_server_port(w->server);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	http_server_free(w->server);
	event_base_free(w->base);
	buf_fini(&w->gone);
	buf_fini(&w->streamed);
	free(w);
	return 0;
}

static void must_have(const struct raw *c, const char *text)
{
	if (c->in.size == 0 ||
		memmem(c->in.data, c->in.size, text, strlen(text)) == NULL)
		fail_msg("'%s' is not in '%s'", text, buf_str(&c->in));
}

static void until(struct world *w, struct raw *c, const char *text)
{
	if (!raw_until(c, w->base, text))
		fail_msg("'%s' never came, only '%s'",
			text != NULL ? text : "the end", buf_str(&c->in));
}

/* --- requests and answers -------------------------------------------------------- */

struct exchange {
	const char *request;
	const char *status; /* "200 OK" */
	const char *has;
	bool closes;
};

static const struct exchange EXCHANGES[] = {
	{ "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK", "GET /a", false },
	{ "GET /a HTTP/1.0\r\n\r\n", "200 OK", "Connection: close", true },
	{ "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "200 OK",
		"Connection: keep-alive", false },
	{ "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "200 OK",
		"Connection: close", true },
	{ "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
		"200 OK", "Content-Length: 3\r\n\r\nabc", false },
	{ "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
	  "\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n",
		"200 OK", "\r\n\r\nabcde", false },
	{ "POST /empty HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
		"202 Accepted", "Content-Length: 0\r\n\r\n", false },
	/* Targets. */
	{ "GET http://h:1/abs?q HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK",
		"GET /abs", false },
	{ "GET http://h HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK", "GET /",
		false },
	{ "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK", "OPTIONS *",
		false },
	{ "GET /a%20b%2Fc?%41 HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK",
		"GET /a b/c", false },
	{ "GET /a/../b HTTP/1.1\r\nHost: x\r\n\r\n", "404 Not Found", "'/..'",
		true },
	{ "GET /a/%2e%2E HTTP/1.1\r\nHost: x\r\n\r\n", "404 Not Found", "'/..'",
		true },
	{ "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", "400 Bad Request", "%-escape",
		true },
	{ "GET /a% HTTP/1.1\r\nHost: x\r\n\r\n", "400 Bad Request", "%-escape",
		true },
	{ "GET /a?b=%4 HTTP/1.1\r\nHost: x\r\n\r\n", "400 Bad Request",
		"%-escape", true },
	{ "GET /a%00b HTTP/1.1\r\nHost: x\r\n\r\n", "400 Bad Request", "%00",
		true },
	{ "GET relative HTTP/1.1\r\nHost: x\r\n\r\n", "400 Bad Request", "",
		true },
	{ "GET  HTTP/1.1\r\nHost: x\r\n\r\n", "400 Bad Request", "", true },
	{ "CONNECT h:1 HTTP/1.1\r\nHost: x\r\n\r\n", "501 Not Implemented",
		"proxy", true },
	/* Queries and headers. */
	{ "GET /query?u=1&v=a+b%26c&v=2 HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK",
		"v=a b&c", false },
	{ "GET /query?v HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK",
		"\r\n\r\nv=", false },
	{ "GET /query?vv=1#v=2 HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK",
		"v=(none)", false },
	{ "GET /header HTTP/1.1\r\nHost: x\r\nX-Test:  a \t\r\nX-TEST: b\r\n"
	  "\r\n",
		"200 OK", "x=a, b", false },
	{ "GET /header HTTP/1.1\r\nHost: x\r\nX-Test:\r\n\r\n", "200 OK",
		"\r\n\r\nx=", false },
	/* What is malformed, or smuggles. */
	{ "nonsense\r\n\r\n", "400 Bad Request", "malformed", true },
	{ "GET / HTTP/2.0\r\nHost: x\r\n\r\n", "505 HTTP Version", "HTTP/1.1",
		true },
	{ "GET / HTTP/1.1\r\n\r\n", "400 Bad Request", "needs a Host", true },
	{ "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400 Bad Request",
		"Host twice", true },
	{ "GET / HTTP/1.1\r\nHost: x\r\nBad Name: y\r\n\r\n", "400 Bad Request",
		"malformed", true },
	{ "GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n", "400 Bad Request",
		"without a name", true },
	{ "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length : 3\r\n\r\nabc",
		"400 Bad Request", "malformed", true },
	{ "GET / HTTP/1.1\nHost: x\n\n", "400 Bad Request", "malformed", true },
	{ "GET /header HTTP/1.1\r\nHost: x\r\nX-Test: a\r\n b\r\n\r\n",
		"200 OK", "x=a b", false },
	{ "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
	  "\r\n3\r\nabcXX0\r\n\r\n",
		"400 Bad Request", "after chunk", true },
	{ "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
	  "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"400 Bad Request", "Content-Length", true },
	{ "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
	  "Content-Length: 3\r\n\r\n0\r\n\r\n",
		"400 Bad Request", "Content-Length", true },
	{ "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
	  "Content-Length: 3\r\n\r\nabc",
		"400 Bad Request", "Content-Length twice", true },
	{ "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3, 3\r\n\r\nabc",
		"400 Bad Request", "Content-Length", true },
	{ "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
		"400 Bad Request", "not a number", true },
	{ "POST /echo HTTP/1.1\r\nHost: x\r\n"
	  "Content-Length: 99999999999999999999\r\n\r\n",
		"400 Bad Request", "not a number", true },
	{ "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked"
	  "\r\n\r\n0\r\n\r\n",
		"501 Not Implemented", "just 'chunked'", true },
	{ "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
	  "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
		"400 Bad Request", "just 'chunked'", true },
	{ "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"400 Bad Request", "HTTP/1.0 has no", true },
	{ "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
	  "\r\nxyz\r\n",
		"400 Bad Request", "chunk size", true },
	{ "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\n"
	  "Content-Length: 1\r\n\r\n",
		"417 Expectation Failed", "100-continue", true },
	{ "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Encoding: br\r\n"
	  "Content-Length: 1\r\n\r\nx",
		"415 Unsupported", "gzip or identity", true },
	{ "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\n"
	  "Content-Length: 4\r\n\r\nabcd",
		"400 Bad Request", "not gzip", true },
	/* Before its body: the client may not send it at all. */
	{ "POST /early HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
	  "Content-Length: 5\r\n\r\n",
		"403 Forbidden", "early", true },
	{ "POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde",
		"403 Forbidden", "early", false },
};

/* Sends it whole, or byte by byte, and looks at the answer. Afterwards another
 * request is answered unless the connection has ended. */
static void check_exchange(
	struct world *w, const struct exchange *x, bool by_bytes)
{
	struct raw c = raw_connect(w->port);
	char *status = xasprintf("HTTP/1.1 %s", x->status);

	if (strstr(x->request, " HTTP/1.0\r\n") != NULL)
		status[7] = '0';
	for (const char *p = x->request; by_bytes && *p != '\0'; p++) {
		raw_send(&c, p, 1);
		raw_turn(w->base, 0);
	}
	if (!by_bytes)
		raw_text(&c, x->request);
	if (x->closes) {
		if (!raw_until(&c, w->base, NULL))
			fail_msg("not closed after '%s'", x->request);
	} else {
		raw_text(&c, "GET /next HTTP/1.1\r\nHost: x\r\n\r\n");
		until(w, &c, "GET /next");
	}
	must_have(&c, status);
	must_have(&c, x->has);
	must_have(&c, "\r\nDate: ");
	if (strncmp(c.in.data, status, strlen(status)) != 0)
		fail_msg("'%s' is not '%s'", c.in.data, status);
	raw_fini(&c);
	free(status);
}

static void test_exchanges(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(EXCHANGES); i++)
		check_exchange(*state, &EXCHANGES[i], false);
}

static void test_exchanges_by_bytes(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(EXCHANGES); i++)
		check_exchange(*state, &EXCHANGES[i], true);
}

static void test_head_has_no_body(void **state)
{
	struct world *w = *state;
	struct raw c = raw_connect(w->port);

	raw_text(&c,
		"HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n"
		"HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\n");
	until(w, &c, "text/x-stream");
	must_have(&c, "Content-Length: 7\r\n");
	assert_null(strstr(c.in.data, "HEAD /a"));
	http_stream_send(w->server, w->stream, "xyz", 3);
	http_stream_close(w->server, w->stream);
	raw_text(&c, "GET /next HTTP/1.1\r\nHost: x\r\n\r\n");
	until(w, &c, "GET /next");
	assert_null(strstr(c.in.data, "xyz"));
	raw_fini(&c);
}

static void test_continue(void **state)
{
	struct world *w = *state;
	struct raw c = raw_connect(w->port);

	raw_text(&c,
		"GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"
		"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
		"Expect: 100-continue\r\n\r\n");
	for (int i = 0; i < 20; i++)
		raw_turn(w->base, 1);
	raw_take(&c);
	assert_int_equal(c.in.size, 0); /* not before the answer in front */
	assert_int_equal(w->n_held, 1);
	http_reply_text(w->server, w->held[0], 200, "held");
	until(w, &c, "100 Continue\r\n\r\n");
	must_have(&c, "held");
	raw_text(&c, "body");
	until(w, &c, "\r\n\r\nbody");
	raw_fini(&c);
}

/* Answers leave in the order of the requests, however late they come. */
static void test_pipelined_order(void **state)
{
	struct world *w = *state;
	struct raw c = raw_connect(w->port);
	const char *at;

	for (int i = 0; i < 5; i++)
		raw_text(&c, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
	raw_text(&c,
		"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n"
		"GET /last HTTP/1.1\r\nHost: x\r\n\r\n");
	while (w->n_requests < 7)
		raw_turn(w->base, 1);
	http_stream_send(w->server, w->stream, "streamed", 8);
	for (int i = 4; i >= 0; i--) {
		raw_turn(w->base, 1);
		raw_take(&c);
		assert_int_equal(c.in.size, 0);
		http_reply_text(w->server, w->held[i], 200, "held-%d", i);
	}
	until(w, &c, "streamed\r\n");
	assert_null(strstr(c.in.data, "GET /last"));
	http_stream_close(w->server, w->stream);
	until(w, &c, "GET /last");
	at = c.in.data;
	for (int i = 0; i < 5; i++) {
		char want[16];

		(void)snprintf(want, sizeof(want), "held-%d", i);
		at = strstr(at, want);
		assert_non_null(at);
	}
	must_have(&c, "\r\n8\r\nstreamed\r\n0\r\n\r\n");
	assert_int_equal(w->gone.size, 0);
	raw_fini(&c);
}

/* A client that doesn't wait for answers is not read any further. */
static void test_pipeline_bounded(void **state)
{
	struct world *w = *state;
	struct raw c = raw_connect(w->port);

	http_server_limits(w->server)->pipeline_max = 8;
	for (int i = 0; i < 40; i++)
		raw_text(&c,
			"PUT /hold HTTP/1.1\r\nHost: x\r\n"
			"Content-Length: 0\r\n\r\n");
	for (int i = 0; i < 30; i++)
		raw_turn(w->base, 1);
	assert_int_equal(w->n_requests, 8);
	for (int i = 0; i < 40; i++) {
		for (int j = 0; j < 200 && w->n_held <= i; j++)
			raw_turn(w->base, 1);
		assert_true(w->n_held > i);
		assert_true(w->n_held <= i + 8);
		http_reply_text(w->server, w->held[i], 200, "%d<", i);
	}
	until(w, &c, "39<");
	raw_fini(&c);
}

/* GETs may have large answers: fewer of them wait. */
static void test_pipelined_gets_bounded(void **state)
{
	struct world *w = *state;
	struct raw c = raw_connect(w->port);

	for (int i = 0; i < HTTP_PIPELINE_GETS_MAX + 10; i++)
		raw_text(&c, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
	for (int i = 0; i < 30; i++)
		raw_turn(w->base, 1);
	assert_int_equal(w->n_requests, HTTP_PIPELINE_GETS_MAX);
	for (int i = 0; i < HTTP_PIPELINE_GETS_MAX; i++)
		http_reply_text(w->server, w->held[i], 200, "held");
	for (int i = 0; i < 30; i++)
		raw_turn(w->base, 1);
	assert_int_equal(w->n_requests, HTTP_PIPELINE_GETS_MAX + 10);
	raw_fini(&c);
}

/* Who asks for much and takes nothing. */
static void test_answer_not_taken(void **state)
{
	struct world *w = *state;
	struct raw c = raw_connect(w->port);
	size_t size = 32 * 1024 * 1024;
	char *data = xcalloc(1, size);

	http_server_limits(w->server)->write_timeout_ms = 60;
	raw_fini(&c);
	c = raw_connect(w->port);
	raw_text(&c, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
	while (w->n_held == 0)
		raw_turn(w->base, 1);
	http_reply(w->server, w->held[0], 200, "x/y", NULL, data, size);
	for (int i = 0; i < 300 && log_text[0] == '\0'; i++)
		raw_turn(w->base, 1);
	assert_non_null(strstr(log_text, "http_peer_cut"));
	assert_non_null(strstr(log_text, "doesn't read"));
	free(data);
	raw_fini(&c);
}

/* --- limits ------------------------------------------------------------------------ */

static void send_many(struct raw *c, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		raw_text(c, text);
}

static void expect_refusal(
	struct world *w, struct raw *c, const char *status, const char *limit)
{
	until(w, c, NULL);
	must_have(c, status);
	must_have(c, limit);
	raw_fini(c);
}

static void test_limits_of_heads(void **state)
{
	struct world *w = *state;
	struct raw c = raw_connect(w->port);

	raw_text(&c, "GET /");
	send_many(&c, "0123456789abcdef", HTTP_REQUEST_LINE_MAX / 16 + 1);
	expect_refusal(w, &c, "HTTP/1.1 414 ", "HTTP_REQUEST_LINE_MAX");
	c = raw_connect(w->port);
	raw_text(&c, "GET / HTTP/1.1\r\nHost: x\r\nX: ");
	send_many(&c, "0123456789abcdef", HTTP_HEADERS_MAX / 16 + 1);
	expect_refusal(w, &c, "HTTP/1.1 431 ", "HTTP_HEADERS_MAX");
	c = raw_connect(w->port);
	raw_text(&c, "GET / HTTP/1.1\r\nHost: x\r\n");
	send_many(&c, "X: y\r\n", HTTP_HEADER_COUNT_MAX);
	expect_refusal(w, &c, "HTTP/1.1 431 ", "HTTP_HEADER_COUNT_MAX");
	c = raw_connect(w->port);
	raw_text(&c,
		"POST /echo HTTP/1.1\r\nHost: x\r\n"
		"Transfer-Encoding: chunked\r\n\r\n0\r\nT: ");
	send_many(&c, "0123456789abcdef", HTTP_HEADERS_MAX / 16 + 1);
	expect_refusal(w, &c, "HTTP/1.1 431 ", "trailers");
	c = raw_connect(w->port);
	raw_text(&c, "GET / HTTP/1.1\r\nHost: x\r\nX:");
	for (int i = 0; i < 4; i++) {
		char spaces[65536];

		memset(spaces, ' ', sizeof(spaces));
		raw_send(&c, spaces, sizeof(spaces));
		raw_turn(w->base, 1);
	}
	expect_refusal(w, &c, "HTTP/1.1 431 ", "HTTP_HEADERS_MAX");
}

static void test_limit_of_bodies(void **state)
{
	struct world *w = *state;
	struct raw c = raw_connect(w->port);

	http_server_limits(w->server)->body_max = 10;
	raw_text(&c,
		"POST /echo HTTP/1.1\r\nHost: x\r\n"
		"Content-Length: 11\r\n\r\n");
	expect_refusal(w, &c, "HTTP/1.1 413 ", "HTTP_BODY_MAX (10 bytes)");
	c = raw_connect(w->port);
	raw_text(&c,
		"POST /echo HTTP/1.1\r\nHost: x\r\n"
		"Transfer-Encoding: chunked\r\n\r\n"
		"6\r\nabcdef\r\n5\r\nabcde\r\n");
	expect_refusal(w, &c, "HTTP/1.1 413 ", "HTTP_BODY_MAX (10 bytes)");
	assert_int_equal(w->n_requests, 0);
	/* The handler had seen the heads. */
	assert_string_not_equal(buf_str(&w->gone), "");
	/* Not for who takes it as it arrives. */
	c = raw_connect(w->port);
	raw_text(&c,
		"POST /take HTTP/1.1\r\nHost: x\r\n"
		"Content-Length: 20\r\n\r\n01234567890123456789");
	until(w, &c, "took 20");
	raw_fini(&c);
}

static void test_timeouts(void **state)
{
	struct world *w = *state;
	struct http_limits *l = http_server_limits(w->server);
	struct raw c;
	struct raw d;

	l->head_timeout_ms = 60;
	l->body_timeout_ms = 60;
	l->idle_timeout_ms = 60;
	c = raw_connect(w->port);
	raw_text(&c, "GET / HTTP/1.1\r\nHo");
	expect_refusal(w, &c, "HTTP/1.1 408 ", "HTTP_HEAD_TIMEOUT_MS (60 ms)");
	c = raw_connect(w->port);
	raw_text(&c,
		"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n"
		"\r\n123");
	expect_refusal(w, &c, "HTTP/1.1 408 ", "HTTP_BODY_TIMEOUT_MS (60 ms)");
	c = raw_connect(w->port);
	until(w, &c, NULL);
	assert_int_equal(c.in.size, 0);
	raw_fini(&c);
	/* Whoever waits for an answer is not idle. */
	c = raw_connect(w->port);
	raw_text(&c, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
	d = raw_connect(w->port);
	until(w, &d, NULL);
	for (int i = 0; i < 100; i++)
		raw_turn(w->base, 1);
	raw_take(&c);
	assert_false(c.eof);
	http_reply_text(w->server, w->held[0], 200, "held");
	until(w, &c, "held");
	until(w, &c, NULL);
	raw_fini(&c);
	raw_fini(&d);
}

static void test_connections_per_address(void **state)
{
	struct world *w = *state;
	struct raw all[4];

	http_server_limits(w->server)->connections_per_address_max = 2;
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		all[i] = raw_connect(w->port);
	for (size_t i = 2; i < ARRAY_LEN(all); i++)
		expect_refusal(w, &all[i], "HTTP/1.1 429 ",
			"HTTP_CONNECTIONS_PER_ADDRESS_MAX (2)");
	raw_text(&all[0], "GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
	until(w, &all[0], "GET /a");
	raw_fini(&all[0]);
	raw_turn(w->base, 5);
	all[0] = raw_connect(w->port);
	raw_text(&all[0], "GET /b HTTP/1.1\r\nHost: x\r\n\r\n");
	until(w, &all[0], "GET /b");
	raw_fini(&all[0]);
	raw_fini(&all[1]);
}

/* --- bodies -------------------------------------------------------------------------- */

static void gzip(struct buf *to, const void *data, size_t size)
{
	z_stream z = { .next_in = (z_const Bytef *)(uintptr_t)data,
		.avail_in = (uInt)size };
	uLong bound;

	assert_int_equal(
		deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY),
		Z_OK);
	bound = deflateBound(&z, size);
	z.next_out = (Bytef *)buf_reserve(to, bound);
	z.avail_out = (uInt)bound;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	to->size += bound - z.avail_out;
	(void)deflateEnd(&z);
}

static void post_gzip(
	struct raw *c, const char *path, const struct buf *body, size_t cut)
{
	struct buf head = BUF_INIT;

	buf_printf(&head,
		"POST %s HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\n"
		"Content-Length: %zu\r\n\r\n",
		path, body->size - cut);
	raw_send(c, head.data, head.size);
	raw_send(c, body->data, body->size - cut);
	buf_fini(&head);
}

static void test_gzip_in(void **state)
{
	struct world *w = *state;
	struct raw c = raw_connect(w->port);
	struct buf body = BUF_INIT;
	size_t one;

	gzip(&body, "hello, ", 7);
	one = body.size;
	gzip(&body, "world", 5); /* a second member */
	post_gzip(&c, "/echo", &body, 0);
	until(w, &c, "\r\n\r\nhello, world");
	post_gzip(&c, "/take", &body, 0);
	until(w, &c, "took 12");
	post_gzip(&c, "/echo", &body, 3);
	until(w, &c, NULL);
	must_have(&c, "compressed body is cut off");
	raw_fini(&c);
	assert_true(one > 0);
	buf_fini(&body);
}

static void test_gzip_bomb(void **state)
{
	struct world *w = *state;
	struct raw c = raw_connect(w->port);
	struct buf body = BUF_INIT;
	size_t size = 8 * 1024 * 1024;
	char *zeros = xcalloc(1, size);

	gzip(&body, zeros, size);
	free(zeros);
	post_gzip(&c, "/echo", &body, 0);
	expect_refusal(w, &c, "HTTP/1.1 413 ", "HTTP_GZIP_RATIO_MAX");
	assert_int_equal(w->n_requests, 0);
	buf_fini(&body);
}

static void gunzip_answer(const struct raw *c, struct buf *to)
{
	const char *body = strstr(c->in.data, "\r\n\r\n") + 4;
	z_stream z = { .next_in = (z_const Bytef *)(uintptr_t)body,
		.avail_in = (uInt)(c->in.size - (size_t)(body - c->in.data)) };

	assert_int_equal(inflateInit2(&z, 31), Z_OK);
	z.next_out = (Bytef *)buf_reserve(to, 10000);
	z.avail_out = 10000;
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	to->size = 10000 - z.avail_out;
	(void)inflateEnd(&z);
}

static void test_gzip_out(void **state)
{
	struct world *w = *state;
	static const struct {
		const char *accept;
		int size;
		bool gzip;
	} table[] = {
		{ "gzip", 1024, true },
		{ "gzip", 1023, false },
		{ "deflate, GZIP;q=0.5", 5000, true },
		{ "gzip;q=0", 5000, false },
		{ "gzip; q=0.000, *", 5000, false },
		{ "*", 5000, true },
		{ "*;q=0", 5000, false },
		{ "identity", 5000, false },
		{ "", 5000, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct raw c = raw_connect(w->port);
		struct buf request = BUF_INIT;
		struct buf body = BUF_INIT;

		buf_printf(&request,
			"POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close"
			"\r\nAccept-Encoding: %s\r\nContent-Length: %d\r\n\r\n"
			"%0*d",
			table[i].accept, table[i].size, table[i].size, 7);
		raw_send(&c, request.data, request.size);
		until(w, &c, NULL);
		if (table[i].gzip) {
			must_have(&c, "Content-Encoding: gzip\r\n");
			gunzip_answer(&c, &body);
			assert_int_equal(body.size, table[i].size);
			assert_memory_equal(body.data,
				request.data + request.size - body.size,
				body.size);
		} else {
			assert_null(strstr(c.in.data, "Content-Encoding"));
			must_have(&c, "0000000000000007");
		}
		raw_fini(&c);
		buf_fini(&request);
		buf_fini(&body);
	}
}

/* A body is consumable as it arrives. */
static void test_body_stream(void **state)
{
	struct world *w = *state;
	struct raw c = raw_connect(w->port);

	raw_text(&c,
		"POST /take HTTP/1.1\r\nHost: x\r\n"
		"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
	while (w->streamed.size < 3)
		raw_turn(w->base, 1);
	assert_false(w->streamed_all);
	raw_text(&c, "2\r\nde\r\n");
	while (w->streamed.size < 5)
		raw_turn(w->base, 1);
	raw_text(&c, "0\r\n\r\n");
	until(w, &c, "took 5");
	assert_int_equal(w->n_requests, 0);
	assert_true(w->streamed_all);
	raw_fini(&c);
}

/* --- streams --------------------------------------------------------------------------- */

static struct raw open_stream(struct world *w)
{
	struct raw c = raw_connect(w->port);

	raw_text(&c, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
	until(w, &c, "text/x-stream");
	return c;
}

static void test_stream(void **state)
{
	struct world *w = *state;
	struct raw c = open_stream(w);

	must_have(&c, "Transfer-Encoding: chunked\r\n");
	http_stream_send(w->server, w->stream, "0123456789abcdefgh", 18);
	until(w, &c, "\r\n12\r\n0123456789abcdefgh\r\n");
	http_stream_send(w->server, w->stream, "", 0); /* not the end */
	http_stream_close(w->server, w->stream);
	until(w, &c, "\r\n0\r\n\r\n");
	raw_text(&c, "GET /next HTTP/1.1\r\nHost: x\r\n\r\n");
	until(w, &c, "GET /next");
	raw_fini(&c);
	c = raw_connect(w->port);
	raw_text(&c, "GET /stream HTTP/1.0\r\n\r\n");
	until(w, &c, "text/x-stream");
	http_stream_send(w->server, w->stream, "plain", 5);
	http_stream_close(w->server, w->stream);
	until(w, &c, NULL);
	must_have(&c, "\r\n\r\nplain");
	assert_int_equal(w->gone.size, 0);
	raw_fini(&c);
}

static void until_gone(struct world *w)
{
	for (int i = 0; i < 1000 && w->gone.size == 0; i++)
		raw_turn(w->base, 1);
	assert_true(w->gone.size > 0);
}

static void test_stream_gone(void **state)
{
	struct world *w = *state;
	struct raw c = open_stream(w);
	char *want = xasprintf("%llu;", (unsigned long long)w->stream);

	raw_fini(&c);
	until_gone(w);
	assert_string_equal(w->gone.data, want);
	assert_int_equal(http_stream_queued(w->server, w->stream), 0);
	free(want);
}

/* A reader that doesn't read is cut off, and the memory given back. */
static void test_slow_reader(void **state)
{
	struct world *w = *state;
	struct raw slow = open_stream(w);
	uint64_t slow_id = w->stream;
	struct raw good = open_stream(w);
	char piece[65536];
	size_t sent = 0;

	memset(piece, 'x', sizeof(piece));
	while (w->gone.size == 0 && sent < 64 * 1024 * 1024) {
		http_stream_send(w->server, slow_id, piece, sizeof(piece));
		http_stream_send(w->server, w->stream, piece, 1);
		sent += sizeof(piece);
		assert_true(http_stream_queued(w->server, slow_id) <=
			HTTP_STREAM_QUEUE_MAX + sizeof(piece) + 16);
		raw_turn(w->base, 0);
		raw_take(&good);
	}
	assert_true(w->gone.size > 0);
	assert_non_null(strstr(log_text, "http_stream_cut peer=127.0.0.1:"));
	assert_non_null(strstr(log_text, "reads too slowly"));
	http_stream_close(w->server, w->stream);
	until(w, &good, "0\r\n\r\n");
	raw_fini(&slow);
	raw_fini(&good);
}

/* The first event of a big cluster's stream is larger than the queue. */
static void test_large_piece(void **state)
{
	struct world *w = *state;
	struct raw c = open_stream(w);
	size_t size = 2 * HTTP_STREAM_QUEUE_MAX;
	char *piece = xcalloc(1, size);

	http_stream_send(w->server, w->stream, piece, size);
	http_stream_close(w->server, w->stream);
	until(w, &c, "\r\n0\r\n\r\n");
	assert_true(c.in.size > size);
	assert_int_equal(w->gone.size, 0);
	free(piece);
	raw_fini(&c);
}

/* `nc -N`: the end of its input is not the end of its interest. */
static void test_half_closed(void **state)
{
	struct world *w = *state;
	struct raw c = raw_connect(w->port);

	raw_text(&c,
		"GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"
		"GET /b HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(shutdown(c.fd, SHUT_WR), 0);
	for (int i = 0; i < 10; i++)
		raw_turn(w->base, 1);
	assert_int_equal(w->n_held, 1);
	http_reply_text(w->server, w->held[0], 200, "held");
	until(w, &c, NULL);
	must_have(&c, "held");
	must_have(&c, "GET /b");
	assert_int_equal(w->gone.size, 0);
	raw_fini(&c);
	/* Half a request has no answer. */
	c = raw_connect(w->port);
	raw_text(&c,
		"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n"
		"\r\n123");
	assert_int_equal(shutdown(c.fd, SHUT_WR), 0);
	until(w, &c, NULL);
	assert_int_equal(c.in.size, 0);
	assert_true(w->gone.size > 0);
	raw_fini(&c);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_exchanges),
		TEST(test_exchanges_by_bytes),
		TEST(test_head_has_no_body),
		TEST(test_continue),
		TEST(test_pipelined_order),
		TEST(test_pipeline_bounded),
		TEST(test_pipelined_gets_bounded),
		TEST(test_answer_not_taken),
		TEST(test_limits_of_heads),
		TEST(test_limit_of_bodies),
		TEST(test_timeouts),
		TEST(test_connections_per_address),
		TEST(test_gzip_in),
		TEST(test_gzip_bomb),
		TEST(test_gzip_out),
		TEST(test_body_stream),
		TEST(test_stream),
		TEST(test_stream_gone),
		TEST(test_slow_reader),
		TEST(test_large_piece),
		TEST(test_half_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
