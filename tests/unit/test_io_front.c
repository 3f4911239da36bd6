/* Routes, media types, and effects that become answers, over real sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <event2/event.h>
#include <sys/socket.h>

#include "common/arena.h"
#include "common/err.h"
#include "common/io_front.h"
#include "common/io_http.h"
#include "common/outbox.h"
#include "mesos/v1/scheduler/scheduler.pb-c.h"

struct world {
	struct event_base *base;
	struct front *front;
	struct outbox out;
	uint64_t stream;
	uint64_t down;
	int fd;
	char got[65536];
	size_t n;
};

static void carry_out(struct world *w)
{
	struct effect *e;

	TAILQ_FOREACH (e, &w->out.effects, next)
		front_effect(w->front, e);
	outbox_reset(&w->out);
}

static void on_call(void *ctx, const struct front_route *route,
	struct http_req *r, const uint8_t *body, size_t size)
{
	struct world *w = ctx;
	Mesos__V1__Scheduler__Call *call;

	(void)route;
	call = (Mesos__V1__Scheduler__Call *)(void *)front_decode(w->front, r,
		&mesos__v1__scheduler__call__descriptor, &w->out.arena, body,
		size);
	if (call == NULL || front_accept(w->front, r) != 0)
		return;
	if (call->type == MESOS__V1__SCHEDULER__CALL__TYPE__SUBSCRIBE) {
		Mesos__V1__Scheduler__Event ev =
			MESOS__V1__SCHEDULER__EVENT__INIT;

		ev.has_type = 1;
		ev.type = MESOS__V1__SCHEDULER__EVENT__TYPE__HEARTBEAT;
		w->stream = http_req_id(r);
		front_stream_id_set(w->front, w->stream, "the-stream");
		outbox_stream_open(&w->out, w->stream);
		outbox_stream_send(&w->out, w->stream, &ev.base);
		outbox_stream_send(&w->out, w->stream, &ev.base);
	} else {
		outbox_reply(&w->out, http_req_id(r), 200, &call->base);
	}
	carry_out(w);
}

static void on_text(void *ctx, const struct front_route *route,
	struct http_req *r, const uint8_t *body, size_t size)
{
	struct world *w = ctx;
	char *value =
		front_form_value(&w->out.arena, body, size, "frameworkId");

	if (value != NULL)
		outbox_reply_text(
			&w->out, http_req_id(r), 200, "form %s", value);
	else if (route->arg == 1)
		outbox_reply_json(&w->out, http_req_id(r), "{\"a\":1}", 7);
	else
		outbox_reply_text(
			&w->out, http_req_id(r), 200, "route %d", route->arg);
	carry_out(w);
}

/* Answers without an effect. */
static void on_now(void *ctx, const struct front_route *route,
	struct http_req *r, const uint8_t *body, size_t size)
{
	struct world *w = ctx;

	(void)route, (void)body, (void)size;
	http_reply_text(front_server(w->front), http_req_id(r), 200, "at once");
}

static void on_down(void *ctx, uint64_t stream)
{
	struct world *w = ctx;

	w->down = stream;
}

static const struct front_route routes[] = {
	{ .path = "/api/v1/scheduler", .methods = "POST", .handle = on_call },
	{ .path = "/api/v1", .methods = "POST", .handle = on_text, .arg = 2 },
	{ .path = "/json", .handle = on_text, .arg = 1 },
	{ .path = "/now", .handle = on_now },
	{ .path = "/exact", .handle = on_text, .arg = 3, .exact = true },
	{ .path = NULL },
};
static const char *const prefixes[] = { "/master", "/slave(1)", NULL };
static const struct front_ops ops = { routes, prefixes, on_down };

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct err e = { 0 };

	w->base = event_base_new();
	outbox_init(&w->out);
	w->front = front_new(w->base, &ops, w);
	if (http_server_listen(
		    front_server(w->front), "127.0.0.1", 0, NULL, &e) != 0)
		return -1;
	w->fd = socket(AF_INET, SOCK_STREAM, 0);
	to.sin_port = htons(http_server_port(front_server(w->front)));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(w->fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		return -1;
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	if (w->fd >= 0)
		close(w->fd);
	front_free(w->front);
	outbox_fini(&w->out);
	event_base_free(w->base);
	free(w);
	return 0;
}

/* Sends, runs the loop, and reads what came, until `want` is in it. */
static const char *talk(struct world *w, const char *request, const char *want)
{
	ssize_t n;

	w->n = 0;
	w->got[0] = '\0';
	assert_int_equal(write(w->fd, request, strlen(request)),
		(ssize_t)strlen(request));
	for (int i = 0; i < 200; i++) {
		event_base_loop(w->base, EVLOOP_NONBLOCK);
		n = recv(w->fd, w->got + w->n, sizeof(w->got) - w->n - 1,
			MSG_DONTWAIT);
		if (n > 0)
			w->n += (size_t)n;
		w->got[w->n] = '\0';
		if (strstr(w->got, want) != NULL)
			return w->got;
		usleep(1000);
	}
	fprintf(stderr, "wanted '%s', got: %s\n", want, w->got);
	return w->got;
}

static const char *post(struct world *w, const char *path, const char *headers,
	const char *body, const char *want)
{
	static char request[8192];

	snprintf(request, sizeof(request),
		"POST %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n%s",
		path, headers, strlen(body), body);
	return talk(w, request, want);
}

#define JSON_TYPE	   "Content-Type: application/json\r\n"
#define EXPECT(text, want) assert_non_null(strstr((text), (want)))

static void test_routes(void **state)
{
	struct world *w = *state;
	static const struct {
		const char *path, *want;
	} rows[] = {
		{ "/json", "{\"a\":1}" },
		{ "/json/", "{\"a\":1}" },
		{ "/master/json", "{\"a\":1}" },
		{ "/slave(1)/json", "{\"a\":1}" },
		{ "/slave%281%29/json", "{\"a\":1}" },
		{ "/json?jsonp=cb.x", "cb.x({\"a\":1})" },
		{ "/json?jsonp=alert(1)", " 400 " },
		{ "/now?jsonp=cb", "at once" },
		{ "/exact", "route 3" },
		{ "/exact/x", " 404 " },
		{ "/jsonx", " 404 " },
		{ "/", " 404 " },
		{ "/api/v1", " 405 " },
	};
	char request[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(request, sizeof(request),
			"GET %s HTTP/1.1\r\nHost: x\r\n\r\n", rows[i].path);
		EXPECT(talk(w, request, rows[i].want), rows[i].want);
		assert_int_equal(front_pending(w->front), 0);
	}
	EXPECT(talk(w, "GET /api/v1 HTTP/1.1\r\nHost: x\r\n\r\n", "Allow"),
		"Allow: POST");
	EXPECT(post(w, "/api/v1/other", "", "", "route 2"), "route 2");
}

static void test_calls(void **state)
{
	struct world *w = *state;
	const char *revive = "{\"type\":\"REVIVE\"}";
	const char *s = "/api/v1/scheduler";

	EXPECT(post(w, s, JSON_TYPE, revive, "REVIVE"), "200 OK");
	EXPECT(post(w, "/api/v1/scheduler/x", JSON_TYPE, revive, "REVIVE"),
		"application/json");
	EXPECT(post(w, s, "", revive, "Content-Type"), " 400 ");
	EXPECT(post(w, s, "Content-Type: text/plain\r\n", revive, " 415 "),
		" 415 ");
	EXPECT(post(w, s, JSON_TYPE, "{", " 400 "), " 400 ");
	EXPECT(post(w, s, JSON_TYPE "Accept: text/html\r\n", revive, " 406 "),
		" 406 ");
	EXPECT(post(w, s, JSON_TYPE "Accept: application/x-protobuf\r\n",
		       revive, "200 OK"),
		"application/x-protobuf");
}

static void test_form(void **state)
{
	struct world *w = *state;

	EXPECT(post(w, "/exact", "", "a=b&frameworkId=x%2Dy+z&c=d", "form"),
		"form x-y z");
	EXPECT(post(w, "/exact", "", "frameworkId", "route"), "route 3");
	EXPECT(post(w, "/exact", "", "frameworkId=%2", "form"), "form %2");
}

static void test_stream(void **state)
{
	struct world *w = *state;
	const char *record = "20\n{\"type\":\"HEARTBEAT\"}";
	const char *got = post(w, "/api/v1/scheduler", JSON_TYPE,
		"{\"type\":\"SUBSCRIBE\"}", record);

	EXPECT(got, "Transfer-Encoding: chunked");
	EXPECT(got, "Mesos-Stream-Id: the-stream");
	EXPECT(got, record);
	/* One chunk a record: a client in the field splits at chunks. */
	EXPECT(got, "17\r\n20\n{\"type\":\"HEARTBEAT\"}\r\n17\r\n20\n");
	close(w->fd);
	w->fd = -1;
	for (int i = 0; i < 200 && w->down == 0; i++) {
		event_base_loop(w->base, EVLOOP_NONBLOCK);
		usleep(1000);
	}
	assert_int_equal(w->down, w->stream);
	/* Late effects on it are dropped. */
	outbox_stream_close(&w->out, w->stream);
	outbox_reply(&w->out, w->stream, 202, NULL);
	carry_out(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_routes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_calls, setup, teardown),
		cmocka_unit_test_setup_teardown(test_form, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stream, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
