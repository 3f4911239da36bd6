/* HTTP over real sockets on loopback: both sides, in one loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/io_http.h"
#include "common/io_link.h"
#include "common/mem.h"

struct world {
	struct event_base *base;
	struct http_server *server;
	struct http_client *client;
	uint64_t stream_id;
	int n_requests;
	int n_gone;
	int n_done;
	struct buf answers; /* "status:body;" of each done */
	struct link *server_link;
	struct link *client_link;
	int n_frames;
	int n_down;
};

static void on_frame(void *ctx, struct link *l, const uint8_t *data, size_t n)
{
	struct world *w = ctx;

	w->n_frames++;
	if (l == w->server_link)
		link_send(l, data, n); /* echo */
}

static void on_link_down(void *ctx, struct link *l, const struct err *why)
{
	struct world *w = ctx;

	(void)why;
	if (l == w->server_link)
		w->server_link = NULL;
	else
		w->client_link = NULL;
	w->n_down++;
}

static const struct link_ops LINK_OPS = { on_frame, on_link_down };

static void on_request(
	void *ctx, struct http_req *r, const uint8_t *body, size_t size)
{
	struct world *w = ctx;
	uint64_t id = http_req_id(r);

	w->n_requests++;
	if (strcmp(http_req_path(r), LINK_TARGET) == 0) {
		struct conn *c = http_upgrade(w->server, id, LINK_PROTOCOL);

		if (c != NULL)
			w->server_link = link_new(c, &LINK_OPS, w);
	} else if (strcmp(http_req_path(r), "/echo") == 0) {
		http_reply(w->server, id, 200, "application/octet-stream", NULL,
			body, size);
	} else {
		http_reply_text(w->server, id, 404, "no %s", http_req_path(r));
	}
}

static void on_gone(void *ctx, uint64_t id)
{
	struct world *w = ctx;

	(void)id;
	w->n_gone++;
}

static const struct http_server_ops OPS = { NULL, on_request, on_gone };

static void on_done(void *ctx, int status, const uint8_t *body, size_t size,
	const struct err *e)
{
	struct world *w = ctx;

	w->n_done++;
	buf_printf(&w->answers, "%d:%.*s;", status,
		(int)(status != 0 ? size : strlen(e->text)),
		status != 0 ? (const char *)body : e->text);
}

static const struct http_call_ops CALL = { .done = on_done };

static int setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	struct http_endpoint to = { .host = "127.0.0.1" };

	w->base = event_base_new();
	w->server = http_server_new(w->base, &OPS, w);
	assert_int_equal(
		http_server_listen(w->server, "127.0.0.1", 0, NULL, NULL), 0);
	to.port = http_server_port(w->server);
	w->client = http_client_new(w->base, &to);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	http_client_free(w->client);
	http_server_free(w->server);
	event_base_free(w->base);
	buf_fini(&w->answers);
	free(w);
	return 0;
}

static void run_until(struct world *w, const int *counter, int n)
{
	for (int i = 0; i < 5000 && *counter < n; i++) {
		struct timeval tv = { .tv_usec = 1000 };

		event_base_loopexit(w->base, &tv);
		event_base_loop(w->base, EVLOOP_ONCE);
	}
	assert_int_equal(*counter, n);
}

static void test_calls(void **state)
{
	struct world *w = *state;

	http_call(w->client, "POST", "/echo", NULL, "hello", 5, &CALL, w);
	http_call(w->client, "GET", "/x", NULL, NULL, 0, &CALL, w);
	run_until(w, &w->n_done, 2);
	assert_string_equal(w->answers.data, "200:hello;404:no /x;");
}

static void on_upgraded(void *ctx, struct conn *c, const struct err *e)
{
	struct world *w = ctx;

	(void)e;
	w->n_done++;
	assert_non_null(c);
	w->client_link = link_new(c, &LINK_OPS, w);
	link_send(w->client_link, "ping", 4);
}

static void test_link(void **state)
{
	struct world *w = *state;

	http_client_upgrade(
		w->client, LINK_TARGET, LINK_PROTOCOL, on_upgraded, w);
	run_until(w, &w->n_done, 1);
	run_until(w, &w->n_frames, 2);
	link_free(w->client_link);
	run_until(w, &w->n_down, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_calls, setup, teardown),
		cmocka_unit_test_setup_teardown(test_link, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
