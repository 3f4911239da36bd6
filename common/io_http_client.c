/*
 * io_http_client.c - see io_http.h and io_http_client.h.
 *
 * Calls wait in one queue, and stand in another one from when they are sent
 * until they are answered. Everything happens from the loop: http_call() only
 * queues and kicks.
 *
 * When a connection breaks, what of its calls was answered in part has failed.
 * So have the others, but for a GET or HEAD on a connection that had worked
 * before: the server may have closed it for idleness just when we wrote, and
 * asking again does no harm. It is asked again once.
 */
#include "common/io_http_client.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/io_conn.h"
#include "common/limits.h"
#include "common/mem.h"

#define CLIENT_MAGIC 0x636c6e74 /* "clnt" */

static void on_kick(evutil_socket_t fd, short what, void *arg);
static const struct conn_ops CONN_OPS;
static const struct http_parse_ops PARSE_OPS;

/* --- a life ---------------------------------------------------------------- */

static char *label_of(const struct http_endpoint *to)
{
	if (to->unix_path != NULL)
		return xstrdup("localhost");
	if (strchr(to->host, ':') != NULL)
		return xasprintf("[%s]:%u", to->host, (unsigned)to->port);
	return xasprintf("%s:%u", to->host, (unsigned)to->port);
}

struct http_client *http_client_new(
	struct event_base *base, const struct http_endpoint *to)
{
	struct http_client *c = xcalloc(1, sizeof(*c));

	CHECK((to->host != NULL) != (to->unix_path != NULL));
	c->magic = CLIENT_MAGIC;
	c->base = base;
	c->host = xstrdup(to->host);
	c->unix_path = xstrdup(to->unix_path);
	c->tls_name = xstrdup(to->tls_name != NULL ? to->tls_name : to->host);
	c->label = label_of(to);
	c->port = to->port;
	c->tls = to->tls;
	c->depth = 1;
	c->timeout_ms = HTTP_CLIENT_TIMEOUT_MS;
	TAILQ_INIT(&c->waiting);
	TAILQ_INIT(&c->sent);
	TAILQ_INIT(&c->dead);
	TAILQ_INIT(&c->ups);
	CHECK(event_assign(&c->kick, base, -1, 0, on_kick, c) == 0);
	return c;
}

static struct http_client *client_cast(void *ctx)
{
	struct http_client *c = ctx;

	CHECK(c != NULL);
	CHECK(c->magic == CLIENT_MAGIC);
	return c;
}

static void enter(struct http_client *c)
{
	c->busy++;
}

static void leave(struct http_client *c)
{
	struct http_call_job *j;

	CHECK(c->busy > 0);
	if (--c->busy > 0)
		return;
	while ((j = TAILQ_FIRST(&c->dead)) != NULL) {
		TAILQ_REMOVE(&c->dead, j, link);
		http_call_free(j);
	}
	if (!c->freed)
		return;
	c->magic = 0;
	free(c);
}

/* What is called again meanwhile is not among them. */
static void fail_queue(struct http_call_queue *q, const struct err *why)
{
	struct http_call_queue all = TAILQ_HEAD_INITIALIZER(all);
	struct http_call_job *j;

	TAILQ_CONCAT(&all, q, link);
	while ((j = TAILQ_FIRST(&all)) != NULL) {
		TAILQ_REMOVE(&all, j, link);
		http_call_fail(j, why);
	}
}

void http_client_free(struct http_client *c)
{
	struct err e;

	if (c == NULL)
		return;
	CHECK(c->magic == CLIENT_MAGIC);
	CHECK(!c->freed);
	enter(c);
	c->freed = true;
	http_parse_stop(&c->parse);
	(void)event_del(&c->kick);
	conn_free(STEAL(c->conn));
	resolve_free(STEAL(c->resolve));
	while (!TAILQ_EMPTY(&c->ups))
		http_client_upgrade_stop(TAILQ_FIRST(&c->ups));
	(void)err_set(&e, ERR_IO, "given up");
	fail_queue(&c->sent, &e);
	fail_queue(&c->waiting, &e);
	SSL_SESSION_free(c->session);
	free(c->host);
	free(c->unix_path);
	free(c->tls_name);
	free(c->label);
	leave(c);
}

void http_client_depth(struct http_client *c, unsigned max)
{
	CHECK(max > 0);
	c->depth = max;
}

void http_client_timeout(struct http_client *c, uint64_t ms)
{
	c->timeout_ms = ms;
}

void http_client_add(struct http_client *c, struct http_call_job *j)
{
	CHECK(c->magic == CLIENT_MAGIC);
	CHECK(!c->freed);
	TAILQ_INSERT_TAIL(&c->waiting, j, link);
	event_active(&c->kick, EV_TIMEOUT, 0);
}

struct conn *http_client_give(struct http_client *c)
{
	struct conn *conn = STEAL(c->conn);

	CHECK(c->upgraded);
	CHECK(conn != NULL);
	conn_deadline(conn, 0);
	return conn;
}

/* --- connecting ----------------------------------------------------------------- */

static void connect_next(struct http_client *c)
{
	const struct resolve_addr *a = &c->addrs[c->next_addr++];
	struct conn_target to = {
		.addr = (const struct sockaddr *)&a->sa,
		.addr_size = a->size,
		.label = c->unix_path != NULL ? c->unix_path : c->label,
		.tls = c->tls,
		.tls_name = c->tls_name != NULL ? c->tls_name : "localhost",
		.session = c->session,
	};

	CHECK(c->next_addr <= c->n_addrs);
	http_parse_init(&c->parse, HTTP_RESPONSE, &PARSE_OPS, c);
	c->reused = false;
	c->closing = false;
	c->rejected = false;
	c->conn = conn_connect(c->base, &to, &CONN_OPS, c);
	conn_deadline(c->conn, c->timeout_ms);
	conn_write_timeout(c->conn, HTTP_WRITE_TIMEOUT_MS);
}

static void on_resolved(void *ctx, const struct resolve_addr *addrs, size_t n,
	const struct err *e)
{
	struct http_client *c = client_cast(ctx);

	enter(c);
	c->resolve = NULL;
	if (n == 0) {
		fail_queue(&c->waiting, e);
	} else {
		memcpy(c->addrs, addrs, n * sizeof(*addrs));
		c->n_addrs = n;
		c->next_addr = 0;
		connect_next(c);
	}
	leave(c);
}

/* Sends what may be sent; opens the connection that it needs. */
static void pump(struct http_client *c)
{
	struct http_call_job *j;

	if (c->freed)
		return;
	if (TAILQ_EMPTY(&c->waiting) || c->closing || c->rejected ||
		c->upgraded)
		return;
	if (c->conn == NULL && c->resolve == NULL) {
		struct resolve_name name = { c->host, c->port, c->unix_path };

		c->resolve = resolve_new(c->base, &name, on_resolved, c);
		return;
	}
	if (c->conn == NULL || !conn_is_up(c->conn))
		return;
	while (c->n_sent < c->depth && (j = TAILQ_FIRST(&c->waiting)) != NULL) {
		TAILQ_REMOVE(&c->waiting, j, link);
		if (c->n_sent == 0)
			conn_deadline(c->conn, c->timeout_ms);
		TAILQ_INSERT_TAIL(&c->sent, j, link);
		c->n_sent++;
		conn_write(c->conn, j->request.data, j->request.size);
	}
}

static void on_kick(evutil_socket_t fd, short what, void *arg)
{
	struct http_client *c = client_cast(arg);

	(void)fd, (void)what;
	pump(c);
}

static void on_up(void *ctx)
{
	struct http_client *c = client_cast(ctx);

	conn_deadline(c->conn, 0);
	c->n_addrs = 0; /* looked up again next time */
	pump(c);
}

/* --- breaking ---------------------------------------------------------------------- */

static void drop_conn(struct http_client *c)
{
	struct ssl_session_st *s = conn_session(c->conn);

	if (s != NULL) {
		SSL_SESSION_free(c->session);
		c->session = s;
	}
	conn_free(STEAL(c->conn));
}

/* The connection is over: which of its calls are asked again, which failed? */
static void settle_sent(struct http_client *c, const struct err *why)
{
	struct http_call_queue failed = TAILQ_HEAD_INITIALIZER(failed);
	struct http_call_job *j;

	while ((j = TAILQ_LAST(&c->sent, http_call_queue)) != NULL) {
		TAILQ_REMOVE(&c->sent, j, link);
		if (c->reused && j->may_retry && !j->answered) {
			http_call_again(j);
			TAILQ_INSERT_HEAD(&c->waiting, j, link);
		} else {
			TAILQ_INSERT_HEAD(&failed, j, link);
		}
	}
	c->n_sent = 0;
	fail_queue(&failed, why);
}

static void broken(struct http_client *c, const struct err *why)
{
	bool was_up = c->n_addrs == 0;

	http_parse_stop(&c->parse);
	drop_conn(c);
	settle_sent(c, why);
	if (c->freed)
		return;
	if (!was_up && c->next_addr < c->n_addrs) {
		connect_next(c);
	} else if (!was_up) {
		fail_queue(&c->waiting, why);
	}
	c->closing = false;
	c->rejected = false;
	if (!c->freed)
		event_active(&c->kick, EV_TIMEOUT, 0);
}

static void on_down(void *ctx, const struct err *why)
{
	struct http_client *c = client_cast(ctx);
	struct err e = *why;

	enter(c);
	if (e.code == ERR_NONE)
		(void)err_set(&e, ERR_IO,
			"%s closed the connection before its answer was "
			"complete",
			c->label);
	broken(c, &e);
	leave(c);
}

static void on_late(void *ctx)
{
	struct http_client *c = client_cast(ctx);
	struct err e;

	enter(c);
	(void)err_set(&e, ERR_TIMEOUT, "%s %s within %llu ms", c->label,
		conn_is_up(c->conn) ? "didn't answer" : "didn't accept",
		(unsigned long long)c->timeout_ms);
	/* It may be working on them: asking again would not help. */
	c->reused = false;
	broken(c, &e);
	leave(c);
}

/* Bodies without a length end here; anything else is cut off. */
static void on_eof(void *ctx)
{
	struct http_client *c = client_cast(ctx);
	struct err e;

	enter(c);
	(void)http_parse_eof(&c->parse); /* ends such a body */
	(void)err_set(&e, ERR_IO,
		"%s closed the connection before its answer was complete",
		c->label);
	if (c->conn != NULL)
		broken(c, &e);
	leave(c);
}

/* --- answers ------------------------------------------------------------------------- */

/* The server sent what can't be understood, or is not wanted. */
static void reject(struct http_client *c, const struct err *why)
{
	http_parse_stop(&c->parse);
	c->reused = false;
	c->rejected = true;
	if (c->conn != NULL)
		conn_break(c->conn, why);
}

static struct http_parse_head *on_begin(void *ctx)
{
	struct http_client *c = client_cast(ctx);
	struct http_call_job *j = TAILQ_FIRST(&c->sent);

	CHECK(j != NULL); /* on_data() */
	j->answered = true;
	http_parse_head_clear(&j->head);
	return &j->head;
}

static bool on_head(void *ctx)
{
	struct http_client *c = client_cast(ctx);
	struct http_call_job *j = TAILQ_FIRST(&c->sent);
	struct err e;

	if (j->head.status < 200 && !(j->head.status == 101 && j->upgrade))
		return true;
	conn_deadline(c->conn, 0);
	if (http_call_head(j, &e) != 0)
		reject(c, &e);
	/* A Content-Length there is that of what isn't sent. */
	return !j->is_head && j->head.status != 304 && j->head.status != 204;
}

static void on_body(void *ctx, const uint8_t *data, size_t size)
{
	struct http_client *c = client_cast(ctx);
	struct err e = { .code = ERR_NONE };

	if (http_call_piece(TAILQ_FIRST(&c->sent), data, size, &e) != 0)
		reject(c, &e);
}

static void on_end(void *ctx)
{
	struct http_client *c = client_cast(ctx);
	struct http_call_job *j = TAILQ_FIRST(&c->sent);

	if (j->status == 0)
		return; /* 100 Continue and its like: the answer follows */
	if (j->status == 101) {
		c->upgraded = true;
		return;
	}
	TAILQ_REMOVE(&c->sent, j, link);
	c->n_sent--;
	c->reused = true;
	if (!j->head.keep_alive) {
		c->closing = true;
		http_parse_stop(&c->parse);
	}
	http_parse_pause(&c->parse); /* see on_data() */
	conn_deadline(c->conn, c->n_sent > 0 ? c->timeout_ms : 0);
	http_call_done(j);
}

/* The last call's ctx gets the connection. */
static void upgrade(struct http_client *c)
{
	struct http_call_job *j = TAILQ_FIRST(&c->sent);

	TAILQ_REMOVE(&c->sent, j, link);
	c->n_sent--;
	http_call_done(j);
}

/* The server has ended the connection with this answer, and promised with that
 * not to read what was sent behind: asking again is right for all. */
static void close_conn(struct http_client *c)
{
	struct http_call_job *j;
	struct err e;

	(void)err_set(&e, ERR_IO, "%s closed the connection", c->label);
	TAILQ_FOREACH (j, &c->sent, link)
		j->may_retry = true;
	broken(c, &e);
}

static void bad_answer(struct http_client *c)
{
	struct err e;

	(void)err_set(&e, ERR_INVALID, "%s doesn't speak HTTP: %s", c->label,
		c->parse.text);
	reject(c, &e);
}

/* After each answer the parser pauses, so that nothing is parsed that nobody
 * asked for, or that a callback has put an end to. */
static size_t on_data(void *ctx, const uint8_t *data, size_t size)
{
	struct http_client *c = client_cast(ctx);
	enum http_parse_result ret = HTTP_PARSE_OK;
	size_t used = 0;
	size_t n;

	enter(c);
	while (used < size && ret != HTTP_PARSE_BAD && !c->freed &&
		!c->upgraded) {
		if (TAILQ_EMPTY(&c->sent)) {
			(void)memcpy(c->parse.text, "an answer to no call",
				sizeof("an answer to no call"));
			bad_answer(c);
			break;
		}
		ret = http_parse_feed(&c->parse, data + used, size - used, &n);
		used += n;
	}
	if (!c->freed && c->upgraded)
		upgrade(c);
	else if (!c->freed && c->closing)
		close_conn(c);
	else if (!c->freed && ret == HTTP_PARSE_BAD && c->parse.status != 0)
		bad_answer(c);
	if (!c->freed)
		pump(c);
	if (!c->upgraded)
		used = size;
	leave(c);
	return used;
}

static const struct conn_ops CONN_OPS = {
	.up = on_up,
	.data = on_data,
	.late = on_late,
	.eof = on_eof,
	.down = on_down,
};

static const struct http_parse_ops PARSE_OPS = {
	.begin = on_begin,
	.head = on_head,
	.body = on_body,
	.end = on_end,
};
