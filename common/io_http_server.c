/* io_http_server.c - see io_http.h and io_http_server.h. */
#include "common/io_http_server.h"

#include <arpa/inet.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/check.h"
#include "common/err.h"
#include "common/io_conn.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/map.h"
#include "common/mem.h"

#define SERVER_MAGIC 0x68747073 /* "htps" */
#define PEER_MAGIC   0x70656572 /* "peer" */
#define TLS_HELLO    22		/* the first byte of a TLS connection */

struct http_addr {
	char text[INET6_ADDRSTRLEN]; /* key */
	unsigned n;
	UT_hash_handle hh;
};

static void on_reap(evutil_socket_t fd, short what, void *arg);
static void on_trim(evutil_socket_t fd, short what, void *arg);
static void advance(struct http_peer *p);
static void end(struct http_peer *p);
static const struct conn_ops CONN_OPS;
static const struct http_parse_ops PARSE_OPS;

/* --- the server -------------------------------------------------------------- */

static struct http_limits default_limits(void)
{
	return (struct http_limits){
		.body_max = HTTP_BODY_MAX,
		.idle_timeout_ms = HTTP_IDLE_TIMEOUT_MS,
		.head_timeout_ms = HTTP_HEAD_TIMEOUT_MS,
		.body_timeout_ms = HTTP_BODY_TIMEOUT_MS,
		.write_timeout_ms = HTTP_WRITE_TIMEOUT_MS,
		.stream_queue_max = HTTP_STREAM_QUEUE_MAX,
		.connections_per_address_max = HTTP_CONNECTIONS_PER_ADDRESS_MAX,
		.pipeline_max = HTTP_PIPELINE_MAX,
	};
}

struct http_server *http_server_new(
	struct event_base *base, const struct http_server_ops *ops, void *ctx)
{
	struct http_server *s = xcalloc(1, sizeof(*s));

	CHECK(ops->request != NULL);
	s->magic = SERVER_MAGIC;
	s->base = base;
	s->ops = ops;
	s->ctx = ctx;
	s->limits = default_limits();
	TAILQ_INIT(&s->listeners);
	TAILQ_INIT(&s->peers);
	TAILQ_INIT(&s->dying);
	TAILQ_INIT(&s->spare);
	CHECK(event_assign(&s->reap, base, -1, 0, on_reap, s) == 0);
	CHECK(evtimer_assign(&s->trim, base, on_trim, s) == 0);
	return s;
}

struct http_limits *http_server_limits(struct http_server *s)
{
	return &s->limits;
}

uint16_t http_server_port(const struct http_server *s)
{
	const struct http_listener *l;

	TAILQ_FOREACH (l, &s->listeners, link) {
		if (l->unix_path == NULL)
			return l->port;
	}
	return 0;
}

static void addr_drop(struct http_server *s, struct http_addr *a)
{
	CHECK(a->n > 0);
	if (--a->n > 0)
		return;
	HASH_DEL(s->addrs, a);
	free(a);
}

static void peer_free(struct http_peer *p)
{
	struct http_server *s = p->server;
	struct http_req *r;

	while ((r = TAILQ_FIRST(&p->reqs)) != NULL)
		http_req_recycle(r);
	conn_free(p->conn);
	TAILQ_REMOVE(p->dying ? &s->dying : &s->peers, p, link);
	addr_drop(s, p->addr);
	free(p->cgroups);
	p->magic = 0;
	free(p);
}

void http_server_free(struct http_server *s)
{
	struct http_listener *l;
	struct http_peer *p;
	struct http_req *r;

	if (s == NULL)
		return;
	CHECK(s->magic == SERVER_MAGIC);
	while ((l = TAILQ_FIRST(&s->listeners)) != NULL)
		http_server_listen_stop(l);
	while ((p = TAILQ_FIRST(&s->dying)) != NULL)
		peer_free(p);
	while ((p = TAILQ_FIRST(&s->peers)) != NULL)
		peer_free(p);
	while ((r = TAILQ_FIRST(&s->spare)) != NULL) {
		TAILQ_REMOVE(&s->spare, r, link);
		http_req_free(r);
	}
	(void)event_del(&s->reap);
	(void)event_del(&s->trim);
	http_gzip_out_free(s->gzip);
	buf_fini(&s->scratch);
	free(s->slots);
	free(s->free_slots);
	s->magic = 0;
	free(s);
}

/* --- a client comes ------------------------------------------------------------ */

static struct http_peer *peer_cast(void *ctx)
{
	struct http_peer *p = ctx;

	CHECK(p != NULL);
	CHECK(p->magic == PEER_MAGIC);
	return p;
}

static struct http_addr *addr_take(struct http_server *s, const char *text)
{
	struct http_addr *a;

	HASH_FIND_STR(s->addrs, text, a);
	if (a == NULL) {
		a = xcalloc(1, sizeof(*a));
		(void)snprintf(a->text, sizeof(a->text), "%s", text);
		HASH_ADD_STR(s->addrs, text, a);
	}
	a->n++;
	return a;
}

static void refuse_connection(struct http_peer *p)
{
	http_server_refuse(p, 429,
		"over HTTP_CONNECTIONS_PER_ADDRESS_MAX (%u) connections from "
		"%s: close some, or use keep-alive",
		p->server->limits.connections_per_address_max, p->address);
}

static void on_trim(evutil_socket_t fd, short what, void *arg)
{
	struct http_server *s = arg;

	(void)fd, (void)what;
	CHECK(s->magic == SERVER_MAGIC);
	s->n_handshakes = 0;
	(void)malloc_trim(0); /* 0: there was nothing to give back */
}

/* Waits until no more handshakes end. */
static void trim_later(struct http_server *s)
{
	struct timeval tv = { HTTP_TRIM_DELAY_MS / 1000,
		HTTP_TRIM_DELAY_MS % 1000 * 1000 };

	if (++s->n_handshakes >= HTTP_TRIM_AFTER)
		CHECK(event_add(&s->trim, &tv) == 0);
}

void http_server_accepted(struct http_listener *l, int fd)
{
	struct http_server *s = l->server;
	struct http_peer *p = xcalloc(1, sizeof(*p));
	unsigned max = s->limits.connections_per_address_max;

	p->magic = PEER_MAGIC;
	p->server = s;
	p->is_tls = l->tls != NULL;
	if (l->unix_path != NULL)
		p->cgroups = http_server_listen_peer(fd);
	TAILQ_INIT(&p->reqs);
	http_parse_init(&p->parse, HTTP_REQUEST, &PARSE_OPS, p);
	p->conn = conn_accepted(s->base, fd, l->tls, &CONN_OPS, p);
	p->addr = addr_take(s, conn_address(p->conn));
	p->address = p->addr->text;
	TAILQ_INSERT_TAIL(&s->peers, p, link);
	conn_write_timeout(p->conn, s->limits.write_timeout_ms);
	p->refused = p->addr->n > max;
	if (p->addr->n > max + HTTP_REFUSED_MAX) {
		http_server_abort(p);
	} else if (p->is_tls) {
		p->wait = HTTP_WAIT_TLS;
		conn_deadline(p->conn, s->limits.head_timeout_ms);
	} else if (p->refused) {
		refuse_connection(p);
	} else {
		http_server_settle(p);
	}
}

static void on_up(void *ctx)
{
	struct http_peer *p = peer_cast(ctx);

	trim_later(p->server);
	p->wait = HTTP_WAIT_NONE;
	if (p->refused)
		refuse_connection(p);
	else
		http_server_settle(p);
}

static void on_plain(void *ctx)
{
	struct http_peer *p = peer_cast(ctx);

	p->is_tls = false;
	http_server_refuse(p, 400, "this port speaks TLS: use https://");
}

/* --- a client goes -------------------------------------------------------------- */

/* Tells the handler which of its exchanges will have no end. It may answer
 * others meanwhile; those of this client are void already. */
static void tell_gone(struct http_peer *p)
{
	struct http_server *s = p->server;
	struct http_req *r;

	CHECK(p->dying);
	TAILQ_FOREACH (r, &p->reqs, link) {
		uint64_t id = r->shown && r->id != 0 ? r->id : r->gone_id;

		http_req_void(r);
		if (id != 0 && s->ops->gone != NULL)
			s->ops->gone(s->ctx, id);
	}
}

static void on_reap(evutil_socket_t fd, short what, void *arg)
{
	struct http_server *s = arg;
	struct http_peer *p;

	(void)fd, (void)what;
	CHECK(s->magic == SERVER_MAGIC);
	while ((p = TAILQ_FIRST(&s->dying)) != NULL) {
		tell_gone(p);
		peer_free(p);
	}
}

static void die(struct http_peer *p)
{
	if (p->dying)
		return;
	p->dying = true;
	TAILQ_REMOVE(&p->server->peers, p, link);
	TAILQ_INSERT_TAIL(&p->server->dying, p, link);
	event_active(&p->server->reap, EV_TIMEOUT, 0);
}

void http_server_abort(struct http_peer *p)
{
	if (p->dying)
		return;
	http_parse_stop(&p->parse);
	conn_free(STEAL(p->conn));
	die(p);
}

/* After the last answer: all that was written still leaves. */
static void end(struct http_peer *p)
{
	if (p->dying)
		return;
	http_parse_stop(&p->parse);
	conn_finish(STEAL(p->conn));
	die(p);
}

struct conn *http_server_give(struct http_req *r)
{
	struct http_peer *p = r->peer;
	struct conn *c = p->conn;

	CHECK(!p->dying);
	CHECK(r == TAILQ_FIRST(&p->reqs));
	p->conn = NULL;
	http_req_void(r);
	die(p);
	conn_deadline(c, 0);
	conn_resume(c);
	return c;
}

static void on_down(void *ctx, const struct err *why)
{
	struct http_peer *p = peer_cast(ctx);

	if (why->code == ERR_TIMEOUT)
		log_warn("http_peer_cut", "reason='%s: it doesn't read'",
			why->text);
	else if (why->code != ERR_NONE)
		log_debug("http_peer_down", "reason='%s'", why->text);
	die(p);
}

/* The client has shut down its side. It may wait for answers (nc does); a
 * reader of a stream does not do that, it is gone. */
static void on_eof(void *ctx)
{
	struct http_peer *p = peer_cast(ctx);
	struct http_req *r;

	p->eof = true;
	TAILQ_FOREACH (r, &p->reqs, link) {
		if (r->streaming && !r->answered) {
			http_server_abort(p);
			return;
		}
	}
	r = p->cur;
	if (r != NULL && !p->stopped) {
		/* Half a request has no answer. */
		p->stopped = true;
		p->cur = NULL;
		r->gone_id = r->shown ? r->id : 0;
		r->received = true;
		r->close = true;
		if (!r->answered)
			http_server_answered(r);
		else
			advance(p);
	}
	http_server_settle(p);
}

static void on_late(void *ctx)
{
	struct http_peer *p = peer_cast(ctx);
	const struct http_limits *l = &p->server->limits;

	switch (p->wait) {
	case HTTP_WAIT_TLS:
		http_server_abort(p);
		break;
	case HTTP_WAIT_HEAD:
		http_server_refuse(p, 408,
			"head not complete within HTTP_HEAD_TIMEOUT_MS (%llu "
			"ms)",
			(unsigned long long)l->head_timeout_ms);
		break;
	case HTTP_WAIT_BODY:
		http_server_refuse(p, 408,
			"nothing of the body within HTTP_BODY_TIMEOUT_MS "
			"(%llu ms)",
			(unsigned long long)l->body_timeout_ms);
		break;
	case HTTP_WAIT_IDLE:
		end(p);
		break;
	case HTTP_WAIT_NONE:
		break;
	}
}

/* --- order, deadlines, back-pressure ------------------------------------------------ */

struct buf *http_server_out(struct http_req *r)
{
	CHECK(!r->peer->dying);
	if (r == TAILQ_FIRST(&r->peer->reqs))
		return conn_out(r->peer->conn);
	return &r->out;
}

void http_server_answered(struct http_req *r)
{
	CHECK(!r->answered);
	r->answered = true;
	http_req_void(r);
	advance(r->peer);
}

/* Lets the answers go whose turn it is. */
static void advance(struct http_peer *p)
{
	struct http_req *r = TAILQ_FIRST(&p->reqs);

	while (r != NULL && r->answered && !p->dying) {
		if (r->close) {
			end(p);
			return;
		}
		if (!r->received)
			break;
		http_req_recycle(r);
		r = TAILQ_FIRST(&p->reqs);
		if (r != NULL && r->out.size > 0) {
			conn_write(p->conn, r->out.data, r->out.size);
			buf_fini(&r->out);
		}
	}
	if (p->upgrade && r == NULL) {
		/* It was none: HTTP goes on. */
		p->upgrade = false;
		http_parse_continue(&p->parse);
	}
	http_server_settle(p);
}

static enum http_peer_wait wait_of(const struct http_peer *p)
{
	if (p->stopped)
		return HTTP_WAIT_NONE;
	if (p->cur != NULL && p->parse.in_head)
		return HTTP_WAIT_HEAD;
	if (p->cur != NULL)
		return p->body_paused ? HTTP_WAIT_NONE : HTTP_WAIT_BODY;
	return p->n_reqs > 0 ? HTTP_WAIT_NONE : HTTP_WAIT_IDLE;
}

static bool too_much_waits(const struct http_peer *p)
{
	unsigned share = p->paused ? 2 : 1; /* goes on at half of it */

	return p->n_reqs >= p->server->limits.pipeline_max / share ||
		p->n_any_size >= HTTP_PIPELINE_GETS_MAX / share ||
		conn_queued(p->conn) >= HTTP_PIPELINE_QUEUE_MAX / share;
}

static void deadline(struct http_peer *p)
{
	const struct http_limits *l = &p->server->limits;
	enum http_peer_wait w = wait_of(p);
	uint64_t ms[] = {
		[HTTP_WAIT_NONE] = 0,
		[HTTP_WAIT_TLS] = l->head_timeout_ms,
		[HTTP_WAIT_IDLE] = l->idle_timeout_ms,
		[HTTP_WAIT_HEAD] = l->head_timeout_ms,
		[HTTP_WAIT_BODY] = l->body_timeout_ms,
	};

	/* Only a body's time begins anew with each piece. */
	if (w == p->wait && w != HTTP_WAIT_BODY)
		return;
	p->wait = w;
	conn_deadline(p->conn, ms[w]);
}

void http_server_settle(struct http_peer *p)
{
	if (p->dying || p->wait == HTTP_WAIT_TLS)
		return;
	if (p->paused && !too_much_waits(p))
		p->paused = false;
	if (p->paused || p->upgrade || p->stopped ||
		(p->body_paused && p->cur != NULL))
		conn_pause(p->conn);
	else
		conn_resume(p->conn);
	if (p->eof && p->n_reqs == 0 && !p->paused && !p->upgrade)
		end(p);
	else
		deadline(p);
}

static void on_drained(void *ctx)
{
	struct http_peer *p = peer_cast(ctx);

	if (p->paused)
		http_server_settle(p);
}

/* --- refusing ------------------------------------------------------------------------ */

void http_server_refuse(struct http_peer *p, int status, const char *fmt, ...)
{
	struct http_req *r = p->cur;
	char text[256];
	va_list ap;

	if (p->dying || p->stopped)
		return;
	p->stopped = true;
	http_parse_stop(&p->parse);
	if (r == NULL)
		r = http_req_new(p);
	p->cur = NULL;
	r->received = true;
	r->close = true;
	r->gone_id = r->shown ? r->id : 0;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* may be cut */
	va_end(ap);
	log_debug("http_refused", "peer=%s status=%d reason='%s'",
		conn_label(p->conn), status, text);
	if (r->answered)
		advance(p);
	else if (r->streaming)
		http_server_abort(p); /* its head is gone: no place to say it */
	else
		http_reply_text(p->server, r->id, status, "%s", text);
}

/* --- what arrives ----------------------------------------------------------------------- */

static struct http_parse_head *on_begin(void *ctx)
{
	struct http_peer *p = peer_cast(ctx);

	CHECK(p->cur == NULL);
	p->cur = http_req_new(p);
	p->wait = HTTP_WAIT_NONE; /* the head's time begins now */
	return &p->cur->head;
}

/* False: refused. */
static bool check_head(struct http_peer *p, struct http_req *r)
{
	const char *text = NULL;
	int status = http_req_parse_target(r, &text);
	const char *coding = http_req_header(r, "Content-Encoding");
	const char *expect = http_req_header(r, "Expect");

	if (status != 0)
		http_server_refuse(p, status, "%s", text);
	else if (strcmp(r->head.method, "CONNECT") == 0)
		http_server_refuse(p, 501, "this is not a proxy");
	else if (expect != NULL && strcasecmp(expect, "100-continue") != 0)
		http_server_refuse(
			p, 417, "only 'Expect: 100-continue' is understood");
	else if (coding != NULL && strcasecmp(coding, "gzip") != 0 &&
		strcasecmp(coding, "x-gzip") != 0 &&
		strcasecmp(coding, "identity") != 0)
		http_server_refuse(
			p, 415, "Content-Encoding must be gzip or identity");
	else if (coding != NULL && strcasecmp(coding, "identity") != 0)
		r->inflate = http_gzip_in_new();
	return !p->stopped;
}

static void too_large(struct http_peer *p)
{
	http_server_refuse(p, 413, "body over HTTP_BODY_MAX (%llu bytes)",
		(unsigned long long)p->server->limits.body_max);
}

static bool on_head(void *ctx)
{
	struct http_peer *p = peer_cast(ctx);
	struct http_server *s = p->server;
	struct http_req *r = p->cur;
	bool expects;

	r->is_head = strcmp(r->head.method, "HEAD") == 0;
	r->any_size = strcmp(r->head.method, "GET") == 0;
	p->n_any_size += r->any_size ? 1 : 0;
	r->body_left_max = s->limits.body_max;
	r->close = !r->head.keep_alive;
	if (!check_head(p, r))
		return true;
	/* Answered before it has sent its body, the client may send it or not:
	 * there is no way to find its next request. */
	expects = !r->head.http10 && r->head.length != 0 &&
		http_req_header(r, "Expect") != NULL;
	r->close = r->close || expects;
	r->shown = true;
	if (s->ops->head != NULL)
		s->ops->head(s->ctx, r);
	if (p->dying || r->answered || r->streaming)
		return true;
	if (r->head.length != HTTP_PARSE_NO_SIZE &&
		r->head.length > r->body_left_max) {
		too_large(p);
	} else if (expects) {
		r->close = !r->head.keep_alive;
		buf_add_str(
			http_server_out(r), "HTTP/1.1 100 Continue\r\n\r\n");
	}
	return true;
}

/* The input itself is the body if all of it came at once, as it does mostly. */
static int body_gather(
	struct http_req *r, const uint8_t *data, size_t size, bool borrow)
{
	if (borrow && r->body_borrowed == NULL && r->body.size == 0) {
		r->body_borrowed = data;
		r->body_borrowed_size = size;
		return 0;
	}
	if (r->body_borrowed != NULL) {
		buf_add(&r->body, r->body_borrowed, r->body_borrowed_size);
		r->body_borrowed = NULL;
	}
	buf_add(&r->body, data, size);
	return 0;
}

static int body_piece(
	struct http_req *r, const uint8_t *data, size_t size, bool borrow)
{
	if (size > r->body_left_max) {
		too_large(r->peer);
		return -1;
	}
	if (r->body_left_max != UINT64_MAX)
		r->body_left_max -= size;
	if (r->answered)
		return 0; /* nobody wants the rest */
	if (r->on_body != NULL)
		r->on_body(r->on_body_ctx, r->id, data, size, false);
	else
		body_gather(r, data, size, borrow);
	return 0;
}

static int on_inflated(
	void *ctx, const uint8_t *data, size_t size, struct err *e)
{
	struct http_req *r = ctx;

	(void)e; /* refused already */
	return body_piece(r, data, size, false);
}

static void on_body(void *ctx, const uint8_t *data, size_t size)
{
	struct http_peer *p = peer_cast(ctx);
	struct http_req *r = p->cur;
	struct err e = { .code = ERR_NONE };

	CHECK(r != NULL);
	if (r->inflate == NULL) {
		(void)body_piece(r, data, size, true); /* refuses itself */
		return;
	}
	if (http_gzip_inflate(r->inflate, data, size, on_inflated, r, &e) !=
			0 &&
		!p->stopped)
		http_server_refuse(
			p, e.code == ERR_LIMIT ? 413 : 400, "%s", e.text);
}

static void body_end(struct http_peer *p, struct http_req *r)
{
	struct http_server *s = p->server;
	struct err e;

	if (r->inflate != NULL && r->head.length != 0 &&
		http_gzip_in_end(r->inflate, &e) != 0)
		http_server_refuse(p, 400, "%s", e.text);
	else if (r->on_body != NULL)
		r->on_body(r->on_body_ctx, r->id, NULL, 0, true);
	else if (r->body_borrowed != NULL)
		s->ops->request(
			s->ctx, r, r->body_borrowed, r->body_borrowed_size);
	else
		s->ops->request(s->ctx, r, (const uint8_t *)buf_str(&r->body),
			r->body.size);
}

static void on_end(void *ctx)
{
	struct http_peer *p = peer_cast(ctx);
	struct http_req *r = p->cur;

	CHECK(r != NULL);
	if (!r->answered)
		body_end(p, r);
	if (p->dying || p->stopped)
		return;
	p->cur = NULL;
	p->body_paused = false;
	r->received = true;
	r->body_borrowed = NULL;
	buf_fini(&r->body);
	if (TAILQ_FIRST(&p->reqs)->answered)
		advance(p);
	if (!p->dying && too_much_waits(p)) {
		p->paused = true;
		http_parse_pause(&p->parse);
	}
}

/* What was borrowed is the connection's, and ends with this call. */
static void body_keep(struct http_peer *p)
{
	struct http_req *r = p->cur;

	if (p->dying || r == NULL || r->body_borrowed == NULL)
		return;
	buf_add(&r->body, r->body_borrowed, r->body_borrowed_size);
	r->body_borrowed = NULL;
}

static bool parses(const struct http_peer *p)
{
	return !p->dying && !p->stopped && !p->paused && !p->upgrade;
}

/* Bytes that were used. */
static size_t feed(struct http_peer *p, const uint8_t *data, size_t size)
{
	size_t used = 0;

	switch (http_parse_feed(&p->parse, data, size, &used)) {
	case HTTP_PARSE_OK:
	case HTTP_PARSE_PAUSED:
		break;
	case HTTP_PARSE_UPGRADE:
		/* Answered already: then it was none. */
		if (!p->dying && p->n_reqs == 0)
			http_parse_continue(&p->parse);
		else
			p->upgrade = true;
		break;
	case HTTP_PARSE_BAD:
		if (p->parse.status != 0)
			http_server_refuse(
				p, p->parse.status, "%s", p->parse.text);
		return size;
	}
	return used;
}

static size_t on_data(void *ctx, const uint8_t *data, size_t size)
{
	struct http_peer *p = peer_cast(ctx);
	size_t used = 0;

	CHECK(size > 0);
	if (data[0] == TLS_HELLO && p->wait == HTTP_WAIT_IDLE && !p->is_tls) {
		log_debug("http_tls_on_plain", "peer=%s", conn_label(p->conn));
		http_server_abort(p);
	}
	while (used < size && parses(p))
		used += feed(p, data + used, size - used);
	if (p->stopped)
		used = size;
	body_keep(p);
	http_server_settle(p);
	return used;
}

static const struct conn_ops CONN_OPS = {
	.up = on_up,
	.data = on_data,
	.drained = on_drained,
	.late = on_late,
	.plain = on_plain,
	.eof = on_eof,
	.down = on_down,
};

static const struct http_parse_ops PARSE_OPS = {
	.begin = on_begin,
	.head = on_head,
	.body = on_body,
	.end = on_end,
};
