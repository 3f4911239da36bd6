/* Links: both ends, and ends that misbehave. */
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
#include "common/frame.h"
#include "common/io_http.h"
#include "common/io_link.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/mem.h"
#include "raw.h"

struct world {
	struct event_base *base;
	struct http_server *server;
	struct http_client *client;
	uint16_t port;
	struct link *near; /* the client's */
	struct link *far;  /* the server's */
	bool echo;
	bool free_in_frame;
	int n_frames; /* at both ends */
	size_t n_bytes;
	uint64_t sum;
	int n_down;
	struct err why;
	int n_upgrades;
	struct err refused;
};

static char log_text[512];

static void on_log(enum log_level level, const char *event, const char *text)
{
	if (level <= LOG_LEVEL_WARN)
		(void)snprintf(
			log_text, sizeof(log_text), "%s %s", event, text);
}

static void on_frame(void *ctx, struct link *l, const uint8_t *data, size_t n)
{
	struct world *w = ctx;

	w->n_frames++;
	w->n_bytes += n;
	if (n > 0)
		w->sum += data[0];
	if (w->free_in_frame) {
		link_free(l);
		*(l == w->near ? &w->near : &w->far) = NULL;
		return;
	}
	if (l == w->far && w->echo)
		link_send(l, data, n);
}

static void on_link_down(void *ctx, struct link *l, const struct err *why)
{
	struct world *w = ctx;

	w->why = *why;
	w->n_down++;
	*(l == w->near ? &w->near : &w->far) = NULL;
}

static const struct link_ops LINK_OPS = { on_frame, on_link_down };

static void on_request(
	void *ctx, struct http_req *r, const uint8_t *body, size_t size)
{
	struct world *w = ctx;
	uint64_t id = http_req_id(r);
	struct conn *c;

	(void)body, (void)size;
	if (strcmp(http_req_path(r), LINK_TARGET) != 0) {
		http_reply_text(w->server, id, 403, "not here");
		return;
	}
	c = http_upgrade(w->server, id, LINK_PROTOCOL);
	if (c != NULL)
		w->far = link_new(c, &LINK_OPS, w);
	assert_null(http_upgrade(w->server, id, LINK_PROTOCOL));
}

static const struct http_server_ops OPS = { .request = on_request };

static int setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	struct http_endpoint to = { .host = "127.0.0.1" };

	log_text[0] = '\0';
	log_hook_set(on_log);
	w->base = event_base_new();
	w->server = http_server_new(w->base, &OPS, w);
	assert_int_equal(
		http_server_listen(w->server, "127.0.0.1", 0, NULL, NULL), 0);
	to.port = w->port = http_server_port(w->server);
	w->client = http_client_new(w->base, &to);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	http_client_free(w->client);
	link_free(w->near);
	link_free(w->far);
	http_server_free(w->server);
	for (int i = 0; i < 5; i++)
		raw_turn(w->base, 1);
	event_base_free(w->base);
	free(w);
	return 0;
}

static void until(struct world *w, const int *counter, int n)
{
	for (int i = 0; i < 5000 && *counter < n; i++)
		raw_turn(w->base, 1);
	assert_int_equal(*counter, n);
}

static void on_upgraded(void *ctx, struct conn *c, const struct err *e)
{
	struct world *w = ctx;

	w->n_upgrades++;
	if (c == NULL)
		w->refused = *e;
	else
		w->near = link_new(c, &LINK_OPS, w);
}

static void meet(struct world *w)
{
	http_client_upgrade(
		w->client, LINK_TARGET, LINK_PROTOCOL, on_upgraded, w);
	until(w, &w->n_upgrades, 1);
	assert_non_null(w->near);
	assert_non_null(w->far);
	assert_int_equal(strtol(strrchr(link_peer(w->near), ':') + 1, NULL, 10),
		w->port);
}

static void test_frames(void **state)
{
	struct world *w = *state;
	size_t big = 3 * 1024 * 1024;
	char *data = xcalloc(1, big);

	meet(w);
	w->echo = true;
	link_send(w->near, "", 0);
	link_send(w->near, "x", 1);
	for (int i = 0; i < 1000; i++)
		link_send(w->near, "0123456789", 10);
	link_send(w->near, data, big);
	until(w, &w->n_frames, 2 * 1003);
	assert_int_equal(w->n_bytes, 2 * (1 + 10000 + big));
	assert_int_equal(w->sum, 2 * ('x' + 1000 * '0'));
	free(data);
}

static void test_down(void **state)
{
	struct world *w = *state;

	meet(w);
	link_send(w->near, "last words", 10);
	link_free(STEAL(w->near));
	until(w, &w->n_down, 1);
	assert_int_equal(w->n_frames, 1);
	assert_int_equal(w->why.code, ERR_NONE);
	assert_null(w->far);
}

static void test_free_inside(void **state)
{
	struct world *w = *state;

	meet(w);
	w->free_in_frame = true;
	link_send(w->near, "a", 1);
	link_send(w->near, "b", 1);
	until(w, &w->n_down, 1);
	assert_int_equal(w->n_frames, 1);
	assert_null(w->far);
	assert_null(w->near);
}

static void test_refused(void **state)
{
	struct world *w = *state;

	http_client_upgrade(
		w->client, "/elsewhere", LINK_PROTOCOL, on_upgraded, w);
	until(w, &w->n_upgrades, 1);
	assert_int_equal(w->refused.code, ERR_DENIED);
	assert_non_null(strstr(w->refused.text, "status 403: not here"));
	/* A client that goes takes its upgrades with it. */
	http_client_upgrade(
		w->client, LINK_TARGET, LINK_PROTOCOL, on_upgraded, w);
	http_client_free(STEAL(w->client));
	assert_int_equal(w->n_upgrades, 2);
	assert_non_null(strstr(w->refused.text, "given up"));
}

/* A request for the path that doesn't ask for an upgrade. */
static void test_no_upgrade_asked(void **state)
{
	struct world *w = *state;
	struct raw c = raw_connect(w->port);

	raw_text(&c,
		"GET " LINK_TARGET " HTTP/1.1\r\nHost: x\r\n\r\n"
		"GET /x HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_true(raw_until(&c, w->base, "not here"));
	assert_non_null(strstr(c.in.data, "HTTP/1.1 400 "));
	assert_non_null(strstr(c.in.data, "wants 'Connection: Upgrade'"));
	/* Asked for at a path that knows none, HTTP goes on. */
	buf_clear(&c.in);
	raw_text(&c,
		"GET /x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
		"Upgrade: h2c\r\n\r\nGET /y HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_true(raw_until(&c, w->base, "not here"));
	buf_drop(
		&c.in, (size_t)(strstr(c.in.data, "not here") - c.in.data) + 8);
	assert_true(raw_until(&c, w->base, "not here"));
	raw_fini(&c);
}

static struct raw raw_upgrade(struct world *w, const char *more, size_t size)
{
	struct raw c = raw_connect(w->port);

	raw_text(&c,
		"GET " LINK_TARGET " HTTP/1.1\r\nHost: x\r\n"
		"Connection: Upgrade\r\nUpgrade: " LINK_PROTOCOL "\r\n\r\n");
	raw_send(&c, more, size); /* without waiting for the answer */
	assert_true(raw_until(&c, w->base, "\r\n\r\n"));
	assert_non_null(strstr(c.in.data, "HTTP/1.1 101 Switching"));
	assert_non_null(strstr(c.in.data, "Upgrade: " LINK_PROTOCOL "\r\n"));
	return c;
}

static void test_early_frames(void **state)
{
	struct world *w = *state;
	struct raw c = raw_upgrade(w, "\0\0\0\2hi\0\0\0\5he", 12);

	until(w, &w->n_frames, 1);
	for (const char *p = "llo"; *p != '\0'; p++) {
		raw_send(&c, p, 1);
		raw_turn(w->base, 1);
	}
	until(w, &w->n_frames, 2);
	assert_int_equal(w->n_bytes, 7);
	raw_fini(&c);
	until(w, &w->n_down, 1);
}

static void test_frame_too_long(void **state)
{
	struct world *w = *state;
	struct raw c = raw_upgrade(w, "\xff\xff\xff\xffxyz", 7);

	assert_true(raw_until(&c, w->base, NULL));
	assert_int_equal(w->n_down, 1);
	assert_int_equal(w->why.code, ERR_LIMIT);
	assert_non_null(strstr(log_text, "link_cut peer=127.0.0.1:"));
	raw_fini(&c);
}

/* The other side doesn't read any more: the memory for it is bounded. */
static void test_queue_bounded(void **state)
{
	struct world *w = *state;
	struct raw c = raw_upgrade(w, "", 0);
	size_t size = LINK_FRAME_MAX / 4;
	char *data = xcalloc(1, size);
	int n;

	for (n = 0; n < 20 && w->n_down == 0; n++) {
		link_send(w->far, data, size);
		raw_turn(w->base, 1);
	}
	assert_true(n <= 10);
	assert_int_equal(w->n_down, 1);
	assert_non_null(strstr(log_text, "LINK_QUEUE_MAX"));
	free(data);
	raw_fini(&c);
}

/* What is too long for the other side isn't sent, and isn't our death. */
static void test_message_too_long(void **state)
{
	struct world *w = *state;
	struct raw c = raw_upgrade(w, "", 0);
	char *data = xcalloc(1, LINK_FRAME_MAX + 1);

	link_send(w->far, data, LINK_FRAME_MAX + 1);
	until(w, &w->n_down, 1);
	assert_int_equal(w->why.code, ERR_LIMIT);
	assert_non_null(strstr(log_text, "LINK_FRAME_MAX"));
	free(data);
	raw_fini(&c);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_frames),
		TEST(test_down),
		TEST(test_free_inside),
		TEST(test_refused),
		TEST(test_no_upgrade_asked),
		TEST(test_early_frames),
		TEST(test_frame_too_long),
		TEST(test_queue_bounded),
		TEST(test_message_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
