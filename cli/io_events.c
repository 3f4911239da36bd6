/* io_events.c - see io_events.h. */
#include "cli/io_events.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "cli/args.h"
#include "cli/detail.h"
#include "cli/io_client.h"
#include "cli/io_out.h"
#include "common/arena.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/io_http.h"
#include "common/limits.h"
#include "common/mem.h"
#include "common/msg.h"
#include "common/pbjson.h"
#include "common/recordio.h"

#define MEDIA		"application/x-protobuf"
#define RETRY_SECONDS	1
#define SILENCE_SECONDS 60 /* four heartbeats */

struct events {
	struct event_base *base;
	struct recordio records;
	struct arena arena;
	bool json;
	bool follow;
	int status; /* HTTP's */
	bool done;
	bool enough; /* all there was is printed */
	bool subscribed;
	time_t heard;
	struct err err;
};

static void print(struct events *v, const Mesos__V1__Master__Event *e)
{
	struct buf b = BUF_INIT;

	if (v->json) {
		pbjson_write(&b, &e->base);
		buf_add_char(&b, '\n');
	} else if (detail_event(&b, e, (int64_t)time(NULL))) {
		buf_add_char(&b, '\n');
	}
	out_text(&b);
	buf_fini(&b);
}

static void on_head(void *ctx, const struct http_response *r)
{
	struct events *v = ctx;

	v->status = r->status;
}

static void on_body(void *ctx, const uint8_t *data, size_t size)
{
	struct events *v = ctx;
	const uint8_t *record;
	size_t n;

	v->heard = time(NULL);
	if (v->status != 200)
		return;
	recordio_feed(&v->records, data, size);
	while (!v->enough &&
		recordio_next(&v->records, &record, &n, &v->err) == 1) {
		const Mesos__V1__Master__Event *e;

		arena_reset(&v->arena);
		e = MSG_UNPACK(Mesos__V1__Master__Event, &v->arena,
			&mesos__v1__master__event__descriptor, record, n,
			&v->err);
		if (e == NULL)
			break;
		print(v, e);
		v->subscribed = true;
		v->enough = !v->follow;
	}
	if (v->enough || v->err.code != ERR_NONE || ferror(stdout) != 0)
		(void)event_base_loopbreak(v->base);
}

static void on_done(void *ctx, int status, const uint8_t *body, size_t size,
	const struct err *e)
{
	struct events *v = ctx;

	(void)body;
	(void)size;
	v->done = true;
	if (status == 0 && e != NULL)
		v->err = *e;
	else if (status != 200)
		(void)err_set(&v->err, ERR_CONFLICT, "the master answered %d",
			status);
	else
		(void)err_set(&v->err, ERR_IO, "the master ended the stream");
	(void)event_base_loopbreak(v->base);
}

/* One subscription, to its end; why it ended is in v->err. */
static void subscribe(
	struct client *c, const struct address *master, struct events *v)
{
	static const struct http_call_ops ops = { on_head, on_body, on_done };
	Mesos__V1__Master__Call call = MESOS__V1__MASTER__CALL__INIT;
	struct http_header headers[4] = {
		{ "Accept", MEDIA },
		{ "Content-Type", MEDIA },
	};
	struct http_client *http = client_http_new(c, master);
	const char *authorization;
	uint8_t body[64];
	size_t size;

	(void)client_http(c, master, &authorization);
	if (authorization != NULL)
		headers[2] =
			(struct http_header){ "Authorization", authorization };
	call.has_type = true;
	call.type = MESOS__V1__MASTER__CALL__TYPE__SUBSCRIBE;
	size = protobuf_c_message_pack(&call.base, body); /* a few bytes */
	recordio_init(&v->records, RECORDIO_RECORD_MAX);
	v->done = false;
	v->subscribed = false;
	v->err.code = ERR_NONE;
	v->heard = time(NULL);
	http_call(http, "POST", "/api/v1", headers, body, size, &ops, v);
	while (!v->done && !v->enough && v->err.code == ERR_NONE &&
		ferror(stdout) == 0) {
		struct timeval pause = { SILENCE_SECONDS, 0 };

		(void)event_base_loopexit(v->base, &pause);
		(void)event_base_loop(v->base, 0); /* the conditions tell */
		if (time(NULL) - v->heard >= SILENCE_SECONDS)
			(void)err_set(&v->err, ERR_TIMEOUT,
				"nothing was heard for %d s", SILENCE_SECONDS);
	}
	http_client_free(http);
	recordio_fini(&v->records);
}

int events_command(const struct args *a, struct err *e)
{
	CLEANUP(client_freep) struct client *c = NULL;
	struct events v = { .follow = args_has(a, "follow") };
	struct address master;
	struct out o;
	int r = 0;

	if (out_init(&o, a, e) != 0 || client_new(&c, a, e) != 0)
		return -1;
	v.json = o.form == OUT_JSON;
	v.base = client_base(c);
	arena_init(&v.arena);
	while (!v.enough && ferror(stdout) == 0) {
		r = client_leader_now(c, &master, e);
		if (r != 0)
			break;
		subscribe(c, &master, &v);
		if (v.enough || !v.follow)
			break;
		(void)fprintf(stderr, "butte: %s; trying again\n", v.err.text);
		(void)sleep(RETRY_SECONDS);
	}
	if (r == 0 && !v.enough && !v.follow)
		r = err_set(e, v.err.code, "%s", v.err.text);
	arena_fini(&v.arena);
	return r;
}
