/*
 * io_scheduler.c - see butte/scheduler.h.
 *
 * The edge of driver.h: makes its events of what HTTP and the clock tell, and
 * carries out its effects in on_flush(), an event of its own. So callbacks come
 * from the loop, never from inside a function that the framework called, and a
 * connection is never closed from inside its own callback.
 */
#include "butte/scheduler.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/event.h>

#include "common/base64.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/io_http.h"
#include "common/io_random.h"
#include "common/io_tls.h"
#include "common/limits.h"
#include "common/mem.h"
#include "common/outbox.h"
#include "sched/address.h"
#include "sched/driver.h"

#define SCHEDULER_MAGIC 0x62537363u
#define EXCHANGE_MAGIC	0x62457863u
#define TARGET		"/api/v1/scheduler"
#define MEDIA		"application/x-protobuf"
/* Of an error's text that a master sends. */
#define TEXT_MAX 1024
/* Calls on their way at once: enough to hide a round trip. */
#define CALLS_DEPTH 64

/* One request and its answer. Freed when it is done. */
struct exchange {
	unsigned magic;
	TAILQ_ENTRY(exchange) next;
	struct butte_scheduler *s; /* NULL: freed before the answer came */
	uint64_t attempt;
	int call_type; /* 0: it is the stream */
	bool is_stream;
	int status;
	char *location;
	struct buf text;
};

struct butte_scheduler {
	unsigned magic;
	struct butte_scheduler_ops ops;
	void *ctx;
	struct driver *driver;
	struct outbox out;
	struct event_base *base;
	bool own_base;
	bool plaintext;
	struct event *flush;
	struct event *timer;
	struct ssl_ctx_st *tls;
	char *authorization; /* the header's value, or NULL */
	struct http_client *stream;
	struct http_client *calls;
	TAILQ_HEAD(exchanges, exchange) exchanges;
	struct err error;
	char master[ADDRESS_TEXT_MAX];
};

static void on_flush(evutil_socket_t fd, short what, void *arg);
static void on_timer(evutil_socket_t fd, short what, void *arg);
static void carry_out(struct butte_scheduler *s, const struct effect *e);
static void open_stream(struct butte_scheduler *s, uint64_t attempt,
	const struct driver_open *open);
static void send_call(struct butte_scheduler *s, uint64_t attempt,
	const struct driver_send *send);
static void close_clients(struct butte_scheduler *s);
static void tell(
	struct butte_scheduler *s, const Mesos__V1__Scheduler__Event *e);

static struct butte_scheduler *scheduler_of(void *p)
{
	struct butte_scheduler *s = p;

	CHECK(s != NULL && s->magic == SCHEDULER_MAGIC);
	return s;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	CHECK(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* --- beginning and end --------------------------------------------------- */

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
	return value != 0 ? value : otherwise;
}

static void make_driver(struct butte_scheduler *s,
	const struct butte_scheduler_config *cfg, const struct address *masters,
	size_t n_masters)
{
	struct driver_config d = {
		.masters = masters,
		.n_masters = n_masters,
		.framework = cfg->framework,
		.suppressed_roles = cfg->suppressed_roles,
		.n_suppressed_roles = cfg->n_suppressed_roles,
		.manual_acknowledge = cfg->manual_acknowledge,
		.backoff_min_ms = or_default(cfg->backoff_min_ms, 250),
		.backoff_max_ms = or_default(cfg->backoff_max_ms, 15000),
		.subscribe_timeout_ms =
			or_default(cfg->subscribe_timeout_ms, 30000),
		.heartbeats_missed_max =
			or_default(cfg->heartbeats_missed_max, 3),
	};

	if (d.backoff_min_ms > d.backoff_max_ms)
		d.backoff_max_ms = d.backoff_min_ms;
	d.seed = random_seed();
	s->driver = driver_new(&d);
}

static int make_tls(struct butte_scheduler *s,
	const struct butte_scheduler_config *cfg, const struct address *masters,
	size_t n_masters, struct err *e)
{
	struct tls_config tls = {
		.cert_file = cfg->cert_file,
		.key_file = cfg->key_file,
		.ca_file = cfg->ca_file,
	};
	bool needed = !cfg->plaintext;

	for (size_t i = 0; i < n_masters; i++)
		needed = needed || masters[i].scheme == ADDRESS_HTTPS;
	s->plaintext = cfg->plaintext;
	if (!needed)
		return 0;
	s->tls = tls_client_new(&tls, e);
	return s->tls != NULL ? 0 : -1;
}

static void make_authorization(
	struct butte_scheduler *s, const struct butte_scheduler_config *cfg)
{
	CLEANUP(mem_freep) char *plain = NULL;
	struct buf value = BUF_INIT;

	if (cfg->principal == NULL)
		return;
	plain = xasprintf("%s:%s", cfg->principal,
		cfg->secret != NULL ? cfg->secret : "");
	buf_add_str(&value, "Basic ");
	base64_encode(&value, (const uint8_t *)plain, strlen(plain));
	s->authorization = buf_steal(&value);
}

static int check_config(const struct butte_scheduler_config *cfg, struct err *e)
{
	const Mesos__V1__FrameworkInfo *f = cfg->framework;

	if (cfg->masters == NULL || *cfg->masters == '\0')
		return err_set(e, ERR_INVALID, "no master was given");
	if (f == NULL || f->user == NULL || f->name == NULL)
		return err_set(e, ERR_INVALID,
			"a framework needs at least a user and a name");
	return 0;
}

static int setup(struct butte_scheduler *s,
	const struct butte_scheduler_config *cfg, struct err *e)
{
	struct address masters[ADDRESS_LIST_MAX];
	struct driver_event start = { .type = DRIVER_START };
	size_t n;

	if (check_config(cfg, e) != 0)
		return -1;
	if (address_list(masters, &n, cfg->masters, 5050, e) != 0)
		return err_wrap(e, "masters '%s'", cfg->masters);
	if (make_tls(s, cfg, masters, n, e) != 0)
		return -1;
	make_driver(s, cfg, masters, n);
	make_authorization(s, cfg);
	s->own_base = cfg->base == NULL;
	s->base = s->own_base ? event_base_new() : cfg->base;
	if (s->base == NULL)
		return err_set(e, ERR_IO, "no event base: %s", strerror(errno));
	s->flush = event_new(s->base, -1, 0, on_flush, s);
	s->timer = evtimer_new(s->base, on_timer, s);
	CHECK(s->flush != NULL && s->timer != NULL);
	start.now_ms = now_ms();
	driver_step(s->driver, &start, &s->out);
	event_active(s->flush, 0, 0);
	return 0;
}

/* A broken connection is an error code, not a signal. Who has a handler of his
 * own keeps it. */
static void ignore_sigpipe(void)
{
	struct sigaction old;

	if (sigaction(SIGPIPE, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
		(void)signal(SIGPIPE, SIG_IGN);
}

struct butte_scheduler *butte_scheduler_new(
	const struct butte_scheduler_config *cfg,
	const struct butte_scheduler_ops *ops, void *ctx, char *error,
	size_t size)
{
	struct butte_scheduler *s = xcalloc(1, sizeof(*s));
	struct err e = { ERR_NONE, "" };

	s->magic = SCHEDULER_MAGIC;
	s->ops = *ops;
	s->ctx = ctx;
	TAILQ_INIT(&s->exchanges);
	outbox_init(&s->out);
	ignore_sigpipe();
	if (setup(s, cfg, &e) == 0)
		return s;
	if (size > 0)
		(void)snprintf(error, size, "%s", e.text); /* may be cut */
	butte_scheduler_free(s);
	return NULL;
}

void butte_scheduler_free(struct butte_scheduler *s)
{
	struct exchange *x;

	if (s == NULL)
		return;
	(void)scheduler_of(s);
	TAILQ_FOREACH (x, &s->exchanges, next)
		x->s = NULL;
	close_clients(s);
	if (s->flush != NULL)
		event_free(s->flush);
	if (s->timer != NULL)
		event_free(s->timer);
	driver_free(s->driver);
	outbox_fini(&s->out);
	tls_free(s->tls);
	if (s->own_base && s->base != NULL)
		event_base_free(s->base);
	free(s->authorization);
	s->magic = 0;
	free(s);
}

int butte_scheduler_run(struct butte_scheduler *s)
{
	(void)scheduler_of(s);
	/* Its effects are still to be carried out when it has stopped. */
	while (!driver_is_stopped(s->driver) || s->out.n_effects > 0)
		if (event_base_loop(s->base, EVLOOP_ONCE) < 0)
			return err_set(
				&s->error, ERR_IO, "the event loop failed");
	return driver_has_failed(s->driver) ? -1 : 0;
}

/* --- the turn ------------------------------------------------------------ */

static void step(struct butte_scheduler *s, struct driver_event *ev)
{
	ev->now_ms = now_ms();
	driver_step(s->driver, ev, &s->out);
	event_active(s->flush, 0, 0);
}

static void arm_timer(struct butte_scheduler *s)
{
	uint64_t due = driver_next_due(s->driver);
	uint64_t now = now_ms();
	uint64_t wait = due > now ? due - now : 0;
	struct timeval tv = { (time_t)(wait / 1000),
		(suseconds_t)(wait % 1000) * 1000 };

	if (due == UINT64_MAX)
		(void)event_del(s->timer); /* fails only if not added */
	else
		CHECK(event_add(s->timer, &tv) == 0);
}

/* Callbacks may add effects while this walks. */
static void on_flush(evutil_socket_t fd, short what, void *arg)
{
	struct butte_scheduler *s = scheduler_of(arg);
	struct effect *e;

	(void)fd;
	(void)what;
	TAILQ_FOREACH (e, &s->out.effects, next)
		carry_out(s, e);
	outbox_reset(&s->out);
	arm_timer(s);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct driver_event ev = { .type = DRIVER_TICK };

	(void)fd;
	(void)what;
	step(scheduler_of(arg), &ev);
}

static void carry_out(struct butte_scheduler *s, const struct effect *e)
{
	const struct butte_scheduler_ops *ops = &s->ops;
	const struct driver_refusal *refusal = e->arg;

	CHECK(e->type == EFFECT_ROOM);
	switch ((enum driver_action)e->status) {
	case DRIVER_OPEN:
		open_stream(s, e->to, e->arg);
		break;
	case DRIVER_CLOSE:
		close_clients(s);
		break;
	case DRIVER_SEND:
		send_call(s, e->to, e->arg);
		break;
	case DRIVER_TELL:
		/* After butte_scheduler_stop() there is silence. */
		if (!driver_is_stopped(s->driver))
			tell(s, e->arg);
		break;
	case DRIVER_TELL_UP:
		if (ops->connected != NULL)
			ops->connected(s, s->ctx, e->arg);
		break;
	case DRIVER_TELL_DOWN:
		if (ops->disconnected != NULL)
			ops->disconnected(s, s->ctx, e->arg);
		break;
	case DRIVER_TELL_REFUSED:
		if (ops->call_failed != NULL)
			ops->call_failed(s, s->ctx,
				(Mesos__V1__Scheduler__Call__Type)
					refusal->call_type,
				refusal->status, refusal->text);
		break;
	case DRIVER_TELL_ERROR:
		(void)err_set(
			&s->error, ERR_DENIED, "%s", (const char *)e->arg);
		if (ops->error != NULL)
			ops->error(s, s->ctx, e->arg);
		break;
	case DRIVER_TELL_STOPPED:
		/* Wakes a loop that waits for nothing else. */
		(void)event_del(s->timer);
		break;
	}
}

static void tell(
	struct butte_scheduler *s, const Mesos__V1__Scheduler__Event *e)
{
	const struct butte_scheduler_ops *ops = &s->ops;

	if (ops->event != NULL)
		ops->event(s, s->ctx, e);
	switch (e->has_type ? (int)e->type : 0) {
	case MESOS__V1__SCHEDULER__EVENT__TYPE__SUBSCRIBED:
		if (ops->subscribed != NULL && e->subscribed != NULL)
			ops->subscribed(s, s->ctx, e->subscribed);
		break;
	case MESOS__V1__SCHEDULER__EVENT__TYPE__OFFERS:
		if (ops->offers != NULL && e->offers != NULL)
			ops->offers(s, s->ctx, e->offers->offers,
				e->offers->n_offers);
		break;
	case MESOS__V1__SCHEDULER__EVENT__TYPE__RESCIND:
		if (ops->rescind != NULL && e->rescind != NULL)
			ops->rescind(s, s->ctx, e->rescind->offer_id);
		break;
	case MESOS__V1__SCHEDULER__EVENT__TYPE__UPDATE:
		if (ops->update != NULL && e->update != NULL)
			ops->update(s, s->ctx, e->update->status);
		break;
	case MESOS__V1__SCHEDULER__EVENT__TYPE__MESSAGE:
		if (ops->message != NULL && e->message != NULL)
			ops->message(s, s->ctx, e->message);
		break;
	case MESOS__V1__SCHEDULER__EVENT__TYPE__FAILURE:
		if (ops->failure != NULL && e->failure != NULL)
			ops->failure(s, s->ctx, e->failure);
		break;
	default:
		break;
	}
}

/* --- HTTP ---------------------------------------------------------------- */

static struct exchange *exchange_of(void *p)
{
	struct exchange *x = p;

	CHECK(x != NULL && x->magic == EXCHANGE_MAGIC);
	return x;
}

static void on_head(void *ctx, const struct http_response *r)
{
	struct exchange *x = exchange_of(ctx);
	const char *location = r->header(r, "Location");
	struct driver_event ev = {
		.type = DRIVER_HEAD,
		.attempt = x->attempt,
		.stream_id = r->header(r, "Mesos-Stream-Id"),
	};

	x->status = r->status;
	free(x->location);
	x->location = location != NULL ? xstrdup(location) : NULL;
	if (x->s != NULL && x->is_stream && r->status == 200)
		step(x->s, &ev);
}

static void on_body(void *ctx, const uint8_t *data, size_t size)
{
	struct exchange *x = exchange_of(ctx);
	struct driver_event ev = {
		.type = DRIVER_DATA,
		.attempt = x->attempt,
		.data = data,
		.size = size,
	};

	if (x->s == NULL)
		return;
	if (x->is_stream && x->status == 200)
		step(x->s, &ev);
	else if (x->text.size < TEXT_MAX)
		buf_add(&x->text, data,
			size < TEXT_MAX - x->text.size
				? size
				: TEXT_MAX - x->text.size);
}

static void on_done(void *ctx, int status, const uint8_t *body, size_t size,
	const struct err *e)
{
	struct exchange *x = exchange_of(ctx);
	struct driver_event ev = {
		.type = x->is_stream ? DRIVER_END : DRIVER_ANSWER,
		.attempt = x->attempt,
		.status = status,
		.location = x->location,
		.call_type = x->call_type,
	};

	(void)body;
	(void)size;
	ev.text = status == 0 && e != NULL ? e->text : buf_str(&x->text);
	if (x->s != NULL) {
		TAILQ_REMOVE(&x->s->exchanges, x, next);
		step(x->s, &ev);
	}
	buf_fini(&x->text);
	free(x->location);
	x->magic = 0;
	free(x);
}

static const struct http_call_ops call_ops = {
	.head = on_head,
	.body = on_body,
	.done = on_done,
};

static struct exchange *exchange_new(
	struct butte_scheduler *s, uint64_t attempt, int call_type)
{
	struct exchange *x = xcalloc(1, sizeof(*x));

	x->magic = EXCHANGE_MAGIC;
	x->s = s;
	x->attempt = attempt;
	x->call_type = call_type;
	x->is_stream = call_type == MESOS__V1__SCHEDULER__CALL__TYPE__SUBSCRIBE;
	TAILQ_INSERT_TAIL(&s->exchanges, x, next);
	return x;
}

static void post(struct http_client *c, struct exchange *x,
	const char *stream_id, const uint8_t *data, size_t size)
{
	struct http_header headers[] = {
		{ "Content-Type", MEDIA },
		{ "Accept", MEDIA },
		{ NULL, NULL },
		{ NULL, NULL },
		{ NULL, NULL },
	};
	size_t n = 2;

	if (stream_id != NULL)
		headers[n++] =
			(struct http_header){ "Mesos-Stream-Id", stream_id };
	if (x->s->authorization != NULL)
		headers[n++] = (struct http_header){ "Authorization",
			x->s->authorization };
	http_call(c, "POST", TARGET, headers, data, size, &call_ops, x);
}

static void open_stream(struct butte_scheduler *s, uint64_t attempt,
	const struct driver_open *open)
{
	const struct address *m = &open->master;
	bool tls = m->scheme == ADDRESS_HTTPS ||
		(m->scheme == ADDRESS_ANY && !s->plaintext);
	struct http_endpoint to = {
		.host = m->host,
		.port = m->port,
		.tls = tls ? s->tls : NULL,
	};

	close_clients(s);
	address_text(s->master, m);
	s->stream = http_client_new(s->base, &to);
	s->calls = http_client_new(s->base, &to);
	http_client_depth(s->calls, CALLS_DEPTH);
	post(s->stream,
		exchange_new(s, attempt,
			MESOS__V1__SCHEDULER__CALL__TYPE__SUBSCRIBE),
		NULL, open->subscribe, open->size);
}

static void send_call(struct butte_scheduler *s, uint64_t attempt,
	const struct driver_send *send)
{
	/* Emitted before a CLOSE they would have been sent; after it they are
	 * not emitted. */
	CHECK(s->calls != NULL);
	post(s->calls, exchange_new(s, attempt, send->call_type),
		send->stream_id, send->call, send->size);
}

/* Ends what is under way; its exchanges are told so and go away. */
static void close_clients(struct butte_scheduler *s)
{
	http_client_free(s->stream);
	s->stream = NULL;
	http_client_free(s->calls);
	s->calls = NULL;
}

/* --- what a framework asks for ------------------------------------------- */

int butte_scheduler_call(
	struct butte_scheduler *s, const Mesos__V1__Scheduler__Call *call)
{
	(void)scheduler_of(s);
	if (driver_call(s->driver, call, &s->out, &s->error) != 0)
		return -1;
	event_active(s->flush, 0, 0);
	return 0;
}

void butte_scheduler_stop(struct butte_scheduler *s)
{
	driver_stop(scheduler_of(s)->driver, &s->out);
	event_active(s->flush, 0, 0);
}

void butte_scheduler_teardown(struct butte_scheduler *s)
{
	driver_teardown(scheduler_of(s)->driver, now_ms(), &s->out);
	event_active(s->flush, 0, 0);
}

bool butte_scheduler_is_stopped(const struct butte_scheduler *s)
{
	return driver_is_stopped(s->driver);
}

bool butte_scheduler_is_subscribed(const struct butte_scheduler *s)
{
	return driver_is_subscribed(s->driver);
}

const char *butte_scheduler_error(const struct butte_scheduler *s)
{
	return s->error.text;
}

const char *butte_scheduler_framework_id(const struct butte_scheduler *s)
{
	return driver_framework_id(s->driver);
}

const char *butte_scheduler_master(const struct butte_scheduler *s)
{
	return driver_master(s->driver) != NULL ? s->master : NULL;
}

struct event_base *butte_scheduler_base(const struct butte_scheduler *s)
{
	return s->base;
}
