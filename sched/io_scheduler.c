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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "common/base64.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/io_http.h"
#include "common/io_random.h"
#include "common/io_tls.h"
#include "common/mem.h"
#include "common/outbox.h"
#include "sched/address.h"
#include "sched/driver.h"
#include "sched/io_clock.h"
#include "sched/io_pair.h"

#define SCHEDULER_MAGIC 0x62537363u
#define TARGET		"/api/v1/scheduler"

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
	struct pair *pair;
	struct err error;
	char master[ADDRESS_TEXT_MAX];
};

static const struct pair_ops pair_ops;
static void on_flush(evutil_socket_t fd, short what, void *arg);
static void on_timer(evutil_socket_t fd, short what, void *arg);
static void carry_out(struct butte_scheduler *s, const struct effect *e);
static void open_stream(struct butte_scheduler *s, uint64_t attempt,
	const struct driver_open *open);
static void send_call(struct butte_scheduler *s, uint64_t attempt,
	const struct driver_send *send);
static void tell(
	struct butte_scheduler *s, const Mesos__V1__Scheduler__Event *e);

static struct butte_scheduler *scheduler_of(void *p)
{
	struct butte_scheduler *s = p;

	CHECK(s != NULL && s->magic == SCHEDULER_MAGIC);
	return s;
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

static char *authorization_of(const struct butte_scheduler_config *cfg)
{
	CLEANUP(mem_freep) char *plain = NULL;
	struct buf value = BUF_INIT;

	if (cfg->principal == NULL)
		return NULL;
	plain = xasprintf("%s:%s", cfg->principal,
		cfg->secret != NULL ? cfg->secret : "");
	buf_add_str(&value, "Basic ");
	base64_encode(&value, (const uint8_t *)plain, strlen(plain));
	return buf_steal(&value);
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
	CLEANUP(mem_freep) char *authorization = NULL;
	size_t n;

	if (check_config(cfg, e) != 0)
		return -1;
	if (address_list(masters, &n, cfg->masters, 5050, e) != 0)
		return err_wrap(e, "masters '%s'", cfg->masters);
	if (make_tls(s, cfg, masters, n, e) != 0)
		return -1;
	make_driver(s, cfg, masters, n);
	authorization = authorization_of(cfg);
	s->own_base = cfg->base == NULL;
	s->base = s->own_base ? event_base_new() : cfg->base;
	if (s->base == NULL)
		return err_set(e, ERR_IO, "no event base: %s", strerror(errno));
	s->pair = pair_new(s->base, TARGET, authorization, &pair_ops, s);
	s->flush = event_new(s->base, -1, 0, on_flush, s);
	s->timer = evtimer_new(s->base, on_timer, s);
	CHECK(s->flush != NULL && s->timer != NULL);
	start.now_ms = clock_now_ms();
	driver_step(s->driver, &start, &s->out);
	event_active(s->flush, 0, 0);
	return 0;
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
	outbox_init(&s->out);
	if (setup(s, cfg, &e) == 0)
		return s;
	if (size > 0)
		(void)snprintf(error, size, "%s", e.text); /* may be cut */
	butte_scheduler_free(s);
	return NULL;
}

void butte_scheduler_free(struct butte_scheduler *s)
{
	if (s == NULL)
		return;
	(void)scheduler_of(s);
	pair_free(s->pair);
	if (s->flush != NULL)
		event_free(s->flush);
	if (s->timer != NULL)
		event_free(s->timer);
	driver_free(s->driver);
	outbox_fini(&s->out);
	tls_free(s->tls);
	if (s->own_base && s->base != NULL)
		event_base_free(s->base);
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
	ev->now_ms = clock_now_ms();
	driver_step(s->driver, ev, &s->out);
	event_active(s->flush, 0, 0);
}

static void arm_timer(struct butte_scheduler *s)
{
	uint64_t due = driver_next_due(s->driver);
	uint64_t now = clock_now_ms();
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
		pair_close(s->pair);
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

static void on_head(void *ctx, uint64_t attempt, const char *stream_id)
{
	struct driver_event ev = {
		.type = DRIVER_HEAD,
		.attempt = attempt,
		.stream_id = stream_id,
	};

	step(scheduler_of(ctx), &ev);
}

static void on_data(
	void *ctx, uint64_t attempt, const uint8_t *data, size_t size)
{
	struct driver_event ev = {
		.type = DRIVER_DATA,
		.attempt = attempt,
		.data = data,
		.size = size,
	};

	step(scheduler_of(ctx), &ev);
}

static void ended(
	void *ctx, enum driver_event_type type, const struct pair_end *end)
{
	struct driver_event ev = {
		.type = type,
		.attempt = end->attempt,
		.status = end->status,
		.text = end->text,
		.location = end->location,
		.call_type = end->call_type,
	};

	step(scheduler_of(ctx), &ev);
}

static void on_end(void *ctx, const struct pair_end *end)
{
	ended(ctx, DRIVER_END, end);
}

static void on_answer(void *ctx, const struct pair_end *end)
{
	ended(ctx, DRIVER_ANSWER, end);
}

static const struct pair_ops pair_ops = {
	.head = on_head,
	.data = on_data,
	.end = on_end,
	.answer = on_answer,
};

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

	address_text(s->master, m);
	pair_open(s->pair, attempt, &to, open->subscribe, open->size);
}

static void send_call(struct butte_scheduler *s, uint64_t attempt,
	const struct driver_send *send)
{
	const struct pair_call c = {
		.attempt = attempt,
		.call_type = send->call_type,
		.stream_id = send->stream_id,
		.data = send->call,
		.size = send->size,
	};

	/* After CLOSE none is emitted, so the pair is open. */
	pair_send(s->pair, &c);
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
	driver_teardown(scheduler_of(s)->driver, clock_now_ms(), &s->out);
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
