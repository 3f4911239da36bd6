/*
 * bench_http_parser - the choice between llhttp under our own server and
 * libevent's evhttp: the same calls to both, in the clear.
 */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "common/check.h"
#include "common/io_http.h"
#include "common/io_http_parse.h"
#include "httpload.h"

static const struct load_setting SETTINGS[] = {
	{ "64 connections", false, 64, 1, 100000 },
	{ "4 connections, pipelined 16", false, 4, 16, 200000 },
};

/* --- evhttp ----------------------------------------------------------------- */

static void on_evhttp(struct evhttp_request *r, void *ctx)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(r);

	(void)ctx;
	CHECK(evbuffer_get_length(in) == LOAD_BODY_SIZE);
	CHECK(evbuffer_pullup(in, -1) != NULL); /* a decoder wants it whole */
	evhttp_send_reply(r, 202, "Accepted", NULL);
}

static void serve_evhttp(const struct load_setting *set, int port_pipe)
{
	struct event_base *base = event_base_new();
	struct evhttp *http = evhttp_new(base);
	struct evhttp_bound_socket *bound =
		evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
	struct sockaddr_in sa;
	socklen_t size = sizeof(sa);
	uint16_t port;

	(void)set;
	CHECK(bound != NULL);
	CHECK(getsockname(evhttp_bound_socket_get_fd(bound),
		      (struct sockaddr *)&sa, &size) == 0);
	evhttp_set_allowed_methods(http, EVHTTP_REQ_POST);
	evhttp_set_gencb(http, on_evhttp, NULL);
	port = ntohs(sa.sin_port);
	CHECK(write(port_pipe, &port, sizeof(port)) == sizeof(port));
	event_base_dispatch(base);
	_exit(0);
}

/* --- ours ------------------------------------------------------------------- */

static struct http_server *server;

static void on_request(
	void *ctx, struct http_req *r, const uint8_t *body, size_t size)
{
	(void)ctx, (void)body;
	CHECK(size == LOAD_BODY_SIZE);
	http_reply(server, http_req_id(r), 202, NULL, NULL, NULL, 0);
}

static void serve_ours(const struct load_setting *set, int port_pipe)
{
	static const struct http_server_ops ops = { .request = on_request };
	struct event_base *base = event_base_new();
	uint16_t port;

	(void)set;
	server = http_server_new(base, &ops, NULL);
	CHECK(http_server_listen(server, "127.0.0.1", 0, NULL, NULL) == 0);
	port = http_server_port(server);
	CHECK(write(port_pipe, &port, sizeof(port)) == sizeof(port));
	event_base_dispatch(base);
	_exit(0);
}

/* --- the parser alone ---------------------------------------------------------- */

struct alone {
	struct http_parse parse;
	struct http_parse_head head;
	unsigned n;
};

static struct http_parse_head *on_begin(void *ctx)
{
	struct alone *a = ctx;

	http_parse_head_clear(&a->head);
	return &a->head;
}

static bool on_head(void *ctx)
{
	(void)ctx;
	return true;
}

static void on_body(void *ctx, const uint8_t *data, size_t size)
{
	(void)ctx, (void)data, (void)size;
}

static void on_end(void *ctx)
{
	struct alone *a = ctx;

	a->n++;
}

static double parse_alone(void)
{
	static const struct http_parse_ops ops = { on_begin, on_head, on_body,
		on_end };
	static const char head[] =
		"POST /api/v1/scheduler HTTP/1.1\r\nHost: 127.0.0.1:5050\r\n"
		"User-Agent: butte/0.1.0\r\nAccept-Encoding: gzip\r\n"
		"Content-Type: application/x-protobuf\r\n"
		"Mesos-Stream-Id: 130ae4e3-6b13-4ef4-baa9-9f2e85c3e9af\r\n"
		"Content-Length: 180\r\n\r\n";
	char request[sizeof(head) - 1 + LOAD_BODY_SIZE];
	struct alone a = { .n = 0 };
	struct timespec from;
	struct timespec to;

	memset(request, 0, sizeof(request));
	memcpy(request, head, sizeof(head) - 1);
	http_parse_init(&a.parse, HTTP_REQUEST, &ops, &a);
	CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from) == 0);
	for (int i = 0; i < 500000; i++) {
		size_t used;

		CHECK(http_parse_feed(&a.parse, request, sizeof(request),
			      &used) == HTTP_PARSE_OK);
	}
	CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to) == 0);
	CHECK(a.n == 500000);
	http_parse_head_fini(&a.head);
	return a.n /
		((double)(to.tv_sec - from.tv_sec) +
			(double)(to.tv_nsec - from.tv_nsec) / 1e9);
}

int main(void)
{
	static const struct load_setting alone = { .name = "parsed only" };
	double figures[LOAD_RUNS];

	for (size_t i = 0; i < ARRAY_LEN(SETTINGS); i++) {
		for (int j = 0; j < LOAD_RUNS; j++)
			figures[j] =
				load_measure(&SETTINGS[i], serve_evhttp, NULL)
					.calls;
		load_print("evhttp", &SETTINGS[i], figures, LOAD_CALLS);
		for (int j = 0; j < LOAD_RUNS; j++)
			figures[j] =
				load_measure(&SETTINGS[i], serve_ours, NULL)
					.calls;
		load_print("llhttp", &SETTINGS[i], figures, LOAD_CALLS);
	}
	for (int j = 0; j < LOAD_RUNS; j++)
		figures[j] = parse_alone();
	load_print("llhttp", &alone, figures, LOAD_CALLS);
	return 0;
}
