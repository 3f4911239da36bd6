/* io_uplink.c - see io_uplink.h. */
#include "agent/io_uplink.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/err.h"
#include "common/io_http.h"
#include "common/io_link.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/prng.h"

#define UPLINK_MAGIC	    0x0b11a4ccu
#define MASTER_PORT_DEFAULT 5050

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
	size_t n_masters, masters_cap;
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
static int parse(struct uplink *u, const char *text, struct err *e);

static void uplink_freep(struct uplink **u)
{
	uplink_free(*u);
}

int uplink_new(struct uplink **ret, struct event_base *base,
	const struct uplink_config *cfg, const struct uplink_ops *ops,
	void *ctx, struct err *e)
{
	CLEANUP(uplink_freep) struct uplink *u = xcalloc(1, sizeof(*u));
	size_t i;

	u->magic = UPLINK_MAGIC;
	u->ops = *ops;
	u->ctx = ctx;
	u->wait_ms = UPLINK_REDIAL_MIN_MS;
	prng_init(&u->prng, cfg->seed);
	if (parse(u, cfg->masters, e) != 0)
		return -1;
	for (i = 0; i < u->n_masters; i++) {
		struct http_endpoint to = { .host = u->masters[i].host,
			.port = u->masters[i].port,
			.tls = cfg->tls };

		u->masters[i].client = http_client_new(base, &to);
	}
	u->timer = evtimer_new(base, on_timer, u);
	CHECK(u->timer != NULL);
	*ret = STEAL(u);
	return 0;
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
		if (u->masters[i].client != NULL)
			http_client_free(u->masters[i].client);
		free(u->masters[i].host);
	}
	free(u->masters);
	if (u->timer != NULL)
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

const char *uplink_host(const struct uplink *u, uint16_t *ret_port)
{
	*ret_port = u->masters[0].port;
	return u->masters[0].host;
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

/* "host", "host:port" or "[v6]:port". */
static int parse_one(
	struct master *ret, const char *text, size_t size, struct err *e)
{
	const char *end = text + size;
	const char *host = text, *colon;
	size_t host_size;
	unsigned long port = MASTER_PORT_DEFAULT;
	char *stop;

	if (size > 0 && text[0] == '[') {
		const char *close = memchr(text, ']', size);

		host = text + 1;
		host_size = close != NULL ? (size_t)(close - host) : 0;
		colon = close != NULL && close + 1 < end ? close + 1 : NULL;
		if (colon != NULL && *colon != ':')
			host_size = 0;
	} else {
		colon = memchr(text, ':', size);
		host_size = colon != NULL ? (size_t)(colon - text) : size;
	}
	if (colon != NULL) {
		stop = NULL;
		port = colon[1] >= '0' && colon[1] <= '9'
			? strtoul(colon + 1, &stop, 10)
			: 0;
		if (stop != end || port == 0 || port > UINT16_MAX)
			return err_set(e, ERR_INVALID,
				"'%.*s': not a port: '%.*s'", (int)size, text,
				(int)(end - colon - 1), colon + 1);
	}
	if (host_size == 0)
		return err_set(e, ERR_INVALID,
			"'%.*s': must be host:port, [v6]:port, or several with commas",
			(int)size, text);
	ret->host = xstrndup(host, host_size);
	ret->port = (uint16_t)port;
	return 0;
}

static int parse(struct uplink *u, const char *text, struct err *e)
{
	size_t size;

	if (strstr(text, "://") != NULL)
		return err_set(e, ERR_UNSUPPORTED,
			"--master: '%s': only host:port, or several with commas, is supported",
			text);
	for (;; text += size + 1) {
		size = strcspn(text, ",");
		u->masters = xgrow(u->masters, &u->masters_cap,
			u->n_masters + 1, sizeof(*u->masters));
		u->masters[u->n_masters] = (struct master){ 0 };
		if (parse_one(&u->masters[u->n_masters], text, size, e) != 0)
			return err_wrap(e, "--master");
		u->n_masters++;
		if (text[size] == '\0')
			return 0;
	}
}
