/*
 * decline.c - a framework that sends DECLINE calls as fast as it can.
 *
 *	decline HOST PORT MASTER-PID SECONDS [CA-FILE]
 *
 * Subscribes, then keeps CONNECTIONS connections busy with DEPTH calls each
 * (protobuf, 60 bytes; the offer is unknown, which a master ignores after all
 * its checks). Prints calls/s and calls per CPU second of the master's process.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/arena.h"
#include "common/err.h"
#include "common/io_http.h"
#include "common/io_tls.h"
#include "common/limits.h"
#include "common/msg.h"
#include "common/recordio.h"
#include "mesos/v1/scheduler/scheduler.pb-c.h"

#define CONNECTIONS 8
#define DEPTH	    32
#define TARGET	    "/api/v1/scheduler"
#define PROTOBUF    "application/x-protobuf"

struct flood {
	struct event_base *base;
	struct http_endpoint to;
	struct http_client *stream;
	struct http_client *calls[CONNECTIONS];
	struct recordio in;
	char stream_id[129];
	uint8_t *body;
	size_t size;
	size_t n_done, n_refused;
	int pid;
	double cpu_began, began;
	int seconds;
	bool over; /* what is cut off now, we cut off */
};

static struct flood f;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* User and system time of the master so far, in seconds. */
static double cpu(void)
{
	char path[64], text[1024], *at;
	unsigned long user = 0, system = 0;
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", f.pid);
	file = fopen(path, "r");
	if (file == NULL)
		return 0;
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = '\0';
	at = strrchr(text, ')');
	if (at == NULL ||
		sscanf(at + 2,
			"%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
			&user, &system) != 2)
		return 0;
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static void one_more(struct http_client *c);

static void on_answer(void *ctx, int status, const uint8_t *body, size_t size,
	const struct err *e)
{
	(void)body, (void)size;
	if (f.over)
		return;
	if (status != 202) {
		if (f.n_refused++ == 0)
			fprintf(stderr, "decline: status %d %s\n", status,
				e != NULL ? e->text : "");
		if (status == 0)
			return;
	}
	f.n_done++;
	one_more(ctx);
}

static void one_more(struct http_client *c)
{
	static const struct http_call_ops ops = { .done = on_answer };
	const struct http_header headers[] = {
		{ "Content-Type", PROTOBUF },
		{ "Mesos-Stream-Id", f.stream_id },
		{ NULL, NULL },
	};

	http_call(c, "POST", TARGET, headers, f.body, f.size, &ops, c);
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
	double took = now() - f.began, used = cpu() - f.cpu_began;

	(void)fd, (void)what, (void)arg;
	printf("calls=%zu refused=%zu calls_per_s=%.0f calls_per_cpu_s=%.0f\n",
		f.n_done, f.n_refused, (double)f.n_done / took,
		used > 0 ? (double)f.n_done / used : 0);
	f.over = true;
	event_base_loopbreak(f.base);
}

static void begin(const char *framework)
{
	Mesos__V1__Scheduler__Call call = MESOS__V1__SCHEDULER__CALL__INIT;
	Mesos__V1__Scheduler__Call__Decline decline =
		MESOS__V1__SCHEDULER__CALL__DECLINE__INIT;
	Mesos__V1__FrameworkID id = MESOS__V1__FRAMEWORK_ID__INIT;
	Mesos__V1__OfferID offer = MESOS__V1__OFFER_ID__INIT;
	Mesos__V1__OfferID *offers[] = { &offer };
	struct timeval end = { f.seconds, 0 };
	char *name = strdup(framework);

	id.value = name;
	offer.value = (char[]){ "O1" };
	decline.n_offer_ids = 1;
	decline.offer_ids = offers;
	call.framework_id = &id;
	call.has_type = 1;
	call.type = MESOS__V1__SCHEDULER__CALL__TYPE__DECLINE;
	call.decline = &decline;
	f.size = protobuf_c_message_get_packed_size(&call.base);
	f.body = malloc(f.size);
	protobuf_c_message_pack(&call.base, f.body);
	free(name);
	f.cpu_began = cpu();
	f.began = now();
	for (size_t i = 0; i < CONNECTIONS; i++) {
		f.calls[i] = http_client_new(f.base, &f.to);
		http_client_depth(f.calls[i], DEPTH);
		for (size_t k = 0; k < DEPTH; k++)
			one_more(f.calls[i]);
	}
	event_base_once(f.base, -1, EV_TIMEOUT, on_end, NULL, &end);
}

static void on_stream_head(void *ctx, const struct http_response *r)
{
	const char *id = r->header(r, "Mesos-Stream-Id");

	(void)ctx;
	snprintf(f.stream_id, sizeof(f.stream_id), "%s", id != NULL ? id : "");
}

static void on_stream_body(void *ctx, const uint8_t *data, size_t size)
{
	const uint8_t *record;
	struct arena a;
	size_t n;

	(void)ctx;
	if (f.began > 0)
		return; /* later events don't matter here */
	arena_init(&a);
	recordio_feed(&f.in, data, size);
	if (recordio_next(&f.in, &record, &n, NULL) == 1) {
		Mesos__V1__Scheduler__Event *e =
			MSG_UNPACK(Mesos__V1__Scheduler__Event, &a,
				&mesos__v1__scheduler__event__descriptor,
				record, n, NULL);

		if (e != NULL && e->subscribed != NULL)
			begin(e->subscribed->framework_id->value);
	}
	arena_fini(&a);
}

static void on_stream_end(void *ctx, int status, const uint8_t *body,
	size_t size, const struct err *e)
{
	(void)ctx;
	if (f.over)
		return;
	fprintf(stderr, "decline: the stream ended: %d %.*s%s\n", status,
		(int)size, body != NULL ? (const char *)body : "",
		e != NULL ? e->text : "");
	event_base_loopbreak(f.base);
}

static void subscribe(void)
{
	static const struct http_call_ops ops = { .head = on_stream_head,
		.body = on_stream_body,
		.done = on_stream_end };
	static const struct http_header headers[] = {
		{ "Content-Type", PROTOBUF },
		{ "Accept", PROTOBUF },
		{ NULL, NULL },
	};
	Mesos__V1__Scheduler__Call call = MESOS__V1__SCHEDULER__CALL__INIT;
	Mesos__V1__Scheduler__Call__Subscribe sub =
		MESOS__V1__SCHEDULER__CALL__SUBSCRIBE__INIT;
	Mesos__V1__FrameworkInfo info = MESOS__V1__FRAMEWORK_INFO__INIT;
	uint8_t body[256];

	info.user = (char[]){ "root" };
	info.name = (char[]){ "decline" };
	sub.framework_info = &info;
	call.has_type = 1;
	call.type = MESOS__V1__SCHEDULER__CALL__TYPE__SUBSCRIBE;
	call.subscribe = &sub;
	http_call(f.stream, "POST", TARGET, headers, body,
		protobuf_c_message_pack(&call.base, body), &ops, NULL);
}

int main(int argc, char **argv)
{
	struct err e = { 0 };

	if (argc < 5)
		return 2;
	f.base = event_base_new();
	f.to.host = argv[1];
	f.to.port = (uint16_t)strtoul(argv[2], NULL, 10);
	f.pid = (int)strtol(argv[3], NULL, 10);
	f.seconds = (int)strtol(argv[4], NULL, 10);
	if (argc > 5) {
		struct tls_config c = { .ca_file = argv[5] };

		f.to.tls = tls_client_new(&c, &e);
		if (f.to.tls == NULL) {
			fprintf(stderr, "decline: %s\n", e.text);
			return 1;
		}
	}
	recordio_init(&f.in, RECORDIO_RECORD_MAX);
	f.stream = http_client_new(f.base, &f.to);
	subscribe();
	event_base_dispatch(f.base);
	for (size_t i = 0; i < CONNECTIONS; i++)
		if (f.calls[i] != NULL)
			http_client_free(f.calls[i]);
	http_client_free(f.stream);
	recordio_fini(&f.in);
	if (f.to.tls != NULL)
		tls_free(f.to.tls);
	free(f.body);
	return f.n_done > 0 && f.n_refused == 0 ? 0 : 1;
}
