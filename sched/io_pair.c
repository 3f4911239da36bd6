/* io_pair.c - see io_pair.h. */
#include "sched/io_pair.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/io_http.h"
#include "common/list.h"
#include "common/mem.h"

#define EXCHANGE_MAGIC 0x62457863u
#define MEDIA	       "application/x-protobuf"
/* Of an error's text that a server sends. */
#define TEXT_MAX 1024
/* Calls on their way at once: enough to hide a round trip. */
#define CALLS_DEPTH 64

/* One request and its answer. Freed when it is done. */
struct exchange {
	unsigned magic;
	TAILQ_ENTRY(exchange) next;
	struct pair *p; /* NULL: the pair was freed before the answer came */
	uint64_t attempt;
	int call_type;
	bool is_stream;
	bool has_tag;
	uint8_t tag[PAIR_TAG_MAX];
	int status;
	char *location;
	struct buf text;
};

struct pair {
	struct event_base *base;
	const char *target;
	char *authorization;
	const struct pair_ops *ops;
	void *ctx;
	struct http_client *stream;
	struct http_client *calls;
	TAILQ_HEAD(exchanges, exchange) exchanges;
};

/* A broken connection is an error code, not a signal. Who has a handler of his
 * own keeps it. */
static void ignore_sigpipe(void)
{
	struct sigaction old;

	if (sigaction(SIGPIPE, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
		(void)signal(SIGPIPE, SIG_IGN);
}

struct pair *pair_new(struct event_base *base, const char *target,
	const char *authorization, const struct pair_ops *ops, void *ctx)
{
	struct pair *p = xcalloc(1, sizeof(*p));

	p->base = base;
	p->target = target;
	p->authorization = xstrdup(authorization);
	p->ops = ops;
	p->ctx = ctx;
	TAILQ_INIT(&p->exchanges);
	ignore_sigpipe();
	return p;
}

void pair_free(struct pair *p)
{
	struct exchange *x;

	if (p == NULL)
		return;
	TAILQ_FOREACH (x, &p->exchanges, next)
		x->p = NULL;
	pair_close(p);
	free(p->authorization);
	free(p);
}

void pair_close(struct pair *p)
{
	http_client_free(p->stream);
	p->stream = NULL;
	http_client_free(p->calls);
	p->calls = NULL;
}

static struct exchange *exchange_of(void *ctx)
{
	struct exchange *x = ctx;

	CHECK(x != NULL && x->magic == EXCHANGE_MAGIC);
	return x;
}

static void on_head(void *ctx, const struct http_response *r)
{
	struct exchange *x = exchange_of(ctx);
	const char *location = r->header(r, "Location");

	x->status = r->status;
	free(x->location);
	x->location = xstrdup(location);
	if (x->p != NULL && x->is_stream && r->status == 200)
		x->p->ops->head(
			x->p->ctx, x->attempt, r->header(r, "Mesos-Stream-Id"));
}

static void on_body(void *ctx, const uint8_t *data, size_t size)
{
	struct exchange *x = exchange_of(ctx);
	size_t room = TEXT_MAX - x->text.size;

	if (x->p == NULL)
		return;
	if (x->is_stream && x->status == 200)
		x->p->ops->data(x->p->ctx, x->attempt, data, size);
	else if (room > 0)
		buf_add(&x->text, data, size < room ? size : room);
}

static void on_done(void *ctx, int status, const uint8_t *body, size_t size,
	const struct err *e)
{
	struct exchange *x = exchange_of(ctx);
	struct pair_end end = {
		.attempt = x->attempt,
		.status = status,
		.location = x->location,
		.call_type = x->call_type,
		.tag = x->has_tag ? x->tag : NULL,
	};

	(void)body;
	(void)size;
	end.text = status == 0 && e != NULL ? e->text : buf_str(&x->text);
	if (x->p != NULL) {
		TAILQ_REMOVE(&x->p->exchanges, x, next);
		if (x->is_stream)
			x->p->ops->end(x->p->ctx, &end);
		else
			x->p->ops->answer(x->p->ctx, &end);
	}
	buf_fini(&x->text);
	free(x->location);
	x->magic = 0;
	free(x);
}

static struct exchange *exchange_new(struct pair *p, uint64_t attempt)
{
	struct exchange *x = xcalloc(1, sizeof(*x));

	x->magic = EXCHANGE_MAGIC;
	x->p = p;
	x->attempt = attempt;
	TAILQ_INSERT_TAIL(&p->exchanges, x, next);
	return x;
}

static void post(struct http_client *c, struct exchange *x,
	const char *stream_id, const uint8_t *data, size_t size)
{
	static const struct http_call_ops ops = { on_head, on_body, on_done };
	struct http_header headers[5] = {
		{ "Content-Type", MEDIA },
		{ "Accept", MEDIA },
	};
	size_t n = 2;

	if (stream_id != NULL)
		headers[n++] =
			(struct http_header){ "Mesos-Stream-Id", stream_id };
	if (x->p->authorization != NULL)
		headers[n++] = (struct http_header){ "Authorization",
			x->p->authorization };
	http_call(c, "POST", x->p->target, headers, data, size, &ops, x);
}

void pair_open(struct pair *p, uint64_t attempt, const struct http_endpoint *to,
	const uint8_t *call, size_t size)
{
	struct exchange *x;

	pair_close(p);
	p->stream = http_client_new(p->base, to);
	p->calls = http_client_new(p->base, to);
	http_client_depth(p->calls, CALLS_DEPTH);
	x = exchange_new(p, attempt);
	x->is_stream = true;
	post(p->stream, x, NULL, call, size);
}

void pair_send(struct pair *p, const struct pair_call *c)
{
	struct exchange *x = exchange_new(p, c->attempt);

	CHECK(p->calls != NULL);
	x->call_type = c->call_type;
	x->has_tag = c->tag != NULL;
	if (x->has_tag)
		memcpy(x->tag, c->tag, sizeof(x->tag));
	post(p->calls, x, c->stream_id, c->data, c->size);
}
