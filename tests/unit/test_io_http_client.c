/* The HTTP client against servers that say exactly these bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/io_http.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/mem.h"
#include "raw.h"

struct world {
	struct event_base *base;
	struct http_client *client;
	int listener;
	uint16_t port;
	int n_done;
	struct buf answers; /* "status:body;" of each done */
	struct err e;	    /* of the last */
	struct buf pieces;
	int n_heads;
	char header[64];
	bool free_in_head;
	bool free_in_body;
	bool again; /* done calls once more */
};

static const struct http_call_ops CALL;

static void on_done(void *ctx, int status, const uint8_t *body, size_t size,
	const struct err *e)
{
	struct world *w = ctx;

	w->n_done++;
	w->e = *e;
	buf_printf(
		&w->answers, "%d:%.*s;", status, (int)size, (const char *)body);
	if (w->again) {
		w->again = false;
		http_call(w->client, "GET", "/again", NULL, NULL, 0, &CALL, w);
	}
}

static const struct http_call_ops CALL = { .done = on_done };

static void on_head(void *ctx, const struct http_response *r)
{
	struct world *w = ctx;
	const char *value = r->header(r, "X-TEST");

	w->n_heads++;
	(void)snprintf(w->header, sizeof(w->header), "%d %s", r->status,
		value != NULL ? value : "(none)");
	if (w->free_in_head)
		http_client_free(STEAL(w->client));
}

static void on_body(void *ctx, const uint8_t *data, size_t size)
{
	struct world *w = ctx;

	buf_add(&w->pieces, data, size);
	if (w->free_in_body)
		http_client_free(STEAL(w->client));
}

static const struct http_call_ops STREAM = { on_head, on_body, on_done };

static int setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof(sa);
	struct http_endpoint to = { .host = "127.0.0.1" };

	w->base = event_base_new();
	w->listener =
		socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(
		bind(w->listener, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(w->listener, 8), 0);
	assert_int_equal(
		getsockname(w->listener, (struct sockaddr *)&sa, &size), 0);
	to.port = w->port = ntohs(sa.sin_port);
	w->client = http_client_new(w->base, &to);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	http_client_free(w->client);
	event_base_free(w->base);
	if (w->listener >= 0)
		(void)close(w->listener);
	buf_fini(&w->answers);
	buf_fini(&w->pieces);
	free(w);
	return 0;
}

static void get(struct world *w, const char *method, const char *target)
{
	http_call(w->client, method, target, NULL, NULL, 0, &CALL, w);
}

static struct raw accept_one(struct world *w)
{
	int fd = -1;

	for (int i = 0; i < 3000 && fd < 0; i++) {
		raw_turn(w->base, 1);
		fd = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC);
	}
	assert_true(fd >= 0);
	return raw_of(fd);
}

static void until(struct world *w, struct raw *c, const char *text)
{
	if (!raw_until(c, w->base, text))
		fail_msg("'%s' never came, only '%s'",
			text != NULL ? text : "the end", buf_str(&c->in));
}

static void until_done(struct world *w, int n)
{
	for (int i = 0; i < 3000 && w->n_done < n; i++)
		raw_turn(w->base, 1);
	assert_int_equal(w->n_done, n);
}

static void expect(struct world *w, int n, const char *answers)
{
	until_done(w, n);
	assert_string_equal(buf_str(&w->answers), answers);
}

#define OK(body_size) "HTTP/1.1 200 OK\r\nContent-Length: " body_size "\r\n\r\n"

/* --- one call ------------------------------------------------------------------- */

static void test_request(void **state)
{
	struct world *w = *state;
	static const struct http_header headers[] = {
		{ "X-A", "b" },
		{ "X-Evil", "c\r\nX-Injected: d" },
		{ NULL, NULL },
	};
	struct raw c;
	char host[64];

	http_call(w->client, "POST", "/p?q", headers, "body", 4, &CALL, w);
	c = accept_one(w);
	until(w, &c, "\r\n\r\nbody");
	assert_non_null(strstr(c.in.data, "POST /p?q HTTP/1.1\r\n"));
	(void)snprintf(
		host, sizeof(host), "\r\nHost: 127.0.0.1:%u\r\n", w->port);
	assert_non_null(strstr(c.in.data, host));
	assert_non_null(strstr(c.in.data, "\r\nContent-Length: 4\r\n"));
	assert_non_null(strstr(c.in.data, "\r\nAccept-Encoding: gzip\r\n"));
	assert_non_null(strstr(c.in.data, "\r\nX-A: b\r\n"));
	assert_null(strstr(c.in.data, "\nX-Injected"));
	raw_text(&c, OK("2") "ok");
	expect(w, 1, "200:ok;");
	raw_fini(&c);
}

struct answer {
	const char *method;
	const char *bytes;
	bool closed; /* after them */
	const char *expected;
};

static const struct answer ANSWERS[] = {
	{ "GET", OK("0"), false, "200:;" },
	{ "GET",
		"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n"
		"2\r\nab\r\n1;x\r\nc\r\n0\r\nT: t\r\n\r\n",
		false, "404:abc;" },
	{ "GET", "HTTP/1.1 200 OK\r\n\r\nuntil the end", true,
		"200:until the end;" },
	{ "GET", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nxy", false,
		"200:xy;" },
	{ "GET",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Wait\r\n\r\n" OK(
			"1") "a",
		false, "200:a;" },
	{ "HEAD", OK("1000"), false, "200:;" },
	{ "GET", "HTTP/1.1 204 No Content\r\n\r\n", false, "204:;" },
	{ "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
		false, "304:;" },
	{ "GET", OK("5") "abc", true, "0:;" },
	{ "GET", "", true, "0:;" },
	{ "GET", "SSH-2.0-OpenSSH_9.2p1\r\n", false, "0:;" },
	{ "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab",
		true, "0:;" },
	{ "GET",
		"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n"
		"Content-Length: 1\r\n\r\nx",
		false, "0:;" },
	{ "GET",
		"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
		"Content-Length: 3\r\n\r\nxyz",
		false, "0:;" },
};

static void test_answers(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < 2 * ARRAY_LEN(ANSWERS); i++) {
		const struct answer *a = &ANSWERS[i / 2];
		bool by_bytes = i % 2 != 0;
		struct raw c;

		w->n_done = 0;
		buf_clear(&w->answers);
		get(w, a->method, "/");
		c = accept_one(w);
		until(w, &c, "\r\n\r\n");
		for (const char *p = a->bytes; by_bytes && *p != '\0'; p++) {
			raw_send(&c, p, 1);
			raw_turn(w->base, 0);
		}
		if (!by_bytes)
			raw_text(&c, a->bytes);
		if (a->closed)
			raw_fini(&c);
		for (int j = 0; j < 3000 && w->n_done == 0; j++)
			raw_turn(w->base, 1);
		if (strcmp(buf_str(&w->answers), a->expected) != 0)
			fail_msg("'%s' gave '%s' (%s)", a->bytes,
				buf_str(&w->answers), w->e.text);
		raw_fini(&c);
		raw_turn(w->base, 1);
	}
}

static void test_stream(void **state)
{
	struct world *w = *state;
	struct raw c;

	http_call(w->client, "GET", "/s", NULL, NULL, 0, &STREAM, w);
	http_client_timeout(w->client, 50);
	c = accept_one(w);
	until(w, &c, "\r\n\r\n");
	raw_text(&c,
		"HTTP/1.1 200 OK\r\nX-Test: y\r\n"
		"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
	for (int i = 0; i < 1000 && w->pieces.size < 3; i++)
		raw_turn(w->base, 1);
	assert_string_equal(w->header, "200 y");
	/* Pieces have no deadline. */
	for (int i = 0; i < 100; i++)
		raw_turn(w->base, 1);
	assert_int_equal(w->n_done, 0);
	raw_text(&c, "2\r\nde\r\n0\r\n\r\n");
	expect(w, 1, "200:;");
	assert_string_equal(w->pieces.data, "abcde");
	assert_int_equal(w->n_heads, 1);
	raw_fini(&c);
}

/* --- many calls --------------------------------------------------------------------- */

static void test_pipelined(void **state)
{
	struct world *w = *state;
	struct raw c;

	http_client_depth(w->client, 3);
	get(w, "GET", "/1");
	get(w, "GET", "/2");
	get(w, "GET", "/3");
	get(w, "GET", "/4");
	c = accept_one(w);
	until(w, &c, "GET /3");
	for (int i = 0; i < 10; i++)
		raw_turn(w->base, 1);
	raw_take(&c);
	assert_null(strstr(c.in.data, "GET /4"));
	raw_text(&c, OK("1") "1" OK("1") "2");
	until(w, &c, "GET /4");
	raw_text(&c, OK("1") "3" OK("1") "4");
	expect(w, 4, "200:1;200:2;200:3;200:4;");
	raw_fini(&c);
}

/* A connection kept alive may be closed just when we write: a GET is asked
 * again, once; a POST may have been done, and has failed. */
static void test_reused_connection_breaks(void **state)
{
	struct world *w = *state;
	struct raw c;
	struct raw d;

	http_client_depth(w->client, 3);
	get(w, "GET", "/1");
	c = accept_one(w);
	until(w, &c, "GET /1");
	raw_text(&c, OK("1") "1");
	expect(w, 1, "200:1;");
	get(w, "GET", "/2");
	get(w, "POST", "/3");
	until(w, &c, "POST /3");
	raw_fini(&c);
	d = accept_one(w);
	expect(w, 2, "200:1;0:;");
	assert_non_null(strstr(w->e.text, "POST /3: 127.0.0.1:"));
	assert_non_null(strstr(w->e.text, "before its answer was complete"));
	until(w, &d, "GET /2");
	assert_null(strstr(d.in.data, "POST"));
	raw_fini(&d);
	expect(w, 3, "200:1;0:;0:;"); /* not a third time */
}

static void test_server_closes_after_answer(void **state)
{
	struct world *w = *state;
	struct raw c;
	struct raw d;

	http_client_depth(w->client, 3);
	get(w, "POST", "/1");
	get(w, "POST", "/2");
	c = accept_one(w);
	until(w, &c, "POST /2");
	raw_text(&c,
		"HTTP/1.1 200 OK\r\nConnection: close\r\n"
		"Content-Length: 1\r\n\r\n1");
	d = accept_one(w);
	until(w, &d, "POST /2");
	raw_text(&d, OK("1") "2");
	expect(w, 2, "200:1;200:2;");
	raw_fini(&c);
	raw_fini(&d);
}

/* --- what goes wrong ------------------------------------------------------------------- */

static void test_nobody_listens(void **state)
{
	struct world *w = *state;

	(void)close(w->listener);
	w->listener = -1;
	w->again = true; /* asked again from `done`: no endless loop */
	get(w, "GET", "/1");
	get(w, "GET", "/2");
	expect(w, 3, "0:;0:;0:;");
	assert_non_null(strstr(w->e.text, "GET /again: connecting to 127"));
	assert_non_null(strstr(w->e.text, "Connection refused"));
}

static void test_unknown_name(void **state)
{
	struct world *w = *state;
	struct http_endpoint to = { .host = "no-such-host.invalid", .port = 1 };

	http_client_free(w->client);
	w->client = http_client_new(w->base, &to);
	get(w, "GET", "/1");
	until_done(w, 1);
	assert_int_equal(w->e.code, ERR_NOT_FOUND);
	assert_non_null(strstr(w->e.text, "name 'no-such-host.invalid'"));
	/* And given up while it is looked up. */
	get(w, "GET", "/2");
	raw_turn(w->base, 1);
	http_client_free(STEAL(w->client));
	assert_int_equal(w->n_done, 2);
}

/* A name is looked up in a thread of its own. */
static void test_known_name(void **state)
{
	struct world *w = *state;
	struct http_endpoint to = { .host = "localhost", .port = w->port };
	struct raw c;

	http_client_free(w->client);
	w->client = http_client_new(w->base, &to);
	get(w, "GET", "/1"); /* perhaps by way of ::1, which refuses */
	c = accept_one(w);
	until(w, &c, "Host: localhost:");
	raw_text(&c, OK("1") "1");
	expect(w, 1, "200:1;");
	raw_fini(&c);
}

static void test_timeout(void **state)
{
	struct world *w = *state;
	struct raw c;

	http_client_timeout(w->client, 50);
	get(w, "GET", "/slow");
	c = accept_one(w);
	until_done(w, 1);
	assert_int_equal(w->e.code, ERR_TIMEOUT);
	assert_non_null(strstr(w->e.text, "didn't answer within 50 ms"));
	until(w, &c, NULL);
	raw_fini(&c);
}

static void test_unasked_answer(void **state)
{
	struct world *w = *state;
	struct raw c;

	get(w, "GET", "/1");
	c = accept_one(w);
	until(w, &c, "GET /1");
	raw_text(&c, OK("1") "1" OK("1") "2");
	expect(w, 1, "200:1;");
	until(w, &c, NULL);
	raw_fini(&c);
	get(w, "GET", "/3");
	c = accept_one(w);
	until(w, &c, "GET /3");
	raw_text(&c, OK("1") "3");
	expect(w, 2, "200:1;200:3;");
	raw_fini(&c);
}

static void test_freed_early(void **state)
{
	struct world *w = *state;

	get(w, "GET", "/1");
	http_client_free(STEAL(w->client));
	assert_int_equal(w->n_done, 1);
	assert_non_null(strstr(w->e.text, "given up"));
}

static void freed_inside(struct world *w)
{
	struct raw c;

	http_call(w->client, "GET", "/s", NULL, NULL, 0, &STREAM, w);
	get(w, "GET", "/t");
	c = accept_one(w);
	until(w, &c, "\r\n\r\n");
	raw_text(&c, OK("3") "abc");
	expect(w, 2, "0:;0:;");
	assert_null(w->client);
	raw_fini(&c);
}

static void test_freed_in_head(void **state)
{
	struct world *w = *state;

	w->free_in_head = true;
	freed_inside(w);
	assert_int_equal(w->pieces.size, 0);
}

static void test_freed_in_body(void **state)
{
	struct world *w = *state;

	w->free_in_body = true;
	freed_inside(w);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_request),
		TEST(test_answers),
		TEST(test_stream),
		TEST(test_pipelined),
		TEST(test_reused_connection_breaks),
		TEST(test_server_closes_after_answer),
		TEST(test_nobody_listens),
		TEST(test_unknown_name),
		TEST(test_known_name),
		TEST(test_timeout),
		TEST(test_unasked_answer),
		TEST(test_freed_early),
		TEST(test_freed_in_head),
		TEST(test_freed_in_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
