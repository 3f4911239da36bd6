/* io_follow.c - see io_follow.h. */
#include "cli/io_follow.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "cli/io_client.h"
#include "common/arena.h"
#include "common/check.h"
#include "common/err.h"
#include "common/io_http.h"
#include "common/mem.h"
#include "common/msg.h"

#define FOLLOW_MAGIC 0x42466f6cu
#define MEDIA	     "application/x-protobuf"
#define POLL_MIN_MS  50
#define POLL_MAX_MS  500
#define PIECE	     (64 * 1024) /* what an agent gives at once */
/* Failures in a row before the agent is given up: about 20 s. */
#define FAILURES_MAX 40

struct follow {
	unsigned magic;
	struct client *client;
	struct client_agent agent;
	struct address at;
	char *path;
	uint64_t offset; /* of the next byte wanted */
	bool finishing;
	bool busy; /* a request is under way */
	bool freed;
	unsigned failures;
	uint32_t pause_ms;
	struct event *timer;
	const struct follow_ops *ops;
	void *ctx;
};

static void ask(struct follow *f);
static void on_timer(evutil_socket_t fd, short what, void *arg);

static struct follow *follow_of(void *p)
{
	struct follow *f = p;

	CHECK(f != NULL && f->magic == FOLLOW_MAGIC);
	return f;
}

struct follow *follow_new(struct client *c, const struct client_agent *agent,
	const char *path, uint64_t offset, const struct follow_ops *ops,
	void *ctx)
{
	struct follow *f = xcalloc(1, sizeof(*f));

	f->magic = FOLLOW_MAGIC;
	f->client = c;
	f->agent = *agent;
	f->at = agent->by_name;
	f->path = xstrdup(path);
	f->offset = offset;
	f->ops = ops;
	f->ctx = ctx;
	f->pause_ms = POLL_MIN_MS;
	f->timer = evtimer_new(client_base(c), on_timer, f);
	CHECK(f->timer != NULL);
	ask(f);
	return f;
}

static void destroy(struct follow *f)
{
	event_free(f->timer);
	free(f->path);
	f->magic = 0;
	free(f);
}

/* A request under way still has its answer to come. */
void follow_free(struct follow *f)
{
	if (f == NULL)
		return;
	f->freed = true;
	(void)event_del(f->timer); /* fails only if not added */
	if (!f->busy)
		destroy(f);
}

void follow_finish(struct follow *f)
{
	struct timeval now = { 0, 0 };

	f->finishing = true;
	if (!f->busy)
		CHECK(event_add(f->timer, &now) == 0);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	ask(follow_of(arg));
}

/* Ask again: at once if there may be more. */
static void again(struct follow *f, bool at_once)
{
	uint32_t ms = at_once ? 0 : f->pause_ms;
	struct timeval tv = { (time_t)(ms / 1000),
		(suseconds_t)(ms % 1000) * 1000 };

	if (at_once)
		f->pause_ms = POLL_MIN_MS;
	else if (f->pause_ms < POLL_MAX_MS)
		f->pause_ms *= 2;
	CHECK(event_add(f->timer, &tv) == 0);
}

/* Nothing new. */
static void at_end(struct follow *f)
{
	if (f->finishing)
		f->ops->done(f->ctx, NULL);
	else
		again(f, false);
}

static void failed(struct follow *f, int status, const struct err *e)
{
	struct err why = { ERR_NONE, "" };

	if (status == 0 && f->agent.has_address)
		f->at = f->failures % 2 == 0 ? f->agent.by_address
					     : f->agent.by_name;
	/* Not there yet; or nothing was ever written. */
	if (status == 404 && f->finishing) {
		f->ops->done(f->ctx, NULL);
		return;
	}
	if (status == 404)
		f->failures = 0;
	if (++f->failures < (f->finishing ? 4 : FAILURES_MAX) &&
		(status == 0 || status == 404 || status / 100 == 5)) {
		again(f, false);
		return;
	}
	if (status == 0)
		why = *e;
	else
		(void)err_set(&why, ERR_IO, "the agent answered %d", status);
	(void)err_wrap(&why, "file '%s'", f->path);
	f->ops->done(f->ctx, &why);
}

/* --- asking -------------------------------------------------------------- */

static void on_done(void *ctx, int status, const uint8_t *body, size_t size,
	const struct err *e);

static void post(struct follow *f, const Mesos__V1__Agent__Call *call)
{
	static const struct http_call_ops ops = { .done = on_done };
	const char *authorization;
	struct http_client *http =
		client_http(f->client, &f->at, &authorization);
	struct http_header headers[4] = {
		{ "Accept", MEDIA },
		{ "Content-Type", MEDIA },
	};
	uint8_t body[8192];
	size_t size = protobuf_c_message_get_packed_size(&call->base);

	CHECK(size <= sizeof(body)); /* paths are bounded by PATH_MAX */
	(void)protobuf_c_message_pack(&call->base, body); /* size bytes */
	if (authorization != NULL)
		headers[2] =
			(struct http_header){ "Authorization", authorization };
	http_call(http, "POST", "/api/v1", headers, body, size, &ops, f);
}

static void ask(struct follow *f)
{
	Mesos__V1__Agent__Call call = MESOS__V1__AGENT__CALL__INIT;
	Mesos__V1__Agent__Call__ReadFile read =
		MESOS__V1__AGENT__CALL__READ_FILE__INIT;

	CHECK(!f->busy);
	f->busy = true;
	read.path = f->path;
	read.offset = f->offset;
	read.has_length = true;
	read.length = PIECE;
	call.has_type = true;
	call.type = MESOS__V1__AGENT__CALL__TYPE__READ_FILE;
	call.read_file = &read;
	post(f, &call);
}

/* --- the answers --------------------------------------------------------- */

static void on_read(struct follow *f, const uint8_t *body, size_t size)
{
	const Mesos__V1__Agent__Response *r;
	struct err e = { ERR_NONE, "" };
	struct arena a;

	arena_init(&a);
	r = MSG_UNPACK(Mesos__V1__Agent__Response, &a,
		&mesos__v1__agent__response__descriptor, body, size, &e);
	if (r == NULL || r->read_file == NULL) {
		failed(f, 500, &e);
	} else if (r->read_file->data.len > 0) {
		f->failures = 0;
		f->offset += r->read_file->data.len;
		f->ops->data(f->ctx, r->read_file->data.data,
			r->read_file->data.len);
		if (!f->freed)
			again(f, true);
	} else {
		f->failures = 0;
		at_end(f);
	}
	arena_fini(&a);
}

static void on_done(void *ctx, int status, const uint8_t *body, size_t size,
	const struct err *e)
{
	struct follow *f = follow_of(ctx);

	/* Busy until the end of this: it may be freed by what is called. */
	if (!f->freed && status == 200)
		on_read(f, body, size);
	else if (!f->freed)
		failed(f, status, e);
	f->busy = false;
	if (f->freed)
		destroy(f);
}
