/* io_uplink.c - see io_uplink.h. */
#include "agent/io_uplink.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent_conf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/io_http.h"
#include "common/io_link.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/prng.h"

#define UPLINK_MAGIC 0x0b11a4ccu

struct master {
	char *host;
	uint16_t port;
	struct http_client *client;
};

struct uplink {
	unsigned magic;
	struct uplink_ops ops;
	void *ctx;
	struct master *masters;
	size_t n_masters;
	struct prng prng;
	struct event *timer;
	struct link *link; /* NULL: down */
	uint64_t number;   /* of link, or of the one before */
	size_t next;	   /* master to dial */
	size_t failed;	   /* masters that didn't answer, in a row */
	uint64_t wait_ms;
	bool dialling; /* an answer is awaited */
	bool stale;    /* it is not wanted any more */
	bool stopped;
};

static void dial(struct uplink *u);
static void dial_after(struct uplink *u, uint64_t ms);
static void on_timer(evutil_socket_t fd, short what, void *arg);
static void on_upgraded(void *ctx, struct conn *conn, const struct err *e);

struct uplink *uplink_new(struct event_base *base,
	const struct uplink_config *cfg, const struct uplink_ops *ops,
	void *ctx)
{
	struct uplink *u = xcalloc(1, sizeof(*u));
	size_t i;

	CHECK(cfg->n_masters > 0);
	u->magic = UPLINK_MAGIC;
	u->ops = *ops;
	u->ctx = ctx;
	u->wait_ms = UPLINK_REDIAL_MIN_MS;
	prng_init(&u->prng, cfg->seed);
	u->n_masters = cfg->n_masters;
	u->masters = xcalloc(u->n_masters, sizeof(*u->masters));
	for (i = 0; i < u->n_masters; i++) {
		struct master *m = &u->masters[i];
		struct http_endpoint to = { .host = cfg->masters[i].host,
			.port = cfg->masters[i].port,
			.tls = cfg->tls };

		m->host = xstrdup(to.host);
		m->port = to.port;
		m->client = http_client_new(base, &to);
	}
	u->timer = evtimer_new(base, on_timer, u);
	CHECK(u->timer != NULL);
	return u;
}

void uplink_free(struct uplink *u)
{
	size_t i;

	if (u == NULL)
		return;
	u->stopped = true;
	if (u->link != NULL)
		link_free(u->link);
	for (i = 0; i < u->n_masters; i++) {
		http_client_free(u->masters[i].client);
		free(u->masters[i].host);
	}
	free(u->masters);
	event_free(u->timer);
	u->magic = 0;
	free(u);
}

void uplink_start(struct uplink *u)
{
	if (!u->stopped)
		dial(u);
}

static void drop_link(struct uplink *u)
{
	if (u->link != NULL)
		link_free(u->link);
	u->link = NULL;
	u->stale = u->dialling;
}

void uplink_redial(struct uplink *u, uint64_t after_ms)
{
	if (u->stopped)
		return;
	if (u->link != NULL)
		log_info("uplink_redial", "link=%" PRIu64 " after_ms=%" PRIu64,
			u->number, after_ms);
	drop_link(u);
	dial_after(u, after_ms);
}

void uplink_stop(struct uplink *u)
{
	drop_link(u);
	u->stopped = true;
	(void)event_del(u->timer); /* may not be pending */
}

void uplink_send(struct uplink *u, uint64_t link, const void *data, size_t size)
{
	if (u->link != NULL && link == u->number)
		link_send(u->link, data, size);
}

void uplink_close(struct uplink *u, uint64_t link)
{
	if (u->link != NULL && link == u->number)
		uplink_redial(u, u->wait_ms);
}

size_t uplink_queued(const struct uplink *u)
{
	return u->link != NULL ? link_queued(u->link) : 0;
}

/* Between half of ms and all of it. */
static uint64_t jitter(struct uplink *u, uint64_t ms)
{
	return ms / 2 + prng_below(&u->prng, ms / 2 + 1);
}

static void dial_after(struct uplink *u, uint64_t ms)
{
	struct timeval tv = { (time_t)(ms / 1000),
		(suseconds_t)(ms % 1000 * 1000) };

	CHECK(evtimer_add(u->timer, &tv) == 0);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct uplink *u = arg;

	(void)fd, (void)what; /* a timer */
	CHECK(u->magic == UPLINK_MAGIC);
	dial(u);
}

/* One attempt at a time: one that is under way decides whether to go on. */
static void dial(struct uplink *u)
{
	const struct master *m = &u->masters[u->next];

	if (u->link != NULL || u->stopped || u->dialling)
		return;
	u->dialling = true;
	u->stale = false;
	log_debug("uplink_dial", "master=%s:%u", m->host, (unsigned)m->port);
	http_client_upgrade(
		m->client, LINK_TARGET, LINK_PROTOCOL, on_upgraded, u);
}

static void on_frame(
	void *ctx, struct link *l, const uint8_t *data, size_t size)
{
	struct uplink *u = ctx;

	CHECK(u->magic == UPLINK_MAGIC);
	CHECK(u->link == l);
	u->ops.message(u->ctx, u->number, data, size);
}

static void on_down(void *ctx, struct link *l, const struct err *why)
{
	struct uplink *u = ctx;

	CHECK(u->magic == UPLINK_MAGIC);
	CHECK(u->link == l);
	log_warn("uplink_down", "link=%" PRIu64 " why='%s'", u->number,
		why != NULL ? why->text : "");
	u->link = NULL; /* freed by the caller after this */
	dial_after(u, prng_below(&u->prng, UPLINK_REDIAL_MIN_MS));
	u->ops.down(u->ctx, u->number);
}

/* Nobody took the link in a whole round: wait longer. */
static void dial_failed(struct uplink *u, const struct err *e)
{
	const struct master *m = &u->masters[u->next];
	/* One line a round is enough, but the first must be seen. */
	enum log_level level = u->failed == 0 ? LOG_LEVEL_WARN : LOG_LEVEL_INFO;

	log_line(level, "uplink_dial_failed", "master=%s:%u error='%s'",
		m->host, (unsigned)m->port, e != NULL ? e->text : "");
	u->next = (u->next + 1) % u->n_masters;
	if (++u->failed % u->n_masters != 0) {
		dial_after(u, 0);
		return;
	}
	dial_after(u, jitter(u, u->wait_ms));
	u->wait_ms *= 2;
	if (u->wait_ms > UPLINK_REDIAL_MAX_MS)
		u->wait_ms = UPLINK_REDIAL_MAX_MS;
}

static void on_upgraded(void *ctx, struct conn *conn, const struct err *e)
{
	static const struct link_ops ops = { on_frame, on_down };
	struct uplink *u = ctx;
	struct link *l;

	CHECK(u->magic == UPLINK_MAGIC);
	CHECK(u->link == NULL);
	u->dialling = false;
	if (u->stopped || u->stale) {
		if (conn != NULL) {
			l = link_new(conn, &ops, u);
			link_free(l);
		}
		/* A redial that came meanwhile has set the timer. */
		if (!u->stopped && !evtimer_pending(u->timer, NULL))
			dial(u);
		return;
	}
	if (conn == NULL) {
		dial_failed(u, e);
		return;
	}
	u->failed = 0;
	u->wait_ms = UPLINK_REDIAL_MIN_MS;
	(void)evtimer_del(u->timer); /* may not be pending */
	u->number++;
	u->link = link_new(conn, &ops, u);
	log_info("uplink_up", "link=%" PRIu64 " master=%s:%u", u->number,
		u->masters[u->next].host, (unsigned)u->masters[u->next].port);
	u->ops.up(u->ctx, u->number);
}
