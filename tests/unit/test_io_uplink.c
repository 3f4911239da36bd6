/* test_io_uplink.c - agent/io_uplink.h against servers that come and go. */
#include "agent/io_uplink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <event2/event.h>

#include "agent/agent_conf.h"
#include "common/err.h"
#include "common/io_http.h"
#include "common/io_link.h"
#include "common/mem.h"

struct world {
	struct event_base *base;
	struct http_server *server;
	struct link *link; /* the master's end */
	struct uplink *u;
	bool refuse;
	int ups, downs, messages, accepted;
	uint64_t number;
	char text[64]; /* the last message either way */
};

static void stop_soon(struct world *w)
{
	(void)event_base_loopbreak(w->base);
}

static void server_frame(
	void *ctx, struct link *l, const uint8_t *data, size_t size)
{
	struct world *w = ctx;

	(void)l;
	(void)snprintf(w->text, sizeof(w->text), "%.*s", (int)size,
		(const char *)data);
	stop_soon(w);
}

static void server_down(void *ctx, struct link *l, const struct err *why)
{
	struct world *w = ctx;

	(void)l, (void)why;
	w->link = NULL;
	stop_soon(w);
}

static void on_request(
	void *ctx, struct http_req *r, const uint8_t *body, size_t size)
{
	static const struct link_ops ops = { server_frame, server_down };
	struct world *w = ctx;
	struct conn *c;

	(void)body, (void)size;
	assert_string_equal(http_req_path(r), LINK_TARGET);
	w->accepted++;
	if (w->refuse) {
		http_reply_text(w->server, http_req_id(r), 503, "not now");
		stop_soon(w);
		return;
	}
	c = http_upgrade(w->server, http_req_id(r), LINK_PROTOCOL);
	assert_non_null(c);
	w->link = link_new(c, &ops, w);
}

static void on_gone(void *ctx, uint64_t id)
{
	(void)ctx, (void)id;
}

static void on_up(void *ctx, uint64_t link)
{
	struct world *w = ctx;

	assert_int_equal(link, w->number + 1);
	w->number = link;
	w->ups++;
	stop_soon(w);
}

static void on_message(
	void *ctx, uint64_t link, const uint8_t *data, size_t size)
{
	struct world *w = ctx;

	assert_int_equal(link, w->number);
	w->messages++;
	(void)snprintf(w->text, sizeof(w->text), "%.*s", (int)size,
		(const char *)data);
	stop_soon(w);
}

static void on_down(void *ctx, uint64_t link)
{
	struct world *w = ctx;

	assert_int_equal(link, w->number);
	w->downs++;
	stop_soon(w);
}

static int setup(void **state)
{
	static const struct http_server_ops server_ops = {
		.request = on_request, .gone = on_gone
	};
	static const struct uplink_ops ops = { on_up, on_message, on_down };
	struct world *w = xcalloc(1, sizeof(*w));
	struct uplink_config cfg = { .seed = 7 };
	/* Nobody listens on port 1: the second one is found. */
	struct agent_master masters[] = { { "127.0.0.1", 1 },
		{ "127.0.0.1", 0 } };
	struct err e = { 0 };

	w->base = event_base_new();
	w->server = http_server_new(w->base, &server_ops, w);
	assert_int_equal(
		http_server_listen(w->server, "127.0.0.1", 0, NULL, &e), 0);
	masters[1].port = http_server_port(w->server);
	cfg.masters = masters;
	cfg.n_masters = 2;
	w->u = uplink_new(w->base, &cfg, &ops, w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	uplink_free(w->u);
	if (w->link != NULL)
		link_free(w->link);
	http_server_free(w->server);
	event_base_free(w->base);
	free(w);
	return 0;
}

static void on_limit(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	(void)event_base_loopbreak(arg);
}

/* Until *what is at least `want`, or five seconds have passed. */
static void run_until(struct world *w, const int *what, int want)
{
	struct timeval limit = { 5, 0 };
	struct event *timer = evtimer_new(w->base, on_limit, w->base);
	int i;

	assert_int_equal(evtimer_add(timer, &limit), 0);
	for (i = 0; i < 100 && *what < want && evtimer_pending(timer, NULL);
		i++)
		(void)event_base_dispatch(w->base);
	event_free(timer);
	assert_true(*what >= want);
}

static void test_up_and_messages(void **state)
{
	struct world *w = *state;

	uplink_start(w->u);
	run_until(w, &w->ups, 1);
	uplink_send(w->u, w->number, "hello", 5);
	uplink_send(w->u, w->number + 1, "lost", 4);
	while (strcmp(w->text, "hello") != 0)
		(void)event_base_dispatch(w->base);
	link_send(w->link, "there", 5);
	run_until(w, &w->messages, 1);
	assert_string_equal(w->text, "there");
}

static void test_comes_back(void **state)
{
	struct world *w = *state;

	uplink_start(w->u);
	run_until(w, &w->ups, 1);
	link_free(w->link);
	w->link = NULL;
	w->refuse = true;
	run_until(w, &w->downs, 1);
	run_until(w, &w->accepted, 2);
	w->refuse = false;
	run_until(w, &w->ups, 2);
	assert_int_equal(w->downs, 1);
}

static void test_redial(void **state)
{
	struct world *w = *state;

	uplink_start(w->u);
	run_until(w, &w->ups, 1);
	uplink_redial(w->u, 20);
	run_until(w, &w->ups, 2);
	/* Told by us: there is no news in it. */
	assert_int_equal(w->downs, 0);
	uplink_close(w->u, w->number - 1);
	assert_int_equal(w->ups, 2);
	uplink_stop(w->u);
	uplink_redial(w->u, 0);
	uplink_start(w->u);
	(void)event_base_loopexit(w->base, &(struct timeval){ 0, 100000 });
	(void)event_base_dispatch(w->base);
	assert_int_equal(w->ups, 2);
}

/* Redialled while an attempt is under way: that one is dropped. */
static void test_redial_while_dialling(void **state)
{
	struct world *w = *state;

	uplink_start(w->u);
	uplink_redial(w->u, 10);
	run_until(w, &w->ups, 1);
	assert_int_equal(w->ups, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_up_and_messages, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_comes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_redial, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_redial_while_dialling, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
